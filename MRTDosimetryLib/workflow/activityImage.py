"""From an image as it was found to activity in Bq/mL at the time of the scan, each fact with its source."""

import os

import numpy as np

from ..errors import Faults, InputError
from ..imaging.checks import requireFinite
from ..physics.decay import decayFactor
from ..physics.units import concentrationFactorToBqPerML
from .protocol import administrationDateTime, hoursBetween, parseDateTime, positiveNumber, studyNuclide


class Given:
    """What the user or the study file states about an image; ``None`` where it is silent."""

    def __init__(self, unit, hours, acquisitionDateTime, calibrationFactorBqPerCps, durationSeconds,
                 decayCorrectedTo, source):
        self.unit, self.hours, self.acquisitionDateTime = unit, hours, acquisitionDateTime
        self.calibrationFactorBqPerCps, self.durationSeconds = calibrationFactorBqPerCps, durationSeconds
        self.decayCorrectedTo, self.source = decayCorrectedTo, source

    def fact(self, value, unit, detail):
        return {"value": value, "unit": unit, "source": self.source, "detail": detail}


def readActivityImage(path, label):
    """The activity image of a file or DICOM folder as found, and the facts its header states."""
    from ..dicom import readers
    from ..imaging import files

    if not os.path.exists(path):
        raise InputError("There is no such file or folder", str(path), "Check the path of the SPECT image")
    if readers.isDicom(path):
        series = readers.readSpect(path)
        facts = {key: fact.toDict() for key, fact in series.facts.items()}
        for key in ("acquisitionDurationSeconds", "frameDurationSeconds"):
            if key in facts:
                facts.setdefault("durationSeconds", facts[key])
        if series.warnings:
            facts["remarks"] = {"value": list(series.warnings), "unit": "", "source": "DICOM",
                                "detail": "found while reading"}
        return series.volume, facts
    return files.readImage(path, f"{label} SPECT"), {}


def readCT(path, label):
    """The CT of a file or DICOM folder in Hounsfield units."""
    from ..dicom import readers
    from ..imaging import files

    if not os.path.exists(path):
        raise InputError("There is no such file or folder", str(path), "Check the path of the CT")
    if readers.isDicom(path):
        volume = readers.readCTSeries(path).volume
    else:
        volume = files.readImage(path, f"{label} CT")
    return volume.withArray(volume.array, unit="[hnsf'U]", name=f"{label} CT")


def establishFacts(study, volume, facts, given, label):
    """Unit, time and calibration settled: the image in Bq/mL at the time of the scan, and the facts with sources."""
    faults = Faults()
    facts = dict(facts)
    with faults.collect():
        requireFinite(volume)
    with faults.collect():
        _settleTime(study, facts, given, label)
    factor = 1.0
    with faults.collect():
        factor = _settleUnit(volume, facts, given, label)
    with faults.collect():
        factor *= _settleDecayCorrection(study, facts, given, label)
    faults.raiseIfAny()
    if not np.any(volume.array > 0):
        raise InputError("The image holds no activity at all", label, "Check that it is the right file")
    array = volume.array
    if factor != 1.0 or array.dtype.kind != "f":
        array = (array * np.float32(factor)).astype(np.float32, copy=False)
    return volume.withArray(array, unit="Bq/mL"), facts


def _settleTime(study, facts, given, label):
    administered = administrationDateTime(study)
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
        acquisition = facts.get("acquisitionDateTime")
        start = administered
        startSource = "administration date and time of the study"
        if start is None and facts.get("radiopharmaceuticalStartDateTime"):
            header = facts["radiopharmaceuticalStartDateTime"]
            start = parseDateTime(header["value"], f"{label}: radiopharmaceutical start")
            startSource = f"radiopharmaceutical start {header.get('detail', '')}".strip()
        if acquisition is None or start is None:
            raise InputError("The time after administration is not known", label,
                             "Give hoursAfterAdministration, or the date and time of scan and administration")
        scan = parseDateTime(acquisition["value"], f"{label}: acquisition date and time")
        hours = hoursBetween(start, scan, label)
        detail = f"acquisition start {acquisition.get('detail') or ''} minus {startSource}"
        fact = {"value": hours, "unit": "h", "source": acquisition["source"], "detail": detail}
    if not np.isfinite(hours) or hours <= 0:
        raise InputError(f"The time after administration is {hours:g} h, but has to be above zero", label,
                         "Check the times of scan and administration")
    facts["timeAfterAdministrationHours"] = fact


def _settleUnit(volume, facts, given, label):
    """Factor to Bq/mL; the unit as found stays among the facts."""
    stated = facts.get("unit")
    unit = given.unit if given.unit is not None else (stated or {}).get("value")
    if not unit:
        raise InputError("The unit of the activity image is not known", label,
                         "State unit: Bq/mL, kBq/mL, MBq/mL or counts")
    if given.unit is not None:
        facts["unit"] = {**given.fact(given.unit, "", "unit"), "alternatives": [stated] if stated else []}
    if given.durationSeconds is not None:
        value = positiveNumber(given.durationSeconds, "acquisition duration", label)
        facts["durationSeconds"] = given.fact(value, "s", "durationSeconds")
    if str(unit).lower() != "counts":
        try:
            return concentrationFactorToBqPerML(unit)
        except InputError as error:
            raise InputError(error.what, label, "Use Bq/mL, kBq/mL, MBq/mL or counts") from None
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
    if target is None or str(target).lower() in ("scan", "acquisition", "none"):
        return 1.0
    radionuclide = studyNuclide(study)
    hours = facts.get("timeAfterAdministrationHours", {}).get("value")
    if hours is None:
        return 1.0  # the missing time is a fault of its own
    if str(target).lower() == "administration":
        elapsed = hours
    else:
        reference = parseDateTime(target, f"{label}: decayCorrectedTo")
        administered = administrationDateTime(study)
        if administered is None:
            raise InputError("A decay correction to a date needs the date and time of administration", label,
                             "Give administration.dateTime")
        elapsed = hours - hoursBetween(administered, reference, label)
    facts["decayCorrectedTo"] = {
        "value": str(target), "unit": "", "source": origin,
        "detail": f"undone with the half-life of {radionuclide.name} over {elapsed:g} h"}
    return float(decayFactor(radionuclide.halfLifeHours, elapsed))
