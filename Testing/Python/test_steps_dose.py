"""The absorbed-dose page: engines beside each other, their options, a map from elsewhere, isodose surfaces."""

import pytest
import StandIns

if StandIns.missingReason():
    pytest.skip(StandIns.missingReason(), allow_module_level=True)

from doseExamples import NAME, registered
from StandIns import driving
from StandIns.driving import select, texts

from MRTDosimetryLib.scene import isodose, volumes
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


def testIsodoseSurfacesAreShownOnDemand(small):
    page = small.page("dose")
    small.ui.computeButton.click()
    node = small.study.nodeByRole(isodose.ROLE)
    assert node is not None and not node.GetDisplayNode().GetVisibility()
    page.ui.isodoseBox.checked = True
    assert node.GetDisplayNode().GetVisibility() and small.study.choice("isodosesVisible") is True
    assert small.shell._states["dose"] == "done", "what is shown is no input"
    page.ui.isodoseBox.checked = False
    assert not node.GetDisplayNode().GetVisibility()


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
