"""What the physicist states on the pages: models per region, half-lives with their source, uncertainties."""

import pytest
import StandIns

if StandIns.missingReason():
    pytest.skip(StandIns.missingReason(), allow_module_level=True)

from StandIns import driving
from StandIns.driving import select, texts

NARROWEST = 380


@pytest.fixture
def small():
    """The wizard with a small study of three time points, nothing computed."""
    with driving.Wizard() as wizard:
        wizard.ui.newStudyButton.click()
        driving.addSmallStudy(wizard.study)
        wizard.shell.refresh()
        yield wizard


@pytest.fixture
def single():
    """The wizard, as narrow as it gets, with a single time point at 48 h."""
    with driving.Wizard(NARROWEST) as wizard:
        wizard.ui.newStudyButton.click()
        driving.addSmallStudy(wizard.study, hours=(48.0,))
        yield wizard


def testModelOfOneRegionAndFitsPerVoxel(small):
    page = small.page("kinetics")
    page.ui.kineticsAdvanced.collapsed = False
    page.ui.kineticsTable.setCurrentCell(1, 0)
    select(page.ui.regionModelSelector, "trapezoid")
    page.ui.perVoxelBox.checked = True
    page.ui.activityUncertaintyBox.value = 4.0
    stated = small.study.choice("kinetics")
    assert stated["regionModels"] == {"kidney left": "trapezoid"} and stated["perVoxel"] is True
    assert stated["relativeActivityUncertainty"] == pytest.approx(0.04)
    assert "kidney left: Trapezoid" in page.ui.kineticsChanged.text and "voxel" in page.ui.kineticsChanged.text
    assert page.ui.populationWidget.isHidden() and page.ui.halfLifeProvenance.isHidden()
    page.ui.kineticsTable.setCurrentCell(0, 0)
    assert page.ui.regionModelSelector.currentData == ""
    small.ui.computeButton.click()
    rows = {row[0]: row for row in texts(page.ui.kineticsTable)}
    assert rows["kidney left"][1].startswith("Trapezoid") and rows["liver"][1] == "Mono-exponential"
    small.grab("kinetics-advanced")
    page.ui.kineticsResetButton.click()
    stated = small.study.choice("kinetics")
    assert stated["model"] == "auto" and stated["perVoxel"] is False and "regionModels" not in stated
    assert stated["relativeActivityUncertainty"] == pytest.approx(0.04), "a statement is no default"
    page.ui.activityUncertaintyBox.value = 0.0
    assert "relativeActivityUncertainty" not in small.study.choice("kinetics")


def testPopulationHalfLifeOfASingleTimePoint(single):
    page = single.page("kinetics")
    ui = page.ui
    ui.kineticsAdvanced.collapsed = False
    ui.kineticsTable.setCurrentCell(0, 0)
    assert ui.halfLifeProvenance.text == "liver: no half-life is stated."
    ui.populationCenterBox.value, ui.populationSpreadBox.value = 60.0, 1.25
    ui.populationButton.click()
    assert any("no source" in text for text in single.messages())
    assert "populationHalfLife" not in (single.study.choice("kinetics") or {})
    assert (ui.populationCenterBox.value, ui.populationSpreadBox.value) == (60.0, 1.25), "what was typed stays"
    ui.populationSourceEdit.text = "our cohort"
    ui.populationButton.click()
    stated = single.study.choice("kinetics")["populationHalfLife"]
    assert stated == {"liver": {"medianHours": 60.0, "geometricSD": 1.25, "source": "our cohort"}}
    assert "our cohort" in ui.halfLifeProvenance.text
    ui.kineticsTable.setCurrentCell(1, 0)
    assert ui.populationCenterBox.value == 0.0 and ui.populationSourceEdit.text == ""
    select(ui.populationTableSelector, "PSMA-617|kidney")
    assert ui.populationCenterBox.value == pytest.approx(35.5) and not ui.populationCenterBox.enabled
    ui.populationButton.click()
    assert single.study.choice("kinetics")["populationHalfLife"]["kidney left"] == {
        "tracer": "PSMA-617", "tissue": "kidney"}
    select(ui.populationTableSelector, "")
    select(ui.populationFormSelector, "mean")
    ui.populationCenterBox.value, ui.populationSpreadBox.value = 45.0, 9.0
    ui.populationSourceEdit.text = "earlier patients"
    single.grab(f"kinetics-population-{NARROWEST}")
    ui.populationButton.click()
    assert single.study.choice("kinetics")["populationHalfLife"]["kidney left"] == {
        "meanHours": 45.0, "sdHours": 9.0, "source": "earlier patients"}
    assert single.shell.widget.minimumSizeHint.width() <= NARROWEST - 20
    single.ui.computeButton.click()
    assert single.shell._states["kinetics"] == "done"
    assert "\N{PLUS-MINUS SIGN}" in texts(ui.kineticsTable)[1][3]
    single.grab(f"kinetics-population-done-{NARROWEST}")
    ui.populationCenterBox.value = 0.0
    ui.populationButton.click()
    assert set(single.study.choice("kinetics")["populationHalfLife"]) == {"liver"}
    select(ui.populationTableSelector, "PSMA-617|kidney")
    ui.populationButton.click()
    single.study.setChoice("radionuclide", "Y-90")
    single.shell.refresh()
    assert "not one of Y-90" in ui.halfLifeProvenance.text


def testHalfLifeWithItsUncertaintyAndProvenance(single):
    page = single.page("kinetics")
    page.ui.kineticsTable.setCurrentCell(0, 0)
    page.ui.halfLifeBox.value, page.ui.halfLifeUncertaintyBox.value = 60.0, 12.0
    page.ui.halfLifeSourceEdit.text = "cycle 1"
    page.ui.halfLifeButton.click()
    stated = single.study.choice("kinetics")["effectiveHalfLifeHours"]["liver"]
    assert stated["relativeUncertainty"] == pytest.approx(0.12)
    assert page.ui.halfLifeProvenance.text == "liver: effective half-life 60.0 h (cycle 1)."


def testResolutionAndUncertaintiesAreStatements(small):
    page = small.page("dose")
    ui = page.ui
    ui.doseAdvanced.collapsed = False
    assert small.study.choice("resolutionFWHMMM") is None and ui.resolutionBox.text == "not stated"
    assert ui.calibrationUncertaintyBox.text == "not stated"
    ui.resolutionBox.value = 10.0
    ui.calibrationUncertaintyBox.value = 3.0
    select(ui.uncertaintyMethodSelector, "monteCarlo")
    assert small.study.choice("resolutionFWHMMM") == 10.0
    assert small.study.choice("uncertainty") == {"calibrationRelative": pytest.approx(0.03), "method": "monteCarlo"}
    assert "Monte Carlo" in ui.doseChanged.text
    small.ui.computeButton.click()
    assert small.shell._states["dose"] == "done"
    assert not any("resolution" in text and "not include" in text for text in small.messages())
    small.grab("dose-advanced")
    ui.doseResetButton.click()
    assert small.study.choice("uncertainty") == {"calibrationRelative": pytest.approx(0.03)}
    ui.calibrationUncertaintyBox.value = 0.0
    assert small.study.choice("uncertainty") == {"calibrationRelative": 0.0}, "0 is exact, which is a statement"
    ui.calibrationUncertaintyBox.value = ui.calibrationUncertaintyBox.minimum
    ui.resolutionBox.value = 0.0
    assert small.study.choice("uncertainty") is None and small.study.choice("resolutionFWHMMM") is None
