"""Several absorbed-dose engines on one study: results, scene, files; an external map; absorbed-dose rates."""

import json

import numpy as np
import pytest
from caseFiles import ORGANS, TIMES_HOURS, activityImage, bodyCT, bodyLabels, writeStudy
from doseExamples import NAME, PHOTON_SHARE, RELATIVE_ERROR, registered

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.errors import CanceledError
from MRTDosimetryLib.imaging.files import readImage, writeImage
from MRTDosimetryLib.physics.nuclides import nuclide
from MRTDosimetryLib.scene import files as sceneFiles
from MRTDosimetryLib.scene import tables, volumes
from MRTDosimetryLib.scene.study import Study
from MRTDosimetryLib.workflow import dose, doseOptions, engineNodes, job, results, stages, studyFile


def run(folder, **choice):
    """By the command line; the content of results.json."""
    study = writeStudy(folder, change=lambda d: d["dose"].update(choice))
    assert commandLine.main(["run", str(study), "--out", str(folder / "out")]) == 0
    return json.loads((folder / "out" / "results.json").read_text(encoding="utf-8"))


def compute(folder, radionuclide="Lu-177", times=(4.0, 96.0), **choice):
    """The same results without files and report, two scans are enough."""
    def change(description):
        description["radionuclide"] = radionuclide
        description["dose"].update(choice)
    path = writeStudy(folder, times=times, change=change)
    study, _inputs = job.computeStudy(studyFile.readStudyFile(str(path))[0])
    return results.resultsDict(study)


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """Both engines, with absorbed-dose rates; (folder, results)."""
    folder = tmp_path_factory.mktemp("engines")
    with registered():
        yield folder, run(folder, engine=["localDeposition", NAME], doseRateMaps=True)


def test_primaryNumbersAreThoseOfTheFirstEngine(case):
    _folder, found = case
    assert found["engine"] == "localDeposition" and list(found["engines"]) == ["localDeposition", NAME]
    for region in found["regions"]:
        own = region["engines"]["localDeposition"]
        assert region["absorbedDoseGy"] == own["absorbedDoseGy"] and region["dvh"] == own["dvh"]
        assert own["differenceFromPrimaryPercent"] is None


def test_otherEngineStandsBeside(case):
    folder, found = case
    labels, maps = bodyLabels(), [readImage(str(folder / "out" / name)) for name in (
        "absorbedDose.nrrd", f"absorbedDose-{NAME}.nrrd")]
    for region in found["regions"]:
        first, second = (region["engines"][name] for name in ("localDeposition", NAME))
        inside = labels.array == {"liver": 1, "kidney left": 3}[region["name"]]
        grown = float(maps[1].array[inside].mean() - maps[0].array[inside].mean())
        assert 0 < grown < PHOTON_SHARE * first["absorbedDoseGy"]
        assert second["absorbedDoseGy"] == pytest.approx(first["absorbedDoseGy"] + grown, rel=1e-3)
        assert second["differenceFromPrimaryPercent"] == pytest.approx(
            100 * grown / first["absorbedDoseGy"], rel=1e-2)
        assert 0 <= second["gammaPassPercent"] <= 100
        assert second["statisticalStandardErrorGy"] == pytest.approx(RELATIVE_ERROR * maps[1].array[inside].mean(),
                                                                     rel=1e-2)
    assert found["engines"][NAME]["gamma"]["distanceMM"] == 3.0
    assert "seconds" not in found["engines"][NAME]


def test_energyBalanceOfEveryEngine(case):
    for engine in case[1]["engines"].values():
        balance = engine["energyBalance"]
        assert abs(balance["deviationPercent"]) < 0.5
        assert balance["depositedMeV"] + balance["escapedMeV"] == pytest.approx(balance["emittedMeV"], rel=5e-3)


def test_statisticsWorseThanAskedForAreSaid(case):
    assert any(text.startswith("liver: the statistical uncertainty of the absorbed dose is 2.0%")
               for text in case[1]["warnings"])


def test_sceneHoldsMapsTableAndChart(case):
    scene = sceneFiles.openBundle(str(case[0] / "out" / "scene.mrb"))
    study = Study.all(scene)[0]
    assert set(engineNodes.mapNodes(study)) == {"localDeposition", NAME}
    difference = study.nodeByRole(f"{engineNodes.DIFFERENCE}.{NAME}")
    maps = engineNodes.mapNodes(study)
    first, second, third = (volumes.volumeFromNode(node).array
                            for node in (maps["localDeposition"], maps[NAME], difference))
    assert np.allclose(third, second - first, atol=1e-5)
    table = study.nodeByRole(engineNodes.TABLE)
    assert tables.columnValues(table, "Region") == ["liver", "liver", "kidney left", "kidney left"]
    assert study.nodeByRole(engineNodes.CHART).GetNumberOfPlotSeriesNodes() == 4
    assert dose.engines(study)[NAME]["seconds"] >= 0
    assert stages.state(study, "dose") == "done"


def test_ratesIntegrateToTheAbsorbedDose(case):
    folder, found = case
    scene = sceneFiles.openBundle(str(folder / "out" / "scene.mrb"))
    nodes = engineNodes.rateNodes(Study.all(scene)[0])
    assert [volumes.unitOf(node) for node in nodes] == ["mGy/h"] * 4
    assert [node.GetName() for node in nodes][0] == "Absorbed-dose rate, 4 h"
    for region in found["regions"]:
        rate = region["absorbedDoseRate"]
        assert rate["absorbedDoseFromRatesGy"] == pytest.approx(region["absorbedDoseGy"], rel=1e-6)
        for index, point in enumerate(region["timeActivity"]):
            expected = 1000 * point["activityMBq"] * 0.08532 / region["massG"]
            assert rate["ratesMGyPerHour"][index] == pytest.approx(expected, rel=1e-3)
    inside = bodyLabels().array == 1
    liver = next(region for region in found["regions"] if region["name"] == "liver")
    assert volumes.volumeFromNode(nodes[0]).array[inside].mean() == pytest.approx(
        liver["absorbedDoseRate"]["ratesMGyPerHour"][0], rel=1e-3)


def test_statisticsOfThePrimaryEngineAreInTheBudget(tmp_path):
    with registered():
        found = compute(tmp_path, times=TIMES_HOURS, engine=NAME, options={NAME: {"relativeUncertainty": 0.05}})
    for region in found["regions"]:
        components = {item["name"]: item for item in region["uncertaintyBudget"]["components"]}
        error = region["engines"][NAME]["statisticalStandardErrorGy"] / region["absorbedDoseGy"]
        assert components["engineStatistics"]["relativeUncertainty"] == pytest.approx(error, rel=1e-9)
        assert components["engineStatistics"]["title"] == "Monte Carlo statistics"
        shares = [item["sharePercent"] or 0 for item in components.values()]
        assert sum(shares) == pytest.approx(100, abs=1e-6)
        assert region["uncertaintyBudget"]["relativeUncertainty"] > error * (1 - 1e-9)
    assert not any("statistical uncertainty of the absorbed dose" in text for text in found["warnings"])


def test_energyThatIsLostIsAnError(tmp_path, capfd):
    with registered(lost=20.0):
        study = writeStudy(tmp_path, change=lambda d: d["dose"].update(engine=NAME))
        assert commandLine.main(["run", str(study), "--out", str(tmp_path / "out")]) == 2
    shown = capfd.readouterr().err
    assert "98.18 % of the emitted energy" in shown and "Traceback" not in shown


def writeMap(folder, factor=1.0):
    """Local deposition by hand on the study's voxels, times a factor, in Gy."""
    labels = bodyLabels()
    tia = sum(activityImage(labels, 0.0, 0.0, {name: organ}).array * organ["halfLifeHours"] / np.log(2)
              for name, organ in ORGANS.items())
    density = np.where(bodyCT(labels).array > -500, 1.06, 1.0)
    gray = factor * tia * 1e-6 * nuclide("Lu-177").localDoseConstantGyKgPerGBqH / density
    writeImage(labels.withArray(gray.astype(np.float32)), str(folder / "elsewhere.nrrd"))


def test_externalMapBesideTheOwnEngine(tmp_path, withoutPictures):
    writeMap(tmp_path, 1.2)
    found = run(tmp_path, external={"file": "elsewhere.nrrd", "quantity": "absorbedDose", "unit": "Gy"})
    assert list(found["engines"]) == ["localDeposition", "external"]
    origin = found["engines"]["external"]["origin"]
    assert origin["files"] == ["elsewhere.nrrd"] and len(origin["digest"]) == 64 and origin["unit"] == "Gy"
    for region in found["regions"]:
        assert region["engines"]["external"]["differenceFromPrimaryPercent"] == pytest.approx(20, abs=1.5)
        assert region["engines"]["external"]["gammaPassPercent"] < 80
    record = json.loads((tmp_path / "out" / "record.json").read_text(encoding="utf-8"))
    assert any(item["path"].endswith("elsewhere.nrrd") for item in record["inputs"])
    assert commandLine.main(["run", str(tmp_path / "out" / "record.json"), "--out", str(tmp_path / "again")]) == 0
    again = json.loads((tmp_path / "again" / "results.json").read_text(encoding="utf-8"))
    assert again == found


def test_externalMapAloneIsTheResult(tmp_path):
    writeMap(tmp_path)
    found = compute(tmp_path, engine="external",
                  external={"file": "elsewhere.nrrd", "quantity": "absorbedDose", "unit": "Gy"})
    assert found["engine"] == "external"
    image = readImage(str(tmp_path / "elsewhere.nrrd")).array
    for region in found["regions"]:
        inside = bodyLabels().array == {"liver": 1, "kidney left": 3}[region["name"]]
        assert region["absorbedDoseGy"] == pytest.approx(image[inside].mean(), rel=1e-3)


def test_externalRateFollowsTheKineticsOfEachRegion(tmp_path):
    labels = bodyLabels()
    rate = activityImage(labels, 24.0).array * 1e-6 * 0.08532 / 1.06  # Gy/h
    writeImage(labels.withArray(rate.astype(np.float32)), str(tmp_path / "rate.nrrd"))
    found = compute(tmp_path, external={"file": "rate.nrrd", "quantity": "absorbedDoseRate", "unit": "Gy/h",
                                      "hoursAfterAdministration": 24.0})
    for region in found["regions"]:
        assert abs(region["engines"]["external"]["differenceFromPrimaryPercent"]) < 1.5


def test_externalTimeIntegratedActivity(tmp_path):
    labels = bodyLabels()
    image = activityImage(labels, 24.0)
    tia = image.array * 1e-6 * 100.0  # MBq h per mL
    writeImage(labels.withArray(tia.astype(np.float32)), str(tmp_path / "tia.nrrd"))
    found = compute(tmp_path, external={"file": "tia.nrrd", "quantity": "timeIntegratedActivity", "unit": "MBq h/mL"})
    for region in found["regions"]:
        inside = labels.array == {"liver": 1, "kidney left": 3}[region["name"]]
        expected = tia[inside].mean() * 0.08532 / (region["massG"] / region["volumeML"])
        assert region["engines"]["external"]["absorbedDoseGy"] == pytest.approx(expected, rel=2e-3)


def test_alphaParticlesAndStatedRBE(tmp_path):
    found = compute(tmp_path, "Ac-225", progeny="inPlace", rbe={"alpha": 5})
    for region in found["regions"]:
        parts, weighted = region["particles"], region["rbeWeightedAbsorbedDose"]
        assert parts["alphaGy"] > 10 * parts["electronGy"]
        assert parts["alphaGy"] + parts["electronGy"] == pytest.approx(region["absorbedDoseGy"], rel=1e-9)
        assert weighted["valueGy"] == pytest.approx(5 * parts["alphaGy"] + parts["electronGy"], rel=1e-9)
        assert "RBE 5" in weighted["title"]


def test_cancelLeavesTheStudyAsItWas(tmp_path):
    def cancel(fraction, message=""):
        if "difference" in message:
            raise CanceledError()

    with registered():
        study, _inputs = job.computeStudy(studyFile.readStudyFile(str(writeStudy(tmp_path, (4.0, 96.0))))[0])
        before, count = study.stageRecord("dose"), study.scene.GetNumberOfNodes()
        doseOptions.change(study, engine=[NAME, "localDeposition"])
        with pytest.raises(CanceledError):
            stages.runStage(study, "dose", cancel)
        assert study.stageRecord("dose") == before and study.scene.GetNumberOfNodes() == count
        stages.runStage(study, "dose")
        assert set(engineNodes.mapNodes(study)) == {NAME, "localDeposition"}
        assert study.nodeByRole(f"{engineNodes.DIFFERENCE}.localDeposition") is not None
        more = study.scene.GetNumberOfNodes()
        assert more > count
        stages.runStage(study, "dose")
        assert study.scene.GetNumberOfNodes() == more, "the next run uses the same nodes"
        doseOptions.change(study, engine="localDeposition")
        stages.runStage(study, "dose")
        assert study.scene.GetNumberOfNodes() == count + 1, "what is not chosen goes, but for the colors of differences"
