"""Where planar views lie in a CT, what the CT says along their lines, and whether both lie as stated."""

from dataclasses import dataclass, field, replace

import numpy as np

from ..errors import InputError
from ..imaging import planarAlignment
from ..imaging.planarProjection import PlanarGeometry, Projection, project
from ..physics.nuclides import nuclide
from . import planarViews
from .calibrationRecord import windowLimits
from .planarFile import SIDES

# Half a liver's border: beyond it, counts and attenuation are those of other lines.
NOTABLE_MM = 10.0
# No patient lies this far from where the table says: the stated position is wrong.
ABSURD_MM = 50.0
# Below it, the regions do not show in the view and say nothing of its position.
_LEAST_EXPLAINED = 0.3
_MIRROR_LEAD = 0.05
_REACH_MM = 150.0
_KEV_PER_MEV = 1000.0


@dataclass(frozen=True)
class Patient:
    """What is known of the patient in the coordinates of a CT: the CT and label images with their names."""

    ct: object
    layers: tuple


@dataclass
class Lines:
    """A planar pair on a projected CT.

    Attributes
    ----------
    projection : Projection
        Of the anterior view.
    isPosteriorMirrored : bool
    """

    projection: Projection
    isPosteriorMirrored: bool
    _distances: dict = field(default_factory=dict)

    def distanceMM(self, name):
        """Distance of every pixel of the whole view to those that show a region (0 on them)."""
        if name not in self._distances:
            self._distances[name] = self.projection.distanceMM(name)
        return self._distances[name]

    def asSeenFrom(self, side, fractions):
        """An area of the anterior view as a view shows it."""
        return fractions[:, ::-1] if side == "posterior" and self.isPosteriorMirrored else fractions


def orientations(content, views, name):
    """Letters of both views: what their file says, else what is stated, else the anterior one mirrored or not.

    Returns
    -------
    dict of str to (tuple of 2 str or None)

    Raises
    ------
    InputError
        The file says otherwise than what is stated.
    """
    found = {}
    for side in SIDES:
        stated = (content.get("orientation") or {}).get(side)
        letters = None if stated is None else _letters(stated, f"{name}, orientation.{side}")
        own = views[side]["main"].orientation
        if own is not None and letters is not None and own != letters:
            raise InputError(f"The {side} view goes on toward {own[0]} and {own[1]} by its file, and toward "
                             f"{letters[0]} and {letters[1]} as stated", name, "Correct orientation, or leave it out")
        found[side] = own or letters
    isMirrored, first = content.get("isPosteriorMirrored"), found["anterior"]
    if found["posterior"] is None and first is not None and isMirrored is not None:
        found["posterior"] = ("RL"["RL".index(first[0]) ^ 1] if isMirrored else first[0], first[1])
    if None not in found.values() and found["anterior"][1] != found["posterior"][1]:
        raise InputError("One view has the head at the top and the other one the feet", name, "Correct the orientation")
    if None not in found.values() and isMirrored is not None and isMirrored != _isMirrored(found):
        raise InputError("isPosteriorMirrored does not fit the orientation of both views", name, "Correct one of them")
    return found


def isPosteriorMirrored(content, letters):
    """Whether the posterior view is the mirror image, ``None`` where nothing tells."""
    return content.get("isPosteriorMirrored") if None in letters.values() else _isMirrored(letters)


def _isMirrored(letters):
    return letters["anterior"][0] != letters["posterior"][0]


def _letters(text, where):
    parts = tuple(part.strip().upper() for part in str(text).replace("/", "\\").split("\\"))
    if len(parts) != 2 or parts[0] not in ("R", "L") or parts[1] not in ("H", "F"):
        raise InputError(f"'{text}' is no orientation of a view", where,
                         "Give the sides toward which columns and rows go on, e.g. L\\F (in JSON \"L\\\\F\")")
    return parts


def geometryOf(content, item, views, letters, middle, name):
    """The :class:`PlanarGeometry` of the anterior view of an image, around a position (mm) or the stated one."""
    main = views["anterior"]["main"]
    if views["posterior"]["main"].counts.shape != main.counts.shape \
            or not np.allclose(views["posterior"]["main"].pixelSpacingMM, main.pixelSpacingMM):
        raise InputError("Both views have not the same pixels", name, "Export them alike")
    if None in letters.values():
        missing = [side for side in SIDES if letters[side] is None]
        raise InputError(f"How the {' and the '.join(missing)} view lies in the patient is not known: the file does "
                         "not say it", name, 'State orientation, e.g. {"anterior": "L\\\\F", "posterior": "R\\\\F"}: '
                         "the patient's sides toward which columns and rows go on")
    geometry = PlanarGeometry(main.counts.shape, tuple(main.pixelSpacingMM), letters["anterior"], tuple(middle))
    right, superior = item.get("shiftMM") or (0.0, 0.0)
    if item.get("shiftPixels"):
        right, superior = (sign * pixels * step for sign, pixels, step in zip(
            geometry.signs, item["shiftPixels"], geometry.spacingMM[::-1], strict=True))
    return PlanarGeometry(geometry.shape, geometry.spacingMM, geometry.orientation,
                          (middle[0] - right, middle[1] - superior))


def shiftPixels(item, geometry):
    """How far the patient of an image lies from the first one's place, in columns and rows of the anterior view."""
    if item.get("shiftMM") is None:
        return tuple(item.get("shiftPixels") or (0.0, 0.0))
    return tuple(sign * shift / step for sign, shift, step in zip(geometry.signs, item["shiftMM"],
                                                                  geometry.spacingMM[::-1], strict=True))


def linesOf(content, item, views, patient, energyMeV, name, cache):
    """The :class:`Lines` of an image, what is doubtful of its position, and what was found of it.

    Parameters
    ----------
    cache : dict
        Projections of images that lie alike; filled.

    Returns
    -------
    Lines
    list of str
    dict
        ``patternShiftMM`` (what the position would have to be changed by for the best fit), ``outlineMismatchMM``,
        ``outlineShiftMM``, ``None`` where it does not show; ``isRefined``: whether the change was made.

    Raises
    ------
    InputError
        A position that is not stated (with the one that fits best), or absurd.
    """
    letters = orientations(content, views, name)
    middle = (content.get("alignment") or {}).get("middleRSMM")
    images = [planarViews.primaryImage(views[side], name)[0] for side in SIDES]
    isMirrored = isPosteriorMirrored(content, letters)
    mean = planarAlignment.opposedMean(*images, isMirrored, views["anterior"]["main"].pixelSpacingMM)
    if middle is None and not patient.layers:
        raise InputError("Where the planar views lie in the CT is not stated", f"{name}: alignment.middleRSMM",
                         "Give right and superior coordinate in the middle of the view, in mm")
    if middle is None:
        corners = patient.ct.ijkToRAS @ [*((np.array(patient.ct.sizeIJK) - 1) / 2.0), 1.0]
        place = geometryOf(content, {}, views, letters, (float(corners[0]), float(corners[2])), name)
        found = planarAlignment.patternFit(mean, project(patient.ct, place, patient.layers, energyMeV))
        best = [round(start + shift) for start, shift in zip(place.middleRSMM, found.shiftRSMM, strict=True)]
        raise InputError("Where the planar views lie in the CT is not stated", f"{name}: alignment.middleRSMM",
                         f'Give right and superior coordinate in the middle of the view. The regions fit best with '
                         f'"middleRSMM": {best} ({found.explained:.0%} of the pattern explained): look at the views '
                         "before you state it")
    geometry = geometryOf(content, item, views, letters, middle, name)
    lines = linesAt(geometry, patient, energyMeV, isMirrored, cache)
    isRefined = (content.get("alignment") or {}).get("isRefined", False)
    words, shift = [], None
    if lines.projection.regions:
        words, shift = _patternWords(planarAlignment.patternFit(mean, lines.projection, _REACH_MM), name, isRefined)
    if isRefined and shift is not None:
        lines = moved(lines, shift, patient, energyMeV, cache)
    elif isRefined:
        words.append(f"{name}: the regions do not show in the views: their position is taken as stated")
    outline = planarAlignment.outlineFit(mean, lines.projection)
    if shift is None and outline is None:
        words.append(f"{name}: neither regions nor body show in the views: their position in the CT cannot be checked")
    return lines, words + _outlineWords(outline, name), {
        "patternShiftMM": shift, "isRefined": bool(isRefined and shift is not None),
        "outlineMismatchMM": None if outline is None else outline.mismatchMM,
        "outlineShiftMM": None if outline is None else outline.shiftMM}


def linesAt(geometry, patient, energyMeV, isMirrored, cache):
    """The :class:`Lines` of a geometry, from ``cache`` where they are known."""
    if geometry not in cache:
        cache[geometry] = Lines(project(patient.ct, geometry, patient.layers, energyMeV), isMirrored)
    return cache[geometry]


def moved(lines, offsetRSMM, patient, energyMeV, cache):
    """The same views with another place (right and superior, mm) in their middle."""
    geometry = lines.projection.geometry
    middle = tuple(start + offset for start, offset in zip(geometry.middleRSMM, offsetRSMM, strict=True))
    return linesAt(replace(geometry, middleRSMM=middle), patient, energyMeV, lines.isPosteriorMirrored, cache)


def _patternWords(pattern, name, isRefined):
    """What is doubtful of the position by the regions' pattern, and the change that fits best, ``None`` where the
    regions do not show."""
    if pattern.explained < _LEAST_EXPLAINED:
        return [], None
    if pattern.explainedMirrored > pattern.explained + _MIRROR_LEAD:
        raise InputError(f"The views fit the regions better with left and right exchanged "
                         f"({pattern.explainedMirrored:.0%} of the pattern explained, {pattern.explained:.0%} as "
                         "stated)", f"{name}: orientation", "Check the orientation of the views, and which is which")
    right, superior = pattern.shiftRSMM
    if pattern.distanceMM <= NOTABLE_MM:
        return [], [right, superior]
    told = (f"The regions fit the views best {abs(right):.0f} mm further to the patient's "
            f"{'right' if right < 0 else 'left'} and {abs(superior):.0f} mm further to the "
            f"{'head' if superior < 0 else 'feet'} than stated ({pattern.explained:.0%} of the pattern explained, "
            f"{pattern.explainedHere:.0%} as stated)")
    if pattern.distanceMM > ABSURD_MM:
        raise InputError(told, f"{name}: alignment.middleRSMM",
                         f"Correct middleRSMM by {right:+.0f} and {superior:+.0f} mm, or the image's shiftMM")
    return [f"{name}: {told[0].lower()}{told[1:]}: " + (
        "measured there (isRefined)" if isRefined else "check alignment.middleRSMM and the image's shiftMM")], \
        [right, superior]


def _outlineWords(outline, name):
    """What is doubtful of the position by the contour of the body."""
    if outline is None or outline.mismatchMM <= NOTABLE_MM:
        return []
    told = (f"The contour of the body lies {outline.mismatchMM:.0f} mm from that of the CT (the patient "
            f"{abs(outline.shiftMM):.0f} mm further to the {'right' if outline.shiftMM > 0 else 'left'}, "
            f"{abs(outline.widthMM):.0f} mm {'wider' if outline.widthMM > 0 else 'narrower'})")
    if abs(outline.shiftMM) > ABSURD_MM:
        raise InputError(told, f"{name}: alignment.middleRSMM", "Correct middleRSMM, or the image's shiftMM")
    return [f"{name}: {told[0].lower()}{told[1:]}: arms beside the body, a cut-off CT, or another position"]


def emissionKeV(attenuation, radionuclide, view, where):
    """Energy of the photons that a view counts: stated, else of the strongest line in the main window.

    Raises
    ------
    InputError
        No such line, or a stated energy outside of the window.
    """
    limits, stated = windowLimits(view.title), (attenuation or {}).get("energyKeV")
    if stated is not None:
        if limits is not None and not limits[0] <= stated <= limits[1]:
            raise InputError(f"Photons of {stated:g} keV are not in the main window ({limits[0]:g} to {limits[1]:g} "
                             "keV)", where, "Correct energyKeV, or windows.main")
        return float(stated)
    if radionuclide is None:
        raise InputError("The radionuclide is not known", where, "State radionuclide, or attenuation.energyKeV")
    lines = nuclide(radionuclide).photonLines
    found = next((line.energyKeV for line in lines if limits is None or limits[0] <= line.energyKeV <= limits[1]), None)
    if found is None:
        raise InputError(f"No photons of {nuclide(radionuclide).name} are known in the main window"
                         + ("" if limits is None else f" ({limits[0]:g} to {limits[1]:g} keV)"), where,
                         "State attenuation.energyKeV, or correct windows.main")
    return found
