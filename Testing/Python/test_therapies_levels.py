"""The three levels: cohort, patient, prescription with its uncertainty."""

import math

import numpy as np
import pytest
from scipy import stats
from therapyCases import SHAPE, case, earlier, limit, regionDose, unimaged

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.physics.radiobiology import leaCatchesideFactor
from MRTDosimetryLib.therapies import inputs
from MRTDosimetryLib.therapies.allowanceWords import DECISION
from MRTDosimetryLib.therapies.levels import evaluate

Q = leaCatchesideFactor(SHAPE, 2.8) / 2.6


def prescribed(value, **content):
    return {"prescription": inputs.checked({"prescription": value})["prescription"], **content}


def twoCycles(value, uncertainty=None, **content):
    """T7: 0.55 Gy/GBq, 2 x 7.4 GBq given."""
    more = {} if uncertainty is None else {"absorbedDoseUncertaintyGy": uncertainty}
    return evaluate(case([regionDose("kidney left", "kidney", 4.07, uncertainty)],
                         earlierCycles=(earlier(1, 4.07, effectiveHalfLifeHours=50.0, **more),),
                         **prescribed(value, **content)))


# Level 1

def test_expectedOfACohort():
    result = evaluate(case())
    assert result.values["levelReached"] == 1 and result.values["isDeliveryConfirmed"] is None
    rows = [row for row in result.values["cohort"]["expected"] if row["tissue"] == "kidney" and row["verified"]]
    marin = next(row for row in rows if row["patients"] == 12)
    assert marin["absorbedDoseGy"] == pytest.approx(7.4 * 0.43)
    assert (marin["leastGy"], marin["largestGy"]) == (pytest.approx(7.4 * 0.27), pytest.approx(7.4 * 0.91))
    assert marin["low95Gy"] < marin["absorbedDoseGy"] < marin["high95Gy"]
    labels = [row for row in result.values["cohort"]["expected"] if not row["verified"]]
    assert labels and any("not verified" in text for text in result.assumptions)
    assert result.recommendation == "" and "limits" not in result.values
    assert any("level 1" in table.title for table in result.tables)


def test_deviationFromThePrescribedActivity():
    assert evaluate(case(activityMBq=8200.0, prescribed=7400.0)).values["administeredDeviationPercent"] == \
        pytest.approx(10.81, abs=5e-3)


def test_confirmationByImages():
    stated = inputs.checked({"measurements.deliveryConfirmation": {"isConfirmed": False, "method": "planar"}})
    result = evaluate(case(measurements={"deliveryConfirmation": stated["measurements.deliveryConfirmation"]}))
    assert result.values["isDeliveryConfirmed"] is False
    assert any("do not confirm the delivery (planar)" in text for text in result.warnings)
    assert evaluate(case([regionDose("kidney left", "kidney")])).values["isDeliveryConfirmed"] is True
    with pytest.raises(InputError, match="neither true nor false"):
        inputs.checked({"measurements.deliveryConfirmation": {"isConfirmed": "yes"}})


# Level 2

def test_percentileOfThePatient():
    result = evaluate(case([regionDose("kidney left", "kidney", 4.07)]))
    row = next(row for row in result.values["cohort"]["comparison"] if row["patients"] == 12)
    sigma = math.sqrt(math.log(1 + (0.13 / 0.43) ** 2))
    z = (math.log(0.55) - math.log(0.43) + sigma ** 2 / 2) / sigma
    assert row["value"] == pytest.approx(0.55) and row["zScore"] == pytest.approx(z)
    assert row["percentile"] == pytest.approx(100 * stats.t.cdf(z / math.sqrt(13 / 12), 11))
    assert row["isOutside"] is False and "log-normal" in row["distribution"] and result.values["levelReached"] == 2


def test_outsideOfTheCohortIsFlagged():
    result = evaluate(case([regionDose("kidney left", "kidney", 20.0)]))
    assert any("outside of what is expected of 95 %" in text for text in result.warnings)


def test_unitsThatCannotBe():
    """Absorbed dose in mGy, or Gy/MBq taken for Gy/GBq."""
    for wrong in (4070.0, 0.004):
        result = evaluate(case([regionDose("kidney left", "kidney", wrong)]))
        assert any("check the units" in text for text in result.warnings)


def test_effectiveHalfLifeBesideItsPopulation():
    regions = [regionDose("kidney left", "kidney", 4.0, halfLifeHours=35.5),
               regionDose("parotid left", "salivaryGland", 6.0, halfLifeHours=42.2)]
    result = evaluate(case(regions, "lutetiumPsma.multiTimePoint"))
    rows = {row["region"]: row for row in result.values["cohort"]["comparison"]
            if row["quantity"] == "effectiveHalfLife"}
    assert rows["kidney left"]["percentile"] == pytest.approx(50.0)
    assert rows["parotid left"]["percentile"] == pytest.approx(50.0)
    # no half-lives of DOTATATE are shipped
    dotatate = evaluate(case([regionDose("kidney left", "kidney")]))
    assert not [row for row in dotatate.values["cohort"]["comparison"] if row["quantity"] == "effectiveHalfLife"]


def test_marrowOfImagesIsNotComparedWithBlood():
    rows = evaluate(case([regionDose("vertebral marrow", "marrow", 0.5)])).values["cohort"]["comparison"]
    assert rows and not any("blood" in row["method"] for row in rows)


def test_limitsOfPracticeAreShownAndNotApplied():
    result = evaluate(case([regionDose("kidney left", "kidney", 30.0)]))
    table = next(table for table in result.tables if "none of them is applied" in table.title)
    assert any(row[1] == "absorbed dose 23 Gy" and row[4] == pytest.approx(100 * 30 / 23) for row in table.rows)
    assert "nextActivityMBq" not in result.values and result.recommendation == ""


# Level 3

def test_workedExampleInAbsorbedDose():
    """T7: 14.86 Gy left, 27.018 GBq."""
    result = twoCycles({"limits": [limit()], "activityPerCycleMBq": 7400})
    values, row = result.values, result.values["limits"][0]
    assert values["levelReached"] == 3
    assert row["accumulatedGy"] == pytest.approx(8.14) and row["remainingGy"] == pytest.approx(14.86)
    assert row["consumedShare"] == pytest.approx(8.14 / 23)
    assert values["remainingActivityMBq"] == pytest.approx(27018, abs=0.5)
    assert values["nextActivityMBq"] == values["remainingActivityMBq"]
    assert values["remainingCycles"] == pytest.approx(14.86 / 4.07) and values["remainingCyclesWhole"] == 3
    assert values["bindingLimit"] == "kidney, absorbed dose 23 Gy (kidney left)"
    assert "3.65 further cycles of 7400 MBq (3 whole)" in result.recommendation
    assert result.recommendation.endswith(DECISION)
    assert values["limitProbability"][0]["probability"] is None
    assert any("uncertainty of the absorbed dose is not known" in text for text in result.warnings)
    assert any("every other time" in text for text in result.assumptions)


@pytest.mark.parametrize(("valueGy", "cycles"), [(28.0, 6.35), (40.0, 9.07)])
def test_workedExampleInBED(valueGy, cycles):
    """T7: BED of a cycle 4.4079 Gy; 6.35 cycles to 28 Gy, 9.07 to 40 Gy. One of them is given here."""
    result = evaluate(case([regionDose("kidney left", "kidney")], **prescribed(
        {"limits": [limit(valueGy, "bed")], "activityPerCycleMBq": 7400})))
    row = result.values["limits"][0]
    assert row["accumulatedGy"] == pytest.approx(4.4079, abs=5e-5)
    assert 1 + result.values["remainingCycles"] == pytest.approx(cycles, abs=5e-3)
    assert any("BED of kidney: alpha/beta 2.6 Gy" in text and "not verified" in text for text in result.assumptions)


def test_probabilityAgainstTheClosedForm():
    uncertainty = 0.13 * 4.07
    result = twoCycles({"limits": [limit()], "probability": 0.05, "activityPerCycleMBq": 7400}, uncertainty)
    sigma = math.sqrt(math.log1p(0.13 ** 2))
    factor = math.exp(sigma * stats.norm.ppf(0.95) - sigma ** 2 / 2)
    assert result.values["nextActivityMBq"] == pytest.approx(1000 * (23 / factor - 8.14) / 0.55, rel=3e-4)
    chance = 1 - stats.norm.cdf((math.log(23 / (3 * 4.07)) + sigma ** 2 / 2) / sigma)
    assert result.values["limitProbability"][0]["probability"] == pytest.approx(chance, abs=3e-5)
    assert result.values["limits"][0]["expectedActivityMBq"] == pytest.approx(27018, abs=0.5)
    assert "at most 0.05" in result.recommendation


def test_probabilityBySimulation():
    """Three further cycles with variation: drawn by another generator, the limit is passed as often as stated."""
    result = twoCycles({"limits": [limit(28.0, "bed")], "probability": 0.05, "cyclesPlanned": 5,
                        "cycleVariation": 0.15, "activityPerCycleMBq": 7400}, 0.1 * 4.07)
    activity = result.values["nextActivityMBq"] / 1000
    random, count = np.random.default_rng(5), 200000

    def factor(relative):
        sigma = math.sqrt(math.log1p(relative ** 2))
        return random.lognormal(-sigma ** 2 / 2, sigma, count)

    common, total = factor(0.1), 0.0
    for best, variation in ((4.07, 0), (4.07, 0), *((0.55 * activity, 0.15),) * 3):
        dose = best * common * factor(variation)
        total = total + dose + Q * dose ** 2
    assert np.mean(total > 28.0) == pytest.approx(0.05, abs=0.004)
    assert result.values["plannedCycles"] == 3 and result.values["limitProbability"][0]["cycles"] == 3


def test_alphaBetaWithUncertaintyLowersTheActivity():
    common = {"limits": [limit(28.0, "bed")], "probability": 0.05, "alphaBetaGy": {"kidney": 2.6},
              "repairHalfLifeHours": {"kidney": 2.8}, "radiobiologySource": "own"}
    without = twoCycles(common, 0.1 * 4.07).values["nextActivityMBq"]
    less = twoCycles({**common, "alphaBetaUncertaintyGy": 1.0}, 0.1 * 4.07).values["nextActivityMBq"]
    assert less < 0.995 * without


def test_probabilityNeedsAnUncertainty():
    result = twoCycles({"limits": [limit()], "probability": 0.05})
    assert result.values["nextActivityMBq"] is None and result.values["remainingCycles"] is None
    assert result.values["limits"][0]["expectedActivityMBq"] == pytest.approx(27018, abs=0.5)
    assert any("nothing is given for the accepted probability" in text for text in result.warnings)
    assert result.recommendation == ""


def test_theFirstLimitToBindCounts():
    regions = [regionDose("kidney left", "kidney", 4.0), regionDose("kidney right", "kidney", 5.0),
               regionDose("vertebral marrow", "marrow", 0.5)]
    result = evaluate(case(regions, **prescribed({"limits": [limit(), limit(2.0, tissue="marrow"),
                                                             limit(40.0, region="kidney left")]})))
    assert result.values["bindingLimit"] == "marrow, absorbed dose 2 Gy (vertebral marrow)"
    assert result.values["remainingActivityMBq"] == pytest.approx(3 * 7400)
    assert [row["region"] for row in result.values["limits"]] == ["kidney left", "kidney right", "vertebral marrow",
                                                                  "kidney left"]


def test_eachOrganHasItsOwnKinetics():
    """The same absorbed dose, given faster, is the higher BED."""
    slow, fast = regionDose("kidney left", "kidney", 5.0), regionDose(
        "kidney right", "kidney", 5.0, shape=((1.0, math.log(2) / 20),))
    rows = evaluate(case([slow, fast], **prescribed({"limits": [limit(28.0, "bed")]}))).values["limits"]
    assert rows[0]["accumulatedGy"] == pytest.approx(5.509907, abs=5e-7)
    assert rows[1]["accumulatedGy"] == pytest.approx(5 + 25 * (2.8 / 22.8) / 2.6)


def test_wantedAbsorbedDose():
    regions = [regionDose("kidney left", "kidney", 4.07), regionDose("lesion 1", "tumor", 37.0, 3.7)]
    result = evaluate(case(regions, **prescribed({"absorbedDoseGy": 74.0, "region": "lesion 1",
                                                  "activityPerCycleMBq": 7400})))
    assert result.values["targetActivityMBq"] == pytest.approx(7400) == result.values["nextActivityMBq"]
    assert result.values["bindingLimit"] is None
    assert result.values["targetReachedProbability"] == pytest.approx(0.5, abs=0.05)
    assert result.recommendation.endswith(DECISION)
    limited = evaluate(case(regions, **prescribed({"absorbedDoseGy": 500.0, "tissue": "tumor", "cyclesPlanned": 3,
                                                   "limits": [limit()]})))
    assert limited.values["targetActivityMBq"] == pytest.approx((500 - 37) / 5 * 1000 / 2)
    assert limited.values["nextActivityMBq"] == pytest.approx((23 - 4.07) / 0.55 * 1000 / 2)
    assert "the limits allow" in limited.recommendation


def test_aLimitThatIsPassed():
    result = evaluate(case([regionDose("kidney left", "kidney", 25.0, 2.0)], **prescribed(
        {"limits": [limit()], "probability": 0.05})))
    assert result.values["nextActivityMBq"] == 0.0 and result.values["remainingCyclesWhole"] == 0
    assert any("already passed" in text for text in result.warnings)
    assert result.recommendation == f"The stated limits leave no further activity. {DECISION}"


def test_aLimitThatIsPassedTooProbably():
    result = evaluate(case([regionDose("kidney left", "kidney", 22.0, 3.0)], **prescribed(
        {"limits": [limit()], "probability": 0.05})))
    assert result.values["nextActivityMBq"] == 0.0
    assert any("probability that the limit is already passed is above 0.05" in text for text in result.warnings)


def test_morePlannedThanGiven():
    result = twoCycles({"limits": [limit()], "cyclesPlanned": 2})
    assert any("2 cycles are planned and 2 are given" in text for text in result.warnings)
    assert any("more than 25 % above the usual" in text for text in result.warnings)  # 27 GBq in one cycle


def test_cyclesWithoutImagesWidenTheMargin():
    value = {"limits": [limit()], "probability": 0.05, "cycleVariation": 0.2}

    def left(rows):
        return evaluate(case(activityMBq=None, earlierCycles=tuple(rows), **prescribed(value))).values[
            "remainingActivityMBq"]
    measured = [earlier(cycle, absorbedDoseUncertaintyGy=0.4) for cycle in (1, 2)]
    assert left([measured[0], unimaged(2)]) < left(measured)


def test_bedOfAnUnknownTissueIsNotComputed():
    result = evaluate(case([regionDose("parotid left", "salivaryGland", 5.0)], **prescribed(
        {"limits": [limit(30.0, "bed", region="parotid left")]})))
    assert result.values["limits"][0]["accumulatedGy"] is None and result.values["nextActivityMBq"] is None
    assert any("parameters of its tissue are not known" in text for text in result.warnings)
    stated = evaluate(case([regionDose("parotid left", "salivaryGland", 5.0)], **prescribed(
        {"limits": [limit(30.0, "bed", region="parotid left")], "alphaBetaGy": 3.0, "repairHalfLifeHours": 1.5,
         "radiobiologySource": "own"})))
    assert stated.values["limits"][0]["accumulatedGy"] == pytest.approx(5 + 25 * (1.5 / 51.5) / 3)


def test_otherParametersNeedTheCourseInTime():
    """A BED from the table's parameters is not turned into one of others."""
    regions = [regionDose("kidney left", "kidney", 5.0, shape=(), bedGy=5.5)]
    value = {"limits": [limit(28.0, "bed")]}
    assert evaluate(case(regions, **prescribed(value))).values["limits"][0]["accumulatedGy"] == pytest.approx(5.5)
    result = evaluate(case(regions, **prescribed({**value, "alphaBetaGy": 3.0, "radiobiologySource": "own"})))
    assert result.values["limits"][0]["accumulatedGy"] is None
    assert any("course in time of a cycle is not known" in text for text in result.warnings)


def test_nothingKnownOfThePatient():
    result = evaluate(case(activityMBq=None, **prescribed({"limits": [limit()]})))
    assert result.values["nextActivityMBq"] is None
    assert any("No absorbed dose of this patient is known" in text for text in result.warnings)


@pytest.mark.parametrize("value", [{"limits": [limit(region="kidney")]}, {"limits": [limit(tissue="spleen")]},
                                   {"absorbedDoseGy": 50.0, "region": "lesion 7"}])
def test_unknownRegionsAreRefused(value):
    with pytest.raises(InputError, match="Known are kidney left|Regions are kidney left"):
        evaluate(case([regionDose("kidney left", "kidney")], **prescribed(value)))


@pytest.mark.parametrize(("activity", "unit"), [(200.0, "mCi"), (7.4, "GBq")])
def test_activityInAnotherUnitByMagnitude(activity, unit):
    result = twoCycles({"limits": [limit()], "activityPerCycleMBq": activity})
    assert any(f"looks as if it were in {unit}" in text for text in result.warnings)


@pytest.mark.parametrize(("value", "words"), [
    ({"probability": 5}, "0.05 for 5 %"), ({"probability": 0}, "above 0"), ({"probability": -0.05}, "above 0"),
    ({"absorbedDoseGy": -1}, "above 0"), ({"absorbedDoseGy": "70"}, "not a number"),
    ({"cycleVariation": 15}, "0.15 for 15 %"), ({"cyclesPlanned": 4.5}, "whole number"),
    ({"cyclesPlanned": True}, "whole number"), ({"activityPerCycleMBq": 0}, "above 0"),
    ({"activityPerCycleMBq": 7.4e6}, "Give it in MBq"),
    ({"dose": 23}, "'dose' is not known"), ({"limits": {"tissue": "kidney"}}, "not a list"),
    ({"limits": [limit(2300.0)]}, "Give it in Gy"), ({"limits": [limit(-23.0)]}, "above 0"),
    ({"limits": [limit(tissue="kidney left")]}, "a single region is given as region"),
    ({"limits": [limit(tissue="kidney", region="kidney left")]}, "Both a region and a tissue"),
    ({"limits": [{"quantity": "bed", "valueGy": 28}]}, "Neither a region nor a tissue"),
    ({"limits": [{"tissue": "kidney", "valueGy": 28}]}, "quantity is not stated"),
    ({"limits": [limit(quantity="BED")]}, "is not known"),
    ({"limits": [{**limit(), "unit": "Gy"}]}, "'unit' is not known"),
    ({"tissue": "kidney"}, "no wanted absorbed dose"), ({"quantity": "dose", "absorbedDoseGy": 3}, "not known"),
    ({"alphaBetaGy": 2.6}, "without its source"), ({"alphaBetaGy": -2.6, "radiobiologySource": "own"}, "above 0"),
    ({"alphaBetaGy": {"kidneys": 2.6}, "radiobiologySource": "own"}, "is not a tissue"),
    ({"wholeBodyAbsorbedDoseGy": 400}, "Give it in Gy"), ([], "not an object")])
def test_badPrescriptions(value, words):
    with pytest.raises(InputError) as caught:
        inputs.checked({"prescription": value})
    assert words in str(caught.value)


def test_aLimitWithoutSourceIsSaid():
    result = twoCycles({"limits": [limit(source="")]})
    assert any("no source of the limit is stated" in text for text in result.warnings)


def test_sourcesOfNoUseAreRefused():
    with pytest.raises(InputError, match="not a text"):
        inputs.checked({"prescription": {"limits": [limit(source=7)]}})
