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


def testParametersAreFixedAndBoundedWithTheirSource(small):
    page = small.page("kinetics")
    ui = page.ui
    ui.kineticsAdvanced.collapsed = False
    ui.kineticsTable.setCurrentCell(0, 0)
    assert ui.parameterWidget.isHidden(), "the automatic choice has no parameters of its own"
    select(ui.regionModelSelector, "monoExponential")
    select(ui.parameterSelector, "lambda")
    ui.parameterFixedEdit.text, ui.parameterLeastEdit.text = "0,0125", "0.01"
    ui.parameterButton.click()
    assert any("not both" in text for text in small.messages())
    ui.parameterFixedEdit.text, ui.parameterLeastEdit.text = "fast", ""
    ui.parameterButton.click()
    assert any("'fast' is not a number" in text for text in small.messages())
    ui.parameterFixedEdit.text, ui.parameterSourceEdit.text = "0,0125", "cycle 1"
    ui.parameterButton.click()
    assert small.study.choice("kinetics")["fixed"] == {"liver": {"lambda": 0.0125, "source": "cycle 1"}}
    assert ui.parameterStatus.text == "Stated: lambda = 0.0125."
    ui.parameterFixedEdit.text, ui.parameterLeastEdit.text, ui.parameterMostEdit.text = "", "0.005", "0.02"
    ui.parameterButton.click()
    stated = small.study.choice("kinetics")
    assert stated["bounds"] == {"liver": {"lambda": [0.005, 0.02], "source": "cycle 1"}} and "fixed" not in stated
    small.grab("kinetics-parameters")


def testARateIsSharedAndTakenBack(small):
    page = small.page("kinetics")
    ui = page.ui
    ui.kineticsAdvanced.collapsed = False
    select(ui.modelSelector, "monoExponential")
    ui.kineticsTable.setCurrentCell(0, 0)
    assert not ui.sharedWidget.isHidden() and ui.shareRegionSelector.currentData == "kidney left"
    ui.shareButton.click()
    assert small.study.choice("kinetics")["shared"] == [
        {"regions": ["liver", "kidney left"], "model": "monoExponential", "parameters": ["lambda"]}]
    assert ui.sharedStatus.text == "liver, kidney left: lambda in one fit." and ui.parameterWidget.isHidden()
    assert "lambda shared by liver, kidney left" in ui.kineticsChanged.text
    small.ui.computeButton.click()
    halves = [row[2] for row in texts(ui.kineticsTable)]
    assert halves[0] == halves[1]
    small.grab("kinetics-shared")
    ui.shareButton.click()
    assert "shared" not in small.study.choice("kinetics")


def testEndsOfTheTrapezoidAndTheLateForm(small):
    page = small.page("kinetics")
    ui = page.ui
    ui.kineticsAdvanced.collapsed = False
    assert ui.trapezoidWidget.isHidden() and ui.lateFormSelector.isHidden()
    select(ui.modelSelector, "trapezoid")
    select(ui.trapezoidStartSelector, "zero-linear")
    select(ui.trapezoidTailSelector, "physical")
    assert small.study.choice("kinetics")["trapezoid"] == {"start": "zero-linear", "tail": "physical"}
    assert "ends of the trapezoid" in ui.kineticsChanged.text
    small.grab("kinetics-trapezoid")
    ui.kineticsResetButton.click()
    assert "trapezoid" not in small.study.choice("kinetics")


def testEarlierCycleLatePointAndPlanarSeries(single, tmp_path):
    from StandIns import qtModule

    page = single.page("kinetics")
    ui = page.ui
    ui.kineticsAdvanced.collapsed = False
    ui.kineticsTable.setCurrentCell(0, 0)
    select(ui.populationFormSelector, "earlier")
    ui.populationCenterBox.value, ui.populationSpreadBox.value = 62.0, 3.0
    ui.populationSourceEdit.text = "cycle 1, our report"
    ui.populationButton.click()
    stated = single.study.choice("kinetics")["earlierCycle"]
    assert stated == {"liver": {"effectiveHalfLifeHours": 62.0, "standardErrorHours": 3.0,
                                "source": "cycle 1, our report"}}
    assert ui.halfLifeProvenance.text == ("liver: effective half-life 62.0 h of an earlier cycle "
                                          "(cycle 1, our report).")
    ui.kineticsTable.setCurrentCell(1, 0)
    assert ui.populationCenterBox.value == 0.0
    ui.kineticsTable.setCurrentCell(0, 0)
    assert (ui.populationCenterBox.value, ui.populationFormSelector.currentData) == (62.0, "earlier")
    ui.populationCenterBox.value = 0.0
    ui.populationButton.click()
    assert "earlierCycle" not in single.study.choice("kinetics")
    select(ui.regionModelSelector, "latePoint")
    select(ui.lateFormSelector, "minimum")
    assert single.study.choice("kinetics")["lateForm"] == "minimum"
    path = tmp_path / "planar.csv"
    path.write_text("timeHours,kidney left\n4,900\n24,650\n96,210\n168,70\n", encoding="utf-8")
    qtModule.queueReply("QFileDialog.getOpenFileName", str(path))
    ui.planarButton.click()
    assert single.study.choice("kinetics")["hybrid"]["kidney left"]["values"] == [900.0, 650.0, 210.0, 70.0]
    assert "kidney left" in ui.planarStatus.text and "planar.csv" in ui.planarStatus.text
    assert single.shell.widget.minimumSizeHint.width() <= NARROWEST - 20
    single.grab(f"kinetics-planar-{NARROWEST}")
    single.ui.computeButton.click()
    assert single.shell._states["kinetics"] == "done"
    ui.planarRemoveButton.click()
    assert "hybrid" not in single.study.choice("kinetics") and ui.planarStatus.isHidden()


def testPlanarViewsOfAFile(single, tmp_path):
    """The planar file of the command planar, measured by the regions of the study; a fault of it is a message."""
    from StandIns import qtModule
    from test_workflow_planarSeries import expected, writeCase

    ui = single.page("kinetics").ui
    path = writeCase(tmp_path)
    ui.kineticsAdvanced.collapsed = False
    qtModule.queueReply("QFileDialog.getOpenFileName", str(path))
    ui.planarButton.click()
    series = single.study.choice("kinetics")["hybrid"]["kidney left"]
    assert series["values"] == pytest.approx([expected(4.0), expected(24.0)], rel=1e-6)
    assert ui.planarStatus.text == "kidney left: scaled by the SPECT/CT (test)."
    assert single.study.choice("planarViews")["content"]["images"][0]["file"] == str(tmp_path / "day0.dcm")
    (tmp_path / "day0.dcm").unlink()
    qtModule.queueReply("QFileDialog.getOpenFileName", str(path))
    ui.planarButton.click()
    assert any("day0.dcm" in words for words in single.messages())
    assert single.study.choice("kinetics")["hybrid"]["kidney left"] == series, "a fault changes nothing"
    ui.planarRemoveButton.click()
    assert single.study.choice("planarViews") is None


def testTheChartOfOneRegionFollowsTheRow(small):
    page = small.page("kinetics")
    ui = page.ui
    assert ui.regionChartBox.isHidden()
    small.ui.computeButton.click()
    assert small.study.nodeByRole("regionChart") is None
    ui.regionChartBox.checked = True
    node = small.study.nodeByRole("regionChart")
    assert node.GetTitle().startswith("liver:")
    count = small.scene.GetNumberOfNodes()
    ui.kineticsTable.setCurrentCell(1, 0)
    assert small.study.nodeByRole("regionChart") is node and node.GetTitle().startswith("kidney left:")
    assert small.scene.GetNumberOfNodes() == count
    ui.logScaleBox.checked = True
    assert node.GetYAxisLogScale() and small.study.nodeByRole("timeActivityChart").GetYAxisLogScale()
    assert ui.logScaleBox.checked, "it stays after the page is shown again"
    ui.logScaleBox.checked = False
    assert not node.GetYAxisLogScale()
