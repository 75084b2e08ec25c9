"""The time points as a sequence with a slider: a view of the study, never its store."""

import hashlib

import slicer

from ..errors import InputError
from . import display, volumes

_ROLE = "sequenceBrowser"
_SEQUENCE_ROLE = "MRTDosimetry.spectSequence"
_CONTENT_ATTRIBUTE = "MRTDosimetry.content"


def showTimePoints(study):
    """Make (again) a sequence of the registered SPECT images with the time after administration as its index.

    The sequence holds copies in reference coordinates and is not saved with the scene: the volumes of the time points
    stay the truth.

    Parameters
    ----------
    study : Study
        At least one included time point with a known time.

    Returns
    -------
    vtkMRMLSequenceBrowserNode
        Its proxy volume shows the selected time point, in the same range for all.
    """
    points = shownTimePoints(study)
    if not points:
        raise InputError("No time point has a time after administration", study.name, "Add or complete time points")
    removeSequence(study)
    scene = study.scene
    sequence = scene.AddNewNodeByClass("vtkMRMLSequenceNode", f"{study.name} SPECT over time")
    sequence.SetIndexName("time")
    sequence.SetIndexUnit("h")
    sequence.SetIndexType(sequence.NumericIndex)
    for point in points:
        copy = slicer.vtkMRMLScalarVolumeNode()
        image = volumes.volumeFromNode(point.spectNode)
        copy.SetAndObserveImageData(point.spectNode.GetImageData())
        copy.SetIJKToRASMatrix(volumes.matrixToVTK(point.referenceFromTimePoint @ image.ijkToRAS))
        volumes.setUnit(copy, image.unit, "activityConcentration")
        copy.SetName(f"SPECT {point.label}")
        sequence.SetDataNodeAtValue(copy, _indexValue(point))
    browser = scene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", f"{study.name} time points")
    browser.SetAndObserveMasterSequenceNodeID(sequence.GetID())
    browser.SetNodeReferenceID(_SEQUENCE_ROLE, sequence.GetID())
    browser.SetPlaybackRateFps(1.0)
    slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(browser)
    proxy = browser.GetProxyNode(sequence)
    proxy.SetName(f"{study.name} SPECT")
    display.styleActivity(proxy, max(display.displayedMaximum(point.spectNode) for point in points))
    for node in (sequence, browser, proxy, proxy.GetDisplayNode()):
        node.SetSaveWithScene(False)
    browser.SetAttribute(_CONTENT_ATTRIBUTE, _contentOf(points))
    study.setNodeForRole(_ROLE, browser)
    return browser


def shownTimePoints(study):
    """The time points of the slider, in its order: included, and with a known time."""
    known = [point for point in study.timePoints if point.timeHours is not None and not point.isExcluded]
    # A sequence has one image per time; two scans at the same time are an error of the study, said elsewhere.
    return list({_indexValue(point): point for point in reversed(known)}.values())[::-1]


def _indexValue(point):
    return f"{point.timeHours:g}"


def _contentOf(points):
    """What the copies in the sequence were made from."""
    content = hashlib.blake2b(digest_size=16)
    for point in points:
        image = point.spectNode
        content.update(f"{image.GetID()} {point.timeHours!r} {volumes.contentDigest(image)}".encode())
        content.update(volumes.geometryBytes(point.referenceFromTimePoint))
    return content.hexdigest()


def showTimePoint(study, index):
    """Move the slider to a time point; the sequence is made, or made again, where the images changed since.

    Parameters
    ----------
    index : int
        In :func:`shownTimePoints`.

    Returns
    -------
    vtkMRMLScalarVolumeNode
        The volume that follows the slider.

    Raises
    ------
    InputError
        There is no such time point.
    """
    points, browser = shownTimePoints(study), study.nodeByRole(_ROLE)
    if not 0 <= index < len(points):
        raise InputError("There is no such time point", study.name, "Add or complete time points")
    if browser is None or proxyNode(study) is None or browser.GetAttribute(_CONTENT_ATTRIBUTE) != _contentOf(points):
        browser = showTimePoints(study)
    browser.SetSelectedItemNumber(index)
    # The application does this by itself, a scene without it does not.
    slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(browser)
    return proxyNode(study)


def proxyNode(study):
    """The volume that follows the slider, or None."""
    browser = study.nodeByRole(_ROLE)
    sequence = browser.GetNodeReference(_SEQUENCE_ROLE) if browser is not None else None
    return browser.GetProxyNode(sequence) if sequence is not None else None


def removeSequence(study):
    """Take the sequence, its slider and its volume out of the scene."""
    browser, proxy = study.nodeByRole(_ROLE), proxyNode(study)
    if browser is None:
        return
    sequence = browser.GetNodeReference(_SEQUENCE_ROLE)
    study.setNodeForRole(_ROLE, None)
    for node in (browser, proxy, sequence):
        if node is not None:
            study.scene.RemoveNode(node)
