"""Records of a probe and of a gamma counter named in a study file: read, hashed, repeated, and what is refused."""

import json
import math

import pytest
from repositoryTree import REPOSITORY

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.physics.decay import decayFactor
from MRTDosimetryLib.physics.nuclides import nuclide
from MRTDosimetryLib.workflow import calibration, counterRecords

CPS_PER_BQ, TRACER_MBQ, SECONDS = 2.0e-5, 2.0, 300.0


def writeRecord(path, instrument="thyroidProbe", radionuclide="I-131", cpsPerBq=CPS_PER_BQ):
    halfLife = nuclide(radionuclide).halfLifeHours
    counts = 1e6 * cpsPerBq * decayFactor(halfLife, 24.0) * 600.0 + 600.0
    content = calibration.fromStatement({
        "schemaVersion": 1, "camera": "Probe 1", "radionuclide": radionuclide, "date": "2026-05-02",
        "validUntil": "2027-05-02", "counter": {
            "instrument": instrument,
            "standard": {"activityKBq": 1000.0, "dateTime": "2026-05-01T09:00:00", "relativeUncertainty": 0.03},
            "countings": [{"dateTime": "2026-05-02T09:00:00", "counts": round(counts), "seconds": 600,
                           "backgroundCounts": 600, "backgroundSeconds": 600}]}}, ".")
    calibration.write(content, path)
    return content


def writeStudy(folder, probe=None, change=None):
    """The example of several uptakes, counted by a calibrated probe without a standard."""
    example = f"{REPOSITORY}/Resources/Protocols/examples/thyroidIodine.multipleUptakes.json"
    with open(example, encoding="utf-8") as file:
        content = json.load(file)
    measured = content["measurements"]
    for row, fraction in zip(measured["thyroidUptake"], (0.24, 0.47, 0.26), strict=True):
        for key in ("standardCounts", "roomCounts", "standardTimeHours"):
            del row[key]
        row |= {"patientCounts": fraction * TRACER_MBQ * 1e6 * CPS_PER_BQ * SECONDS + 150.0, "patientSeconds": SECONDS,
                "backgroundSeconds": SECONDS}
    measured["thyroidProbe"] |= {"calibration": "probe.json", "tracerActivityMBq": TRACER_MBQ, "probeName": "Probe 1",
                                 "testDate": "2026-05-11", **(probe or {})}
    if change:
        change(content)
    path = folder / "study.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def run(path, out):
    assert commandLine.main(["run", str(path), "--out", str(out)]) == 0
    return json.loads((out / "results.json").read_text(encoding="utf-8"))


def test_aStudyFileNamesTheRecord(tmp_path, capsys):
    content = writeRecord(tmp_path / "probe.json")
    results = run(writeStudy(tmp_path), tmp_path / "out")
    uptakes = next(table for table in results["therapy"]["tables"] if "ptake" in table["title"])["rows"]
    assert [row[1] for row in uptakes[:3]] == pytest.approx([24.0, 47.0, 26.0], rel=2e-3)
    assert not [text for text in results["warnings"] if "Calibration" in text], results["warnings"]
    assert content["digest"][:12] in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    record = json.loads((tmp_path / "out" / "record.json").read_text(encoding="utf-8"))
    assert any(item["path"].endswith("probe.json") for item in record["inputs"])
    again = run(tmp_path / "out" / "record.json", tmp_path / "again")
    assert again["therapy"] == results["therapy"]
    # as the module keeps it, and writes it into its record: what was read, sealed, without the file
    named = {"calibration": str(tmp_path / "probe.json")}
    read, _name = counterRecords.resolved("measurements.thyroidProbe", named, "")
    inline = run(writeStudy(tmp_path, read), tmp_path / "inline")
    assert inline["therapy"] == results["therapy"]
    # the uncertainty of the record is common to all uptakes, beside what the study states
    counting = content["counter"]["relativeUncertainty"]
    assert counting == pytest.approx(0.0316, abs=3e-4)
    key = "calibration common to all uptakes"
    assert results["therapy"]["relativeUncertainties"][key] == pytest.approx(math.hypot(0.05, counting), rel=1e-6)
    without = run(writeStudy(tmp_path, {"calibrationRelativeUncertainty": None}), tmp_path / "less")
    assert without["therapy"]["relativeUncertainties"][key] == pytest.approx(counting, rel=1e-6)
    capsys.readouterr()


@pytest.mark.parametrize("write, change, words", [
    (lambda path: writeRecord(path, radionuclide="I-123"), None, "is for I-123, what was counted is I-131"),
    (lambda path: writeRecord(path, "gammaCounter"), None, "is of a gamma counter, not of a thyroid probe"),
    (lambda path: None, None, "There is no such file"),
    (lambda path: path.write_text(json.dumps({**writeRecord(path), "camera": "Probe 2"}), encoding="utf-8"), None,
     "was changed after it was written"),
    (writeRecord, {"calibration": {"file": "probe.json", "cpsPerBq": 1.0}}, "record was changed")])
def test_refusedInWords(tmp_path, capsys, write, change, words):
    write(tmp_path / "probe.json")
    assert commandLine.main(["run", str(writeStudy(tmp_path, change)), "--out", str(tmp_path / "out")]) == 2
    assert words in capsys.readouterr().err


def test_anExpiredRecordAndAnotherProbeAreFlagged(tmp_path, capsys):
    writeRecord(tmp_path / "probe.json")
    results = run(writeStudy(tmp_path, {"testDate": "2028-01-01", "probeName": "Probe 7"}), tmp_path / "out")
    told = " ".join(results["warnings"])
    assert "expired on 2027-05-02" in told and "the instrument is 'Probe 7'" in told
    capsys.readouterr()


def test_bloodByTheRecordOfACounter(tmp_path, capsys):
    writeRecord(tmp_path / "counter.json", "gammaCounter", cpsPerBq=0.3)
    study = {
        "schemaVersion": 1, "protocol": None, "radionuclide": "I-131", "patient": {"massKg": 70},
        "administration": {"activityMBq": 1100, "dateTime": "2026-05-10T10:00:00"},
        "measurements": {
            "wholeBody": [{"timeHours": hours, "anteriorCps": 1000 * 0.5 ** (hours / 14.0), "backgroundCps": 0.1}
                          for hours in (0.5, 24, 48, 96)],
            "wellCounter": {
                "calibration": "counter.json", "counterName": "Probe 1",
                "background": {"counts": 300, "countingSeconds": 60},
                "samples": [{"timeHours": hours, "countedAtHours": hours, "volumeML": 1.0, "countingSeconds": 60,
                             "counts": (0.02 * 0.5 ** (hours / 12.0) * 1e6 * 0.3 + 5.0) * 60.0}
                            for hours in (2, 6, 24, 48)]}}}
    path = tmp_path / "study.json"
    path.write_text(json.dumps(study), encoding="utf-8")
    results = run(path, tmp_path / "out")
    key = "bloodTimeIntegratedActivityCoefficientHPerML"
    assert results["therapy"][key] == pytest.approx(0.02 * 12.0 / math.log(2.0) / 1100.0, rel=1e-4)
    spread = results["therapy"]["bloodTimeIntegratedActivityCoefficientUncertaintyHPerML"]
    assert spread / results["therapy"][key] == pytest.approx(0.03, rel=0.01), "that of the record, beside the counts"
    assert not [text for text in results["warnings"] if "Calibration" in text], results["warnings"]
    assert any(item["path"].endswith("counter.json") for item in json.loads(
        (tmp_path / "out" / "record.json").read_text(encoding="utf-8"))["inputs"])
    capsys.readouterr()
