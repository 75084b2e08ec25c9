"""The demo with the coarse digital patient: DICOM in, everything out, held against its truth."""

import json

import pytest

from MRTDosimetryLib import commandLine

CENTER = "A hospital of the digital patient"


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The folder of the demo, its report in a template of a center's own."""
    top = tmp_path_factory.mktemp("demo")
    (top / "template").mkdir()
    (top / "template" / "center.json").write_text(json.dumps({"name": CENTER}), encoding="utf-8")
    folder = top / "out"
    assert commandLine.main(["demo", "--size", "small", "--out", str(folder),
                             "--template", str(top / "template")]) == 0
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


def test_reportIsInTheCentersTemplate(demo, tmp_path, capfd):
    assert CENTER in (demo / "report.html").read_text(encoding="utf-8")
    assert json.loads((demo / "record.json").read_text(encoding="utf-8"))["report"]["center"] == CENTER
    assert commandLine.main(["demo", "--out", str(tmp_path / "x"), "--template", str(tmp_path)]) == 2
    assert "holds no template" in capfd.readouterr().err and not (tmp_path / "x").exists()


def test_aRadionuclideThatHasDecayedIsRefused(tmp_path, capfd):
    assert commandLine.main(["demo", "--size", "small", "--radionuclide", "Tc-99m", "--out", str(tmp_path / "x")]) == 2
    assert "has decayed before the digital patient's last scan" in capfd.readouterr().err
    assert not (tmp_path / "x").exists() or not list((tmp_path / "x").iterdir())
