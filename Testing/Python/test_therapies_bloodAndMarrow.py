"""Blood, red marrow and whole body of any therapy, and 131I for differentiated thyroid cancer."""

import json
import math
import os

import numpy as np
import pytest

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.resources import resourcePath
from MRTDosimetryLib.therapies import bloodAndMarrow, registry
from MRTDosimetryLib.therapies.case import RegionDose, TherapyCase
from MRTDosimetryLib.therapies.inputs import kinds

IODINE = "thyroidCancerIodine"


def example(name):
    path = os.path.join(resourcePath("Protocols"), "examples", f"{IODINE}.{name}.json")
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def caseOf(content, **more):
    known = kinds()
    return TherapyCase(
        content["protocol"], content["radionuclide"], content["administration"]["activityMBq"],
        patient=known["patient"].check(content["patient"], "patient"), prescription=content.get("prescription", {}),
        measurements={key: known[f"measurements.{key}"].check(value, key)
                      for key, value in content["measurements"].items()}, **more)


def evaluate(case):
    return registry.strategy(case.protocolId).evaluate(case)


def lutetiumCase(hematocrit=None, regions=(), wholeBody=False, sValues=None, radionuclide="Lu-177", **patient):
    """6.0e-4 h per mL of blood: 4e-5 per mL, falling with 15 h in the mean."""
    times = [1.0, 4.0, 24.0, 48.0, 72.0]
    measurements = {"blood": [{"timeHours": time, "activityMBqPerML": 7400 * 4e-5 * math.exp(-time / 15.0)}
                              for time in times]}
    if wholeBody:
        measurements["wholeBody"] = [
            {"timeHours": time, "backgroundCps": 5.0, "countingSeconds": 60.0,
             **dict.fromkeys(("anteriorCps", "posteriorCps"), 1e4 * math.exp(-time / 40) + 5)}
            for time in (0.0, 4.0, 24.0, 72.0, 168.0)]
    if sValues:
        measurements["marrowSValues"] = sValues
    patient = {"massKg": 73.0, **patient} | ({} if hematocrit is None else {"hematocrit": hematocrit})
    return TherapyCase("lutetiumDotatate.multiTimePoint", radionuclide, 7400.0, patient=patient,
                       measurements=measurements, regions=regions)


def test_theWorkedExampleOfBlood():
    """Clinical reference T4: 8.0e-4 h/mL and 24 h give 0.11296 Gy/GBq and 17.70 GBq."""
    case = caseOf(example("bloodDose"))
    assert registry.strategy(case.protocolId).missing(case) == []
    result = evaluate(case)
    values = result.values
    assert values["bloodTimeIntegratedActivityCoefficientHPerML"] == pytest.approx(8.0e-4, rel=1e-4)
    assert values["wholeBodyTimeIntegratedActivityCoefficientH"] == pytest.approx(24.0, rel=1e-5)
    assert values["bloodAbsorbedDoseCoefficientGyPerGBq"] == pytest.approx(0.11296, abs=1e-5)
    assert values["maximumActivityGBq"] == pytest.approx(17.70, abs=0.01)
    assert 0 < values["maximumActivityAt95PercentGBq"] < values["maximumActivityGBq"]
    assert values["bloodAbsorbedDoseGy"] == pytest.approx(0.015 * 0.11296, abs=1e-6)
    # 110.66 Gy g/(GBq h) / 1.06 g/mL x 0.3167 x 8e-4 h/mL, and the photons of the whole body
    expected = 0.015 * (110.66 / 1.06 * 0.316667 * 8e-4 + 0.026565)
    assert values["marrowAbsorbedDoseGy"] == pytest.approx(expected, rel=1e-4)
    assert values["marrowMethod"] == "blood-based" and "2 Gy with 17.7" in result.recommendation
    assert any("about 4.2 times" in text for text in result.warnings)
    json.dumps([values, [table.rows for table in result.tables]])


def test_aLimitOfThePrescription():
    content = example("bloodDose")
    limit = {"tissue": "blood", "quantity": "absorbedDose", "valueGy": 1.0, "source": "x"}
    content["prescription"] = {"limits": [limit]}
    result = evaluate(caseOf(content, prescribedActivityMBq=7400.0))
    assert result.values["maximumActivityGBq"] == pytest.approx(8.85, abs=0.01)
    assert result.values["bloodAbsorbedDoseOfPrescribedActivityGy"] == pytest.approx(7.4 * 0.11296, rel=1e-3)


def test_theSinglePointExample():
    result = evaluate(caseOf(example("wholeBodySinglePoint")))
    volume = result.values["bloodVolumeML"]
    assert volume == pytest.approx(4098.5, abs=0.1)
    expected = (15.12 / volume + 0.0188 / 70 ** (2 / 3)) * 24.0
    assert result.values["bloodAbsorbedDoseCoefficientGyPerGBq"] == pytest.approx(expected, rel=1e-6)
    assert result.values["bloodAbsorbedDoseCoefficientUncertaintyGyPerGBq"] / expected == pytest.approx(0.18, abs=0.01)
    assert result.values["maximumActivityGBq"] == pytest.approx(2.0 / expected, rel=1e-6)


def test_singlePointChoosesDayOne():
    content = example("wholeBodySinglePoint")
    first = content["measurements"]["wholeBody"][0]
    content["measurements"]["wholeBody"] = [
        first | {"timeHours": time, "anteriorCps": 1600 * fraction + 2, "posteriorCps": 900 * fraction + 2}
        for time, fraction in ((0.0, 1.0), (4.0, 0.95), (26.0, 0.35), (72.0, 0.05))]
    result = evaluate(caseOf(content))
    assert result.values["wholeBodyRetainedFractionTimeHours"] == 26.0
    assert [row[-1] for row in result.tables[0].rows] == ["", "used", ""]
    assert any("3 later readings" in text for text in result.warnings)


def test_singlePointOnAnotherDay():
    content = example("wholeBodySinglePoint")
    content["measurements"]["wholeBody"][1]["timeHours"] = 96.0
    assert any("not one of day 1 or 2" in text for text in evaluate(caseOf(content)).warnings)
    content["measurements"]["wholeBody"][1]["timeHours"] = 1.0
    assert any("Check that the times are hours" in text for text in evaluate(caseOf(content)).warnings)


def test_activityInAnotherUnit():
    content = example("wholeBodySinglePoint")
    content["administration"]["activityMBq"] = 100
    assert any("If it is in mCi, it is 3700 MBq" in text for text in evaluate(caseOf(content)).warnings)
    content = example("bloodDose")
    content["administration"]["activityMBq"] = 0.4
    with pytest.raises(InputError, match="more than the 0.4 MBq .* Read as mCi it would be 14.8 MBq"):
        evaluate(caseOf(content))
    content["administration"]["activityMBq"] = 15e6
    assert any("Check the units" in text for text in evaluate(caseOf(content)).warnings)


def test_whatIsMissing():
    for strategy, count in (("bloodDose", 4), ("wholeBodySinglePoint", 3)):
        empty = TherapyCase(f"{IODINE}.{strategy}", "I-131")
        assert len(registry.strategy(empty.protocolId).missing(empty)) == count
        with pytest.raises(InputError, match="State the body mass"):
            evaluate(empty)
    child = caseOf(example("wholeBodySinglePoint"))
    child.patient["ageYears"] = 9
    with pytest.raises(InputError, match="adults alone"):
        evaluate(child)


def test_timesInDays():
    content = example("bloodDose")
    for rows in (content["measurements"]["wholeBody"], content["measurements"]["blood"]):
        for row in rows:
            row["timeHours"] /= 24.0
    with pytest.raises(InputError, match="look like days"):
        evaluate(caseOf(content))


def test_gammaCounter():
    """Counts simulated without noise give the concentrations back, and the standard's uncertainty counts once."""
    content = example("bloodDose")
    blood = content["measurements"].pop("blood")
    halfLife, eps = 192.4968, 0.2

    def counts(row):
        left = 2 ** (-(120.0 - row["timeHours"]) / halfLife)
        return 300.0 * (10.0 + eps * 1e6 * row["activityMBqPerML"] * left)

    samples = [{"timeHours": row["timeHours"], "countedAtHours": 120.0, "volumeML": 1.0, "countingSeconds": 300.0,
                "counts": counts(row)} for row in blood]
    content["measurements"]["wellCounter"] = {
        "standard": {"activityKBq": 1.0, "counts": 300.0 * (10.0 + eps * 1000.0), "countingSeconds": 300.0,
                     "relativeUncertainty": 0.05, "volumeML": 1.0},
        "background": {"counts": 3000.0, "countingSeconds": 300.0}, "samples": samples}
    result = evaluate(caseOf(content))
    assert result.values["bloodTimeIntegratedActivityCoefficientHPerML"] == pytest.approx(8.0e-4, rel=1e-3)
    relative = (result.values["bloodTimeIntegratedActivityCoefficientUncertaintyHPerML"]
                / result.values["bloodTimeIntegratedActivityCoefficientHPerML"])
    assert 0.05 < relative < 0.055
    counter = content["measurements"]["wellCounter"]
    del counter["standard"]["relativeUncertainty"]
    counter["samples"][0]["volumeML"] = 2.0
    unknown = evaluate(caseOf(content))
    assert unknown.values["bloodAbsorbedDoseCoefficientUncertaintyGyPerGBq"] is None
    assert unknown.values["maximumActivityAt95PercentGBq"] is None
    assert any("standard's activity is not stated" in text for text in unknown.warnings)
    assert any("differs in volume from the standard" in text for text in unknown.warnings)
    apart = content["measurements"]
    apart["wellCounterSamples"] = counter.pop("samples")
    assert evaluate(caseOf(content)).values["maximumActivityGBq"] > 0
    del apart["wellCounterSamples"]
    with pytest.raises(InputError, match="has no samples"):
        evaluate(caseOf(content))


def test_countsBelowBackgroundAndDeadTime():
    content = example("bloodDose")
    content["administration"]["activityMBq"] = 3700
    del content["measurements"]["blood"]
    sample = {"timeHours": 2.0, "countedAtHours": 3.0, "volumeML": 1.0, "countingSeconds": 60.0, "counts": 500}
    content["measurements"]["wellCounter"] = {
        "standard": {"activityKBq": 2.0, "counts": 30000, "countingSeconds": 60.0},
        "background": {"counts": 600, "countingSeconds": 60.0}, "samples": [sample],
        "deadTimeMicroseconds": 50.0, "deadTimeModel": "nonParalyzable"}
    with pytest.raises(InputError, match="sample 1: The count rate .* not above the background"):
        evaluate(caseOf(content))
    content["measurements"]["wellCounter"]["samples"] = [
        sample | {"counts": 120000}, sample | {"timeHours": 24.0, "countedAtHours": 25.0, "counts": 50000}]
    assert any("count it again after it has decayed" in text for text in evaluate(caseOf(content)).warnings)
    content["measurements"]["wellCounter"]["samples"][0]["counts"] = 2000000
    with pytest.raises(InputError, match="the most that a non-paralyzable detector"):
        evaluate(caseOf(content))


def test_bloodIsStatedTwice():
    case = lutetiumCase()
    case.measurements["wellCounter"] = {"standard": {}, "background": {}}
    with pytest.raises(InputError, match="Blood is stated twice"):
        bloodAndMarrow.evaluate(case)


def test_marrowFromBlood():
    """6.0e-4 h/mL, density 1.06, ratio 1, 177Lu: 0.0483 Gy/GBq."""
    result = bloodAndMarrow.evaluate(lutetiumCase())
    assert result.values["marrowBloodBasedAbsorbedDoseCoefficientGyPerGBq"] == pytest.approx(0.0483, abs=5e-5)
    assert result.values["marrowAbsorbedDoseGy"] == pytest.approx(7.4 * 0.0483, abs=5e-4)
    assert any("lower bound" in text for text in result.warnings)
    assert any("ratio 1" in text for text in result.assumptions)
    stated = bloodAndMarrow.evaluate(lutetiumCase(0.40))
    assert stated.values["marrowAbsorbedDoseGy"] == result.values["marrowAbsorbedDoseGy"]
    assert any("would be 0.3167" in text for text in stated.assumptions)


def test_marrowByImages():
    regions = (RegionDose("vertebral marrow L2", "marrow", 40.0, 1.0, 0.2),
               RegionDose("vertebral marrow L3", "marrow", 60.0, 2.0, 0.3), RegionDose("liver", "liver", 1500.0, 5.0))
    result = bloodAndMarrow.evaluate(lutetiumCase(regions=regions))
    assert result.values["marrowMethod"] == "image-based"
    assert result.values["marrowAbsorbedDoseGy"] == pytest.approx(1.6)
    assert result.values["marrowImageBasedAbsorbedDoseGy"] == pytest.approx(1.6)
    assert result.values["marrowAbsorbedDoseUncertaintyGy"] == pytest.approx(0.26)
    assert result.values["marrowBloodBasedAbsorbedDoseGy"] == pytest.approx(7.4 * 0.0483, abs=5e-4)
    assert any("two methods and are not mixed" in text and "4.48" in text for text in result.warnings)


def test_marrowNeedsTheHematocrit():
    result = bloodAndMarrow.evaluate(lutetiumCase(radionuclide="I-131", wholeBody=True))
    assert result.values["marrowAbsorbedDoseGy"] is None and result.values["marrowMethod"] is None
    assert any("needs the hematocrit" in text for text in result.warnings)
    assert bloodAndMarrow.evaluate(lutetiumCase(0.4, radionuclide="I-131", wholeBody=True)).values[
        "marrowAbsorbedDoseGy"] > 0


def test_marrowByStatedSValues():
    """A body of one S value: 1000 S (whole body - marrow itself) beside the part of its own."""
    rows = [{"source": "total body", "sValueGyPerMBqH": 2e-7, "massKg": 73.0},
            {"source": "liver", "sValueGyPerMBqH": 2e-7, "massKg": 1.8, "timeIntegratedActivityCoefficientH": 3.0}]
    alone = bloodAndMarrow.evaluate(lutetiumCase()).values["marrowBloodBasedAbsorbedDoseCoefficientGyPerGBq"]
    result = bloodAndMarrow.evaluate(lutetiumCase(wholeBody=True, sValues=rows))
    marrowH = 6.0e-4 / 1.06 * 1170.0
    assert result.values["marrowBloodBasedAbsorbedDoseCoefficientGyPerGBq"] - alone == pytest.approx(
        1000 * 2e-7 * (40.0 - marrowH), rel=1e-4)
    assert not any("lower bound" in text for text in result.warnings)
    unused = bloodAndMarrow.evaluate(lutetiumCase(sValues=rows))
    assert any("S values of red marrow are not used" in text for text in unused.warnings)


def test_wholeBodyOfAnotherRadionuclide():
    values = bloodAndMarrow.evaluate(lutetiumCase(wholeBody=True)).values
    assert values["wholeBodyTimeIntegratedActivityCoefficientH"] == pytest.approx(40.0, rel=1e-3)
    assert values["wholeBodyAbsorbedDoseGy"] is None
    assert values["wholeBodyElectronAbsorbedDoseCoefficientGyPerGBq"] == pytest.approx(40 * 0.08532 / 73.0, rel=1e-3)


def test_alphaEmittersAreNotGuessed():
    result = bloodAndMarrow.evaluate(lutetiumCase(0.4, radionuclide="Ac-225", wholeBody=True))
    assert result.values["bloodAbsorbedDoseGy"] is None and result.values["marrowAbsorbedDoseGy"] is None
    assert sum("radioactive progeny" in text for text in result.warnings) == 3


def test_nothingStated():
    assert bloodAndMarrow.evaluate(TherapyCase(None, "Lu-177", 7400.0)) is None
    with pytest.raises(InputError, match="need the administered activity"):
        bloodAndMarrow.evaluate(TherapyCase(None, "Lu-177", measurements=lutetiumCase().measurements))


def test_coverageOfTheLargestActivity():
    """5 % scatter of samples, 3 % of readings: 95 % of the activities at 95 % are below the true one."""
    random = np.random.default_rng(17)
    below, inside, runs = 0, 0, 40
    for _ in range(runs):
        content = example("bloodDose")
        for row in content["measurements"]["blood"]:
            row["activityMBqPerML"] *= random.normal(1.0, 0.05)
        for row in content["measurements"]["wholeBody"]:
            factor = random.normal(1.0, 0.03)
            for key in ("anteriorCps", "posteriorCps"):
                rate = (row[key] - 2.0) * factor + 2.0
                row[key] = float(random.poisson(rate * 600.0) / 600.0)
        values = evaluate(caseOf(content)).values
        below += values["maximumActivityAt95PercentGBq"] <= 17.70
        inside += abs(values["maximumActivityGBq"] - 17.70) < 1.96 * values["maximumActivityUncertaintyGBq"]
    assert below / runs >= 0.85 and inside / runs >= 0.85, (below / runs, inside / runs)


def test_besideTheCohorts():
    """Blood with blood samples alone; a single whole-body reading says nothing of blood samples."""
    rows = evaluate(caseOf(example("bloodDose"))).values["cohort"]["comparison"]
    assert {row["region"] for row in rows} == {"whole body", "blood"}
    women = next(row for row in rows if row["region"] == "blood" and row["center"] == 0.118)
    assert 30 < women["percentile"] < 60
    single = evaluate(caseOf(example("wholeBodySinglePoint"))).values["cohort"]["comparison"]
    assert {row["region"] for row in single} == {"whole body"}


def test_bloodOfLutetiumBesideItsLevels():
    """Red marrow from blood is compared with cohorts by blood alone, and stands beside what the images give."""
    regions = (RegionDose("vertebral marrow L2", "marrow", 40.0, 0.5, 0.1),)
    values = evaluate(lutetiumCase(regions=regions)).values
    assert values["levelReached"] == 2 and values["marrowMethod"] == "image-based"
    rows = [row for row in values["cohort"]["comparison"] if row["region"] == "red marrow (blood-based)"]
    assert rows and {row["center"] for row in rows} == {0.0164} and rows[0]["isOutside"]
    without = lutetiumCase(regions=regions)
    without.measurements.clear()
    assert "marrowMethod" not in evaluate(without).values
