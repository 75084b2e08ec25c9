"""Therapies through the frame: study file, stages, result files, record, command line, with and without images."""

import csv
import json

import pytest
import therapyExample
from caseFiles import writeStudy
from therapyExample import ROWS, description, exampleTherapy, write  # noqa: F401 (a fixture)

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.errors import DosimetryError, InputError
from MRTDosimetryLib.scene import files, hierarchy
from MRTDosimetryLib.scene.headless import newScene
from MRTDosimetryLib.scene.study import Study
from MRTDosimetryLib.workflow import job, measurements, protocol, stages, statements, studyFile

pytestmark = pytest.mark.usefixtures("exampleTherapy", "withoutPictures")
INTEGRAL_D = therapyExample.integralD(ROWS)
IMAGING = ("timePoints", "registration", "regions", "kinetics", "dose")


def run(tmp_path, content, name="study.json", out="out"):
    assert commandLine.main(["run", str(write(tmp_path, content, name)), "--out", str(tmp_path / out)]) == 0
    return json.loads((tmp_path / out / "results.json").read_text(encoding="utf-8"))


def faultsOf(tmp_path, content):
    with pytest.raises(DosimetryError) as error:
        studyFile.readStudyFile(str(write(tmp_path, content)))
    return [str(fault) for fault in error.value.faults]


def test_studyWithoutImages(tmp_path, capsys):
    results = run(tmp_path, description())
    printed = capsys.readouterr()
    assert results["regions"] == [] and results["administration"] is None
    assert "engine" not in results and "referenceTimePoint" not in results, "nothing of images is invented"
    therapy = results["therapy"]
    assert therapy["prescribedActivityMBq"] == pytest.approx(100.0 * 200.0 / INTEGRAL_D)
    assert therapy["uptakeIntegralD"] == INTEGRAL_D and therapy["massUncertaintyG"] is None
    assert list(therapy)[:2] == ["prescribedActivityMBq", "uptakeIntegralD"], "in the order of the calculation"
    assert (therapy["protocol"], therapy["level"]) == ("exampleTherapy.probe", "3")
    assert therapy["assumptions"] == ["The probe sees all of the thyroid.", "The uptake falls with one half-life."]
    assert therapy["leavesOut"] == ["Every other organ."] and therapy["uncertaintyCost"] == ["Not known."]
    assert therapy["tables"][0]["columns"] == ["Time (h)", "Uptake (%)"]
    assert results["warnings"] == ["The mass has no uncertainty."]
    assert set(path.name for path in (tmp_path / "out").iterdir()) == {
        "results.json", "report.html", "report.pdf", "record.json", "scene.mrb", "measurements.exampleUptake.csv"}
    assert f"prescribed activity: {therapy['prescribedActivityMBq']:.1f} MBq" in printed.out
    assert printed.out.splitlines()[1:3] == ["uptake integral: 3.8287 d", "mass uncertainty: not computed"]
    assert "The decision is the treating physician's." in printed.out


def test_statesWithoutImages(tmp_path):
    run(tmp_path, description())
    study = Study.all(files.openBundle(str(tmp_path / "out" / "scene.mrb")))[0]
    found = stages.states(study)
    assert {name: found[name] for name in IMAGING} == dict.fromkeys(IMAGING, "notNeeded")
    assert [found[name] for name in ("protocol", "measurements", "therapy", "results")] == ["done"] * 4
    with pytest.raises(InputError, match="does not need the stage 'Kinetics'"):
        stages.runStage(study, "kinetics")
    statements.setStatement(study, "prescription", {"absorbedDoseGy": 300.0}, reason="function-preserving")
    found = stages.states(study)
    assert [found[name] for name in ("protocol", "measurements", "therapy", "results")] == ["done"] + ["stale"] * 3
    stages.runStale(study, upTo="results")
    value = study.stageRecord("results")["value"]["therapy"]["prescribedActivityMBq"]
    assert value == pytest.approx(100.0 * 300.0 / INTEGRAL_D)
    statements.setStatement(study, "prescription", None)
    assert stages.states(study)["measurements"] == "needsInput"
    assert stages.stage("measurements").missing(study) == ["Give the absorbed dose that is wanted"]
    protocol.setProtocol(study, None, "Lu-177")
    assert stages.states(study)["timePoints"] == "needsInput" and stages.states(study)["therapy"] == "notNeeded"


def test_statementsKeepTheirOriginAndAreRefusedInWords():
    study = Study.create(newScene(), "Study")
    statements.setStatement(study, "prescription", {"absorbedDoseGy": 150.0}, "user", "agreed in the conference")
    assert statements.statements(study)["prescription"] == {
        "value": {"absorbedDoseGy": 150.0}, "source": "user", "detail": "", "reason": "agreed in the conference"}
    with pytest.raises(InputError, match="prescription: The absorbed dose is -1, but has to be above 0"):
        statements.setStatement(study, "prescription", {"absorbedDoseGy": -1})
    with pytest.raises(InputError, match="'weather' cannot be stated"):
        statements.setStatement(study, "weather", {})
    assert statements.stated(study)["prescription"] == {"absorbedDoseGy": 150.0}, "nothing was changed"
    statements.setStatement(study, "prescription", {}, isDraft=True)
    assert statements.faultWords(study) == ["Prescription: The absorbed dose is not a number (None). "
                                            "Give a number."]
    assert stages.states(study)["measurements"] == "needsInput", "a draft is never computed with"


def test_studyWithoutStatementsOpensAsBefore(tmp_path):
    study, _inputs = job.computeStudy(studyFile.readStudyFile(str(writeStudy(tmp_path, times=(24.0, 96.0))))[0])
    assert statements.statements(study) == {} and "statements" not in study.choices()
    found = stages.states(study)
    assert [found[name] for name in ("measurements", "therapy")] == ["notNeeded"] * 2
    assert "therapy" not in study.stageRecord("results")["value"]
    assert set(stages.stage("results").inputs(study)) == {
        "protocol", "timePoints", "registration", "regions", "kinetics", "dose", "administration"}, "as it was saved"


def test_allFaultsAtOnceWithTheirPlace(tmp_path):
    rows = [{"timeHours": -3, "uptakePercent": 40}, {"timeHours": 24, "uptakePercent": 0}]
    found = faultsOf(tmp_path, description(measurements={"exampleUptake": rows, "humidity": []}, prescripton={},
                                           kinetics={"model": "auto"}, prescription={"absorbedDoseGy": "200"}))
    assert any("row 1: The time is -3, but has to be at least 0" in text for text in found)
    assert any("row 2: The uptake is 0, but has to be above 0 and at most 100" in text for text in found)
    assert any("The key 'measurements.humidity' is not known" in text for text in found)
    assert any("prescription: The absorbed dose is not a number ('200')" in text for text in found)
    assert any("The key 'prescripton' is not known" in text for text in found)
    assert any("Protocol exampleTherapy.probe does without images" in text and "kinetics" in text for text in found)
    assert all(text.startswith("study.json") for text in found) and len(found) == 6


def test_imagesAreAskedForWhereTheyAreNeeded(tmp_path):
    found = faultsOf(tmp_path, description(protocol="lutetiumDotatate.multiTimePoint", radionuclide="Lu-177"))
    assert any("No time points are given" in text for text in found)
    assert any("The regions are not named" in text for text in found)
    found = faultsOf(tmp_path, description(protocol="exampleTherapy.both", regions={"labelmap": "x.nrrd"}))
    assert any("No time points are given" in text for text in found)
    assert any("'nothing' is not a protocol" in text for text in faultsOf(tmp_path, description(protocol="nothing")))


def test_measurementsFromAFileAreHashedAndRepeated(tmp_path):
    (tmp_path / "uptake.csv").write_text("timeHours,uptakePercent,note\n24,40,\n120,25,late\n", encoding="utf-8")
    inline = run(tmp_path, description())
    byFile = run(tmp_path, description(measurements={"exampleUptake": {"file": "uptake.csv"}}), out="byFile")
    assert byFile["therapy"] == inline["therapy"]
    record = json.loads((tmp_path / "byFile" / "record.json").read_text(encoding="utf-8"))
    assert [item["path"].rsplit("/", 1)[-1] for item in record["inputs"]] == ["uptake.csv"]
    assert record["study"]["measurements"]["exampleUptake"]["file"].endswith("uptake.csv")
    assert record["choices"]["statements"]["measurements.exampleUptake"]["detail"] == "uptake.csv"
    assert set(record["stages"]) == {"protocol", "measurements", "therapy", "results"}
    again = [str(tmp_path / "byFile" / "record.json"), "--out", str(tmp_path / "again")]
    assert commandLine.main(["run", *again]) == 0
    repeated = json.loads((tmp_path / "again" / "results.json").read_text(encoding="utf-8"))
    assert repeated["therapy"] == byFile["therapy"]
    with open(tmp_path / "out" / "measurements.exampleUptake.csv", encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [["timeHours", "uptakePercent", "note"], ["24.0", "40.0", ""],
                                          ["120.0", "25.0", "late"]]
    (tmp_path / "uptake.csv").write_text("timeHours,uptakePercent\n24,41\n120,25\n", encoding="utf-8")
    assert commandLine.main(["run", *again]) == 2, "the file changed since it was recorded"


@pytest.mark.parametrize("text, words", [
    ("timeHours,uptakePercent\n24,forty\n", "row 1: 'forty' under uptakePercent is not a number"),
    ("timeHours,uptakePercent\n24,40,1\n", "row 1: The line has 3 values, but there are 2 columns"),
    ("time,uptakePercent\n24,40\n", "The column 'time' is not known"),
    ("timeHours,uptakePercent\n", "holds no measurements"),
    (None, "There is no such file"),
])
def test_badMeasurementFilesAreRefusedInWords(tmp_path, text, words):
    if text is not None:
        (tmp_path / "uptake.csv").write_text(text, encoding="utf-8")
    found = faultsOf(tmp_path, description(measurements={"exampleUptake": {"file": "uptake.csv"}}))
    assert len(found) == 1 and words in found[0] and "uptake.csv" in found[0]


def test_tablesAndChartsAreInTheScene(tmp_path):
    run(tmp_path, description())
    study = Study.all(files.openBundle(str(tmp_path / "out" / "scene.mrb")))[0]
    row = next(row for row in measurements.rows(study) if row["key"] == "measurements.exampleUptake")
    assert (row["title"], row["source"]) == ("Uptake by probe", "file")
    table = study.nodeByRole("statement.measurements.exampleUptake.table")
    titles = [table.GetTable().GetColumnName(index) for index in range(table.GetNumberOfColumns())]
    assert titles == ["Time after administration (h)", "Uptake (%)", "Note"]
    assert table.GetColumnUnitLabel("Uptake (%)") == "%"
    chart = study.nodeByRole("statement.measurements.exampleUptake.chart")
    assert (chart.GetXAxisTitle(), chart.GetYAxisTitle()) == ("Time after administration (h)", "Uptake (%)")
    assert study.nodeByRole("therapy.table0") is not None and study.nodeByRole("therapy.chart0") is not None
    tree = hierarchy.slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(study.scene)
    folders = [tree.GetItemName(tree.GetItemParent(tree.GetItemByDataNode(node)))
               for node in (table, chart, study.nodeByRole("therapy.table0"))]
    assert folders == ["Measurements", "Measurements", "Results"]
    statements.setStatement(study, "measurements.exampleUptake", None)
    protocol.setProtocol(study, "exampleTherapy.both", "I-131")
    stages.runStage(study, "protocol")
    statements.setStatement(study, "measurements.exampleUptake", [{"timeHours": 24.0, "uptakePercent": 40.0}])
    with pytest.raises(InputError, match="single uptake"):
        stages.runStale(study, upTo="therapy")
    assert stages.states(study)["therapy"] == "error" and "Measure twice" in stages.message(study, "therapy")


def test_imagesAndMeasurementsTogether(tmp_path):
    def change(content):
        content.update(protocol="exampleTherapy.both", measurements={"exampleUptake": ROWS},
                       prescription={"absorbedDoseGy": 200.0})
    path = writeStudy(tmp_path, times=(24.0, 96.0), change=change)
    assert commandLine.main(["run", str(path), "--out", str(tmp_path / "out")]) == 0
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    doses = {region["name"]: region["absorbedDoseGy"] for region in results["regions"]}
    assert results["therapy"]["regionAbsorbedDoseGy"] == doses and len(doses) == 2
    assert "engine" in results and (tmp_path / "out" / "dvh.csv").exists()
    assert (tmp_path / "out" / "measurements.exampleUptake.csv").exists()
    study = Study.all(files.openBundle(str(tmp_path / "out" / "scene.mrb")))[0]
    found = stages.states(study)
    assert (found.pop("report"), found.pop("radiobiology")) == ("needsInput", "notNeeded")
    assert set(found.values()) == {"done"}
    case = statements.therapyCase(study)
    liver = next(region for region in case.regions if region.name == "liver")
    assert liver.tissue == "liver" and len(liver.rateShape) >= 1
    assert liver.effectiveHalfLifeHours == pytest.approx(70.0, rel=0.02)
    assert case.administeredActivityMBq == 7400


def test_reportReadsWithoutImages(tmp_path):
    run(tmp_path, description())
    text = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    for words in ("none: an activity is being prescribed", "Prescribed activity", "Uptake by probe", "late",
                  "The probe sees all of the thyroid.", "Every other organ.", "What that costs in uncertainty",
                  "Medical physics expert", "give the absorbed dose that is wanted",
                  "The decision is the treating physician&#39;s.", "none: done without images", "Level 3"):
        assert words in text, words
    for words in ("Registration", "Dose-volume histograms", "No pictures were made", "Uncertainty budgets"):
        assert words not in text, words


def test_resultsComputedBeforeTheirTherapyHadACalculationStayUpToDate(tmp_path):
    from MRTDosimetryLib.workflow import doseOptions, results

    def change(content):
        content.update(protocol="lutetiumDotatate.multiTimePoint")
    study, _inputs = job.computeStudy(studyFile.readStudyFile(str(writeStudy(tmp_path, (24.0, 96.0), change)))[0])
    assert stages.states(study)["therapy"] == "done" and "therapy" in study.stageRecord("results")["value"]
    # as a version without the stage saved it
    saved = study.stageRecord("results")
    study.setStageRecord("therapy", None)
    study.setStageRecord("results", {**saved, "digest": results.digestWithoutTherapy(study)})
    found = stages.states(study)
    assert (found["therapy"], found["results"]) == ("notNeeded", "done")
    doseOptions.setDose(study, {"engine": "localDeposition", "density": "uniform"})
    stages.runStale(study, upTo="results")
    assert stages.states(study)["therapy"] == "done" and "therapy" in study.stageRecord("results")["value"]


def test_planarSeriesScaleTheSpect(tmp_path):
    rows = [{"timeHours": time, "region": name, "counts": 1000.0 * 2 ** (-time / halfLife)}
            for name, halfLife in (("liver", 70.0), ("kidney left", 50.0)) for time in (4.0, 24.0, 96.0, 168.0)]

    def change(content):
        content.update(protocol="lutetiumDotatate.hybrid", measurements={"planar": rows})
    path = writeStudy(tmp_path, (24.0,), change)
    study, _inputs = job.computeStudy(studyFile.readStudyFile(str(path))[0])
    regions = {region["name"]: region for region in study.stageRecord("results")["value"]["regions"]}
    assert regions["liver"]["effectiveHalfLifeHours"] == pytest.approx(70.0, rel=1e-3)
    assert regions["kidney left"]["effectiveHalfLifeHours"] == pytest.approx(50.0, rel=1e-3)
    statements.setStatement(study, "measurements.planar", None)
    assert stages.states(study)["kinetics"] != "done" and not study.choice("kinetics").get("hybrid")
    content = json.loads(path.read_text(encoding="utf-8"))
    twice = {**content, "kinetics": {"hybrid": {"file": "planar.csv"}}}
    assert any("The planar series are given twice" in text for text in faultsOf(tmp_path, twice))
    content["measurements"]["planar"][0]["region"] = content["measurements"]["planar"][1]["region"] = "spleen"
    with pytest.raises(InputError, match="'spleen', which is not a region"):
        job.computeStudy(studyFile.readStudyFile(str(write(tmp_path, content)))[0])


def test_earlierCyclesComeFromTheirResults(tmp_path):
    def change(content):
        content.update(protocol="lutetiumDotatate.multiTimePoint")
    path = writeStudy(tmp_path, (24.0, 96.0), change)
    content = json.loads(path.read_text(encoding="utf-8"))
    first = run(tmp_path, content, out="cycle1")
    second = {**content, "earlierCycles": [{"results": "cycle1/results.json"}]}
    results = run(tmp_path, second, out="cycle2")
    rows = {row["region"]: row for row in results["therapy"]["accumulated"]}
    liver = next(region for region in first["regions"] if region["name"] == "liver")
    assert rows["liver"]["cycles"] == [1, 2]
    assert rows["liver"]["absorbedDoseGy"] == pytest.approx(2.0 * liver["absorbedDoseGy"], rel=1e-9)
    record = json.loads((tmp_path / "cycle2" / "record.json").read_text(encoding="utf-8"))
    assert any(item["path"].endswith("cycle1/results.json") for item in record["inputs"])
    kept = record["choices"]["statements"]["earlierCycles"]
    assert kept["detail"] == "results.json" and "liver" in kept["value"][0]["regions"], "the scene needs no other file"
    (tmp_path / "other.json").write_text(json.dumps({**first, "radionuclide": "I-131"}), encoding="utf-8")
    for name, words in (("other.json", "The earlier cycle is of I-131, the study of Lu-177"),
                        ("nothing.json", "There is no such file"), ("study.json", "not the results.json of a study")):
        found = faultsOf(tmp_path, {**content, "earlierCycles": [{"results": name}]})
        assert len(found) == 1 and words in found[0]
    twice = faultsOf(tmp_path, {**content, "earlierCycles": [{"results": "cycle1/results.json"}] * 2})
    assert len(twice) == 1 and "row 2: The results are those of row 1: one cycle would count twice" in twice[0]


def test_everyKindHasItsPlaceInTheCase():
    from dataclasses import fields

    from MRTDosimetryLib.therapies import inputs
    from MRTDosimetryLib.therapies.case import TherapyCase

    known = {item.name for item in fields(TherapyCase)}
    assert {key for key in inputs.kinds() if key.partition(".")[0] not in known} == set()
