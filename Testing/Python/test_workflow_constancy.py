"""Control chart of an instrument by a long-lived source, and the record of a probe's sensitivity."""

import json
from datetime import date, datetime

import pytest

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.physics import constancy
from MRTDosimetryLib.physics.decay import decayFactor
from MRTDosimetryLib.physics.nuclides import nuclide
from MRTDosimetryLib.workflow import calibration, constancyLog

HALF_LIFE_HOURS = 30.0 * 365.25 * 24  # of a source, as its certificate states


def log(folder, deviations=(0.0, 0.01, -0.025, 0.04), **changes):
    def test(month, deviation):
        moment = f"{2026 + (month // 12)}-{month % 12 + 1:02d}-01T09:00:00"
        hours = (datetime.fromisoformat(moment) - datetime(2026, 1, 1, 9)).total_seconds() / 3600.0
        return {"dateTime": moment, "value": 1000.0 * decayFactor(HALF_LIFE_HOURS, hours) * (1 + deviation)}

    content = {
        "schemaVersion": 1, "instrument": "gamma counter", "period": "quarterly",
        "source": {"name": "Cs-137", "halfLifeHours": HALF_LIFE_HOURS, "halfLifeSource": "certificate"},
        "limits": {"warningPercent": 2, "actionPercent": 3},
        "reference": {"dateTime": "2026-01-01T09:00:00", "counts": 66000, "seconds": 60, "backgroundCounts": 6000,
                      "backgroundSeconds": 60},
        "tests": [test(3 * (index + 1), deviation) for index, deviation in enumerate(deviations)], **changes}
    path = folder / "constancy.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_theChart(tmp_path):
    chart = constancyLog.chartOf(log(tmp_path), date(2027, 1, 15))
    assert [test["status"] for test in chart["tests"]] == ["in control", "in control", "warning", "action"]
    assert [test["deviation"] for test in chart["tests"]] == pytest.approx([0.0, 0.01, -0.025, 0.04], abs=1e-9)
    # over 9 months a source of 30 years loses 1.7 %, which is expected and no deviation
    assert chart["tests"][2]["expected"] == pytest.approx(1000.0 * 0.5 ** (273 / 365.25 / 30), rel=1e-6)
    assert chart["status"] == "action" and chart["nextDue"] == "2027-04-01" and not chart["isOverdue"]
    assert constancyLog.chartOf(log(tmp_path), date(2027, 4, 2))["isOverdue"]


def test_limitsBySpread(tmp_path):
    baseline = (0.002, -0.002, 0.002, -0.002, 0.002, -0.002)
    chart = constancyLog.chartOf(log(tmp_path, (*baseline, 0.0055, 0.008), limits={"baseline": 6}), date(2026, 1, 1))
    sigma = (6 * 0.002 ** 2 / 5) ** 0.5
    assert chart["limits"]["warning"] == pytest.approx(2 * sigma, rel=1e-6)
    assert [test["status"] for test in chart["tests"]][-2:] == ["warning", "action"]
    chart = constancyLog.chartOf(log(tmp_path, limits={"relativeSigma": 0.01}), date(2026, 1, 1))
    assert (chart["limits"]["warning"], chart["limits"]["action"]) == pytest.approx((0.02, 0.03))
    with pytest.raises(InputError, match="only 4 tests for a baseline of 6"):
        constancyLog.chartOf(log(tmp_path, limits={"baseline": 6}))


def test_aDriftWithinTheLimits(tmp_path):
    chart = constancyLog.chartOf(log(tmp_path, [0.001 * step for step in range(1, 8)]), date(2026, 1, 1))
    assert {test["status"] for test in chart["tests"]} == {"in control"}
    assert chart["tests"][-1]["words"] == "7 results in a row on the same side: look for a drift"
    assert not chart["tests"][-2]["words"]


@pytest.mark.parametrize("last, period, due", [
    (date(2026, 1, 31), "quarterly", date(2026, 4, 30)), (date(2026, 8, 31), "halfYearly", date(2027, 2, 28)),
    (date(2028, 2, 29), "yearly", date(2029, 2, 28)), (date(2026, 10, 5), "quarterly", date(2027, 1, 5))])
def test_nextDue(last, period, due):
    assert constancy.nextDue(last, period) == due


def test_commandLine(tmp_path, capsys):
    assert commandLine.main(["constancy", str(log(tmp_path))]) == 1
    said = capsys.readouterr().out
    assert "+4.00%  action" in said and "Next test due on 2027-04-01" in said
    assert commandLine.main(["constancy", str(log(tmp_path, (0.0, 0.01)))]) == 0
    path = log(tmp_path, (0.0,))
    new = json.dumps({"dateTime": "2026-07-01T09:00:00", "value": 985.0, "note": "new cable"})
    assert commandLine.main(["constancy", str(path), "--add", new]) == 0
    assert json.loads(path.read_text(encoding="utf-8"))["tests"][-1]["note"] == "new cable"
    before = path.read_text(encoding="utf-8")
    assert commandLine.main(["constancy", str(path), "--add", '{"dateTime": "2026-02-01T09:00:00", "value": 1}']) == 2
    assert "out of order" in capsys.readouterr().err and path.read_text(encoding="utf-8") == before


@pytest.mark.parametrize("changes, words", [
    ({"period": "monthly"}, "no period of tests"), ({"limits": {"percent": 5}}, "known ways"),
    ({"limits": {"warningPercent": 3, "actionPercent": 2}}, "is not above the warning limit"),
    ({"source": {"name": "x", "halfLifeHours": 5}}, "has no source"),
    ({"reference": {"dateTime": "2027-01-01T09:00:00", "value": 1}}, "before the reference"),
    ({"tests": [{"dateTime": "2026-02-01", "value": 1, "counts": 3}]}, "not given once"),
    ({"tests": 3}, "not a list"), ({"instrument": ""}, "instrument is not named")])
def test_badLogs(tmp_path, changes, words):
    with pytest.raises(InputError, match=words):
        constancyLog.chartOf(log(tmp_path, **changes))


def counter(**changes):
    halfLife = nuclide("I-131").halfLifeHours
    rate = 0.01 * 370e3 * decayFactor(halfLife, 24.0)
    return {"schemaVersion": 1, "camera": "Probe 1", "radionuclide": "I-131", "date": "2026-05-05",
            "validUntil": "2027-05-05", "counter": {
                "instrument": "thyroidProbe",
                "standard": {"activityKBq": 370, "dateTime": "2026-05-04T09:00:00", "relativeUncertainty": 0.03,
                             "volumeML": 20},
                "countings": [{"dateTime": "2026-05-05T09:00:00", "counts": round((rate + 10) * 60), "seconds": 60,
                               "backgroundCounts": 600, "backgroundSeconds": 60}], **changes}}


def test_probeSensitivity(tmp_path):
    content = calibration.fromStatement(counter(), str(tmp_path))
    found = content["counter"]
    assert found["cpsPerBq"] == pytest.approx(0.01, rel=1e-4) and found["volumeML"] == 20
    assert 0.03 < found["relativeUncertainty"] < 0.031
    calibration.write(content, tmp_path / "probe.json")
    assert calibration.load(tmp_path / "probe.json") == content
    assert any("0.01 counts per second and Bq" in line for line in calibration.describe(content))
    with pytest.raises(InputError, match="'camera' is no instrument"):
        calibration.fromStatement(counter(instrument="camera"), str(tmp_path))
    with pytest.raises(InputError, match="is not above the background"):
        calibration.fromStatement(counter(countings=[{"dateTime": "2026-05-05T09:00:00", "counts": 5, "seconds": 60,
                                                      "backgroundCounts": 600}]), str(tmp_path))
    with pytest.raises(InputError, match="measured 366 days before"):
        calibration.fromStatement(counter(standard={"activityKBq": 370, "dateTime": "2025-05-04T09:00:00"}),
                                  str(tmp_path))
