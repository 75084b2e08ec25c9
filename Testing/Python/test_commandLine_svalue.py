"""The command svalue: S value and absorbed dose of a sphere, without images."""

import json

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
