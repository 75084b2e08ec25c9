"""How the finished study is laid out in the scene: tree of the data, time slider, absorbed dose over CT."""

from ..scene import display, hierarchy, sequences
from . import doseDisplay, engineNodes, timePoints, timePointsTable


def arrange(study):
    """Put the study's nodes into the subject hierarchy, its images into a sequence, its map over the CT."""
    display.addAbsorbedDoseUnit(study.scene)
    doseDisplay.showMap(study)
    hierarchy.arrange(study, (study.choice("patient") or {}).get("name") or "Patient", engineNodes.resultNodes(study))
    timePointsTable.writeTable(study, timePoints.rows(study))
    if len(study.timePoints) > 1:
        sequences.showTimePoints(study)
