"""The registry of the center on the report page: registered after the sign-off, compared, nothing kept in the clear."""

import pytest
import StandIns

if StandIns.missingReason():
    pytest.skip(StandIns.missingReason(), allow_module_level=True)

from registryExamples import manyCases
from StandIns import driving, qtModule
from StandIns.driving import texts

NARROWEST = 380


@pytest.fixture
def computed():
    """The wizard with a computed study of a patient, at its report."""
    from MRTDosimetryLib.workflow import administrationEntry

    with driving.Wizard(NARROWEST) as wizard:
        wizard.ui.newStudyButton.click()
        driving.addSmallStudy(wizard.study)
        administrationEntry.setPatient(wizard.study, name="Cee^Dee", id="ID-4711", cycle=1)
        wizard.page("results")
        wizard.ui.computeButton.click()
        wizard.page("report").ui.registrySection.collapsed = False
        yield wizard


def sign(study):
    from MRTDosimetryLib.workflow import reportSignOff

    for role, _title in reportSignOff.ROLES:
        reportSignOff.sign(study, role, f"Name of {role}")


def setPlace(wizard, text):
    edit = wizard.shell.step.ui.registryEdit
    edit.text = text
    edit.editingFinished.emit()


def testRegisteredOnceAllHaveSigned(computed, tmp_path):
    ui = computed.shell.step.ui
    assert not ui.registerButton.enabled and not ui.compareButton.enabled
    path = tmp_path / "cohort.sqlite"
    setPlace(computed, str(path))
    assert ui.compareButton.enabled and not ui.registerButton.enabled and "sign first" in ui.registerButton.toolTip
    ui.compareButton.click()
    assert computed.messages() and not path.exists(), "to compare makes no registry"
    sign(computed.study)
    computed.shell.refresh()
    ui.registerButton.click()
    assert path.exists() and "ID-4711" not in ui.registryWords.text and ui.registryWords.text
    content = path.read_bytes()
    assert b"4711" not in content and b"Cee" not in content
    ui.registerButton.click()
    assert "unchanged" in ui.registryWords.text or "already" in ui.registryWords.text
    computed.grab("report-registry")
    computed.shell.studies.add()
    other = computed.page("report").ui
    assert other.registryWords.isHidden() and other.registryEdit.text == str(path), "a setting of the application"


def testPercentilesAmongTheCentersPatients(computed, tmp_path):
    from MRTDosimetryLib.registry import database, store

    path = str(tmp_path / "cohort.sqlite")
    with database.createRegistry(path, "NUC1") as registry:
        store.takeOver(registry, manyCases(20, registry.centerId))
    qtModule.queueReply("QFileDialog.getOpenFileName", path)
    ui = computed.shell.step.ui
    ui.registryButton.click()
    ui.compareButton.click()
    rows = {row[0]: row for row in texts(ui.registryTable)}
    assert rows["kidney left"][3] == "20" and rows["kidney left"][1] not in ("", "\N{EN DASH}")
    assert "Among 20 patients" in ui.registryTable.item(0, 1).toolTip() + ui.registryTable.item(1, 1).toolTip()
    assert computed.shell.widget.minimumSizeHint.width() <= NARROWEST - 20
    computed.grab("report-registry-compared")


def testAPasswordIsNotKept(computed):
    import slicer

    setPlace(computed, "postgresql://user:secret@host/cohort")
    assert any("password" in text for text in computed.messages())
    assert "secret" not in str(slicer.util.settingsValue("MRTDosimetry/registry", ""))
    assert computed.shell.step.ui.registryEdit.text == ""


def testWhatIsWrongIsSaidInThePanel(computed, tmp_path):
    from MRTDosimetryLib.workflow import administrationEntry

    setPlace(computed, str(tmp_path / "cohort.sqlite"))
    administrationEntry.setPatient(computed.study, id=None, cycle=None)
    sign(computed.study)
    computed.shell.refresh()
    ui = computed.shell.step.ui
    ui.registerButton.click()
    assert any("treatment cycle is not stated" in text for text in computed.messages())
    assert not (tmp_path / "cohort.sqlite").exists()


def testACaseWithoutImages(tmp_path):
    """Report and registry of a study without images."""
    from MRTDosimetryLib.steps import selfTest
    from MRTDosimetryLib.workflow import administrationEntry

    with driving.Wizard(NARROWEST) as wizard:
        selfTest.typeStudy(wizard.shell, selfTest.example("iodineMibg.wholeBody"))
        administrationEntry.setPatient(wizard.study, id="ID-1", cycle=1)
        page = wizard.page("report")
        assert page.ui.dicomBox.isHidden()
        wizard.page("results")
        wizard.ui.computeButton.click()
        sign(wizard.study)
        page = wizard.page("report")
        qtModule.queueReply("QFileDialog.getExistingDirectory", str(tmp_path / "out"))
        page.ui.folderButton.click()
        wizard.ui.computeButton.click()
        assert wizard.shell.state("report") == "done", wizard.messages()
        assert {"results.json", "report.html", "record.json"} <= {path.name for path in (tmp_path / "out").iterdir()}
        page.ui.registrySection.collapsed = False
        setPlace(wizard, str(tmp_path / "cohort.sqlite"))
        page.ui.registerButton.click()
        assert (tmp_path / "cohort.sqlite").exists(), wizard.messages()
        page.ui.compareButton.click()
        assert "no regions" in page.ui.registryWords.text
