"""Stage 5: the regions: organs and lesions on the reference time point, their volumes and masses."""

import os

import numpy as np

from ..errors import Faults, InputError
from ..imaging.checks import requireFinite
from ..imaging.resampling import resample
from ..physics.density import UNIFORM_DENSITY_G_PER_ML, densityGPerML
from ..progress import noProgress
from ..scene import segmentationFiles, segments, volumes
from ..scene.isodose import ROLE as ISODOSE_ROLE
from ..scene.regionsIn3D import ROLE as REGIONS_IN_3D_ROLE
from ..therapies.tissues import tissueOf
from .protocol import usesImages
from .regionMasks import (
    MOSTLY_OUTSIDE,
    OUTSIDE_SHARE,
    overlapShare,
    regionLayers,
    regionNames,
    regionOccupancies,
    segmentationNode,
)
from .registration import referenceOf
from .stage import Stage
from .timePoints import includedTimePoints

OVERLAP_SHARE = 0.001


def canBeRegions(node):
    """Whether a segmentation of the scene can be a study's regions; one that shows what was computed cannot."""
    return node.GetAttribute("MRTDosimetry.role") not in (ISODOSE_ROLE, REGIONS_IN_3D_ROLE)


def setSegmentation(study, node):
    """Use a segmentation of the scene, drawn in the coordinates of the reference time point.

    Raises
    ------
    InputError
        A segmentation that shows isodoses, or regions as surfaces of the 3D view.
    """
    if node is not None and not canBeRegions(node):
        raise InputError("These surfaces were computed, they are no drawn regions", node.GetName(),
                         "Choose the drawn regions")
    study.setNodeForRole("segmentation", node)


def addFromLabelmap(study, path, names, timePoint):
    """Regions from a label image drawn on ``timePoint``, which becomes the reference.

    Parameters
    ----------
    path : str
        NRRD, NIfTI or MetaImage with whole-number labels.
    names : dict of (int or str) to str
        Label value to region name.

    Raises
    ------
    InputError, FaultList
        Missing or unreadable file, labels that are absent or not whole numbers, names that repeat.
    """
    from ..imaging import files

    if not os.path.exists(path):
        raise InputError("There is no such file", str(path), "Check the path of the label map")
    labels = files.readImage(path, "label map")
    requireFinite(labels)
    return addFromLabels(study, labels, names, timePoint, os.path.basename(str(path)))


def addFromSegmentationFile(study, path, timePoint):
    """Regions from a segmentation saved by Slicer (``.seg.nrrd``), drawn on ``timePoint``, which becomes the reference.

    Raises
    ------
    InputError
        Missing or unreadable file, or no segment in it.
    """
    node = segmentationFiles.readSegmentation(study.scene, path)
    study.referenceTimePoint = timePoint
    setSegmentation(study, node)
    return node


def addFromLabels(study, labels, names, timePoint, where="label map"):
    """As :func:`addFromLabelmap`, from a :class:`Volume` of labels in the coordinates of ``timePoint``."""
    array = labels.array
    if array.dtype.kind == "f":
        whole = np.rint(array)
        if not np.array_equal(whole, array):
            raise InputError("The label map holds values that are not whole numbers", where,
                             "Give a label map, not an image")
        array = whole
    present = set(np.unique(array).astype(int).tolist()) - {0}
    byValue = _checkedNames(names, present, where)
    highest = max(byValue)
    kept = np.isin(array, list(byValue))
    # Labels without a name belong to the remainder of the body.
    array = np.where(kept, array, 0).astype(np.uint8 if highest < 256 else np.int16)
    node = segments.segmentationFromLabels(study.scene, labels.withArray(array, unit=""), byValue, "Regions")
    study.referenceTimePoint = timePoint
    setSegmentation(study, node)
    unnamed = sorted(present - set(byValue))
    study.setChoice("unnamedLabels", unnamed)
    return node


def addFromLabelNode(study, labelNode, names, timePoint):
    """Regions from a label map volume of the scene, with the names of its labels."""
    return addFromLabels(study, volumes.volumeFromNode(labelNode), names, timePoint, labelNode.GetName())


def rows(study):
    """One row per region: ``name``, ``tissue``, ``volumeML``, ``massG``, ``densityGPerML``, ``voxelSizeMM`` (of the
    outlined image), ``problems``."""
    record = study.stageRecord("regions")
    known = {row["name"]: row for row in ((record or {}).get("value") or {}).get("rows", [])}
    empty = {"volumeML": None, "massG": None, "densityGPerML": None, "voxelSizeMM": None, "problems": []}
    return [known.get(name) or {"name": name, "tissue": tissueOf(name), **empty} for name in regionNames(study)]


def densityChoice(study):
    """``"ct"`` or ``"uniform"``: where the density comes from."""
    return (study.choice("dose") or {}).get("density", "ct")


def uniformDensityGPerML(study):
    """Density used where the CT is not."""
    return float((study.choice("dose") or {}).get("densityGPerML") or UNIFORM_DENSITY_G_PER_ML)


def _checkedNames(names, present, where):
    faults, byValue = Faults(), {}
    if not isinstance(names, dict) or not names:
        raise InputError("No region names are given", where, 'Give names, e.g. {"1": "liver"}')
    for key, name in names.items():
        try:
            value = int(key)
        except (TypeError, ValueError):
            faults.add(f"'{key}' is not a label value", where, "Give whole numbers above zero")
            continue
        text = str(name).strip()
        if value <= 0:
            faults.add(f"Label {value} cannot be a region", where, "Give whole numbers above zero")
        elif not text:
            faults.add(f"Label {value} has an empty name", where, "Give it a name")
        elif text in byValue.values():
            faults.add(f"The name '{text}' is given twice", where, "Give every region its own name")
        elif value not in present:
            faults.add(f"Label {value} ({text}) is absent from the label map", where,
                       f"It holds {', '.join(str(item) for item in sorted(present)) or 'no label'}")
        else:
            byValue[value] = text
    faults.raiseIfAny()
    return byValue


def _missing(study):
    missing = []
    if not includedTimePoints(study):
        missing.append("Add at least one time point")
    if segmentationNode(study) is None or not regionNames(study):
        missing.append("Draw the regions, or give a label map")
    reference = study.referenceTimePoint
    if not missing and densityChoice(study) == "ct" and reference is not None and reference.ctNode is None:
        missing.append("Give the CT of the reference time point, or choose a uniform density")
    return missing


def _inputs(study):
    reference = study.referenceTimePoint
    node = segmentationNode(study)
    ct = reference.ctNode if reference and densityChoice(study) == "ct" else None
    return {"segmentation": segments.segmentationDigest(node) if node else None, "density": densityChoice(study),
            "uniformDensityGPerML": uniformDensityGPerML(study), "ct": volumes.contentDigest(ct) if ct else None,
            "reference": volumes.contentDigest(reference.spectNode) if reference else None}


def _compute(study, progress=noProgress):
    reference, faults, warnings, table = referenceOf(study), Faults(), [], []
    layers = regionLayers(study)
    ct = volumes.volumeFromNode(reference.ctNode) if densityChoice(study) == "ct" else None
    for layer in layers:
        table += _layerRows(study, layer, ct, faults)
    progress(0.7, "Regions in the field of view")
    occupancies = regionOccupancies(study, reference)
    shape = volumes.volumeFromNode(reference.spectNode).array.shape
    order = {name: position for position, name in enumerate(regionNames(study))}
    table.sort(key=lambda row: order[row["name"]])
    for row in table:
        item = occupancies.get(row["name"])
        if item is None or item.fractionOutside >= MOSTLY_OUTSIDE:
            faults.add("The region lies outside the SPECT image", row["name"],
                       "Check that regions and images belong together")
        elif item.fractionOutside > OUTSIDE_SHARE:
            row["problems"].append(f"{item.fractionOutside:.0%} of the volume lies outside the SPECT image: "
                                   "activity and mean absorbed dose are too low")
    faults.raiseIfAny()
    share = overlapShare(occupancies, shape)
    if share > OVERLAP_SHARE:
        warnings.append(f"Regions overlap ({share:.1%} of their volume is counted more than once).")
    unnamed = study.choice("unnamedLabels") or []
    if unnamed:
        warnings.append(f"Labels without a name belong to the remainder: {', '.join(str(item) for item in unnamed)}.")
    warnings += [f"{row['name']}: {problem}." for row in table for problem in row["problems"]]
    progress(1.0, "")
    return {"density": densityChoice(study), "rows": table}, warnings


def _layerRows(study, layer, ct, faults):
    """Volume and mass of each region of a layer, from the label image's own voxels and the CT's density there."""
    labels = layer.labels
    uniform = uniformDensityGPerML(study)
    density = None
    if ct is not None:
        onLabels = ct if ct.hasSameGridAs(labels) else resample(ct, labels, outside=np.nan, dtype=np.float32)
        density = onLabels.array
    flat = labels.array.ravel()
    highest = max(layer.names)
    counts = np.bincount(flat, minlength=highest + 1)
    found = []
    for value, name in layer.names.items():
        volumeML = float(counts[value]) * labels.voxelVolumeML
        meanDensity = uniform
        if density is not None:
            hounsfield = density[labels.array == value]
            if not np.all(np.isfinite(hounsfield)):
                faults.add("Part of the region lies outside the CT, so its mass is not known", name,
                           "Use a CT that covers the region, or a uniform density")
                continue
            meanDensity = float(densityGPerML(hounsfield).mean(dtype=np.float64))
        if meanDensity <= 0:
            faults.add("The region has no mass: the CT shows nothing there", name,
                       "Check that regions and CT are aligned")
            continue
        problems = []
        if meanDensity < 0.2:
            problems.append(f"the mean density is only {meanDensity:.2f} g/mL: check that regions and CT are aligned")
        found.append({"name": name, "tissue": tissueOf(name), "volumeML": volumeML, "massG": volumeML * meanDensity,
                      "densityGPerML": meanDensity, "voxelSizeMM": [float(edge) for edge in labels.spacingMM],
                      "problems": problems})
    return found


STAGE = Stage("regions", "Regions", _missing, _inputs, _compute, needs=("registration",),
              isNeeded=usesImages)
