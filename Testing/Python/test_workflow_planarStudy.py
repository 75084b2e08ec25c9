"""Planar views in a study: regions of the SPECT/CT projected, series in its kinetics, record and comparison."""

import json
import math
import re
import shutil

import planarPhantom as phantom
import pytest
from repositoryTree import read

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.imaging.files import writeImage
from MRTDosimetryLib.scene import headless
from MRTDosimetryLib.scene.study import Study
from MRTDosimetryLib.workflow import (
    job,
    jointKinetics,
    kinetics,
    planarStudy,
    record,
    recordDiffInputs,
    stages,
    studyDescription,
    studyFile,
)
from MRTDosimetryLib.workflow.recordFiles import Finished
from MRTDosimetryLib.workflow.results import resultsDict

pytestmark = pytest.mark.usefixtures("allWithoutPictures")

HOURS, MEASURED = (4.0, 24.0, 96.0, 168.0), ("liver", "spleen", "kidney left")


def truthMBqH(name):
    return phantom.START_MBQ[name] * phantom.HALF_LIFE_HOURS[name] / math.log(2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Whole-body scans, CT, labels, and a SPECT of 24 h whose regions hold what is true."""
    path = tmp_path_factory.mktemp("hybrid")
    content = phantom.writeSeries(path, HOURS)
    for key in ("ct", "labelmap", "names", "radionuclide"):
        del content[key]
    phantom.writePlanarFile(path, content)
    ct = phantom.body()[0]
    writeImage(ct.withArray((phantom.activityAt(24.0) * 1e6 / ct.voxelVolumeML).astype("f4"), "Bq/mL"),
               str(path / "spect.nrrd"))
    return path


def describe(folder, views="planar.json", change=None):
    """A study file beside the scans; ``views`` as its ``kinetics.hybrid.views``."""
    content = {
        "schemaVersion": 1, "protocol": "lutetiumDotatate.hybrid", "radionuclide": "Lu-177",
        "administration": {"activityMBq": 7400, "dateTime": "2026-05-04T10:00:00"},
        "timePoints": [{"spect": "spect.nrrd", "unit": "Bq/mL", "hoursAfterAdministration": 24.0, "ct": "ct.nrrd"}],
        "regions": {"labelmap": "labels.nrrd", "timePoint": 0, "names": phantom.NAMES}, "registration": "none",
        "kinetics": {"hybrid": {"views": views}, "relativeActivityUncertainty": 0.04, "effectiveHalfLifeHours": {
            name: hours for name, hours in phantom.HALF_LIFE_HOURS.items() if name not in MEASURED}},
        "dose": {"engine": "localDeposition", "density": "ct"}}
    if change:
        change(content)
    path = folder / "study.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def opened(folder, **options):
    study = Study.create(headless.newScene(), "case")
    studyFile.applyStudy(study, studyFile.readStudyFile(describe(folder, **options))[0])
    return study


def planarContent(folder, **changes):
    return {**json.loads((folder / "planar.json").read_text(encoding="utf-8")), **changes}


def results(out):
    content = json.loads((out / "results.json").read_text(encoding="utf-8"))
    return {region["name"]: region for region in content["regions"]}, content["warnings"]


def test_hybridFromWholeBodyScansToRecord(folder, tmp_path, capsys):
    out = tmp_path / "out"
    assert commandLine.main(["run", str(describe(folder)), "--out", str(out)]) == 0
    regions, warnings = results(out)
    for name in MEASURED:
        region, series = regions[name], regions[name]["fit"]["planarSeries"]
        assert region["timeIntegratedActivityMBqH"] == pytest.approx(truthMBqH(name), rel=0.02)
        assert series["unit"] == "MBq" and series["timesHours"] == list(HOURS) and series["use"] == "scaled"
        assert series["values"] == pytest.approx([phantom.activityMBq(name, time) for time in HOURS], rel=0.04)
        assert 0.03 < series["commonRelativeUncertainty"] < 0.06 and len(series["details"]) == len(HOURS)
        # what is common to all views is gone by scaling; the SPECT's own uncertainty is not
        assert 0.04 < region["timeIntegratedActivityUncertaintyMBqH"] / region["timeIntegratedActivityMBqH"] < 0.06
        assert not any("times the activity of the SPECT/CT" in words for words in warnings if words.startswith(name))
    assert any(words.startswith("kidney left: 16% of its pixels are shared with spleen") for words in warnings)
    content = json.loads((out / "record.json").read_text(encoding="utf-8"))
    named = {item["path"].rsplit("/", 1)[-1] for item in content["inputs"]}
    assert {f"scan{time:g}.dcm" for time in HOURS} <= named
    assert content["study"]["kinetics"]["hybrid"]["views"]["projection"]["marginMM"] == 8
    # the record repeats to the last bit
    description, recorded = studyFile.readStudyFile(out / "record.json")
    record.requireSameInputs(recorded)
    study, _inputs = job.computeStudy(description)
    repeated = json.loads(json.dumps(resultsDict(study)))
    assert {region["name"]: region for region in repeated["regions"]} == regions
    assert set(repeated["warnings"]) <= set(warnings)
    # another image of one day: refused by the record, named by the comparison
    capsys.readouterr()
    original = (folder / "scan96.dcm").read_bytes()
    (folder / "scan96.dcm").write_bytes(original[:-2] + b"\0\1")
    try:
        assert commandLine.main(["run", str(out / "record.json"), "--out", str(tmp_path / "again")]) == 2
    finally:
        (folder / "scan96.dcm").write_bytes(original)
    errors = capsys.readouterr().err
    assert "changed since it was recorded" in errors and errors.count("\n") == 1 and "scan96.dcm" in errors
    shutil.copytree(out, tmp_path / "other")
    for item in content["inputs"]:
        if item["path"].endswith("scan96.dcm"):
            item["sha256"] = "0" * 64
    (tmp_path / "other" / "record.json").write_text(json.dumps(content), encoding="utf-8")
    found = recordDiffInputs.differences(Finished(out), Finished(tmp_path / "other"), None)
    assert [(row["what"], row["stage"]) for row in found] == [("planar image 3", "kinetics")]


def test_absoluteActivities(folder):
    """A SPECT that is half of the truth: the activity is that of the views, and the difference is told."""
    ct = phantom.body()[0]
    writeImage(ct.withArray((phantom.activityAt(24.0) * 1e6 / ct.voxelVolumeML / 2.0).astype("f4"), "Bq/mL"),
               str(folder / "half.nrrd"))
    def twoScans(content):
        first = content["timePoints"][0]
        first["spect"] = "half.nrrd"
        content["timePoints"].append({**first, "hoursAfterAdministration": 26.0})
        content["protocol"] = None

    study = opened(folder, views=planarContent(folder, use="absolute"), change=twoScans)
    stages.runStale(study, upTo="kinetics")
    found = study.stageRecord("kinetics")
    for name in MEASURED:
        fit = found["value"]["regions"][name]["fit"]
        assert fit["timeIntegratedActivityMBqH"] == pytest.approx(truthMBqH(name), rel=0.03)
        # sensitivity and attenuation do not average out
        assert 0.038 < fit["timeIntegratedActivityUncertaintyMBqH"] / fit["timeIntegratedActivityMBqH"] < 0.06
        assert any(words.startswith(("The planar views show 1.9", "The planar views show 2.0"))
                   and "times the activity of the SPECT/CT at 24 h" in words for words in fit["warnings"])
    with pytest.raises(InputError, match="scaled by one SPECT/CT, the study has 2 time points"):
        stages.runStale(opened(folder, change=twoScans), upTo="kinetics")


def test_regionsThatChangeAskForTheViewsAgain(folder):
    from MRTDosimetryLib.scene import segments
    from MRTDosimetryLib.workflow.regionMasks import segmentationNode

    study = opened(folder)
    assert kinetics.STAGE.missing(study) == []
    node = segmentationNode(study)
    segmentID = next(key for key, name in segments.regionNames(node).items() if name == "lesion 1")
    node.GetSegmentation().RemoveSegment(segmentID)
    assert any("choose the planar file again" in words for words in kinetics.STAGE.missing(study))
    before = jointKinetics.planarSeries(study)["liver"]["values"]
    planarStudy.setViewsFile(study, folder / "planar.json")
    assert kinetics.STAGE.missing(study) == []
    assert jointKinetics.planarSeries(study)["liver"]["values"] == pytest.approx(before, rel=0.01)
    jointKinetics.removePlanarSeries(study)
    assert study.choice(jointKinetics.VIEWS) is None and planarStudy.warnings(study) == []


def test_studyOfTheSceneNamesItsViews(folder, tmp_path):
    study = opened(folder)
    description = studyDescription.describe(study, str(tmp_path))
    views = description["kinetics"]["hybrid"]["views"]
    assert views["images"][0]["file"] == str(folder / "scan4.dcm") and "series" not in description["kinetics"]["hybrid"]


def test_theExampleOfTheDocumentationRuns(folder, tmp_path):
    """Both files of docs/planar.md as they stand there, beside images of the names that they give."""
    blocks = re.findall(r"```json\n(.*?)```", read("docs/planar.md"), re.DOTALL)
    (tmp_path / "wholeBody").mkdir()
    for name, text in zip(("planar.json", "study.json"), blocks, strict=True):
        (tmp_path / name).write_text(text, encoding="utf-8")
    for image, time in zip(json.loads(blocks[0])["images"], HOURS, strict=True):
        assert image["hoursAfterAdministration"] == time
        shutil.copy(folder / f"scan{time:g}.dcm", tmp_path / image["file"])
    for name in ("spect.nrrd", "ct.nrrd", "labels.nrrd"):
        shutil.copy(folder / name, tmp_path / name)
    study = Study.create(headless.newScene(), "case")
    studyFile.applyStudy(study, studyFile.readStudyFile(tmp_path / "study.json")[0])
    stages.runStale(study, upTo="kinetics")
    found = study.stageRecord("kinetics")["value"]["regions"]
    for name in (*MEASURED, "kidney right"):
        fit = found[name]["fit"]
        assert fit["timeIntegratedActivityMBqH"] == pytest.approx(truthMBqH(name), rel=0.02)
        assert all(item["alignment"]["isRefined"] for item in fit["planarSeries"]["details"])
        assert any("attenuation from the CT at 208 keV" in words for words in fit["assumptions"])


@pytest.mark.parametrize("views, change, words", [
    ("nowhere.json", None, "There is no such file"),
    ({"regions": [{"name": "heart"}]}, None, "'heart' is not a region"),
    ({"labelmap": "labels.nrrd"}, None, "regions are those of the study"),
    ({"radionuclide": "I-131"}, None, "the study is of Lu-177"),
    ({"images": [{"file": "gone.dcm", "hoursAfterAdministration": 4}] * 2}, None, "gone.dcm"),
    ({}, lambda d: d["kinetics"]["hybrid"].update(unit="MBq"), "beside planar views"),
    ({}, lambda d: d.update(measurements={"planar": []}), "given twice"),
])
def test_badViews(folder, views, change, words):
    given = views if isinstance(views, str) else planarContent(folder, **views)
    with pytest.raises(InputError) as caught:
        opened(folder, views=given, change=change)
    assert words in " ".join(str(fault) for fault in caught.value.faults)
