"""The HTML report as a whole."""

import base64
import copy
import html.parser
import re

import pytest
from reportExample import exampleContext, exampleResults

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.report.grouping import groupedByRegion
from MRTDosimetryLib.report.htmlReport import Picture, renderReport
from MRTDosimetryLib.report.prose import readable
from MRTDosimetryLib.report.resultTables import ResultTables, reasonFor

PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII=")


class Reader(html.parser.HTMLParser):
    """Text by element, attributes that point somewhere, and whether the elements nest."""

    _VOID = {"meta", "img", "br"}

    def __init__(self, text):
        super().__init__()
        self.open, self.links, self.rows, self.words, self.cell = [], [], [], [], None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.links += [value for key, value in attributes if key in ("src", "href")]
        if tag not in self._VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th") and self.rows:
            self.cell = ""

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        if tag in ("td", "th") and self.cell is not None:
            self.rows[-1].append(" ".join(self.cell.split()))
            self.cell = None

    def handle_data(self, data):
        if self.cell is not None:
            self.cell += data
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def report(regionCount=9, pictures=(), **changes):
    results = exampleResults(regionCount)
    return Reader(renderReport(results, {**exampleContext(results), **changes}, pictures))


def rowOf(reader, first, columns):
    return next(row for row in reader.rows if row[0] == first and len(row) == columns)


def test_summaryShowsTheNumbersWithUncertainties():
    reader = report()
    assert not reader.open
    assert rowOf(reader, "kidney left", 9) == [
        "kidney left", "150", "158", "9180 ± 280", "1.24", "50.0", "4.97 ± 0.30", "0.672", "5.48"]
    header = next(row for row in reader.rows if row[0] == "Region" and len(row) == 9)
    assert header[3] == "Time-integrated activity MBq h" and header[7] == "Absorbed dose coefficient Gy/GBq"


def test_nullIsShownInWordsWithItsReason():
    # the letter at the end is that of the footnote
    reader = report()
    assert rowOf(reader, "remainder of the image", 9)[8] == "not computedb"
    assert "BED not computed, because it has no single tissue." in reader.text
    # a value without its uncertainty stays, and says so
    assert rowOf(reader, "lesion 3", 9)[6] == "21.9a"
    assert "Without uncertainty. The uncertainty of the absorbed dose was not computed" in reader.text


def test_everyKeyMayBeMissingAndIsThenNamed():
    results = exampleResults()
    for context in (None, {}, {key: None for key in exampleContext(results)}):
        text = Reader(renderReport(results, context)).text
        for words in ("No pictures were made", "No histogram curves were recorded", "The scans were not recorded",
                      "No registration was recorded", "The methods were not recorded", "No assumptions were recorded",
                      "No radiobiological parameters were recorded", "Versions were not recorded",
                      "Input files were not recorded", "was not evaluated for this report",
                      "Patient not recorded", "no fitted functions were recorded"):
            assert words in text
        assert "known truth" not in text


def test_resultsOfNullsOnlyCanStillBeRead():
    results = exampleResults(2, warnings=[])
    for region in results["regions"]:
        for key in region:
            if key != "name":
                region[key] = None
    results["administration"] = None
    text = Reader(renderReport(results)).text
    assert "not computed" in text and "Not computed; see the warnings." in text
    assert "No activities were measured" in text and "The calculation gave no warnings" in text
    assert "None" not in text and "nan" not in text.split()


def test_fileIsSelfContained():
    reader = report(pictures=[Picture("Axial", "Over CT.", PNG)])
    assert len(reader.links) == 6
    assert all(link.startswith(("data:image/", "#")) for link in reader.links)
    assert "data:image/png;base64," + base64.b64encode(PNG).decode() in reader.links


def test_textFromOutsideCannotBecomeMarkup():
    evil = '</style><script>alert("x")</script>\\"}'
    results = exampleResults(2)
    results["regions"][0]["name"] = evil
    results["warnings"] = [evil]
    context = {"patient": {"name": evil, "id": evil}, "assumptions": [evil],
               "methods": [{"title": evil, "text": evil, "source": evil}]}
    text = renderReport(results, context, [Picture(evil, evil, PNG)])
    assert "<script" not in text
    assert text.count("</style>") == 1
    assert not Reader(text).open


def test_patientIsOnEveryPrintedPage():
    results = exampleResults(2)
    text = renderReport(results, {"patient": {"id": 'A"1'}})
    assert 'content: "Patient ID: A\\0000221"' in text


def test_warningsAreAllThereAndManyDoNotCrowdTheFirstPage():
    results = exampleResults(2, warnings=[f"warning number {index} of many" for index in range(30)])
    reader = Reader(renderReport(results))
    assert "30 warnings" in reader.text and "And 20 more" in reader.text
    assert all(f"warning number {index} of many" in reader.text for index in range(30))
    assert "#warnings" in reader.links


def test_sameWarningOfSeveralRegionsIsOneLine():
    names = ["liver", "kidney left", "kidney right"]
    assert groupedByRegion(["liver: AICc is not computed.", "72 h: check.", "kidney left: AICc is not computed.",
                            "kidney left: slow."], names) == [
        "liver, kidney left: AICc is not computed.", "72 h: check.", "kidney left: slow."]
    assert groupedByRegion([f"{name}: slow." for name in names], names) == ["All regions: slow."]


def test_sameWarningWithDetailsOfEachRegionIsOneLine():
    names = ["liver", "spleen", "kidney"]
    texts = ["liver: Much is extrapolated (21 %: 17 % after).", "spleen: Much is extrapolated (30 %: 28 % after).",
             "24 h: Much (1)."]
    assert groupedByRegion(texts, names) == [
        "liver (21 %: 17 % after), spleen (30 %: 28 % after): Much is extrapolated.", "24 h: Much (1)."]
    assert groupedByRegion(texts[:1], names) == texts[:1], "alone it stays as it was written"
    same = [f"{name}: Much is extrapolated (21 %)." for name in names]
    assert groupedByRegion(same, names) == ["All regions: Much is extrapolated (21 %)."]


def test_sentencesAreReadable():
    assert readable("21.5% of it, 3 % (uncertainty.calibrationRelative).") == "21.5\u202f% of it, 3 %."
    kept = "by (mIBG), of (results.json), in (PMC5020787, abstract)."
    assert readable(kept) == kept


def test_reasonIsThatOfTheRegionAndTheQuantity():
    warnings = ["lesion 11: BED not computed: tissue unknown.", "lesion 1: volume is small.",
                "lesion 1: BED not computed: no parameters."]
    names = ["lesion 1", "lesion 11", "liver"]
    assert reasonFor("lesion 1", "bedGy", warnings, names) == warnings[2]
    assert reasonFor("lesion 11", "bedGy", warnings, names) == warnings[0]
    # neither another region's reason nor a warning about something else
    assert reasonFor("liver", "bedGy", warnings, names) == ""
    assert reasonFor("lesion 1", "volumeML", warnings, names) == ""
    general = "BED is not computed: no protocol is chosen."
    assert reasonFor("liver", "bedGy", [*warnings, general], names) == general
    assert reasonFor("liver", "bedGy", ["The couch is not described."], names) == ""


def test_provenanceNamesSourcesAndReasons():
    text = report().text
    assert "user: one bed position in the header" in text
    assert "(0008,0022), (0008,0032)" in text
    assert "96 h: acquisition time" in text and "no reason given" in text


def test_shortSourcesStandInForFacts():
    reader = report(timePoints=[{"label": "24 h", "timeHours": 24.0, "unit": "Bq/mL", "sources": {"unit": "file"}}])
    assert rowOf(reader, "Unit of the image values", 3)[1] == "Bq/mLfile"
    assert rowOf(reader, "24 h", 5)[2:] == ["not recorded", "Bq/mL", "not computed"]


def test_doubtsAreMarked():
    text = report().text
    assert "not verified" in text and "no source stated" in text
    assert "about 45 % too low" in text and "Assumed: the study does not state its resolution" in text
    assert "the bodies overlap less than expected" in text


def test_comparisonWithTruthIsForTheDigitalPatientOnly():
    assert ["liver", "absorbed dose (Gy)", "1.94", "2.00", "−2.9"] in report().rows
    assert "known truth" not in report(comparison=None).text


def test_manyTimePointsAreSplitIntoTables():
    results = exampleResults(1)
    results["regions"][0]["timeActivity"] = [
        {"timeHours": 4.0 * index, "activityMBq": 100.0 - index, "uncertaintyMBq": None} for index in range(1, 15)]
    tables = ResultTables(results).activities()
    assert [len(table.columns) for table in tables] == [7, 7, 3]


def test_wordsOfTheField():
    text = report(pictures=[Picture("Axial", "", PNG)]).text.lower()
    assert "residence time" not in text
    # "dose" never alone: absorbed dose, dose-volume, biologically effective dose, names of methods
    alone = re.findall(r"(?<!absorbed[ -])(?<!effective )\bdoses?\b(?!-volume)(?! rate)", text)
    assert alone == []
    for words in ("research use; the treating physician decides", "not a medical device",
                  "not affiliated with the euramet project 15hlt06 mrtdosimetry"):
        assert words in text


@pytest.mark.parametrize("results", [{}, {"regions": []}, [], {"regions": [{"volumeML": 3.0}]}])
def test_resultsThatAreNoneAreRefused(results):
    with pytest.raises(InputError, match="regions|no name"):
        renderReport(results)


def test_notFiniteResultIsRefused():
    results = copy.deepcopy(exampleResults(2))
    results["regions"][0]["absorbedDoseGy"] = float("nan")
    with pytest.raises(InputError, match="finite"):
        renderReport(results)


def test_pictureThatIsNoPngIsRefused():
    with pytest.raises(InputError, match="Axial"):
        renderReport(exampleResults(1), {}, [Picture("Axial", "", b"GIF89a")])
