"""What a phantom's region holds, how much of the activity that is, and how far the outline decides it."""

import math
from dataclasses import dataclass, replace

import numpy as np

from ...errors import InputError
from ...physics.uncertainty.volume import positive
from ..occupancy import occupancy
from .cylinder import Cylinder, fitCylinder
from .shapes import cylinderOccupancy, signalInside, sphereOccupancy

_WHERE = "sensitivity.region"


@dataclass(frozen=True)
class RegionSignal:
    """Signal of a region.

    Attributes
    ----------
    signal : float
        Sum of the image over the region.
    activityShare : float
        Of the activity of the phantom that lies inside.
    relativeUncertainty : float or None
        What moving the outline by half a voxel changes, as a rectangular distribution; ``None`` where the outline is
        the user's own.
    words : str
        What the region is.
    volumeML : float
    """

    signal: float
    activityShare: float
    relativeUncertainty: float | None
    words: str
    volumeML: float


def measureRegion(image, stated, labels=None):
    """Signal of the region that a calibration chooses.

    Parameters
    ----------
    image : Volume
    stated : dict
        ``method``: ``wholeImage``; ``cylinder``, fitted to the image unless ``centerRASMM``, ``axisRAS``, ``radiusMM``
        and ``lengthMM`` are given, wider by ``marginMM`` (below zero: the inside alone, which needs ``fillVolumeML``,
        the volume of the whole filling); ``sphere`` with ``centerRASMM`` and ``diameterMM``; ``labelmap`` with
        ``label``. With ``fillVolumeML`` the region holds the share of the activity that its volume is of the filling.
    labels : Volume, optional
        For ``labelmap``.

    Returns
    -------
    RegionSignal

    Raises
    ------
    InputError
    """
    method = stated["method"]
    if method == "wholeImage":
        return RegionSignal(float(image.array.sum(dtype=np.float64)), 1.0, 0.0, "the whole image",
                            image.array.size * image.voxelVolumeML)
    if method == "labelmap":
        return _labelmap(image, stated, labels)
    if method == "sphere":
        center, diameter = stated.get("centerRASMM"), positive(_number(stated, "diameterMM"), "diameter (mm)", _WHERE)
        if center is None:
            raise InputError("The center of the sphere is not stated", _WHERE, "Give centerRASMM")
        return _varied(image, stated, lambda change: sphereOccupancy(image, center, diameter + 2 * change, _WHERE),
                       f"a sphere of {diameter:g} mm", isInside=stated.get("fillVolumeML") is not None)
    found, origin = _cylinder(image, stated)
    margin = float(stated.get("marginMM") or 0.0)
    if margin < 0 and stated.get("fillVolumeML") is None:
        raise InputError("A region inside the cylinder needs the volume of its filling", _WHERE,
                         "Give fillVolumeML, or a marginMM of zero or more, which takes all of the activity in")
    words = (f"a cylinder {origin} ({2 * found.radiusMM:.4g} mm wide, {found.lengthMM:.4g} mm long), "
             f"{margin:+g} mm")
    return _varied(image, stated, lambda change: cylinderOccupancy(
        image, found.centerRAS, found.axisRAS, found.radiusMM + margin + change, found.lengthMM + 2 * (margin + change),
        _WHERE), words, isInside=margin < 0)


def _cylinder(image, stated):
    keys = ("centerRASMM", "axisRAS", "radiusMM", "lengthMM")
    given = [key for key in keys if stated.get(key) is not None]
    if not given:
        return fitCylinder(image), "found in the image"
    fitted = None if len(given) == len(keys) else fitCylinder(image)
    values = {key: stated[key] if key in given else getattr(fitted, key.replace("centerRASMM", "centerRAS"))
              for key in keys}
    origin = "as stated" if fitted is None else f"found in the image, {', '.join(given)} as stated"
    return Cylinder(np.asarray(values["centerRASMM"], float), np.asarray(values["axisRAS"], float),
                    positive(values["radiusMM"], "radius (mm)", _WHERE),
                    positive(values["lengthMM"], "length (mm)", _WHERE)), origin


def _labelmap(image, stated, labels):
    label = stated.get("label", 1)
    found = occupancy(labels, image)
    if label not in found:
        raise InputError(f"Label {label!r} is absent from the label map", _WHERE,
                         f"It holds {', '.join(str(value) for value in found)}")
    item = found[label]
    if item.fractionOutside > 0.01:
        raise InputError(f"{item.fractionOutside:.0%} of the region lies outside the image", _WHERE)
    share = _share(item.volumeML, stated) if stated.get("fillVolumeML") is not None else 1.0
    return RegionSignal(signalInside(image, item), share, None, f"label {label} of a label map", item.volumeML)


def _varied(image, stated, painted, words, isInside):
    """The region, and what half a voxel more or less changes of signal over activity."""
    half = float(np.mean(image.spacingMM)) / 2.0
    ratios = []
    for change in (-half, 0.0, half):
        item = painted(change)
        signal = signalInside(image, item)
        share = _share(item.volumeML, stated) if isInside else 1.0
        ratios.append(signal / share)
        if change == 0.0:
            chosen = RegionSignal(signal, share, 0.0, words, item.volumeML)
    if not ratios[1] > 0:
        return chosen  # which is refused in words by whoever makes a sensitivity of it
    spread = max(abs(ratio - ratios[1]) for ratio in ratios) / ratios[1] / math.sqrt(3.0)
    return replace(chosen, relativeUncertainty=spread)


def _share(volumeML, stated):
    filled = positive(_number(stated, "fillVolumeML"), "volume of the filling (mL)", _WHERE)
    if volumeML > filled * 1.001:
        raise InputError(f"The region ({volumeML:.5g} mL) is larger than the filling ({filled:.5g} mL)", _WHERE,
                         "Check both, or give a smaller region")
    return volumeML / filled


def _number(stated, key):
    value = stated.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InputError(f"{key} is not a number", _WHERE, f"Give {key}")
    return value
