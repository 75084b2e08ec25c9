"""The record of a thyroid probe on the page of measurements: chosen from the center's folder, kept, refused."""

import pytest
import StandIns
from test_workflow_counterRecords import CPS_PER_BQ, SECONDS, TRACER_MBQ, writeRecord

if StandIns.missingReason():
    pytest.skip(StandIns.missingReason(), allow_module_level=True)

from StandIns import driving, qtModule
from StandIns.driving import select

from MRTDosimetryLib.workflow import protocol, statements

NARROWEST = 380
KEY = "measurements.thyroidProbe"


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    folder = tmp_path_factory.mktemp("center")
    writeRecord(folder / "probe.json")
    writeRecord(folder / "counter.json", "gammaCounter")
    (folder / "else").mkdir()
    writeRecord(folder / "else" / "tracer.json", radionuclide="I-123")
    return folder


@pytest.fixture
def page(records):
    from PySide6 import QtCore

    with driving.Wizard(NARROWEST) as wizard:
        QtCore.QSettings().setValue("MRTDosimetry/calibrationFolder", str(records))
        wizard.ui.newStudyButton.click()
        protocol.setProtocol(wizard.study, "thyroidIodine.multipleUptakes", "I-131")
        protocol.setAdministration(wizard.study, 330.0, "2026-05-18T10:00:00")
        statements.setStatement(wizard.study, "thyroid", {"massG": 20.0})
        statements.setStatement(wizard.study, "prescription", {"absorbedDoseGy": 200.0})
        statements.setStatement(wizard.study, "measurements.thyroidUptake", [
            {"timeHours": hours, "patientCounts": fraction * TRACER_MBQ * 1e6 * CPS_PER_BQ * SECONDS + 150.0,
             "backgroundCounts": 150.0, "patientSeconds": SECONDS, "backgroundSeconds": SECONDS}
            for hours, fraction in ((5.0, 0.24), (36.0, 0.47), (156.0, 0.26))])
        found = wizard.page("measurements")
        found.wizard = wizard
        yield found


def section(page):
    found = page.section(KEY)
    return found, found.form.editor("calibration")


def testTheRecordIsChosenFromTheFolder(page, records):
    found, selector = section(page)
    shown = [selector.itemText(index) for index in range(selector.count)]
    assert shown == ["\N{EN DASH}", "Probe 1, I-131, 2026-05-02", "another file..."], "counters are not among probes"
    select(selector, str(records / "probe.json"))
    entry = statements.statements(page.study)[KEY]
    assert entry["value"]["calibration"]["camera"] == "Probe 1"
    assert selector.currentText == "probe.json"
    assert page.wizard.shell.widget.minimumSizeHint.width() <= NARROWEST - 20
    for name, value in (("tracerActivityMBq", "2"), ("probeName", "Probe 1"), ("testDate", "2026-05-11")):
        editor = found.form.editor(name)
        editor.text = value
        editor.editingFinished.emit()
    page.wizard.grab("measurementsProbe")
    page.wizard.page("therapy")
    page.wizard.ui.computeButton.click()
    value = page.study.stageRecord("therapy")["value"]
    assert value["values"]["prescribedActivityMBq"] > 0, page.wizard.messages()
    assert any("2e-05 counts per second and Bq" in text for text in value["assumptions"])


def testAnotherFileAndAnotherNuclide(page, records):
    _found, selector = section(page)
    qtModule.queueReply("QFileDialog.getOpenFileName", str(records / "else" / "tracer.json"))
    select(selector, "other")
    assert selector.currentText == "tracer.json"
    statements.setStatement(page.study, KEY, {**statements.stated(page.study)[KEY], "tracerActivityMBq": 2.0})
    page.wizard.page("therapy")
    page.wizard.ui.computeButton.click()
    assert any("is for I-123, what was counted is I-131" in text for text in page.wizard.messages())
    page.wizard.page("measurements")
    qtModule.queueReply("QFileDialog.getOpenFileName", str(records / "counter.json"))
    select(section(page)[1], "other")
    assert any("is of a gamma counter, not of a thyroid probe" in text for text in page.wizard.messages())
    assert section(page)[1].currentText == "tracer.json", "what was kept stays"
    qtModule.queueReply("QFileDialog.getOpenFileName", "")
    select(section(page)[1], "other")
    assert section(page)[1].currentText == "tracer.json"
    section(page)[1].setCurrentIndex(0)
    assert "calibration" not in statements.stated(page.study)[KEY]
