"""``slicer.app.layoutManager()``: the real layout node and view nodes, without views."""

import slicer

from . import api


class _ViewWidget:
    """A view by its node."""

    def __init__(self, node, getter):
        self._node = node
        setattr(self, getter, lambda: self._node)

    def sliceLogic(self):
        raise api.NotImitated("a slice logic is not imitated")

    def sliceController(self):
        raise api.NotImitated("a slice controller is not imitated")


class LayoutManager:
    """Layouts are parsed by MRML itself; the views that a layout names get their nodes."""

    def __init__(self, scene):
        self._logic = slicer.vtkMRMLLayoutLogic()
        self._logic.SetMRMLScene(scene)
        self._scene = scene

    def layoutLogic(self):
        return self._logic

    @property
    def layout(self):
        return self._logic.GetLayoutNode().GetViewArrangement()

    def setLayout(self, number):
        node = self._logic.GetLayoutNode()
        # Measured: an unknown layout gives no error, the conventional one (2) appears.
        node.SetViewArrangement(number if node.IsLayoutDescription(number) else 2)

    def _views(self, className):
        found = self._logic.GetViewNodes()
        nodes = [found.GetItemAsObject(i) for i in range(found.GetNumberOfItems())]
        return [node for node in nodes if node.IsA(className)]

    def sliceViewNames(self):
        return tuple(node.GetLayoutName() for node in self._views("vtkMRMLSliceNode"))

    def sliceWidget(self, name):
        node = next((n for n in self._views("vtkMRMLSliceNode") if n.GetLayoutName() == name), None)
        return _ViewWidget(node, "mrmlSliceNode") if node else None

    @property
    def plotViewCount(self):
        return len(self._views("vtkMRMLPlotViewNode"))

    @property
    def tableViewCount(self):
        return len(self._views("vtkMRMLTableViewNode"))

    @property
    def threeDViewCount(self):
        return len(self._views("vtkMRMLViewNode"))

    def plotWidget(self, index):
        views = self._views("vtkMRMLPlotViewNode")
        return _ViewWidget(views[index], "mrmlPlotViewNode") if index < len(views) else None

    def tableWidget(self, index):
        views = self._views("vtkMRMLTableViewNode")
        return _ViewWidget(views[index], "mrmlTableViewNode") if index < len(views) else None

    def threeDWidget(self, index):
        raise api.NotImitated("3D views are not imitated")

    def resetThreeDViews(self):
        pass

    def resetSliceViews(self):
        pass

    def __getattr__(self, name):
        if name in api.members("slicer.qSlicerLayoutManager"):
            raise api.NotImitated(f"layoutManager().{name} is not imitated")
        raise AttributeError(f"the layout manager has no '{name}' in the application")
