"""A calibration record in a study: checked against each scan, its factor, dead time and uncertainty put to use."""

import os
from datetime import timedelta

from ..errors import Faults, InputError
from ..physics.deadTime import trueRate
from ..physics.decay import acquisitionDecayFactor
from ..physics.units import SECONDS_PER_HOUR
from . import calibrationRecord, uncertainty
from .activityImage import RELATIVE
from .imagedTracer import imagedDateTime, imagedNuclide
from .protocol import parseDateTime

KEY, REASON = "calibration", "calibrationReason"
# Keys of a time point in a study file that belong to the calibration.
TIME_POINT_KEYS = {KEY, REASON, "fullFieldCountRateCps", "camera", "collimator", "reconstruction", "energyWindowKeV"}
# Choice of the study: the relative uncertainty that was taken from the records, to tell it from a stated one.
_TAKEN = "calibrationUncertaintyTaken"
# Facts that applying a calibration leaves with a time point.
DEAD_TIME_UNCERTAINTY = "deadTimeUncertainty"
FACTS = (KEY, "deadTimeFactor", DEAD_TIME_UNCERTAINTY, "acquisitionDecayFactor", "crossCalibrationFactor")
# Of the true counts: a correction this large rests on the dead time alone.
_LARGE_LOSS = 0.2
_PLANAR_WORDS = "its sensitivity is of planar views, which see other scatter and attenuation than the image"


class ScanCalibration:
    """A calibration record for one scan, and what is stated of how the scan was made.

    Parameters
    ----------
    path : str
        Of the record.
    settings : dict
        Any of ``camera``, ``collimator``, ``energyWindow``, ``reconstruction``, as stated for the scan.
    fullFieldCountRateCps : float or None
        Observed, of the whole field of view; for the dead time.
    reason : str
        Why the record is used although something speaks against it.
    isReasonRequired : bool
        Whether the record is refused without one; else what speaks against it is told with the results.
    """

    def __init__(self, path, settings=None, fullFieldCountRateCps=None, reason="", isReasonRequired=False):
        self.record, self.path, self.name = calibrationRecord.load(path), os.path.abspath(path), os.path.basename(path)
        self.settings = {key: value for key, value in (settings or {}).items() if value is not None}
        self.fullFieldCountRateCps = fullFieldCountRateCps
        self.reason, self.isReasonRequired = str(reason or "").strip(), isReasonRequired

    def item(self):
        """The keys of a time point of a study file that say the same."""
        found = {KEY: self.path, "fullFieldCountRateCps": self.fullFieldCountRateCps, REASON: self.reason or None,
                 **{key: self.settings.get(key) for key in ("camera", "collimator", "reconstruction")}}
        limits = calibrationRecord.windowLimits(self.settings.get("energyWindow") or "")
        return {**found, "energyWindowKeV": None if limits is None else list(limits)}

    def prepare(self, study, facts, given, label):
        """Check the record against the scan, and give the scan its calibration factor; returns words to look at.

        Raises
        ------
        InputError, FaultList
            Another nuclide, a factor stated beside the record, or a record that lacks what the image needs.
        """
        faults, record = Faults(), self.record
        with faults.collect():
            calibrationRecord.requireNuclide(record, imagedNuclide(study).name, f"{label}, {self.name}")
        unit = str(given.unit if given.unit is not None else (facts.get("unit") or {}).get("value") or "").lower()
        sensitivity = record.get("sensitivity")
        if unit == RELATIVE:
            faults.add("A calibration is named for an image in relative units", f"{label}, {self.name}",
                       "Leave the calibration out: only the shares of the regions count")
        if unit == "counts":
            if given.calibrationFactorBqPerCps is not None or "calibrationFactorBqPerCps" in facts:
                faults.add("Both a calibration record and a calibration factor are given", label,
                           "Give one of them")
            elif sensitivity is None or sensitivity["isRatio"]:
                faults.add("The image is in counts, and the calibration holds no sensitivity in counts",
                           f"{label}, {self.name}", "Give a calibration with a sensitivity scan in counts")
            else:
                given.calibrationFactorBqPerCps = sensitivity["factor"]
        if self.fullFieldCountRateCps is not None and record.get("deadTime") is None:
            faults.add("A full-field count rate is stated, but the calibration holds no dead time",
                       f"{label}, {self.name}", "Calibrate with deadTime, or take the rate out")
        header = {key: (facts.get(key) or {}).get("value") for key in calibrationRecord.SETTINGS}
        settings, moment = {**header, **self.settings}, momentOf(study, facts)
        against = calibrationRecord.contradictions(record, settings, moment)
        words = calibrationRecord.validityWords(record, settings, moment)
        if sensitivity is not None and sensitivity.get("isPlanar") and unit == "counts":
            against.append(_PLANAR_WORDS)
            words.append(_PLANAR_WORDS)
        if against and self.isReasonRequired and not self.reason:
            for text in against:
                faults.add(f"{text[:1].upper()}{text[1:]}", f"{label}, {self.name}",
                           "Choose another calibration, or say why this one is used")
        faults.raiseIfAny()
        facts[KEY] = {**given.fact(record["digest"], "", f"{self.name}: {record['camera']}, {record['date']}"),
                      "reason": self.reason if against else ""}
        for key, value in self.settings.items():
            if key not in facts:
                facts[key] = given.fact(calibrationRecord.settingText(value).strip("'"), "", "stated for the scan")
        if self.reason:
            words = [f"{text}; used because: {self.reason}" if text in against else text for text in words]
        if record.get("deadTime") is not None and self.fullFieldCountRateCps is None:
            words.append("the full-field count rate of the scan is not stated: dead time is not corrected")
        return [f"Calibration {self.name}: {text}" for text in words]

    def correction(self, study, facts, given, label):
        """Factor on the image beside the calibration factor, its parts among the facts; and words to look at."""
        factor, words = 1.0, []
        isCounts = str((facts.get("unit") or {}).get("value") or "").lower() == "counts"
        sensitivity = self.record.get("sensitivity")
        if not isCounts and sensitivity is not None and sensitivity["isRatio"]:
            facts["crossCalibrationFactor"] = given.fact(sensitivity["factor"], "", f"of {self.name}")
            factor *= sensitivity["factor"]
        elif not isCounts and sensitivity is not None:
            words.append(f"Calibration {self.name}: the image is in activity already, so that the sensitivity of the "
                         "calibration is not used")
        state = str((facts.get("decayCorrection") or {}).get("value") or "").upper()
        if isCounts and state in ("", "NONE", "UNSTATED") and "durationSeconds" in facts:
            decay = acquisitionDecayFactor(imagedNuclide(study).halfLifeHours,
                                           facts["durationSeconds"]["value"] / SECONDS_PER_HOUR)
            facts["acquisitionDecayFactor"] = given.fact(decay, "", "from the mean during the scan to its start")
            factor *= decay
        exponent = 0.0
        if self.fullFieldCountRateCps is not None:
            stated = self.record["deadTime"]
            true = trueRate(self.fullFieldCountRateCps, stated["microseconds"], stated["model"], label)
            if not true.rateCps > 0:
                raise InputError("The full-field count rate is zero", label, "Give what the camera counted per second")
            dead = true.rateCps / self.fullFieldCountRateCps
            facts["deadTimeFactor"] = given.fact(dead, "", (
                f"{self.fullFieldCountRateCps:g} counts per second in the full field, {stated['microseconds']:g} µs, "
                f"{stated['model']}, of {self.name}"))
            factor *= dead
            exponent = true.deadTimeExponent
            if true.lossFraction > _LARGE_LOSS:
                words.append(f"Dead time took {true.lossFraction:.0%} of the counts: the correction rests on the dead "
                             "time alone")
        if isCounts or "crossCalibrationFactor" in facts:
            # a phantom that was corrected by the same dead time takes part of its deviation back, or adds to it
            exponent -= _phantomExponent(self.record)
        return factor, words + self._deadTimeUncertainty(facts, given, exponent)

    def _deadTimeUncertainty(self, facts, given, exponent):
        """Put what one standard uncertainty of the dead time changes of the activity among the facts; words where that
        is not known."""
        if not exponent:
            return []
        relative = self.record["deadTime"].get("relativeUncertainty")
        if relative is None:
            return [f"Calibration {self.name}: the uncertainty of its dead time is not stated: the uncertainties do "
                    "not include it"]
        facts[DEAD_TIME_UNCERTAINTY] = given.fact(exponent * relative, "", (
            f"relative change of the activity by one standard uncertainty of the dead time, {relative:.2%}, of "
            f"{self.name}"))
        return []


def _phantomExponent(record):
    """d ln sensitivity / d ln dead time: mean over the scans that measured the sensitivity with the same dead time."""
    scans, dead = ((record.get("statement") or {}).get("sensitivity") or {}).get("scans") or [], record.get("deadTime")
    rates = [scan.get("fullFieldCountRateCps") for scan in scans]
    if dead is None or not any(rates):
        return 0.0
    return sum(trueRate(rate, dead["microseconds"], dead["model"]).deadTimeExponent for rate in rates if rate) \
        / len(rates)


def momentOf(study, facts):
    """Date and time of a scan as far as they are known, or ``None``."""
    stated = facts.get("acquisitionDateTime")
    if stated:
        return parseDateTime(stated["value"], "acquisition date and time")
    given, hours = imagedDateTime(study), facts.get("timeAfterAdministrationHours")
    return None if given is None or hours is None else given + timedelta(hours=hours["value"])


def fileReferences(description):
    """(object, key) of every calibration record that a study description names."""
    holders = [description, description.get("partialVolume"), *(description.get("timePoints") or [])]
    return [(holder, KEY) for holder in holders if isinstance(holder, dict) and isinstance(holder.get(KEY), str)]


def itemOf(description, item):
    """A time point of a study file with the calibration that the study names for all of them."""
    path = description.get(KEY)
    return item if path is None or item.get(KEY) is not None or item.get("kept") is not None else {**item, KEY: path}


def ofScan(item):
    """The :class:`ScanCalibration` of a time point of a study file, or ``None``."""
    path = item.get(KEY)
    if path is None:
        for key in sorted((TIME_POINT_KEYS - {KEY}) & {name for name, value in item.items() if value is not None}):
            raise InputError(f"'{key}' is stated without a calibration", key, "Name the calibration record, or leave "
                             "the key out")
        return None
    settings = {key: item.get(key) for key in ("camera", "collimator", "reconstruction")}
    window = item.get("energyWindowKeV")
    if window is not None:
        if not (isinstance(window, list) and len(window) == 2 and window[0] < window[1]):
            raise InputError("The energy window is not two limits in keV", "energyWindowKeV",
                             "Write e.g. [187.2, 228.8]")
        settings["energyWindow"] = {"lowerKeV": window[0], "upperKeV": window[1]}
    return ScanCalibration(path, settings, item.get("fullFieldCountRateCps"), item.get(REASON) or "")


def applyToStudy(study, calibrations):
    """Keep which records calibrated the scans, and take the uncertainty of their factor where none is stated.

    Parameters
    ----------
    calibrations : list of (ScanCalibration or None)
        Of the time points in their order.
    """
    _settle(study, [_entry(item) for item in calibrations if item is not None])


def keep(study, calibration):
    """As :func:`applyToStudy`, after one more scan was added with a calibration, or without (``None``)."""
    _settle(study, [*(study.choice(KEY) or []), *([] if calibration is None else [_entry(calibration)])])


def _entry(item):
    return {"file": item.name, "digest": item.record["digest"], "radionuclide": item.record["radionuclide"],
            "summary": calibrationRecord.describe(item.record),
            "factorUncertainty": (item.record.get("sensitivity") or {}).get("relativeUncertainty")}


def _settle(study, entries):
    digests = [timePoint.factValue(KEY) for timePoint in study.timePoints]
    used = {entry["digest"]: entry for entry in entries if entry["digest"] in digests}
    study.setChoice(KEY, list(used.values()) or None)
    stated = uncertainty.options(study)["calibrationRelative"]
    if stated is not None and stated != study.choice(_TAKEN):
        return
    found = None
    if used and all(digest in used for digest in digests) and all(_isFactorUsed(item) for item in study.timePoints) \
            and all(entry["factorUncertainty"] is not None for entry in used.values()):
        # Of several cameras, the least known one stands for all.
        found = max(entry["factorUncertainty"] for entry in used.values())
    study.setChoice(_TAKEN, found)
    if found != stated:
        uncertainty.setStatement(study, "calibrationRelative", found)


def _isFactorUsed(timePoint):
    """Whether the sensitivity of a record went into a scan."""
    return bool(timePoint.fact("calibrationFactorBqPerCps") or timePoint.fact("crossCalibrationFactor"))


def assumptions(study):
    """Which calibration the activities rest on, for the report."""
    return [f"Calibration {item['file']}, digest {item['digest'][:12]}: {'; '.join(item['summary'][:-1])}."
            for item in study.choice(KEY) or []]
