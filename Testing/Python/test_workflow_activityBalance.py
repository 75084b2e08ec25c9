"""Activity in view against the administered activity: the numbers, the impossible, the chart and the table."""

import pytest
from movedStudy import HOURS, addMovedStudy

from MRTDosimetryLib.scene import headless, tables
from MRTDosimetryLib.workflow import activityBalance, protocol, stages, timePoints, timePointsTable, uncertainty

HALF_LIFE_HOURS = 6.647 * 24


def balanceOf(study):
    return [row["balance"] for row in timePoints.rows(study)]


def nodesOf(scene, className):
    return scene.GetNumberOfNodesByClass(className)


@pytest.fixture
def study():
    return addMovedStudy(headless.newScene())


def test_shareIsWhatIsInViewOverWhatDecayLeaves(study):
    for row, point, hours in zip(balanceOf(study), study.timePoints, HOURS, strict=True):
        total = timePoints.totalActivityMBq(point)
        left = 0.5 ** (hours / HALF_LIFE_HOURS)
        assert row["expectedActivityMBq"] == pytest.approx(7400 * left, rel=1e-3)
        assert row["shareOfAdministered"] == pytest.approx(total / (7400 * left), rel=1e-3)
        assert row["decayCorrectedActivityMBq"] == pytest.approx(total / left, rel=1e-3)
        assert row["problems"] == []


@pytest.mark.parametrize("stated, isAbove", [(None, True), (0.03, True), (0.2, False)])
def test_moreThanWasAdministeredIsImpossibleBeyondTheUncertainty(study, stated, isAbove):
    """1.2 times what was administered: beyond 2 u of 5 % (assumed) and of 3 %, not of 20 %."""
    protocol.setAdministration(study, balanceOf(study)[0]["decayCorrectedActivityMBq"] / 1.2, "2026-05-04T10:00:00")
    uncertainty.setUncertainty(study, None if stated is None else {"calibrationRelative": stated})
    row = balanceOf(study)[0]
    assert row["shareOfAdministered"] == pytest.approx(1.2)
    assert row["isAboveAdministered"] is isAbove
    assert any("120%" in text for text in row["problems"]) is isAbove


def test_aLateRiseIsImpossibleAndAnEarlyOneIsUptake():
    late = addMovedStudy(headless.newScene(), scale=(1.0, 1.0, 4.0))
    assert [row["risesFrom"] for row in balanceOf(late)] == [None, None, "24 h"]
    stages.runStage(late, "protocol")
    stages.runStage(late, "timePoints")
    words = stages.warnings(late, "timePoints")
    assert [text for text in words if text.startswith("96 h: the decay-corrected total activity rises by")]
    early = addMovedStudy(headless.newScene(), scale=(0.3, 1.0, 1.0))
    assert [row["risesFrom"] for row in balanceOf(early)] == [None, None, None]


def test_anExcludedScanIsNotHeldAgainstTheOthers():
    study = addMovedStudy(headless.newScene(), scale=(1.0, 1.0, 4.0))
    timePoints.setExcluded(study, study.timePoints[1], True, "test")
    assert [row["risesFrom"] for row in balanceOf(study)] == [None, None, None]


def test_theChartMarksTheImpossibleAndIsNeverDoubled(study, tmp_path):
    from MRTDosimetryLib.scene import files
    from MRTDosimetryLib.scene.study import Study

    study = addMovedStudy(headless.newScene(), scale=(1.0, 1.0, 4.0))
    stages.runStage(study, "protocol")
    stages.runStage(study, "timePoints")
    scene, chart = study.scene, study.nodeByRole("activityBalanceChart")
    names = [chart.GetNthPlotSeriesNode(i).GetName() for i in range(chart.GetNumberOfPlotSeriesNodes())]
    assert names == ["administered, left by decay", "in view", "not possible"]
    assert "%" in chart.GetYAxisTitle() and "(h)" in chart.GetXAxisTitle()
    wrong = chart.GetNthPlotSeriesNode(2)
    assert tables.columnValues(wrong.GetTableNode(), wrong.GetXColumnName()) == [96.0]
    counts = [nodesOf(scene, name) for name in ("vtkMRMLPlotChartNode", "vtkMRMLPlotSeriesNode", "vtkMRMLTableNode")]
    for _again in range(2):
        activityBalance.writeChart(study, balanceOf(study))
    assert counts == [nodesOf(scene, name)
                      for name in ("vtkMRMLPlotChartNode", "vtkMRMLPlotSeriesNode", "vtkMRMLTableNode")]
    path = str(tmp_path / "study.mrb")
    files.saveBundle(scene, path)
    headless.newScene()
    opened = Study.all(files.openBundle(path))[0]
    chart = opened.nodeByRole("activityBalanceChart")
    assert chart.GetNumberOfPlotSeriesNodes() == 3
    wrong = chart.GetNthPlotSeriesNode(2)
    assert tables.columnValues(wrong.GetTableNode(), wrong.GetXColumnName()) == [96.0]
    assert stages.state(opened, "timePoints") == "done"


def test_withoutAdministeredActivityTheChartIsInMBqAndWithoutScansItGoes(study):
    protocol.setAdministration(study, None, "2026-05-04T10:00:00")
    rows = balanceOf(study)
    assert [row["shareOfAdministered"] for row in rows] == [None] * 3
    chart = activityBalance.writeChart(study, rows)
    assert "MBq" in chart.GetYAxisTitle() and chart.GetNumberOfPlotSeriesNodes() == 1
    assert activityBalance.writeChart(study, []) is None
    assert study.nodeByRole("activityBalanceChart") is None
    assert nodesOf(study.scene, "vtkMRMLPlotChartNode") == nodesOf(study.scene, "vtkMRMLPlotSeriesNode") == 0


def test_theTableHasWhatThePanelHasNoRoomFor(study):
    timePoints.overrideFact(study, study.timePoints[1], "timeAfterAdministrationHours", 25.0, "h", "clock was wrong")
    node = timePointsTable.writeTable(study, timePoints.rows(study))
    assert tables.columnValues(node, "Time after administration (h)") == [4.0, 25.0, 96.0]
    assert "clock was wrong" in tables.columnValues(node, "Time after administration: from")[1]
    assert tables.columnValues(node, "CT") == ["CT 4 h", "CT 24 h", "CT 96 h"]
    assert tables.columnValues(node, "Unit as found") == ["Bq/mL"] * 3
    assert timePointsTable.writeTable(study, timePoints.rows(study)) is node
    assert nodesOf(study.scene, "vtkMRMLTableNode") == 1


def test_theTableHasDurationUnitAndCalibrationWithTheirOrigins(study):
    from MRTDosimetryLib.scene import volumes

    known = volumes.volumeFromNode(study.timePoints[2].spectNode)
    counts = volumes.addVolume(study.scene, known.withArray(known.array, unit="counts", name="Raw counts"), "counts")
    timePoints.setExcluded(study, study.timePoints[2], True, "test")
    timePoints.addFromNodes(study, counts, None, "counts", 120.0, None, 12.5, 1200.0)
    timePoints.overrideFact(study, study.timePoints[0], "durationSeconds", 1800.0, "s", "from the protocol sheet")
    node = timePointsTable.writeTable(study, timePoints.rows(study))

    def column(title):
        return [value or None for value in tables.columnValues(node, title)]

    assert column("Time point") == ["4 h", "24 h", "96 h (excluded)", "120 h"]
    assert column("SPECT")[3] == "Raw counts Bq/mL" and column("CT")[3] is None
    assert [None if value is None else float(value) for value in column("Duration (s)")] == [1800, None, None, 1200]
    assert column("Duration: from")[0] == "user override, because: from the protocol sheet"
    assert column("Unit as found") == ["Bq/mL"] * 3 + ["counts"] and column("Unit as found: from")[3] == "user unit"
    assert [None if value is None else float(value) for value in column("Calibration (Bq/cps)")] == [None] * 3 + [12.5]
    assert column("Calibration: from") == ["none: the image itself is calibrated"] * 3 + [
        "user calibrationFactorBqPerCps"]


def test_whatTheImageWasConvertedWithCannotBeOverridden(study):
    from MRTDosimetryLib.errors import InputError

    point = study.timePoints[0]
    with pytest.raises(InputError, match="converted"):
        timePoints.overrideFact(study, point, "unit", "kBq/mL", "", "header is wrong")
    timePoints.overrideFact(study, point, "durationSeconds", 1200.0, "s", "from the protocol sheet")
    assert point.factValue("durationSeconds") == 1200.0
    with pytest.raises(InputError, match="above zero"):
        timePoints.overrideFact(study, point, "durationSeconds", -1.0, "s", "typo")
