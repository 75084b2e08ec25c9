"""Several cycles of one patient: what a study file states, sums, cycles without images."""

import math

import pytest
from therapyCases import SHAPE, case, earlier, regionDose, unimaged

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.physics.radiobiology import bed, leaCatchesideFactor
from MRTDosimetryLib.therapies import inputs
from MRTDosimetryLib.therapies.course import accumulated, courses
from MRTDosimetryLib.therapies.cycles import checkEarlierCycles, rowFromResults
from MRTDosimetryLib.therapies.levels import evaluate

FACTOR = leaCatchesideFactor(SHAPE, 2.8)


def check(rows):
    return inputs.checked({"earlierCycles": rows})["earlierCycles"]


def only(result):
    rows = result.values["accumulated"]
    assert len(rows) == 1
    return rows[0]


def test_absorbedDoseAndBEDAddUp():
    """T25: BED of 5 Gy at 50 h is 5.509907 Gy; four such cycles give 22.0396 Gy."""
    rows = [earlier(cycle, 5.0, effectiveHalfLifeHours=50.0, absorbedDoseUncertaintyGy=0.65) for cycle in (1, 2, 3)]
    found = only(evaluate(case([regionDose("kidney left", "kidney", 5.0, 0.65)], earlierCycles=tuple(check(rows)))))
    assert found["region"] == "kidney left" and found["cycles"] == [1, 2, 3, 4] and found["estimatedCycles"] == []
    assert found["absorbedDoseGy"] == pytest.approx(20.0)
    assert found["bedGy"] == pytest.approx(22.0396, abs=5e-5)
    assert found["absorbedDoseUncertaintyGy"] == pytest.approx(4 * 0.65)  # the same error in all cycles


def test_aStatedBEDOfACycleCounts():
    row = earlier(1, 5.0, bedGy=5.8)
    found = only(evaluate(case([regionDose("kidney left", "kidney", 5.0)], earlierCycles=tuple(check([row])))))
    assert found["bedGy"] == pytest.approx(5.8 + bed(5.0, FACTOR, 2.6))


def test_alternateCycleDosimetry():
    """Cycles 1 and 3 imaged; 2 and 4 without images take the nearest one's absorbed dose per activity."""
    rows = check([earlier(1, 4.0, effectiveHalfLifeHours=50.0, absorbedDoseUncertaintyGy=0.4),
                  unimaged(2, 3700.0, cycleVariation=0.2),
                  earlier(3, 6.0, effectiveHalfLifeHours=60.0, absorbedDoseUncertaintyGy=0.6),
                  unimaged(4, 7400.0, cycleVariation=0.2)])
    result = evaluate(case(activityMBq=None, earlierCycles=tuple(rows)))
    found = only(result)
    assert found["estimatedCycles"] == [2, 4] and found["cycles"] == [1, 2, 3, 4]
    assert found["absorbedDoseGy"] == pytest.approx(4.0 + 2.0 + 6.0 + 6.0)
    assert found["absorbedDoseUncertaintyGy"] == pytest.approx(
        math.hypot(0.4 + 0.2 + 0.6 + 0.6, 0.2 * 2.0, 0.2 * 6.0))
    slower = leaCatchesideFactor([(1.0, math.log(2) / 60)], 2.8)
    assert found["bedGy"] == pytest.approx(
        bed(4.0, FACTOR, 2.6) + bed(2.0, FACTOR, 2.6) + 2 * bed(6.0, slower, 2.6))
    assert any("2, 4 has no images" in text and "estimated" in text for text in result.warnings)


def test_aStatedBEDIsScaledByItsQuadraticPart():
    rows = check([earlier(1, 4.0, bedGy=4.4), unimaged(2, 14800.0)])
    found = only(evaluate(case(activityMBq=None, earlierCycles=tuple(rows))))
    assert found["bedGy"] == pytest.approx(4.4 + 8.0 + 4 * 0.4)


def test_noVariationStatedIsSaid():
    rows = check([earlier(1, 4.0), unimaged(2)])
    result = evaluate(case(activityMBq=None, earlierCycles=tuple(rows)))
    assert any("No variation between cycles is stated" in text for text in result.warnings)
    varied = case(activityMBq=None, earlierCycles=tuple(rows), prescription={"cycleVariation": 0.1})
    assert not any("No variation" in text for text in evaluate(varied).warnings)


def test_thePresentCycleWithoutImages():
    found = only(evaluate(case(earlierCycles=tuple(check([earlier(1, 4.0)])), activityMBq=3700.0)))
    assert found["absorbedDoseGy"] == pytest.approx(6.0) and found["estimatedCycles"] == [2]


def test_aRegionThatOneCycleLacksIsEstimatedAndSaid():
    rows = check([earlier(1, 4.0, region="Left kidney")])
    result = evaluate(case([regionDose("kidney left", "kidney", 5.0)], earlierCycles=tuple(rows)))
    byName = {row["region"]: row for row in result.values["accumulated"]}
    assert byName["kidney left"]["absorbedDoseGy"] == pytest.approx(10.0)
    assert byName["kidney left"]["estimatedCycles"] == [1] and byName["Left kidney"]["estimatedCycles"] == [2]
    assert any("Check the name" in text for text in result.warnings)


def test_unknownUncertaintyAndBEDStayUnknown():
    rows = check([earlier(1, 4.0)])
    result = evaluate(case([regionDose("kidney left", "kidney", 5.0, 0.5)], earlierCycles=tuple(rows)))
    found = only(result)
    assert found["absorbedDoseUncertaintyGy"] is None and found["bedGy"] is None
    assert any("no uncertainty" in text for text in result.warnings)
    assert any("BED is not computed" in text for text in result.warnings)


def test_aGapInTheCyclesIsSaid():
    result = evaluate(case([regionDose("kidney left", "kidney")], earlierCycles=tuple(check([earlier(1), earlier(3)]))))
    assert any("Cycle 2 is not stated" in text for text in result.warnings)


def test_thePresentCycleMayNotBeAnEarlierOne():
    with pytest.raises(InputError, match="Cycle 1 is the present one"):
        evaluate(case([regionDose("kidney left", "kidney")], earlierCycles=tuple(check([earlier(1)])),
                      patient={"cycle": 1}))


def test_cyclesFromResults():
    results = {"administration": {"activityMBq": 7400.0, "dateTime": "2026-05-04T10:00:00"}, "regions": [
        {"name": "kidney left", "tissue": "kidney", "absorbedDoseGy": 4.0, "absorbedDoseUncertaintyGy": 0.5,
         "bedGy": 4.4, "effectiveHalfLifeHours": 50.0, "massG": 150.0, "volumeML": 140.0,
         "fit": {"absorbedDoseRateShape": [[1.0, 0.0139], [-0.5, 0.3]]}},
        {"name": "lesion", "tissue": "tumor", "absorbedDoseGy": 40.0, "absorbedDoseUncertaintyGy": None, "bedGy": None,
         "effectiveHalfLifeHours": None, "massG": 10.0, "fit": {"absorbedDoseRateShape": None}}]}
    row = rowFromResults(results, 1, "cycle 1")
    assert row["regions"]["kidney left"]["rateShape"] == ((1.0, 0.0139), (-0.5, 0.3))
    assert row["regions"]["lesion"] == {"absorbedDoseGy": 40.0, "massG": 10.0, "tissue": "tumor"}
    found, _warnings = courses(case(activityMBq=None, earlierCycles=(row,)))
    assert accumulated(found, {})[0][0]["bedGy"] == pytest.approx(4.4)
    with pytest.raises(InputError, match="no administered activity"):
        rowFromResults({"regions": results["regions"]}, 1, "cycle 1")


def test_regionsAsAListAndCyclesAsTheyAreListed():
    rows = [{"administeredActivityMBq": 7400, "dateTime": None,
             "regions": [{"name": "kidney left", "absorbedDoseGy": dose, "tissue": "kidney"}]} for dose in (4.0, 5.0)]
    found = check(rows)
    assert [row["cycle"] for row in found] == [1, 2]
    assert found[1]["regions"] == {"kidney left": {"absorbedDoseGy": 5.0, "tissue": "kidney"}}
    with pytest.raises(InputError, match="each once"):
        check([{**rows[0], "regions": rows[0]["regions"] * 2}])
    with pytest.raises(InputError, match="number of the cycle, None"):
        check([{**rows[0], "cycle": 1}, rows[1]])


def test_aReferenceIsKeptForTheReader():
    assert check([{"results": "cycle1/results.json"}]) == [{"results": "cycle1/results.json", "cycle": 1}]
    with pytest.raises(InputError, match="was not read"):
        evaluate(case(earlierCycles=({"results": "cycle1/results.json"},)))


@pytest.mark.parametrize(("rows", "words"), [
    ([], "at least 1"),
    ([earlier(0)], "whole number from 1"),
    ([earlier("1")], "whole number from 1"),
    ([earlier(1), earlier(1)], "stated twice"),
    ([earlier(1, activityMBq=-7400.0)], "above 0"),
    ([earlier(1, activityMBq="7400")], "not a number"),
    ([earlier(1), earlier(2, activityMBq=200.0)], "mCi"),
    ([earlier(1), earlier(2, activityMBq=7.4)], "GBq"),
    ([earlier(1), earlier(2, 4070.0)], "units seem to be mixed"),
    ([earlier(1, -4.0)], "above 0"),
    ([earlier(1, 4.0, bedGy=3.0)], "BED is not below"),
    ([earlier(1, 4.0, absorbedDoseUncertaintyGy=13.0)], "standard uncertainty"),
    ([earlier(1, 4.0, effectiveHalfLifeHours=0.0)], "above 0"),
    ([earlier(1, 4.0, dose=3.0)], "'dose' is not known"),
    ([unimaged(1, cycleVariation=15)], "0.15 for 15 %"),
    ([{"cycle": 1, "administeredActivityMBq": 7400.0}], "No absorbed doses"),
    ([{**earlier(1), "isImaged": False}], "without images"),
    ([{**earlier(1), "isImaged": "no"}], "neither true nor false"),
    ([{**earlier(1), "dateTime": "yesterday"}], "not a date"),
    ([{**earlier(1), "activity": 1}], "'activity' is not known"),
    ([{"results": ""}], "not named"),
    ([{"results": "a.json", "administeredActivityMBq": 7400}], "both stated"),
    ([{"results": "a.json", "cycle": 0}], "whole number"), ([earlier(1), "cycle 2"], "not an object"),
    ({"cycle": 1}, "not a list")])
def test_badCycles(rows, words):
    with pytest.raises(InputError) as caught:
        checkEarlierCycles(rows, "earlierCycles")
    assert words in str(caught.value)


def test_allFaultsInOneGo():
    with pytest.raises(InputError) as caught:
        checkEarlierCycles([earlier(0, -4.0), earlier(2, activityMBq=0)], "earlierCycles")
    assert len(caught.value.faults) == 3
