"""Images of one radionuclide predict the absorbed doses of another: synthetic studies whose truth is analytic."""

import json
import math

import pytest
from caseFiles import activityImage, bodyLabels, writeStudy

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.imaging.files import writeImage
from MRTDosimetryLib.physics.nuclides import nuclide
from MRTDosimetryLib.physics.predictedActivity import conversionFactor, decayRatio
from MRTDosimetryLib.registry.fromResults import caseFromResults
from MRTDosimetryLib.therapies import cycles

pytestmark = pytest.mark.usefixtures("allWithoutPictures")

IMAGED_MBQ, PLANNED_MBQ = 60.0, 5000.0
TIMES = (4.0, 24.0, 72.0, 144.0)
# Fraction taken up at once, and biological half-life.
ORGANS = {"liver": (1, 0.20, 120.0), "kidney left": (3, 0.05, math.inf)}
REST = (0.30, 90.0)
TRACER = {"imagedRadionuclide": "I-124", "imagedActivityMBq": IMAGED_MBQ, "imagedDateTime": "2026-04-20T09:00:00"}


def effectiveHours(name, biologicalHours):
    return 1.0 / (1.0 / nuclide(name).halfLifeHours + 1.0 / biologicalHours)


def predicted(folder, tracer="I-124", times=TIMES, atAdministration=False, **changes):
    """A study whose images show a tracer; the study file's path."""
    folder.mkdir(exist_ok=True)

    def change(description):
        description["radionuclide"] = "I-131"
        description["administration"] = {"activityMBq": PLANNED_MBQ}
        description["prediction"] = {**TRACER, "imagedRadionuclide": tracer}
        for item in description["timePoints"]:
            if atAdministration:
                item["decayCorrectedTo"] = "administration"
        for key, value in changes.items():
            description[key] = value
            if value is None:
                del description[key]

    path = writeStudy(folder, times, change)
    labels = bodyLabels()
    for index, timeHours in enumerate(times):
        organs = {name: {"label": label, "halfLifeHours": effectiveHours(tracer, halfLife),
                         "startMBq": share * IMAGED_MBQ} for name, (label, share, halfLife) in ORGANS.items()}
        # the helper's remainder falls with 60 h
        rest = REST[0] * IMAGED_MBQ * 2 ** (timeHours / 60.0 - timeHours / effectiveHours(tracer, REST[1]))
        image = activityImage(labels, timeHours, rest, organs)
        factor = 2 ** (timeHours / nuclide(tracer).halfLifeHours) if atAdministration else 1.0
        writeImage(image.withArray(image.array * factor), str(folder / f"spect{index + 1}.nrrd"))
    return path


def run(path, name="out", expected=0):
    out = path.parent / name
    assert commandLine.main(["run", str(path), "--out", str(out)]) == expected
    return json.loads((out / "results.json").read_text(encoding="utf-8")) if expected == 0 else None


def region(results, name):
    return next(item for item in results["regions"] if item["name"] == name)


def coefficientH(name):
    """True time-integrated activity coefficient with 131I."""
    _label, share, halfLife = ORGANS[name]
    return share * effectiveHours("I-131", halfLife) / math.log(2)


def test_conversionByHand():
    iodine124, iodine131 = nuclide("I-124"), nuclide("I-131")
    ratio = 2 ** (48 / iodine124.halfLifeHours - 48 / iodine131.halfLifeHours)
    assert decayRatio(iodine124, iodine131, 48) == pytest.approx(ratio, rel=1e-12)
    assert conversionFactor(iodine124, iodine131, 48, 60, 5000) == pytest.approx(5000 / 60 * ratio, rel=1e-12)
    assert decayRatio(iodine131, iodine124, 48) == pytest.approx(1 / ratio, rel=1e-12)


@pytest.fixture(scope="module")
def prediction(tmp_path_factory):
    """Folder and results of one prediction."""
    folder = tmp_path_factory.mktemp("prediction")
    return folder, run(predicted(folder))


def test_coefficientsAreThoseOfTheTherapy(prediction):
    _folder, results = prediction
    for name, (_label, share, halfLife) in ORGANS.items():
        found = region(results, name)
        assert found["timeIntegratedActivityCoefficientH"] == pytest.approx(coefficientH(name), rel=1e-3)
        assert found["timeIntegratedActivityMBqH"] == pytest.approx(PLANNED_MBQ * coefficientH(name), rel=1e-3)
        # where nothing is lost, physical decay of the therapy's radionuclide, slower than that of the imaged one
        assert found["effectiveHalfLifeHours"] == pytest.approx(effectiveHours("I-131", halfLife), rel=1e-3)
        first = found["timeActivity"][0]["activityMBq"]
        assert first == pytest.approx(PLANNED_MBQ * share * 2 ** (-4 / effectiveHours("I-131", halfLife)), rel=1e-4)
        assert found["absorbedDoseCoefficientGyPerGBq"] == pytest.approx(found["absorbedDoseGy"] / 5.0)
        local = nuclide("I-131").localDoseConstantGyKgPerGBqH * coefficientH(name) / (found["massG"] / 1000.0)
        assert found["absorbedDoseCoefficientGyPerGBq"] == pytest.approx(local, rel=2e-3)


def test_whatIsPredictedIsSaidEverywhere(prediction):
    folder, results = prediction
    made = results["prediction"]
    assert (made["imagedRadionuclide"], made["radionuclide"], made["activityMBq"]) == ("I-124", "I-131", PLANNED_MBQ)
    assert made["isActivityPlanned"] and made["activityOrigin"] == "administration.activityMBq"
    assert [row["timeHours"] for row in made["timePoints"]] == list(TIMES)
    assert made["timePoints"][2]["factor"] == pytest.approx(
        conversionFactor(nuclide("I-124"), nuclide("I-131"), 72.0, IMAGED_MBQ, PLANNED_MBQ))
    assert results["warnings"] and any(words.startswith("Predicted, not measured") for words in results["warnings"])
    assert any("saturation of receptors" in words for words in results["warnings"])
    assert results["therapy"]["predictedFromRadionuclide"] == "I-124"
    assert "behaves alike" in " ".join(results["therapy"]["assumptions"])
    # the balance is that of the tracer: 55 % of its activity is in view, not 0.7 % of the therapy's
    assert results["activityBalance"][0]["shareOfAdministered"] == pytest.approx(0.54, abs=0.02)
    report = (folder / "out" / "report.html").read_text(encoding="utf-8")
    assert "Predicted for" in report and "60.0 MBq of I-124, imaged" in report and "none: predicted" in report
    record = json.loads((folder / "out" / "record.json").read_text(encoding="utf-8"))
    facts = record["timePoints"][0]["facts"]
    assert "I-124 as imaged, 60 MBq, to 5000 MBq" in facts["predictedActivityFactor"]["detail"]


def test_theRecordRepeatsIt(prediction):
    folder, results = prediction
    again = run(folder / "out" / "record.json", "again")
    assert again["regions"] == results["regions"] and again["prediction"] == results["prediction"]


def test_mapsPerVoxel(tmp_path):
    path = predicted(tmp_path, kinetics={"model": "auto", "perVoxel": True})
    results = run(path)
    for name in ORGANS:
        found = region(results, name)["voxelTimeIntegratedActivityMBqH"]
        assert found == pytest.approx(PLANNED_MBQ * coefficientH(name), rel=5e-3)


def test_withoutAPlannedActivityCoefficientsAlone(tmp_path):
    results = run(predicted(tmp_path, administration=None))
    for name in ORGANS:
        found = region(results, name)
        assert found["timeIntegratedActivityCoefficientH"] == pytest.approx(coefficientH(name), rel=1e-3)
        assert found["absorbedDoseCoefficientGyPerGBq"] == pytest.approx(found["absorbedDoseGy"])
        assert found["bedGy"] is None
    assert not results["prediction"]["isActivityPlanned"] and results["administration"] is None
    assert any("are those of 1 GBq, that is coefficients" in words for words in results["warnings"])


def test_decayCorrectionIsUndoneWithTheImagedRadionuclide(tmp_path):
    results = run(predicted(tmp_path, atAdministration=True))
    for name in ORGANS:
        assert region(results, name)["timeIntegratedActivityCoefficientH"] == pytest.approx(coefficientH(name),
                                                                                              rel=1e-3)


def test_timesCountFromTheImagedAdministration(tmp_path):
    path = predicted(tmp_path)
    description = json.loads(path.read_text(encoding="utf-8"))
    for item, moment in zip(description["timePoints"], ("2026-04-20T13:00:00", "2026-04-21T09:00:00",
                                                         "2026-04-23T09:00:00", "2026-04-26T09:00:00"), strict=True):
        del item["hoursAfterAdministration"]
        item["acquisitionDateTime"] = moment
    # the therapy is planned for a day after the scans
    description["administration"] = {"activityMBq": PLANNED_MBQ, "dateTime": "2026-05-04T10:00:00"}
    path.write_text(json.dumps(description), encoding="utf-8")
    results = run(path)
    assert [point["timeHours"] for point in region(results, "liver")["timeActivity"]] == list(TIMES)


def test_aPrescriptionByThePrediction(tmp_path):
    limit = {"tissue": "kidney", "quantity": "absorbedDose", "valueGy": 23.0, "source": "of this test"}
    path = predicted(tmp_path, administration=None, prescription={"limits": [limit]})
    results = run(path)
    coefficient = region(results, "kidney left")["absorbedDoseCoefficientGyPerGBq"]
    therapy = results["therapy"]
    # nothing is given yet: the whole limit is left
    assert therapy["nextActivityMBq"] == pytest.approx(1000.0 * 23.0 / coefficient)
    assert therapy["limits"][0]["accumulatedGy"] == 0 and therapy["accumulated"] == []
    earlier = [{"cycle": 1, "administeredActivityMBq": 4000, "regions": {
        "kidney left": {"absorbedDoseGy": 8.0}}}]
    path = predicted(tmp_path / "second", administration=None, prescription={"limits": [limit]}, earlierCycles=earlier)
    therapy = run(path)["therapy"]
    assert therapy["nextActivityMBq"] == pytest.approx(1000.0 * (23.0 - 8.0) / coefficient, rel=1e-6)


def test_anEarlyImageOfAShortLivedTracerIsFlagged(tmp_path):
    path = predicted(tmp_path, "Ga-68", (1.0, 4.0), radionuclide="Lu-177", protocol="lutetiumDotatate.multiTimePoint")
    results = run(path)
    assert any("Ga-68 decayed" in words and "4 h" in words for words in results["warnings"])
    assert results["therapy"]["predictedForActivityMBq"] == PLANNED_MBQ
    assert results["therapy"]["cohort"]["comparison"] is not None


@pytest.mark.parametrize(("changes", "words"), [
    ({"prediction": {"imagedActivityMBq": 60}}, "The imaged radionuclide is missing"),
    ({"prediction": {**TRACER, "imagedRadionuclide": "I-999"}}, "'I-999' is not known"),
    ({"prediction": {**TRACER, "imagedRadionuclide": "I-131"}}, "The imaged radionuclide is that of the study"),
    ({"prediction": {"imagedRadionuclide": "I-124"}}, "activity of the imaged radionuclide is missing"),
    ({"prediction": {**TRACER, "imagedActivityMBq": 0}}, "has to be above 0"),
    ({"prediction": {**TRACER, "imagedDateTime": "yesterday"}}, "not a date and time"),
    ({"prediction": {**TRACER, "halfLife": 4}}, "'halfLife' is not known"),
    ({"prediction": {**TRACER, "imagedRadionuclide": "F-18"}}, "half-lives of F-18 after its administration"),
    ({"protocol": "iodineMibg.wholeBodyAndSpect"}, "makes no use of images of another radionuclide"),
    ({"measurements": {"blood": [{"timeHours": 4, "activityMBqPerML": 0.001}]}}, "not known of which of the two"),
    ({"prediction": {"results": "nowhere.json"}}, "There is no such file")])
def test_whatCannotPredictIsRefusedInWords(tmp_path, capfd, changes, words):
    run(predicted(tmp_path, **changes), expected=2)
    shown = capfd.readouterr().err
    assert words in shown and "Traceback" not in shown


def therapyStudy(folder, statement):
    """The therapy that followed: 131I itself, the liver held 10 % more than was predicted."""
    folder.mkdir(exist_ok=True)
    path = predicted(folder, "I-131", prediction=statement)
    labels = bodyLabels()
    for index, timeHours in enumerate(TIMES):
        organs = {name: {"label": label, "halfLifeHours": effectiveHours("I-131", halfLife),
                         "startMBq": share * PLANNED_MBQ * (1.1 if name == "liver" else 1.0)}
                  for name, (label, share, halfLife) in ORGANS.items()}
        writeImage(activityImage(labels, timeHours, 1500.0, organs), str(folder / f"spect{index + 1}.nrrd"))
    return path


def test_theTherapyBesideItsPrediction(prediction, tmp_path):
    folder, _results = prediction
    path = therapyStudy(tmp_path / "therapy", {"results": str(folder / "out" / "results.json")})
    results = run(path)
    rows = {row["region"]: row for row in results["therapy"]["predictedAgainstMeasured"]}
    assert rows["liver"]["ratio"] == pytest.approx(1.1, rel=1e-3)
    assert rows["kidney left"]["ratio"] == pytest.approx(1.0, rel=1e-3)
    assert rows["liver"]["ratioUncertainty"] > 0 and "prediction" not in results
    report = (path.parent / "out" / "report.html").read_text(encoding="utf-8")
    assert "Measured against predicted by I-124" in report
    record = json.loads((path.parent / "out" / "record.json").read_text(encoding="utf-8"))
    assert any(item["path"].endswith("results.json") for item in record["inputs"])
    again = run(path.parent / "out" / "record.json", "again")
    assert again["therapy"] == results["therapy"]


def test_resultsThatPredictNothingAreRefused(prediction, tmp_path, capfd):
    folder, results = prediction
    plain = {key: value for key, value in results.items() if key != "prediction"}
    for content, words in ((plain, "predicts nothing"), ({**results, "radionuclide": "Lu-177"}, "predicts Lu-177")):
        (tmp_path / "other.json").write_text(json.dumps(content), encoding="utf-8")
        run(therapyStudy(tmp_path / "therapy", {"results": str(tmp_path / "other.json")}), expected=2)
        assert words in capfd.readouterr().err


def test_aPredictionIsNoCycleAndNoCase(prediction):
    _folder, results = prediction
    with pytest.raises(Exception, match="nothing of them was given"):
        cycles.rowFromResults(results, 1, "row 1")
    with pytest.raises(Exception, match="not measured"):
        caseFromResults(results, "NUC1", "P-1", 1)
