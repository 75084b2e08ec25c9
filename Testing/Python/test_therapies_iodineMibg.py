"""131I-mIBG: whole-body absorbed dose, next activity, images beside it, and bad input."""

import json

import pytest

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.resources import resourcePath
from MRTDosimetryLib.therapies import bloodAndMarrow, registry
from MRTDosimetryLib.therapies.case import RegionDose, TherapyCase
from MRTDosimetryLib.therapies.inputs import kinds

TIMES = [0.0, 4.0, 12.0, 24.0, 48.0, 72.0, 96.0]
FRACTIONS = [1.0, 0.80, 0.58, 0.40, 0.21, 0.115, 0.066]
WANTED = {"wholeBodyAbsorbedDoseGy": 4.0}


def rows(fractions=FRACTIONS, times=TIMES, **more):
    return [{"timeHours": time, "anteriorCps": 1600 * fraction + 5, "posteriorCps": 900 * fraction + 5,
             "backgroundCps": 5.0, **more} for time, fraction in zip(times, fractions, strict=True)]


def case(protocol="iodineMibg.wholeBody", activity=10000.0, massKg=20.0, wholeBody=None, prescription=WANTED,
         monitor=None, **more):
    measurements = {"wholeBody": kinds()["measurements.wholeBody"].check(wholeBody or rows(), "wholeBody")}
    if monitor is not None:
        measurements["wholeBodyMonitor"] = monitor
    return TherapyCase(protocol, "I-131", activity, patient={"massKg": massKg}, measurements=measurements,
                       prescription=prescription, **more)


def evaluate(given):
    return registry.strategy(given.protocolId).evaluate(given)


def test_theWorkedExample():
    """Clinical reference T2."""
    result = evaluate(case())
    assert result.values["wholeBodyTimeIntegratedActivityCoefficientH"] == pytest.approx(30.7049, abs=5e-5)
    assert result.values["wholeBodyEffectiveHalfLifeHours"] == pytest.approx(29.959, abs=5e-4)
    assert result.values["wholeBodyAbsorbedDoseGy"] == pytest.approx(2.6065, abs=5e-5)
    assert result.values["nextActivityMBq"] == pytest.approx(5346.0, abs=0.05)
    assert "5350" in result.recommendation and "4 Gy" in result.recommendation
    assert result.values["nextActivityUncertaintyMBq"] is None
    assert any("counting times" in text for text in result.warnings)
    assert any("not checked" in text and "0.000134" in text for text in result.assumptions)
    assert any("stem cells" in text for text in result.warnings)
    table = next(table for table in result.tables if "shown, not applied" in table.title)
    assert table.rows[0][:2] == (444.0, 8880.0) and "not checked" in table.source
    json.dumps(result.values)


def test_theExampleFile():
    path = resourcePath("Protocols", "examples", "iodineMibg.wholeBody.json")
    with open(path, encoding="utf-8") as file:
        content = json.load(file)
    known = kinds()
    given = TherapyCase(
        content["protocol"], content["radionuclide"], content["administration"]["activityMBq"],
        patient=known["patient"].check(content["patient"], "patient"), prescription=content["prescription"],
        measurements={key: known[f"measurements.{key}"].check(value, key)
                      for key, value in content["measurements"].items()})
    assert registry.strategy(given.protocolId).missing(given) == []
    result = evaluate(given)
    assert result.values["nextActivityMBq"] == pytest.approx(5346.0, abs=0.05)
    assert 0.02 < result.values["wholeBodyAbsorbedDoseUncertaintyGy"] / result.values["wholeBodyAbsorbedDoseGy"] < 0.05
    assert "±" in result.recommendation and result.curves[0].points[3] == (24.0, pytest.approx(0.40))
    json.dumps([table.rows for table in result.tables])


def test_whatIsMissing():
    empty = TherapyCase("iodineMibg.wholeBody", "I-131")
    words = registry.strategy("iodineMibg.wholeBody").missing(empty)
    assert len(words) == 3 and "before the patient voids" in words[2]
    with pytest.raises(InputError, match="State the administered activity.*body mass"):
        evaluate(empty)


def test_theTotalIsReached():
    result = evaluate(case(prescription={"wholeBodyAbsorbedDoseGy": 2.5}))
    assert result.values["nextActivityMBq"] is None and not result.recommendation
    assert any("already reached with 2.607 Gy" in text for text in result.warnings)
    nothing = evaluate(case(prescription={}))
    assert nothing.values["nextActivityMBq"] is None and any("No total" in text for text in nothing.warnings)


def test_earlierCyclesCount():
    earlier = ({"cycle": 1, "regions": {"whole body": {"absorbedDoseGy": 1.0}, "liver": {"absorbedDoseGy": 3.0}}},)
    result = evaluate(case(earlierCycles=earlier))
    dose = result.values["wholeBodyAbsorbedDoseGy"]
    assert result.values["nextActivityMBq"] == pytest.approx(10000 * (4.0 - 1.0 - dose) / dose)
    unknown = evaluate(case(earlierCycles=({"cycle": 1, "regions": {"liver": {"absorbedDoseGy": 3.0}}},)))
    assert unknown.values["nextActivityMBq"] is None
    assert any("stated for cycle 1" in text for text in unknown.warnings)


def test_lesionsBesideTheWholeBody():
    regions = (RegionDose("lesion 1", "tumor", 30.0, 25.0, 5.0), RegionDose("liver", "liver", 600.0, 4.0))
    result = evaluate(case("iodineMibg.wholeBodyAndSpect", regions=regions))
    assert result.values["tumorAbsorbedDosesGy"] == {"lesion 1": 25.0}
    assert result.values["nextActivityMBq"] == pytest.approx(5346.0, abs=0.05)
    table = next(table for table in result.tables if "by SPECT" in table.title)
    assert table.rows[0] == ("lesion 1", "tumor", 30.0, 25.0, 5.0, 2.5)
    without = evaluate(case("iodineMibg.wholeBodyAndSpect"))
    assert any("no regions" in text for text in without.warnings)


@pytest.mark.parametrize(("activity", "words"), [(270.0, "looks like mCi: 270 mCi are 9990 MBq"),
                                                 (10.0, "looks like GBq: 10 GBq are 10000 MBq")])
def test_activityInAnotherUnit(activity, words):
    with pytest.raises(InputError, match=words):
        evaluate(case(activity=activity))


def test_unusualActivityIsFlagged():
    assert any("outside of the 93 to 770 MBq/kg" in text for text in evaluate(case(activity=17000.0)).warnings)
    assert not any("outside of" in text for text in evaluate(case()).warnings)


def test_timesInDays():
    days = [time / 24.0 for time in TIMES]
    with pytest.raises(InputError, match="look like days"):
        evaluate(case(wholeBody=rows(times=days)))


@pytest.mark.parametrize(("first", "statement", "isRefused", "words"), [
    (0.0, None, False, "taken as one before voiding"), (0.0, "beforeVoiding", False, "stated as before voiding"),
    (2.0, None, False, "at 2 h. If the patient had voided"), (2.0, "beforeVoiding", False, "stated as before voiding"),
    (5.0, None, True, "not stated that the patient had not voided"), (0.0, "afterVoiding", True, "had voided"),
    (5.0, "beforeVoiding", False, "is at 5 h")])
def test_theFirstReading(first, statement, isRefused, words):
    monitor = {} if statement is None else {"firstReading": statement}
    given = case(wholeBody=rows(times=[first, 6.0, *TIMES[2:]]), monitor=monitor)
    if isRefused:
        with pytest.raises(InputError, match=words):
            evaluate(given)
        return
    result = evaluate(given)
    assert any(words in text for text in (*result.warnings, *result.assumptions))


def test_risingLastReadings():
    """Their own exponential would never end: physical decay, flagged."""
    result = evaluate(case(wholeBody=rows([1.0, 0.8, 0.58, 0.4, 0.21, 0.115, 0.12])))
    assert result.values["wholeBodyTail"] == "physical" and result.values["wholeBodyTailEffectiveH"] is None
    assert any("would never end" in text for text in result.warnings)
    assert any("cannot gain activity" in text for text in result.warnings)
    assert any("after the last reading, more than 20%" in text for text in result.warnings)


def test_singleViewAndDeadTime():
    single = [{key: value for key, value in row.items() if key != "posteriorCps"} for row in rows()]
    result = evaluate(case(wholeBody=single))
    assert result.values["nextActivityMBq"] == pytest.approx(5346.0, abs=0.05)
    assert any(text.startswith("Single view") for text in result.warnings)
    dead = evaluate(case(monitor={"deadTimeMicroseconds": 200.0, "deadTimeModel": "nonParalyzable"}))
    assert dead.values["wholeBodyTimeIntegratedActivityCoefficientH"] < 30.7
    assert any("Dead time took up to 32%" in text for text in dead.warnings)


@pytest.mark.parametrize(("change", "words"), [({"posteriorCps": None}, "posterior count rate is missing"),
                                               ({"anteriorCps": 4.0}, "not above the background")])
def test_badReadings(change, words):
    wholeBody = rows()
    wholeBody[3] |= change
    with pytest.raises(InputError, match=words):
        evaluate(case(wholeBody=wholeBody))


def test_itsOwnPartsAreNotRepeated():
    assert bloodAndMarrow.evaluate(case()) is None
    blood = [{"timeHours": time, "activityMBqPerML": 0.5 * 2 ** (-time / 10)} for time in (2.0, 6.0, 24.0, 48.0)]
    given = case()
    given.measurements["blood"] = blood
    given.patient["hematocrit"] = 0.35
    result = evaluate(given)
    assert result.values["bloodAbsorbedDoseGy"] > 0 and result.values["marrowMethod"] == "blood-based"
    assert "maximumActivityGBq" not in result.values


def test_besideTheCohort():
    rows = evaluate(case()).values["cohort"]["comparison"]
    assert [(row["region"], row["quantity"], row["center"]) for row in rows] == [("whole body", "absorbedDose", 2.28)]
    assert 50 < rows[0]["percentile"] < 70
