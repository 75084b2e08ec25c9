"""The subject hierarchy: patient, study, a folder per time point and one for the results."""

import slicer
import vtk

_MARK = "MRTDosimetry.item"


def arrange(study, patientName="Patient", results=(), measurements=()):
    """Put the nodes of a study into its folders; can be called again after every change.

    Volumes that came with a DICOM study of their own stay in it, where their identifiers are; everything else goes to
    patient > study > "Day 1, 24 h" and "Results". The study's place is the DICOM study of the reference time point
    when there is one.

    Parameters
    ----------
    study : Study
    patientName : str
        For a study that was not loaded from DICOM.
    results : sequence of nodes, optional
        What belongs into the results folder beside the nodes the study has in its roles.
    measurements : sequence of nodes, optional
        Tables and charts of what was measured beside images, for a folder of their own.

    Returns
    -------
    int
        Item of the study.
    """
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(study.scene)
    outcome = [node for node in (*_resultNodes(study), *results) if node is not None]
    root = _studyItem(hierarchy, study, patientName, [*outcome, *measurements])
    used = set()
    for point in study.timePoints:
        nodes = [point.spectNode, point.ctNode, point.transformNode]
        nodes = [node for node in nodes if node is not None and not _isFromDICOM(hierarchy, node)]
        if nodes:
            folder = _folder(hierarchy, root, f"timePoint {point.spectNode.GetID()}", _title(point))
            used.add(folder)
            for node in nodes:
                _move(hierarchy, node, folder)
    for mark, name, nodes in (("measurements", "Measurements", measurements), ("results", "Results", outcome)):
        if nodes:
            folder = _folder(hierarchy, root, mark, name)
            for node in nodes:
                _move(hierarchy, node, folder)
    _removeEmptyFolders(hierarchy, root)
    return root


def _title(point):
    """Day counts from the administration: day 0 is its first 24 h."""
    if point.timeHours is None:
        return point.label
    return f"Day {int(point.timeHours // 24)}, {point.label}"


def _resultNodes(study):
    roles = ("segmentation", "absorbedDose", "timeIntegratedActivity", "effectiveHalfLife", "fitQuality",
             "density")
    tables = ("resultsTable", "uncertaintyTable", "timeActivityTable", "fittedCurvesTable", "candidatesTable",
              "dvhTable", "timeActivityChart", "regionChart", "dvhChart")
    return [study.nodeByRole(role) for role in (*roles, *tables)]


def _item(hierarchy, node):
    """Item of a node: the application makes them, the headless scene does not."""
    return hierarchy.GetItemByDataNode(node) or hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)


def _move(hierarchy, node, parent):
    item = _item(hierarchy, node)
    if hierarchy.GetItemParent(item) != parent:
        hierarchy.SetItemParent(item, parent)


def _isFromDICOM(hierarchy, node):
    level = slicer.vtkMRMLSubjectHierarchyConstants.GetDICOMLevelStudy()
    ancestor = hierarchy.GetItemAncestorAtLevel(_item(hierarchy, node), level)
    return bool(ancestor) and bool(hierarchy.GetItemUID(ancestor, _dicomUIDName()))


def _dicomUIDName():
    return slicer.vtkMRMLSubjectHierarchyConstants.GetDICOMUIDName()


def _children(hierarchy, parent):
    items = vtk.vtkIdList()
    hierarchy.GetItemChildren(parent, items)
    return [items.GetId(index) for index in range(items.GetNumberOfIds())]


def _marked(hierarchy, parent, mark):
    return next((item for item in _children(hierarchy, parent) if hierarchy.GetItemAttribute(item, _MARK) == mark), 0)


def _studyItem(hierarchy, study, patientName, others):
    reference = study.referenceTimePoint
    if reference is not None and _isFromDICOM(hierarchy, reference.spectNode):
        level = slicer.vtkMRMLSubjectHierarchyConstants.GetDICOMLevelStudy()
        return hierarchy.GetItemAncestorAtLevel(_item(hierarchy, reference.spectNode), level)
    item = _ownStudyAbove(hierarchy, [*(point.spectNode for point in study.timePoints), *others])
    if not item:
        patient = hierarchy.CreateSubjectItem(hierarchy.GetSceneItemID(), patientName)
        item = hierarchy.CreateStudyItem(patient, study.name)
        hierarchy.SetItemAttribute(item, _MARK, "study")
    hierarchy.SetItemName(item, study.name)
    return item


def _ownStudyAbove(hierarchy, nodes):
    """The study item an earlier call made, found from the nodes below it (node IDs may change with a scene)."""
    for node in nodes:
        item = hierarchy.GetItemParent(_item(hierarchy, node))
        while item and item != hierarchy.GetSceneItemID():
            if hierarchy.GetItemAttribute(item, _MARK) == "study":
                return item
            item = hierarchy.GetItemParent(item)
    return 0


def _folder(hierarchy, parent, mark, name):
    item = _marked(hierarchy, parent, mark)
    if not item:
        item = hierarchy.CreateFolderItem(parent, name)
        hierarchy.SetItemAttribute(item, _MARK, mark)
    hierarchy.SetItemName(item, name)
    return item


def _removeEmptyFolders(hierarchy, root):
    """Folders of time points that left the study."""
    for item in _children(hierarchy, root):
        isOwn = hierarchy.GetItemAttribute(item, _MARK).startswith("timePoint ")
        if isOwn and hierarchy.GetNumberOfItemChildren(item) == 0:
            hierarchy.RemoveItem(item)


def placeBeside(node, other):
    """Put a node into the folder where another one is."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(node.GetScene())
    _move(hierarchy, node, hierarchy.GetItemParent(_item(hierarchy, other)))
