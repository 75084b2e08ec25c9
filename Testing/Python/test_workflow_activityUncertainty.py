"""The uncertainty of the administered activity: from study file to what is stated per administered activity, and to
absorbed doses that rest on it. Truth: first-order propagation of independent parts."""

import json
import math

import pytest
from caseFiles import writeStudy
from microsphereFiles import description as microspheres
from microsphereFiles import writeImages
from microsphereFiles import writeStudy as writeMicrospheres
from recordCases import numbersAlone

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.physics.wholeBodyDose import nextActivityMBq
from MRTDosimetryLib.resources import loadJSON, resourcePath
from MRTDosimetryLib.therapies.case import RegionDose, TherapyCase
from MRTDosimetryLib.therapies.course import CycleDose, courses

RELATIVE = 0.05


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    numbersAlone(monkeypatch)


def run(path, out):
    assert commandLine.main(["run", str(path), "--out", str(out)]) == 0
    return json.loads((out / "results.json").read_text(encoding="utf-8"))


def example(folder, name, **administration):
    content = loadJSON(resourcePath("Protocols", "examples", f"{name}.json"))
    content["administration"] = {**content["administration"], **administration}
    path = folder / f"{name}-{len(administration)}.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return run(path, folder / f"out-{len(administration)}")["therapy"]


@pytest.mark.parametrize("stated", [{"activityUncertaintyMBq": 370.0}, {"relativeActivityUncertainty": RELATIVE}])
def test_valuesPerAdministeredActivityOfImagesHoldIt(tmp_path, stated):
    def change(description):
        description["administration"].update(stated)
        description["resolutionFWHMMM"] = 10.0
        description["uncertainty"] = {"calibrationRelative": 0.03}
        description["kinetics"]["relativeActivityUncertainty"] = 0.04

    results = run(writeStudy(tmp_path, change=change), tmp_path / "out")
    given = results["administration"]
    assert given["activityUncertaintyMBq"] == pytest.approx(370.0)
    assert given["relativeActivityUncertainty"] == pytest.approx(RELATIVE)
    for region in results["regions"]:
        # an image in Bq/mL does not know what was administered
        ofDose = region["absorbedDoseUncertaintyGy"] / region["absorbedDoseGy"]
        assert region["uncertaintyBudget"]["relativeUncertainty"] == pytest.approx(ofDose)
        assert "administeredActivity" not in [item["name"] for item in region["uncertaintyBudget"]["components"]]
        assert region["absorbedDoseCoefficientUncertaintyGyPerGBq"] / region["absorbedDoseCoefficientGyPerGBq"] \
            == pytest.approx(math.hypot(ofDose, RELATIVE))
        ofActivity = region["timeIntegratedActivityUncertaintyMBqH"] / region["timeIntegratedActivityMBqH"]
        assert region["timeIntegratedActivityCoefficientUncertaintyH"] / region["timeIntegratedActivityCoefficientH"] \
            == pytest.approx(math.hypot(ofActivity, RELATIVE))
    # repeated by its record
    again = run(tmp_path / "out" / "record.json", tmp_path / "again")
    assert again == results


def test_imagesThatGetTheirScaleFromTheActivityHoldItInTheAbsorbedDose(tmp_path):
    writeImages(str(tmp_path))
    found = []
    for name, administration in (("plain", {}), ("stated", {"relativeActivityUncertainty": RELATIVE})):
        content = microspheres(administration={"activityMBq": 2000.0, **administration}, resolutionFWHMMM=10.0,
                               kinetics={"relativeActivityUncertainty": 0.04})
        path = writeMicrospheres(str(tmp_path), content, f"{name}.json")
        found.append(run(path, tmp_path / name))
    for plain, stated in zip(*(item["regions"] for item in found), strict=True):
        before = plain["absorbedDoseUncertaintyGy"] / plain["absorbedDoseGy"]
        after = stated["absorbedDoseUncertaintyGy"] / stated["absorbedDoseGy"]
        assert after == pytest.approx(math.hypot(before, RELATIVE))
        component = {item["name"]: item for item in stated["uncertaintyBudget"]["components"]}["administeredActivity"]
        assert component["relativeUncertainty"] == RELATIVE
        assert component["sharePercent"] == pytest.approx(100.0 * (RELATIVE / after) ** 2)
        assert sum(item["sharePercent"] or 0.0 for item in stated["uncertaintyBudget"]["components"]) \
            == pytest.approx(100.0)
        # per administered activity it cancels
        assert stated["absorbedDoseCoefficientUncertaintyGyPerGBq"] == pytest.approx(
            plain["absorbedDoseCoefficientUncertaintyGyPerGBq"])


def test_bloodAndWholeBody(tmp_path):
    plain = example(tmp_path, "thyroidCancerIodine.bloodDose")
    stated = example(tmp_path, "thyroidCancerIodine.bloodDose", relativeActivityUncertainty=RELATIVE)

    def relative(found, key, value=None):
        return found[f"{key}Uncertainty{value or ''}"] / found[f"{key}{value or ''}"]

    # samples are activities, readings are fractions of what was administered
    before, after = (relative(item, "bloodTimeIntegratedActivityCoefficient", "HPerML") for item in (plain, stated))
    assert after == pytest.approx(math.hypot(before, RELATIVE))
    assert relative(stated, "wholeBodyTimeIntegratedActivityCoefficient", "H") == pytest.approx(
        relative(plain, "wholeBodyTimeIntegratedActivityCoefficient", "H"))
    assert relative(stated, "wholeBodyAbsorbedDose", "Gy") == pytest.approx(
        math.hypot(relative(plain, "wholeBodyAbsorbedDose", "Gy"), RELATIVE))
    # D = A k_B tau_B + A k_W tau_W: the first part does not go with A, the second one does; D/A the other way round
    ofBlood = 108.0 * plain["bloodTimeIntegratedActivityCoefficientHPerML"]
    total = plain["bloodAbsorbedDoseCoefficientGyPerGBq"]
    before = relative(plain, "bloodAbsorbedDoseCoefficient", "GyPerGBq")
    assert relative(stated, "bloodAbsorbedDoseCoefficient", "GyPerGBq") == pytest.approx(
        math.hypot(before, RELATIVE * ofBlood / total), rel=1e-6)
    assert relative(stated, "bloodAbsorbedDose", "Gy") == pytest.approx(
        math.hypot(before, RELATIVE * (1.0 - ofBlood / total)), rel=1e-6)
    assert stated["maximumActivityGBq"] == plain["maximumActivityGBq"]
    assert stated["maximumActivityAt95PercentGBq"] < plain["maximumActivityAt95PercentGBq"]


def test_thyroidAndNextActivity(tmp_path):
    plain = example(tmp_path, "thyroidIodine.multipleUptakes")
    stated = example(tmp_path, "thyroidIodine.multipleUptakes", activityUncertaintyMBq=330.0 * RELATIVE)
    before, after = (item["achievedAbsorbedDoseUncertaintyGy"] / item["achievedAbsorbedDoseGy"]
                     for item in (plain, stated))
    assert after == pytest.approx(math.hypot(before, RELATIVE))
    assert stated["prescribedActivityUncertaintyMBq"] == plain["prescribedActivityUncertaintyMBq"], "uptakes are ratios"
    # A_next = W / c - A with D = c A
    activity, dose, wanted, ofCoefficient = 4000.0, 1.5, 4.0, 0.06
    found, spread = nextActivityMBq(activity, dose, wanted, dose * math.hypot(ofCoefficient, RELATIVE),
                                    relativeActivityUncertainty=RELATIVE)
    assert found == pytest.approx(wanted / (dose / activity) - activity)
    assert spread == pytest.approx(math.hypot(wanted * activity / dose * ofCoefficient, activity * RELATIVE))


def test_cyclesThatAreEstimatedFromThisOneHoldIt():
    region = RegionDose("kidney left", "kidney", 150.0, 4.0, 0.4)
    case = TherapyCase("lutetiumDotatate.multiTimePoint", "Lu-177", 7400.0, regions=(region,), patient={"cycle": 2},
                       earlierCycles=({"cycle": 1, "administeredActivityMBq": 3700.0, "isImaged": False},),
                       administeredActivityRelativeUncertainty=RELATIVE)
    course = courses(case)[0]["kidney left"]
    estimated, measured = course.cycles
    assert measured.uncertaintyGy == 0.4 and estimated.absorbedDoseGy == pytest.approx(2.0)
    assert estimated.uncertaintyGy == pytest.approx(2.0 * math.hypot(0.1, RELATIVE))
    assert course.latestImaged.coefficientRelativeUncertainty == pytest.approx(math.hypot(0.1, RELATIVE))
    assert CycleDose(1, 7400.0, 4.0).coefficientRelativeUncertainty is None


@pytest.mark.parametrize(("stated", "words"), [
    ({"activityUncertaintyMBq": 7400}, "is not below the administered 7400 MBq"),
    ({"activityUncertaintyMBq": -1}, "has to be above zero"),
    ({"relativeActivityUncertainty": 5}, "Give a fraction, 0.02 for 2 %"),
    ({"relativeActivityUncertainty": "5 %"}, "is not a number"),
    ({"relativeActivityUncertainty": 0.02, "activityUncertaintyMBq": 100}, "given in MBq and as a fraction")])
def test_whatCannotBeIsRefusedInWords(tmp_path, capfd, stated, words):
    study = writeStudy(tmp_path, change=lambda description: description["administration"].update(stated))
    assert commandLine.main(["run", str(study), "--out", str(tmp_path / "out")]) == 2
    assert words in capfd.readouterr().err and not (tmp_path / "out").exists()


def test_statedTwiceForMicrospheresIsRefused():
    from MRTDosimetryLib.therapies import inputs, microspherePlan, microsphereResults

    content = loadJSON(resourcePath("Protocols", "examples", "yttriumMicrospheres.partition.json"))
    given = inputs.checked({"microspheres": content["microspheres"]})["microspheres"]
    case = TherapyCase(content["protocol"], "Y-90", 2000.0, microspheres=given,
                       administeredActivityRelativeUncertainty=RELATIVE)
    with pytest.raises(InputError, match="stated twice, as 0.03 and as 0.05"):
        microsphereResults.activityOf(case, microspherePlan.partitionPlan(case))
