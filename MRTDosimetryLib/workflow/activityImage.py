"""From an image as it was found to activity in Bq/mL at the time of the scan, each fact with its source."""

import os

import numpy as np

from ..errors import Faults, InputError
from ..imaging.checks import requireFinite
from ..physics.decay import decayFactor
from ..physics.units import concentrationFactorToBqPerML
from . import imagedTracer
from .protocol import hoursBetween, parseDateTime, positiveNumber

# The header may time the end, the middle or a bed position; more than this is another scan or a wrong clock.
TIME_DISAGREEMENT_HOURS = 1.0
# Unit of an image whose values only compare its voxels: its scale follows from the planned activity.
RELATIVE = "relative"
# A plan has no time of its own. With physical decay alone, the only course that it may take, every time gives the same.
NOMINAL_HOURS = 1.0
_UNITS = "Bq/mL, kBq/mL, MBq/mL, counts, or relative for the image of a plan"


def isPlan(timePoint):
    """Whether the image of a time point is in relative units."""
    return str(timePoint.factValue("unit") or "").lower() == RELATIVE


class Given:
    """What the user or the study file states about an image; ``None`` where it is silent."""

    def __init__(self, unit=None, hours=None, acquisitionDateTime=None, calibrationFactorBqPerCps=None,
                 durationSeconds=None, decayCorrectedTo=None, source="user", calibration=None):
        self.unit, self.hours, self.acquisitionDateTime = unit, hours, acquisitionDateTime
        self.calibrationFactorBqPerCps, self.durationSeconds = calibrationFactorBqPerCps, durationSeconds
        self.decayCorrectedTo, self.source, self.calibration = decayCorrectedTo, source, calibration

    def fact(self, value, unit, detail):
        return {"value": value, "unit": unit, "source": self.source, "detail": detail}


def readActivityImage(path, label):
    """The activity image of a file or DICOM folder as found, and the facts its header states."""
    from ..dicom import readers

    series = readers.readEmission(path, f"{label} SPECT")
    return series.volume, seriesFacts(series)


def seriesFacts(series):
    """What an image read from DICOM states, as facts of a time point; the reader's warnings are its remarks."""
    facts = {key: fact.toDict() for key, fact in series.facts.items()}
    for key in ("acquisitionDurationSeconds", "frameDurationSeconds"):
        if key in facts:
            facts.setdefault("durationSeconds", facts[key])
    for words in series.warnings:
        _remark(facts, words, "DICOM")
    return facts


def readCT(path, label):
    """The CT of a file or DICOM folder in Hounsfield units, and the facts its header states."""
    from ..dicom import readers
    from ..imaging import files

    if not os.path.exists(path):
        raise InputError("There is no such file or folder", str(path), "Check the path of the CT")
    if readers.isDicom(path):
        return ctOf(readers.readCTSeries(path), label)
    _refuseFolder(path)
    volume = files.readImage(path, f"{label} CT")
    return volume.withArray(volume.array, unit="[hnsf'U]", name=f"{label} CT"), {}


def ctOf(series, label):
    """A CT read from DICOM, and the facts its header states."""
    volume, facts = series.volume, {key: fact.toDict() for key, fact in series.facts.items()}
    return volume.withArray(volume.array, unit="[hnsf'U]", name=f"{label} CT"), facts


def _refuseFolder(path):
    if os.path.isdir(path):
        raise InputError("The folder holds no DICOM files", str(path), "Give the folder of a DICOM series, or a file")


def establishFacts(study, volume, facts, given, label):
    """Unit, time and calibration settled: the image in Bq/mL at the time of the scan, and the facts with sources.

    An image in relative units stays as it is, in counts.
    """
    faults = Faults()
    facts = dict(facts)
    isRelative = str(given.unit or "").lower() == RELATIVE
    with faults.collect():
        requireFinite(volume)
    with faults.collect():
        (_settleTimeOfPlan if isRelative else _settleTime)(study, facts, given, label)
    factor = 1.0
    if given.calibration is not None:
        with faults.collect():
            for words in given.calibration.prepare(study, facts, given, label):
                _remark(facts, words, given.source)
    with faults.collect():
        factor = _settleUnit(volume, facts, given, label)
    if not isRelative:
        with faults.collect():
            factor *= _settleDecayCorrection(study, facts, given, label)
    if given.calibration is not None and not faults:
        further, remarks = given.calibration.correction(study, facts, given, label)
        factor *= further
        for words in remarks:
            _remark(facts, words, given.source)
    faults.raiseIfAny()
    if not np.any(volume.array > 0):
        raise InputError("The image holds no activity at all", label, "Check that it is the right file")
    array = volume.array
    if factor != 1.0 or array.dtype.kind != "f":
        array = (array * np.float32(factor)).astype(np.float32, copy=False)
    return volume.withArray(array, unit="counts" if isRelative else "Bq/mL"), facts


def _settleTimeOfPlan(_study, facts, given, label):
    """The time at which a plan is shown; that of its scan, before the treatment, has no meaning for it."""
    if given.hours is None:
        facts["timeAfterAdministrationHours"] = given.fact(
            NOMINAL_HOURS, "h", "nominal: a plan has no time of its own, and none counts with physical decay alone")
        return
    hours = positiveNumber(given.hours, "time after administration (h)", label)
    facts["timeAfterAdministrationHours"] = given.fact(hours, "h", "hoursAfterAdministration")


def _settleTime(study, facts, given, label):
    """Time after administration among the facts; what the header says otherwise stays beside it."""
    header = _headerTime(study, facts, label)
    if given.acquisitionDateTime is not None:
        found = facts.get("acquisitionDateTime")
        parseDateTime(given.acquisitionDateTime, f"{label}: acquisitionDateTime")
        fact = given.fact(given.acquisitionDateTime, "", "acquisitionDateTime")
        facts["acquisitionDateTime"] = {**fact, "alternatives": [found] if found else []}
    if given.hours is not None:
        hours = given.hours
        if isinstance(hours, bool) or not isinstance(hours, (int, float)):
            raise InputError("The time after administration is not a number", label, "Give it in hours")
        fact = given.fact(float(hours), "h", "hoursAfterAdministration")
    else:
        fact = header if given.acquisitionDateTime is None else _headerTime(study, facts, label)
        if fact is None:
            raise InputError("The time after administration is not known", label,
                             "Give hoursAfterAdministration, or the date and time of scan and administration")
    hours = fact["value"]
    if header is not None and header is not fact:
        fact["alternatives"] = [header]
        if abs(header["value"] - hours) > TIME_DISAGREEMENT_HOURS:
            _remark(facts, f"The time after administration of {hours:g} h disagrees with the {header['value']:.4g} h "
                           "of the file's header", given.source)
    if not np.isfinite(hours) or hours <= 0:
        raise InputError(f"The time after administration is {hours:g} h, but has to be above zero", label,
                         "Check the times of scan and administration")
    facts["timeAfterAdministrationHours"] = fact


def _headerTime(study, facts, label):
    """Time after administration as a fact from the acquisition's date and time, or ``None``."""
    acquisition, injected = facts.get("acquisitionDateTime"), facts.get("radiopharmaceuticalStartDateTime")
    start = imagedTracer.imagedDateTime(study)
    origin = "administration date and time of the study" if imagedTracer.statedPrediction(study) is None else \
        "administration of the imaged radionuclide"
    if start is None and injected:
        start = parseDateTime(injected["value"], f"{label}: radiopharmaceutical start")
        origin = f"radiopharmaceutical start {injected.get('detail', '')}".strip()
    if acquisition is None or start is None:
        return None
    scan = parseDateTime(acquisition["value"], f"{label}: acquisition date and time")
    return {"value": hoursBetween(start, scan, label), "unit": "h", "source": acquisition["source"],
            "detail": f"acquisition start {acquisition.get('detail') or ''} minus {origin}"}


def _remark(facts, words, source):
    """Something the user should look at, kept with the facts."""
    earlier = (facts.get("remarks") or {}).get("value") or []
    facts["remarks"] = {"value": [*earlier, words], "unit": "", "source": source, "detail": "found while reading"}


def compareFramesOfReference(facts, ctFacts):
    """A remark when SPECT and CT state different frames of reference: then nothing says that they are aligned."""
    spect, ct = (found.get("frameOfReferenceUID", {}).get("value") for found in (facts, ctFacts))
    if spect and ct and spect != ct:
        _remark(facts, "SPECT and CT have different frames of reference: check that they are aligned", "DICOM")


def _settleUnit(volume, facts, given, label):
    """Factor to Bq/mL; the unit as found stays among the facts."""
    stated = facts.get("unit")
    unit = given.unit if given.unit is not None else (stated or {}).get("value")
    if not unit:
        raise InputError("The unit of the activity image is not known", label,
                         f"State unit: {_UNITS}")
    if given.unit is not None:
        found = (stated or {}).get("value")
        if found and found.lower() != str(given.unit).lower() != RELATIVE:
            _remark(facts, f"The unit given is {given.unit}, the image itself states {found}", given.source)
        facts["unit"] = {**given.fact(given.unit, "", "unit"), "alternatives": [stated] if stated else []}
    if given.durationSeconds is not None:
        value = positiveNumber(given.durationSeconds, "acquisition duration", label)
        facts["durationSeconds"] = given.fact(value, "s", "durationSeconds")
    if str(unit).lower() == RELATIVE:
        for key, value in (("calibrationFactorBqPerCps", given.calibrationFactorBqPerCps),
                           ("decayCorrectedTo", given.decayCorrectedTo)):
            if value is not None:
                raise InputError(f"{key} is stated for an image in relative units, which it would not change", label,
                                 "Take it back, or state the unit of a measured image")
        facts["unit"]["value"] = RELATIVE
        return 1.0
    if str(unit).lower() != "counts":
        try:
            return concentrationFactorToBqPerML(unit)
        except InputError as error:
            raise InputError(error.what, label, f"Use {_UNITS}") from None
    if given.calibrationFactorBqPerCps is None and "calibrationFactorBqPerCps" in facts:  # of a side-car
        given.calibrationFactorBqPerCps = facts["calibrationFactorBqPerCps"]["value"]
    if given.calibrationFactorBqPerCps is None:
        raise InputError("The image is in counts and no calibration factor is given", label,
                         "Give calibrationFactorBqPerCps, or an image in Bq/mL")
    if "durationSeconds" not in facts:
        raise InputError("The image is in counts and its duration is not known", label, "Give durationSeconds")
    factor = positiveNumber(given.calibrationFactorBqPerCps, "calibration factor", label)
    facts["calibrationFactorBqPerCps"] = given.fact(factor, "Bq/cps", "calibrationFactorBqPerCps")
    # counts per voxel / s x Bq per cps / mL
    return factor / (facts["durationSeconds"]["value"] * volume.voxelVolumeML)


def _settleDecayCorrection(study, facts, given, label):
    """Factor that undoes a decay correction, so that the image shows the activity present at the scan."""
    target = given.decayCorrectedTo
    origin = given.source
    if target is None:
        state = str((facts.get("decayCorrection") or {}).get("value") or "").upper()
        if state == "ADMIN":
            target, origin = "administration", facts["decayCorrection"]["source"]
        elif state[:4].isdigit():  # a side-car may state a date and time
            target, origin = facts["decayCorrection"]["value"], facts["decayCorrection"]["source"]
    if target is None or str(target).lower() in ("scan", "acquisition", "none"):
        return 1.0
    radionuclide = imagedTracer.imagedNuclide(study)
    hours = facts.get("timeAfterAdministrationHours", {}).get("value")
    if hours is None:
        return 1.0  # the missing time is a fault of its own
    if str(target).lower() == "administration":
        elapsed = hours
    else:
        reference = parseDateTime(target, f"{label}: decayCorrectedTo")
        administered = imagedTracer.imagedDateTime(study)
        if administered is None:
            raise InputError("A decay correction to a date needs the date and time of administration", label,
                             "Give administration.dateTime")
        elapsed = hours - hoursBetween(administered, reference, label)
    facts["decayCorrectedTo"] = {
        "value": str(target), "unit": "", "source": origin,
        "detail": f"undone with the half-life of {radionuclide.name} over {elapsed:g} h"}
    return float(decayFactor(radionuclide.halfLifeHours, elapsed))
