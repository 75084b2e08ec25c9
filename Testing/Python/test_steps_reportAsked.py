"""Page 8: what the report asks for, what of it is missing, and where it is stated."""

import json

import pytest
import StandIns

if StandIns.missingReason():
    pytest.skip(StandIns.missingReason(), allow_module_level=True)

from StandIns import driving

NARROWEST = 380


@pytest.fixture
def wizard():
    with driving.Wizard(NARROWEST) as opened:
        from MRTDosimetryLib.workflow import administrationEntry, stages

        opened.ui.newStudyButton.click()
        driving.addSmallStudy(opened.study)
        administrationEntry.setPatient(opened.study, name="Sample^A", id="ID-7")
        stages.runStale(opened.study, upTo="results")
        opened.page("report").ui.askedSection.collapsed = False
        yield opened


def asked(wizard):
    return wizard.shell.step.asked


def write(wizard, name, text):
    editor = asked(wizard).form().editor(name)
    editor.text = text
    editor.editingFinished.emit()


def click(wizard, words):
    listing = wizard.shell.step.ui.askedList
    row = next(listing.item(row) for row in range(listing.count) if words in listing.item(row).text())
    listing.itemClicked.emit(row)


def missing(wizard):
    return driving.listed(wizard.shell.step.ui.askedList)


def testMissingItemsLeadToTheirFieldsAndPages(wizard):
    from MRTDosimetryLib.workflow import outputs, reporting

    ui = wizard.shell.step.ui
    count = len(missing(wizard))
    assert f"{count} of " in ui.askedSection.text and "A  Clinical indication" in missing(wizard)
    listed = [f"{section['letter']}  {item['title']}" for section in outputs.checklistSections(wizard.study)
              for item in section["items"] if item["value"] is None]
    assert missing(wizard) == listed, "what the report shows as not recorded"
    wizard.grab("asked-380")
    click(wizard, "B  Batch")
    assert wizard.shell.widget.minimumSizeHint.width() <= NARROWEST - 20
    assert ui.askedSelector.itemData(ui.askedSelector.currentIndex) == "B"
    write(wizard, "batch", "A-17")
    assert reporting.statements(wizard.study)["batch"] == {
        "value": "A-17", "source": "user", "detail": "", "reason": "", "role": "physicist"}
    assert len(missing(wizard)) == count - 1 and "B  Batch" not in missing(wizard)
    # what is found elsewhere is shown, not asked for
    assert asked(wizard).form().editor("compound").placeholderText == "not recorded"
    ui.signSection.collapsed = True
    click(wizard, "A  Approval")
    assert not ui.signSection.collapsed, "the signature is on this page"
    click(wizard, "B  Prescribed activity")
    assert wizard.shell.step.name == "protocol"


def testWhatCannotBeIsSaidAndKeptToBeMended(wizard):
    from MRTDosimetryLib.workflow import reporting

    click(wizard, "B  Duration")
    write(wizard, "durationMinutes", "one hour")
    form = asked(wizard).form()
    assert form.editor("durationMinutes").text == "one hour" and "not a number" in driving.flat(
        form.faultOf("durationMinutes"))
    assert reporting.stated(wizard.study) == {}
    write(wizard, "durationMinutes", "30,5")
    assert reporting.stated(wizard.study) == {"durationMinutes": 30.5}
    assert form.faultOf("durationMinutes").isHidden()
    write(wizard, "durationMinutes", "")
    assert reporting.stated(wizard.study) == {}, "an emptied field is taken back"


def testTheConclusionIsThePhysicians(wizard, tmp_path, monkeypatch):
    from MRTDosimetryLib.errors import InputError
    from MRTDosimetryLib.workflow import pictures, report, reporting, roles, stages

    click(wizard, "I  Conclusion")
    editor = asked(wizard).form().editor("conclusion")
    assert not editor.enabled and "This is for the physician." in editor.toolTip
    with pytest.raises(InputError, match="The physicist does not state 'Conclusion'.*for the physician"):
        reporting.stateAtDesk(wizard.study, "physicist", "conclusion", "Go on")
    wizard.ui.roleSelector.setCurrentIndex(wizard.ui.roleSelector.findData("physician"))
    wizard.page("report")
    write(wizard, "conclusion", "Second cycle as planned")
    # rules of a center: nobody but the physician states anything
    rules = json.load(open(roles.rules()["path"], encoding="utf-8"))
    rules["mayDo"]["stateMeasurements"] = ["physician"]
    (tmp_path / "roles.json").write_text(json.dumps(rules), encoding="utf-8")
    monkeypatch.setenv(roles.ENVIRONMENT, str(tmp_path / "roles.json"))
    with pytest.raises(InputError, match="The technologist does not state 'Batch'"):
        reporting.stateAtDesk(wizard.study, "technologist", "batch", "A-17")
    # in record and report
    monkeypatch.setattr(pictures, "reportPictures", lambda *_args: ([], []))
    monkeypatch.setattr(pictures, "enginePictures", lambda *_args: [])
    report.setFolder(wizard.study, str(tmp_path / "out"))
    stages.runStale(wizard.study)
    record = json.loads((tmp_path / "out" / "record.json").read_text(encoding="utf-8"))
    assert record["study"]["reporting"] == {"conclusion": "Second cycle as planned"}
    assert "Second cycle as planned" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert stages.state(wizard.study, "report") == "done"
    reporting.stateAtDesk(wizard.study, "physician", "conclusion", "Stop")
    assert stages.state(wizard.study, "report") == "stale", "the report is written anew"
