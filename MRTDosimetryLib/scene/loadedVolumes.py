"""What the volumes of a scene state about themselves, as the DICOM browser left it."""

from dataclasses import dataclass

import slicer
import vtk

from . import sequences
from .study import FACTS_ATTRIBUTE, Study

_CLASS = "vtkMRMLScalarVolumeNode"
_ITEM_URL = "mrml://scene/subjecthierarchy/item?id="


@dataclass(frozen=True)
class LoadedVolume:
    """A volume with the identifiers of its place in the subject hierarchy; empty texts where there are none."""

    node: object
    patientId: str
    studyUID: str
    seriesUID: str
    frameUID: str
    modality: str
    hasFacts: bool


def itemsOfURLs(urls):
    """Item IDs among the addresses that a drag from Slicer's data tree carries (``mrml://scene/...``)."""
    return [int(url[len(_ITEM_URL):]) for url in urls if url.startswith(_ITEM_URL) and url[len(_ITEM_URL):].isdigit()]


def loadedVolumes(scene, items=None):
    """The scalar volumes of a scene, or those at and below some items of its subject hierarchy.

    Returns
    -------
    list of LoadedVolume
        Without the images that a study shows or computed.
    """
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    nodes = _allNodes(scene) if items is None else _nodesBelow(hierarchy, items)
    made = _madeByStudies(scene)
    return [_described(hierarchy, node) for node in nodes if node not in made]


def timePointsOfStudies(scene):
    """SPECT node to the name of the study of which it is a time point."""
    return {point.spectNode: study.name for study in Study.all(scene) for point in study.timePoints}


def _allNodes(scene):
    count = scene.GetNumberOfNodesByClass(_CLASS)
    nodes = [scene.GetNthNodeByClass(index, _CLASS) for index in range(count)]
    return [node for node in nodes if node.GetClassName() == _CLASS]


def _nodesBelow(hierarchy, items):
    found = []
    for item in items:
        below = vtk.vtkCollection()
        hierarchy.GetDataNodesInBranch(item, below, _CLASS)
        found += [hierarchy.GetItemDataNode(item), *(below.GetItemAsObject(i) for i in range(below.GetNumberOfItems()))]
    wanted = [node for node in found if node is not None and node.GetClassName() == _CLASS]
    return list(dict.fromkeys(wanted))


def _madeByStudies(scene):
    """Maps and other images that a study has in a role, and the image of its time slider."""
    found = set()
    for study in Study.all(scene):
        spects = {point.spectNode for point in study.timePoints}
        number = study.node.GetNumberOfNodeReferenceRoles()
        roles = [study.node.GetNthNodeReferenceRole(index) for index in range(number)]
        for role in roles:
            count = study.node.GetNumberOfNodeReferences(role)
            found |= {study.node.GetNthNodeReference(role, index) for index in range(count)} - spects
        found.add(sequences.proxyNode(study))
    return found


def _described(hierarchy, node):
    constants = slicer.vtkMRMLSubjectHierarchyConstants
    item = hierarchy.GetItemByDataNode(node)
    if not item:
        return LoadedVolume(node, "", "", "", "", "", _hasFacts(node))
    study = hierarchy.GetItemAncestorAtLevel(item, constants.GetDICOMLevelStudy())
    patient = hierarchy.GetItemAncestorAtLevel(item, constants.GetDICOMLevelPatient())

    def uid(found):
        return hierarchy.GetItemUID(found, constants.GetDICOMUIDName()) if found else ""

    def attribute(name):
        return hierarchy.GetItemAttribute(item, name)

    return LoadedVolume(
        node, uid(patient), uid(study), uid(item), attribute(constants.GetDICOMFrameOfReferenceUIDAttributeName()),
        attribute(constants.GetDICOMSeriesModalityAttributeName()), _hasFacts(node))


def _hasFacts(node):
    return bool(node.GetAttribute(FACTS_ATTRIBUTE))
