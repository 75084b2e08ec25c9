"""How images look: absorbed dose over CT with its legend in Gy, SPECT, units."""

import math

import numpy as np
import slicer

from ..errors import InputError
from . import colorMaps, volumes

# Attribute by which SlicerRT (DVH, isodose, RTDOSE export) recognizes a dose volume.
DOSE_VOLUME_ATTRIBUTE = "DicomRtImport.DoseVolume"

DOSE_OPACITY = 0.6
_CT_WINDOW_HU, _CT_LEVEL_HU = 400.0, 40.0
# Voxels below this fraction of the shown range are transparent, so that the CT stays readable.
TRANSPARENT_FRACTION = 0.04
# Of maps that are 0 only where there is no value.
_SMALLEST_SHOWN = 1e-3
# Relative residual from which a voxel's fit is as bad as the map shows.
FIT_QUALITY_PERCENT = 20.0
# The shown range ends above all but this fraction of the voxels that hold something: single noisy voxels do not darken
# the rest of the picture.
_IGNORED_FRACTION = 5e-4

# Upper ends by content of the image: asked for at every change of the display.
_displayedMaxima = {}
_MAXIMA_KEPT = 64

# Round ends of a range (mantissa) and the number of labels that makes each label round.
_ROUND_ENDS = ((1.0, 6), (1.5, 4), (2.0, 5), (2.5, 6), (3.0, 4), (4.0, 5), (5.0, 6), (6.0, 4), (8.0, 5), (10.0, 6))


def roundRange(value):
    """The next round number at or above a value, and how many labels from 0 to it are round.

    Returns
    -------
    (float, int)
        Such as (25.0, 6) for 21.3: labels 0, 5, 10, 15, 20, 25.
    """
    if not math.isfinite(value) or value <= 0:
        raise InputError(f"A range cannot end at {value:g}")
    decade = 10.0 ** math.floor(math.log10(value))
    for mantissa, labels in _ROUND_ENDS:
        if mantissa * decade >= value * (1 - 1e-9):
            # The product of decimal fractions may be 0.30000000000000004: a round number is meant.
            return float(f"{mantissa * decade:.3g}"), labels
    return float(f"{10 * decade:.3g}"), 6


def labelFormat(maximum, labels):
    """printf format with just the decimals that the steps of a legend need."""
    step = maximum / (labels - 1)
    decimals = next((count for count in range(7) if abs(step * 10**count - round(step * 10**count)) < 1e-6), 6)
    return f"%.{decimals}f"


def displayedMaximum(node):
    """Round upper end of the range in which an image is shown."""
    key = volumes.contentDigest(node)
    if key not in _displayedMaxima:
        values = volumes.volumeFromNode(node).array
        positive = values[values > 0]
        if positive.size == 0:
            raise InputError("The image holds nothing above 0", node.GetName())
        rank = min(positive.size - 1, int(positive.size * (1 - _IGNORED_FRACTION)))
        while len(_displayedMaxima) >= _MAXIMA_KEPT:
            del _displayedMaxima[next(iter(_displayedMaxima))]
        _displayedMaxima[key] = roundRange(float(np.partition(positive, rank)[rank]))[0]
    return _displayedMaxima[key]


def styleAbsorbedDose(node, maximumGy=None, withLegend=True, thresholdGy=None):
    """Show an absorbed dose image: Inferno from 0 to a round maximum, transparent below, legend in Gy.

    Parameters
    ----------
    node : vtkMRMLScalarVolumeNode
        In Gy.
    maximumGy : float, optional
        Upper end of the colors; give the same for maps that are compared. Default: a round number above all but the
        highest 0.05 % of the voxels.
    thresholdGy : float, optional
        Below it the map is transparent. Default: 4 % of the upper end.

    Returns
    -------
    float
        The upper end in Gy.
    """
    maximum = displayedMaximum(node) if maximumGy is None else float(maximumGy)
    node.SetAttribute(DOSE_VOLUME_ATTRIBUTE, "1")
    _style(node, "absorbedDose", maximum, TRANSPARENT_FRACTION * maximum if thresholdGy is None else thresholdGy)
    addAbsorbedDoseUnit(node.GetScene())
    if withLegend:
        showLegend(node, "Absorbed dose (Gy)", maximum)
    return maximum


def styleAbsorbedDoseRate(node, maximum=None, withLegend=True, transparentFraction=TRANSPARENT_FRACTION):
    """Show an absorbed-dose-rate image (mGy/h) in the colors of absorbed dose. Returns the upper end of the range."""
    maximum = displayedMaximum(node) if maximum is None else float(maximum)
    _style(node, "absorbedDose", maximum, transparentFraction * maximum)
    if withLegend:
        showLegend(node, "Absorbed-dose rate (mGy/h)", maximum)
    return maximum


def styleBiologicallyEffectiveDose(node, maximum=None, thresholdGy=None):
    """Show a BED image (Gy) in the colors of absorbed dose, named in its legend. Returns the upper end of the range."""
    maximum = displayedMaximum(node) if maximum is None else float(maximum)
    _style(node, "absorbedDose", maximum, TRANSPARENT_FRACTION * maximum if thresholdGy is None else thresholdGy)
    showLegend(node, "BED (Gy)", maximum)
    return maximum


def styleDifference(node, largestGy, withLegend=False):
    """Show a difference of absorbed doses: blue below, red above zero, both ends at ``largestGy``.

    Returns
    -------
    float
        The round end of the range in Gy.
    """
    largest = roundRange(largestGy)[0]
    _style(node, "absorbedDoseDifference", largest, None, -largest)
    if withLegend:
        showLegend(node, "Difference (Gy)", largest)
    return largest


def styleActivity(node, maximum=None, overCT=True):
    """Show a SPECT: a warm map over CT, else inverted gray. Returns the upper end of the range."""
    maximum = displayedMaximum(node) if maximum is None else float(maximum)
    _style(node, "activity" if overCT else "invertedGray", maximum, TRANSPARENT_FRACTION * maximum if overCT else None)
    return maximum


def styleEffectiveHalfLife(node, physicalHalfLifeHours):
    """Show an effective half-life map (h): Viridis from 0 to a round number above the physical half-life.

    The same range for every map of a radionuclide, so that maps can be compared; transparent where there is none.

    Returns
    -------
    float
        The upper end in h.
    """
    maximum, _labels = roundRange(physicalHalfLifeHours)
    _style(node, "effectiveHalfLife", maximum, _SMALLEST_SHOWN * maximum)
    showLegend(node, "Effective half-life (h)", maximum)
    return maximum


def styleFitQuality(node, maximumPercent=FIT_QUALITY_PERCENT):
    """Show a fit-quality map (relative residual in %): pale where the fit is close, dark where it is not."""
    _style(node, "fitQuality", maximumPercent, _SMALLEST_SHOWN * maximumPercent)
    showLegend(node, "Relative residual (%)", maximumPercent)
    return maximumPercent


def styleCT(node):
    """Show a CT in the soft tissue window (400 HU wide, centered at 40 HU)."""
    _requireDisplay(node)
    display = node.GetDisplayNode()
    display.SetAutoWindowLevel(False)
    display.SetWindowLevel(_CT_WINDOW_HU, _CT_LEVEL_HU)
    display.SetAndObserveColorNodeID("vtkMRMLColorTableNodeGrey")
    display.SetApplyThreshold(False)


def _requireDisplay(node):
    if node.GetDisplayNode() is None:
        node.CreateDefaultDisplayNodes()


def _style(node, mapKey, maximum, threshold, minimum=0.0):
    _requireDisplay(node)
    colorNode = colorMaps.colorNode(node.GetScene(), mapKey)
    display = node.GetDisplayNode()
    wasModifying = display.StartModify()
    display.SetAndObserveColorNodeID(colorNode.GetID())
    display.SetAutoWindowLevel(False)
    display.SetWindowLevelMinMax(minimum, maximum)
    display.SetInterpolate(True)
    if threshold is None:
        display.SetApplyThreshold(False)
    else:
        display.SetAutoThreshold(False)
        display.SetThreshold(threshold, 1e30)
        display.SetApplyThreshold(True)
    display.EndModify(wasModifying)


def showLegend(node, title, maximum):
    """Color legend of a volume with round labels; made once, then updated."""
    _, labels = roundRange(maximum)
    logic = slicer.modules.colors.logic()
    legend = logic.GetColorLegendDisplayNode(node)
    if legend is None:
        # Views learn at the end of a batch which images they show; before, they draw no legend of an image.
        scene = node.GetScene()
        scene.StartState(scene.BatchProcessState)
        scene.EndState(scene.BatchProcessState)
        legend = logic.AddDefaultColorLegendDisplayNode(node)
    legend.SetTitleText(title)
    legend.SetLabelFormat(labelFormat(maximum, labels))
    legend.SetNumberOfLabels(labels)
    legend.SetMaxNumberOfColors(256)
    legend.SetOrientation(legend.Vertical)
    legend.SetPosition(0.97, 0.5)
    # Slicer fits the font to the width of the legend: a wide one writes over half of the image.
    legend.SetSize(0.02 + 0.005 * len(legend.GetLabelFormat() % maximum), 0.5)
    for style in (legend.GetTitleTextProperty(), legend.GetLabelTextProperty()):
        style.SetFontFamilyToArial()
        style.SetBold(False)
        style.SetItalic(False)
        style.SetShadow(True)
    legend.SetVisibility(True)
    return legend


def styleRegions(node):
    """Show regions as outlines in slices, so that the absorbed dose inside stays visible."""
    if node.GetDisplayNode() is None:
        node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.SetVisibility2DFill(False)
    display.SetVisibility2DOutline(True)
    display.SetSliceIntersectionThickness(2)


def showOver(scene, backgroundNode, foregroundNode, opacity=DOSE_OPACITY, compositeNodes=None):
    """Put images into slice views: all of the scene, or those of the given slice composite nodes."""
    if compositeNodes is None:
        count = scene.GetNumberOfNodesByClass("vtkMRMLSliceCompositeNode")
        compositeNodes = [scene.GetNthNodeByClass(index, "vtkMRMLSliceCompositeNode") for index in range(count)]
    for composite in compositeNodes:
        composite.SetBackgroundVolumeID(backgroundNode.GetID() if backgroundNode is not None else None)
        composite.SetForegroundVolumeID(foregroundNode.GetID() if foregroundNode is not None else None)
        composite.SetLabelVolumeID(None)
        composite.SetForegroundOpacity(opacity if foregroundNode is not None else 0.0)
    # A legend looks for its image when it changes itself, not when the image comes into the views.
    legend = None if foregroundNode is None else slicer.modules.colors.logic().GetColorLegendDisplayNode(foregroundNode)
    if legend is not None:
        legend.Modified()


def showDoseOverCT(study, maximumGy=None, opacity=DOSE_OPACITY, thresholdGy=None):
    """Show the study's absorbed dose over the CT of the reference time point in all slice views.

    Returns
    -------
    float
        Upper end of the colors in Gy.
    """
    dose = study.nodeByRole("absorbedDose")
    if dose is None:
        raise InputError("The absorbed dose is not computed yet", study.name, "Run the absorbed dose step")
    maximum = styleAbsorbedDose(dose, maximumGy, thresholdGy=thresholdGy)
    showMapOverCT(study, dose, opacity)
    return maximum


def showMapOverCT(study, node, opacity=DOSE_OPACITY):
    """Show a map over the CT of the reference time point with the regions' outlines; alone where there is no CT."""
    reference = study.referenceTimePoint
    ct = reference.ctNode if reference is not None else None
    if ct is not None:
        styleCT(ct)
    if study.nodeByRole("segmentation") is not None:
        styleRegions(study.nodeByRole("segmentation"))
    showOver(study.scene, ct or node, node if ct is not None else None, opacity)


def showActivityOverCT(timePoint, maximum=None, opacity=DOSE_OPACITY):
    """Show the SPECT of a time point over its CT in all slice views; inverted gray when there is no CT."""
    ct = timePoint.ctNode
    styleActivity(timePoint.spectNode, maximum, overCT=ct is not None)
    if ct is None:
        showOver(timePoint.study.scene, timePoint.spectNode, None)
        return
    styleCT(ct)
    showOver(timePoint.study.scene, ct, timePoint.spectNode, opacity)


def addAbsorbedDoseUnit(scene):
    """Unit node for absorbed dose (Gy, three decimals), made the scene's choice for that quantity; never twice."""
    selection = scene.GetFirstNodeByClass("vtkMRMLSelectionNode")
    if selection is not None and selection.GetUnitNode("absorbed dose") is not None:
        return selection.GetUnitNode("absorbed dose")
    count = scene.GetNumberOfNodesByClass("vtkMRMLUnitNode")
    units = (scene.GetNthNodeByClass(index, "vtkMRMLUnitNode") for index in range(count))
    unit = next((node for node in units if node.GetQuantity() == "absorbed dose"), None)
    if unit is None:
        unit = scene.AddNewNodeByClass("vtkMRMLUnitNode", "gray")
        unit.SetQuantity("absorbed dose")
        unit.SetSuffix("Gy")
        unit.SetPrecision(3)
        unit.SetMinimumValue(0.0)
    if selection is not None:
        selection.SetUnitNodeID("absorbed dose", unit.GetID())
    return unit
