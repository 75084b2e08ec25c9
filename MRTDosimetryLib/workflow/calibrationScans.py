"""Scans of a calibration: read from image, planar view or stated counts, checked against what is calibrated."""

import os

import numpy as np

from ..dicom.stated import NOTHING_STATED, Stated
from ..errors import InputError
from ..imaging.checks import requireFinite
from ..physics import counting, deadTime
from ..physics.decay import acquisitionDecayFactor
from ..physics.nuclides import nuclide
from ..physics.units import SECONDS_PER_HOUR, concentrationFactorToBqPerML
from . import calibrationRecord, planarViews
from .activityImage import seriesFacts
from .protocol import parseDateTime, positiveNumber

# Decay during a scan that is worth a word where the image does not say whether it is corrected for it.
_NOTABLE_DECAY = 0.002


class Measured:
    """A scan of a phantom, ready to be measured.

    Attributes
    ----------
    image : Volume or None
        Counts per second per voxel, or Bq/mL; ``None`` where only counts are known.
    isCalibrated : bool
        Whether the image is in Bq/mL.
    moment : datetime.datetime
    durationSeconds : float
    isCorrected : bool
        For decay during the scan.
    net : NetRate or None
        Of stated counts or of a planar view.
    region : str
        What the counts are of, where there is no image.
    words : list of str
        What is doubtful.
    """

    def __init__(self, name, image, isCalibrated, moment, durationSeconds, isCorrected, net, words, region=""):
        self.name, self.image, self.isCalibrated, self.moment = name, image, isCalibrated, moment
        self.durationSeconds, self.isCorrected, self.net, self.words = durationSeconds, isCorrected, net, words
        self.region = region


def read(item, folder, where, statement, dead):
    """One scan with its time, duration and unit settled, corrected for dead time where its full-field rate is given.

    Parameters
    ----------
    item : dict
        Of the calibration file.
    folder : str
        That its paths are relative to.
    where : str
    statement : dict
        All that is stated.
    dead : dict or None
        Dead time, with ``microseconds`` and ``model``.

    Returns
    -------
    Measured

    Raises
    ------
    InputError
        Something is not known, or the scan is of another nuclide by its header.
    """
    full = item.get("fullFieldCountRateCps")
    factor = 1.0
    if full is not None:
        if dead is None:
            raise InputError("A full-field count rate is stated, but no dead time", where, "State deadTime as well")
        true = deadTime.trueRate(full, dead["microseconds"], dead["model"], where)
        factor = true.rateCps / full if full else 1.0
    if item.get("counts") is not None:
        return _stated(item, where, factor)
    if item.get("planar") is not None:
        return _planar(item, folder, where, statement, factor)
    return _tomographic(item, folder, where, statement, factor)


def _tomographic(item, folder, where, statement, factor):
    from ..dicom import readers

    label = os.path.basename(os.path.normpath(item["image"]))
    choice = {key: item[key] for key in ("energyWindow", "detector") if item.get(key) is not None}
    stated = Stated.fromDict(choice, where, "file") if choice else NOTHING_STATED
    series = readers.readEmission(os.path.join(folder, item["image"]), label, stated=stated)
    image, facts = series.volume, seriesFacts(series)
    requireFinite(image)
    words = headerWords(facts, item, statement, where)
    unit = item.get("unit") or _value(facts, "unit")
    if not unit:
        raise InputError("The unit of the image is not known", where,
                         "State unit: counts, cps, Bq/mL, kBq/mL or MBq/mL")
    moment = _moment(item, facts, where)
    duration = positiveNumber(item.get("durationSeconds") or _value(facts, "durationSeconds"), "duration of the scan",
                              where)
    isCalibrated = str(unit).lower() not in ("counts", "cps")
    scale = factor
    if isCalibrated:
        scale *= concentrationFactorToBqPerML(unit)
    elif str(unit).lower() == "counts":
        scale /= duration
    isCorrected, decayWords = _isDecayCorrected(item, facts, isCalibrated, duration, statement, where)
    image = image.withArray((image.array * scale).astype(np.float32), unit="Bq/mL" if isCalibrated else "cps",
                            name=label)
    return Measured(where, image, isCalibrated, moment, duration, isCorrected, None, words + decayWords)


def _stated(item, where, factor):
    duration = positiveNumber(item.get("durationSeconds"), "duration of the scan", where)
    net = counting.netRate(item["counts"], duration, item.get("backgroundCounts", 0),
                           item.get("backgroundSeconds", duration), where=where)
    return Measured(where, None, False, _moment(item, {}, where), duration, item.get("isDecayCorrected") is True,
                    _scaled(net, factor), [], "counts as stated")


def _planar(item, folder, where, statement, factor):
    """Counts of a planar view, less scatter by the windows beside it and less a background that is stated."""
    from ..dicom.planar import readPlanar

    image = readPlanar(os.path.join(folder, item["planar"]))
    if image.kind != "STATIC":
        raise InputError("A whole-body scan cannot be calibrated with: its counts are of a moving table", where,
                         "Give a static planar image")
    facts = {key: fact.toDict() for key, fact in image.facts.items()}
    duration = positiveNumber(item.get("durationSeconds") or _value(facts, "durationSeconds"), "duration of the scan",
                              where)
    views = planarViews.chosen(image, item.get("detector"), item.get("windows"), where)
    facts["energyWindow"] = {"value": views["main"].title}
    fractions, region = planarViews.areaOf(views["main"], item.get("corners"), where)
    counts, spread, words = planarViews.primary(views, fractions, where)
    background = float(item.get("backgroundCounts") or 0.0)
    pause = positiveNumber(item.get("backgroundSeconds") or duration, "counting time of the background (s)", where)
    rate = counts / duration - background / pause
    if rate <= 0:
        raise InputError(f"The count rate ({counts / duration:.6g} per second) is not above the background "
                         f"({background / pause:.6g} per second)", where, "Check view, windows and background")
    net = counting.NetRate(rate, float(np.hypot(spread / duration, np.sqrt(background) / pause)), 0.0, 0.0)
    words = [*headerWords(facts, item, statement, where), *image.warnings, *words]
    return Measured(where, None, False, _moment(item, facts, where), duration, item.get("isDecayCorrected") is True,
                    _scaled(net, factor), [text if text.startswith(where) else f"{where}: {text}" for text in words],
                    f"{region} of {views['main'].title}" + (", scatter by the windows beside it taken off"
                                                            if "lower" in views else ""))


def _scaled(net, factor):
    """A net rate multiplied by what dead time took."""
    if factor == 1.0:
        return net
    return counting.NetRate(net.rateCps * factor, net.uncertaintyCps * factor, 1.0 - 1.0 / factor,
                            net.decisionThresholdCps * factor)


def headerWords(facts, item, statement, where):
    """What the header of a scan says against the statement; a scan of another nuclide is refused.

    Returns
    -------
    list of str

    Raises
    ------
    InputError
        Another nuclide, unless ``nuclideReason`` says why the header is wrong.
    """
    own, found, words = nuclide(statement["radionuclide"]).name, _value(facts, "radionuclide"), []
    if found and found != own:
        reason = str(item.get("nuclideReason") or "").strip()
        if not reason:
            raise InputError(f"The scan is of {found} by its header, the calibration is for {own}", where,
                             f"Give a scan of {own}, or say why the header is wrong")
        words.append(f"{where}: the scan is of {found} by its header, taken as {own} because: {reason}")
    for key, title in calibrationRecord.SETTINGS.items():
        stated, header = statement.get(key), _value(facts, key)
        if stated and header and not calibrationRecord.isSameSetting(key, stated, header):
            words.append(f"{where}: the header states the {title} {calibrationRecord.settingText(header)}, the "
                         f"calibration {calibrationRecord.settingText(stated)}")
    return words


def _value(facts, key):
    return (facts.get(key) or {}).get("value")


def _moment(item, facts, where):
    moment = item.get("acquisitionDateTime") or _value(facts, "acquisitionDateTime")
    if moment is None:
        raise InputError("The date and time of the scan are not known", where, "State acquisitionDateTime")
    return parseDateTime(moment, f"{where}: acquisitionDateTime")


def _isDecayCorrected(item, facts, isCalibrated, duration, statement, where):
    stated = item.get("isDecayCorrected")
    if isinstance(stated, bool):
        return stated, []
    state = str(_value(facts, "decayCorrection") or "").upper()
    if state in ("START", "NONE"):
        return state == "START", []
    if state == "ADMIN" or state[:4].isdigit():
        raise InputError("The image is decay-corrected to another time than the start of the scan", where,
                         "Reconstruct it without decay correction, or corrected to the start of the scan")
    decay = acquisitionDecayFactor(nuclide(statement["radionuclide"]).halfLifeHours, duration / SECONDS_PER_HOUR) - 1.0
    words = [] if decay < _NOTABLE_DECAY else [
        f"{where}: the image does not say whether it is corrected for decay during the scan ({decay:.2%}); taken as "
        f"{'corrected' if isCalibrated else 'not corrected'}: state isDecayCorrected"]
    return isCalibrated, words
