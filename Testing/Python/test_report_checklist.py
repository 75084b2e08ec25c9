"""The checklist A to I of a report: every item is shown, what is not known as not recorded."""

import json

import pytest
from reportExample import exampleContext, exampleResults
from test_report_html import Reader, rowOf

from MRTDosimetryLib.report import checklist
from MRTDosimetryLib.report.htmlReport import renderReport
from MRTDosimetryLib.resources import dataPath, loadJSON
from MRTDosimetryLib.workflow import reporting, stages

DATA = loadJSON(dataPath("reportChecklist.json"))
IMAGE_FREE = {"regions": [], "warnings": [], "radionuclide": "I-131", "administration": None,
              "therapy": {"wholeBodyAbsorbedDoseGy": 2.6, "wholeBodyAbsorbedDoseUncertaintyGy": 0.1, "tables": []}}


def itemsOf(sections):
    return {(section["letter"], item["id"]): item for section in sections for item in section["items"]}


@pytest.fixture
def example():
    results = exampleResults()
    context = exampleContext(results)
    context["checklist"] = {
        "stated": {"patient": {"massKg": 73.0}},
        "reporting": {"batch": {"value": "A-17", "source": "user", "detail": ""}},
        "facts": {"collimator": [{"value": "MEGP", "source": "DICOM", "detail": "(0018,1180)"}] * 2,
                  "camera": [{"value": "one", "source": "DICOM"}, {"value": "other", "source": "DICOM"}]},
        "grids": ["128 × 128 × 96, 4.4 × 4.4 × 4.4 mm"]}
    return results, context


def test_everySectionAndItemHasItsPlace():
    sections = DATA["sections"]
    assert [section["letter"] for section in sections] == list("ABCDEFGHI")
    roots = {"results", "context", "stated", "reporting", "facts", "signed"}
    names = {field.name for field in reporting.FIELDS}
    for section in sections:
        identifiers = [item["id"] for item in section["items"]]
        assert len(identifiers) == len(set(identifiers))
        for item in section["items"]:
            assert set(item) <= {"id", "title", "from", "say", "unit", "for", "when", "isWithheld", "page"}
            pages = item.get("page", section["page"])
            pages = pages.values() if isinstance(pages, dict) else [pages]
            assert set(pages) <= {stage.name for stage in stages.stages()}
            assert item["from"] and item.get("for", "images") in ("images", "withoutImages")
            for path in item["from"]:
                root, name, *_rest = path.split(".")
                assert root in roots, path
                assert root != "reporting" or name in names, path


def test_everyFieldForTheReportIsAnItem():
    used = {path.split(".")[1] for section in DATA["sections"] for item in section["items"] for path in item["from"]
            if path.startswith("reporting.")}
    assert used == {field.name for field in reporting.FIELDS}


def test_valuesWithUnitsAndOrigin(example):
    found = itemsOf(checklist.evaluate(*example))
    assert (found["B", "administeredActivity"]["value"], found["B", "administeredActivity"]["source"]) == \
        ("7400 MBq", "study")
    assert (found["B", "batch"]["value"], found["B", "batch"]["source"]) == ("A-17", "user")
    assert (found["C", "weight"]["value"], found["C", "weight"]["source"]) == ("73 kg", "stated")
    assert (found["D", "collimator"]["value"], found["D", "collimator"]["source"]) == ("MEGP", "DICOM, (0018,1180)")
    assert found["D", "device"]["value"] == "one, other", "scans that differ are both named"
    assert found["D", "times"]["value"] == "4, 24, 96, 168 h"
    assert found["A", "approval"]["value"] is None and found["B", "residual"]["value"] is None


def test_aSignatureThatHoldsIsTheApproval(example):
    results, context = example
    row = {"role": "treatingPhysician", "title": "Treating physician", "name": "N. N.", "time": "", "isValid": True}
    found = itemsOf(checklist.evaluate(results, {**context, "signOff": {"report": [row]}}))
    assert found["A", "approval"]["value"] == "N. N."
    row["isValid"] = False
    found = itemsOf(checklist.evaluate(results, {**context, "signOff": {"report": [row]}}))
    assert found["A", "approval"]["value"] is None


def test_zeroIsAValue(example):
    results, context = example
    results["administration"]["residualActivityMBq"] = 0.0
    found = itemsOf(checklist.evaluate(results, context))
    assert found["B", "residual"]["value"] == "0 MBq"


def test_itemsOfImagesAreForImages(example):
    withImages, without = itemsOf(checklist.evaluate(*example)), itemsOf(checklist.evaluate(IMAGE_FREE, {}))
    assert ("D", "collimator") in withImages and ("D", "collimator") not in without
    assert ("D", "probeGeometry") in without and ("D", "probeGeometry") not in withImages
    assert not any(letter == "E" for letter, _name in without)
    blood = {"checklist": {"stated": {"measurements": {"blood": [{"timeHours": 2.0}]}}}}
    assert ("C", "hematocrit") not in without
    assert itemsOf(checklist.evaluate(IMAGE_FREE, blood))["C", "hematocrit"]["value"] is None
    assert without["G", "absorbedDoses"]["value"] == "on the first page"


def test_contentForResults(example):
    results, context = example
    content = checklist.content(checklist.evaluate(results, context))
    json.dumps(content, allow_nan=False)
    assert content["count"] == sum(len(section["items"]) for section in content["sections"])
    assert content["recorded"] == sum(item["isRecorded"] for section in content["sections"]
                                      for item in section["items"])
    assert 0 < content["recorded"] < content["count"]
    patient = content["sections"][0]["items"][0]
    assert patient["id"] == "patient" and patient["isRecorded"] and patient["value"] is None
    assert "Digital" not in json.dumps(content), "results.json names nobody"


def test_sectionOfTheReport(example):
    results, context = example
    reader = Reader(renderReport(results, context))
    assert rowOf(reader, "Extravasation", 3) == ["Extravasation", "not recorded", ""]
    assert rowOf(reader, "Batch", 3) == ["Batch", "A-17", "user"]
    content = checklist.content(checklist.evaluate(results, context))
    assert f"{content['recorded']} of {content['count']} items are recorded" in reader.text
    for section in content["sections"]:
        assert f"{section['letter']}. {section['title']}: {section['recorded']} of" in reader.text
    byHand = reader.text[reader.text.index("To be completed by hand"):]
    assert "Renal function" in byHand and "Batch" not in byHand


def test_cyclesBeforeThisOneAreAskedFor(example):
    results, context = example
    assert ("I", "accumulated") not in itemsOf(checklist.evaluate(results, context)), "the first cycle"
    context["patient"]["cycle"] = 3
    assert itemsOf(checklist.evaluate(results, context))["I", "accumulated"]["value"] is None
    part = {"cycle": 1, "activityMBq": 7400.0, "absorbedDoseGy": 4.0}
    results["therapy"] = {"accumulated": [{"region": "liver", "cycles": [1, 2], "byCycle": [part, part]}]}
    found = itemsOf(checklist.evaluate(results, context))["I", "accumulated"]
    assert found["value"] == "under Treatment cycles"


def test_manyValuesAreCounted(example):
    results, context = example
    context["timePoints"] = [{**context["timePoints"][0], "timeHours": float(hours)} for hours in range(1, 21)]
    found = itemsOf(checklist.evaluate(results, context))
    assert found["D", "times"]["value"] == "20 values, 1 h to 20 h"


class Choices:
    """Stands for a study: its choices alone."""

    def __init__(self):
        self.kept = {}

    def choice(self, name, default=None):
        return json.loads(json.dumps(self.kept.get(name, default)))

    def setChoice(self, name, value):
        self.kept[name] = value


def test_statementsKeepTheirOrigin():
    study = Choices()
    reporting.change(study, "file", detail="study.json", batch=" A-17 ", durationMinutes=30)
    reporting.change(study, reason="by telephone", batch="A-18")
    assert reporting.statements(study)["batch"] == {"value": "A-18", "source": "user", "detail": "",
                                                    "reason": "by telephone"}
    assert reporting.stated(study) == {"batch": "A-18", "durationMinutes": 30.0}
    reporting.change(study, batch="", durationMinutes=None)
    assert study.kept["reporting"] is None


@pytest.mark.parametrize("values, words", [
    ({"lot": "A"}, "'lot' is not known"), ({"batch": 17}, "not a text"), ({"durationMinutes": -1}, "above 0"),
    ({"durationMinutes": "30"}, "not a number"), ({"indication": "x" * 3000}, "3000 letters"),
])
def test_statementsThatCannotBeAreRefused(values, words):
    study = Choices()
    with pytest.raises(Exception, match=words):
        reporting.change(study, **values)
    assert not study.kept


def test_unknownSourceIsRefused():
    with pytest.raises(Exception, match="not a source"):
        reporting.change(Choices(), "hearsay", batch="A")
