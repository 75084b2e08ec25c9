"""Values of a therapy as words with units: in the report, in the preview and on the command line."""

import pytest

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.report import quantities, statedTables, therapyTables, therapyText
from MRTDosimetryLib.report.preview import previewHTML
from MRTDosimetryLib.report.therapyFigure import therapyChart

THERAPY = {"prescribedActivityMBq": 332.04, "prescribedActivityUncertaintyMBq": 54.7,
           "prescribedActivityInterval95MBq": [240.4, 458.7], "uptakeIntegralD": 4.29282, "massUncertaintyG": 3.0,
           "maximumActivityGBq": None, "maximumActivityUncertaintyGBq": None, "uptakeIntegralMethod": "twoCompartment",
           "regionAbsorbedDoseGy": {"kidney left": 4.1}, "limits": [{"tissue": "kidney"}],
           "alternatives": {"electrons": {"prescribedActivityMBq": 350.86}}, "protocol": "x.y", "tables": [],
           "recommendation": "332 +- 55 MBq are needed."}


@pytest.mark.parametrize("key, title, unit", [
    ("prescribedActivityMBq", "prescribed activity", "MBq"), ("uptakeIntegralD", "uptake integral", "d"),
    ("wholeBodyAbsorbedDoseGy", "whole-body absorbed dose", "Gy"),
    ("maximumActivityGBq", "activity that reaches the limit", "GBq"),
    ("bloodAbsorbedDoseCoefficientGyPerGBq", "blood absorbed dose coefficient", "Gy/GBq"),
    ("effectiveHalfLifeDays", "effective half-life", "d"), ("tumorBedGy", "tumor BED", "Gy"),
    ("bsaActivityMBq", "activity by body surface area (BSA)", "MBq"),
    ("bloodTimeIntegratedActivityCoefficientHPerML", "blood time-integrated activity coefficient", "h/mL"),
    ("energyConstantGyGPerMBqD", "energy constant", "Gy g/(MBq d)"),
    ("doseConstantJPerGBq", "absorbed-dose constant", "J/GBq"),
    ("administeredDeviationPercent", "deviation of the administered from the prescribed activity", "%"),
    ("levelReached", "level reached", ""),
    ("lungShuntFraction", "lung shunt fraction", ""), ("method", "method", ""),
])
def test_keysAsWordsAndUnits(key, title, unit):
    assert quantities.titleAndUnit(key) == (title, unit)


def test_uncertaintiesStandWithTheirValues():
    found = {line.title: line for line in quantities.lines(
        {key: value for key, value in THERAPY.items() if key not in therapyTables.FRAME_KEYS})}
    assert found["prescribed activity"].uncertainty == 54.7
    assert found["prescribed activity"].interval == (240.4, 458.7)
    assert "prescribed activity uncertainty" not in found
    assert found["mass uncertainty"].value == 3.0, "an uncertainty of nothing stands by itself"
    assert found["maximum activity uncertainty"].value is None, "and so does that of what was not computed"
    assert found["region absorbed dose: kidney left"].unit == "Gy"
    assert not any("alternatives" in title or "limits" in title for title in found), "left to tables"


def test_commandLineText():
    assert therapyText.therapyLines(THERAPY) == [
        "prescribed activity: 332.04 +- 54.7 MBq (95 % interval 240.4 to 458.7)", "uptake integral: 4.2928 d",
        "mass uncertainty: 3 g", "activity that reaches the limit: not computed",
        "maximum activity uncertainty: not computed",
        "uptake integral method: two compartment", "region absorbed dose: kidney left: 4.1 Gy",
        "332 +- 55 MBq are needed. The decision is the treating physician's."]
    assert therapyText.therapyLines(None) == []
    assert therapyTables.decision("The treating physician decides.") == ""


def test_previewWithoutImages():
    text = previewHTML({"regions": [], "therapy": THERAPY, "warnings": []}, {})
    assert "an activity is being prescribed" in text and "332\xa0±\xa055" in text and "MBq" in text
    assert "The decision is the treating physician&#x27;s." in text and "Region" not in text.replace("Region abs", "")


def test_statementsAreShownAsGiven():
    rows = [{"key": "thyroid", "title": "Thyroid", "isTable": False, "source": "user", "detail": "",
             "reason": "by hand", "choices": {"diagnosis": (("graves", "Graves' disease"),)},
             "columns": [("massG", "Mass", "g", [20.125]), ("diagnosis", "Diagnosis", "", ["graves"])]}]
    (title, table, origin), = statedTables.inputs(rows)
    assert title == "Thyroid" and origin == "Entered by hand, by hand."
    assert [[cell.text for cell in row] for row in table.rows] == [["Mass", "20.125", "g"],
                                                                  ["Diagnosis", "Graves' disease", ""]]


def test_computedTablesHaveFewDigitsAndNoCertainties():
    columns = ["Tissue", "Absorbed dose (Gy)", "97.5 % (Gy)", "Probability of passing it", "Activity (MBq)",
               "Concentration (MBq/mL)"]
    content = {"title": "Expected", "columns": columns, "rows": [
        ["kidney", 25.234, 4.8396, 0.0, 7412.0, 5.429e-4], ["liver", 3.182, 0.515784, 0.01082, 24.5, 5e-5],
        ["spleen", 2.0, 1.0, 0.99999, 10125.0, 7.5e-4]]}
    _title, table, _source = therapyTables.stated(content)
    texts = [[cell.text.replace("\xa0", " ").replace("\u202f", " ") for cell in row] for row in table.rows]
    assert texts == [["kidney", "25.2", "4.84", "< 0.001", "7412", "5.429 × 10⁻⁴"],
                     ["liver", "3.18", "0.516", "0.011", "24.5", "5 × 10⁻⁵"],
                     ["spleen", "2.00", "1", "> 0.999", "10 125", "7.5 × 10⁻⁴"]]
    assert table.columns[2].title == "97.5\xa0%", "not on two lines"


def test_whatWasNotStatedIsNotSaidToBeMissingAResult():
    table, = therapyTables.values({"isDeliveryConfirmed": None, "administeredDeviationPercent": None,
                                   "activityMBq": None, "wholeBodySValueGyPerMBqH": 2.5e-6})
    assert [row[1].text.replace("\xa0", " ") for row in table.rows] == [
        "not stated", "not stated", "not computed", "2.5 × 10⁻⁶"]
    assert table.rows[3][2].text == "Gy/(MBq\xa0h)"


def test_whatAProtocolSaysOfItself():
    assert therapyTables.texts(["One.", {"value": 13.0, "unit": "%", "source": "A paper", "verified": False}]) == [
        "One.", "13 % (A paper), not verified"]
    assert therapyTables.texts(None) == []


def test_chartRefusesWhatCannotBeDrawn():
    curve = {"title": "Uptake", "xTitle": "Time (h)", "yTitle": "Uptake (%)", "points": [(24.0, 40.0)], "line": []}
    assert therapyChart(curve).startswith(b"<?xml")
    with pytest.raises(InputError, match="neither points nor a line"):
        therapyChart({**curve, "points": []})
    with pytest.raises(InputError, match="not a finite number"):
        therapyChart({**curve, "points": [(24.0, float("nan"))]})


def test_objectsOfStatementsAsWords():
    rows = [{"title": "Earlier cycles", "isTable": True, "source": "file", "detail": "", "reason": "", "choices": {},
             "columns": [("cycle", "Cycle", "", [1]),
                         ("regions", "regions", "", ['{"kidney left": {"absorbedDoseGy": 4.3, "massG": 160}}']),
                         ("limits", "limits", "", ['[{"tissue": "kidney", "valueGy": 23.0}, {"tissue": "marrow"}]']),
                         ("note", "note", "", ["{not JSON"])]}]
    (_title, table, _origin), = statedTables.inputs(rows)
    texts = [cell.text for cell in table.rows[0]]
    assert texts[1] == "kidney left: absorbed dose 4.3 Gy, mass 160 g"
    assert texts[2] == "tissue kidney, value 23 Gy; tissue marrow" and texts[3] == "{not JSON"
    assert [column.title for column in table.columns] == ["Cycle", "regions", "limits", "note"]


def test_listsInAStatementHaveTablesOfTheirOwn():
    rows = [{"title": "Microspheres", "isTable": False, "source": "file", "detail": "study.json", "reason": "",
             "choices": {}, "columns": [
                 ("device", "Device", "", ["resin"]), ("residualFraction", "Residual fraction", "1", [0.02]),
                 ("compartments", "compartments", "", [
                     '[{"massG": 250, "name": "Tumor A"}, {"name": "liver", "massG": 1350.5, "counts": 120000}]']),
                 ("planar", "Planar", "", ['{"lungCounts": 1800, "region": {"kidney left": {"massG": 150}}}'])]}]
    single, listed = statedTables.inputs(rows)
    assert [[cell.text for cell in row] for row in single[1].rows] == [
        ["Device", "resin", ""], ["Residual fraction", "0.02", ""], ["Planar: lung counts", "1800", ""],
        ["Planar: region: kidney left: mass", "150", "g"]]
    assert single[2] == "" and listed[2] == "From the study file, study.json."
    assert listed[0] == "Microspheres: compartments"
    assert [(column.title, column.unit) for column in listed[1].columns] == [
        ("Name", ""), ("Mass", "g"), ("Counts", "")]
    assert [[cell.text for cell in row] for row in listed[1].rows] == [
        ["Tumor A", "250", "–"], ["liver", "1350.5", "120\u202f000"]]


def test_sourcesOfATableAreFootnotes():
    content = {"title": "Cohorts", "columns": ["Region", "Percentile (%)", "z", "Value (Gy)", "Source"], "source": "",
               "rows": [("liver", 0.4, -0.0178, 2.0, "paper one"), ("liver", 49.3, 1.5, 20480.0, "paper two"),
                        ("spleen", 99.7, 0.001, 3.14159, "paper one")]}
    _title, table, _source = therapyTables.stated(content)
    assert table.footnotes == [("a", "Paper one"), ("b", "Paper two")]
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["liver", "< 1", "−0.02", "2"], ["liver", "49", "1.50", "20\u202f480"], ["spleen", "> 99", "0.00", "3.14"]]
    assert [row[0].mark for row in table.rows] == ["a", "b", "a"]
    assert [(column.title, column.unit) for column in table.columns][1] == ("Percentile", "%")
