"""Commissioning in the panel of the center: the numbers of the command line, kept, compared, red when wrong."""

import json

import pytest
import StandIns

if StandIns.missingReason():
    pytest.skip(StandIns.missingReason(), allow_module_level=True)

from commissioningExamples import brokenEngine
from StandIns import driving, qtModule
from StandIns.driving import flat, select, texts

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.errors import CanceledError
from MRTDosimetryLib.workflow import (
    commissioning,
    commissioningCasesDvh,
    commissioningCasesEngines,
    commissioningCasesPublic,
)

NARROWEST = 380


@pytest.fixture
def page(monkeypatch, tmp_path):
    """The page with three quick groups, its folder chosen."""
    monkeypatch.setattr(commissioning, "CHECKS", (*commissioningCasesEngines.CHECKS[:1], *commissioningCasesDvh.CHECKS,
                                                  *commissioningCasesPublic.CHECKS))
    with driving.Wizard(NARROWEST) as wizard:
        page = wizard.centerPage("commissioning")
        page.wizard, page.kept = wizard, tmp_path / "kept"
        page.kept.mkdir()
        qtModule.queueReply("QFileDialog.getExistingDirectory", str(page.kept))
        page.ui.keptButton.click()
        yield page


def messages(page):
    return page.wizard.centerMessages()


def run(page, name="Ada Bee"):
    page.ui.nameEdit.text = name
    page.frame.ui.primaryButton.click()


def results(folder):
    return [json.loads((path / "commissioning.json").read_text(encoding="utf-8")) for path in sorted(folder.iterdir())]


def testWhatIsMissingIsSaid(page):
    ui, primary = page.ui, page.frame.ui.primaryButton
    assert not primary.enabled and messages(page) == ["Give the name of who runs it: it stands on the report"]
    assert not ui.emptyWords.isHidden() and ui.casesTable.isHidden()
    ui.nameEdit.text = "Ada Bee"
    assert primary.enabled and primary.default and messages(page) == []
    ui.noneButton.click()
    assert not primary.enabled and "at least one group" in messages(page)[0] and not ui.dataEdit.enabled
    ui.allButton.click()
    assert primary.enabled and "3 of 3 groups" in ui.extentSection.text
    ui.keptEdit.text = ""
    ui.keptEdit.editingFinished.emit()
    assert not primary.enabled and "Choose the folder" in messages(page)[0]


def testTheSameNumbersAsTheCommandLine(page, tmp_path, capsys, monkeypatch):
    import qt

    run(page, "Ada Bee")
    assert commandLine.main(["check", "--out", str(tmp_path / "line"), "--by", "Ada Bee", "--role", "Physicist"]) == 0
    line = json.loads((tmp_path / "line" / "commissioning.json").read_text(encoding="utf-8"))
    (kept,) = results(page.kept)
    same = ("key", "status", "computed", "expected", "deviation", "tolerance", "unit", "details")
    assert [[case[key] for key in same] for case in kept["cases"]] == \
        [[case[key] for key in same] for case in line["cases"]]
    assert kept["runBy"] == line["runBy"] and kept["overall"] == line["overall"]
    ui = page.ui
    rows = texts(ui.casesTable)
    assert [row[0] for row in rows] == [case["name"] for case in line["cases"]] and ui.casesTable.columnCount == 4
    assert [row[1] for row in rows] == ["PASS"] * 4 + ["not run"] * 2
    shapes = next(case for case in line["cases"] if case["key"] == "dvh.volumes")
    assert shapes["isRelative"] and rows[3][2] == f"{100 * shapes['deviation']:+.3f} / 0.5 %".replace("-", "−")
    assert flat(ui.verdictWords).startswith("PASS: 4 cases passed, 0 failed, 2 optional not run")
    assert "Run by Ada Bee, Physicist" in flat(ui.comparisonWords) and "no earlier run" in flat(ui.comparisonWords)
    opened = []
    monkeypatch.setattr(qt.QDesktopServices, "openUrl", staticmethod(lambda url: opened.append(url.toLocalFile())))
    ui.openButton.click()
    assert len(opened) == 1 and opened[0].endswith("commissioning.html")
    with open(opened[0], encoding="utf-8") as file:
        assert "Prepared by: Ada Bee, Physicist" in file.read()
    ui.casesTable.setCurrentCell(2, 0)
    assert "tolerance ± 1 (wanted for a region of 4 mL)" in flat(ui.caseWords)
    assert page.frame.widget.minimumSizeHint.width() <= NARROWEST - 20
    page.wizard.grab("center-commissioning-pass")


def testFailingIsRedAndInWords(page, monkeypatch):
    run(page)
    brokenEngine(monkeypatch)
    run(page)
    ui = page.ui
    assert ui.runSelector.count == 2 and ", FAIL, full" in ui.runSelector.currentText
    assert flat(ui.verdictWords).startswith("FAIL: 2 cases passed, 2 failed") and "214" in ui.verdictWords.styleSheet
    rows = texts(ui.casesTable)
    assert [row[1] for row in rows[:3]] == ["▲ FAIL", "▲ FAIL", "PASS"], "what failed comes first"
    assert ui.casesTable.item(0, 1).foreground().color().red() == 214
    assert ui.casesTable.item(2, 1).foreground().color().red() != 214
    assert "Local deposition, uniform cube: absorbed dose deviates by +0.10 %, tolerance" in messages(page)[0]
    assert "changed beyond numerical noise: 2" in flat(ui.comparisonWords)
    select(ui.filterSelector, "changed")
    assert len(texts(ui.casesTable)) == 2
    select(ui.filterSelector, "Dose-volume histograms")
    assert [row[1] for row in texts(ui.casesTable)] == ["PASS", "PASS"]
    page.frame.ui.messageList.itemClicked.emit(page.frame.ui.messageList.item(1))
    assert ui.filterSelector.currentData == "all" and page.selected(ui.casesTable) == 1
    assert "90Y in 1 kg: FAIL" in flat(ui.caseWords)
    page.wizard.grab("center-commissioning-fail")
    # the earlier run is still there, and as it was
    ui.runSelector.setCurrentIndex(1)
    assert flat(ui.verdictWords).startswith("PASS") and not any("deviates" in text for text in messages(page))


def testChosenGroupsAndDataSets(page, tmp_path):
    ui = page.ui
    select(page.wizard.ui.roleSelector, "physicist")
    ui.dataEdit.text = str(tmp_path / "none")
    ui.dataEdit.editingFinished.emit()
    run(page)
    assert any("There is no such folder" in text for text in messages(page)) and list(page.kept.iterdir()) == []
    for key in ("engines", "public"):
        page.box(key).click()
    ui.quickBox.checked = True
    run(page)
    (kept,) = results(page.kept)
    assert kept["groups"] == ["dvh"] and kept["isQuick"] and {case["subject"] for case in kept["cases"]} == {
        "Dose-volume histograms"}
    assert any("Not the whole commissioning. Left out: Absorbed-dose engines; Public data sets" in text
               for text in messages(page))
    assert "quick, 1 of 3 groups" in ui.extentSection.text


def testTheSceneOfTheUserStaysAsItIs(page, tmp_path):
    """The whole job on a data set of one patient, in a scene of its own."""
    import slicer
    from caseFiles import writeStudy

    data = tmp_path / "data"
    data.mkdir()
    writeStudy(data)
    quantity = {"quantity": "timeIntegratedActivityMBqH", "source": "Formula", "tolerance": 1e-3, "isRelative": True,
                "toleranceReason": "voxels", "values": {"liver": 40395.5, "kidney left": 8656.2}}
    (data / "reference.json").write_text(json.dumps({
        "kind": "commissioning reference", "schemaVersion": 1, "title": "Two regions", "study": "study.json",
        "quantities": [quantity]}), encoding="utf-8")
    qtModule.queueReply("QFileDialog.getExistingDirectory", str(data))
    page.ui.dataButton.click()
    application, scene, count = slicer.app, slicer.mrmlScene, slicer.mrmlScene.GetNumberOfNodes()
    run(page)
    assert slicer.app is application and slicer.mrmlScene is scene and scene.GetNumberOfNodes() == count
    case, absent = [case for case in results(page.kept)[0]["cases"] if case["key"].startswith("public")]
    assert case["status"] == "PASS" and absent["isOptional"] and absent["status"] == "not run"
    assert "Two regions" in [row[0] for row in texts(page.ui.casesTable)]


def testCanceledRunAddsNothing(page, monkeypatch):
    def cancel(*_arguments, **_options):
        raise CanceledError

    run(page)
    monkeypatch.setattr(commissioning, "_runOne", cancel)
    run(page)
    assert "Canceled. What was not finished is as it was before." in messages(page)
    assert len(results(page.kept)) == 1 and page.ui.runSelector.count == 1
    assert flat(page.ui.verdictWords).startswith("PASS")


def testEditedDamagedAndOldRunsAreTold(page, monkeypatch):
    run(page)
    (folder,) = page.kept.iterdir()
    file = folder / "commissioning.json"
    original = file.read_text(encoding="utf-8")
    file.write_text(original.replace('"passed": 4', '"passed": 5'), encoding="utf-8")
    page._read()
    page.frame.refresh()
    assert any("was edited" in text for text in messages(page))
    file.write_text(original, encoding="utf-8")
    monkeypatch.setattr("MRTDosimetryLib.workflow.commissioningKept.versions", lambda: {"MRTDosimetry": "9.9"})
    page._read()
    page.frame.refresh()
    assert any("MRTDosimetry 0.1.0 → 9.9" in text and "run again" in text for text in messages(page))
    content = json.loads(original)
    del content["cases"][0]["name"]
    file.write_text(json.dumps(content), encoding="utf-8")
    page._read()
    page.frame.refresh()
    assert any("not complete" in text for text in messages(page)) and page.ui.casesTable.isHidden()
    page.ui.keptEdit.text = str(page.kept / "gone")
    page.ui.keptEdit.editingFinished.emit()
    assert any("cannot be read" in text for text in messages(page))


def testTheRunIsSigned(page, capsys):
    run(page, "Ada Bee")
    ui, (folder,) = page.ui, page.kept.iterdir()
    assert flat(ui.signWords) == "Nobody signed this run yet" and not ui.signButton.enabled and ui.signEdit.text == ""
    ui.signEdit.text = "Cee Dee"
    ui.signButton.click()
    assert flat(ui.signWords).startswith("Signed by Cee Dee (physicist), ") and ui.signEdit.text == ""
    assert "<strong>Cee Dee (physicist), " in (folder / "commissioning.html").read_text("utf-8")
    assert commandLine.main(["verify", str(folder)]) == 0 and messages(page) == []
    ui.signEdit.text = "cee  dee"
    ui.signButton.click()
    assert any("signed this run already" in text for text in messages(page))
    page.wizard.grab("center-commissioning-signed")
    file = folder / "commissioning.html"
    file.write_text(file.read_text("utf-8").replace("Ada Bee", "Ada Cee"), encoding="utf-8")
    page._read()
    page.frame.refresh()
    assert "do not hold" in flat(ui.signWords) and not ui.signEdit.enabled and not ui.signButton.enabled
    assert any("Changed since it was signed: commissioning.html was edited" in text for text in messages(page))


def testTheFolderIsASettingAndTheNameIsNot(page):
    run(page)
    widget = page.wizard.module.MRTDosimetryWidget()
    widget.setup()
    again = widget.shell.center.pages[widget.shell.center.indexOf("commissioning")]
    assert again.ui.keptEdit.text == str(page.kept) and again.ui.nameEdit.text == ""
    widget.cleanup()


def testThePhysicistAlone(page):
    assert not page.isForPhysician and not page.isForTechnologist
