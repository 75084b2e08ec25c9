"""Calibration files and records: the digital camera's truth, bad input by its words, and the seal of a record."""

import json
import re
from datetime import datetime, timedelta

import calibrationFiles as phantom
import numpy as np
import pytest

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.imaging.digitalPatient.scanner import SENSITIVITY_CPS_PER_MBQ
from MRTDosimetryLib.physics import sphereRecovery
from MRTDosimetryLib.physics.deadTime import observedRate
from MRTDosimetryLib.physics.decay import decayFactor
from MRTDosimetryLib.workflow import calibration, calibrationRecord, phantomFiles


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder with phantom scans, and the record of them."""
    folder = tmp_path_factory.mktemp("calibration")
    path = phantom.writeCalibration(folder, 3)
    content = calibration.create(path)
    calibration.write(content, folder / "record.json")
    return folder, content


def changed(folder, name, change):
    """A calibration file of the folder with a change."""
    content = json.loads((folder / "calibration.json").read_text(encoding="utf-8"))
    change(content)
    path = folder / f"{name}.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_theTruthOfTheDigitalCamera(made):
    _folder, content = made
    sensitivity, recovery = content["sensitivity"], content["recovery"]
    assert sensitivity["value"] == pytest.approx(SENSITIVITY_CPS_PER_MBQ, rel=0.01)
    assert sensitivity["factor"] == pytest.approx(1e6 / sensitivity["value"])
    assert sensitivity["relativeUncertainty"] == pytest.approx(0.02, abs=0.001)
    truth = phantom.sphereScan(1).recoveries
    assert [point["recovery"] for point in recovery["points"]] == pytest.approx(truth, abs=0.02)
    curve = sphereRecovery.fromDict(recovery)
    assert curve.chosen == "pointSpread" and recovery["placesFrom"] == "found in the emission image"
    assert [float(curve.value(point.volumeML)) for point in curve.points] == pytest.approx(truth, rel=0.02)
    # the logistic function cannot follow this camera's recovery any closer; its scatter says so
    logistic = curve.logistic.fitted.value(np.array([point.volumeML for point in curve.points]))
    assert logistic == pytest.approx(truth, abs=0.035) and 0.01 < recovery["scatter"] < 0.025
    assert curve.pointSpread.recovery.scatter < 0.01
    assert content["warnings"] == [] and not recovery["leftOut"]


def test_replayedItIsTheSame(made):
    folder, content = made
    assert calibration.create(folder / "calibration.json")["digest"] == content["digest"]
    again = calibration.create(folder / "record.json")  # from the record itself
    assert again == content
    assert calibration.load(folder / "record.json") == content


def test_anEditedRecordIsRefused(made, tmp_path):
    _folder, content = made
    edited = json.loads(json.dumps(content))
    edited["sensitivity"]["factor"] *= 1.1
    path = tmp_path / "edited.json"
    path.write_text(json.dumps(edited), encoding="utf-8")
    with pytest.raises(InputError, match="was changed after it was written"):
        calibration.load(path)
    path.write_text(json.dumps({"kind": "record"}), encoding="utf-8")
    with pytest.raises(InputError, match="no calibration record"):
        calibration.load(path)
    path.write_text(json.dumps({**content, "schemaVersion": 9}), encoding="utf-8")
    with pytest.raises(InputError, match="schemaVersion is 9"):
        calibration.load(path)
    with pytest.raises(InputError, match="no such file"):
        calibration.load(tmp_path / "absent.json")


def test_aChangedImageIsNotRepeated(made, tmp_path):
    folder, content = made
    for name in ("cylinder.nrrd", "spheres1.nrrd", "spheres2.nrrd", "spheres3.nrrd"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / "spheres2.nrrd").write_bytes((folder / "spheres1.nrrd").read_bytes())
    calibration.write(content, tmp_path / "record.json")
    with pytest.raises(InputError, match="changed since it was recorded"):
        calibration.create(tmp_path / "record.json")


def test_commandLine(made, capsys):
    folder, content = made
    out = folder / "fromCommand.json"
    assert commandLine.main(["calibrate", str(folder / "calibration.json"), "--out", str(out)]) == 0
    said = capsys.readouterr()
    assert "Sensitivity 9.3" in said.out and "37 mm: 26.52 mL" in said.out and said.err == ""
    assert json.loads(out.read_text(encoding="utf-8")) == content
    bad = changed(folder, "bad", lambda stated: stated.update(camera=""))
    assert commandLine.main(["calibrate", str(bad), "--out", str(folder / "no.json")]) == 2
    assert "The camera is not stated" in capsys.readouterr().err and not (folder / "no.json").exists()


def test_aMissingSphereIsRefusedByName(tmp_path):
    path = phantom.writeCalibration(tmp_path, 1, missing=(4,))
    with pytest.raises(InputError, match="sphere 28 mm is missing: it does not stand out.*among the spheres left out"):
        calibration.create(path)
    content = calibration.create(changed(tmp_path, "known", lambda stated: stated["recovery"].update(
        leftOut=["28 mm"])))
    assert content["recovery"]["leftOut"] == ["28 mm"] and len(content["recovery"]["points"]) == 5
    with pytest.raises(InputError, match="No sphere is called 29 mm"):
        calibration.create(changed(tmp_path, "wrong", lambda stated: stated["recovery"].update(leftOut=["29 mm"])))


def test_spheresOfTheCT(tmp_path):
    """Placed by their walls; one that is not mounted is named."""
    path = phantom.writeCalibration(tmp_path, 1, ct=True)
    content = calibration.create(path)
    assert content["recovery"]["placesFrom"] == "found in the CT"
    assert any(item["path"] == "ct.nrrd" for item in content["inputs"])
    centers = [sphere["centerRASMM"] for sphere in content["recovery"]["spheres"]]
    assert np.abs(np.array(centers) - phantom.sphereScan(1).centersRAS).max() < 0.4
    phantom.writeCalibration(tmp_path, 1, ct=True, missing=(2,))
    with pytest.raises(InputError, match="sphere 17 mm is missing: the CT shows no wall"):
        calibration.create(path)


def activityOf(**values):
    return lambda stated: stated["sensitivity"]["activity"].update(values)


def scanOf(**values):
    return lambda stated: stated["sensitivity"]["scans"][0].update(values)


@pytest.mark.parametrize("change, words", [
    (activityOf(measuredDateTime="2025-05-04T08:00:00"), "measured 365.1 days before the scan.*Check the date"),
    (activityOf(measuredActivityMBq=-5), "measured activity is -5"),
    (activityOf(residualActivityMBq=5000), "is not below the measured one"),
    (activityOf(residualActivityMBq=None), "residual activity is missing"),
    (activityOf(relativeUncertainty=2), "Give a fraction"),
    (activityOf(measuredDateTime="yesterday"), "not a date and time"),
    (scanOf(unit=None), "unit of the image is not known"),
    (scanOf(durationSeconds=0), "duration"),
    (scanOf(acquisitionDateTime=None), "date and time of the scan are not known"),
    (scanOf(image="absent.nrrd"), "absent"),
    (scanOf(fullFieldCountRateCps=1000), "but no dead time"),
    (lambda stated: stated["sensitivity"].update(background={"countRateCps": 1e6}), "count rate.*not above zero"),
    (lambda stated: stated.update(radionuclide="Xx-1"), "Xx-1"),
    (lambda stated: stated.update(date="04.05.2026"), "not a date"),
    (lambda stated: stated.update(validUntil="2026-01-01"), "before the calibration"),
    (lambda stated: stated.update(colimator="x"), "key 'colimator' is not known"),
    (lambda stated: [stated.pop(key) for key in ("sensitivity", "recovery")], "nothing to calibrate"),
    (lambda stated: stated.pop("sensitivity"), "no sensitivity in counts is calibrated"),
    (lambda stated: stated.update(deadTime={"model": "magic", "microseconds": 5}), "no model of dead time"),
    (lambda stated: stated.update(deadTime={"model": "paralyzable", "microseconds": 5e-6}), "that of no instrument"),
    (lambda stated: stated.update(deadTime={"model": "paralyzable", "microseconds": 5000}), "that of no instrument"),
    (lambda stated: stated.update(deadTime={"model": "paralyzable", "microseconds": 5, "relativeUncertainty": 5}),
     "Give a fraction"),
    (lambda stated: stated["recovery"]["sphereConcentration"].pop("dateTime"), "concentration are not stated"),
])
def test_badInput(made, change, words):
    folder, _content = made
    with pytest.raises(InputError) as error:
        calibration.create(changed(folder, "bad", change))
    assert re.search(words, str(error.value)), str(error.value)


def test_doubtfulInputIsFlagged(made):
    folder, _content = made
    late = calibration.create(changed(folder, "late", lambda stated: (
        activityOf(measuredDateTime="2026-05-05T08:00:00")(stated), stated.pop("recovery"))))
    assert any("22 h after the scan: check the dates" in words for words in late["warnings"])
    wrong = calibration.create(changed(folder, "wrong", lambda stated: (
        scanOf(durationSeconds=20)(stated), stated.pop("recovery"), stated.pop("validUntil"))))
    assert any("outside 4 to 10" in words for words in wrong["warnings"])
    assert any("No end of the validity" in words for words in wrong["warnings"])


def test_validity(made):
    _folder, content = made
    moment, settings = datetime(2026, 8, 1, 10), dict(phantomFiles.SETTINGS)
    assert calibration.check(content, "Lu-177", settings, moment) == []
    with pytest.raises(InputError, match="calibration is for Lu-177, the study is of I-131"):
        calibration.check(content, "I-131", settings, moment)
    for key, value, words in (
            ("camera", "Other camera", "the camera is 'Other camera', the calibration is for 'Digital camera'"),
            ("collimator", "HEGP", "collimator is 'HEGP'"), ("reconstruction", "other", "reconstruction is 'other'"),
            ("energyWindow", "Lu (101 to 125 keV)", "energy window")):
        found = calibration.check(content, "Lu-177", {**settings, key: value}, moment)
        assert len(found) == 1 and words in found[0]
    # names of windows differ between vendors, limits do not
    assert calibration.check(content, "Lu-177", {**settings, "energyWindow": "EM1 (187.2 to 228.8 keV)"}, moment) == []
    assert calibration.check(content, "Lu-177", {**settings, "camera": " digital  CAMERA"}, moment) == []
    assert "expired on 2027-05-04, 28 days" in calibration.check(content, "Lu-177", settings, datetime(2027, 6, 1))[0]
    assert "before the calibration" in calibration.check(content, "Lu-177", settings, datetime(2026, 5, 1))[0]
    unknown = calibration.check(content, "Lu-177", {}, moment)
    assert len(unknown) == 1 and "no camera, no collimator" in unknown[0]
    assert "cannot be checked" in calibration.check(content, "Lu-177", settings)[0]
    assert any("Dead time" not in line for line in calibrationRecord.describe(content))


def test_statedCountsAndDeadTime(tmp_path):
    """A planar source without an image: 9.3 cps/MBq behind a dead time of 5 µs at the full-field rate."""
    def planar(stated):
        stated.pop("recovery", None)
        scan = stated["sensitivity"]["scans"][0]
        scan.pop("image"), scan.pop("unit")
        full = 60000.0
        observed = observedRate(full, 5.0)
        scan.update(counts=9.3 * 1000.0 * 60.0 * observed / full + 3000.0, durationSeconds=60.0,
                    backgroundCounts=6000.0, backgroundSeconds=120.0, fullFieldCountRateCps=observed,
                    isDecayCorrected=True)
        stated["sensitivity"].pop("region")
        stated["sensitivity"]["activity"].update(measuredActivityMBq=1000.0, residualActivityMBq=0.0,
                                                 measuredDateTime=scan["acquisitionDateTime"])
        stated["deadTime"] = {"model": "paralyzable", "microseconds": 5.0, "source": "two sources"}

    path = phantom.writeCalibration(tmp_path, 0, change=planar)
    content = calibration.create(path)
    assert content["sensitivity"]["value"] == pytest.approx(9.3, rel=1e-6)
    assert content["sensitivity"]["components"]["counting"] == pytest.approx(1 / (9.3 * 1000 * 60) ** 0.5, rel=0.2)
    assert content["inputs"] == [] and content["deadTime"]["microseconds"] == 5.0


def test_deadTimeOfADecayingSource(tmp_path):
    """Countings of a decaying source and of known activities give the same dead time, which corrects the scans."""
    hours = [0.0, 60.0, 120.0, 200.0, 300.0, 450.0, 600.0]
    start, seconds, background = datetime(2026, 4, 1, 8), 60.0, 20.0
    true = [120000.0 * decayFactor(phantomFiles.HALF_LIFE_HOURS, time) for time in hours]
    counts = [observedRate(rate + background, 5.0) * seconds for rate in true]

    def planar(stated):
        stated.pop("recovery", None)
        scan = stated["sensitivity"]["scans"][0]
        scan.pop("image"), scan.pop("unit"), stated["sensitivity"].pop("region")
        observed = observedRate(60000.0, 5.0)
        scan.update(counts=9.3 * 1000.0 * 60.0 * observed / 60000.0, durationSeconds=60.0,
                    fullFieldCountRateCps=observed, isDecayCorrected=True)
        stated["sensitivity"]["activity"].update(measuredActivityMBq=1000.0, residualActivityMBq=0.0,
                                                 measuredDateTime=scan["acquisitionDateTime"])
        stated["deadTime"] = {"model": "auto", "decayingSource": {"backgroundCps": background, "countings": [
            {"dateTime": (start + timedelta(hours=time)).isoformat(), "counts": count, "seconds": seconds}
            for time, count in zip(hours, counts, strict=True)]}}

    path = phantom.writeCalibration(tmp_path, 0, change=planar)
    content = calibration.create(path)
    found = content["deadTime"]
    assert found["model"] == "paralyzable" and found["microseconds"] == pytest.approx(5.0, rel=2e-3)
    assert 0 < found["relativeUncertainty"] < 0.01 and found["modelProbability"] > 0.999
    assert found["source"] == "7 countings of a decaying source of Lu-177"
    assert content["sensitivity"]["value"] == pytest.approx(9.3, rel=1e-3)
    calibration.write(content, tmp_path / "record.json")
    assert calibration.load(tmp_path / "record.json") == content

    def known(stated):
        rows = stated["deadTime"].pop("decayingSource")["countings"]
        stated["deadTime"]["knownActivities"] = {"backgroundCps": background, "countings": [
            {"activityMBq": rate / 9.3, "counts": row["counts"], "seconds": row["seconds"]}
            for row, rate in zip(rows, true, strict=True)]}

    same = calibration.create(changed(tmp_path, "known", known))["deadTime"]
    assert same["microseconds"] == pytest.approx(found["microseconds"], rel=1e-6)
    assert same["source"] == "7 countings of known activities" and same["points"][0]["activityMBq"] > 1e4

    def perSecond(stated):
        for row in stated["deadTime"]["decayingSource"]["countings"]:
            row["counts"] /= seconds
        stated["deadTime"]["decayingSource"]["backgroundCps"] /= seconds

    rates = calibration.create(changed(tmp_path, "perSecond", lambda stated: (
        perSecond(stated), stated["sensitivity"]["scans"][0].pop("fullFieldCountRateCps"))))
    assert any("far more than a camera has" in words for words in rates["warnings"])

    def both(stated):
        decaying = stated["deadTime"]["decayingSource"]
        known(stated)
        stated["deadTime"]["decayingSource"] = decaying

    for change, words in (
            (both, "measured in two ways"),
            (lambda stated: stated["deadTime"].update(microseconds=5), "stated and measured"),
            (lambda stated: stated["deadTime"]["decayingSource"]["countings"][1].update(counts=0), "number of counts"),
            (lambda stated: stated["deadTime"]["decayingSource"]["countings"][1].pop("dateTime"), "is not dateTime"),
            (lambda stated: (known(stated), stated["deadTime"]["knownActivities"]["countings"][1].update(
                activityMBq=-1)), "activity"),
            (lambda stated: stated["deadTime"].update(model="magic"), "no model of dead time")):
        with pytest.raises(InputError, match=words):
            calibration.create(changed(tmp_path, "bad", change))
