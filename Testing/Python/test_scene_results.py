"""What a study shows: tables, charts, display, hierarchy, sequences."""

import numpy as np
import pytest

pytest.importorskip("slicer", reason="the scene layer needs slicer-core")

import slicer

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.imaging.volume import Volume
from MRTDosimetryLib.scene import colorMaps, display, files, headless, hierarchy, plots, sequences, tables, volumes
from MRTDosimetryLib.scene.study import Study

COLUMNS = [
    tables.Column("Region", "", ("liver", "spleen"), "string"),
    tables.Column("Absorbed dose", "Gy", (1.5, 2.25)),
    tables.Column("BED", "Gy", (None, 2.5)),
    tables.Column("Voxels", "", (10, 20), "int"),
]


@pytest.fixture
def scene():
    return headless.newScene()


@pytest.fixture
def study(scene):
    made = Study.create(scene, "Cycle 1")
    for hours in (24.0, 4.0):
        values = np.full((4, 5, 6), hours, np.float32)
        spect = Volume(values, np.diag([5.0, 5.0, 5.0, 1.0]), "Bq/mL", f"SPECT {hours:g}")
        ct = Volume(np.zeros((8, 10, 12), np.int16), np.diag([2.5, 2.5, 2.5, 1.0]), "[hnsf'U]", f"CT {hours:g}")
        point = made.addTimePoint(
            volumes.addVolume(scene, spect, "activityConcentration"), volumes.addVolume(scene, ct, "attenuation")
        )
        point.setFact("timeAfterAdministrationHours", hours, "h", "user")
    values = np.linspace(0, 21.3, 120, dtype=np.float32).reshape(4, 5, 6)
    dose = Volume(values, np.diag([5.0, 5.0, 5.0, 1.0]), "Gy", "dose")
    made.setNodeForRole("absorbedDose", volumes.addVolume(scene, dose, "absorbedDose"))
    return made


def testTableKeepsTypesUnitsAndEmptyCellsThroughAFile(scene, tmp_path):
    node = tables.setTable(None, scene, "Results", COLUMNS)
    assert tables.setTable(node, scene, "Results", COLUMNS) is node
    files.saveBundle(scene, str(tmp_path / "t.mrb"))
    again = files.openBundle(str(tmp_path / "t.mrb")).GetFirstNodeByClass("vtkMRMLTableNode")
    assert tables.columnValues(again, "Region") == ["liver", "spleen"]
    assert tables.columnValues(again, "Absorbed dose (Gy)") == [1.5, 2.25]
    assert tables.columnValues(again, "BED (Gy)") == ["", "2.5"]
    assert tables.columnValues(again, "Voxels") == [10, 20]
    assert again.GetColumnUnitLabel("Absorbed dose (Gy)") == "Gy"


def testTableFilledAgainForgetsOldColumns(scene):
    node = tables.setTable(None, scene, "Results", COLUMNS)
    tables.setTable(node, scene, "Results", COLUMNS[:2])
    assert node.GetNumberOfColumns() == 2
    with pytest.raises(InputError, match="no column"):
        tables.columnValues(node, "BED (Gy)")


def testUnevenAndEquallyNamedColumnsAreRefused(scene):
    with pytest.raises(InputError, match="length"):
        tables.setTable(None, scene, "x", [COLUMNS[0], tables.Column("a", "", (1.0,))])
    with pytest.raises(InputError, match="same title"):
        tables.setTable(None, scene, "x", [COLUMNS[1], COLUMNS[1]])


def chart(scene, count, node=None):
    series = []
    for index in range(count):
        series.append(plots.Series(f"r{index}", (4, 24, 96), (3.0, None, 1.0 + index), (1, 0, 0), "points"))
        series.append(plots.Series(f"r{index} (fit)", (0, 50, 100), (3.0, 0.0, 1.0), (1, 0, 0), "line"))
    return plots.setChart(scene, "TAC", "Time-activity", "Time (h)", "Activity (MBq)", series, True, node)


def testChartIsUsedAgainWithoutLitter(scene):
    node = chart(scene, 4)
    count = scene.GetNumberOfNodes()
    assert chart(scene, 4, node) is node and scene.GetNumberOfNodes() == count
    chart(scene, 2, node)
    assert node.GetNumberOfPlotSeriesNodes() == 4 and scene.GetNumberOfNodes() == count - 4
    chart(scene, 4, node)
    assert scene.GetNumberOfNodes() == count


def testChartSurvivesAFileAndLeavesOutWhatHasNoValue(scene, tmp_path):
    chart(scene, 2)
    files.saveBundle(scene, str(tmp_path / "c.mrb"))
    again = files.openBundle(str(tmp_path / "c.mrb")).GetFirstNodeByClass("vtkMRMLPlotChartNode")
    assert again.GetYAxisLogScale() and again.GetTitle() == "Time-activity"
    points, fit = (again.GetNthPlotSeriesNode(index) for index in range(2))
    assert tables.columnValues(points.GetTableNode(), points.GetXColumnName()) == [4, 96]
    assert tables.columnValues(points.GetTableNode(), points.GetYColumnName()) == [3, 1]
    # 0 cannot be shown on a logarithmic axis
    assert tables.columnValues(fit.GetTableNode(), fit.GetYColumnName()) == [3, 1]
    assert points.GetLineStyle() == points.LineStyleNone and fit.GetMarkerStyle() == fit.MarkerStyleNone


def testChartOfATextColumnIsRefused(scene):
    node = tables.setTable(None, scene, "Results", COLUMNS)
    series = plots.Series("a", tableNode=node, xColumn="Voxels", yColumn="BED (Gy)")
    with pytest.raises(InputError, match="no number column"):
        plots.setChart(scene, "x", "", "", "", [series])


@pytest.mark.parametrize("value, maximum, labels, text", [
    (21.3, 25.0, 6, "%.0f"), (0.27, 0.3, 4, "%.1f"), (1.0, 1.0, 6, "%.1f"), (99, 100.0, 6, "%.0f"),
    (0.0123, 0.015, 4, "%.3f"), (1.2, 1.5, 4, "%.1f"), (2.01, 2.5, 6, "%.1f"), (0.3, 0.3, 4, "%.1f")])
def testRangesEndAtRoundNumbers(value, maximum, labels, text):
    assert display.roundRange(value) == (maximum, labels)
    assert display.labelFormat(maximum, labels) == text


def testARangeNeedsAPositiveEnd():
    for value in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(InputError):
            display.roundRange(value)


def testColorMapsRiseSteadilyInLightness():
    for key in ("absorbedDose", "activity"):
        # CIE 1976 lightness from sRGB (IEC 61966-2-1)
        rgb = colorMaps.colors(key)
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        luminance = linear @ (0.2126, 0.7152, 0.0722)
        lightness = 116 * np.cbrt(luminance) - 16
        assert np.all(np.diff(lightness[5:]) > -0.05) and lightness[-1] - lightness[0] > 70


def testAbsorbedDoseIsShownOverCTWithLegendAndUnits(study):
    assert display.showDoseOverCT(study) == 25.0
    dose = study.nodeByRole("absorbedDose")
    style = dose.GetDisplayNode()
    assert (style.GetWindowLevelMin(), style.GetWindowLevelMax()) == (0.0, 25.0)
    assert style.GetApplyThreshold() and style.GetLowerThreshold() == pytest.approx(1.0)
    assert dose.GetAttribute("DicomRtImport.DoseVolume") == "1"
    legend = slicer.vtkSlicerColorLogic.GetColorLegendDisplayNode(dose)
    assert legend.GetTitleText() == "Absorbed dose (Gy)" and legend.GetNumberOfLabels() == 6
    before = study.scene.GetNumberOfNodes()
    assert display.showDoseOverCT(study, 10.0) == 10.0
    assert study.scene.GetNumberOfNodes() == before
    selection = study.scene.GetFirstNodeByClass("vtkMRMLSelectionNode")
    assert selection.GetUnitNode("absorbed dose") is display.addAbsorbedDoseUnit(study.scene)
    assert selection.GetUnitNode("absorbed dose").GetSuffix() == "Gy"


def testDisplaySurvivesAFile(study, tmp_path):
    display.showDoseOverCT(study)
    files.saveBundle(study.scene, str(tmp_path / "d.mrb"))
    again = Study.all(files.openBundle(str(tmp_path / "d.mrb")))[0]
    style = again.nodeByRole("absorbedDose").GetDisplayNode()
    color = [0.0] * 4
    style.GetColorNode().GetColor(255, color)
    assert np.allclose(color[:3], colorMaps.colors("absorbedDose")[255], atol=1 / 255)
    count = again.scene.GetNumberOfNodes()
    display.showDoseOverCT(again)
    assert again.scene.GetNumberOfNodes() == count


def testAbsorbedDoseThatIsNotThereIsSaid(scene):
    with pytest.raises(InputError, match="not computed yet"):
        display.showDoseOverCT(Study.create(scene, "Case"))


def pathOf(scene, node):
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    item, names = tree.GetItemParent(tree.GetItemByDataNode(node)), []
    while item != tree.GetSceneItemID():
        names.insert(0, tree.GetItemName(item))
        item = tree.GetItemParent(item)
    return names


def testHierarchyHasAFolderPerTimePointAndIsMadeOnce(study):
    hierarchy.arrange(study, "Digital Patient")
    early, late = study.timePoints
    assert pathOf(study.scene, early.spectNode) == ["Digital Patient", "Cycle 1", "Day 0, 4 h"]
    assert pathOf(study.scene, late.ctNode) == ["Digital Patient", "Cycle 1", "Day 1, 24 h"]
    assert pathOf(study.scene, study.nodeByRole("absorbedDose")) == ["Digital Patient", "Cycle 1", "Results"]
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(study.scene)
    count = tree.GetNumberOfItems()
    hierarchy.arrange(study, "Digital Patient")
    assert tree.GetNumberOfItems() == count
    late.setFact("timeAfterAdministrationHours", 49.0, "h", "user")
    hierarchy.arrange(study)
    assert pathOf(study.scene, late.ctNode)[-1] == "Day 2, 49 h" and tree.GetNumberOfItems() == count


def testHierarchyIsFoundAgainInAReopenedScene(study, tmp_path):
    hierarchy.arrange(study, "Digital Patient")
    files.saveBundle(study.scene, str(tmp_path / "h.mrb"))
    scene = files.openBundle(str(tmp_path / "h.mrb"))
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    count = tree.GetNumberOfItems()
    hierarchy.arrange(Study.all(scene)[0], "Digital Patient")
    assert tree.GetNumberOfItems() == count


def testVolumesOfADICOMStudyStayInIt(study):
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(study.scene)
    patient = tree.CreateSubjectItem(tree.GetSceneItemID(), "P")
    dicomStudy = tree.CreateStudyItem(patient, "S")
    tree.SetItemUID(dicomStudy, "DICOM", "1.2.3")
    for node in (study.referenceTimePoint.spectNode, study.referenceTimePoint.ctNode):
        tree.CreateItem(dicomStudy, node)
    assert hierarchy.arrange(study) == dicomStudy
    assert pathOf(study.scene, study.referenceTimePoint.ctNode) == ["P", "S"]
    assert pathOf(study.scene, study.nodeByRole("absorbedDose")) == ["P", "S", "Results"]


def testSequenceShowsRegisteredTimePointsAndIsNotSaved(study, tmp_path):
    matrix = np.eye(4)
    matrix[0, 3] = 5.0
    study.timePoints[1].setReferenceFromTimePoint(matrix)
    browser = sequences.showTimePoints(study)
    sequence = browser.GetMasterSequenceNode()
    assert (sequence.GetIndexName(), sequence.GetIndexUnit()) == ("time", "h")
    assert [sequence.GetNthIndexValue(index) for index in range(2)] == ["4", "24"]
    proxy, seen = sequences.proxyNode(study), []
    for index in range(2):
        browser.SetSelectedItemNumber(index)
        slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(browser)
        seen.append((volumes.volumeFromNode(proxy).array.max(), volumes.ijkToRASOf(proxy)[0, 3]))
    assert seen == [(4.0, 0.0), (24.0, 5.0)]
    assert study.timePoints[0].spectNode.GetImageData().GetScalarRange() == (4.0, 4.0)
    count = study.scene.GetNumberOfNodes()
    sequences.showTimePoints(study)
    assert study.scene.GetNumberOfNodes() == count
    files.saveBundle(study.scene, str(tmp_path / "q.mrb"))
    again = Study.all(files.openBundle(str(tmp_path / "q.mrb")))[0]
    assert again.nodeByRole("sequenceBrowser") is None and len(again.timePoints) == 2


def testSequenceNeedsATime(scene):
    with pytest.raises(InputError, match="time after administration"):
        sequences.showTimePoints(Study.create(scene, "Case"))


def test_mapsOfHalfLifeAndFitQualityHaveTheirColorsAndLegend():
    scene = headless.newScene()
    for quantity, unit, style, title, end, labelFormat in (
            ("effectiveHalfLife", "h", lambda node: display.styleEffectiveHalfLife(node, 159.5),
             "Effective half-life (h)", 200.0, "%.0f"),
            ("fitQuality", "%", display.styleFitQuality, "Relative residual (%)", 20.0, "%.0f")):
        image = Volume(np.linspace(0, 90, 60, dtype=np.float32).reshape(3, 4, 5), np.eye(4), unit, quantity)
        node = volumes.addVolume(scene, image, quantity)
        assert style(node) == end
        shown = node.GetDisplayNode()
        assert (shown.GetWindowLevelMin(), shown.GetWindowLevelMax()) == (0.0, end)
        assert shown.GetApplyThreshold() and 0.0 < shown.GetLowerThreshold() < 0.5
        legend = slicer.modules.colors.logic().GetColorLegendDisplayNode(node)
        assert legend.GetTitleText() == title and legend.GetLabelFormat() == labelFormat
        lightness = colorMaps.colors(quantity) @ (0.2126, 0.7152, 0.0722)
        steps = np.diff(lightness)
        assert np.all(steps > 0) or np.all(steps < 0)
