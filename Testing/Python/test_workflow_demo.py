"""The demo with the coarse digital patient: DICOM in, everything out, held against its truth."""

import json

import pytest

from MRTDosimetryLib import commandLine


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "out"
    assert commandLine.main(["demo", "--size", "small", "--out", str(folder)]) == 0
    return folder


def test_filesOfTheDemo(demo):
    names = {path.name for path in demo.iterdir()}
    assert {"patient", "results.json", "scene.mrb", "absorbedDose.nrrd", "dvh.csv", "timeActivity.csv", "report.html",
            "report.pdf", "record.json", "comparison.csv"} == names
    assert list((demo / "patient").rglob("*.dcm"))


def test_organsAgainstTruth(demo):
    results = json.loads((demo / "results.json").read_text(encoding="utf-8"))
    truth = json.loads((demo / "patient" / "truth.json").read_text(encoding="utf-8"))
    found = {region["name"]: region for region in results["regions"]}
    for name in ("liver", "spleen", "kidney left", "kidney right"):
        true = truth["regions"][name]
        assert found[name]["volumeML"] == pytest.approx(true["volumeML"], rel=0.05), name
        # the coarse images lose more to resolution than the full ones
        assert found[name]["timeIntegratedActivityMBqH"] == pytest.approx(
            true["timeIntegratedActivityMBqH"], rel=0.20), name
    assert all(row["quality"] in ("reference", "good") for row in results["registration"])


def test_recordOfTheDemoRepeatsIt(demo, tmp_path):
    assert commandLine.main(["run", str(demo / "record.json"), "--out", str(tmp_path / "again")]) == 0
    again = json.loads((tmp_path / "again" / "results.json").read_text(encoding="utf-8"))
    first = json.loads((demo / "results.json").read_text(encoding="utf-8"))
    assert again["regions"] == first["regions"]


def test_reportTellsOfTheResolution(demo):
    html = (demo / "report.html").read_text(encoding="utf-8")
    assert "lesion 1" in html and "recovery" in html.lower()


def test_aRadionuclideThatHasDecayedIsRefused(tmp_path, capfd):
    assert commandLine.main(["demo", "--size", "small", "--radionuclide", "Tc-99m", "--out", str(tmp_path / "x")]) == 2
    assert "has decayed before the digital patient's last scan" in capfd.readouterr().err
    assert not (tmp_path / "x").exists() or not list((tmp_path / "x").iterdir())
