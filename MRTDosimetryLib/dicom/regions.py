"""Regions from DICOM Segmentation and RT Structure Set objects, as label images in which regions may overlap."""

import os
from dataclasses import dataclass, field

import numpy as np

from ..errors import Faults, InputError
from . import catalog
from .elements import inFile, readDataset, tagName, text
from .segmentationObject import SOP_CLASS_UIDS as SEGMENTATIONS
from .segmentationObject import segmentMasks
from .structureSet import SOP_CLASS_UID as STRUCTURE_SET
from .structureSet import outlinedMasks


@dataclass(frozen=True)
class RegionObject:
    """Regions of one DICOM object.

    Attributes
    ----------
    layers : tuple of (Volume, dict of int to str)
        Label images (uint8) with the name of every label; regions of one layer do not overlap.
    kind : str
        ``"SEG"`` or ``"RTSTRUCT"``.
    frameOfReferenceUID : str
    path : str
    warnings : tuple of str
    """

    layers: tuple
    kind: str
    frameOfReferenceUID: str = ""
    path: str = ""
    warnings: tuple = field(default_factory=tuple)

    @property
    def names(self):
        return [name for _, names in self.layers for name in names.values()]


def readRegions(path, grid, names=None, framesOfReference=()):
    """Read a DICOM Segmentation or RT Structure Set.

    Parameters
    ----------
    path : str
        The file, or a folder that holds exactly one of them.
    grid : Volume
        Image on which the regions were drawn: outlines of a structure set have to lie in planes parallel to its
        slices.
    names : dict of str to str or sequence of str, optional
        The regions wanted, with the name each is to have; all of them when left out.
    framesOfReference : sequence of str
        Frame of reference UIDs of that image; empty where they are not known.

    Returns
    -------
    RegionObject

    Raises
    ------
    InputError, FaultList
        Another kind of object, another frame of reference, regions that are absent, empty or damaged.
    """
    path = _singleFile(os.fspath(path))
    dataset = readDataset(path)
    with inFile(path):
        kind = text(dataset, "SOPClassUID")
        if kind not in (*SEGMENTATIONS, STRUCTURE_SET):
            raise InputError(f"The file holds no regions ({tagName('SOPClassUID')})", path,
                             "Give a DICOM Segmentation or an RT Structure Set")  # fmt: skip
        wanted = _wanted(names, path)
        if kind == STRUCTURE_SET:
            frame, masks, warnings = outlinedMasks(dataset, grid, wanted, path)
        else:
            frame, masks, warnings = segmentMasks(dataset, wanted, path)
        warnings = _frameWarnings(frame, framesOfReference, path) + warnings
        short = "RTSTRUCT" if kind == STRUCTURE_SET else "SEG"
        return RegionObject(_layers(masks, path), short, frame, path, tuple(warnings))


def _singleFile(path):
    if not os.path.exists(path):
        raise InputError("There is no such file or folder", path, "Check the path of the regions")
    if os.path.isfile(path):
        return path
    kinds = (*SEGMENTATIONS, STRUCTURE_SET)
    found = [file for series in catalog.scan(path) if series.sopClassUID in kinds for file in series.files]
    if len(found) != 1:
        raise InputError(f"The folder holds {len(found)} segmentations and structure sets instead of one", path,
                         "Give the file that is meant")  # fmt: skip
    return found[0]


def _wanted(names, where):
    """{name in the file: name it is to have}, or None for all."""
    if names is None:
        return None
    wanted = dict(names) if isinstance(names, dict) else {name: name for name in names}
    wanted = {str(key).strip(): str(value).strip() for key, value in wanted.items()}
    if not wanted or "" in wanted or "" in wanted.values() or len(set(wanted.values())) < len(wanted):
        raise InputError("The names of the regions are empty or repeat", where, 'Give e.g. {"Liver": "liver"}')
    return wanted


def _frameWarnings(own, expected, path):
    expected = [uid for uid in expected if uid]
    if own and expected and own not in expected:
        raise InputError(
            f"The regions lie in another frame of reference than the image ({tagName('FrameOfReferenceUID')})", path,
            "Give the image on which they were drawn, or bring them onto this one first",
        )  # fmt: skip
    if own and expected:
        return []
    missing = "the regions state" if not own else "the image states"
    return [f"The frame of reference cannot be checked: {missing} none ({tagName('FrameOfReferenceUID')}). Positions "
            "in mm are used as they are"]  # fmt: skip


def _layers(masks, path):
    """Masks packed into as few label images as their overlaps allow, cut to what is drawn."""
    faults, layers = Faults(), []
    if not masks:
        raise InputError("The file holds no region", path)
    for name, mask in masks.items():
        if not mask.array.any():
            faults.add("The region is empty", f"{path}: {name}", "Draw it, or leave it out by naming the others")
    faults.raiseIfAny()
    for name, mask in masks.items():
        for labels, names in layers:
            if labels.hasSameGridAs(mask) and len(names) < 255 and not np.any(labels.array[mask.array]):
                labels.array[mask.array] = len(names) + 1
                names[len(names) + 1] = name
                break
        else:
            layers.append((mask.withArray(mask.array.astype(np.uint8), name=os.path.basename(path)), {1: name}))
    return tuple(layers)
