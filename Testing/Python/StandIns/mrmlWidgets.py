"""Stand-ins of the qMRML widgets in use, on the real MRML scene of slicer-core."""

import slicer
import vtk
from PySide6 import QtCore, QtWidgets

from . import uiLoader
from .native import native
from .pythonQt import guard
from .signals import emit


def _requireVTK(value):
    if value is not None and not isinstance(value, vtk.vtkObject):
        raise TypeError("method requires a VTK object")
    return value


class qMRMLWidget(QtWidgets.QWidget):
    """Root of a .ui file; hands the scene on through the connections listed there."""

    def __init__(self, *args):
        super().__init__(*args)
        self._scene = None

    def mrmlScene(self):
        return self._scene

    def setMRMLScene(self, scene):
        self._scene = _requireVTK(scene)
        emit(self, "mrmlSceneChanged", scene)


class qMRMLNodeComboBox(QtWidgets.QWidget):
    """Chooses a node; follows the scene. Only the behavior measured in the application is imitated."""

    def __init__(self, *args):
        super().__init__(*args)
        self._combo = QtWidgets.QComboBox()
        native(self._combo).setSizeAdjustPolicy(QtWidgets.QComboBox.AdjustToMinimumContentsLengthWithIcon)
        layout = QtWidgets.QHBoxLayout()
        native(layout).setContentsMargins(0, 0, 0, 0)
        native(layout).addWidget(self._combo)
        native(self).setLayout(layout)
        self._scene, self._pending, self._nodes, self._tags, self._attributes = None, None, [], [], []
        self._values = {
            "nodeTypes": (), "noneEnabled": False, "addEnabled": True, "removeEnabled": True, "renameEnabled": False,
            "editEnabled": False, "selectNodeUponCreation": True, "showHidden": False, "showChildNodeTypes": True,
            "hideChildNodeTypes": (), "baseName": "", "noneDisplay": "None",
        }
        native(self._combo).currentIndexChanged.connect(self._onIndex)

    def mrmlScene(self):
        return self._scene

    def setMRMLScene(self, scene):
        for tag in self._tags:
            self._scene.RemoveObserver(tag)
        self._scene, self._tags = _requireVTK(scene), []
        if scene is not None:
            events = (scene.NodeAddedEvent, scene.NodeRemovedEvent, scene.EndCloseEvent)
            self._tags = [scene.AddObserver(event, self._onScene) for event in events]
        pending, self._pending = self._pending, None
        self._fill()
        if pending is not None:
            self.setCurrentNode(pending)

    def _onScene(self, caller, event):
        if not self._scene.IsBatchProcessing():
            self._fill()

    def _isShown(self, node):
        types = self._values["nodeTypes"]
        if self._values["showChildNodeTypes"]:
            fits = any(node.IsA(kind) for kind in types)
        else:
            fits = node.GetClassName() in types
        if not fits or (node.GetHideFromEditors() and not self._values["showHidden"]):
            return False
        return all(
            not node.IsA(kind) or (node.GetAttribute(key) == value if value is not None else node.GetAttribute(key))
            for kind, key, value in self._attributes)

    def _fill(self):
        current = self.currentNode()
        count = self._scene.GetNumberOfNodes() if self._scene else 0
        nodes = [node for node in (self._scene.GetNthNode(i) for i in range(count)) if self._isShown(node)]
        self._nodes = ([None] if self._values["noneEnabled"] else []) + nodes
        combo = native(self._combo)
        combo.blockSignals(True)
        combo.clear()
        combo.addItems([node.GetName() or "" if node else self._values["noneDisplay"] for node in self._nodes])
        combo.setCurrentIndex(self._nodes.index(current) if current in self._nodes else (0 if self._nodes else -1))
        combo.blockSignals(False)
        if self.currentNode() is not current:
            self._emitChange()

    def _onIndex(self, index):
        self._emitChange()

    def _emitChange(self):
        node = self.currentNode()
        for signature, _, relay, _ in list(self.__dict__.get("_standInConnections", [])):
            if signature == "currentNodeChanged(vtkMRMLNode*)":
                relay(node)
            elif signature == "currentNodeChanged(bool)":
                relay(node is not None)
            elif signature == "currentNodeIDChanged(QString)":
                relay(node.GetID() if node else "")

    def currentNode(self):
        index = native(self._combo).currentIndex()
        return self._nodes[index] if 0 <= index < len(self._nodes) else None

    def setCurrentNode(self, node):
        if isinstance(node, str) and self._scene is not None:
            node = self._scene.GetNodeByID(node)
            if node is None:
                return
        _requireVTK(node)
        if self._scene is None:
            self._pending = node
        elif node in self._nodes:
            native(self._combo).setCurrentIndex(self._nodes.index(node))
        elif node is None:
            native(self._combo).setCurrentIndex(-1)

    def addAttribute(self, nodeType, name, value=None):
        self._attributes.append((nodeType, name, value))
        self._fill()

    def nodeCount(self):
        return len([node for node in self._nodes if node])

    def read_currentNodeID(self):
        node = self.currentNode()
        return node.GetID() if node else ""


def _storedProperties(cls, names, onWrite=None):
    for name in names:
        def read(self, name=name):
            return self._values[name]

        def write(self, value, name=name):
            self._values[name] = value
            if onWrite:
                onWrite(self)

        setattr(cls, f"read_{name}", read)
        setattr(cls, f"write_{name}", write)


_storedProperties(
    qMRMLNodeComboBox,
    ("nodeTypes", "noneEnabled", "addEnabled", "removeEnabled", "renameEnabled", "editEnabled", "showHidden",
     "selectNodeUponCreation", "showChildNodeTypes", "hideChildNodeTypes", "baseName", "noneDisplay"),
    lambda self: self._fill(),
)


class Effect:
    """An active effect: name only. What effects do to voxels is not imitated."""

    def __init__(self, name):
        self.name = name


class qMRMLSegmentEditorWidget(qMRMLWidget):
    """The editor's bookkeeping: nodes, active effect, shortcuts, observations."""

    _EFFECTS = ("Paint", "Erase", "Scissors", "Draw", "Fill between slices", "Grow from seeds", "Hollow", "Islands",
                "Level tracing", "Logical operators", "Margin", "Mask volume", "Smoothing", "Threshold")

    def __init__(self, *args):
        super().__init__(*args)
        self._editorNode = self._segmentation = self._volume = self._effect = None
        self._order = ()
        self._hasShortcuts = False
        self._logic = None
        self._values = {
            "segmentationNodeSelectorVisible": False, "sourceVolumeNodeSelectorVisible": False,
            "switchToSegmentationsButtonVisible": False, "unorderedEffectsVisible": True, "readOnly": False,
            "maximumNumberOfUndoStates": 5, "effectColumnCount": 0, "specifyGeometryButtonVisible": True,
            "show3DButtonVisible": True, "addRemoveSegmentButtonsVisible": True, "maskingSectionVisible": True,
            "jumpToSelectedSegmentEnabled": False, "defaultTerminologyEntrySettingsKey": "", "undoEnabled": True,
        }
        layout = QtWidgets.QVBoxLayout()
        self._table = QtWidgets.QListWidget()
        self._label = QtWidgets.QLabel("Segment Editor (stand-in)")
        native(layout).addWidget(self._label)
        native(layout).addWidget(self._table)
        native(layout).setContentsMargins(0, 0, 0, 0)
        native(self).setLayout(layout)

    def setMRMLSegmentEditorNode(self, node):
        self._editorNode = _requireVTK(node)

    def mrmlSegmentEditorNode(self):
        return self._editorNode

    def setMRMLScene(self, scene):
        super().setMRMLScene(scene)
        if scene is None:
            self._segmentation = self._volume = self._logic = None

    def setSegmentationNode(self, node):
        if self._scene is not None or self._editorNode is not None:
            self._segmentation = _requireVTK(node)
            if self._editorNode is not None:
                self._editorNode.SetAndObserveSegmentationNode(node)
        self._showSegments()

    def segmentationNode(self):
        node = self._segmentation
        return node if node is not None and node.GetScene() is not None else None

    def setSourceVolumeNode(self, node):
        self._volume = _requireVTK(node)

    def sourceVolumeNode(self):
        return self._volume

    def _showSegments(self):
        table = native(self._table)
        table.clear()
        if self._segmentation is not None:
            segmentation = self._segmentation.GetSegmentation()
            table.addItems([segmentation.GetNthSegment(i).GetName() for i in range(segmentation.GetNumberOfSegments())])

    def updateWidgetFromMRML(self):
        self._showSegments()

    def availableEffectNames(self):
        return list(self._EFFECTS)

    def setEffectNameOrder(self, names):
        self._order = tuple(names)

    def effectNameOrder(self):
        return list(self._order)

    def setActiveEffectByName(self, name):
        if self._editorNode is not None:
            self._effect = Effect(name) if name in self._EFFECTS else None

    def setActiveEffect(self, effect):
        self._effect = effect

    def activeEffect(self):
        return self._effect

    def currentSegmentID(self):
        return self._editorNode.GetSelectedSegmentID() or "" if self._editorNode is not None else ""

    def setCurrentSegmentID(self, segmentID):
        if self._editorNode is not None and segmentID != self.currentSegmentID():
            self._editorNode.SetSelectedSegmentID(segmentID)
            emit(self, "currentSegmentIDChanged", segmentID)

    def saveStateForUndo(self):
        self._history().SaveStateForUndo()

    def undo(self):
        self._history().Undo()

    def redo(self):
        self._history().Redo()

    def _history(self):
        """Slicer's own history of the segmentation in the editor."""
        if self._logic is None:
            self._logic = slicer.vtkSlicerSegmentEditorLogic()
            self._logic.SetMRMLScene(self._scene)
            self._logic.SetSegmentationHistory(slicer.vtkSegmentationHistory())
            self._logic.SetSegmentEditorNode(self._editorNode)
        self._logic.SetMaximumNumberOfUndoStates(self.maximumNumberOfUndoStates)
        self._logic.SetSegmentationNode(self._segmentation)
        return self._logic

    def installKeyboardShortcuts(self, *parent):
        assert not self._hasShortcuts, "keyboard shortcuts are installed twice"
        self._hasShortcuts = True

    def uninstallKeyboardShortcuts(self):
        self._hasShortcuts = False

    def setupViewObservations(self):
        pass

    def removeViewObservations(self):
        pass

    def sizeHint(self):
        return QtCore.QSize(300, 260)


_storedProperties(qMRMLSegmentEditorWidget, (
    "segmentationNodeSelectorVisible", "sourceVolumeNodeSelectorVisible", "switchToSegmentationsButtonVisible",
    "unorderedEffectsVisible", "readOnly", "maximumNumberOfUndoStates", "effectColumnCount",
    "specifyGeometryButtonVisible", "show3DButtonVisible", "addRemoveSegmentButtonsVisible", "maskingSectionVisible",
    "jumpToSelectedSegmentEnabled", "defaultTerminologyEntrySettingsKey", "undoEnabled"))

CLASSES = (qMRMLWidget, qMRMLNodeComboBox, qMRMLSegmentEditorWidget)


def install():
    """Make them ``slicer.qMRML*`` and known to the .ui loader."""
    for cls in CLASSES:
        guard(cls, f"slicer.{cls.__name__}")
        setattr(slicer, cls.__name__, cls)
        uiLoader.customWidgets[cls.__name__] = cls
