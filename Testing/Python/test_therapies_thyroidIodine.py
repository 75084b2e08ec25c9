"""131I for benign thyroid disease: from what the study file states to activity and achieved absorbed dose."""

import dataclasses
import json
import math

import pytest

from MRTDosimetryLib.errors import CalculationError, InputError
from MRTDosimetryLib.physics.nuclides import nuclide
from MRTDosimetryLib.physics.thyroidKinetics import twoCompartmentUptake
from MRTDosimetryLib.resources import dataPath, loadJSON, resourcePath
from MRTDosimetryLib.therapies import inputs, registry
from MRTDosimetryLib.therapies.case import TherapyCase

LN2 = math.log(2)
IODINE = nuclide("I-131")
LATE, MULTIPLE = "thyroidIodine.lateUptake", "thyroidIodine.multipleUptakes"
OF_TRUTH = {time: float(twoCompartmentUptake(time, 1.5, LN2 / 5.5, LN2 / 0.25)) for time in (5, 24, 36, 48, 120, 156)}
HALF_LIFE = {"effectiveHalfLifeDays": 5.5, "effectiveHalfLifeUncertaintyDays": 0.5, "effectiveHalfLifeSource": "test"}


def caseOf(protocol, rows, thyroid=None, wanted=200.0, administered=None, **measurements):
    stated = {"thyroid": {"massG": 20.0} if thyroid is None else thyroid, "measurements.thyroidUptake": rows}
    stated |= {f"measurements.{key}": value for key, value in measurements.items()}
    found = inputs.checked(stated)
    return TherapyCase(protocol, "I-131", administered, thyroid=found["thyroid"],
                       measurements={key.split(".")[1]: value for key, value in found.items() if "." in key},
                       prescription={} if wanted is None else {"absorbedDoseGy": wanted})


def evaluate(*args, **options):
    case = caseOf(*args, **options)
    strategy = registry.strategy(case.protocolId)
    assert strategy.missing(case) == []
    result = strategy.evaluate(case)
    json.dumps(result.values, allow_nan=False)
    return result


def fractions(*times, relative=None):
    return [{"timeHours": float(time), "uptakeFraction": OF_TRUTH[time],
             **({} if relative is None else {"uncertainty": relative * OF_TRUTH[time]})} for time in times]


def counted(time, standardTime=0.0, **more):
    """Counts of a standard of 1e6 at administration, counted at a time, with 131I."""
    decay = 2 ** (-standardTime / IODINE.halfLifeHours)
    return {"timeHours": time, "patientCounts": 1e6 * OF_TRUTH[time] + 500, "backgroundCounts": 500,
            "standardCounts": 1e6 * decay + 200, "roomCounts": 200, **more}


def has(texts, words):
    return any(words in text for text in texts)


def test_workedExample():
    result = evaluate(MULTIPLE, fractions(5, 24, 156, relative=0.05))
    values, others = result.values, result.values["alternatives"]
    assert values["uptakeIntegralD"] == pytest.approx(4.29282, abs=5e-6)
    assert values["prescribedActivityMBq"] == pytest.approx(332.04, abs=5e-3)
    assert others["electrons"]["prescribedActivityMBq"] == pytest.approx(350.86, abs=5e-3)
    assert others["marinelliExtrapolated"]["prescribedActivityMBq"] == pytest.approx(316.95, abs=5e-3)
    assert others["marinelliDay1"]["prescribedActivityMBq"] == pytest.approx(386.95, abs=5e-3)
    assert values["effectiveHalfLifeDays"] == pytest.approx(5.5)
    assert values["maximumUptakeTimeDays"] == pytest.approx(1.16795, abs=5e-6)
    assert values["uptakeRatePerDay"] == pytest.approx(1.5)
    assert values["absorbedDoseCoefficientGyPerMBq"] == pytest.approx(200 / 332.0385, rel=1e-6)
    assert values["energyConstantGyGPerMBqD"] == pytest.approx(2.8063, abs=5e-5)
    assert [table.title for table in result.tables][:2] == ["Uptake before therapy",
                                                            "Ways to compute the activity for 200 Gy"]
    assert len(result.curves) == 1 and len(result.curves[0].points) == 3 and result.curves[0].line
    assert result.recommendation.startswith("For 200 Gy to 20 g an activity of 332 MBq")


def test_lateUptakeWithAndWithoutAHalfLife():
    result = evaluate(LATE, fractions(120, relative=0.05), {"massG": 20.0, **HALF_LIFE})
    assert result.values["uptakeIntegralD"] == pytest.approx(4.4972, abs=5e-5)
    assert result.values["prescribedActivityMBq"] == pytest.approx(316.95, abs=5e-3)
    form = evaluate(LATE, fractions(120, relative=0.05))
    assert form.values["uptakeIntegralD"] == pytest.approx(4.1021, abs=5e-5)
    assert form.values["uptakeIntegralMethod"] == "lateWithoutHalfLife"
    assert form.values["effectiveHalfLifeDays"] is None and has(form.warnings, "no effective half-life is stated")
    assert result.values["alternatives"]["lateWithoutHalfLife"]["uptakeIntegralD"] == form.values["uptakeIntegralD"]
    pool = evaluate(LATE, fractions(120), {"massG": 20.0, **HALF_LIFE, "poolHalfLifeHours": 6.0})
    assert pool.values["prescribedActivityMBq"] == pytest.approx(332.04, abs=5e-3)
    assert has(pool.warnings, "half-life of the iodide pool has no source")


def test_uncertaintyOfTheActivity():
    thyroid = {"massG": 20.0, "massRelativeUncertainty": 0.15, **HALF_LIFE}
    result = evaluate(LATE, fractions(120, relative=0.05), thyroid,
                      thyroidProbe={"calibrationRelativeUncertainty": 0.06})
    parts = result.values["relativeUncertainties"]
    assert (parts["mass"], parts["calibration common to all uptakes"]) == (0.15, 0.06)
    # d ln(integral) / d ln T = 1 - ln 2 t / T
    expected = math.hypot(0.05, (1 - LN2 * 5 / 5.5) * 0.5 / 5.5)
    assert parts["uptake and half-life"] == pytest.approx(expected, rel=0.03)
    total = math.hypot(*parts.values())
    activity = result.values["prescribedActivityMBq"]
    assert result.values["prescribedActivityUncertaintyMBq"] == pytest.approx(total * activity)
    low, high = result.values["prescribedActivityInterval95MBq"]
    factor = math.exp(1.96 * total)
    assert (low, high) == pytest.approx((activity / factor, activity * factor), rel=1e-4)
    assert not has(result.warnings, "leave out what is not known")
    bare = evaluate(LATE, fractions(120), {"massG": 20.0, "effectiveHalfLifeDays": 5.5})
    assert bare.values["prescribedActivityUncertaintyMBq"] is None
    assert bare.values["prescribedActivityInterval95MBq"] is None
    assert has(bare.warnings, "leave out what is not known: mass and uptake and half-life and calibration")


def test_standardOfEveryKindGivesTheSame():
    expected = pytest.approx(4.29282, abs=5e-6)
    stated = [counted(time, time, standardTimeHours=float(time)) for time in (5, 36, 156)]
    assert evaluate(MULTIPLE, stated).values["uptakeIntegralD"] == expected
    along = [counted(time, time) for time in (5, 36, 156)]
    found = evaluate(MULTIPLE, along, thyroidProbe={"standardReference": "withPatient"})
    assert found.values["uptakeIntegralD"] == expected and has(found.assumptions, "are those together with the patient")
    once = evaluate(MULTIPLE, [counted(time, 0.0, standardTimeHours=0.0) for time in (5, 36, 156)])
    assert once.values["uptakeIntegralD"] == expected
    assert once.values["relativeUncertainties"]["calibration common to all uptakes"] == pytest.approx(1e-3, rel=0.01)


def test_standardWithoutATimeIsSaid():
    result = evaluate(LATE, [counted(120)], {"massG": 20.0, **HALF_LIFE})
    factor = 2 ** (120 / IODINE.halfLifeHours)
    assert has(result.warnings, "too high by the factor 1.54") and factor == pytest.approx(1.54, abs=5e-3)
    other = result.values["alternatives"]["standardWithPatient"]["prescribedActivityMBq"]
    assert other == pytest.approx(factor * result.values["prescribedActivityMBq"])


def test_standardThatDecayedWithoutATimeIsRefused():
    with pytest.raises(InputError, match="standard fall to 0.581 .*as by decay.*standardTimeHours in every row"):
        evaluate(MULTIPLE, [counted(time, time) for time in (5, 36, 156)])


def test_standardThatChangedIsSaid():
    rows = [counted(time, time, standardTimeHours=float(time)) for time in (5, 36, 156)]
    rows[2] |= {"standardCounts": 1.2 * rows[2]["standardCounts"]}
    assert has(evaluate(MULTIPLE, rows).warnings, "standard, decayed to administration, differ by 20 %")


def test_tracersGiveTheUptakeOf131Iodine():
    tracer = nuclide("I-124")
    rows = [{"timeHours": float(time), "tracer": "I-124", "uptakeFraction": OF_TRUTH[time] * math.exp(
        (IODINE.decayConstantPerHour - tracer.decayConstantPerHour) * time)} for time in (5, 36, 156)]
    result = evaluate(MULTIPLE, rows)
    assert result.values["uptakeIntegralD"] == pytest.approx(4.29282, abs=5e-6)
    assert has(result.assumptions, "uptake of I-124 is taken over to 131I")
    late = evaluate(LATE, [{"timeHours": 120.0, "tracer": "I-123", "uptakeFraction": 0.0008}], {"massG": 20.0})
    assert has(late.warnings, "more than 5 half-lives of I-123")


def test_uptakesCorrectedForDecay():
    rows = [{"timeHours": float(time), "uptakeFraction": OF_TRUTH[time] * 2 ** (time / IODINE.halfLifeHours)}
            for time in (5, 36, 156)]
    result = evaluate(MULTIPLE, rows, thyroidProbe={"uptakeConvention": "decayCorrected"})
    assert result.values["uptakeIntegralD"] == pytest.approx(4.29282, abs=5e-6)
    assert has(evaluate(MULTIPLE, rows).warnings, "Were the uptakes corrected for decay")


def test_massByAxes():
    lobes = {f"{side}Lobe{axis}MM": value for side in ("left", "right")
             for axis, value in (("Length", 50.0), ("Width", 20.0), ("Depth", 20.0))}
    gland = evaluate(LATE, fractions(120), {**lobes, **HALF_LIFE, "axisUncertaintyMM": 2.0})
    assert gland.values["targetMassG"] == pytest.approx(math.pi / 6 * 40)
    assert has(gland.assumptions, "density is 1 g/mL (Hänscheid")
    brunn = evaluate(LATE, fractions(120), {**lobes, **HALF_LIFE, "lobeFormula": "brunn1981", "densityGPerML": 1.05})
    assert brunn.values["targetMassG"] == pytest.approx(0.479 * 40 * 1.05)
    assert has(brunn.assumptions, "formula of the volume is not verified")
    nodule = evaluate(LATE, fractions(120), {
        **HALF_LIFE, "noduleLengthMM": 30.0, "noduleWidthMM": 20.0, "noduleDepthMM": 20.0,
        "diagnosis": "unifocalAutonomy"}, wanted=350.0)
    assert nodule.values["targetMassG"] == pytest.approx(math.pi / 6 * 12)
    assert has(nodule.assumptions, "All of the uptake is in the nodule")
    assert evaluate(LATE, fractions(120), {**HALF_LIFE, "volumeML": 25.0}).values["targetMassG"] == 25.0
    one = {key: value for key, value in lobes.items() if key.startswith("left")}
    assert has(evaluate(LATE, fractions(120), {**one, **HALF_LIFE}).warnings, "axes of one lobe alone")


def test_energyConstantIsAChoice():
    electrons = evaluate(MULTIPLE, fractions(5, 36, 156), {"massG": 20.0, "energyConstant": "electrons"})
    assert electrons.values["prescribedActivityMBq"] == pytest.approx(350.86, abs=5e-3)
    assert electrons.values["alternatives"]["classic"]["prescribedActivityMBq"] == pytest.approx(332.04, abs=5e-3)
    own = evaluate(MULTIPLE, fractions(5, 36, 156), {
        "massG": 20.0, "energyConstant": "user", "energyConstantGyGPerMBqD": 2.7, "energyConstantSource": "own table"})
    assert own.values["prescribedActivityMBq"] == pytest.approx(20 * 200 / (2.7 * 4.29282), rel=1e-5)
    assert has(evaluate(MULTIPLE, fractions(5, 36, 156)).assumptions, "as none was chosen")


def test_verification():
    after = [{**row, "uptakeFraction": 0.9 * row["uptakeFraction"]} for row in fractions(5, 36, 156, relative=0.03)]
    result = evaluate(MULTIPLE, fractions(5, 36, 156, relative=0.03), administered=340.0,
                      thyroid={"massG": 20.0, "massRelativeUncertainty": 0.02}, thyroidUptakeVerification=after,
                      thyroidProbe={"calibrationRelativeUncertainty": 0.01})
    values = result.values
    assert values["expectedAbsorbedDoseGy"] == pytest.approx(340 / 332.0385 * 200, rel=1e-6)
    assert values["achievedAbsorbedDoseGy"] == pytest.approx(0.9 * values["expectedAbsorbedDoseGy"])
    assert values["achievedToWantedRatio"] == pytest.approx(0.9 * 340 / 332.0385, rel=1e-6)
    low, high = values["achievedAbsorbedDoseInterval95Gy"]
    assert low < values["achievedAbsorbedDoseGy"] < high
    assert len(result.curves) == 2 and result.tables[1].title == "Uptake after therapy"
    far = evaluate(MULTIPLE, fractions(5, 36, 156, relative=0.03), administered=220.0,
                   thyroid={"massG": 20.0, "massRelativeUncertainty": 0.02}, thyroidUptakeVerification=after)
    assert has(far.warnings, "differs from the wanted 200 Gy by more than its 95 % interval")
    assert has(far.warnings, "administered activity of 220 MBq differs by -34 %")


def test_oneUptakeAfterTherapyTakesThePatientsOwnHalfLives():
    result = evaluate(MULTIPLE, fractions(5, 36, 156, relative=0.03), administered=332.0385,
                      thyroidUptakeVerification=fractions(48, relative=0.03))
    assert result.values["achievedAbsorbedDoseGy"] == pytest.approx(200, rel=1e-5)
    assert has(result.assumptions, "as measured before therapy")
    two = evaluate(MULTIPLE, fractions(5, 36, 156, relative=0.03), administered=332.0385,
                   thyroidUptakeVerification=fractions(48, 156, relative=0.03))
    assert two.values["achievedAbsorbedDoseGy"] == pytest.approx(200, rel=1e-5)
    with pytest.raises(InputError, match="single uptake after therapy, at 48 h, is not within 4 to 8 days"):
        evaluate(LATE, fractions(120), administered=332.0, thyroidUptakeVerification=fractions(48))


def test_whatElseAPrescriptionStatesIsNotLostInSilence():
    case = caseOf(MULTIPLE, fractions(5, 36, 156))
    limit = {"tissue": "marrow", "quantity": "absorbedDose", "valueGy": 2, "source": "test"}
    stated = inputs.checked({"prescription": {"absorbedDoseGy": 200, "limits": [limit]}})["prescription"]
    result = registry.strategy(MULTIPLE).evaluate(dataclasses.replace(case, prescription=stated))
    assert has(result.warnings, "no use of what the prescription states as limits")
    plain = inputs.checked({"prescription": {"absorbedDoseGy": 200, "tissue": "thyroid"}})["prescription"]
    result = registry.strategy(MULTIPLE).evaluate(dataclasses.replace(case, prescription=plain))
    assert not has(result.warnings, "no use of")
    assert result.values["prescribedActivityMBq"] == pytest.approx(332.04, abs=5e-3)
    with pytest.raises(InputError, match="A BED is wanted"):
        registry.strategy(MULTIPLE).evaluate(dataclasses.replace(
            case, prescription={"absorbedDoseGy": 200.0, "quantity": "bed"}))


def test_withoutAWantedAbsorbedDose():
    result = evaluate(MULTIPLE, fractions(5, 36, 156), wanted=None, administered=332.0385)
    assert result.values["prescribedActivityMBq"] is None and result.recommendation == ""
    assert result.values["expectedAbsorbedDoseGy"] == pytest.approx(200, rel=1e-5)
    assert has(result.warnings, "No absorbed dose is wanted")


@pytest.mark.parametrize(("options", "words"), [
    ({"wanted": 20000.0}, "outside of what is usual for any diagnosis, 100 to 400 Gy (not verified)"),
    ({"thyroid": {"massG": 20.0, "diagnosis": "unifocalAutonomy", "target": "whole gland"}},
     "usual target is the nodule"),
    ({"thyroid": {"massG": 20.0, "diagnosis": "gravesAblative"}, "wanted": 120.0},
     "usual for Graves' disease, ablative"),
    ({"thyroid": {"massG": 400.0}}, "outside of the usual 3 to 300 g"),
    ({"thyroid": {"massG": 5.0}}, "outside of what is usual, 200 to 800 MBq")])
def test_unusualValuesAreSaid(options, words):
    assert has(evaluate(MULTIPLE, fractions(5, 36, 156), **options).warnings, words)


def test_unusualTimesAndUptakesAreSaid():
    assert has(evaluate(LATE, fractions(24), {"massG": 20.0, **HALF_LIFE}).warnings,
               "at 24 h, is not within 5 to 8 days")
    assert has(evaluate(LATE, fractions(5, 120)).warnings, "uses the latest alone")
    assert has(evaluate(MULTIPLE, fractions(24, 48), {"massG": 20.0, "poolHalfLifeHours": 6.0}).warnings, "span 24 h")
    low = [{"timeHours": 120.0, "uptakeFraction": 0.03}]
    assert has(evaluate(LATE, low).warnings, "is 3 %: lower than usual")
    mixed = fractions(5, 36, relative=0.05) + fractions(156)
    assert has(evaluate(MULTIPLE, mixed).warnings, "Not every uptake has an uncertainty")


def test_risingUptakesAreNoLoss():
    with pytest.raises(CalculationError, match="still rises between 5 h and 24 h"):
        evaluate(MULTIPLE, fractions(5, 24))


def test_missing():
    empty = TherapyCase(LATE, "I-131")
    words = registry.strategy(LATE).missing(empty)
    assert [text.split()[1] for text in words] == ["the", "the", "the"] and has(words, "5 to 8 days")
    with pytest.raises(InputError, match="State the mass of the target"):
        registry.strategy(LATE).evaluate(empty)
    early = caseOf(LATE, fractions(24))
    assert has(registry.strategy(LATE).missing(early), "24 h is not within 4 to 8 days")
    single = caseOf(MULTIPLE, fractions(120))
    assert has(registry.strategy(MULTIPLE).missing(single), "choose the protocol of one late uptake")
    unknown = caseOf(MULTIPLE, fractions(5, 36, 156), thyroidUptakeVerification=fractions(120))
    assert has(registry.strategy(MULTIPLE).missing(unknown), "State the administered activity")
    target = caseOf(MULTIPLE, fractions(5, 36, 156), {"target": "nodule"})
    assert has(registry.strategy(MULTIPLE).missing(target), "mass of the target, its volume or its axes")


@pytest.mark.parametrize("name", [LATE, MULTIPLE])
def test_examples(name):
    study = loadJSON(resourcePath("Protocols", "examples", f"{name}.json"))
    assert study["protocol"] == name and study["schemaVersion"] == 1
    measurements = dict(study["measurements"])
    result = evaluate(name, measurements.pop("thyroidUptake"), study["thyroid"],
                      study["prescription"]["absorbedDoseGy"], (study["administration"] or {}).get("activityMBq"),
                      **measurements)
    assert result.values["prescribedActivityMBq"] == pytest.approx(332, abs=0.1)


def test_nothingLowInTrustIsShipped():
    table = loadJSON(dataPath("thyroidIodine.json"))
    assert "effectiveHalfLives" not in table and '"verified": true' not in json.dumps(table)
    for name in (LATE, MULTIPLE):
        assert registry.protocol(name)["population"]["effectiveHalfLifeHours"] == {}
