"""What the user states about an image because its header is silent or wrong."""

import math
from dataclasses import dataclass

from ..errors import Faults, InputError
from .facts import Fact

_COUNTS = {"spacingBetweenSlicesMM": 1, "pixelSpacingMM": 2, "imagePositionMM": 3, "imageOrientation": 6}
_CHOICES = ("energyWindow", "detector")


@dataclass(frozen=True)
class Stated:
    """Geometry in DICOM's own terms, and which of several images of one object is meant.

    Attributes
    ----------
    spacingBetweenSlicesMM : float, optional
        Signed as in PS3.3 C.8.4.15: along row x column from the first slice.
    pixelSpacingMM : tuple of 2 float, optional
        Between rows, between columns.
    imagePositionMM : tuple of 3 float, optional
        Center of the first voxel of the first slice, left-posterior-superior.
    imageOrientation : tuple of 6 float, optional
        Direction cosines of rows and columns.
    energyWindow, detector : int or str, optional
        Number from 1, or (part of) the name of the energy window.
    reason : str
        Goes into the facts and from there into the record.
    source : str
        ``"user"`` or ``"file"`` (a study file).
    """

    spacingBetweenSlicesMM: float | None = None
    pixelSpacingMM: tuple | None = None
    imagePositionMM: tuple | None = None
    imageOrientation: tuple | None = None
    energyWindow: int | str | None = None
    detector: int | str | None = None
    reason: str = ""
    source: str = "user"

    @classmethod
    def fromDict(cls, description, where, source="user"):
        """Check and keep a description with the attributes' names as keys.

        Raises
        ------
        InputError, FaultList
            Unknown keys, values that are no such numbers, or geometry without a reason.
        """
        if not isinstance(description, dict):
            raise InputError("The stated geometry is not an object", where,
                             'Write e.g. {"spacingBetweenSlicesMM": 4.42, "reason": "..."}')  # fmt: skip
        faults, content = Faults(), {}
        known = (*_COUNTS, *_CHOICES, "reason")
        for key, given in description.items():
            if key not in known:
                faults.add(f"The key '{key}' is not known", where, f"Known are {', '.join(sorted(known))}")
            elif key in _COUNTS:
                with faults.collect():
                    content[key] = _numbers(given, _COUNTS[key], f"{where}.{key}")
            elif key in _CHOICES and (isinstance(given, bool) or not isinstance(given, int | str)):
                faults.add("This is neither a number nor a name", f"{where}.{key}", "Count from 1, or give the name")
            else:
                content[key] = given
        reason = content.get("reason", "")
        if not isinstance(reason, str) or (set(content) & set(_COUNTS) and not reason.strip()):
            faults.add("Stated geometry needs a reason", f"{where}.reason", "Say how it is known")
        faults.raiseIfAny()
        return cls(**{**content, "reason": reason.strip()}, source=source)

    def choose(self, name, found, detail, unit="mm"):
        """What counts: the stated value where there is one, else what the header has.

        Parameters
        ----------
        name : str
            Name of the attribute.
        found : object or None
            What the header has.
        detail : str
            Tag of the header.

        Returns
        -------
        tuple of (value or None, dict of Fact, list of str)
            The fact and the warning of a stated value; empty where the header counts.
        """
        own = getattr(self, name)
        if own is None:
            return found, {}, []
        listed = list(own) if isinstance(own, tuple) else own
        others = () if found is None else ({"value": found, "detail": detail},)
        fact = Fact(listed, unit, self.source, f"in place of {detail}", others, self.reason)
        words = [] if found is None or found == listed else [f"{detail} of the file is {found}; stated is {listed}"]
        return listed, {name: fact}, words


NOTHING_STATED = Stated()


def _numbers(given, count, where):
    values = [given] if count == 1 and not isinstance(given, list) else given
    isRight = isinstance(values, list | tuple) and len(values) == count and all(
        isinstance(item, int | float) and not isinstance(item, bool) and math.isfinite(item) for item in values
    )
    if not isRight:
        raise InputError(f"This is not {'a number' if count == 1 else f'a list of {count} numbers'}", where)
    return float(values[0]) if count == 1 else tuple(float(item) for item in values)
