"""The command svalue: S value and absorbed dose of a sphere, without images."""

import json
import os
import subprocess
import sys

import pytest

from MRTDosimetryLib import commandLine


def test_svalue(capsys):
    assert commandLine.main(["svalue", "--radionuclide", "177Lu", "--massG", "20",
                             "--timeIntegratedActivityMBqH", "1000", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["absorbedDoseGy"] == pytest.approx(4.27, rel=0.01) and result["densityGPerML"] == 1.04
    assert commandLine.main(["svalue", "--radionuclide", "Y-90", "--massG", "20", "--densityGPerML", "1"]) == 0
    assert "mGy/(MBq s)" in capsys.readouterr().out
    for bad in (["--radionuclide", "Xx-1", "--massG", "20"], ["--radionuclide", "Y-90", "--massG", "0"],
                ["--radionuclide", "Y-90", "--massG", "nan"], ["--radionuclide", "Ac-225", "--massG", "1"],
                ["--radionuclide", "Y-90", "--massG", "1", "--densityGPerML", "-1"],
                ["--radionuclide", "Y-90", "--massG", "1", "--timeIntegratedActivityMBqH", "-5"]):
        assert commandLine.main(["svalue", *bad]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1


def test_ellipsoidAndOrgan(capsys):
    """A sphere given by its axes is the sphere; an organ of the reference mass has the reference S value."""
    assert commandLine.main(["svalue", "--radionuclide", "Y-90", "--semiAxesMM", "15", "15", "15", "--json"]) == 0
    ellipsoid = json.loads(capsys.readouterr().out)
    assert commandLine.main(["svalue", "--radionuclide", "Y-90", "--massG", str(ellipsoid["massG"]), "--json"]) == 0
    sphere = json.loads(capsys.readouterr().out)
    assert ellipsoid["sValueMGyPerMBqS"] == pytest.approx(sphere["sValueMGyPerMBqS"], rel=1e-9)
    organ = ["svalue", "--radionuclide", "I-131", "--referenceMassG", "20", "--electronSValueMGyPerMBqS", "1.5e-3",
             "--photonSValueMGyPerMBqS", "1e-4", "--timeIntegratedActivityMBqH", "1000", "--json"]
    assert commandLine.main([*organ, "--massG", "20"]) == 0
    same = json.loads(capsys.readouterr().out)
    assert same["sValueMGyPerMBqS"] == pytest.approx(1.6e-3, rel=1e-12)
    assert same["absorbedDoseGy"] == pytest.approx(1.6e-3 * 3600, rel=1e-12)
    assert commandLine.main([*organ, "--massG", "40"]) == 0
    larger = json.loads(capsys.readouterr().out)
    assert larger["sValueMGyPerMBqS"] == pytest.approx(1.5e-3 / 2 + 1e-4 / 2 ** (2 / 3), rel=1e-12)
    for bad in (["--massG", "20", "--semiAxesMM", "1", "2", "3"], [], ["--semiAxesMM", "1", "0", "3"],
                ["--massG", "20", "--referenceMassG", "20"],
                ["--massG", "20", "--referenceMassG", "20", "--electronSValueMGyPerMBqS", "0",
                 "--photonSValueMGyPerMBqS", "0"]):
        assert commandLine.main(["svalue", "--radionuclide", "Y-90", *bad]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1


def test_aListingThatIsCutShortIsNoFault(tmp_path):
    """As by ``| head -1``: no traceback."""
    with subprocess.Popen([sys.executable, "-m", "MRTDosimetryLib.commandLine", "svalue", "--radionuclide", "Lu-177",
                           "--massG", "20"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          cwd=os.path.dirname(os.path.dirname(commandLine.__file__))) as running:
        running.stdout.close()
        words = running.stderr.read()
    assert running.returncode == commandLine.EXIT_CANCELED and words == ""
