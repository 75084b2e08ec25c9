"""Pages 1 and 7: the administration, and the results of all regions with chart, tables and uncertainty budget."""

import pytest
import StandIns

if StandIns.missingReason():
    pytest.skip(StandIns.missingReason(), allow_module_level=True)

from StandIns import driving
from StandIns.driving import select, texts


@pytest.fixture
def empty():
    with driving.Wizard(380) as wizard:
        wizard.ui.newStudyButton.click()
        yield wizard


@pytest.fixture
def computed():
    """The wizard with a small study, computed, at its results."""
    with driving.Wizard(380) as wizard:
        wizard.ui.newStudyButton.click()
        driving.addSmallStudy(wizard.study)
        wizard.page("results")
        wizard.ui.computeButton.click()
        yield wizard


# page 1


def setDate(box, text):
    box.dateTime = box.dateTime.fromString(text, "yyyy-MM-dd'T'HH:mm:ss")


def testUncertaintyOfTheAdministeredActivity(empty):
    from MRTDosimetryLib.workflow import administrationEntry

    ui = empty.page("protocol").ui
    ui.activityBox.value = 7400.0
    ui.activityUncertaintyBox.value = 2.5
    assert empty.study.choice("administration")["relativeActivityUncertainty"] == pytest.approx(0.025)
    administrationEntry.change(empty.study, relativeActivityUncertainty=None, activityUncertaintyMBq=148.0)
    empty.shell.refresh()
    assert ui.activityUncertaintyBox.value == 2.0
    ui.activityUncertaintyBox.value = 0.0
    assert administrationEntry.relativeUncertainty(empty.study) is None
    assert not {"activityUncertaintyMBq", "relativeActivityUncertainty"} & set(empty.study.choice("administration"))


def testMeasuredActivitySettlesTheAdministeredOne(empty):
    ui = empty.page("protocol").ui
    driving.chooseProtocol(empty.page("protocol"), "lutetiumDotatate.multiTimePoint")
    assert "Level 2" in ui.protocolWords.text
    ui.measuredSection.collapsed = False
    ui.measuredBox.value = 7500.0
    assert not ui.activityBox.enabled and any("left over" in text for text in empty.messages())
    assert not empty.ui.computeButton.enabled
    setDate(ui.dateBox, "2026-05-04T10:00:00")
    assert ui.dateKnown.checked, "a date that is entered is known"
    ui.residualBox.value = 0.0
    assert empty.study.choice("administration")["activityMBq"] == 7500.0
    ui.residualBox.value = 100.0
    setDate(ui.measuredDateBox, "2026-05-04T08:00:00")
    decay = 0.5 ** (2.0 / (6.647 * 24.0))
    assert ui.activityBox.value == pytest.approx(7500.0 * decay - 100.0, abs=0.5)
    ui.prescribedBox.value = 7400.0
    assert "% from the prescribed" in ui.deviationWords.text
    assert empty.shell.widget.minimumSizeHint.width() <= 360
    empty.grab("protocol-measured")
    ui.measuredBox.value = 0.0
    assert ui.activityBox.enabled and empty.study.choice("administration")["activityMBq"] is None


@pytest.mark.parametrize("administered, isFlagged", [(8140.0, False), (8141.5, True), (6600.0, True), (7400.0, False)])
def testBeyondTenPercentOfThePrescribedIsFlagged(empty, administered, isFlagged):
    ui = empty.page("protocol").ui
    driving.chooseProtocol(empty.page("protocol"), "lutetiumDotatate.multiTimePoint")
    ui.prescribedBox.value = 7400.0
    ui.activityBox.value = administered
    empty.ui.computeButton.click()
    assert any("prescribed 7400 MBq" in text for text in empty.messages()) is isFlagged
    assert ("more than 10 %" in ui.deviationWords.text) is isFlagged
    empty.grab(f"protocol-{administered:g}")


def testPatientAndCycle(empty):
    ui = empty.page("protocol").ui
    driving.chooseProtocol(empty.page("protocol"), "lutetiumDotatate.multiTimePoint")
    for edit, text in ((ui.patientNameEdit, " Nobody^N "), (ui.patientIDEdit, "ID-1")):
        edit.text = text
        edit.editingFinished.emit()
    ui.cycleBox.value = 3
    assert empty.study.choice("patient") == {"name": "Nobody^N", "id": "ID-1", "cycle": 3}
    ui.cycleBox.value = 0
    assert "cycle" not in empty.study.choice("patient")


def testAStudyFileStatesTheSame(empty):
    """What the command line reads is what the page shows."""
    from MRTDosimetryLib.workflow import administrationEntry, protocol

    protocol.setProtocol(empty.study, "lutetiumDotatate.multiTimePoint")
    administrationEntry.applyDescription(empty.study, {
        "prescribedActivityMBq": 7400.0, "measuredActivityMBq": 7500.0, "residualActivityMBq": 60.0,
        "dateTime": "2026-05-04T10:00:00", "residualDateTime": "2026-05-04T11:00:00"})
    ui = empty.page("protocol").ui
    net = 7500.0 - 60.0 * 2 ** (1.0 / (6.647 * 24.0))
    found = administrationEntry.resultsOf(empty.study)
    assert found["activityMBq"] == pytest.approx(net, rel=1e-5)
    assert found["deviationFromPrescribedPercent"] == pytest.approx(100.0 * (net / 7400.0 - 1.0), abs=1e-3)
    assert (ui.prescribedBox.value, ui.measuredBox.value, ui.residualBox.value) == (7400.0, 7500.0, 60.0)
    before = empty.study.choice("administration")
    ui.prescribedBox.value = 7500.0
    assert empty.study.choice("administration")["source"] == before["source"] == "file"
    ui.residualBox.value = 8000.0
    assert any("residual" in text.lower() for text in empty.messages()), "more is left than was there"


# page 7


def seriesOf(study):
    chart = study.nodeByRole("dvhChart")
    return [chart.GetNthPlotSeriesNode(i).GetName() for i in range(chart.GetNumberOfPlotSeriesNodes())]


def count(wizard):
    return wizard.scene.GetNumberOfNodes()


def testCheckMarksChooseTheCurvesOfTheChart(computed):
    page, nodes = computed.shell.step, count(computed)
    table = page.ui.resultsTable
    assert seriesOf(computed.study) == ["liver", "kidney left"]
    tick(table, 0, False)
    assert seriesOf(computed.study) == ["kidney left"]
    assert computed.shell._states["results"] == "done", "what is shown is no result"
    tick(table, 1, False)
    assert seriesOf(computed.study) == []
    for isTicked in (True, False):
        for row in range(2):
            tick(table, row, isTicked)
        assert count(computed) == nodes - (0 if isTicked else 2 * 2), "two nodes for each curve that is hidden"
    from MRTDosimetryLib.workflow import kineticsOptions

    kineticsOptions.setModel(computed.study, "trapezoid")
    computed.page("results")
    computed.ui.computeButton.click()
    assert seriesOf(computed.study) == [], "still hidden after computing again"
    for row in range(2):
        tick(table, row, True)
    assert sorted(seriesOf(computed.study)) == ["kidney left", "liver"]


def tick(table, row, isTicked):
    import qt

    table.item(row, 0).setCheckState(qt.Qt.Checked if isTicked else qt.Qt.Unchecked)


def testSelectedRegionShowsItsNumbersAndBudget(computed):
    page = computed.shell.step
    row = next(row for row in computed.study.stageRecord("results")["value"]["regions"]
               if row["name"] == "kidney left")
    page.ui.resultsTable.setCurrentCell(1, 0)
    assert page.ui.regionSection.text == "Kidney left"
    shown = dict(texts(page.ui.detailTable))
    assert shown["Mass"].split()[0] == f"{row['massG']:.1f}"
    assert shown["D98 / D50 / D2"].endswith("Gy")
    page.ui.budgetSection.collapsed = False
    budget = texts(page.ui.budgetTable)
    assert budget[-1][0] == "Absorbed dose, combined" and budget[-1][2] == "100"
    assert page.ui.budgetTable.columnCount == 3 and "not included" in page.ui.budgetWords.text
    assert computed.shell.widget.minimumSizeHint.width() <= 360
    computed.grab("results-region")
    assert any("kidney left" in text for text in computed.messages()), "warnings are shown"


def testAClickMovesTheSlicesToTheRegion(computed):
    page = computed.shell.step
    node = computed.scene.AddNewNodeByClass("vtkMRMLSliceNode")
    node.SetOrientation("Sagittal")
    places = []
    for row in range(2):
        page.ui.resultsTable.cellClicked.emit(row, 0)
        matrix = node.GetSliceToRAS()
        places.append([matrix.GetElement(axis, 3) for axis in range(3)])
    assert places[0] != places[1]


def testChartAndTableViewsShowWhatIsChosen(computed):
    import slicer

    page, manager = computed.shell.step, slicer.app.layoutManager()
    study = computed.study

    def shownTable():
        return manager.tableWidget(0).mrmlTableViewNode().GetTableNodeID()

    assert shownTable() == study.nodeByRole("resultsTable").GetID()
    titles = [study.nodeByRole("resultsTable").GetTable().GetColumnName(i)
              for i in range(study.nodeByRole("resultsTable").GetTable().GetNumberOfColumns())]
    assert {"Mass (g)", "D98 (Gy)", "D50 (Gy)", "D2 (Gy)", "BED (Gy)"} <= set(titles)
    assert not any("cohort" in title for title in titles), "no cohort, no column"
    select(page.ui.tableSelector, "uncertaintyTable")
    assert shownTable() == study.nodeByRole("uncertaintyTable").GetID()
    select(page.ui.chartSelector, "timeActivityChart")
    chart = manager.plotWidget(0).mrmlPlotViewNode().GetPlotChartNodeID()
    assert chart == study.nodeByRole("timeActivityChart").GetID()
    computed.page("dose")
    computed.page("results")
    assert shownTable() == study.nodeByRole("uncertaintyTable").GetID()


def testSeveralEnginesAreComparedPerRegion(computed):
    from MRTDosimetryLib.workflow import doseOptions

    page = computed.shell.step
    doseOptions.setComparison(computed.study, ["voxelS"])
    computed.shell.refresh()
    computed.ui.computeButton.click()
    shown = dict(texts(page.ui.detailTable))
    other = doseOptions.titleOf("voxelS")
    assert shown[other].endswith("%)"), shown
    assert page.ui.tableSelector.findData("engineTable") >= 0
    computed.grab("results-engines")


def testPercentileOnlyWhereThereIsACohort(computed):
    page = computed.shell.step
    record = computed.study.stageRecord("results")
    record["value"]["regions"][0]["cohortPercentile"] = 40.0
    computed.study.setStageRecord("results", record)
    computed.shell.refresh()
    page.ui.resultsTable.setCurrentCell(0, 0)
    assert dict(texts(page.ui.detailTable))["Percentile of the cohort"] == "40"
    page.ui.resultsTable.setCurrentCell(1, 0)
    assert "Percentile of the cohort" not in dict(texts(page.ui.detailTable))
