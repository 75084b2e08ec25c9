"""The absorbed-dose page: engines beside each other, their options, a map from elsewhere, isodose surfaces."""

import pytest
import StandIns

if StandIns.missingReason():
    pytest.skip(StandIns.missingReason(), allow_module_level=True)

from doseExamples import NAME, registered
from StandIns import driving
from StandIns.driving import select, texts

from MRTDosimetryLib.scene import isodose, maximumMarker, volumes
from MRTDosimetryLib.workflow import doseOptions, engineNodes

NARROWEST = 380


@pytest.fixture
def small():
    """The wizard, as narrow as it gets, with a small study of three time points, and an engine for tests."""
    with registered(), driving.Wizard(NARROWEST) as wizard:
        wizard.ui.newStudyButton.click()
        driving.addSmallStudy(wizard.study)
        wizard.shell.refresh()
        yield wizard


def tick(listing, name, isChecked=True):
    """Tick the engine of that name, as a click on its box does."""
    import qt

    items = [listing.item(row) for row in range(listing.count)]
    item = next(item for item in items if item.data(qt.Qt.UserRole) == name)
    item.setCheckState(qt.Qt.Checked if isChecked else qt.Qt.Unchecked)


def testEnginesBesideThePrimaryOne(small):
    page = small.page("dose")
    ui = page.ui
    assert ui.engineTable.isHidden() and ui.mapSelector.isHidden() and ui.progenySelector.isHidden()
    tick(ui.compareList, NAME)
    assert doseOptions.engineNames(small.study) == ["localDeposition", NAME]
    small.ui.computeButton.click()
    assert small.shell._states["dose"] == "done"
    assert not ui.engineTable.isHidden()
    rows = texts(ui.engineTable)
    assert [row[0] for row in rows] == ["liver", "kidney left"] and all(row[2].startswith("+") for row in rows)
    assert ui.engineTable.horizontalHeaderItem(0).text() == "Test engine"
    small.grab(f"dose-engines-{NARROWEST}")
    select(ui.mapSelector, f"{engineNodes.DIFFERENCE}.{NAME}")
    ui.maximumButton.click()
    select(ui.engineSelector, NAME)
    assert doseOptions.engineNames(small.study) == [NAME]
    assert small.shell._states["dose"] == "stale" and "Test engine" in ui.doseChanged.text
    ui.doseResetButton.click()
    assert doseOptions.engineNames(small.study) == ["localDeposition"]


@pytest.fixture
def computed(small):
    """The page with a computed map in front."""
    page = small.page("dose")
    small.ui.computeButton.click()
    assert small.shell._states["dose"] == "done"
    return page


def styleOf(wizard):
    return wizard.study.nodeByRole("absorbedDose").GetDisplayNode()


def legendOf(node):
    import slicer

    return slicer.vtkSlicerColorLogic.GetColorLegendDisplayNode(node)


def requireDone(wizard):
    """Nothing that is shown is an input."""
    states = wizard.shell._states
    assert [states[name] for name in ("protocol", "timePoints", "registration", "regions", "kinetics", "dose")] == \
        ["done"] * 6, states


def testIsodoseLinesAndSurfacesAreSwitchedSeparately(small, computed):
    node = small.study.nodeByRole(isodose.ROLE)
    style = node.GetDisplayNode()
    assert (style.GetVisibility2DOutline(), style.GetVisibility3D()) == (0, 1), "surfaces in 3D, no lines at first"
    computed.ui.surfacesBox.checked = False
    assert not style.GetVisibility()
    computed.ui.linesBox.checked = True
    assert (style.GetVisibility(), style.GetVisibility2DOutline(), style.GetVisibility3D()) == (1, 1, 0)
    computed.ui.surfacesBox.checked, computed.ui.linesBox.checked = True, False
    assert (style.GetVisibility(), style.GetVisibility2DOutline(), style.GetVisibility3D()) == (1, 0, 1)
    requireDone(small)
    small.page("kinetics")
    assert not style.GetVisibility(), "left with the page"
    small.page("dose")
    assert style.GetVisibility() and style.GetVisibility3D()
    computed.ui.surfacesBox.checked = False
    assert not style.GetVisibility()


def testColorsOpacityAndThreshold(small, computed):
    ui, style = computed.ui, styleOf(small)
    automatic = style.GetWindowLevelMax()
    composite = small.scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode")
    assert f"{automatic:g}" in ui.upperEndBox.specialValueText and ui.thresholdBox.value == 4.0
    ui.opacitySlider.value = 35
    assert composite.GetForegroundOpacity() == pytest.approx(0.35) and ui.opacityWords.text == "35 %"
    ui.upperEndBox.value = 2 * automatic
    assert (style.GetWindowLevelMin(), style.GetWindowLevelMax()) == (0.0, 2 * automatic)
    assert style.GetLowerThreshold() == pytest.approx(0.04 * 2 * automatic)
    legend = legendOf(small.study.nodeByRole("absorbedDose"))
    assert float(legend.GetLabelFormat() % (2 * automatic)) == pytest.approx(2 * automatic)
    select(ui.thresholdUnitSelector, "Gy")
    assert ui.thresholdBox.value == pytest.approx(0.08 * automatic), "the same threshold in Gy"
    ui.thresholdBox.value = automatic
    assert style.GetLowerThreshold() == pytest.approx(automatic)
    ui.upperEndBox.value = automatic / 2
    assert any("means everything" in text for text in small.messages())
    assert style.GetWindowLevelMax() == 2 * automatic and ui.upperEndBox.value == 2 * automatic, "refused"
    requireDone(small)
    ui.displayResetButton.click()
    assert style.GetWindowLevelMax() == automatic and ui.opacitySlider.value == 60
    assert style.GetLowerThreshold() == pytest.approx(0.04 * automatic) and not ui.displayResetButton.enabled


def testIsodoseLevelsAreEdited(small, computed):
    ui = computed.ui
    ui.displaySection.collapsed = False
    before = texts(ui.isodoseTable)
    levels = [float(row[0]) for row in before]
    assert len(levels) == 4 and levels == sorted(levels)
    inside = [float(row[1].replace("\N{NARROW NO-BREAK SPACE}", "")) for row in before]
    assert inside == sorted(inside, reverse=True) and inside[0] > 0
    ui.isodoseTable.item(0, 0).setText("0,5")
    assert texts(ui.isodoseTable)[0][0] == "0.5"
    node = small.study.nodeByRole(isodose.ROLE)
    assert node.GetSegmentation().GetSegment(isodose.levelIDs(node)[0]).GetName() == "0.5 Gy"
    ui.levelBox.value = 0.7
    ui.levelAddButton.click()
    assert [row[0] for row in texts(ui.isodoseTable)][:2] == ["0.5", "0.7"] and ui.isodoseTable.rowCount == 5
    ui.isodoseTable.setCurrentCell(0, 0)
    ui.levelRemoveButton.click()
    assert texts(ui.isodoseTable)[0][0] == "0.7"
    ui.isodoseTable.item(0, 0).setText("half")
    assert any("'half' is not an isodose level" in text for text in small.messages())
    assert texts(ui.isodoseTable)[0][0] == "0.7", "refused"
    small.grab(f"dose-display-{NARROWEST}")
    requireDone(small)
    kept = small.study.stageRecord("dose")["value"]["isodoses"]
    assert [row["levelGy"] for row in kept] == levels, "the results hold the round levels"
    ui.displayResetButton.click()
    assert texts(ui.isodoseTable) == before


def testMaximumIsMarked(small, computed):
    import numpy as np

    ui, study = computed.ui, small.study
    marker = study.nodeByRole(maximumMarker.ROLE)
    volume = volumes.volumeFromNode(study.nodeByRole("absorbedDose"))
    position = [0.0] * 3
    marker.GetNthControlPointPositionWorld(0, position)
    k, j, i = np.unravel_index(volume.array.argmax(), volume.array.shape)
    assert np.allclose(position, (volume.ijkToRAS @ [i, j, k, 1])[:3])
    label = marker.GetNthControlPointLabel(0)
    assert label.startswith("maximum ") and label.endswith(" Gy")
    assert float(label.split()[1]) == pytest.approx(float(volume.array.max()), rel=5e-3)
    assert marker.GetLocked() and marker.GetDisplayNode().GetVisibility()
    ui.maximumButton.click()
    red = small.scene.GetSingletonNode("Red", "vtkMRMLSliceNode")
    assert red.GetSliceToRAS().GetElement(2, 3) == pytest.approx(position[2], abs=1e-3)
    ui.maximumBox.checked = False
    assert not marker.GetDisplayNode().GetVisibility()
    ui.maximumBox.checked = True
    small.page("results")
    assert not marker.GetDisplayNode().GetVisibility(), "left with the page"
    small.page("dose")
    small.page("dose")
    assert marker.GetDisplayNode().GetVisibility()
    count = small.scene.GetNumberOfNodesByClass("vtkMRMLMarkupsFiducialNode")
    assert count == 1
    requireDone(small)
    small.scene.RemoveNode(study.nodeByRole("absorbedDose"))
    small.shell.refresh()
    assert study.nodeByRole(maximumMarker.ROLE) is None, "gone with its map"
    assert small.scene.GetNumberOfNodesByClass("vtkMRMLMarkupsFiducialNode") == 0


def testDisplayFollowsTheShownMap(small):
    page = small.page("dose")
    tick(page.ui.compareList, NAME)
    small.ui.computeButton.click()
    ui, study = page.ui, small.study
    first = study.nodeByRole(maximumMarker.ROLE).GetNthControlPointLabel(0)
    ui.displaySection.collapsed = False
    own = texts(ui.isodoseTable)
    ui.upperEndBox.value = 3.0
    select(ui.mapSelector, f"absorbedDose.{NAME}")
    other = study.nodeByRole(f"absorbedDose.{NAME}")
    assert other.GetDisplayNode().GetWindowLevelMax() == 3.0, "compared maps have one range"
    assert study.nodeByRole(maximumMarker.ROLE).GetNthControlPointLabel(0) != first
    assert texts(ui.isodoseTable) != own and "Test engine" in ui.isodoseWords.text
    select(ui.mapSelector, f"{engineNodes.DIFFERENCE}.{NAME}")
    assert study.nodeByRole(maximumMarker.ROLE).GetNthControlPointLabel(0).startswith("largest difference +")
    assert not ui.upperEndBox.enabled and not ui.thresholdBox.enabled
    small.page("kinetics")
    small.page("dose")
    assert ui.mapSelector.currentData == f"{engineNodes.DIFFERENCE}.{NAME}", "kept with the study"
    requireDone(small)


def testDisplayIsSavedWithTheScene(small, computed, tmp_path):
    import slicer

    from MRTDosimetryLib.scene import files

    ui = computed.ui
    ui.upperEndBox.value, ui.opacitySlider.value, ui.linesBox.checked = 3.0, 45, True
    label = small.study.nodeByRole(maximumMarker.ROLE).GetNthControlPointLabel(0)
    path = str(tmp_path / "study.mrb")
    files.saveBundle(small.scene, path)
    slicer.mrmlScene.Clear(0)
    files.openBundle(path)
    small.shell.updateStudies()
    study = small.study
    assert study.nodeByRole(maximumMarker.ROLE).GetNthControlPointLabel(0) == label
    assert study.nodeByRole("absorbedDose").GetDisplayNode().GetWindowLevelMax() == 3.0
    ui = small.page("dose").ui
    assert (ui.upperEndBox.value, ui.opacitySlider.value, ui.linesBox.checked) == (3.0, 45, True)
    assert study.scene.GetNumberOfNodesByClass("vtkMRMLMarkupsFiducialNode") == 1
    requireDone(small)


def testOptionsOfTheEngines(small):
    page = small.page("dose")
    ui = page.ui
    ui.doseAdvanced.collapsed = False
    ui.statisticsBox.value, ui.seedBox.value = 2.0, 7
    ui.doseRateBox.checked = True
    select(ui.progenySelector, "inPlace")
    ui.rbeBox.value = 5.0
    stated = doseOptions.stated(small.study)
    assert stated["options"] == {"monteCarlo": {"relativeUncertainty": pytest.approx(0.02), "seed": 7}}
    assert stated["progeny"] == "inPlace" and stated["rbe"] == {"alpha": 5.0} and stated["doseRateMaps"] is True
    small.grab(f"dose-advanced-{NARROWEST}")
    small.ui.computeButton.click()
    titles = [page.ui.mapSelector.itemText(index) for index in range(page.ui.mapSelector.count)]
    assert titles == ["Local energy deposition"] + [f"Absorbed-dose rate, {hours} h" for hours in (4, 24, 96)]
    select(ui.mapSelector, f"{engineNodes.RATE}.1")
    ui.statisticsBox.value, ui.seedBox.value = 0.0, -1
    assert doseOptions.stated(small.study)["options"] == {}


def testVolumeOfTheSceneAsExternalMap(small):
    page = small.page("dose")
    ui = page.ui
    small.ui.computeButton.click()
    own = volumes.volumeFromNode(small.study.nodeByRole("absorbedDose"))
    other = volumes.addVolume(small.scene, own.withArray(own.array * 1.1, unit="", name="Elsewhere"), "absorbedDose")
    ui.externalSection.collapsed = False
    ui.externalSelector.setCurrentNode(other)
    select(ui.quantitySelector, "absorbedDoseRate")
    ui.externalUseButton.click()
    assert any("time of the absorbed-dose rate is not stated" in text for text in small.messages())
    select(ui.quantitySelector, "absorbedDose")
    ui.externalUnitEdit.text = "Gy"
    ui.externalUseButton.click()
    assert doseOptions.engineNames(small.study) == ["localDeposition", "external"]
    assert "Elsewhere" in ui.externalWords.text
    small.grab(f"dose-external-{NARROWEST}")
    small.ui.computeButton.click()
    assert small.shell._states["dose"] == "done"
    assert [row[2] for row in texts(ui.engineTable)] == ["+10.0", "+10.0"]
    ui.externalRemoveButton.click()
    assert doseOptions.engineNames(small.study) == ["localDeposition"] and small.shell._states["dose"] == "stale"
