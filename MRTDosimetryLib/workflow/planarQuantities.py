"""Sensitivity, exposure and attenuation of planar views, and the activity of a region by them."""

import os
from dataclasses import dataclass, field

import numpy as np

from ..dicom.planar import readPlanar
from ..errors import InputError
from ..imaging import files, planarAlignment, planarRegions
from ..imaging.checks import requireFinite
from ..imaging.planarAttenuation import lineOfSight
from ..imaging.planarProjection import attenuationCoefficientCM2PerG
from ..physics import planarActivity
from ..physics.nuclides import nuclide
from . import calibrationRecord, ctChecks, planarLines
from .activityImage import readCT
from .planarFile import CT, TRANSMISSION
from .planarLines import Patient
from .protocol import parseDateTime, positiveNumber

_MM_PER_CM, _KEV_PER_MEV = 10.0, 1000.0
_CT = "CT of the planar views"
# Of the lines of a drawn region, what the CT has to cover.
_LEAST_COVERED = 0.98


@dataclass(frozen=True)
class Scan:
    """A view of a transmission source: counts, and what they are at one exposure; pixels in mm."""

    rates: np.ndarray
    counts: np.ndarray
    spacingMM: tuple


@dataclass
class Settings:
    """What holds for all images.

    Attributes
    ----------
    radionuclide : str or None
    sensitivity : float or None
        cps per MBq of one view; ``None`` where counts are wanted.
    sensitivityRelative : float
        k = 1, 0 where it is not stated.
    attenuationRelative : float
        Likewise, of mu T.
    transmission : tuple of 2 Scan, or None
        Without and with the patient.
    record : dict or None
        Calibration record.
    """

    radionuclide: str | None = None
    sensitivity: float | None = None
    sensitivityRelative: float = 0.0
    attenuationRelative: float = 0.0
    transmission: tuple | None = None
    record: dict | None = field(default=None, repr=False)


def patientOfFiles(content):
    """CT and regions that the content of a planar file names, or ``None`` without a CT."""
    if content.get("ct") is None:
        return None
    ct, layers = ctOfFile(content["ct"]), ()
    if content.get("labelmap") is not None:
        names = {int(value): name for value, name in (content.get("names") or {}).items()}
        if not names:
            raise InputError("The regions of the label map have no names", "planar views: names",
                             'Give e.g. {"1": "liver"}')
        layers = ((files.readImage(content["labelmap"], "label map of the planar views"), names),)
    return Patient(ct, layers)


def ctOfFile(path):
    """A CT in Hounsfield units, all of its voxels numbers."""
    return requiredCT(readCT(path, "planar views")[0])


def requiredCT(ct):
    """The CT, if its voxels are Hounsfield units of a patient in air.

    Raises
    ------
    InputError
    """
    requireFinite(ct)
    ctChecks.requireHounsfield(ct.array, _CT)
    if not (ct.array < ctChecks.SURELY_AIR_HU).any():
        raise InputError(f"Nothing of the CT is as low as air (lowest {float(ct.array.min()):g})", _CT,
                         "Give the CT in Hounsfield units with the air around the patient")
    return ct


def requireNuclide(image, radionuclide, name):
    """Refuse views of another nuclide by their header."""
    found = image.facts.get("radionuclide")
    if radionuclide is not None and found is not None and nuclide(radionuclide).name != found.value:
        raise InputError(f"The planar image is of {found.value} by its header, the series is of {radionuclide}", name,
                         "Give views of the same radionuclide")


def settingsOf(content, patient, radionuclide, warnings):
    """The :class:`Settings` of a series; what is not stated of uncertainties is added to ``warnings``.

    Raises
    ------
    InputError, FaultList
    """
    found = Settings(None if radionuclide is None else nuclide(radionuclide).name)
    given, attenuation = content.get("sensitivity"), content.get("attenuation")
    if given is None:
        return found
    if isinstance(given, dict):
        found.sensitivity, relative = float(given["cpsPerMBq"]), given.get("relativeUncertainty")
    else:
        found.record = calibrationRecord.load(given)
        found.sensitivity, relative = _ofRecord(found.record, os.path.basename(given), found.radionuclide)
    if attenuation["from"] == CT and patient is None:
        raise InputError("Attenuation comes from a CT, and there is none", "planar views: ct",
                         "Name the CT, or give the time point one")
    if attenuation["from"] == TRANSMISSION and attenuation.get("open") is not None:
        scans = [_transmissionView(attenuation, key) for key in ("open", "transmitted")]
        if scans[0][1] != scans[1][1]:
            raise InputError(f"The image without the patient is {scans[0][1]}, the one with the patient {scans[1][1]}",
                             "planar views: attenuation", "Give images of one kind")
        found.transmission = tuple(scan for scan, _kind in scans)
        if found.transmission[0].counts.shape != found.transmission[1].counts.shape:
            raise InputError("The images without and with the patient have not the same pixels",
                             "planar views: attenuation", "Export them alike")
    if "lower" not in (content.get("windows") or {}):
        warnings.append("No scatter windows are named for the planar views: attenuation is that of a narrow beam, so "
                        "that their activities come out too large")
    for value, what in ((relative, "sensitivity"), (attenuation.get("relativeUncertainty"), "attenuation")):
        if value is None:
            warnings.append(f"The uncertainty of the {what} of the planar views is not stated: it is not part of their "
                            "activities'")
    found.sensitivityRelative = float(relative or 0.0)
    found.attenuationRelative = float(attenuation.get("relativeUncertainty") or 0.0)
    return found


def _ofRecord(record, name, radionuclide):
    calibrationRecord.requireNuclide(record, radionuclide, f"planar views, {name}")
    sensitivity = record.get("sensitivity")
    if sensitivity is None or not sensitivity.get("isPlanar"):
        raise InputError("The calibration holds no planar sensitivity", f"planar views, {name}",
                         "Give a record of a static planar image, or state the sensitivity")
    return float(sensitivity["value"]), sensitivity["relativeUncertainty"]


def _transmissionView(attenuation, key):
    where = f"planar views: attenuation.{key}"
    image = readPlanar(attenuation[key])
    views = [view for view in image.views if attenuation.get("detector") in (None, view.detector)
             and attenuation.get("window") in (None, view.energyWindow)]
    if len(views) != 1:
        raise InputError(f"There is not one view among: {'; '.join(view.title for view in image.views)}", where,
                         "Name detector and window of the transmission source by their numbers")
    scale = 1.0 / durationSeconds(image, {}, where) if image.kind == "STATIC" else speedMMPerSecond(image, where)
    return Scan(views[0].counts * np.float64(scale), views[0].counts, views[0].pixelSpacingMM), image.kind


def speedMMPerSecond(image, name):
    """Of a whole-body scan, as its file states it."""
    speed = image.facts.get("scanVelocityMMPerSecond")
    if speed is None:
        raise InputError("The whole-body scan does not state its speed", name, "Export it with its scan velocity")
    return float(speed.value)


def durationSeconds(image, item, name):
    """Of a static image, stated or as its file states it."""
    duration = item.get("durationSeconds")
    if duration is None and "durationSeconds" in image.facts:
        duration = image.facts["durationSeconds"].value
    return positiveNumber(duration, "duration of the image (s)", name)


def exposureSeconds(content, image, item, name):
    """How long a source is seen: of a whole-body scan, the length of the field of view over the speed."""
    if image.kind != "WHOLE BODY":
        return durationSeconds(image, item, name)
    length = content.get("fieldOfViewLengthMM")
    if length is None:
        raise InputError("How long a whole-body scan sees each point is not known", name,
                         "State fieldOfViewLengthMM: length of the detectors' field of view along the table, in mm")
    return float(length) / speedMMPerSecond(image, name)


def calibrationWords(image, view, record, name):
    """What speaks against the calibration record for an image."""
    if record is None:
        return []
    moment, settings = image.facts.get("acquisitionDateTime"), {"energyWindow": view.title}
    return [f"{name}: {words}" for words in calibrationRecord.contradictions(
        record, settings, None if moment is None else parseDateTime(moment.value, name))]


def unattenuated(net, area, lines, name):
    """Counts of a projected region as one view would show all of it without attenuation."""
    seen = lineOfSight(lines.projection, name, area.pixels)
    return net.counts / seen.transmission / (1.0 if area.pixels is None else seen.share)


def activityOf(content, region, item, image, net, area, lines, settings, view, name, positionRelative=0.0):
    """Activity of a region in an image: ``activityMBq``, ``uncertaintyMBq`` (of counting and position), ``components``,
    ``commonRelativeUncertainty``, ``attenuation`` (what it rests on).

    Raises
    ------
    InputError
    """
    where = f"{name}, {region['name']}"
    energyKeV = planarLines.emissionKeV(content["attenuation"], settings.radionuclide, view, name)
    perCM = attenuationCoefficientCM2PerG(energyKeV / _KEV_PER_MEV)
    isProjected = lines is not None and region["name"] in lines.projection.regions
    seen = lineOfSight(lines.projection, region["name"], area.pixels) if isProjected else None
    bodyMuT, spread, found = _body(content, region, area, lines, settings, seen, perCM, where)
    if seen is not None:
        if region.get("thicknessMM") is not None:
            raise InputError("A thickness is stated for a region of the CT, whose voxels give it", where,
                             "Leave thicknessMM out, or name the polygon otherwise than the region")
        sourceMuT, thicknessCM = seen.sourceMuT, seen.sourceCM
    else:
        thickness = region.get("thicknessMM")
        if thickness is None:
            raise InputError("The thickness of the region along the lines of sight is not known", where,
                             "State thicknessMM (0 for a thin one), or project the region from the CT")
        thicknessCM = float(thickness) / _MM_PER_CM
        sourceMuT = perCM * thicknessCM
    isByVoxel = seen is not None and content["attenuation"]["from"] == CT
    # every voxel by its own depth, or a slab
    effective, ofSource = (-2.0 * float(np.log(seen.transmission)), 0.0) if isByVoxel else (bodyMuT, sourceMuT)
    ofThickness = planarActivity.sourceFactorUncertainty(
        sourceMuT, perCM * float(region.get("thicknessUncertaintyMM") or 0.0) / _MM_PER_CM)
    result = planarActivity.conjugateViewActivity(
        net, exposureSeconds(content, image, item, name), effective, settings.sensitivity, ofSource,
        float(np.hypot(spread, settings.attenuationRelative * effective)), settings.sensitivityRelative, ofThickness)
    share = 1.0 if seen is None or area.pixels is None else seen.share
    activity = result.activityMBq / share
    own = float(np.hypot(result.components["counting"], positionRelative))
    return {"activityMBq": activity, "uncertaintyMBq": activity * own,
            "components": {**result.components, "position": positionRelative},
            "commonRelativeUncertainty": result.commonRelativeUncertainty,
            "attenuation": {"from": content["attenuation"]["from"], "energyKeV": energyKeV, "bodyMuT": bodyMuT,
                            "sourceMuT": sourceMuT, "sourceThicknessMM": thicknessCM * _MM_PER_CM,
                            "factor": float(np.exp(effective / 2.0) * planarActivity.sourceFactor(ofSource)),
                            "freeShare": share, **found}}


def _body(content, region, area, lines, settings, seen, perCM, where):
    """mu T of the body at the emission energy, its uncertainty by counting, and what describes it."""
    if content["attenuation"]["from"] == TRANSMISSION:
        return _transmitted(content["attenuation"], region, area, lines, settings, perCM, where)
    if seen is not None:
        return seen.bodyMuT, 0.0, {"bodyThicknessMM": seen.bodyCM * _MM_PER_CM, "bodyMuTSpread": seen.spread}
    projection = lines.projection
    weights = area.fractions["anterior"]
    within = weights[projection.window]
    if within.sum(dtype=float) < _LEAST_COVERED * weights.sum(dtype=float):
        raise InputError("The region lies in part beyond the CT", where, "Draw it within, or use another CT")
    return (float((projection.bodyMuT * within).sum() / within.sum(dtype=float)), 0.0,
            {"bodyThicknessMM": float((projection.bodyCM * within).sum() / within.sum(dtype=float)) * _MM_PER_CM})


def _ofScans(scans, area, lines, name, where):
    """Mean mu T over a region's pixels, as much of the source on each as there is; counts without and with the patient.
    """
    pixels = area.fractions["anterior"]
    if scans[0].rates.shape != pixels.shape:
        raise InputError("The transmission scan has not the pixels of the planar views", where, "Scan it alike")
    weights = pixels.astype(float)
    if lines is not None and area.pixels is not None:
        weights *= lines.projection.full(lines.projection.regions[name].sourceCM)
    used = weights > 0
    empty, shown = (planarAlignment.smoothed(scan.rates, scan.spacingMM)[used] for scan in scans)
    counts = [planarRegions.countsInside(scan.counts, pixels) for scan in scans]
    # told by the sums: which is which, and that there are counts
    planarActivity.attenuationFromTransmission(*(planarRegions.countsInside(scan.rates, pixels) for scan in scans),
                                               where=where)
    if not (shown > 0).all() or not (empty > 0).all():
        raise InputError("The transmission scan holds no counts in parts of the region", where, "Scan longer")
    return float(np.average(np.log(empty / shown), weights=weights[used])), counts


def _transmitted(attenuation, region, area, lines, settings, perCM, where):
    ratio = perCM / attenuationCoefficientCM2PerG(attenuation["transmissionKeV"] / _KEV_PER_MEV)
    stated = region.get("transmission")
    if stated is None and area.fractions is None:
        raise InputError("Regions are told apart by the attenuation of a CT, not by a transmission scan", where,
                         'Give "from": "ct", or state the transmission of the region')
    if stated is not None:
        counts = (stated["openCounts"], stated["transmittedCounts"])
        muT = planarActivity.attenuationFromTransmission(*counts, where=where)
    elif settings.transmission is not None:
        muT, counts = _ofScans(settings.transmission, area, lines, region["name"], where)
    else:
        raise InputError("The transmission through the region is not known", where,
                         "Give attenuation.open and attenuation.transmitted, or transmission of the region")
    spread = float(np.hypot(*(1.0 / np.sqrt(value) for value in counts)))
    return muT * ratio, spread * ratio, {"transmissionMuT": muT, "energyRatio": ratio}
