"""mrt-dosimetry diff and verify: a changed voxel, tag, choice, override or version is named, and so is an edit."""

import json
import re
import shutil

import numpy as np
import pypdf
import pytest
from caseFiles import activityImage, bodyLabels, writeStudy
from recordCases import recordOf
from reportExample import exampleContext, exampleResults

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.imaging.files import readImage, writeImage
from MRTDosimetryLib.report.htmlReport import renderReport
from MRTDosimetryLib.workflow import hashChain

pytestmark = pytest.mark.usefixtures("allWithoutPictures")


def run(folder, change=None, out="out"):
    study = writeStudy(folder, change=change)
    assert commandLine.main(["run", str(study), "--out", str(folder / out)]) == 0
    return folder / out


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    return run(tmp_path_factory.mktemp("first"))


def differ(one, other, capfd):
    """Exit status and words of diff."""
    capfd.readouterr()
    return commandLine.main(["diff", str(one), str(other)]), capfd.readouterr().out


def test_aRepetitionDoesNotDiffer(first, tmp_path, capfd):
    assert commandLine.main(["run", str(first / "record.json"), "--out", str(tmp_path / "again")]) == 0
    assert differ(first, tmp_path / "again" / "record.json", capfd) == (
        0, "Nothing differs: inputs, choices, versions and every number are the same.\n")


def test_aChangedVoxelIsNamed(first, tmp_path, capfd):
    study = writeStudy(tmp_path)
    image = readImage(str(tmp_path / "spect2.nrrd"))
    values = image.array.copy()
    liver = np.argwhere(bodyLabels().array == 1)[7]
    before = values[tuple(liver)]
    values[tuple(liver)] *= 2
    writeImage(image.withArray(values), str(tmp_path / "spect2.nrrd"))
    assert commandLine.main(["run", str(study), "--out", str(tmp_path / "out")]) == 0
    status, words = differ(first, tmp_path / "out", capfd)
    k, j, i = liver
    assert status == 1 and "time point 2, SPECT" in words and "spect2.nrrd: SHA-256" in words
    assert f"1 of {values.size} voxels differ, the most at (i, j, k) = ({i}, {j}, {k}): {before:.6g}" in words
    assert "because: time point 2, SPECT: another file" in words and "because: follows from Time points" in words
    main = words[words.index("Main results"):words.index("\nTime points\n")]
    assert "  liver   7.2811 -> 7.2825 Gy" in main and "kidney left" not in main
    assert "Choices" not in words and "Versions" not in words


def test_aFileThatWasExchangedIsComparedInTheSavedScenes(tmp_path, capfd):
    one = run(tmp_path)
    labels = bodyLabels()
    writeImage(activityImage(labels, 24.0, remainderMBq=230.0), str(tmp_path / "spect2.nrrd"))
    assert commandLine.main(["run", str(tmp_path / "study.json"), "--out", str(tmp_path / "other")]) == 0
    status, words = differ(one, tmp_path / "other", capfd)
    assert status == 1 and "voxels differ, the most at" in words and "in the saved scenes" in words


def test_aChangedChoiceIsNamedWithWhatItMoved(first, tmp_path, capfd):
    def change(description):
        description["kinetics"]["regionModels"] = {"liver": "trapezoid"}

    status, words = differ(first, run(tmp_path, change), capfd)
    assert status == 1 and "model of the time-activity curve, liver: not stated -> Trapezoid" in words
    assert "Inputs" not in words and "Time points\n" not in words
    found = {}
    capfd.readouterr()
    assert commandLine.main(["diff", str(first), str(tmp_path / "out"), "--json"]) == 1
    found = json.loads(capfd.readouterr().out)
    kinetics = next(stage for stage in found["stages"] if stage["stage"] == "kinetics")
    assert kinetics["causes"] == ["kinetics.regionModels.liver: absent -> trapezoid"]
    assert {row["path"][1] for row in kinetics["moved"]} == {"liver"}
    percents = [abs(row["percent"]) for row in kinetics["moved"] if row["percent"] is not None]
    assert percents == sorted(percents, reverse=True)


def test_anOverrideIsNamedWithItsReason(first, tmp_path, capfd):
    def change(description):
        description["timePoints"][2]["overrides"] = [
            {"fact": "timeAfterAdministrationHours", "value": 97.0, "unit": "h", "reason": "clock was slow"}]

    status, words = differ(first, run(tmp_path, change), capfd)
    flat = " ".join(words.split())
    assert status == 1 and "time point 3 (97 h): time after administration: 96 -> 97 h (+1.0 %) [override, because: " \
        "clock was slow]" in flat
    assert all(text in flat for text in ("kidney left 10.066 -> 10.101 Gy", "liver 7.281 -> 7.302 Gy"))


def test_anExcludedScanIsNamed(first, tmp_path, capfd):
    def change(description):
        description["timePoints"][3]["excluded"] = {"reason": "patient moved"}

    status, words = differ(first, run(tmp_path, change), capfd)
    assert status == 1 and "time point 4 (168 h): included -> excluded (patient moved)" in words
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert results["excludedTimePoints"] == [{"label": "168 h", "timeHours": 168.0, "reason": "patient moved"}]
    assert "patient moved" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert recordOf(tmp_path / "out")["overrides"] == [
        {"what": "time point 168 h", "from": "included", "to": "excluded", "reason": "patient moved"}]


def test_aChangedTagIsNamed(tmp_path, capfd):
    import pydicom

    from MRTDosimetryLib.workflow.demo import writePatient

    writePatient(str(tmp_path / "patient"), "small")
    study = json.loads((tmp_path / "patient" / "study.json").read_text(encoding="utf-8"))
    study.update(registration="none", timePoints=study["timePoints"][:2])
    outs = []
    for name in ("one", "two"):
        shutil.copytree(tmp_path / "patient", tmp_path / name)
        if name == "two":
            path = next((tmp_path / name).rglob("scan2*/spect.dcm"))
            header = pydicom.dcmread(path)
            header.AcquisitionTime = "120000"
            header.save_as(path)
        (tmp_path / name / "study.json").write_text(json.dumps(study), encoding="utf-8")
        outs.append(tmp_path / name / "out")
        assert commandLine.main(["run", str(tmp_path / name / "study.json"), "--out", str(outs[-1])]) == 0
    status, words = differ(*outs, capfd)
    assert status == 1 and "tag (0008,0032) AcquisitionTime: " in words and "-> 120000" in words
    assert "all voxels are equal" in words and "time point 2" in words and "time point 1" not in words


def test_aChangedVersionIsNamed(first, tmp_path, capfd):
    shutil.copytree(first, tmp_path / "other")
    content = recordOf(first)
    content["versions"]["scipy"] = "0.1"
    (tmp_path / "other" / "record.json").write_text(json.dumps(content), encoding="utf-8")
    status, words = differ(first, tmp_path / "other", capfd)
    assert status == 1 and f"scipy: {recordOf(first)['versions']['scipy']} -> 0.1" in words
    assert "no main number of a region moved" in words


@pytest.mark.parametrize("content", [None, "{", '{"kind": "study"}', "[]"])
def test_whatIsNoRecordIsRefused(first, tmp_path, capfd, content):
    if content is not None:
        (tmp_path / "record.json").write_text(content, encoding="utf-8")
    for command in (["diff", str(first), str(tmp_path)], ["verify", str(tmp_path)]):
        assert commandLine.main(command) == 2
        words = capfd.readouterr().err
        assert "record" in words and "Traceback" not in words


def copied(first, tmp_path):
    shutil.copytree(first, tmp_path / "copy")
    return tmp_path / "copy"


def verify(folder, capfd):
    capfd.readouterr()
    return commandLine.main(["verify", str(folder)]), capfd.readouterr().out


def edit(path, change):
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")


def test_whatIsAsItWasWrittenIsIntact(first, tmp_path, capfd):
    status, words = verify(copied(first, tmp_path), capfd)
    assert status == 0 and "As it was written" in words and recordOf(first)["seal"]["sha256"] in words


@pytest.mark.parametrize(("change", "words"), [
    (lambda c: c["log"][2].update(time="2020-01-01T00:00:00+00:00"), "Entry 3 of the log (stage, "),
    (lambda c: c["log"].pop(1), "an entry was taken out"),
    (lambda c: c["choices"].update(resolutionFWHMMM=9), "The part 'choices' of the record was edited"),
    (lambda c: c.pop("overrides"), "The part 'overrides' of the record was taken out"),
    (lambda c: c["seal"]["sections"].update(choices="0"), "The seal of the record was edited"),
])
def test_anEditedRecordShows(first, tmp_path, capfd, change, words):
    folder = copied(first, tmp_path)
    edit(folder / "record.json", change)
    status, text = verify(folder, capfd)
    assert status == 1 and words in text and "This is not as it was written." in text


def test_anEditedResultShowsAndIsNamed(first, tmp_path, capfd):
    folder = copied(first, tmp_path)
    edit(folder / "results.json", lambda c: c["regions"][1].update(absorbedDoseGy=1.0))
    status, words = verify(folder, capfd)
    assert status == 1 and "results.json: regions, kidney left, absorbedDoseGy was edited" in words
    assert "liver, absorbedDoseGy" not in words and "report.html" not in words


def test_anEditedReportAndAMissingMapShow(first, tmp_path, capfd):
    folder = copied(first, tmp_path)
    report = folder / "report.html"
    report.write_text(report.read_text(encoding="utf-8").replace("liver", "spleen", 1), encoding="utf-8")
    (folder / "absorbedDose.nrrd").unlink()
    status, words = verify(folder / "record.json", capfd)
    assert status == 1 and "report.html was edited" in words and "absorbedDose.nrrd is missing" in words


def test_aChangedInputShowsAndOneThatIsGoneIsSaid(tmp_path, capfd):
    folder = run(tmp_path)
    (tmp_path / "spect1.nrrd").unlink()
    status, words = verify(folder, capfd)
    assert status == 0 and f"not checked: The input is not where it was: {tmp_path / 'spect1.nrrd'}" in words
    (tmp_path / "ct.nrrd").write_bytes(b"other")
    status, words = verify(folder, capfd)
    assert status == 1 and f"The input changed since it was used: {tmp_path / 'ct.nrrd'}" in words


def test_aRecordOfAnEarlierVersionCannotBeChecked(first, tmp_path, capfd):
    folder = copied(first, tmp_path)
    edit(folder / "record.json", lambda c: [c.pop(key) for key in ("seal", "log")])
    assert commandLine.main(["verify", str(folder)]) == 2 and "has no seal" in capfd.readouterr().err


def resealed(content):
    """A record edited by someone who can compute its seal anew."""
    sections = {key: hashChain.sha256Of(value) for key, value in content.items() if key != "seal"}
    content["seal"] = {"sections": sections, "sha256": hashChain.sha256Of(sections)}


def test_paperAndRecordHaveOneCode(first, tmp_path, capfd):
    status, words = verify(first, capfd)
    code = re.search(r"code of the report: +((?:[0-9a-f]{4} ){15}[0-9a-f]{4})", words)[1]
    page = (first / "report.html").read_text(encoding="utf-8")
    assert status == 0 and f'<p class="code">{code}</p>' in page
    assert page.count(code[:19]) >= 3, "first page, footer and record"
    written = pypdf.PdfReader(str(first / "report.pdf"))
    assert all(f"Code: {code[:19]}" in part.extract_text() for part in written.pages)
    # the entry that tells of the files has the code, and follows on the state of the log that it is made of
    entry = recordOf(first)["log"][-1]
    assert entry["code"] == code.replace(" ", "")
    assert set(entry["files"]) == {"results.json", "report.html", "report.pdf"}
    assert entry["previous"] in page


@pytest.mark.parametrize(("change", "words"), [
    (lambda c: c["values"].update({"regions, liver, absorbedDoseGy": "0"}), "The code of the report is not that of"),
    (lambda c: c["values"].update(warnings="0"), ""),
    (lambda c: c["log"][-1].update(code="0" * 64), "The code of the report is not that of"),
])
def test_aRecordOfOtherResultsHasAnotherCode(first, tmp_path, capfd, change, words):
    folder = copied(first, tmp_path)
    edit(folder / "record.json", lambda content: (change(content), resealed(content)))
    _status, text = verify(folder, capfd)
    assert words in text and ("The code of the report" in text) is bool(words)


@pytest.mark.parametrize(("code", "status", "words"), [
    (lambda own: own[:4] + " " + own[4:16].upper(), 0, "As it was written"), (lambda own: own, 0, "As it was written"),
    (lambda own: own[1:17], 1, "its code differs"), (lambda own: own[:7], 2, "first 8 letters"),
    (lambda own: "not a code at all", 2, "not the code of a report")])
def test_aCodeFromPaperIsMatched(first, capfd, code, status, words):
    own = recordOf(first)["log"][-1]["code"]
    capfd.readouterr()
    assert commandLine.main(["verify", str(first), "--code", code(own)]) == status
    written = capfd.readouterr()
    assert words in written.out + written.err


def test_aDraftSaysThatItIsOne():
    page = renderReport(exampleResults(2), exampleContext(exampleResults(2)))
    assert "Draft without a record" in page and "written without a record" in page and "Code " not in page
