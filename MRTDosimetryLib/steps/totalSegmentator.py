"""Organs drawn by the TotalSegmentator extension, where the user has it; nothing here depends on it."""

import subprocess

import slicer
from slicer.i18n import tr as _

from ..errors import InputError
from ..workflow import regionHelpers

_MODULE = "TotalSegmentator"
# Our names and the extension's names of the same structures.
STRUCTURES = {
    "liver": "liver", "spleen": "spleen", "kidney left": "kidney_left", "kidney right": "kidney_right",
    "heart": "heart", "bladder": "urinary_bladder", "thyroid": "thyroid_gland",
}


def isThere():
    """Whether the extension is installed."""
    return hasattr(slicer.modules, _MODULE.lower())


def draw(study, progress):
    """Draw the organs that the protocol wants and that are missing on the reference CT.

    Raises
    ------
    InputError
        No CT, nothing it could draw, or the extension did not come to its end.
    """
    reference = study.referenceTimePoint
    if reference is None or reference.ctNode is None:
        raise InputError(_("There is no CT to draw on"), _MODULE, _("Give the CT of the reference time point"))
    names = [name for name in regionHelpers.missingRegions(study) if name in STRUCTURES]
    if not names:
        raise InputError(_("No organ is missing that TotalSegmentator could draw"), _MODULE,
                         _("Draw the others by hand"))
    progress(0.0, _("TotalSegmentator draws {names}").format(names=", ".join(names)))
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", _MODULE)
    try:
        _process(reference.ctNode, node, [STRUCTURES[name] for name in names])
        progress(0.9, _("Taking the regions over"))
        # The extension works in the coordinates of the CT itself.
        node.SetAndObserveTransformNodeID(reference.ctNode.GetTransformNodeID())
        found = regionHelpers.adoptRegions(study, node, names)
    finally:
        slicer.mrmlScene.RemoveNode(node)
    if not found:
        raise InputError(_("TotalSegmentator found none of {names}").format(names=", ".join(names)), _MODULE,
                         _("Draw them by hand"))
    progress(1.0, "")


def _process(volumeNode, segmentationNode, structures):
    try:
        logic = slicer.util.getModuleLogic(_MODULE)
        logic.setupPythonRequirements()
        logic.process(volumeNode, segmentationNode, fast=True, subset=structures)
    except (ValueError, RuntimeError, OSError, subprocess.SubprocessError) as error:
        raise InputError(_("TotalSegmentator did not finish: {error}").format(error=error), _MODULE,
                         _("Try it in its own module, or draw by hand")) from error
