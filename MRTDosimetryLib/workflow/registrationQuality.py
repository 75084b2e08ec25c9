"""How well the regions lie on the activity after registration: drift of their centers, effect of one voxel of shift."""

import numpy as np

from ..imaging import organDrift
from ..progress import noProgress
from ..scene import segments, volumes
from .regionMasks import regionNames, regionOccupancies, segmentationNode
from .registration import referenceFromTimePoint, referenceOf
from .stage import digestOf
from .timePoints import includedTimePoints

_RECORD = "registrationQuality"


def missing(study):
    """What is missing before it can be measured, in the user's words; empty when it can be."""
    if not regionNames(study):
        return ["Draw the regions first"]
    return [] if study.stageRecord("registration") is not None else ["Register the time points first"]


def measure(study, progress=noProgress):
    """Measure every region at every included time point and keep it with the study, unless it is up to date.

    Returns
    -------
    list of dict
        As :func:`keptRows`.

    Raises
    ------
    InputError
        No regions, an empty one, or no time points.
    """
    if isCurrent(study):
        return keptRows(study)
    reference, table = referenceOf(study), []
    points = [reference, *(item for item in includedTimePoints(study) if item != reference)]
    expectedRAS = {}
    for position, timePoint in enumerate(points):
        progress(position / len(points), f"Regions at {timePoint.label}")
        isReference = timePoint == reference
        image = volumes.volumeFromNode(timePoint.spectNode)
        occupancies = regionOccupancies(study, timePoint)
        toReference = referenceFromTimePoint(timePoint)
        toOwn = np.linalg.inv(toReference)
        expected = {name: _moved(toOwn, center) for name, center in expectedRAS.items() if center is not None}
        centers = organDrift.activityCenters(image, occupancies, expected)
        centers = {name: None if center is None else _moved(toReference, center) for name, center in centers.items()}
        changes = organDrift.oneVoxelChange(image, occupancies)
        if isReference:
            expectedRAS = centers
        for name in regionNames(study):
            drift = None if isReference or centers.get(name) is None or expectedRAS.get(name) is None \
                else centers[name] - expectedRAS[name]
            change = changes.get(name)
            table.append({
                "region": name, "label": timePoint.label, "timeHours": timePoint.timeHours,
                "nodeID": timePoint.spectNode.GetID(), "isReference": isReference,
                "driftMM": None if drift is None else float(np.linalg.norm(drift)),
                "driftRASMM": None if drift is None else [float(part) for part in drift],
                "isDriftLarge": drift is not None and float(np.linalg.norm(drift)) > float(image.spacingMM.max()),
                "oneVoxelChangePercent": None if change is None else 100.0 * change})
    table.sort(key=lambda row: regionNames(study).index(row["region"]))
    study.setStageRecord(_RECORD, {"digest": digestOf(_inputs(study)), "value": {"rows": table}, "warnings": [],
                                   "error": None})
    progress(1.0, "")
    return keptRows(study)


def _moved(matrix, point):
    return (matrix @ [*point, 1.0])[:3]


def isCurrent(study):
    """Whether what was measured belongs to the present images, regions and alignment."""
    record = study.stageRecord(_RECORD)
    return record is not None and not missing(study) and record["digest"] == digestOf(_inputs(study))


def keptRows(study):
    """What was measured, if it still holds.

    Returns
    -------
    list of dict
        One per region and time point, by region: ``region``, ``label``, ``timeHours``, ``nodeID``, ``isReference``,
        ``driftMM`` (distance of the center of activity from that in the reference scan; ``None`` in the reference and
        where a region does not stand out of its surroundings or is cut), ``driftRASMM`` (3), ``isDriftLarge`` (more
        than a voxel) and ``oneVoxelChangePercent``.
    """
    return list(study.stageRecord(_RECORD)["value"]["rows"]) if isCurrent(study) else []


def warningsOf(rows):
    """A line for every region that has drifted by more than a voxel."""
    return [f"{row['region']}: at {row['label']} its activity lies {row['driftMM']:.0f} mm from where it is in the "
            "reference scan. Look at the registration." for row in rows if row["isDriftLarge"]]


def _inputs(study):
    node, reference = segmentationNode(study), study.referenceTimePoint
    return {"regions": segments.segmentationDigest(node) if node is not None else None,
            "reference": reference.spectNode.GetID() if reference is not None else None,
            "images": [{"spect": volumes.contentDigest(item.spectNode), "timeHours": item.timeHours,
                        "matrix": volumes.geometryBytes(referenceFromTimePoint(item)).hex()}
                       for item in includedTimePoints(study)]}
