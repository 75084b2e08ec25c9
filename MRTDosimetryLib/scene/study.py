"""The study: one scripted-module node with the choices, and the volumes of the time points with their facts.

All state is in the scene, so that a saved scene is the study: choices and stage records are JSON parameters of the
study node, facts are a JSON attribute of the SPECT volume, everything else is a node reference.
"""

import json

import slicer

from ..errors import InputError
from . import volumes
from .stageHead import StageHead, headOf

SCHEMA_VERSION = 1
MODULE_NAME = "MRTDosimetry"
ROLE_ATTRIBUTE = "MRTDosimetry.role"
FACTS_ATTRIBUTE = "MRTDosimetry.facts"
EXCLUDED_ATTRIBUTE = "MRTDosimetry.excluded"
EXCLUSION_REASON_ATTRIBUTE = "MRTDosimetry.exclusionReason"
SOURCE_ATTRIBUTE = "MRTDosimetry.source"
TIME_FACT = "timeAfterAdministrationHours"

_CHOICES_PARAMETER = "study"
_STAGE_PREFIX = "stage."
_TIME_POINT_ROLE = "timePoint"
_REFERENCE_ROLE = "referenceTimePoint"
_CT_ROLE = "MRTDosimetry.ct"


def _toJSON(value, where):
    """JSON text; numbers that are not finite never get into a study."""
    try:
        return json.dumps(value, allow_nan=False, ensure_ascii=True, sort_keys=True)
    except (TypeError, ValueError) as error:
        raise InputError(f"This cannot be kept in the study ({error})", where) from error


def _fromJSON(text, where):
    try:
        return json.loads(text)
    except ValueError as error:
        raise _damaged(where) from error


def _damaged(where):
    return InputError("The saved study is damaged", where, "Open an earlier copy of the scene")


class Study:
    """One patient's therapy cycle in a scene.

    Parameters
    ----------
    node : vtkMRMLScriptedModuleNode
        Made by :meth:`create`, or read with the scene.
    """

    def __init__(self, node):
        if node is None or node.GetAttribute(ROLE_ATTRIBUTE) != "study":
            raise InputError("This is not a study of the MRTDosimetry module")
        self.node = node
        self._scene = node.GetScene()

    @classmethod
    def create(cls, scene, name):
        """Add an empty study to the scene."""
        node = slicer.vtkMRMLScriptedModuleNode()
        node.SetName(scene.GenerateUniqueName(name))
        node.SetModuleName(MODULE_NAME)
        node.SetAttribute(ROLE_ATTRIBUTE, "study")
        node.SetParameter(_CHOICES_PARAMETER, _toJSON({"schemaVersion": SCHEMA_VERSION, "choices": {}}, name))
        return cls(scene.AddNode(node))

    @classmethod
    def all(cls, scene):
        """The studies of a scene, in the order they were added."""
        count = scene.GetNumberOfNodesByClass("vtkMRMLScriptedModuleNode")
        nodes = [scene.GetNthNodeByClass(index, "vtkMRMLScriptedModuleNode") for index in range(count)]
        return [cls(node) for node in nodes if node.GetAttribute(ROLE_ATTRIBUTE) == "study"]

    def __eq__(self, other):
        return isinstance(other, Study) and self.node is other.node

    def __hash__(self):
        return id(self.node)

    @property
    def scene(self):
        """The scene of the study; of one whose node was removed, the scene that it was in."""
        return self.node.GetScene() or self._scene

    @property
    def isInScene(self):
        """Whether the study still is there: its node may have been removed."""
        return self.node.GetScene() is not None

    @property
    def name(self):
        return self.node.GetName()

    @name.setter
    def name(self, name):
        self.node.SetName(name)

    # Choices of the user

    def choices(self):
        """All choices as a dictionary (a copy).

        Raises
        ------
        InputError
            When the study was saved by a newer version, or is damaged.
        """
        text = self.node.GetParameter(_CHOICES_PARAMETER)
        content = _fromJSON(text, self.name) if text else {}
        version = content.get("schemaVersion", SCHEMA_VERSION)
        if not isinstance(version, int) or version > SCHEMA_VERSION:
            raise InputError(
                f"The study was saved by a newer version of MRTDosimetry (schema {version}, known is {SCHEMA_VERSION})",
                self.name,
                "Update the extension",
            )
        return content.get("choices", {})

    def choice(self, key, default=None):
        value = self.choices().get(key)
        return default if value is None else value

    def setChoice(self, key, value):
        """Keep a choice (JSON-able); ``None`` returns it to its default."""
        choices = self.choices()
        if value is None:
            choices.pop(key, None)
        else:
            choices[key] = value
        text = _toJSON({"schemaVersion": SCHEMA_VERSION, "choices": choices}, f"{self.name}, {key}")
        self.node.SetParameter(_CHOICES_PARAMETER, text)

    # Records of the stages

    def stageRecord(self, stage):
        """What a stage left: ``{"digest", "value", "warnings", "error"}``, or None when it has not run."""
        text = self.node.GetParameter(_STAGE_PREFIX + stage)
        return _fromJSON(text, f"{self.name}, {stage}") if text else None

    def stageText(self, stage):
        """The record of a stage as it is kept, to tell whether it is another one; empty when it has not run."""
        return self.node.GetParameter(_STAGE_PREFIX + stage) or ""

    def stageHead(self, stage):
        """The :class:`StageHead` of a stage's record, or ``None`` when it has not run; cheap for one that is known."""
        text = self.stageText(stage)
        try:
            return headOf(text) if text else None
        except (ValueError, KeyError, AttributeError) as error:
            raise _damaged(f"{self.name}, {stage}") from error

    def stageValueDigest(self, stage):
        """Digest of the value that a stage left, that of ``None`` where it left none."""
        return (self.stageHead(stage) or StageHead()).valueDigest

    def hasStageValue(self, stage):
        """Whether a stage left a value."""
        return (self.stageHead(stage) or StageHead()).hasValue

    def setStageRecord(self, stage, record):
        """Keep (or with None forget) the record of a stage."""
        if record is None:
            self.node.UnsetParameter(_STAGE_PREFIX + stage)
        else:
            self.node.SetParameter(_STAGE_PREFIX + stage, _toJSON(record, f"{self.name}, {stage}"))

    # Nodes of the study

    def nodeByRole(self, role):
        """The node that plays a role ("segmentation", "absorbedDose", ...), or None."""
        return self.node.GetNodeReference(role)

    def setNodeForRole(self, role, node):
        """Give a role to a node, or with None to nobody."""
        if node is None:
            self.node.RemoveNodeReferenceIDs(role)
        else:
            self._requireInScene(node)
            self.node.SetNodeReferenceID(role, node.GetID())

    def _requireInScene(self, node):
        if node.GetScene() is not self.scene:
            raise InputError(f"'{node.GetName()}' is not in the scene of the study", self.name)

    # Time points

    @property
    def timePoints(self):
        """The time points in the order of time; those without a time come last, as added."""
        count = self.node.GetNumberOfNodeReferences(_TIME_POINT_ROLE)
        nodes = [self.node.GetNthNodeReference(_TIME_POINT_ROLE, index) for index in range(count)]
        points = [TimePoint(self, node) for node in nodes if node is not None]
        return sorted(points, key=lambda point: (point.timeHours is None, point.timeHours or 0.0))

    def addTimePoint(self, spectNode, ctNode=None):
        """Make a SPECT (or PET) volume, with its CT, a time point of the study."""
        self._requireInScene(spectNode)
        point = TimePoint(self, spectNode)
        if point in self.timePoints:
            raise InputError("The volume already is a time point of the study", spectNode.GetName())
        self.node.AddNodeReferenceID(_TIME_POINT_ROLE, spectNode.GetID())
        if ctNode is not None:
            point.ctNode = ctNode
        return point

    def removeTimePoint(self, timePoint):
        """Take a time point out of the study; its volumes stay in the scene."""
        for index in range(self.node.GetNumberOfNodeReferences(_TIME_POINT_ROLE)):
            if self.node.GetNthNodeReference(_TIME_POINT_ROLE, index) is timePoint.spectNode:
                if self.node.GetNodeReference(_REFERENCE_ROLE) is timePoint.spectNode:
                    self.node.RemoveNodeReferenceIDs(_REFERENCE_ROLE)
                self.node.RemoveNthNodeReferenceID(_TIME_POINT_ROLE, index)
                return
        raise InputError("The volume is not a time point of the study", timePoint.label)

    @property
    def referenceTimePoint(self):
        """The time point whose coordinates everything is brought into: the chosen one, else the first, else None."""
        chosen = self.node.GetNodeReference(_REFERENCE_ROLE)
        points = self.timePoints
        for point in points:
            if point.spectNode is chosen:
                return point
        included = [point for point in points if not point.isExcluded]
        return next(iter(included or points), None)

    @referenceTimePoint.setter
    def referenceTimePoint(self, timePoint):
        if timePoint is None:
            self.node.RemoveNodeReferenceIDs(_REFERENCE_ROLE)
            return
        if timePoint not in self.timePoints:
            raise InputError("The volume is not a time point of the study", timePoint.label)
        self.node.SetNodeReferenceID(_REFERENCE_ROLE, timePoint.spectNode.GetID())


class TimePoint:
    """A SPECT volume with its CT, its registration and its facts."""

    def __init__(self, study, spectNode):
        self.study = study
        self.spectNode = spectNode

    def __eq__(self, other):
        return isinstance(other, TimePoint) and self.spectNode is other.spectNode and self.study == other.study

    def __hash__(self):
        return id(self.spectNode)

    @property
    def ctNode(self):
        return self.spectNode.GetNodeReference(_CT_ROLE)

    @ctNode.setter
    def ctNode(self, node):
        if node is None:
            self.spectNode.RemoveNodeReferenceIDs(_CT_ROLE)
        else:
            self.study._requireInScene(node)
            self.spectNode.SetNodeReferenceID(_CT_ROLE, node.GetID())
        self.study.node.Modified()

    @property
    def transformNode(self):
        """The registration: reference coordinates from the time point's own; None when none was made."""
        return self.spectNode.GetParentTransformNode()

    @property
    def referenceFromTimePoint(self):
        """4 x 4 RAS mm, identity when nothing was registered."""
        return volumes.matrixOf(self.transformNode)

    def setReferenceFromTimePoint(self, matrixRAS):
        """Put SPECT and CT under one linear transform (4 x 4 RAS mm); None takes them out of it."""
        nodes = [node for node in (self.spectNode, self.ctNode) if node is not None]
        transformNode = volumes.setTransform(nodes, matrixRAS, f"{self.spectNode.GetName()} to reference")
        self.study.node.Modified()
        return transformNode

    @property
    def facts(self):
        """All facts: name -> {"value", "unit", "source", "detail", "alternatives", "reason"} (a copy)."""
        text = self.spectNode.GetAttribute(FACTS_ATTRIBUTE)
        return _fromJSON(text, self.spectNode.GetName()) if text else {}

    def fact(self, name):
        """One fact with its origin, or None when it is not known."""
        return self.facts.get(name)

    def factValue(self, name, default=None):
        """The value alone of a fact."""
        fact = self.fact(name)
        return default if fact is None else fact["value"]

    def setFact(self, name, value, unit, source, detail="", alternatives=(), reason=""):
        """Keep a fact with where it comes from; a value of None forgets it.

        Parameters
        ----------
        source : str
            "DICOM", "file" or "user".
        detail : str
            Tag path, file name ...
        alternatives : sequence
            What else was found, JSON-able.
        reason : str
            Why the user says so.
        """
        facts = self.facts
        if value is None:
            facts.pop(name, None)
        else:
            facts[name] = {
                "value": value,
                "unit": unit,
                "source": source,
                "detail": detail,
                "alternatives": list(alternatives),
                "reason": reason,
            }
        self.spectNode.SetAttribute(FACTS_ATTRIBUTE, _toJSON(facts, f"{self.spectNode.GetName()}, {name}"))
        self.study.node.Modified()

    @property
    def timeHours(self):
        """Time after administration in h, None when it is not known."""
        return self.factValue(TIME_FACT)

    @property
    def isExcluded(self):
        return self.spectNode.GetAttribute(EXCLUDED_ATTRIBUTE) == "1"

    @isExcluded.setter
    def isExcluded(self, isExcluded):
        if isExcluded:
            self.spectNode.SetAttribute(EXCLUDED_ATTRIBUTE, "1")
        else:
            self.spectNode.RemoveAttribute(EXCLUDED_ATTRIBUTE)
            self.spectNode.RemoveAttribute(EXCLUSION_REASON_ATTRIBUTE)
        self.study.node.Modified()

    @property
    def exclusionReason(self):
        """Why the time point is excluded, in the user's words; may be empty."""
        return self.spectNode.GetAttribute(EXCLUSION_REASON_ATTRIBUTE) or ""

    @exclusionReason.setter
    def exclusionReason(self, words):
        self.spectNode.SetAttribute(EXCLUSION_REASON_ATTRIBUTE, str(words))

    @property
    def source(self):
        """Where the images were read from (a JSON value), or None."""
        text = self.spectNode.GetAttribute(SOURCE_ATTRIBUTE)
        return _fromJSON(text, self.spectNode.GetName()) if text else None

    @source.setter
    def source(self, source):
        self.spectNode.SetAttribute(SOURCE_ATTRIBUTE, _toJSON(source, self.spectNode.GetName()))

    @property
    def label(self):
        """What a user calls it: "24 h", or the name of its volume while its time is unknown."""
        if self.timeHours is None:
            return self.spectNode.GetName()
        return f"{round(self.timeHours, 1):g} h"
