"""The radiobiology section of the absorbed-dose page, and what the results page shows of it."""

import pytest
import StandIns

if StandIns.missingReason():
    pytest.skip(StandIns.missingReason(), allow_module_level=True)

from StandIns import driving
from StandIns.driving import select, texts

from MRTDosimetryLib.workflow import engineNodes, radiobiologyNodes, radiobiologyOptions, results

NARROWEST = 380


@pytest.fixture
def computed():
    """The wizard, as narrow as it gets, with a computed map of a small study and the section unfolded."""
    with driving.Wizard(NARROWEST) as wizard:
        wizard.ui.newStudyButton.click()
        driving.addSmallStudy(wizard.study)
        wizard.shell.refresh()
        page = wizard.page("dose")
        wizard.ui.computeButton.click()
        assert wizard.shell._states["dose"] == "done"
        for section in (page.ui.radiobiologySection, page.ui.effectSection):
            section.collapsed = False
        yield wizard


def state(ui, name, **values):
    """State numbers for a tissue or region, as typing and a click do."""
    select(ui.radiobiologyForSelector, name)
    for box, value in values.items():
        if box == "source":
            ui.radiobiologySourceEdit.text = value
        elif box == "reason":
            ui.radiobiologyReasonEdit.text = value
        elif box == "exponent":
            ui.exponentEdit.text = value
        else:
            getattr(ui, box).value = value
    ui.radiobiologyStateButton.click()


def bedOf(ui, name):
    return next(row[3] for row in texts(ui.doseTable) if row[0] == name)


def testTheTableIsShownWithItsMarks(computed):
    ui = computed.shell.step.ui
    assert [row[0] for row in texts(ui.radiobiologyTable)] == ["liver", "kidney"]
    assert [row[3] for row in texts(ui.radiobiologyTable)] == ["unverified"] * 2
    ui.radiobiologyTable.setCurrentCell(1, 0)
    assert ui.radiobiologyForSelector.currentData == "kidney"
    titles = [ui.radiobiologyForSelector.itemText(index) for index in range(ui.radiobiologyForSelector.count)]
    assert "salivary gland" in titles and not any(title != title.lower() for title in titles)
    assert "2.6" in ui.radiobiologySource.text and "Bodei" in ui.radiobiologySource.text
    assert "unverified" in ui.radiobiologySource.text
    assert "not checked against the source" in ui.radiobiologySource.toolTip
    select(ui.radiobiologyForSelector, "spleen")
    assert ui.radiobiologySource.isHidden() and ui.alphaBetaBox.value == 0.0
    computed.grab(f"radiobiology-table-{NARROWEST}")


def testOwnParametersAndBack(computed):
    ui, study = computed.shell.step.ui, computed.study
    before, dose = bedOf(ui, "kidney left"), study.stageText("dose")
    state(ui, "kidney", alphaBetaBox=1.0)
    assert any("without their source" in text for text in computed.messages()), "refused, and said why"
    assert study.choice("radiobiology") is None and bedOf(ui, "kidney left") == before
    state(ui, "kidney", alphaBetaBox=1.0, source="own cohort", reason="younger patients")
    assert radiobiologyOptions.options(study)["parameters"]["kidney"] == {
        "alphaBetaGy": 1.0, "source": "own cohort", "reason": "younger patients"}
    assert float(bedOf(ui, "kidney left")) > float(before) and study.stageText("dose") == dose
    assert computed.shell._states["dose"] == "done"
    assert texts(ui.radiobiologyTable)[1][3] == "the study"
    assert "own cohort" in ui.radiobiologySource.text
    computed.grab(f"radiobiology-stated-{NARROWEST}")
    ui.radiobiologyResetButton.click()
    assert study.choice("radiobiology") is None and bedOf(ui, "kidney left") == before


def testOneRegionBeforeItsTissue(computed):
    ui, study = computed.shell.step.ui, computed.study
    state(ui, "kidney", alphaBetaBox=1.0, source="own")
    tissueWide = bedOf(ui, "kidney left")
    state(ui, "kidney left", alphaBetaBox=4.0, source="own")
    assert float(bedOf(ui, "kidney left")) < float(tissueWide)
    assert [row[0] for row in texts(ui.radiobiologyTable)] == ["liver", "kidney", "kidney left"]
    assert set(radiobiologyOptions.options(study)["parameters"]) == {"kidney", "kidney left"}


def testMapOfTheBED(computed):
    ui, study = computed.shell.step.ui, computed.study
    ui.voxelBedBox.checked = True
    assert study.nodeByRole(engineNodes.BED) is not None
    select(ui.mapSelector, engineNodes.BED)
    assert ui.mapSelector.currentText == "Biologically effective dose" and not ui.upperEndBox.enabled
    computed.grab(f"radiobiology-map-{NARROWEST}")
    ui.voxelBedBox.checked = False
    assert study.nodeByRole(engineNodes.BED) is None
    assert engineNodes.BED not in [ui.mapSelector.itemData(index) for index in range(ui.mapSelector.count)]


def testCurveOfEffectWithThePatientsPoint(computed):
    ui, study = computed.shell.step.ui, computed.study
    select(ui.curveSelector, "kidneyComplication.bed")
    assert "without the value of 50 % probability and the slope" in ui.curveWords.text
    ui.curveD50Box.value, ui.curveSlopeBox.value, ui.curveSourceEdit.text = 20.0, 0.2, "own"
    ui.curveStateButton.click()
    state(ui, "kidney", alphaBox=0.2, exponent="2,0", source="own")
    assert study.nodeByRole(radiobiologyNodes.CURVES) is not None
    page = computed.page("results")
    computed.ui.computeButton.click()
    roles = [page.ui.chartSelector.itemData(index) for index in range(page.ui.chartSelector.count)]
    assert radiobiologyNodes.CURVES in roles
    select(page.ui.chartSelector, radiobiologyNodes.CURVES)
    page.ui.resultsTable.setCurrentCell(1, 0)
    page.ui.regionSection.collapsed = False
    details = {row[0]: row[1] for row in texts(page.ui.detailTable)}
    assert {"BED", "EQD2", "EUD", "EUBED", "gEUD", "NTCP, Chronic kidney disease"} <= set(details)
    row = results.rows(study)[1]
    assert details["EQD2"].startswith(f"{row['eqd2Gy']:.3g}"[:3])
    computed.grab(f"radiobiology-results-{NARROWEST}")
    chart = study.nodeByRole(radiobiologyNodes.CURVES)
    names = [chart.GetNthPlotSeriesNode(index).GetName() for index in range(chart.GetNumberOfPlotSeriesNodes())]
    assert names == ["Chronic kidney disease (BED)", "kidney left"]
    ui = computed.page("dose").ui
    select(ui.curveSelector, "kidneyComplication.bed")
    ui.curveResetButton.click()
    assert study.nodeByRole(radiobiologyNodes.CURVES) is None


def testOnlyThePhysicistSeesTheSection(computed):
    page = computed.shell.step
    for isPhysicist in (False, True):
        page.setRole(isPhysicist)
        assert [section.isHidden() for section in (page.ui.radiobiologySection, page.ui.effectSection)] == \
            [not isPhysicist] * 2


def testWordsInPlaceOfANumberAreRefused(computed):
    ui = computed.shell.step.ui
    state(ui, "kidney", exponent="8 %")
    assert any("exponent a of the gEUD is '8 %'" in text for text in computed.messages())
    assert computed.study.choice("radiobiology") is None
