"""Which frame of a nuclear medicine object is what: energy window, detector, slice (PS3.3 C.8.4.8)."""

from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from .elements import firstItem, items, number, tagName, tagText, text, value, wholeNumber

ENERGY_WINDOW, DETECTOR, SLICE = 0x00540010, 0x00540020, 0x00540080
_VECTORS = {ENERGY_WINDOW: "EnergyWindowVector", DETECTOR: "DetectorVector"}
_DESCRIPTIONS = {
    "EnergyWindowVector": "EnergyWindowInformationSequence", "DetectorVector": "DetectorInformationSequence",
}  # fmt: skip
_MOST_FRAMES = 65535


@dataclass(frozen=True)
class Window:
    """An energy window: its name as the file has it, and its limits in keV."""

    name: str
    rangesKeV: tuple

    def __str__(self):
        ranges = ", ".join(f"{low:g} to {high:g} keV" for low, high in self.rangesKeV)
        return f"{self.name} ({ranges})" if self.name and ranges else self.name or ranges or "not described"


def frameCount(dataset, where):
    """Number of frames, one where it is not stated."""
    return wholeNumber(dataset, "NumberOfFrames", 1, _MOST_FRAMES) or 1


def framePointers(dataset, where):
    """Tags of the vectors that tell the frames apart, in the order of the file."""
    pointer = value(dataset, "FrameIncrementPointer")
    if pointer is None:
        return []
    try:
        return [int(pointer)] if isinstance(pointer, int | str) else [int(tag) for tag in pointer]
    except (TypeError, ValueError) as error:
        raise InputError(f"{tagName('FrameIncrementPointer')} names no tags", where, "Export it again") from error


def vector(dataset, keyword, frames, where):
    """Numbers of a vector, one per frame from 1, or None where it is absent or empty."""
    found = value(dataset, keyword)
    if found is None or hasattr(found, "__len__") and len(found) == 0:
        return None
    try:
        result = np.array([int(item) for item in (found if hasattr(found, "__len__") else [found])])
    except (TypeError, ValueError) as error:
        raise InputError(f"{tagName(keyword)} holds no whole numbers", where, "Export it again") from error
    described = len(items(dataset, _DESCRIPTIONS[keyword])) if keyword in _DESCRIPTIONS else 0
    if described and result.max() > described:
        raise InputError(
            f"{tagName(keyword)} goes to {result.max()}, but {tagName(_DESCRIPTIONS[keyword])} describes {described}",
            where, "Export it again",
        )  # fmt: skip
    if len(result) != frames or result.min() < 1:
        raise InputError(
            f"{tagName(keyword)} does not number the {frames} frames {tagText('NumberOfFrames')} of the file", where,
            "Export it again",
        )  # fmt: skip
    return result


def energyWindows(dataset):
    """The energy windows the file describes, in its order."""
    found = []
    for item in items(dataset, "EnergyWindowInformationSequence"):
        ranges = []
        for bounds in items(item, "EnergyWindowRangeSequence"):
            low, high = number(bounds, "EnergyWindowLowerLimit"), number(bounds, "EnergyWindowUpperLimit")
            if low is not None and high is not None:
                ranges.append((low, high))
        found.append(Window(text(item, "EnergyWindowName"), tuple(ranges)))
    return found


def detectorName(dataset, index):
    """What a detector of the file is called: its view where that is coded."""
    found = items(dataset, "DetectorInformationSequence")
    view = firstItem(found[index - 1], "ViewCodeSequence") if index <= len(found) else None
    meaning = "" if view is None else text(view, "CodeMeaning")
    return f"detector {index}" + (f" ({meaning})" if meaning else "")


def chosenFrames(dataset, stated, where):
    """Frames of the one image that is meant, where an object holds several energy windows or detectors.

    Returns
    -------
    tuple of (numpy.ndarray of int, int or None, int or None)
        Frame indices in the order of the file; numbers of the energy window and of the detector (from 1), None where
        the frames do not differ in it.

    Raises
    ------
    InputError
        When there are several and none, or one that is not there, is chosen; they are named.
    """
    frames = frameCount(dataset, where)
    pointers = framePointers(dataset, where)
    if pointers and not {SLICE} <= set(pointers) <= {ENERGY_WINDOW, DETECTOR, SLICE}:
        raise InputError(
            f"The frames are not the slices of one volume ({tagName('FrameIncrementPointer')})", where,
            "Export the reconstructed slices alone",
        )  # fmt: skip
    kept = np.arange(frames)
    window = detector = None
    numbering = vector(dataset, "EnergyWindowVector", frames, where)
    if numbering is not None:
        windows = energyWindows(dataset)
        names = {int(n): str(windows[n - 1]) if n <= len(windows) else "not described" for n in np.unique(numbering)}
        window = _choose(stated.energyWindow, names, "energy window", "energyWindow", _VECTORS[ENERGY_WINDOW], where)
        kept = kept[numbering[kept] == window]
    elif stated.energyWindow not in (None, 1):
        raise InputError(f"The file does not tell energy windows apart ({tagName('EnergyWindowVector')})", where)
    numbering = vector(dataset, "DetectorVector", frames, where)
    if numbering is not None:
        names = {int(n): detectorName(dataset, int(n)) for n in np.unique(numbering)}
        detector = _choose(stated.detector, names, "detector", "detector", _VECTORS[DETECTOR], where)
        kept = kept[numbering[kept] == detector]
    if not len(kept):
        raise InputError("The file holds no frame of that energy window and detector", where)
    return kept, window, detector


def _choose(wanted, names, what, key, keyword, where):
    listed = "; ".join(f"{index}: {name}" for index, name in names.items())
    if wanted is None:
        if len(names) > 1:
            raise InputError(
                f"The file holds images of several {what}s ({tagName(keyword)}): {listed}", where,
                f"Say which is meant ({key})",
            )  # fmt: skip
        return next(iter(names))
    if isinstance(wanted, int):
        matching = [index for index in names if index == wanted]
    else:
        matching = [index for index, name in names.items() if wanted.strip().lower() in name.lower()]
    if len(matching) != 1:
        raise InputError(f"The {what} '{wanted}' is not one of {listed}", where, f"Correct {key}")
    return matching[0]


def sliceOrder(dataset, kept, where):
    """Indices that put the kept frames in the order of the Slice Vector, and warnings.

    Raises
    ------
    InputError
        When the slices are not numbered from 1 to their count.
    """
    slices = wholeNumber(dataset, "NumberOfSlices", 1)
    if slices is not None and slices != len(kept):
        raise InputError(
            f"The file states {slices} slices and {len(kept)} frames ({tagText('NumberOfSlices')}, "
            f"{tagText('NumberOfFrames')})", where,
        )  # fmt: skip
    if len(kept) < 2:
        raise InputError(f"There is only one slice; a volume needs all slices ({tagName('NumberOfFrames')})", where)
    numbering = vector(dataset, "SliceVector", frameCount(dataset, where), where)
    if numbering is None:
        warning = f"The file does not number its slices ({tagName('SliceVector')}); their order in the file is used"
        return kept, [warning]
    numbering = numbering[kept]
    if not np.array_equal(np.sort(numbering), np.arange(1, len(kept) + 1)):
        raise InputError(
            f"The slice numbers of the file are not 1 to the number of slices ({tagName('SliceVector')})", where
        )
    return kept[np.argsort(numbering)], []
