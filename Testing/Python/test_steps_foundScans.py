"""The time-points page takes many scans at once: a folder, what is loaded or dropped; shown before it is added."""

import os

import pytest
import StandIns

if StandIns.missingReason():
    pytest.skip(StandIns.missingReason(), allow_module_level=True)

from StandIns import application, dicomLib, driving, qtModule
from StandIns.driving import select, texts

NARROWEST = 380


@pytest.fixture(scope="module")
def patient(tmp_path_factory):
    """Folder of the small digital patient's DICOM files."""
    from MRTDosimetryLib.workflow import demo

    folder = tmp_path_factory.mktemp("patient")
    demo.writePatient(str(folder), "small")
    return folder


@pytest.fixture
def wizard():
    """At the time-points page of a study with its protocol."""
    from MRTDosimetryLib.workflow import protocol

    with driving.Wizard(NARROWEST) as opened:
        opened.ui.newStudyButton.click()
        protocol.setProtocol(opened.study, "lutetiumDotatate.multiTimePoint", "Lu-177")
        opened.page("timePoints")
        yield opened


def drop(wizard, *urls):
    """Let go of a drag over the page's drop area; what comes of it comes after the drag."""
    import qt

    area = wizard.shell.step.found._dropArea
    mime = qt.QMimeData()
    mime.setUrls([qt.QUrl(url) for url in urls])
    enter = qt.QDragEnterEvent(qt.QPoint(5, 5), qt.Qt.MoveAction, mime, qt.Qt.LeftButton, qt.Qt.NoModifier)
    area.dragEnterEvent(enter)
    assert enter.isAccepted()
    event = qt.QDropEvent(qt.QPointF(5, 5), qt.Qt.MoveAction, mime, qt.Qt.LeftButton, qt.Qt.NoModifier)
    area.dropEvent(event)
    assert event.isAccepted() and not wizard.shell.step.found.isOpen
    wizard.app.processEvents()


def fileURL(path):
    import qt

    return qt.QUrl.fromLocalFile(str(path)).toString()


def chooseFolder(wizard, path):
    qtModule.queueReply("QFileDialog.getExistingDirectory", str(path))
    wizard.shell.step.ui.folderScansButton.click()


def testAllScansOfAFolder(wizard, patient):
    page = wizard.shell.step
    ui = page.ui
    assert not ui.foundWidget.visible
    chooseFolder(wizard, patient)
    assert ui.foundWidget.visible and wizard.study.timePoints == []
    rows = texts(ui.foundTable)
    assert [row[1] for row in rows] == ["4.00", "24.0", "96.0", "168"] and all(row[2] for row in rows)
    assert ui.foundWords.text.startswith("Found: 4, ticked: 4.")
    wizard.grab(f"timePoints-found-{NARROWEST}")
    import qt

    ui.foundTable.item(3, 0).setCheckState(qt.Qt.Unchecked)
    assert ui.foundWords.text.startswith("Found: 4, ticked: 3.")
    ui.foundAddButton.click()
    assert [point.label for point in wizard.study.timePoints] == ["4 h", "24 h", "96 h"], wizard.messages()
    assert not ui.foundWidget.visible and ui.timePointsTable.rowCount == 3
    assert all(point.ctNode is not None for point in wizard.study.timePoints)
    chooseFolder(wizard, patient)
    assert ui.foundWords.text.startswith("Found: 4, ticked: 1.")
    ui.foundTable.setCurrentCell(0, 0)
    assert "time point of the study already" in ui.foundRowWords.text and not ui.foundCTSelector.visible
    wizard.grab(f"timePoints-foundAgain-{NARROWEST}")
    ui.foundCloseButton.click()
    assert not ui.foundWidget.visible and len(wizard.study.timePoints) == 3


def testCTIsChosenByTheUser(wizard, patient):
    ui = wizard.shell.step.ui
    chooseFolder(wizard, patient)
    ui.foundTable.setCurrentCell(1, 0)
    select(ui.foundCTSelector, -1)
    assert texts(ui.foundTable)[1][2] == "\N{EN DASH}"
    ui.foundAddButton.click()
    assert [point.ctNode is None for point in wizard.study.timePoints] == [False, True, False, False]


def testEmptyFolderIsSaidInWords(wizard, tmp_path):
    chooseFolder(wizard, tmp_path)
    assert any("holds no DICOM images" in text for text in wizard.messages())
    assert not wizard.shell.step.ui.foundWidget.visible
    chooseFolder(wizard, "")  # the dialog was canceled
    assert not wizard.shell.step.ui.foundWidget.visible


@pytest.mark.parametrize("report", [1, 3])
def testCanceledAddingLeavesTheStudyAsItWas(wizard, patient, monkeypatch, report):
    from test_steps_wizard import cancelAtReport, contentOf

    ui = wizard.shell.step.ui
    chooseFolder(wizard, patient)
    before = contentOf(wizard.study)
    cancelAtReport(monkeypatch, report)
    ui.foundAddButton.click()
    assert contentOf(wizard.study) == before and any(text.startswith("Canceled") for text in wizard.messages())
    assert ui.foundWidget.visible, "the list is still there"
    monkeypatch.undo()
    ui.foundAddButton.click()
    assert len(wizard.study.timePoints) == 4


def testListGoesWithThePageAndTheScene(wizard, patient):
    import slicer

    page = wizard.shell.step
    chooseFolder(wizard, patient)
    wizard.page("protocol")
    wizard.page("timePoints")
    assert not page.ui.foundWidget.visible, "what it says may be mended by now"
    chooseFolder(wizard, patient)
    slicer.mrmlScene.Clear(0)
    assert not page.found.isOpen


def loadThroughTheBrowser(patient, scene):
    """SPECT by the plugin, CT as Slicer's own plugin leaves it: with its identifiers in the data tree."""
    import slicer

    from MRTDosimetryLib.dicom.readers import readCTSeries
    from MRTDosimetryLib.scene import volumes

    if driving.MODULE_FOLDER not in os.sys.path:
        os.sys.path.append(driving.MODULE_FOLDER)
    import MRTDosimetryNMPlugin

    dicomLib.registerScalarVolumePlugin()
    MRTDosimetryNMPlugin.MRTDosimetryNMPlugin(application.ModuleParent())
    loaded = []
    for name in sorted(os.listdir(patient)):
        folder = patient / name
        if not os.path.isdir(folder):
            continue
        dicomLib.importDicom(str(folder))
        path = str(folder / "spect.dcm")
        dicomLib.loadSeriesByUID([slicer.dicomDatabase.fileValue(path, "0020,000E")])
        series = readCTSeries(str(folder / "ct"))
        named = series.volume.withArray(series.volume.array, name=f"CT of {name}")
        node = volumes.addVolume(scene, named, "attenuation")
        loadable = dicomLib.DICOMLoadable()
        loadable.files = sorted(str(path) for path in (folder / "ct").iterdir())
        dicomLib.DICOMPlugin().addSeriesInSubjectHierarchy(loadable, node)
        loaded.append(node)
    return loaded


@pytest.fixture
def loaded(wizard, patient):
    with dicomLib.TemporaryDICOMDatabase():
        yield loadThroughTheBrowser(patient, wizard.scene)


def testAllThatIsLoaded(wizard, loaded):
    ui = wizard.shell.step.ui
    ui.loadedScansButton.click()
    rows = texts(ui.foundTable)
    assert [row[1] for row in rows] == ["4.00", "24.0", "96.0", "168"], wizard.messages()
    assert ui.foundWords.text.startswith("Found: 4, ticked: 4.")
    ui.foundAddButton.click()
    points = wizard.study.timePoints
    assert [point.ctNode for point in points] == loaded
    assert [point.fact("timeAfterAdministrationHours")["source"] for point in points] == ["DICOM"] * 4
    count = wizard.scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")
    assert count == 8, "the loaded volumes themselves are used"
    ui.loadedScansButton.click()
    assert ui.foundWords.text.startswith("Found: 4, ticked: 0.")
    assert "It is a time point of Study already" in ui.foundRowWords.text


def testCanceledAddingOfLoadedVolumesLeavesThem(wizard, loaded, monkeypatch):
    from test_steps_wizard import cancelAtReport, contentOf

    ui = wizard.shell.step.ui
    ui.loadedScansButton.click()
    before = contentOf(wizard.study)
    spects = [wizard.scene.GetNthNodeByClass(i, "vtkMRMLScalarVolumeNode") for i in range(8)]
    attributes = [{name: node.GetAttribute(name) for name in node.GetAttributeNames()} for node in spects]
    cancelAtReport(monkeypatch, 3)
    ui.foundAddButton.click()
    assert contentOf(wizard.study) == before
    assert [{name: node.GetAttribute(name) for name in node.GetAttributeNames()} for node in spects] == attributes


def testNothingLoadedIsSaidInWords(wizard):
    ui = wizard.shell.step.ui
    ui.loadedScansButton.click()
    assert "load the SPECT in the module DICOM" in ui.foundWords.text and not ui.foundAddButton.enabled


def testResultsOfAStudyAreNoScans(wizard):
    from MRTDosimetryLib.workflow import stages

    driving.addSmallStudy(wizard.study)
    stages.runStale(wizard.study, upTo="results")
    wizard.page("timePoints").ui.loadedScansButton.click()
    found = wizard.shell.step.found._found
    assert [scan.refusal for scan in found.scans] == ["It is a time point of Study already"] * 3
    assert len(found.cts) == 3 and found.words == []


def testDroppedFolderAndFiles(wizard, patient):
    ui = wizard.shell.step.ui
    drop(wizard, fileURL(patient / "scan1_004h"), fileURL(patient / "scan2_024h"))
    assert [row[1] for row in texts(ui.foundTable)] == ["4.00", "24.0"]
    ui.foundCloseButton.click()
    drop(wizard, fileURL(patient / "scan1_004h" / "spect.dcm"))
    assert [row[1:] for row in texts(ui.foundTable)] == [["4.00", "\N{EN DASH}"]]


def testDroppedItemsOfTheDataTree(wizard, loaded):
    """Slicer's data tree drags addresses of its items: qMRMLSubjectHierarchyModel::mimeData."""
    import slicer

    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(wizard.scene)
    study = hierarchy.GetItemParent(hierarchy.GetItemByDataNode(loaded[1]))
    ui = wizard.shell.step.ui
    drop(wizard, f"mrml://scene/subjecthierarchy/item?id={study}")
    assert [row[1] for row in texts(ui.foundTable)] == ["24.0"]
    ui.foundAddButton.click()
    point, = wizard.study.timePoints
    assert point.ctNode is loaded[1]


def testDroppedPlainImageGoesIntoTheForm(wizard, tmp_path):
    path = tmp_path / "spect of day 1.nrrd"
    path.write_bytes(b"NRRD0004\n")
    ui = wizard.shell.step.ui
    drop(wizard, fileURL(path))
    assert ui.spectPathEdit.text == str(path) and not ui.addSection.collapsed
    assert not ui.foundWidget.visible


def testOtherDragsAreNotTaken(wizard):
    import qt

    mime = qt.QMimeData()
    mime.setText("a word")
    event = qt.QDragEnterEvent(qt.QPoint(5, 5), qt.Qt.CopyAction, mime, qt.Qt.LeftButton, qt.Qt.NoModifier)
    wizard.shell.step.found._dropArea.dragEnterEvent(event)
    assert not event.isAccepted()
