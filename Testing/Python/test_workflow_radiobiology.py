"""Radiobiology through a study: worked examples, the study's own parameters, voxels, curves of effect, bad input."""

import copy
import csv
import json
import math

import numpy as np
import pytest
from caseFiles import activityImage, bodyCT, bodyLabels, writeStudy

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.imaging.files import readImage, writeImage
from MRTDosimetryLib.physics import doseResponse, radiobiology
from MRTDosimetryLib.scene import display, volumes
from MRTDosimetryLib.workflow import dose as doseStage
from MRTDosimetryLib.workflow import (
    doseDisplay,
    engineNodes,
    job,
    outputs,
    radiobiologyNodes,
    radiobiologyOptions,
    record,
    recordDiff,
    results,
    resultsTables,
    stages,
    statements,
    studyDescription,
    studyFile,
)

pytestmark = pytest.mark.usefixtures("allWithoutPictures")

SOURCE = "for this test"
KIDNEY = {"alphaBetaGy": 3.0, "repairHalfLifeHours": 2.0, "source": SOURCE, "reason": "to see it change"}


def write(folder, radiobiology=None, organs=None, names=None, radionuclide="Lu-177", change=None):
    """A study of two scans; ``organs`` as in caseFiles, with activities of its own."""
    def alter(description):
        description["radionuclide"] = radionuclide
        description["regions"]["names"] = names or description["regions"]["names"]
        if radiobiology is not None:
            description["radiobiology"] = radiobiology
        if change:
            change(description)
    path = writeStudy(folder, times=(4.0, 96.0), change=alter)
    if organs:
        for index, timeHours in enumerate((4.0, 96.0)):
            image = activityImage(bodyLabels(), timeHours, 1.0, organs)
            writeImage(image.withArray(image.array.astype(np.float64)), str(folder / f"spect{index + 1}.nrrd"))
    return path


def compute(folder, *args, **kwargs):
    return job.computeStudy(studyFile.readStudyFile(str(write(folder, *args, **kwargs)))[0])[0]


def byName(study):
    return {row["name"]: row for row in results.resultsDict(study)["regions"]}


def scaledTo(folder, wantedGy, halfLifeHours, names, radionuclide):
    """Organs whose absorbed doses come out as wanted: the absorbed dose is linear in the activity."""
    organs = {name: {"label": label, "halfLifeHours": halfLifeHours, "startMBq": 100.0}
              for label, name in names.items()}
    (folder / "first").mkdir()
    found = byName(compute(folder / "first", None, organs, {str(key): name for key, name in names.items()},
                           radionuclide))
    for name, organ in organs.items():
        organ["startMBq"] *= wantedGy[name] / found[name]["absorbedDoseGy"]
    (folder / "second").mkdir()
    return byName(compute(folder / "second", None, organs, {str(key): name for key, name in names.items()},
                          radionuclide))


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """Nothing stated."""
    return compute(tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def stated(tmp_path_factory):
    """Everything stated, by the command line: folder, study, results."""
    folder = tmp_path_factory.mktemp("stated")
    given = {"parameters": {"kidney": {**KIDNEY, "alphaPerGy": 0.2},
                            "remainder": {"alphaBetaGy": 3.0, "repairHalfLifeHours": 1.5, "source": SOURCE}},
             "gEUD": {"kidney left": 2.0},
             "doseResponse": {"kidneyComplication.bed": {"d50Gy": 20.0, "slope": 0.2, "source": SOURCE},
                              "own": {"tissue": "liver", "endpoint": "Liver failure", "effect": "complication",
                                      "quantity": "absorbedDose", "model": "logistic", "d50Gy": 12.0, "slope": 1.5,
                                      "source": SOURCE}},
             "perVoxelBED": True}
    path = write(folder, given)
    assert commandLine.main(["run", str(path), "--out", str(folder / "out")]) == 0
    return folder, job.computeStudy(studyFile.readStudyFile(str(path))[0])[0]


def test_kidneyExampleThroughAStudy(tmp_path):
    """D 5 Gy, T_eff 50 h, repair 2.8 h, alpha/beta 2.6 Gy: G 0.0530303, BED 5.509907, EQD2 3.114295."""
    found = scaledTo(tmp_path, {"kidney left": 5.0, "liver": 4.0}, 50.0, {1: "liver", 3: "kidney left"}, "Lu-177")
    kidney = found["kidney left"]
    assert kidney["absorbedDoseGy"] == pytest.approx(5.0, rel=1e-5)
    assert kidney["radiobiology"]["leaCatchesideFactor"] == pytest.approx(0.05303030, rel=1e-4)
    assert kidney["bedGy"] == pytest.approx(5.509907, abs=2e-4)
    assert kidney["eqd2Gy"] == pytest.approx(3.114295, abs=2e-4)


def test_radioembolizationExampleThroughAStudy(tmp_path):
    """90Y by physical decay: liver 40 Gy, BED 64.024; tumor 120 Gy, BED 152.927."""
    found = scaledTo(tmp_path, {"liver": 40.0, "lesion": 120.0}, 64.1, {1: "liver", 3: "lesion"}, "Y-90")
    assert found["liver"]["radiobiology"]["leaCatchesideFactor"] == pytest.approx(0.0375375, rel=1e-4)
    assert found["liver"]["bedGy"] == pytest.approx(64.024, abs=5e-3)
    assert found["lesion"]["bedGy"] == pytest.approx(152.927, abs=5e-3)


def test_withoutStatementsNothingButEQD2IsAdded(plain):
    assert stages.state(plain, "radiobiology") == stages.NOT_NEEDED
    for name, row in byName(plain).items():
        dose = plain.stageRecord("dose")["value"]["regions"][name]
        assert row["bedGy"] == dose["bedGy"] and row["radiobiology"] == dose["radiobiology"]
        ratio = row["radiobiology"]["alphaBetaGy"]
        assert row["eqd2Gy"] == pytest.approx(row["bedGy"] / (1 + 2 / ratio))
        assert not {"eudGy", "gEUDGy", "ntcp", "bedHistogram"} & set(row)


def test_uncertaintyOfTheBEDIsThatOfTheAbsorbedDose(tmp_path):
    study = compute(tmp_path, change=lambda d: d.update(
        kinetics={"model": "singleTimePoint", "effectiveHalfLifeHours": {
            name: {"hours": 60.0, "relativeUncertainty": 0.1} for name in ("liver", "kidney left")}},
        timePoints=d["timePoints"][1:]))
    for row in byName(study).values():
        biology, dose, spread = row["radiobiology"], row["absorbedDoseGy"], row["absorbedDoseUncertaintyGy"]
        factor = biology["leaCatchesideFactor"] / biology["alphaBetaGy"]
        step = 1e-4 * dose
        slope = ((dose + step) * (1 + factor * (dose + step)) - (dose - step) * (1 + factor * (dose - step))) / 2 / step
        assert row["bedUncertaintyGy"] == pytest.approx(slope * spread, rel=1e-6) and spread > 0
        assert row["eqd2UncertaintyGy"] / row["eqd2Gy"] == pytest.approx(row["bedUncertaintyGy"] / row["bedGy"])


def test_ownParametersChangeBEDAndNotTheAbsorbedDose(plain, tmp_path):
    study = compute(tmp_path)
    before = byName(study)
    engine = study.stageText("dose")
    radiobiologyOptions.setParameters(study, "kidney", KIDNEY)
    assert stages.state(study, "dose") == "done" and stages.state(study, "radiobiology") == "ready"
    assert stages.state(study, "results") == "stale"
    assert doseStage.rows(study)[0]["bedGy"] is None, "not the BED of other parameters"
    stages.runStale(study, upTo="results")
    assert study.stageText("dose") == engine, "no engine ran again"
    after = byName(study)
    assert after["liver"]["bedGy"] == before["liver"]["bedGy"]
    kidney, dose = after["kidney left"], before["kidney left"]["absorbedDoseGy"]
    assert kidney["absorbedDoseGy"] == dose
    factor = 2.0 / (2.0 + before["kidney left"]["effectiveHalfLifeHours"])
    assert kidney["bedGy"] == pytest.approx(dose * (1 + factor * dose / 3.0), rel=1e-9)
    assert kidney["eqd2Gy"] == pytest.approx(kidney["bedGy"] / (1 + 2 / 3.0))
    assert kidney["radiobiology"]["overrides"] == [
        {"statedFor": "kidney", "keys": ["alphaBetaGy", "repairHalfLifeHours"], "source": SOURCE,
         "reason": "to see it change"}]
    words = results.resultsDict(study)["warnings"]
    assert "BED uses radiobiological parameters that the study states: kidney." in words
    assert "BED uses radiobiological parameters that are not verified against their source: liver." in words
    assert {"what": "kidney: alpha/beta", "from": "2.6 Gy", "to": "3 Gy", "reason": "to see it change"} \
        in record.overrides(study)
    radiobiologyOptions.setParameters(study, "kidney", None)
    assert stages.state(study, "radiobiology") == stages.NOT_NEEDED
    stages.runStale(study, upTo="results")
    assert byName(study) == before
    assert study.nodeByRole(radiobiologyNodes.TABLE) is None


def test_theRegionGoesBeforeItsTissue(plain):
    study = plain
    stated = {"kidney": KIDNEY, "kidney left": {"alphaBetaGy": 4.0, "source": "nearer"}}
    study.setChoice("radiobiology", {"parameters": stated})
    found, _words = radiobiologyOptions.parametersOf(study, "kidney left", "kidney")
    assert (found.table.alphaBetaGy, found.table.repairHalfLifeHours) == (4.0, 2.0)
    assert [(item["statedFor"], item["keys"]) for item in found.overrides] == [
        ("kidney left", ["alphaBetaGy"]), ("kidney", ["repairHalfLifeHours"])]
    assert "alpha/beta: nearer" in found.table.source
    study.setChoice("radiobiology", None)


def test_tissueWithoutParameters(tmp_path):
    """Spleen: null with words, until both numbers are stated."""
    study = compute(tmp_path, names={"1": "spleen", "3": "kidney left"})
    row = byName(study)["spleen"]
    assert (row["bedGy"], row["eqd2Gy"], row["bedUncertaintyGy"], row["radiobiology"]) == (None,) * 4
    assert "spleen: BED is not computed, no radiobiological parameters are known for this tissue." \
        in results.resultsDict(study)["warnings"]
    radiobiologyOptions.setParameters(study, "spleen", {"alphaBetaGy": 3.0, "source": SOURCE})
    stages.runStale(study, upTo="results")
    assert byName(study)["spleen"]["bedGy"] is None
    assert "spleen: BED is not computed, the repair half-life of this tissue is not known." \
        in results.resultsDict(study)["warnings"]
    radiobiologyOptions.setParameters(study, "spleen", {"alphaBetaGy": 3.0, "repairHalfLifeHours": 1.0,
                                                        "source": SOURCE})
    stages.runStale(study, upTo="results")
    assert byName(study)["spleen"]["bedGy"] > byName(study)["spleen"]["absorbedDoseGy"]
    assert not any("BED is not computed" in text for text in results.resultsDict(study)["warnings"])
    assert not any("BED is not computed" in text for text in stages.warnings(study, "dose"))


def test_mapsWithoutTheCorrectionForRecoveryAreSaid():
    from MRTDosimetryLib.workflow import radiobiology as stage

    (words,) = stage._uncorrectedWords({"lesion": {"recovery": {"coefficient": 0.6}}, "liver": {}})
    assert "not corrected for recovery" in words and "lesion" in words and "liver" not in words
    assert stage._uncorrectedWords({"liver": {}}) == []


def test_componentsOfRepairAndRepopulation(tmp_path):
    repair = [{"share": 0.4, "halfLifeHours": 0.5}, {"share": 0.6, "halfLifeHours": 4.0}]
    study = compute(tmp_path, {"parameters": {
        "kidney": {"repair": repair, "source": SOURCE},
        "liver": {"alphaPerGy": 0.3, "source": SOURCE, "repopulation": {
            "overallTimeHours": 200.0, "averageDoublingTimeHours": 500.0, "kickOffTimeHours": 50.0}}}})
    kidney, liver = (byName(study)[name] for name in ("kidney left", "liver"))
    half = kidney["effectiveHalfLifeHours"]
    factor = 0.4 * 0.5 / (0.5 + half) + 0.6 * 4.0 / (4.0 + half)
    assert kidney["radiobiology"]["leaCatchesideFactor"] == pytest.approx(factor, rel=1e-9)
    assert kidney["radiobiology"]["repair"] == repair and kidney["radiobiology"]["repairHalfLifeHours"] is None
    lost = math.log(2) * 150.0 / (0.3 * 500.0)
    dose, biology = liver["absorbedDoseGy"], liver["radiobiology"]
    full = dose * (1 + biology["leaCatchesideFactor"] * dose / biology["alphaBetaGy"])
    assert liver["bedGy"] == pytest.approx(full - lost) and biology["repopulationGy"] == pytest.approx(lost)
    # sums over cycles have no use for what grew back in one of them
    assert {item.name: item.bedGy for item in statements.regionDoses(study)}["liver"] == pytest.approx(full)
    assert liver["eubedGy"] == pytest.approx(liver["bedGy"], rel=1e-3), "uniform"
    assert kidney["eudGy"] is None
    assert any(text.startswith("EUD and EUBED are not computed where no alpha is stated for the tissue: kidney left")
               for text in results.resultsDict(study)["warnings"])


def test_mapOfTheBED(stated):
    folder, study = stated
    rows = byName(study)
    bed = readImage(str(folder / "out" / "biologicallyEffectiveDose.nrrd"))
    dose = readImage(str(folder / "out" / "absorbedDose.nrrd"))
    labels = bodyLabels()
    for name, label in (("liver", 1), ("kidney left", 3)):
        inside = labels.array == label
        # uniform activity in uniform density: the mean of the map is the BED of the mean
        assert bed.array[inside].mean() == pytest.approx(rows[name]["bedGy"], rel=1e-3)
        assert rows[name]["bedHistogram"]["meanGy"] == pytest.approx(rows[name]["bedGy"], rel=1e-3)
        assert rows[name]["bedHistogram"]["D98Gy"] <= rows[name]["bedHistogram"]["D2Gy"]
    rest = (labels.array == 0) & (bodyCT(labels).array > -500)
    factor = 1.5 / (1.5 + 60.0) / 3.0  # the remainder has its own course, 60 h
    expected = dose.array[rest] * (1 + factor * dose.array[rest])
    np.testing.assert_allclose(bed.array[rest], expected, rtol=1e-4)
    node = study.nodeByRole(engineNodes.BED)
    assert volumes.unitOf(node) == "Gy"
    assert node.GetVoxelValueQuantity().GetCodeMeaning() == "Biologically effective dose"
    assert node.GetAttribute(display.DOSE_VOLUME_ATTRIBUTE) is None, "no absorbed dose to a DVH"
    with open(folder / "out" / "bedVolume.csv", encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file))
    assert lines[0] == ["region", "BED (Gy)", "volume receiving at least that BED (%)"] and len(lines) > 100


def test_mapAmongThoseThatCanBeShown(stated):
    _folder, study = stated
    assert (engineNodes.BED, "Biologically effective dose", "") in engineNodes.shownMaps(study)
    doseDisplay.change(study, map=engineNodes.BED)
    assert doseDisplay.showMap(study) is study.nodeByRole(engineNodes.BED)
    assert doseDisplay.shownRange(study).unit == "Gy" and not doseDisplay.shownRange(study).isAbsorbedDose
    assert doseDisplay.maximumRAS(study) is not None
    doseDisplay.change(study, map=engineNodes.ABSORBED_DOSE)
    doseDisplay.showMap(study)


def test_unevenDosesAmountToTheirMean(stated):
    """Uniform regions: EUD, gEUD and the mean agree; the formulas are tested with the physics."""
    kidney, liver = (byName(stated[1])[name] for name in ("kidney left", "liver"))
    for key, value in (("eudGy", "absorbedDoseGy"), ("gEUDGy", "absorbedDoseGy"), ("eubedGy", "bedGy")):
        assert kidney[key] == pytest.approx(kidney[value], rel=1e-3)
        assert liver[key] is None
    assert kidney["gEUDExponent"] == 2.0 and liver["gEUDExponent"] is None


def test_curvesOfEffect(stated):
    _folder, study = stated
    kidney, liver = (byName(study)[name] for name in ("kidney left", "liver"))
    (row,) = kidney["ntcp"]
    assert row["probability"] == pytest.approx(doseResponse.lymanProbability(kidney["bedGy"], 20.0, 0.2))
    assert (row["source"], row["quantity"], row["verified"]) == (SOURCE, "bed", False) and row["interval68"] is None
    (row,) = liver["ntcp"]
    assert row["probability"] == pytest.approx(1 / (1 + (12.0 / liver["absorbedDoseGy"]) ** 6.0))
    assert kidney["tcp"] is None and liver["tcp"] is None
    words = results.resultsDict(study)["warnings"]
    assert "TCP is not computed where no complete curve of tumor control applies to the tissue: liver, kidney left." \
        in words
    assert (radiobiologyNodes.CURVES, "Tumor control and complication") in resultsTables.chartsToShow(study)
    table = study.nodeByRole(radiobiologyNodes.TABLE).GetTable()
    titles = [table.GetColumnName(column) for column in range(table.GetNumberOfColumns())]
    assert {"BED (Gy)", "EQD2 (Gy)", "NTCP, own (%)", "NTCP, kidneyComplication.bed (%)"} <= set(titles)


def test_curveOfAnotherTherapyIsNotApplied(plain):
    from MRTDosimetryLib.workflow import radiobiologyCurves

    stated = {"radioembolizationTumorControl.bed": {"slope": 1.0, "source": SOURCE}}
    assert radiobiologyCurves.applied(stated, "tumor", "control", "lutetiumDotatate") == []
    assert len(radiobiologyCurves.applied(stated, "tumor", "control", "yttriumMicrospheres")) == 1
    (words,) = radiobiologyCurves.notAppliedWords(stated, "lutetiumDotatate")
    assert "another therapy" in words
    (words,) = radiobiologyCurves.notAppliedWords({"kidneyComplication.bed": {"slope": 0.2, "source": SOURCE}}, None)
    assert "without the value of 50 % probability" in words


def test_recordRepeatsWhatIsStated(stated, tmp_path):
    folder, _study = stated
    again = tmp_path / "again"
    assert commandLine.main(["run", str(folder / "out" / "record.json"), "--out", str(again)]) == 0
    first, second = (json.loads((place / "results.json").read_text(encoding="utf-8"))
                     for place in (folder / "out", again))
    assert first == second
    kept = json.loads((again / "record.json").read_text(encoding="utf-8"))
    assert kept["choices"]["radiobiology"]["gEUD"] == {"kidney left": 2.0} and "radiobiology" in kept["stages"]


def test_aStudyBuiltByHandIsDescribedWithIt(stated, tmp_path):
    description = studyDescription.describe(stated[1], str(tmp_path))
    assert description["radiobiology"] == stated[1].choice("radiobiology")
    assert "radiobiology" not in (description.get("choices") or {})


def test_differencesOfTwoStudiesAreToldOfTheirStage(stated, plain, tmp_path):
    outputs.writeOutputs(plain, str(tmp_path))
    found = recordDiff.compare(str(tmp_path), str(stated[0] / "out"))
    (stage,) = [row for row in found["stages"] if row["stage"] == "radiobiology"]
    assert any(cause.startswith("radiobiology.parameters.kidney.alphaBetaGy") for cause in stage["causes"])
    assert "dose" not in [row["stage"] for row in found["stages"]]


def test_limitsTakeTheParametersOfTheStudy(tmp_path):
    def limits(description):
        description["prescription"] = {"limits": [{"tissue": "kidney", "quantity": "bed", "valueGy": 40.0}]}
    study = compute(tmp_path, {"parameters": {"kidney": KIDNEY}}, change=limits)
    found = results.resultsDict(study)
    kidney = byName(study)["kidney left"]
    (row,) = [row for row in found["therapy"]["limits"] if row["region"] == "kidney left"]
    assert row["accumulatedGy"] == pytest.approx(kidney["bedGy"], rel=1e-6)
    assert any("alpha/beta 3 Gy and repair half-life 2 h (for this test" in text
               for text in found["therapy"]["assumptions"])
    radiobiologyOptions.setParameters(study, "kidney", {**KIDNEY, "alphaBetaGy": 6.0})
    assert stages.state(study, "therapy") == "stale" and stages.state(study, "dose") == "done"


GOOD = {"parameters": {"kidney": dict(KIDNEY)}}


@pytest.mark.parametrize(("change", "words"), [
    (lambda d: d["parameters"]["kidney"].update(alphaBetaGy=0), "alpha/beta is 0, but has to be above zero"),
    (lambda d: d["parameters"]["kidney"].update(alphaBetaGy="2.6 Gy"), "alpha/beta is not a number"),
    (lambda d: d["parameters"]["kidney"].update(alphaBetaGy=2600), "more than 100"),
    (lambda d: d["parameters"]["kidney"].update(repair=[]), "Repair is stated twice"),
    (lambda d: d["parameters"].update(kidney={"source": SOURCE, "repair": [
        {"share": 50, "halfLifeHours": 0.3}, {"share": 50, "halfLifeHours": 4}]}), "add up to 100 instead of 1"),
    (lambda d: d["parameters"].update(kidney={"source": SOURCE, "repair": [
        {"share": 0.5, "halfLifeHours": 0.3}]}), "add up to 0.5 instead of 1"),
    (lambda d: d["parameters"].update(kidney={"source": SOURCE, "repair": [0.5, 0.5]}), "not a list of shares"),
    (lambda d: d["parameters"]["kidney"].pop("source"), "without their source"),
    (lambda d: d["parameters"].update(kidney={"source": SOURCE}), "No parameter is stated"),
    (lambda d: d["parameters"]["kidney"].update(alphaBeta=3), "'alphaBeta' is not known"),
    (lambda d: d["parameters"]["kidney"].update(repopulation={
        "overallTimeHours": 100, "averageDoublingTimeHours": 50}), "without alpha"),
    (lambda d: d["parameters"]["kidney"].update(alphaPerGy=0.2, repopulation={"overallTimeHours": 100}),
     "not an object with its times"),
    (lambda d: d["parameters"].update({"kidny": dict(KIDNEY)}), "'kidny' is neither a region nor a tissue"),
    (lambda d: d.update(gEUD={"kidney": "8 %"}), "'8 %', but has to be a number"),
    (lambda d: d.update(gEUD={"kidney": 250}), "not a percentage"),
    (lambda d: d.update(gEUD={"kidney": 0}), "other than zero"),
    (lambda d: d.update(gEUD={"remainder": 2}), "neither a region nor a tissue"),
    (lambda d: d.update(perVoxelBED="yes"), "neither true nor false"),
    (lambda d: d.update(voxels=True), "'voxels' is not known"),
    (lambda d: d.update(doseResponse={"kidneyComplication.bed": {"slope": 15, "source": SOURCE}}), "0.15 for 15 %"),
    (lambda d: d.update(doseResponse={"kidneyComplication.bed": {"slope": 0.15}}), "without its source"),
    (lambda d: d.update(doseResponse={"kidneyComplication.bed": {"d50Gy": 40, "slope": 0.15, "source": SOURCE,
                                                                 "tissue": "liver"}}), "of a curve of the table"),
    (lambda d: d.update(doseResponse={"own": {"d50Gy": 40, "slope": 0.15, "source": SOURCE}}), "endpoint"),
    (lambda d: d.update(parameters=[]) or d.update(parameters=[1]), "not an object"),
])
def test_badInputIsRefusedInWords(plain, change, words):
    given = copy.deepcopy(GOOD)
    change(given)
    with pytest.raises(InputError) as error:
        radiobiologyOptions.setRadiobiology(plain, given, ["liver", "kidney left"])
    assert any(words in str(fault) for fault in error.value.faults), error.value.faults
    assert plain.choice("radiobiology") is None


def test_badInputOfAStudyFileIsRefusedByTheCommandLine(tmp_path, capfd):
    path = write(tmp_path, {"parameters": {"kidny": {"alphaBetaGy": 0, "source": SOURCE}}})
    assert commandLine.main(["run", str(path), "--out", str(tmp_path / "out")]) == 2
    assert "alpha/beta is 0" in capfd.readouterr().err
    path = write(tmp_path, {"parameters": {"kidny": {"alphaBetaGy": 3, "source": SOURCE}}})
    assert commandLine.main(["run", str(path), "--out", str(tmp_path / "out")]) == 2
    found = capfd.readouterr().err
    assert "'kidny' is neither a region nor a tissue" in found and "kidney left" in found
    assert not (tmp_path / "out").exists()


def test_firstOrderUncertainty():
    assert radiobiology.bedUncertaintyGy(5.0, 0.5, 0.05303030, 2.6) == pytest.approx(
        0.5 * (1 + 2 * 0.0530303 * 5 / 2.6))
