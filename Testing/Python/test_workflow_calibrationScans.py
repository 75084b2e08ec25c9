"""Scans of a calibration: planar views and their scatter, headers that contradict, background, dead time."""

import json

import calibrationExamples as example
import numpy as np
import pytest
from planarExamples import BACKGROUND, SECONDS, SOURCE, SQUARE, writeImage

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.imaging import files
from MRTDosimetryLib.imaging.volume import Volume
from MRTDosimetryLib.physics.deadTime import observedRate
from MRTDosimetryLib.physics.nuclides import nuclide
from MRTDosimetryLib.workflow import calibration, calibrationRecord


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("scans")
    files.writeImage(example.phantomScan(), str(found / "cylinder.nrrd"))
    return found


def make(folder, change=None, **changes):
    content = example.statement(**changes)
    if change:
        change(content)
    return calibration.fromStatement(content, str(folder))


def planarOf(**changes):
    scan = {"planar": "planar.dcm", "detector": 1, "windows": {"main": 1, "lower": 2, "upper": 3}, "corners": SQUARE,
            "acquisitionDateTime": example.SCAN, "isDecayCorrected": True, **changes}
    return {"activity": {"measuredActivityMBq": 100.0, "measuredDateTime": example.SCAN, "residualActivityMBq": 0.0,
                         "relativeUncertainty": 0.02},
            "scans": [{key: value for key, value in scan.items() if value is not None}]}


def test_theTruthOfTheCylinder(folder):
    content = make(folder)
    assert content["sensitivity"]["value"] == pytest.approx(example.CPS_PER_MBQ, rel=1e-5)
    assert content["warnings"] == []


def test_planarViewLessItsScatter(tmp_path):
    """The source alone per second and MBq, whatever scatter lies below it; the background as it was counted."""
    for scatter in (0, 30):
        writeImage(tmp_path / "planar.dcm", 4.0, scatter=scatter)
        pixels = 6 * 8
        found = make(tmp_path, sensitivity=planarOf(backgroundCounts=BACKGROUND * pixels, backgroundSeconds=SECONDS))
        expected = 2 * SOURCE[4.0] * pixels / SECONDS / 100.0
        assert found["sensitivity"]["value"] == pytest.approx(expected, rel=1e-6)
        assert found["sensitivity"]["isPlanar"] and "polygon of 4 corners of detector 1" in \
            found["sensitivity"]["scans"][0]["region"]
        # main less scatter by two windows of half its width, then the background
        gross = (2 * SOURCE[4.0] + BACKGROUND + 2 * scatter) * pixels
        spread = np.sqrt(gross + 2 * scatter * pixels + BACKGROUND * pixels) / (2 * SOURCE[4.0] * pixels)
        assert found["sensitivity"]["components"]["counting"] == pytest.approx(spread, rel=1e-6)
    whole = make(tmp_path, sensitivity=planarOf(corners=None, windows={"main": 1}))
    assert whole["sensitivity"]["scans"][0]["region"].startswith("the whole view")


@pytest.mark.parametrize("changes, words", [
    ({"detector": 7}, "There is not one view of detector 7"), ({"windows": {"main": 1, "lower": 2}}, "lower and upper"),
    ({"corners": [[0, 0], [90, 0], [90, 9]]}, "outside the image"),
    ({"backgroundCounts": 1e9}, "is not above the background"), ({"image": "x.nrrd"}, "not given once")])
def test_planarViewsRefused(tmp_path, changes, words):
    writeImage(tmp_path / "planar.dcm", 4.0)
    with pytest.raises(InputError, match=words):
        make(tmp_path, sensitivity=planarOf(**changes))


def test_aWholeBodyScanIsNoCalibration(tmp_path):
    writeImage(tmp_path / "planar.dcm", 4.0, kind="WHOLE BODY")
    with pytest.raises(InputError, match="counts are of a moving table"):
        make(tmp_path, sensitivity=planarOf())


def test_aScanOfAnotherNuclideIsRefused(folder, tmp_path):
    files.writeImage(example.phantomScan(), str(tmp_path / "cylinder.nrrd"))
    sideCar = {"kind": "image facts", "schemaVersion": 1, "radionuclide": "I-131", "camera": "Camera B"}
    (tmp_path / "cylinder.json").write_text(json.dumps(sideCar), encoding="utf-8")
    with pytest.raises(InputError, match="The scan is of I-131 by its header, the calibration is for Lu-177"):
        make(tmp_path)

    def because(content):
        content["sensitivity"]["scans"][0]["nuclideReason"] = "chosen wrongly at the console"

    found = make(tmp_path, because)
    assert "taken as Lu-177 because: chosen wrongly at the console" in found["warnings"][0]
    assert "the header states the camera 'Camera B', the calibration 'Camera A'" in found["warnings"][1]
    # the side-car is an input as well
    assert [item["path"] for item in found["inputs"]] == ["cylinder.nrrd", "cylinder.json"]


def test_aTimeOfDayIsNeeded(folder):
    def midnight(content):
        content["sensitivity"]["activity"]["measuredDateTime"] = "2026-05-04"

    with pytest.raises(InputError, match="'2026-05-04' has no time of day"):
        make(folder, midnight)


def test_backgroundOfARegion(tmp_path):
    """A constant background is taken off by a region beside the phantom."""
    image = example.phantomScan(backgroundCounts=50.0)
    files.writeImage(image, str(tmp_path / "cylinder.nrrd"))
    beside = np.zeros(example.SHAPE, np.uint8)
    beside[5:9, :3, :3] = 1
    files.writeImage(Volume(beside, example.matrix(), "", "beside"), str(tmp_path / "beside.nrrd"))

    def with_(content, background):
        content["sensitivity"]["background"] = background

    region = {"region": {"method": "labelmap", "file": "beside.nrrd", "label": 1}}
    found = make(tmp_path, lambda content: with_(content, region))
    assert found["sensitivity"]["value"] == pytest.approx(example.CPS_PER_MBQ, rel=1e-4)
    assert {item["path"] for item in found["inputs"]} == {"cylinder.nrrd", "beside.nrrd"}
    plain = make(tmp_path)
    assert plain["sensitivity"]["value"] > 1.05 * example.CPS_PER_MBQ
    with pytest.raises(InputError, match="as a region and as a count rate"):
        make(tmp_path, lambda content: with_(content, {**region, "countRateCps": 3.0}))


def test_deadTimeByADecayingSource(tmp_path):
    halfLife = nuclide("Tc-99m").halfLifeHours
    countings = []
    for hours in (0, 4, 8, 16, 30):
        rate = observedRate(90000.0 * 0.5 ** (hours / halfLife) + 20.0, 3.0)
        countings.append({"dateTime": f"2026-05-0{4 + hours // 24}T{hours % 24:02d}:00:00", "counts": rate * 30.0,
                          "seconds": 30.0})
    dead = {"model": "paralyzable", "decayingSource": {"countings": countings, "backgroundCps": 20.0}}
    content = calibration.fromStatement({"schemaVersion": 1, "camera": "Camera A", "radionuclide": "Tc-99m",
                                         "date": "2026-05-05", "validUntil": "2027-05-05", "deadTime": dead},
                                        str(tmp_path))
    assert content["deadTime"]["microseconds"] == pytest.approx(3.0, rel=1e-5)
    assert len(content["deadTime"]["points"]) == 5 and "5 countings of a decaying source" in \
        content["deadTime"]["source"]
    calibration.write(content, tmp_path / "dead.json")
    assert calibration.load(tmp_path / "dead.json") == content == calibration.create(tmp_path / "dead.json")
    assert "Dead time 3 µs" in "\n".join(calibration.describe(content))
    for change, words in (({"microseconds": 3.0}, "stated and measured"),
                          ({"decayingSource": {"countings": [{"counts": 3}]}}, "not dateTime, counts and seconds"),
                          ({"decayingSource": 5}, "not known by their shape")):
        with pytest.raises(InputError, match=words):
            calibrationRecord.checkedDeadTime({**dead, **change}, "deadTime")


def test_recoveryWithTheSensitivityOfAnEarlierRecord(folder, tmp_path):
    calibration.write(make(folder), tmp_path / "sensitivity.json")
    image, _diameters, _places = example.sphereScan()
    decay = image.voxelVolumeML * 1e-6 * example.CPS_PER_MBQ * example.SECONDS
    files.writeImage(image.withArray(image.array * np.float32(decay), unit="counts"), str(tmp_path / "spheres.nrrd"))

    def recovery(content, **changes):
        content["sensitivityFrom"] = "sensitivity.json"
        content["recovery"] = {
            "sphereConcentration": {"kBqPerML": 800.0, "dateTime": example.SCAN}, "relativeUncertainty": 0.01,
            "scans": [{"image": "spheres.nrrd", "unit": "counts", "acquisitionDateTime": example.SCAN,
                       "durationSeconds": example.SECONDS, "isDecayCorrected": True}]}
        content |= changes

    found = make(tmp_path, recovery, sensitivity=None)
    earlier = calibration.load(tmp_path / "sensitivity.json")
    assert found["sensitivity"]["from"] == {"file": "sensitivity.json", "digest": earlier["digest"],
                                            "date": "2026-05-04"}
    assert len(found["recovery"]["points"]) == 6 and found["warnings"] == []
    assert {item["path"] for item in found["inputs"]} == {"sensitivity.json", "spheres.nrrd"}
    other = make(tmp_path, lambda content: recovery(content, collimator="HEGP", date="2028-01-01",
                                                    validUntil="2029-01-01"), sensitivity=None)
    assert "the collimator is 'HEGP', the calibration is for 'MEGP'" in other["warnings"][0]
    assert "the calibration expired on 2027-05-04" in other["warnings"][1]
    with pytest.raises(InputError, match="The calibration is for Lu-177, the study is of I-131"):
        make(tmp_path, lambda content: recovery(content, radionuclide="I-131"), sensitivity=None)
    with pytest.raises(InputError, match="A sensitivity is measured"):
        make(folder, lambda content: content.update(sensitivityFrom="x.json"))
