"""Whether planar views are what the planar file takes them for, each pair by itself and all of a series together."""

import numpy as np

from ..errors import Faults, InputError
from ..imaging import planarAlignment
from .activityImage import TIME_DISAGREEMENT_HOURS
from .calibrationRecord import windowLimits
from .planarFile import SIDES
from .protocol import hoursBetween, parseDateTime

# By what the correlation of both views is the better, and what it leaves the less by, where one of them is the mirror
# image of what is stated.
_MIRROR_LEAD, _MIRROR_RATIO = 0.03, 2.0
# Duration of a whole-body scan over its length at its speed: vendors count the ends of the table differently.
_LARGEST_DURATION_RATIO = 2.0
_DURATION_TOLERANCE = 0.01
# Of a region's lines.
_NOTABLE_CUT = 0.02
# What tells the images of one series apart from those of another one, and what is lost where they differ.
_SAME = (("patientId", "patients", "Give images of one patient"),)
_ALIKE = (("camera", "cameras"), ("collimator", "collimators"))


def pairWords(image, item, views, name):
    """What is doubtful of a pair of views by itself.

    Raises
    ------
    InputError, FaultList
        A view from another side than stated, one that stands for both sides, windows that do not lie beside each
        other, counts that are corrected for decay.
    """
    faults = Faults()
    if views["anterior"]["main"] is views["posterior"]["main"]:
        faults.add("One view is taken for both sides", f"{name}: detectors", "Name two detectors")
    for side, other in (SIDES, SIDES[::-1]):
        title = views[side]["main"].title.lower()
        if other in title and side not in title:
            faults.add(f"The {side} view is '{views[side]['main'].title}' by its file", f"{name}: detectors",
                       "Exchange the numbers of the detectors")
        with faults.collect():
            _requireWindows(views[side], f"{name}, {side}: windows")
    stated = image.facts.get("decayCorrection")
    if stated is not None and stated.value not in ("NONE", "START"):
        faults.add(f"The counts are corrected for decay ({stated.detail})", name,
                   "Export the image as it was counted: the course in time holds the decay")
    source = image.facts.get("photonSource")
    if source is not None and source.value == "TRANSMISSION":
        faults.add(f"This is a transmission scan ({source.detail})", name,
                   "Give views of the patient's activity; name it under attenuation")
    if image.kind == "WHOLE BODY" and item.get("durationSeconds") is not None:
        faults.add("A duration is stated for a whole-body scan, which sees each point by its speed", name,
                   "Leave durationSeconds out")
    faults.raiseIfAny()
    return _speedWords(image, name) + _durationWords(image, item, name)


def requireOpposed(views, isMirrored, name):
    """Refuse a pair whose posterior view fits the anterior one better the other way around than stated."""
    if isMirrored is None or views["anterior"]["main"].counts.shape != views["posterior"]["main"].counts.shape:
        return
    front, behind = (planarAlignment.smoothed(views[side]["main"].counts, views[side]["main"].pixelSpacingMM)
                     for side in SIDES)
    stated, other = (_correlation(front, values) for values in (
        (behind[:, ::-1], behind) if isMirrored else (behind, behind[:, ::-1])))
    if other > stated + _MIRROR_LEAD and 1.0 - stated > _MIRROR_RATIO * (1.0 - other):
        raise InputError(f"The posterior view is {'' if isMirrored else 'not '}taken as the mirror image of the "
                         f"anterior one, and fits it better the other way around (correlation {other:.2f}, "
                         f"{stated:.2f} as stated)", f"{name}: orientation",
                         "Check orientation or isPosteriorMirrored, and which view is which")


def seriesWords(scans, isDrawn, start=None, patientIds=()):
    """What is doubtful of all images together.

    Parameters
    ----------
    scans : list of tuple
        Name, entry of the planar file, image and views of each.
    isDrawn : bool
        Whether regions are given by pixels.
    start : datetime, optional
        Administration; left out, that of the files, else the times are compared with each other alone.
    patientIds : sequence of str
        Of the study that the views belong to.

    Raises
    ------
    InputError, FaultList
        One scan given twice, several patients, energy windows or, where regions are drawn, sizes of pixels.
    """
    faults, seen, firsts = Faults(), {}, {}
    for name, _item, image, views in scans:
        key = tuple(views[side]["main"].counts.tobytes() for side in SIDES)
        if key in seen:
            faults.add(f"The image holds the same counts as {seen[key]}", name, "Give each scan once")
        seen.setdefault(key, name)
        for side in SIDES:
            view = views[side]["main"]
            limits = windowLimits(view.title)
            own = [("Main energy window", limits, f"{view.title}", "Name the same window in all images")]
            if isDrawn:
                own.append(("Pixels", (*view.counts.shape, *(round(step, 3) for step in view.pixelSpacingMM)),
                            "{} x {} of {:g} x {:g} mm".format(*view.counts.shape, *view.pixelSpacingMM),
                            "Regions drawn in pixels need images alike: export them alike, or project the regions"))
            for what, value, words, mend in own:
                first = firsts.setdefault(what, (value, words, name))
                if value != first[0] and None not in (value, first[0]):
                    faults.add(f"{what} of the {side} view: {words}, of {first[2]}: {first[1]}", name, mend)
    for key, what, mend in _SAME:
        found = _values(scans, key)
        if len(found) > 1:
            faults.add(f"The images are of several {what} by their headers ({', '.join(found)})", "planar images", mend)
    faults.raiseIfAny()
    words = [f"The images are of several {what} ({', '.join(_values(scans, key))}): their counts are compared as if "
             "of one sensitivity" for key, what in _ALIKE if len(_values(scans, key)) > 1]
    others = [value for value in _values(scans, "patientId") if value not in patientIds]
    if patientIds and others:
        words.append(f"The views are of patient {', '.join(others)}, the study's images of {', '.join(patientIds)}")
    return words + _timeWords(scans, start)


def cutWords(name, projection, fractions=None):
    """Words on a region along whose lines the CT ends within the body.

    Parameters
    ----------
    name : str
        Of the region.
    projection : Projection
    fractions : numpy.ndarray, optional
        Pixels of the anterior view, of a region that the CT does not have.
    """
    weights = projection.regions[name].sourceCM if name in projection.regions else fractions[projection.window]
    total = float(weights.sum(dtype=float))
    share = float((weights * projection.isCut).sum(dtype=float)) / total if total > 0 else 0.0
    if not share > _NOTABLE_CUT:
        return []
    return [f"{name}: on {share:.0%} of its lines the CT ends within the body: what attenuates beyond it is missing, "
            "and the activity comes out too low"]


def _requireWindows(views, where):
    """Scatter windows lie below and above the main one, and beside it."""
    limits = {window: windowLimits(view.title) for window, view in views.items()}
    if len({id(view) for view in views.values()}) < len(views):
        raise InputError("One energy window is taken for two", where, "Give main, lower and upper their own numbers")
    if "lower" not in views or None in limits.values():
        return
    (low, high), width = limits["main"], limits["main"][1] - limits["main"][0]
    for window, edge, sign in (("lower", low, -1.0), ("upper", high, 1.0)):
        own = limits[window]
        # some are centered at the edge of the main window
        distance = sign * ((own[0] + own[1]) / 2.0 - edge)
        half = (own[1] - own[0]) / 2.0
        if distance < -half / 2.0 or distance - half > width:
            raise InputError(f"The {window} window ({own[0]:g} to {own[1]:g} keV) does not lie beside the main one "
                             f"({low:g} to {high:g} keV)", where, "Correct the numbers of the windows")


def _speedWords(image, name):
    """A speed that does not fit length and duration of the scan, as one in other units does not."""
    facts = [image.facts.get(key) for key in ("scanLengthMM", "scanVelocityMMPerSecond", "durationSeconds")]
    if image.kind != "WHOLE BODY" or None in facts:
        return []
    length, speed, duration = (fact.value for fact in facts)
    if 1.0 / _LARGEST_DURATION_RATIO < duration * speed / length < _LARGEST_DURATION_RATIO:
        return []
    return [f"{name}: {length:g} mm at {speed:g} mm/s take {length / speed:.4g} s, and the file states a duration of "
            f"{duration:g} s: check the speed, by which the activity goes"]


def _durationWords(image, item, name):
    stated, own = item.get("durationSeconds"), image.facts.get("durationSeconds")
    if stated is None or own is None or abs(stated / own.value - 1.0) < _DURATION_TOLERANCE:
        return []
    return [f"{name}: a duration of {stated:g} s is stated, and the file states {own.value:g} s"]


def _correlation(first, second):
    if not (first.std() > 0 and second.std() > 0):
        return 0.0
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])


def _values(scans, key):
    found = [image.facts[key].value for _name, _item, image, _views in scans if key in image.facts]
    return list(dict.fromkeys(str(value) for value in found))


def _timeWords(scans, start):
    """Stated times that are not those of the headers."""
    words, first = [], None
    for name, item, image, _views in scans:
        moment = image.facts.get("acquisitionDateTime")
        if moment is None:
            continue
        moment, stated = parseDateTime(moment.value, name), float(item["hoursAfterAdministration"])
        injected = image.facts.get("radiopharmaceuticalStartDateTime")
        origin = start or (None if injected is None else parseDateTime(injected.value, name))
        first = first or (moment, stated, name)
        try:
            if origin is not None:
                hours, by = hoursBetween(origin, moment, name), "by the header"
            else:
                hours = first[1] + hoursBetween(first[0], moment, name)
                by = f"by the headers, if {first[2]} is right"
        except InputError as error:
            # only compared: the stated time counts
            words.append(f"{name}: the time after administration cannot be compared with the header: {error.what}")
            continue
        if abs(hours - stated) > TIME_DISAGREEMENT_HOURS:
            words.append(f"{name}: the time after administration of {stated:g} h disagrees with {hours:.4g} h {by}")
    return words
