"""The calibration of a study's scans in the wizard: chosen once, used by every way of adding scans."""

import json

import calibrationExamples as example
import numpy as np
import pytest
import StandIns

if StandIns.missingReason():
    pytest.skip(StandIns.missingReason(), allow_module_level=True)

from StandIns import driving, qtModule
from StandIns.driving import select

from MRTDosimetryLib.imaging.volume import Volume
from MRTDosimetryLib.physics.pointSpread import PointSpreadFit
from MRTDosimetryLib.physics.uncertainty.pointSpreadRecovery import PointSpreadRecovery
from MRTDosimetryLib.scene import volumes
from MRTDosimetryLib.scene.study import FACTS_ATTRIBUTE
from MRTDosimetryLib.workflow import calibration, partialVolume, protocol, timePoints

NARROWEST = 380
SETTINGS = {"camera": "Camera A", "collimator": "MEGP", "energyWindow": "187.2-228.8 keV", "reconstruction": "OSEM"}


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    folder = tmp_path_factory.mktemp("records")
    content = example.recordOf(folder)
    (folder / "center").mkdir()
    calibration.write(content, folder / "center" / "camera.json")
    calibration.write(example.changedRecord(content, collimator="HEGP", validUntil="2026-05-10"),
                      folder / "center" / "old.json")
    return folder / "center"


@pytest.fixture
def page(records):
    from PySide6 import QtCore

    with driving.Wizard(NARROWEST) as wizard:
        QtCore.QSettings().setValue("MRTDosimetry/calibrationFolder", str(records))
        wizard.ui.newStudyButton.click()
        protocol.setProtocol(wizard.study, None, "Lu-177")
        protocol.setAdministration(wizard.study, 7400.0, "2026-05-05T10:00:00")
        found = wizard.page("timePoints")
        found.wizard = wizard
        found.ui.calibrationSection.collapsed = False
        yield found


def scan(page, hours, name):
    image = np.zeros(example.SHAPE, np.float32)
    image[4:9, 4:9, 3:7] = 300.0 * example.CPS_PER_MBQ * example.SECONDS / 100.0 * 0.5 ** (hours / 70.0)
    return volumes.addVolume(page.wizard.scene, Volume(image, example.matrix(), "counts", name), "counts")


def add(page, node, hours):
    """By the form for one time point."""
    ui = page.ui
    select(ui.addFromSelector, "scene")
    select(ui.unitSelector, "counts")
    ui.spectNodeSelector.setCurrentNode(node)
    ui.hoursBox.value, ui.durationBox.value = hours, example.SECONDS
    ui.addButton.click()


def choose(page, records, name, settings=SETTINGS):
    select(page.ui.scanRecordSelector, str(records / name))
    for key, value in settings.items():
        editor = page.calibration.form.editor(key)
        editor.text = value
        editor.editingFinished.emit()


def reason(page, text):
    page.ui.calibrationReasonEdit.text = text
    page.ui.calibrationReasonEdit.editingFinished.emit()


def testScansAreAddedWithTheRecord(page, records):
    ui = page.ui
    shown = [ui.scanRecordSelector.itemText(index) for index in range(ui.scanRecordSelector.count)]
    assert shown[0] == "none" and shown[1] == "Camera A, MEGP, 2026-05-04" and "HEGP" in shown[2]
    assert shown[2].startswith("\N{WARNING SIGN}"), "an expired one has a mark"
    choose(page, records, "camera.json")
    assert "Calibration of Camera A for Lu-177" in ui.scanRecordWords.text
    add(page, scan(page, 24.0, "SPECT 1"), 24.0)
    (row,) = timePoints.rows(page.study)
    # 300 MBq in the image but for what decays during the scan
    assert row["totalActivityMBq"] == pytest.approx(300.0 * 0.5 ** (24.0 / 70.0), rel=1e-3), page.wizard.messages()
    assert row["facts"]["calibration"]["detail"].startswith("camera.json: Camera A")
    assert page.study.choice("calibration")[0]["file"] == "camera.json"
    assert not [text for text in row["problems"] if "Calibration" in text], row["problems"]
    assert page.wizard.shell.widget.minimumSizeHint.width() <= NARROWEST - 20
    page.wizard.grab("timePointsCalibration")


def testWhatDoesNotFitIsRefusedUntilThereIsAReason(page, records):
    choose(page, records, "old.json")
    node = scan(page, 240.0, "SPECT 1")
    add(page, node, 240.0)
    told = page.wizard.messages()
    assert any("The collimator is 'MEGP', the calibration is for 'HEGP'" in text for text in told), told
    assert any("expired on 2026-05-10, 5 days before the scan" in text for text in told)
    assert page.study.timePoints == []
    reason(page, "the new one is not measured yet")
    add(page, node, 240.0)
    (row,) = timePoints.rows(page.study)
    assert sum("used because: the new one is not measured yet" in text for text in row["problems"]) == 2


def testAllLoadedScansUseIt(page, records):
    """Nothing is ticked blindly: without the record images in counts are refused, with it they are not."""
    for hours in (24.0, 96.0):
        node = scan(page, hours, f"SPECT {hours:g} h")
        node.SetAttribute(FACTS_ATTRIBUTE, json.dumps({
            key: {"value": value, "unit": "", "source": "DICOM", "detail": ""} for key, value in {
                "acquisitionDateTime": f"2026-05-0{5 + int(hours // 24)}T10:00:00", "durationSeconds": example.SECONDS,
                "camera": "Camera A", "collimator": "MEGP", "energyWindow": "EM1 (187.2 to 228.8 keV)"}.items()}))
    page.ui.loadedScansButton.click()
    assert all("no calibration factor is given" in scan.refusal for scan in page.found._found.scans)
    choose(page, records, "camera.json", {})
    assert not page.found.isOpen, "what was found before knows nothing of the record"
    page.ui.loadedScansButton.click()
    found = page.found._found.scans
    assert [scan.refusal for scan in found] == ["", ""]
    assert all("the scan states no reconstruction" in scan.remarks[0] for scan in found)
    page.ui.foundAddButton.click()
    assert len(page.study.timePoints) == 2, page.wizard.messages()


def testRecoveryOfTheRegions(page, records):
    choose(page, records, "camera.json")
    add(page, scan(page, 24.0, "SPECT 1"), 24.0)
    select(page.ui.recoveryRecordSelector, str(records / "camera.json"))
    assert partialVolume.choice(page.study)["file"] == "camera.json"
    assert "recovery by camera.json" in page.ui.calibrationSection.text
    select(page.ui.recoveryRecordSelector, str(records / "old.json"))
    assert any("the calibration is for 'HEGP'" in text for text in page.wizard.messages())
    assert partialVolume.choice(page.study)["file"] == "camera.json"
    assert partialVolume.choice(page.study)["method"] == "recovery"
    select(page.ui.recoveryMethodSelector, "geometricTransfer")
    assert any("holds no point spread" in text for text in page.wizard.messages())
    assert page.ui.recoveryMethodSelector.currentData == "recovery"
    withSpread = calibration.load(records / "camera.json")
    spread = PointSpreadFit(PointSpreadRecovery(9.0, 0.5), (0.0, 0.0, 0.0), 1.0, 1, "")
    calibration.write(example.changedRecord(withSpread, recovery={
        **withSpread["recovery"], "curve": "pointSpread", "pointSpread": spread.toDict()}), records / "spread.json")
    page.update()
    select(page.ui.recoveryRecordSelector, str(records / "spread.json"))
    select(page.ui.recoveryMethodSelector, "geometricTransfer")
    assert partialVolume.choice(page.study)["method"] == "geometricTransfer", page.wizard.messages()
    assert page.wizard.shell.widget.minimumSizeHint.width() <= NARROWEST - 20
    page.wizard.grab("timePointsRecovery")
    select(page.ui.recoveryRecordSelector, "")
    assert partialVolume.choice(page.study) is None


def testARecordFromElsewhere(page, records, tmp_path):
    content = calibration.load(records / "camera.json")
    calibration.write(content, tmp_path / "elsewhere.json")
    qtModule.queueReply("QFileDialog.getOpenFileName", str(tmp_path / "elsewhere.json"))
    page.ui.scanRecordButton.click()
    assert page.ui.scanRecordSelector.currentText == "elsewhere.json"
    (tmp_path / "elsewhere.json").unlink()
    page.update()
    assert "There is no such file" in page.ui.scanRecordWords.text
    calibration.write(example.changedRecord(content, radionuclide="I-131"), tmp_path / "iodine.json")
    qtModule.queueReply("QFileDialog.getOpenFileName", str(tmp_path / "iodine.json"))
    page.ui.scanRecordButton.click()
    assert any("The calibration is for I-131, the study is of Lu-177" in text for text in page.wizard.messages())
