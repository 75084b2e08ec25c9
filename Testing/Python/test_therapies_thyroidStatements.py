"""What is stated about the thyroid is refused in words where it cannot be, and never changed in silence."""

import pytest

from MRTDosimetryLib.errors import FaultList, InputError
from MRTDosimetryLib.therapies import inputs

ROW = {"timeHours": 120.0, "uptakeFraction": 0.3}
COUNTS = {"timeHours": 120.0, "patientCounts": 20150, "backgroundCounts": 150, "standardCounts": 50120,
          "roomCounts": 120}
LOBE = {"leftLobeLengthMM": 50.0, "leftLobeWidthMM": 20.0, "leftLobeDepthMM": 20.0}
NODULE = {"noduleLengthMM": 30.0, "noduleWidthMM": 20.0, "noduleDepthMM": 20.0}


def check(key, value):
    return inputs.checked({key: value})[key]


def without(row, key):
    return {name: value for name, value in row.items() if name != key}


def test_whatIsGivenIsKept():
    rows = [{**ROW, "timeHours": 24, "uncertainty": 0.01, "tracer": "I-123"}, {**COUNTS, "standardTimeHours": -1.0}]
    assert check("measurements.thyroidUptake", rows) == rows
    assert check("measurements.thyroidUptakeVerification", [ROW]) == [ROW]
    thyroid = {**LOBE, "effectiveHalfLifeDays": 5.0, "effectiveHalfLifeSource": "test", "target": "whole gland"}
    assert check("thyroid", thyroid) == thyroid
    probe = {"deadTimeMicroseconds": 4.0, "deadTimeModel": "paralyzable", "tracer": "I-124"}
    assert check("measurements.thyroidProbe", probe) == probe


@pytest.mark.parametrize(("rows", "words"), [
    ([{**ROW, "uptakeFraction": 46.4}], "uptake is 46.4, but has to be .*0.42 for 42 %"),
    ([{**ROW, "uptakeFraction": 0.0}], "uptake is 0, but has to be above 0"),
    ([{**ROW, "uptakeFraction": "0.3"}], "uptake is not a number"),
    ([{**ROW, "uptakeFraction": float("nan")}], "not a finite number"),
    ([{**ROW, "uncertainty": 5.0}], "uncertainty of the uptake is 5"),
    ([{**ROW, "timeHours": 5.0}], "latest uptake is at 5 h .*Give the times in hours"),
    ([{**ROW, "timeHours": time} for time in (0.25, 1.0, 2.0, 8.0)],
     "latest uptake is at 8 h .*Give the times in hours"),
    ([{**ROW, "timeHours": 2880.0}], "time in hours is 2880, but has to be .*at most 720.*not minutes"),
    ([{**ROW, "timeHours": -3.0}], "time in hours is -3"),
    ([without(ROW, "timeHours")], "time of the measurement is missing"),
    ([{**ROW, "timeHours": 120.0}, {**ROW, "timeHours": 48.0}], "times are not in order: 48 h comes after 120 h"),
    ([{"timeHours": 120.0}], "Neither an uptake nor counts"),
    ([{**COUNTS, "uptakeFraction": 0.3}], "given as a fraction and by patientCounts"),
    ([without(COUNTS, "roomCounts")], "counts of the room without the standard are missing.*Give roomCounts"),
    ([without(COUNTS, "standardCounts")], "counts of the standard are missing"),
    ([{**COUNTS, "backgroundCounts": 30000}], "neck are not above those of the background"),
    ([{**COUNTS, "standardCounts": 100}], "standard are not above those of the room.*decayed"),
    ([{**COUNTS, "patientCounts": -1}], "counts of the neck is -1"),
    ([{**COUNTS, "patientSeconds": 60}], "not for background, standard, room"),
    ([{**ROW, "tracer": "Tc-99m"}], "tracer 'Tc-99m' is not known"),
    ([{**ROW, "uptakePercent": 30}], "key 'uptakePercent' is not known"),
    ([], "at least 1 are needed"), ({}, "not a list"), ([3], "not an object")])
def test_uptakesThatCannotBe(rows, words):
    with pytest.raises(InputError) as caught:
        check("measurements.thyroidUptake", rows)
    assert caught.match(words)


def test_allFaultsOfAllRowsAtOnce():
    with pytest.raises(FaultList) as caught:
        check("measurements.thyroidUptake", [{**ROW, "uptakeFraction": 30}, {**ROW, "timeHours": -1}])
    assert len(caught.value.faults) == 2 and "row 2" in str(caught.value)


@pytest.mark.parametrize(("thyroid", "words"), [
    ({"massG": 0}, "mass in g is 0, but has to be at least 0.3.*Give grams"),
    ({"massG": 0.02}, "mass in g is 0.02.*not kilograms"),
    ({"massG": 20000}, "mass in g is 20000.*milligrams"),
    ({"massG": "20"}, "mass in g is not a number"),
    ({"volumeML": 0.02}, "volume in mL is 0.02.*not liters"),
    ({"massG": 20, "volumeML": 20}, "mass is given more than once, by massG and volumeML"),
    ({"massG": 20, **LOBE}, "more than once, by massG and axes"),
    ({"leftLobeLengthMM": 5.0, "leftLobeWidthMM": 2.0, "leftLobeDepthMM": 2.0},
     "longest axis of the left lobe is 5 mm: centimeters by magnitude"),
    ({"noduleLengthMM": 3.0, "noduleWidthMM": 2.0, "noduleDepthMM": 2.0}, "nodule is 3 mm: centimeters by magnitude"),
    ({**LOBE, "leftLobeDepthMM": 0.0}, "axis of the left lobe in mm is 0"),
    (without(LOBE, "leftLobeDepthMM"), "left lobe not all three axes are given.*Give leftLobeDepthMM"),
    ({**LOBE, **NODULE}, "not which of them is the target"),
    ({**LOBE, "target": "nodule"}, "target is the nodule, but only axes of lobes"),
    ({**NODULE, "target": "whole gland"}, "target is the whole gland, but only axes of a nodule"),
    ({"massG": 20, "target": "gland"}, "target 'gland' is not known"),
    ({"massG": 20, "densityGPerML": 1.05}, "densityGPerML is given, but there are no volume or axes"),
    ({"massG": 20, "axisUncertaintyMM": 2.0}, "axisUncertaintyMM is given, but there are no axes"),
    ({**LOBE, "densityGPerML": 1050}, "density in g/mL is 1050"),
    ({**LOBE, "lobeFormula": "sphere"}, "formula of the volume 'sphere' is not known"),
    ({**LOBE, "axisUncertaintyMM": 2.0, "massRelativeUncertainty": 0.1}, "uncertainty of the mass is given twice"),
    ({"massG": 20, "massRelativeUncertainty": 15}, "relative uncertainty of the mass is 15.*0.2 for 20 %"),
    ({"massG": 20, "effectiveHalfLifeDays": 132}, "effective half-life of the thyroid in days is 132.*8.02"),
    ({"massG": 20, "effectiveHalfLifeDays": 0.2}, "half-life of the thyroid in days is 0.2"),
    ({"massG": 20, "effectiveHalfLifeDays": 5.5, "effectiveHalfLifeUncertaintyDays": 12},
     "uncertainty of the effective"),
    ({"massG": 20, "effectiveHalfLifeUncertaintyDays": 1}, "are given, but not its value.*effectiveHalfLifeDays"),
    ({"massG": 20, "poolHalfLifeHours": 360}, "iodide pool in hours is 360"),
    ({"massG": 20, "energyConstant": "24.7"}, "energy constant '24.7' is not known"),
    ({"massG": 20, "energyConstantGyGPerMBqD": 2.8}, "own energy constant is given, but not chosen"),
    ({"massG": 20, "energyConstant": "user"}, "lacks its value or its source"),
    ({"massG": 20, "energyConstant": "user", "energyConstantGyGPerMBqD": 24.7, "energyConstantSource": "x"},
     "energy constant in Gy g/\\(MBq d\\) is 24.7.*about 2.8"),
    ({"massG": 20, "diagnosis": "goitre"}, "diagnosis 'goitre' is not known"),
    ({"massKg": 0.02}, "key 'massKg' is not known"), ([20], "not an object")])
def test_thyroidsThatCannotBe(thyroid, words):
    with pytest.raises(InputError) as caught:
        check("thyroid", thyroid)
    assert caught.match(words)


@pytest.mark.parametrize(("probe", "words"), [
    ({"deadTimeMicroseconds": 5.0}, "dead time is given, but not its model"),
    ({"deadTimeMicroseconds": 5.0, "deadTimeModel": "fast"}, "'fast' is not known"),
    ({"deadTimeMicroseconds": -1.0}, "Dead time .* is -1"),
    ({"standardReference": "yesterday"}, "'yesterday' is not known"),
    ({"standardActivityFraction": 0.0}, "standard per administered activity is 0"),
    ({"calibrationRelativeUncertainty": 5.0}, "is 5, but has to be .*0.05 for 5 %"),
    ({"uptakeConvention": "percent"}, "'percent' is not known"), ({"probe": 1}, "key 'probe' is not known")])
def test_probesThatCannotBe(probe, words):
    with pytest.raises(InputError) as caught:
        check("measurements.thyroidProbe", probe)
    assert caught.match(words)


def test_fieldsOfTheWizard():
    kinds = inputs.kinds()
    for key in ("thyroid", "measurements.thyroidUptake", "measurements.thyroidUptakeVerification",
                "measurements.thyroidProbe"):
        kind = kinds[key]
        names = [field.name for field in kind.fields]
        assert kind.title and len(set(names)) == len(names)
        assert all(field.choices for field in kind.fields if field.kind == "choice")
    assert kinds["measurements.thyroidUptake"].isTable and not kinds["thyroid"].isTable
