"""Read PET series (Positron Emission Tomography Image Storage, PS3.3 A.21) as activity concentration."""

import math
from datetime import datetime, timedelta

import numpy as np

from ..errors import InputError
from ..imaging.volume import Volume
from .elements import decodingErrors, firstItem, inFile, number, tagName, tagText, text
from .facts import Fact, ImageSeries
from .headers import acquisitionFacts, identityFacts, radiopharmaceuticalFacts
from .pixelData import activityScale, requireLossless, requireMapped, scaled
from .reader import Reader
from .reportingFacts import reportingFacts
from .sliceFiles import readSlices
from .stated import NOTHING_STATED
from .times import isoText

SOP_CLASS_UID = "1.2.840.10008.5.1.4.1.1.128"
# Philips states the factor from counts to Bq/mL in (7053,xx09) beside the rescale slope (its conformance statements).
_PHILIPS_GROUP, _PHILIPS_CREATOR, _PHILIPS_ELEMENT = 0x7053, "Philips PET Private Group", 0x09
_SLOPE_RANGE = (1e-20, 1e20)
_DECAY_TOLERANCE = 0.01  # of the activity
_FACTOR_RANGE = (1e-6, 1e6)


def candidates(series):
    """The slices of the series are one image."""
    return [(series.files, series.title)], []


def readPET(files, stated=NOTHING_STATED):
    """Read one PET series.

    Parameters
    ----------
    files : sequence of str
        All slices of one static series, in any order.
    stated : Stated
        Not used: a PET states its geometry itself.

    Returns
    -------
    ImageSeries
        Volume in Bq/mL; every slice with its own scale.

    Raises
    ------
    InputError
        When the unit is neither BQML nor CNTS with a calibration to Bq/mL, the series is dynamic or incomplete, or its
        geometry cannot be trusted.
    """
    where = files[0]
    with inFile(where):
        datasets, stored, matrix = readSlices(
            files, SOP_CLASS_UID, where, complete=lambda found: _requireWhole(found, where)
        )
        array = np.empty((len(stored), *stored[0].shape), np.float32)
        details = []
        for target, values, dataset in zip(array, stored, datasets, strict=True):
            slope, intercept, detail, limits = _scale(dataset, where)
            requireMapped(values, limits, where)
            target[...] = scaled(values, slope, intercept)
            details.append(detail)
        first = datasets[0]
        facts = identityFacts(first)
        facts["unit"] = Fact("Bq/mL", "", "DICOM", details[0])
        warnings = []
        for found, words in (
            _times(datasets), radiopharmaceuticalFacts(first, isActivityInBq=True), _decayFacts(first),
            _durations(first), reportingFacts(first),
        ):  # fmt: skip
            facts.update(found)
            warnings += words
        warnings += _decayDisagreement(datasets, facts)
        found, words = _positronFraction(first, facts)
        facts.update(found)
        warnings += words
        name = text(first, "SeriesDescription") or "PET"
        return ImageSeries(Volume(array, matrix, "Bq/mL", name), facts, "PT", tuple(files), tuple(warnings))


def _requireWhole(datasets, where):
    units = {text(dataset, "Units").upper() for dataset in datasets}
    if units not in ({"BQML"}, {"CNTS"}):
        shown = ", ".join(sorted(unit or "no unit" for unit in units))
        raise InputError(f"The PET image is in {shown}, not in Bq/mL (BQML, {tagName('Units')})", where,
                         "Export it in Bq/mL")  # fmt: skip
    for dataset in datasets:
        requireLossless(dataset, where)
    kinds = {text(dataset, "SeriesType") for dataset in datasets}
    if any("DYNAMIC" in kind or "GATED" in kind for kind in kinds):
        raise InputError(f"The PET series is dynamic or gated ({tagName('SeriesType')})", where,
                         "Export one static series")  # fmt: skip
    expected = number(datasets[0], "NumberOfSlices")
    if expected and int(expected) != len(datasets):
        raise InputError(
            f"The PET series holds {len(datasets)} of {int(expected)} slices ({tagName('NumberOfSlices')})", where,
            "Give all of them",
        )  # fmt: skip
    states = {text(dataset, "DecayCorrection").upper() for dataset in datasets}
    if len(states) > 1:
        raise InputError(
            f"The slices are decay-corrected in different ways ({tagName('DecayCorrection')}: "
            f"{', '.join(sorted(state or 'not stated' for state in states))})", where, "Export one series",
        )  # fmt: skip


def _scale(dataset, where):
    """Slope and intercept to Bq/mL of one slice, where they come from, and the stored values they hold for."""
    slope, intercept = number(dataset, "RescaleSlope"), number(dataset, "RescaleIntercept") or 0.0
    if slope is None or not _SLOPE_RANGE[0] < slope < _SLOPE_RANGE[1] or abs(intercept) > 1e15:
        raise InputError(
            f"A PET slice does not say how it becomes Bq/mL ({tagName('RescaleSlope')}, "
            f"{tagName('RescaleIntercept')})", where, "Export the series again",
        )  # fmt: skip
    if text(dataset, "Units").upper() == "BQML":
        return slope, intercept, f"{tagText('Units')} BQML, {tagText('RescaleSlope')} per slice", None
    if "RealWorldValueMappingSequence" in dataset:
        mapped, mappedIntercept, unit, detail, _, _, limits = activityScale(dataset, where)
        if unit == "Bq/mL":
            return mapped, mappedIntercept, detail, limits
    factor = _philipsFactor(dataset)
    if factor is not None:
        tag = f"({_PHILIPS_GROUP:04X},xx{_PHILIPS_ELEMENT:02X}) of {_PHILIPS_CREATOR}"
        detail = f"{tagText('Units')} CNTS, {tagText('RescaleSlope')} x {tag} {factor:g}"
        return slope * factor, intercept * factor, detail, None
    raise InputError(
        f"The PET image is in counts (CNTS, {tagName('Units')}) and holds no calibration to Bq/mL", where,
        "Export it in Bq/mL (BQML)",
    )


def _philipsFactor(dataset):
    try:
        found = dataset.private_block(_PHILIPS_GROUP, _PHILIPS_CREATOR)[_PHILIPS_ELEMENT].value
        factor = float(found)
    except decodingErrors():
        return None  # absent, or no number: then there is no calibration
    return factor if math.isfinite(factor) and _SLOPE_RANGE[0] < factor < _SLOPE_RANGE[1] else None


def _times(datasets):
    """Start of the first bed position; later ones are part of the same acquisition."""
    found, warnings = [], []
    for dataset in datasets:
        facts, words = acquisitionFacts(dataset)
        found.append(facts)
        warnings += [sentence for sentence in words if sentence not in warnings]
    starts = [facts["acquisitionDateTime"] for facts in found if "acquisitionDateTime" in facts]
    if not starts:
        return found[0], warnings
    first = min(starts, key=lambda fact: datetime.fromisoformat(fact.value))
    if len(starts) < len(datasets):
        warnings.append(f"{len(datasets) - len(starts)} slices do not say when they were acquired; the first of the "
                        f"others counts ({tagName('AcquisitionTime')})")  # fmt: skip
    return {**found[0], "acquisitionDateTime": first}, warnings


def _decayFacts(dataset):
    stated = text(dataset, "DecayCorrection").upper()
    detail = tagText("DecayCorrection")
    if stated in ("NONE", "START", "ADMIN"):
        return {"decayCorrection": Fact(stated, "", "DICOM", detail)}, []
    words = f"{tagName('DecayCorrection')} is '{stated}'" if stated else f"{tagName('DecayCorrection')} is missing"
    return {"decayCorrection": Fact("UNSTATED", "", "DICOM", detail)}, [
        f"{words}, so to what time the image is decay-corrected is not known"
    ]


def _durations(dataset):
    duration = number(dataset, "ActualFrameDuration")
    if not duration or duration < 0:
        return {}, [f"The file does not say how long the acquisition took ({tagName('ActualFrameDuration')})"]
    return {"frameDurationSeconds": Fact(duration / 1000.0, "s", "DICOM", tagText("ActualFrameDuration"))}, []


def _positronFraction(dataset, facts):
    """Positrons per decay as the scanner took them, where the program knows those of the radionuclide.

    A scanner divides by them to get to activity; those of 90Y come from internal pair production alone, and one that
    was told another nuclide or fraction is wrong by that factor.
    """
    from ..physics.microspheres import internalPairPositrons

    radionuclide = facts.get("radionuclide")
    known = internalPairPositrons(radionuclide.value) if radionuclide is not None else None
    if known is None:
        return {}, []
    expected, relative = known
    item = firstItem(dataset, "RadiopharmaceuticalInformationSequence")
    try:
        stated = number(item, "RadionuclidePositronFraction")
    except InputError as error:
        return {}, [f"{error.what}, and is not used"]
    name = tagName("RadionuclidePositronFraction")
    if stated is None:
        return {}, [f"{name} is missing: whether the scanner took the {expected:.4g} positrons per decay of "
                    f"{radionuclide.value} is not known, and the activity rests on it"]
    fact = {"positronFraction": Fact(stated, "1", "DICOM", tagText(("RadiopharmaceuticalInformationSequence", 0),
                                                                   "RadionuclidePositronFraction"))}
    if stated > 0 and abs(stated / expected - 1.0) <= 2.0 * relative:
        return fact, []
    factor = f", by a factor of {stated / expected:.4g}" if stated > 0 else ""
    return fact, [f"{name} is {stated:.4g}; {radionuclide.value} emits {expected:.4g} positrons per decay (not "
                  f"verified against its source). If the scanner computed with it, the activity is wrong{factor}: "
                  "check with a phantom of known activity"]


def _decayDisagreement(datasets, facts):
    """Whether Decay Factor (0054,1321) of the slices fits the stated decay correction.

    The factor is lambda T / (1 - exp(-lambda T)) exp(lambda (t - t0)) for a frame of duration T that starts at t,
    corrected to t0.
    """
    state = facts["decayCorrection"].value
    halfLife = facts.get("radionuclideHalfLifeSeconds")
    expected = facts.get("acquisitionDateTime" if state == "START" else "radiopharmaceuticalStartDateTime")
    factors = [number(dataset, "DecayFactor") for dataset in datasets]
    if state == "NONE" and any(factor and abs(factor - 1.0) > _DECAY_TOLERANCE for factor in factors):
        return [f"{tagName('DecayCorrection')} is NONE, but {tagName('DecayFactor')} is not 1"]
    if state not in ("START", "ADMIN") or halfLife is None or halfLife.value <= 0 or expected is None:
        return []
    rate = math.log(2.0) / halfLife.value
    for dataset, factor in zip(datasets, factors, strict=True):
        started = acquisitionFacts(dataset)[0].get("acquisitionDateTime")
        duration = (number(dataset, "ActualFrameDuration") or 0.0) / 1000.0
        if factor is None or started is None or duration <= 0:
            continue
        if not _FACTOR_RANGE[0] < factor < _FACTOR_RANGE[1]:
            return [f"{tagName('DecayFactor')} is {factor:g}, which cannot be"]
        within = -math.expm1(-rate * duration) / (rate * duration)
        elapsed = math.log(factor * within) / rate
        reference = datetime.fromisoformat(started.value) - timedelta(seconds=round(elapsed))
        difference = (reference - datetime.fromisoformat(expected.value)).total_seconds()
        if abs(math.expm1(rate * difference)) > _DECAY_TOLERANCE:
            return [
                f"{tagName('DecayCorrection')} is {state} ({expected.value}), but {tagName('DecayFactor')} {factor:g} "
                f"belongs to {isoText(reference)}: the activity may be wrong by "
                f"{abs(math.expm1(rate * difference)):.0%}"
            ]
    return []


READER = Reader(SOP_CLASS_UID, "emission", "PET", candidates, readPET)
