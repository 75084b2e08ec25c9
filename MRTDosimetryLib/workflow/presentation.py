"""How the finished study is laid out in the scene: tree of the data, time slider, absorbed dose over CT."""

from ..scene import display, hierarchy, sequences
from . import doseDisplay, engineNodes, protocol, radiobiologyNodes, statementNodes, timePoints, timePointsTable


def arrange(study):
    """Put the study's nodes into the subject hierarchy, its images into a sequence, its map over the CT."""
    areImagesUsed = protocol.usesImages(study)
    if areImagesUsed:
        display.addAbsorbedDoseUnit(study.scene)
        doseDisplay.showMap(study)
    patientName = (study.choice("patient") or {}).get("name") or "Patient"
    results = [*engineNodes.resultNodes(study), *radiobiologyNodes.nodesOf(study),
               *statementNodes.nodesOf(study, "therapy")]
    hierarchy.arrange(study, patientName, results, statementNodes.nodesOf(study, "measurements"))
    if areImagesUsed:
        timePointsTable.writeTable(study, timePoints.rows(study))
    if areImagesUsed and len(study.timePoints) > 1:
        sequences.showTimePoints(study)
