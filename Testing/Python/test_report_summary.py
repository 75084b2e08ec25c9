"""The first page of a report: what a treatment is decided by; and the section on the treatment cycles."""

import base64
import copy

import pytest
from reportExample import exampleContext, exampleResults
from test_report_html import PNG, Reader, rowOf

from MRTDosimetryLib.report import cycles, keyResults
from MRTDosimetryLib.report.figures import dvhOverview
from MRTDosimetryLib.report.htmlReport import Picture, renderReport
from MRTDosimetryLib.report.warningOrder import mostPressing, mostPressingFirst
from MRTDosimetryLib.therapies.case import RegionDose, TherapyCase
from MRTDosimetryLib.therapies.levels import ACCUMULATED_TITLE, evaluate

COHORT = {"quantity": "absorbedDoseCoefficient", "value": 0.672, "unit": "Gy/GBq", "isOutside": False,
          "patients": 16, "source": "A small cohort", "verified": False}


def cycleCase():
    """Cycle 1 measured, cycle 2 without images, cycle 3 by the images of the study."""
    earlier = [{"cycle": 1, "administeredActivityMBq": 7000.0, "isImaged": True, "regions": {
                    "kidney left": {"absorbedDoseGy": 4.0, "absorbedDoseUncertaintyGy": 0.4, "bedGy": 4.4,
                                    "tissue": "kidney"}}},
               {"cycle": 2, "administeredActivityMBq": 3500.0, "isImaged": False, "cycleVariation": 0.1}]
    region = RegionDose("kidney left", "kidney", 160.0, 5.0, 0.3, 50.0, rateShape=((1.0, 0.0139),), bedGy=5.5)
    return TherapyCase("lutetiumDotatate.multiTimePoint", "Lu-177", 7400.0, earlierCycles=tuple(earlier),
                       regions=(region,))


@pytest.fixture(scope="module")
def accumulated():
    return evaluate(cycleCase()).values["accumulated"]


def firstPage(results, context=None, pictures=()):
    text = renderReport(results, context, pictures)
    return Reader(text[text.index('<article id="summary">'):text.index("</article>")])


def withTherapy(count=9, **therapy):
    results = exampleResults(count)
    results["therapy"] = {"recommendation": "", "tables": [], **therapy}
    return results


def test_keyTableOfTheFirstPage():
    page = firstPage(exampleResults())
    assert rowOf(page, "kidney left", 4) == ["kidney left", "4.97 ± 0.30", "0.672", "5.48"]
    assert page.rows[0] == ["Region", "Absorbed dose Gy", "Coefficient Gy/GBq", "BED Gy"]
    assert "research use; the treating physician decides" in page.text.lower()
    assert "Closely involved in therapeutic practice" in page.text


def test_percentileIsThatOfTheCheckedCohort():
    rows = [{**COHORT, "region": "kidney left", "percentile": 10.0, "patients": 300},
            {**COHORT, "region": "kidney left", "percentile": 57.4, "verified": True, "source": "A checked cohort"},
            {**COHORT, "region": "kidney left", "percentile": None, "verified": True, "patients": 900},
            {**COHORT, "region": "spleen", "percentile": 0.4, "isOutside": True}]
    text = renderReport(withTherapy(cohort={"comparison": rows}))
    page = Reader(text[:text.index("</article>")])
    letters = {row[0]: row[4] for row in page.rows if len(row) == 5}
    assert letters["kidney left"].startswith("57") and letters["spleen"].startswith("< 1")
    assert letters["liver"] == keyResults.NO_COHORT and letters["Region"] == "Percentile %"
    assert "16 patients, A checked cohort." in page.text
    assert "16 patients, A small cohort; not verified against the source." in page.text
    # outside of what is expected
    assert 'flagged">&lt; 1' in text and 'flagged">57' not in text


def test_withoutACohortThereIsNoColumn():
    rows = [{**COHORT, "region": "kidney left", "percentile": None}]
    assert len(firstPage(withTherapy(cohort={"comparison": rows})).rows[0]) == 4


def test_moreRegionsThanThePageHoldsAreCounted():
    results = exampleResults(20)
    results["regions"] += [{**copy.deepcopy(region), "name": f"{region['name']} again"}
                           for region in results["regions"]]
    page = firstPage(results)
    assert len(page.rows) == 31 and "And 10 more regions" in page.text and "#results" in page.links


def test_pictureAndHistogramsOfTheFirstPage():
    other = PNG + b"\0"
    results = exampleResults(4)
    page = firstPage(results, exampleContext(results), [Picture("Axial", "", PNG),
                                                        Picture("Coronal", "", other, isKey=True)])
    assert page.links[0].endswith(base64.b64encode(other).decode()) and "image/svg" in page.links[1]
    assert firstPage(results, None, [Picture("Axial", "", PNG)]).links[0].endswith(base64.b64encode(PNG).decode())


def test_overviewOfRegionsWithoutAbsorbedDose():
    none = {"absorbedDoseGy": [0.0, 0.0], "volumePercent": [100.0, 0.0]}
    some = {"absorbedDoseGy": [0.0, 2.0, 4.0], "volumePercent": [100.0, 99.0, 0.0]}
    assert dvhOverview({"bladder": none, "liver": some}).startswith(b"<?xml")
    assert dvhOverview({"bladder": none}).startswith(b"<?xml")


def test_mainValuesWithoutImages():
    therapy = {"wholeBodyAbsorbedDoseGy": 2.6, "wholeBodyAbsorbedDoseUncertaintyGy": 0.1, "tail": "effective",
               "nextActivityMBq": 5346.0, "extrapolatedFraction": 0.09, "recommendation": "Next: 5346 MBq."}
    results = {"regions": [], "warnings": [], "radionuclide": "I-131", "therapy": therapy}
    text = renderReport(results)
    page = Reader(text[:text.index("</article>")])
    assert ["Whole-body absorbed dose", "2.60 ± 0.10", "Gy"] in page.rows
    assert ["Activity of the next cycle", "5346", "MBq"] in page.rows
    assert "Extrapolated fraction" not in page.text, "of the method: in the details"
    assert "Extrapolated fraction" in Reader(text).text and "Next: 5346 MBq." in page.text


def test_pressingWarningsComeFirst():
    warnings = ["liver: 21 % of the time-integrated activity is extrapolated.", "spleen: AICc is not computed.",
                "The administered activity (6500 MBq) is 12.2 % below the prescribed 7400 MBq: more than 10 %.",
                "Medical physics expert: the results changed after N. N. signed; the signature no longer holds."]
    assert mostPressingFirst(warnings) == [warnings[3], warnings[2], warnings[0], warnings[1]]
    assert mostPressing(warnings, 2) == [warnings[3], warnings[2]]
    assert mostPressing(["x" * 1000, "y"], 1) == ["x" * 1000], "a warning is never cut"
    assert mostPressing([], 3) == []


def test_partsOfEachCycleAddUp(accumulated):
    row, = accumulated
    assert [item["absorbedDoseGy"] for item in row["byCycle"]] == pytest.approx([4.0, 2.0, 5.0])
    assert [item["estimatedFrom"] for item in row["byCycle"]] == [None, 1, None]
    assert sum(item["absorbedDoseGy"] for item in row["byCycle"]) == pytest.approx(row["absorbedDoseGy"])
    assert sum(item["bedGy"] for item in row["byCycle"]) == pytest.approx(row["bedGy"])
    # 10 % of the imaged cycle and 10 % between cycles
    assert row["byCycle"][1]["absorbedDoseUncertaintyGy"] == pytest.approx(2.0 * 0.02 ** 0.5)


def test_sectionOnTheCycles(accumulated):
    tables = [{"title": ACCUMULATED_TITLE, "columns": ["Region"], "rows": [["kidney left"]], "source": ""}]
    reader = Reader(renderReport(withTherapy(accumulated=accumulated, tables=tables)))
    header = next(row for row in reader.rows if len(row) == 6 and row[0] == "Region")
    assert header == ["Region", "Cycle 1, 7000 MBq Gy", "Cycle 2, 3500 MBq Gy", "Cycle 3, 7400 MBq Gy",
                      "All cycles Gy", "BED, all cycles Gy"]
    row = rowOf(reader, "kidney left", 6)
    # value, letter of the footnote, BED of the cycle
    assert row[1:4] == ["4.00 ± 0.40BED 4.40", "2.00 ± 0.28aBED 2.10", "5.00 ± 0.30BED 5.50"]
    assert row[4].startswith("11.00 ± 0.")
    assert "Estimated: the absorbed dose per activity of cycle 1 times the administered activity." in reader.text
    assert ACCUMULATED_TITLE not in reader.text, "the same sums are not shown twice"
    # on the first page as well
    assert rowOf(reader, "kidney left", 5)[4].startswith("11.0")


def test_manyCyclesAreSplitIntoTables(accumulated):
    row = copy.deepcopy(accumulated[0])
    row["byCycle"] = [{**row["byCycle"][0], "cycle": cycle} for cycle in range(1, 10)]
    row["cycles"] = list(range(1, 10))
    found = cycles.tables([row])
    assert [len(table.columns) for table in found] == [5, 5, 4]
    row["bedGy"] = row["byCycle"][0]["bedGy"] = None
    assert cycles.cyclesChart([row]).startswith(b"<?xml")


def test_oneCycleHasNoSection(accumulated):
    single = [{**accumulated[0], "cycles": [1], "byCycle": accumulated[0]["byCycle"][:1]}]
    assert "Treatment cycles" not in Reader(renderReport(withTherapy(accumulated=single))).text
