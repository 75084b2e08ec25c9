"""Radioembolization as a therapy: what is stated, what is computed of it, what is refused in words."""

import math
import re

import pytest

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.physics import microspheres
from MRTDosimetryLib.therapies import inputs, registry
from MRTDosimetryLib.therapies.case import RegionDose, TherapyCase

PLAN = {"compartments": [{"name": "tumor", "massG": 250}, {"name": "normal liver", "massG": 1350}],
        "tumorToNormalRatio": 5, "lungShuntFraction": 0.06, "lungMassG": 1000}
PLANAR = {"lungAnteriorCounts": 1200, "lungPosteriorCounts": 2500, "lungAnteriorBackgroundCounts": 200,
          "lungPosteriorBackgroundCounts": 250, "liverAnteriorCounts": 40100, "liverPosteriorCounts": 22600,
          "liverAnteriorBackgroundCounts": 100, "liverPosteriorBackgroundCounts": 100}


def caseOf(plan, strategy="partition", radionuclide="Y-90", lungShunt=None, **more):
    stated = {"microspheres": plan, **({"measurements.lungShunt": lungShunt} if lungShunt else {})}
    checked = inputs.checked(stated)
    measurements = {"lungShunt": checked["measurements.lungShunt"]} if lungShunt else {}
    return TherapyCase(f"yttriumMicrospheres.{strategy}", radionuclide, microspheres=checked["microspheres"],
                       measurements=measurements, **more)


def limit(tissue, valueGy, quantity="absorbedDose"):
    return {"tissue": tissue, "quantity": quantity, "valueGy": valueGy, "source": "stated"}


def evaluated(case):
    strategy = registry.strategy(case.protocolId)
    assert strategy.missing(case) == []
    return strategy.evaluate(case)


def refused(plan, words, where="microspheres"):
    with pytest.raises(InputError) as caught:
        inputs.checked({where: plan})
    assert re.search(words, str(caught.value)), str(caught.value)


def test_partitionOfTheWorkedExample():
    result = evaluated(caseOf(PLAN, administeredActivityMBq=2000.0, prescription={
        "absorbedDoseGy": 120, "limits": [limit("liver", 40),
                                          limit("lung", 30)]}))
    values = result.values
    assert f"{values['tumorAbsorbedDoseGy']:.3f}" == "179.576"
    assert f"{values['normalLiverAbsorbedDoseGy']:.3f}" == "35.915"
    assert f"{values['lungAbsorbedDoseGy']:.4f}" == "5.9604"
    assert f"{values['perfusedAbsorbedDoseGy']:.3f}" == "58.362"
    assert [f"{row['activityMBq'] / 1000:.6g}" for row in values["activitiesForConstraints"]] == [
        "1.33648", "2.22747", "10.0664"]
    assert values["prescribedActivityMBq"] == pytest.approx(1336.48, abs=5e-3) and not values["isLimitBinding"]
    assert values["doseConstantJPerGBq"] == 49.67 and "default" in values["doseConstantOrigin"]
    assert "1340 MBq in the vial" in result.recommendation
    assert values["tumorAbsorbedDoseUncertaintyGy"] is None
    assert any("uncertainties" in words and "none is stated" in words for words in result.warnings)


def test_theSmallestActivityCountsAndIsNamed():
    values = evaluated(caseOf(PLAN, prescription={"absorbedDoseGy": 250, "limits": [
        limit("liver", 40), limit("lung", 30)]})).values
    assert values["isLimitBinding"] and values["bindingConstraint"] == "40 Gy to whole normal liver"
    assert values["prescribedActivityMBq"] == pytest.approx(2227.47, abs=5e-3)
    assert values["activityBasis"] == "prescribed, as computed here"
    assert values["normalLiverAbsorbedDoseGy"] == pytest.approx(40.0)


def test_monoCompartmentWithResidual():
    plan = {"compartments": [{"name": "perfused liver", "massG": 1200}], "lungShuntFraction": 0.05,
            "residualFraction": 0.02}
    result = evaluated(caseOf(plan, prescription={"absorbedDoseGy": 120}))
    assert f"{result.values['prescribedActivityMBq'] / 1000:.5f}" == "3.11400"
    assert result.values["monoCompartmentActivityMBq"] == pytest.approx(result.values["prescribedActivityMBq"])
    assert result.values["perfusedAbsorbedDoseGy"] == pytest.approx(120.0)
    assert result.values["tumorAbsorbedDoseGy"] is None and result.values["lungAbsorbedDoseGy"] is None
    assert any("mass of the lungs is not stated" in words for words in result.warnings)


def test_aStatedActivityCountsWithAndWithoutTheResidual():
    plan = {**PLAN, "residualFraction": 0.1}
    administered = evaluated(caseOf(plan, administeredActivityMBq=2000.0)).values
    prescribed = evaluated(caseOf(plan, prescribedActivityMBq=2000.0)).values
    assert administered["tumorAbsorbedDoseGy"] == pytest.approx(179.576, abs=5e-4)  # net already
    assert prescribed["tumorAbsorbedDoseGy"] == pytest.approx(0.9 * 179.576, abs=5e-4)


def test_bodySurfaceAreaForResinAlone():
    resin = evaluated(caseOf({**PLAN, "device": "resin", "indication": "HCC"}, administeredActivityMBq=2000.0,
                             patient={"massKg": 70.0, "heightCm": 170.0}))
    assert f"{resin.values['bsaActivityMBq'] / 1000:.5f}" == "1.76593"
    assert any("not verified" in words for words in resin.assumptions)
    assert "bsaActivityMBq" not in evaluated(caseOf({**PLAN, "device": "glass"}, administeredActivityMBq=1.0)).values
    silent = evaluated(caseOf({**PLAN, "device": "resin"}, administeredActivityMBq=2000.0))
    assert silent.values["bsaActivityMBq"] is None and any("patient.heightCm" in words for words in silent.warnings)
    # 60 % of the liver treated
    lobe = {**PLAN, "device": "resin", "compartments": [
        {"name": "tumor", "massG": 250}, {"name": "right lobe", "massG": 710, "role": "normalLiver"},
        {"name": "left lobe", "massG": 640, "role": "notPerfusedLiver"}]}
    found = evaluated(caseOf(lobe, administeredActivityMBq=2000.0, patient={"massKg": 70.0, "heightCm": 170.0}))
    assert f"{found.values['bsaActivityMBq'] / 1000:.5f}" == "1.05956"


def test_lungShuntMeasuredOrStated():
    plan = {key: value for key, value in PLAN.items() if key != "lungShuntFraction"}
    for counts in ({"planar": PLANAR}, PLANAR):
        result = evaluated(caseOf(plan, lungShunt=counts, administeredActivityMBq=2000.0))
        assert result.values["lungShuntFraction"] == pytest.approx(1500 / 31500)
        assert result.values["lungShuntFractionUncertainty"] > 0
        assert "planar" in result.values["lungShuntFractionOrigin"]
        assert any("overestimate" in words for words in result.warnings)
    spect = evaluated(caseOf(plan, lungShunt={"spect": {"lungCounts": 500, "liverCounts": 9500}},
                             administeredActivityMBq=2000.0))
    assert spect.values["lungShuntFraction"] == pytest.approx(0.05)
    assert any("attenuation" in words for words in spect.warnings)
    both = evaluated(caseOf(PLAN, lungShunt={"planar": PLANAR}, administeredActivityMBq=2000.0))
    assert both.values["lungShuntFraction"] == 0.06 and any("the counts give" in words for words in both.warnings)


def test_lungLimitOfGlass():
    plan = {**PLAN, "device": "glass", "lungShuntFraction": 0.25, "doseConstantJPerGBq": 50}
    result = evaluated(caseOf(plan, administeredActivityMBq=2600.0, prescription={"absorbedDoseGy": 400}))
    assert result.values["lungActivityMBq"] == pytest.approx(650.0)
    assert result.values["lungLimitActivityMBq"] == pytest.approx(2440.0)
    text = " ".join(result.warnings)
    assert "650 MBq go to the lungs, more than the 610 MBq" in text and "above the 30 Gy" in text
    assert "above the 2440 MBq" in text


def test_resinAndAHighLungShunt():
    result = evaluated(caseOf({**PLAN, "device": "resin", "lungShuntFraction": 0.22}, administeredActivityMBq=1000.0,
                              patient={"massKg": 70.0, "heightCm": 170.0}))
    assert any("contraindication" in words and "not verified" in words for words in result.warnings)
    assert result.values["bsaReducedActivityMBq"] == 0.0


def test_severalTumorsAndLiverThatIsNotPerfused():
    plan = {"compartments": [{"name": "lesion 1", "massG": 100, "tumorToNormalRatio": 6},
                             {"name": "lesion 2", "volumeML": 50, "densityGPerML": 1.06, "tumorToNormalRatio": 3},
                             {"name": "right lobe", "massG": 900, "role": "normalLiver"},
                             {"name": "non-perfused liver", "massG": 500}, {"name": "lungs", "massG": 1000}],
            "lungShuntFraction": 0.05}
    values = evaluated(caseOf(plan, administeredActivityMBq=1500.0)).values
    byName = {item["name"]: item for item in values["compartments"]}
    assert byName["lesion 2"]["massG"] == pytest.approx(53.0)
    assert byName["non-perfused liver"]["role"] == "notPerfusedLiver"
    assert byName["non-perfused liver"]["absorbedDoseGy"] == 0.0
    assert byName["lesion 1"]["absorbedDoseGy"] == pytest.approx(2 * byName["lesion 2"]["absorbedDoseGy"])
    assert sum(item["activityMBq"] for item in byName.values()) + values["lungActivityMBq"] == pytest.approx(1500.0)
    lobe = byName["right lobe"]["absorbedDoseGy"]
    assert values["perfusedNormalLiverAbsorbedDoseGy"] == pytest.approx(lobe)
    assert values["normalLiverAbsorbedDoseGy"] == pytest.approx(lobe * 900 / 1400)
    assert values["tumorToNormalRatio"] == {"lesion 1": 6.0, "lesion 2": 3.0}


def test_ratioFromCountsIsIndependentOfTheirUnit():
    plan = {"compartments": [{"name": "tumor", "massG": 250, "counts": 250_000},
                             {"name": "normal liver", "massG": 1350, "counts": 270_000}],
            "lungShuntFraction": 0.06, "lungMassG": 1000}
    values = evaluated(caseOf(plan, administeredActivityMBq=2000.0)).values
    assert values["tumorToNormalRatio"] == pytest.approx(5.0)
    assert values["tumorAbsorbedDoseGy"] == pytest.approx(179.576, abs=5e-4)
    assert 0 < values["tumorAbsorbedDoseUncertaintyGy"] < 1.0


def test_ratioOfActivitiesHasItsOwnName():
    plan = {"compartments": PLAN["compartments"], "tumorToNormalActivityRatio": 2.0, "tumorLungShuntFraction": 0.1,
            "lungMassG": 1000, "doseConstantJPerGBq": 50}
    values = evaluated(caseOf(plan, administeredActivityMBq=1000.0)).values
    assert "Kao" in values["method"] and "tumorToNormalRatio" not in values
    # A = A_T (1 + 1/R + TLSF / (1 - TLSF)), D_T = 50 A_T / m_T
    tumorMBq = 1000.0 / (1 + 1 / 2 + 0.1 / 0.9)
    assert values["tumorAbsorbedDoseGy"] == pytest.approx(50 * tumorMBq / 250)
    assert values["lungShuntFraction"] == pytest.approx(tumorMBq * 0.1 / 0.9 / 1000)
    refused({**plan, "tumorToNormalRatio": 3}, "defined differently")


def test_uncertaintiesAreCarriedToTheActivity():
    plan = {**PLAN, "relativeRatioUncertainty": 0.1, "lungShuntFractionUncertainty": 0.01,
            "relativeLungMassUncertainty": 0.1, "relativeConstantUncertainty": 0.01, "compartments": [
                {"name": "tumor", "massG": 250, "relativeMassUncertainty": 0.1},
                {"name": "normal liver", "massG": 1350, "relativeMassUncertainty": 0.05}]}
    result = evaluated(caseOf({**plan, "relativeActivityUncertainty": 0.03}, administeredActivityMBq=2000.0,
                              prescription={"absorbedDoseGy": 120}))
    values = result.values
    # analytic: D_T = k A (1 - L) r / (r m_T + m_N)
    sumG, kept = 5 * 250 + 1350, 0.94
    parts = (0.01, 0.01 / kept, 0.1 * 1350 / sumG, 0.1 * 1250 / sumG, 0.05 * 1350 / sumG)
    relative = sum(part ** 2 for part in parts) ** 0.5
    assert values["prescribedActivityUncertaintyMBq"] == pytest.approx(
        relative * values["prescribedActivityMBq"], rel=1e-5)
    expected = (relative ** 2 + 0.03 ** 2) ** 0.5
    assert values["tumorAbsorbedDoseUncertaintyGy"] == pytest.approx(expected * values["tumorAbsorbedDoseGy"], rel=1e-5)
    assert not any("do not include" in words for words in result.warnings)
    lacking = evaluated(caseOf(plan, administeredActivityMBq=2000.0)).warnings
    assert any("do not include: activity" in words for words in lacking)


def test_acceptedProbabilityOfPassingALimit():
    plan = {**PLAN, "lungShuntFractionUncertainty": 0.012}
    wanted = {"absorbedDoseGy": 1000, "limits": [limit("lung", 30)], "probability": 0.05}
    values = evaluated(caseOf(plan, administeredActivityMBq=2000.0, prescription=wanted)).values
    row = next(row for row in values["activitiesForConstraints"] if row["isLimit"])
    assert f"{row['bestEstimateActivityMBq'] / 1000:.4f}" == "10.0664"
    # log-normal: 95 % quantile of the absorbed dose at that activity is the limit
    width = math.log1p(0.2 ** 2) ** 0.5
    assert row["activityMBq"] * math.exp(1.6448536 * width) == pytest.approx(row["bestEstimateActivityMBq"], rel=1e-6)
    unknown = evaluated(caseOf(PLAN, administeredActivityMBq=2000.0, prescription=wanted))
    assert any("cannot be kept" in words for words in unknown.warnings)


def test_limitOfBedIsThatOfPhysicalDecay():
    """40 Gy to the liver are a BED of 64.024 Gy (alpha/beta 2.5 Gy, repair half-life 2.5 h)."""
    wanted = {"limits": [limit("liver", 64.024, "bed")]}
    values = evaluated(caseOf(PLAN, prescription=wanted)).values
    assert values["normalLiverAbsorbedDoseGy"] == pytest.approx(40.0, abs=2e-3)
    assert values["compartments"][1]["bedGy"] == pytest.approx(64.024, abs=2e-3)
    tumor = evaluated(caseOf(PLAN, prescription={"absorbedDoseGy": 120})).values["compartments"][0]
    assert tumor["bedGy"] == pytest.approx(152.927, abs=1e-3)
    with pytest.raises(InputError, match="alpha/beta"):
        evaluated(caseOf(PLAN, prescription={"limits": [limit("lung", 30, "bed")]}))


def test_publishedTargetsAreShownAndNotApplied():
    result = evaluated(caseOf({**PLAN, "device": "glass", "indication": "HCC"}, administeredActivityMBq=2000.0))
    shown = [table for table in result.tables if "not applied" in table.title]
    rows = [row for table in shown for row in table.rows]
    assert rows and all(row[0] == "glass" and row[1] == "HCC" for row in rows)
    assert ("glass", "HCC", "segmentectomy", "perfused volume", "above 400 Gy", "") in rows
    assert all("PMC" in table.source for table in shown) and result.values["prescribedActivityMBq"] is None
    assert any("no activity is computed" in words for words in result.warnings)


def test_holmiumFromTheNuclideTable():
    result = evaluated(caseOf({**PLAN, "device": "holmium"}, radionuclide="Ho-166", administeredActivityMBq=2000.0))
    assert result.values["doseConstantJPerGBq"] == pytest.approx(15.53, abs=5e-3)
    assert any("Photons of 166Ho" in words for words in result.assumptions)


def test_missingIsSaidInWords():
    strategy = registry.strategy("yttriumMicrospheres.partition")
    assert "compartments" in strategy.missing(caseOf({}))[0]
    words = " ".join(strategy.missing(caseOf({"compartments": PLAN["compartments"]})))
    assert "lung shunt fraction" in words and "needed for tumor" in words and "activity" in words
    voxel = registry.strategy("yttriumMicrospheres.voxel")
    assert "microspheres.images" in " ".join(voxel.missing(caseOf({}, "voxel")))
    words = " ".join(voxel.missing(caseOf({"images": "maaSPECT"}, "voxel")))
    assert "planned activity" in words and "lung shunt" in words
    assert "administered activity" in " ".join(voxel.missing(caseOf({"images": "yttriumPET"}, "voxel")))


REGIONS = (RegionDose("tumor", "tumor", 200.0, 150.0, 15.0), RegionDose("liver", "liver", 1300.0, 30.0, 3.0),
           RegionDose("lungs", "lung", 900.0, 4.0, 0.4))


def test_voxelPlanTakesRegionsAndLungsByTheShunt():
    result = evaluated(caseOf({**PLAN, "images": "maaSPECT"}, "voxel", prescribedActivityMBq=2000.0, regions=REGIONS,
                              prescription={"absorbedDoseGy": 300, "limits": [limit("liver", 40)]}))
    values = result.values
    assert values["tumorAbsorbedDoseGy"] == pytest.approx(150.0) and not values["isVerified"]
    assert values["tumorAbsorbedDoseUncertaintyGy"] == pytest.approx(15.0)
    assert values["doseConstantJPerGBq"] == pytest.approx(49.771, abs=5e-4)
    assert values["lungAbsorbedDoseGy"] == pytest.approx(49.771 * 2000 * 0.06 / 1000, rel=1e-4)
    assert values["perfusedAbsorbedDoseGy"] == pytest.approx((200 * 150 + 1300 * 30) / 1500)
    assert values["imageTumorToNormalRatio"] == pytest.approx(5.0)
    assert values["prescribedActivityMBq"] == pytest.approx(2000 * 40 / 30) and values["isLimitBinding"]
    assert values["partition"]["tumorAbsorbedDoseGy"] == pytest.approx(179.576 * 49.77106 / 49.67, rel=1e-5)
    assert any("not measured" in words for words in result.assumptions)


def test_aChosenConstantDoesNotChangeTheImages():
    stated = {"images": "maaSPECT", "lungShuntFraction": 0.06}
    more = {"prescribedActivityMBq": 2000.0, "regions": REGIONS}
    result = evaluated(caseOf({**stated, "doseConstantJPerGBq": 50}, "voxel", **more))
    assert result.values["tumorAbsorbedDoseGy"] == pytest.approx(150.0)
    assert result.values["lungAbsorbedDoseGy"] == pytest.approx(50 * 120 / 900)
    assert result.values["imageDoseConstantJPerGBq"] == pytest.approx(49.771, abs=5e-4)
    assert any("nuclide table" in words and "chosen 50" in words for words in result.warnings)
    silent = evaluated(caseOf(stated, "voxel", **more))
    assert "engines" in silent.values["doseConstantOrigin"] and not any("chosen" in words for words in silent.warnings)


def test_voxelLungMassFromTheRegions():
    plan = {"images": "maaSPECT", "lungShuntFraction": 0.06}
    values = evaluated(caseOf(plan, "voxel", prescribedActivityMBq=2000.0, regions=REGIONS)).values
    assert values["lungAbsorbedDoseGy"] == pytest.approx(49.771 * 120 / 900, rel=1e-4)
    assert "partition" not in values


def test_verificationTakesTheLungsOfTheImages():
    result = evaluated(caseOf({"images": "yttriumPET"}, "voxel", administeredActivityMBq=2000.0, regions=REGIONS))
    assert result.values["isVerified"] and result.values["lungAbsorbedDoseGy"] == pytest.approx(4.0)
    assert "prescribedActivityMBq" not in result.values


def test_bremsstrahlungIsQualitative():
    result = evaluated(caseOf({"images": "bremsstrahlungSPECT"}, "voxel", administeredActivityMBq=2000.0,
                              regions=REGIONS))
    assert not result.values["isVerified"] and any("qualitative" in words for words in result.warnings)


@pytest.mark.parametrize(("change", "words"), [
    ({"lungShuntFraction": 5}, "lung shunt fraction is 5.*below 1.*0.05 for 5 %"),
    ({"lungShuntFraction": 1.2}, "lung shunt fraction is 1.2"),
    ({"lungShuntFraction": -0.1}, "lung shunt fraction is -0.1"),
    ({"tumorToNormalRatio": 0}, "tumor-to-normal ratio is 0.*above 0"),
    ({"residualFraction": -0.02}, "residual fraction is -0.02"),
    ({"residualFraction": 2}, "residual fraction is 2"),
    ({"lungMassG": 1.0}, "lungs is 1 g.*not in kg"),
    ({"doseConstantJPerGBq": "50"}, "not a number"),
    ({"device": "ceramic"}, "ceramic.*glass, resin"),
    ({"lungShuntPercent": 6}, "lungShuntPercent.*not known"),
    ({"compartments": [{"name": "tumor", "massG": 0.25}, {"name": "normal liver", "massG": 1.35}]},
     "normal liver is 1.35 g.*not in kg"),
    ({"compartments": [{"name": "tumor", "massG": 0}]}, "mass.*0.*above 0"),
    ({"compartments": [{"name": "tumor", "massG": 250_000}]}, "250000 g"),
    ({"compartments": [{"name": "tumor", "volumeML": 250}]}, "density of the volume is missing"),
    ({"compartments": [{"name": "tumor"}]}, "mass is missing"),
    ({"compartments": [{"name": "segment", "massG": 250}]}, "role"),
    ({"compartments": [{"name": "tumor", "massG": 250}, {"name": "tumor", "massG": 50}]}, "twice"),
    ({"compartments": [{"name": "tumor", "massG": 250}, {"name": "whole liver", "massG": 1600}]}, "without its tumors"),
    ({"compartments": [{"name": "tumor", "massG": 250}, {"name": "lungs", "massG": 900}]}, "1000 g and as 900 g"),
    ({"relativeRatioUncertainty": 10}, "10.*fraction"),
    ({"perfusedRegions": "liver"}, "names of regions")])
def test_badStatementsAreRefusedInWords(change, words):
    refused({**PLAN, **change}, words)


@pytest.mark.parametrize(("counts", "words"), [
    ({"planar": {key: value for key, value in PLANAR.items() if key != "liverPosteriorCounts"}},
     "liver posterior counts are missing.*liverPosteriorCounts"),
    ({"planar": {**PLANAR, "lungAnteriorBackgroundCounts": 1300}}, "lungs.*anterior counts of 1200.*background"),
    ({"planar": {**PLANAR, "lungAnteriorCounts": -5}}, "lung anterior counts is -5"),
    ({"spect": {"lungCounts": 500}}, "liver counts are missing"),
    ({}, "Counts of one scan"), ({"planar": PLANAR, "spect": {"lungCounts": 1, "liverCounts": 2}}, "one scan"),
    ({"planar": {**PLANAR, "kidneyCounts": 3}}, "kidneyCounts")])
def test_badCountsAreRefusedInWords(counts, words):
    refused(counts, words, "measurements.lungShunt")


def test_whatIsPossibleButOddIsFlagged():
    plan = {**PLAN, "compartments": [{"name": "tumor", "massG": 1600}, {"name": "normal liver", "massG": 700}]}
    words = " ".join(evaluated(caseOf(plan, administeredActivityMBq=2000.0)).warnings)
    assert "heavier than the normal liver" in words
    plan = {**PLAN, "compartments": [{"name": "tumor", "massG": 0.25}, {"name": "normal liver", "massG": 1350}]}
    assert "below 1 g" in " ".join(evaluated(caseOf(plan, administeredActivityMBq=2000.0)).warnings)


def test_aConstantInAnotherUnitIsRefused():
    case = caseOf({**PLAN, "doseConstantJPerGBq": 0.04967}, administeredActivityMBq=2000.0)
    with pytest.raises(InputError, match="about 49.77 J/GBq"):
        registry.strategy(case.protocolId).evaluate(case)


def test_anUnknownCompartmentOfThePrescriptionIsRefused():
    case = caseOf(PLAN, prescription={"absorbedDoseGy": 120, "tissue": "kidney"})
    with pytest.raises(InputError, match="kidney.*not a compartment"):
        registry.strategy(case.protocolId).evaluate(case)
    case = caseOf({**PLAN, "lungMassG": None}, prescription={"limits": [limit("lung", 30)]})
    with pytest.raises(InputError, match="mass is not known"):
        registry.strategy(case.protocolId).evaluate(case)


def test_theTherapyKnowsItsLimitsAndTables():
    therapy = registry.therapy("yttriumMicrospheres")
    assert {limit.value for limit in therapy.limitsFor("lung")} == {30.0, 50.0}
    assert not any(limit.isVerified for limit in therapy.limits)
    assert microspheres.publishedConstants("Y-90")[0]["value"] == 49.67
    for strategy in ("partition", "voxel"):
        content = registry.protocol(f"yttriumMicrospheres.{strategy}")
        for key in ("assumptions", "leavesOut", "uncertaintyCost"):
            assert content[key] and all(sentence.endswith(".") for sentence in content[key])
