"""The planner in the panel of the center: the sums of the command line, times kept in the center's file, page saved."""

import json

import pytest
import StandIns

if StandIns.missingReason():
    pytest.skip(StandIns.missingReason(), allow_module_level=True)

from StandIns import driving, qtModule
from StandIns.driving import flat, select, texts

from MRTDosimetryLib import commandLine

NARROWEST = 380
MULTI, SINGLE = "lutetiumDotatate.multiTimePoint", "lutetiumDotatate.singleTimePoint"
NOT_BREAKING = "\N{NO-BREAK SPACE}"


@pytest.fixture
def page():
    with driving.Wizard(NARROWEST) as wizard:
        page = wizard.centerPage("planner")
        page.wizard = wizard
        yield page


@pytest.fixture
def filled(page, tmp_path):
    """Two strategies, 10 patients a year for 2 years, an empty file of times."""
    ui = page.ui
    select(ui.firstSelector, MULTI)
    select(ui.secondSelector, SINGLE)
    ui.patientsBox.value, ui.cyclesBox.value, ui.yearsBox.value = 10, 4, 2
    ui.timesSection.collapsed = False
    qtModule.queueReply("QFileDialog.getSaveFileName", str(tmp_path / "center"))
    ui.newButton.click()
    assert (tmp_path / "center.json").exists(), messages(page)
    return page


def messages(page):
    return page.wizard.centerMessages()


def content(tmp_path):
    return json.loads((tmp_path / "center.json").read_text(encoding="utf-8"))


def typeInto(page, title, column, text):
    """Type into the cell of a task of the group that is shown."""
    table = page.ui.tasksTable
    row = [line[0] for line in texts(table)].index(title)
    table.setCurrentCell(row, 0)
    table.item(row, column).setText(text)


def byCommandLine(tmp_path, capsys, *more):
    capsys.readouterr()
    arguments = ["plan", "--protocol", MULTI, "--protocol", SINGLE, "--patients", "20", "--cycles", "4", "--years", "2",
                 "--times", str(tmp_path / "center.json"), *more]
    assert commandLine.main(arguments) == 0
    return capsys.readouterr().out


def totals(page):
    return {row[0]: row[1:] for row in texts(page.ui.totalsTable)}


def testNothingIsGuessed(page):
    ui = page.ui
    assert messages(page) == ["Give the number of patients a year", "Give the number of cycles of each patient"]
    assert not page.frame.ui.primaryButton.enabled and ui.totalsTable.isHidden()
    select(ui.firstSelector, MULTI)
    ui.patientsBox.value, ui.cyclesBox.value = 20, 4
    found = totals(page)
    assert found["Camera"] == ["not stated"] and found["Staff, all roles"] == ["not stated"]
    assert found["Scans, each cycle"] == ["3"] and found["Scans, in all"] == ["240"]
    assert "tasks that are not stated in full: 16" in messages(page)[0] and page.frame.ui.primaryButton.enabled
    assert "No times are stated" in flat(ui.planWords) and "no part of any sum" in flat(ui.factsWords)
    # without a file there is nothing to type into
    import qt

    table = ui.tasksTable
    assert not any(table.item(row, column).flags() & qt.Qt.ItemIsEditable
                   for row in range(table.rowCount) for column in range(4))


def testTheSumsOfTheCommandLine(filled, tmp_path, capsys):
    page, ui = filled, filled.ui
    assert not page.wizard.ui.studyPanel.visible and totals(page)["Camera"] == ["not stated"] * 2 + ["not known"]
    for role in ("physician", "nurse", "technologist"):
        select(ui.roleSelector, role)
        ui.roleBox.click()
    select(ui.roleSelector, "medicalPhysicsExpert")
    choices = [ui.groupSelector.itemData(index) for index in range(ui.groupSelector.count)]
    assert choices == ["oneOff", "recurring", "measurement", "imageProcessing", "evaluation"]
    for group in choices:
        select(ui.groupSelector, group)
        for line in texts(ui.tasksTable):
            if group == "recurring":
                typeInto(page, line[0], 1, "4")
            if line[2] != "–":
                typeInto(page, line[0], 2, "37,5")
            typeInto(page, line[0], 3, "15")
        assert ui.groupSelector.currentText.endswith("all stated")
    plans = json.loads(byCommandLine(tmp_path, capsys, "--json"))["plans"]
    lines = byCommandLine(tmp_path, capsys)
    assert page.plans[0].toDict() == plans[0] and page.plans[1].toDict() == plans[1]
    assert plans[0]["totals"]["camera"]["perCycle"]["minutes"] == 3 * 37.5 and plans[0]["isComplete"]
    for name, title in (("all", "In all"), ("perPatient", "Each patient"), ("oneOff", "One-off work")):
        select(ui.totalSelector, name)
        found = {key: [text.replace(NOT_BREAKING, " ") for text in row] for key, row in totals(page).items()}
        expert = found["Medical physics expert"][0]
        assert f"{title}: Camera {found['Camera'][0]}; Medical physics expert {expert}" in lines
        assert f"Camera {found['Camera'][1]}; " in lines
    select(ui.totalSelector, "all")
    found = {key: [text.replace(NOT_BREAKING, " ") for text in row] for key, row in totals(page).items()}
    assert f"Second less first, in all: Camera {found['Camera'][2]}; " in lines and found["Scans, in all"] == [
        "240", "80", "−160"]
    assert set(found) == {"Camera", "Medical physics expert", "Staff, all roles", "Scans, each cycle", "Scans, in all"}
    assert messages(page) == []
    assert ui.tasksTable.horizontalHeaderItem(3).text() == "Expert\n(min)"
    assert page.frame.widget.minimumSizeHint.width() <= NARROWEST - 20
    assert ui.totalsTable.columnCount == 4 == ui.tasksTable.columnCount
    page.wizard.grab("center-planner")


def testSourceCenterAndNumber(filled, tmp_path):
    import qt

    page, ui = filled, filled.ui
    select(ui.groupSelector, "measurement")
    canEdit = [bool(ui.tasksTable.item(0, column).flags() & qt.Qt.ItemIsEditable) for column in range(4)]
    assert canEdit == [False, True, False, True], "the activity meter needs no camera"
    typeInto(page, "Quantitative SPECT/CT", 2, "40")
    ui.sourceEdit.text = "mean of ten scans, 2026-05"
    ui.sourceEdit.editingFinished.emit()
    ui.centerEdit.text, ui.dateEdit.text = "Center A", "2026-05"
    ui.dateEdit.editingFinished.emit()
    kept = content(tmp_path)
    assert kept["times"]["spectScan"]["source"] == "mean of ten scans, 2026-05" and kept["center"] == "Center A"
    assert "mean of ten scans" in ui.tasksTable.item(page.selected(ui.tasksTable), 2).toolTip()
    assert "Times of Center A, 2026-05." in flat(ui.planWords)
    typeInto(page, "Quantitative SPECT/CT", 1, "5")
    assert content(tmp_path)["counts"] == {MULTI: {"spectScan": 5}} and totals(page)["Scans, in all"][0] == "400"
    select(ui.tasksSelector, SINGLE)
    assert [row[1] for row in texts(ui.tasksTable) if row[0] == "Quantitative SPECT/CT"] == ["1"]
    select(ui.tasksSelector, MULTI)
    typeInto(page, "Quantitative SPECT/CT", 1, "")
    assert content(tmp_path)["counts"] == {} and totals(page)["Scans, in all"][0] == "240"
    typeInto(page, "Quantitative SPECT/CT", 2, "")
    assert content(tmp_path)["times"]["spectScan"]["cameraMinutes"] is None, "taken back is not 0"


@pytest.mark.parametrize(("column", "text", "words"), [
    (2, "half an hour", "'half an hour', which is no number"), (2, "-5", "camera time is -5"), (2, "nan", "is nan"),
    (3, "1e999", "is inf"), (1, "2.5", "whole number"), (1, "-1", "number is -1")])
def testWhatCannotBeIsRefused(filled, tmp_path, column, text, words):
    select(filled.ui.groupSelector, "measurement")
    before = content(tmp_path)
    row = texts(filled.ui.tasksTable)[1]
    typeInto(filled, "Quantitative SPECT/CT", column, text)
    assert any(words in message for message in messages(filled)), messages(filled)
    assert content(tmp_path) == before and texts(filled.ui.tasksTable)[1] == row


def testARoleWithTimesStays(filled, tmp_path):
    ui = filled.ui
    select(ui.groupSelector, "evaluation")
    select(ui.roleSelector, "physician")
    typeInto(filled, "Report", 3, "20")
    ui.roleBox.click()
    assert any("Times of the physician are stated" in text for text in messages(filled)) and ui.roleBox.checked
    assert "physician" in content(tmp_path)["roles"]


def testThePageIsSaved(filled, tmp_path, monkeypatch, capsys):
    import qt

    opened = []
    monkeypatch.setattr(qt.QDesktopServices, "openUrl", staticmethod(lambda url: opened.append(url.toLocalFile())))
    qtModule.queueReply("QFileDialog.getSaveFileName", "")
    filled.frame.ui.primaryButton.click()
    assert opened == []
    qtModule.queueReply("QFileDialog.getSaveFileName", str(tmp_path / "wizard"))
    filled.frame.ui.primaryButton.click()
    byCommandLine(tmp_path, capsys, "--html", str(tmp_path / "line.html"))
    assert (tmp_path / "wizard.html").read_bytes() == (tmp_path / "line.html").read_bytes()
    assert opened == [str(tmp_path / "wizard.html")]
    assert any(str(tmp_path / "wizard.html") in text for text in messages(filled))
    qtModule.queueReply("QFileDialog.getSaveFileName", str(tmp_path / "no" / "where.html"))
    filled.frame.ui.primaryButton.click()
    assert any("cannot be written" in text for text in messages(filled))


def testWrongStrategiesAndFiles(filled, tmp_path):
    ui = filled.ui
    select(ui.secondSelector, MULTI)
    assert any("two different" in text for text in messages(filled)) and ui.totalsTable.isHidden()
    assert not filled.frame.ui.primaryButton.enabled
    select(ui.secondSelector, "thyroidIodine.lateUptake")
    assert "Readings, each cycle" in totals(filled) and totals(filled)["Scans, in all"][1] == "0"
    # an existing file is never overwritten, a damaged one not taken
    qtModule.queueReply("QFileDialog.getSaveFileName", str(tmp_path / "center.json"))
    ui.newButton.click()
    assert any("such a file already" in text for text in messages(filled))
    (tmp_path / "other.json").write_text("{", encoding="utf-8")
    qtModule.queueReply("QFileDialog.getOpenFileName", str(tmp_path / "other.json"))
    ui.fileButton.click()
    assert any("not JSON" in text for text in messages(filled)) and ui.fileEdit.text == str(tmp_path / "center.json")
    # damaged while it is in use: told, and no sums
    (tmp_path / "center.json").write_text('{"kind": "center times", "schemaVersion": 1, "times": {"magic": {}}}',
                                          encoding="utf-8")
    filled.frame.close()
    filled.frame.open()
    assert any("'magic' is no task" in text for text in messages(filled)) and ui.totalsTable.isHidden()
    assert not filled.frame.ui.primaryButton.enabled


def testTheFileIsASettingOfTheApplication(filled, tmp_path):
    widget = filled.wizard.module.MRTDosimetryWidget()
    widget.setup()
    center = widget.shell.center
    center.open()
    center.goToPage(center.indexOf("planner"))
    assert center.page.ui.fileEdit.text == str(tmp_path / "center.json") and center.page.times.times is not None
    widget.cleanup()


def testThePlanBeginsWithTheProtocolOfTheStudy(page):
    wizard = page.wizard
    page.frame.close()
    wizard.ui.newStudyButton.click()
    driving.chooseProtocol(wizard.page("protocol"), "thyroidIodine.lateUptake")
    wizard.ui.centerButton.click()
    assert page.ui.firstSelector.currentData == "thyroidIodine.lateUptake"
    select(page.ui.firstSelector, MULTI)
    page.ui.patientsBox.value, page.ui.cyclesBox.value = 3, 1
    assert wizard.study.choice("protocol") == "thyroidIodine.lateUptake", "a plan changes no study"


def testTechnologistsAndPhysicists(page):
    select(page.wizard.ui.roleSelector, "technologist")
    assert page.frame.isInFront and page.frame.ui.pageTitle.text == "Plan the work"
    shown = [button.text for button in page.frame._buttons if not button.isHidden()]
    assert "Plan the work" in shown and "Commissioning" not in shown
