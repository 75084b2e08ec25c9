"""Stage 9: all numbers of the study in one place, as the contract of the result files names them."""

import math

from ..progress import noProgress
from . import (
    administrationEntry,
    dose,
    imagedTracer,
    measurements,
    plannedActivity,
    presentation,
    protocol,
    radiobiology,
    registrationQuality,
    resultsTables,
    segmentation,
    therapy,
)
from .regionMasks import regionNames
from .stage import Stage, digestOf

RESULTS_SCHEMA_VERSION = 1
_CARRIED = ("protocol", "timePoints", "registration", "regions", "kinetics", "dose")
# Of these only where the study has them.
_BESIDE_IMAGES = (measurements.STAGE, radiobiology.STAGE, therapy.STAGE)


def resultsDict(study):
    """The content of ``results.json``.

    Returns
    -------
    dict
        Keys and units of the contract; what could not be computed is ``None`` with a line in ``warnings``.
        Uncertainties are k = 1. ``timeIntegratedActivityUncertaintyMBqH`` of a region combines the random part of its
        fit (``fit`` holds that part alone) with the part common to all scans (volume, recovery, calibration);
        ``absorbedDoseUncertaintyGy`` is that of the whole chain, itemized in ``uncertaintyBudget``, which names what
        is not stated and therefore not included. With fits per voxel, ``voxelTimeIntegratedActivityMBqH`` is the sum
        of the voxel map over the region, beside the region's own fit. ``engines`` holds notes and energy balance of
        every absorbed-dose engine, the primary one first, whose numbers are the region's; that of a region holds the
        values of all of them. ``plannedActivity`` is there for images of a plan: what gave them their scale.
        ``prediction`` is there where images of another radionuclide predict: then nothing in the results was given, and
        the values are those of the activity that it names. ``therapy`` is there where the therapy has a calculation of
        its own; ``excludedTimePoints`` where scans were left out; a study without images holds no regions, and nothing
        else of images.
    """
    if not protocol.usesImages(study):
        found = _identity(study) | {"warnings": _carriedWarnings(study), "regions": []}
    else:
        found = _resultsOfImages(study)
    if therapy.isNeeded(study):
        found["therapy"] = therapy.resultsOf(study)
    return found


def _identity(study):
    return {"schemaVersion": RESULTS_SCHEMA_VERSION, "radionuclide": study.choice("radionuclide"),
            "protocol": study.choice("protocol"), "administration": administrationEntry.resultsOf(study)}


def _resultsOfImages(study):
    basisMBq = imagedTracer.basisActivityMBq(study)
    kineticsValue = study.stageRecord("kinetics")["value"]
    doseValue = study.stageRecord("dose")["value"]
    masses = {row["name"]: row for row in segmentation.rows(study)}
    regions, warnings, beds = [], _carriedWarnings(study), radiobiology.ofRegions(study)
    for name in regionNames(study):
        regions.append(_region(name, masses[name], kineticsValue["regions"][name], doseValue["regions"][name],
                               beds[name], basisMBq, _activityPart(study)))
        regions[-1]["engines"] = dose.inOrder(regions[-1]["engines"], doseValue)
        if kineticsValue.get("voxels"):
            regions[-1]["voxelTimeIntegratedActivityMBqH"] = \
                kineticsValue["voxels"]["regions"][name]["voxelTimeIntegratedActivityMBqH"]
        if doseValue.get("doseRates"):
            regions[-1]["absorbedDoseRate"] = doseValue["doseRates"]["regions"][name]
        warnings += _nullWords(regions[-1], warnings)
    drifts = registrationQuality.keptRows(study)
    warnings += registrationQuality.warningsOf(drifts)
    warnings += radiobiology.parameterWords(beds)
    return {
        **_identity(study),
        "engine": doseValue["engine"],
        "engines": _engines(doseValue),
        "density": doseValue["density"],
        **({"excludedTimePoints": excluded} if (excluded := _excluded(study)) else {}),
        "referenceTimePoint": study.stageRecord("registration")["value"]["reference"],
        "remainder": {key: kineticsValue["remainder"].get(key)
                      for key in ("activitiesMBq", "timeIntegratedActivityMBqH", "model", "note")},
        "registration": [{key: row[key] for key in ("label", "timeHours", "translationMM", "rotationDegrees",
                                                    "diceBefore", "diceAfter", "quality", "reasons",
                                                    "isManuallyCorrected")}
                         for row in study.stageRecord("registration")["value"]["rows"]],
        "organDrift": [{key: row[key] for key in ("region", "label", "timeHours", "driftMM", "driftRASMM",
                                                  "oneVoxelChangePercent")} for row in drifts],
        "activityBalance": study.stageRecord("timePoints")["value"]["activityBalance"],
        **({"plannedActivity": kineticsValue["planned"]} if "planned" in kineticsValue else {}),
        **({"prediction": kineticsValue["prediction"]} if "prediction" in kineticsValue else {}),
        "isodoses": [{key: row[key] for key in ("levelGy", "volumeML")} for row in doseValue.get("isodoses") or []],
        "warnings": warnings,
        "regions": regions,
    }


def _excluded(study):
    """Scans that the user left out, and why."""
    return [{"label": point.label, "timeHours": point.timeHours, "reason": point.exclusionReason}
            for point in study.timePoints if point.isExcluded]


def rows(study):
    """One row per region for tables: name, volume, mass, time-integrated activity, half-life, absorbed dose, BED."""
    record = study.stageRecord("results")
    return list(((record or {}).get("value") or {}).get("regions") or [])


def _activityPart(study):
    """What the administered activity adds to the variance of a relative value per activity: its own where images have
    a scale of their own; where it gave them their scale it cancels."""
    if imagedTracer.statedPrediction(study) is not None:
        return 0.0
    ofScale = plannedActivity.relativeUncertainty(study)
    return (administrationEntry.relativeUncertainty(study) or 0.0) ** 2 if ofScale is None else -ofScale ** 2


def _perActivity(value, uncertainty, basisMBq, activityPart):
    """Standard uncertainty of a value per administered activity, in its unit per MBq, or ``None``."""
    if uncertainty is None or basisMBq is None or not value:
        return None
    return value / basisMBq * math.sqrt(max((uncertainty / value) ** 2 + activityPart, 0.0))


def _region(name, mass, measured, doseOfRegion, bed, basisMBq, activityPart):
    fit = measured["fit"]
    tia = fit["timeIntegratedActivityMBqH"]
    absorbedDoseGy = doseOfRegion["absorbedDoseGy"]
    return {
        "name": name, "tissue": mass["tissue"], "volumeML": mass["volumeML"], "massG": mass["massG"],
        "timeActivity": measured["timeActivity"],
        "fit": fit,
        "timeIntegratedActivityMBqH": tia,
        # random part of the fit and common part of volume and calibration; the fit holds the random part alone
        "timeIntegratedActivityUncertaintyMBqH": doseOfRegion["timeIntegratedActivityUncertaintyMBqH"],
        "timeIntegratedActivityCoefficientH": None if basisMBq is None else tia / basisMBq,
        "timeIntegratedActivityCoefficientUncertaintyH": _perActivity(
            tia, doseOfRegion["timeIntegratedActivityUncertaintyMBqH"], basisMBq, activityPart),
        "effectiveHalfLifeHours": fit["effectiveHalfLifeHours"],
        "absorbedDoseGy": absorbedDoseGy,
        "absorbedDoseUncertaintyGy": doseOfRegion["absorbedDoseUncertaintyGy"],
        "absorbedDoseCoefficientGyPerGBq":
            None if basisMBq is None else absorbedDoseGy / (basisMBq / 1000.0),
        "absorbedDoseCoefficientUncertaintyGyPerGBq": _perActivity(
            absorbedDoseGy, doseOfRegion["absorbedDoseUncertaintyGy"], None if basisMBq is None else basisMBq / 1000.0,
            activityPart),
        **{key: bed[key] for key in ("bedGy", "bedUncertaintyGy", "eqd2Gy", "eqd2UncertaintyGy", "radiobiology",
                                     *(key for key in radiobiology.FURTHER if key in bed))},
        "uncertaintyBudget": doseOfRegion["uncertaintyBudget"],
        "dvh": doseOfRegion["dvh"], "dvhInterval68": doseOfRegion.get("dvhInterval68"),
        "engines": doseOfRegion.get("engines", {}),
        **{key: doseOfRegion[key] for key in ("particles", "rbeWeightedAbsorbedDose") if key in doseOfRegion},
        **({"recovery": measured["recovery"]} if "recovery" in measured else {}),
    }


def _engines(doseValue):
    """All engines, the primary one first. Computing times differ from run to run: they are in the scene alone."""
    return {name: {key: content for key, content in engine.items() if key != "seconds"}
            for name, engine in dose.inOrder(doseValue.get("engines", {}), doseValue).items()}


def _carriedWarnings(study):
    words = []
    for name in _carried(study):
        words += radiobiology.currentWords(study, name, (study.stageRecord(name) or {}).get("warnings") or [])
    return words


def _carried(study):
    """Stages whose results and warnings are part of the study's: those that it has."""
    ofImages = _CARRIED if protocol.usesImages(study) else _CARRIED[:1]
    return [*ofImages, *(stage.name for stage in _BESIDE_IMAGES if stage.isNeeded(study))]


def _nullWords(region, spoken):
    """A line for every null that no stage has spoken of."""
    name, fit = region["name"], region["fit"]
    nulls = (
        ("uncertainty", region["timeIntegratedActivityUncertaintyMBqH"],
         "no uncertainty of time-integrated activity and absorbed dose: the data leave no degree of freedom or the "
         "model has none."),
        ("half-life", region["effectiveHalfLifeHours"],
         "no effective half-life: the model has no last exponential phase."),
        ("AICc", fit.get("aicc"),
         "AICc is not computed: too few time points for the number of parameters, or the model has no likelihood."),
    )
    return [f"{name}: {words}" for keyword, value, words in nulls
            if value is None and not any(line.startswith(f"{name}:") and keyword in line for line in spoken)]


def _missing(study):
    missing, wanted = [], []
    if protocol.usesImages(study):
        wanted += [("kinetics", "Compute the kinetics first"), ("dose", "Compute the absorbed dose first")]
    if therapy.isNeeded(study):
        wanted.append(("therapy", "Compute the therapy first"))
    if not wanted:
        return ["Add a time point, or state what the protocol takes: there is nothing to compute yet"]
    for name, words in wanted:
        if not study.hasStageValue(name):
            missing.append(words)
    return missing


def _inputs(study):
    return _inputsOf(study, _carried(study))


def _inputsOf(study, names):
    found = {name: study.stageValueDigest(name) for name in names}
    excluded = _excluded(study) if protocol.usesImages(study) else []
    return {**found, "administration": study.choice("administration"), **({"excluded": excluded} if excluded else {})}


def digestWithoutTherapy(study):
    """Digest of what results of images depend on where nothing is stated beside them and no therapy is evaluated."""
    return digestOf(_inputsOf(study, _CARRIED))


def _compute(study, progress=noProgress):
    if protocol.usesImages(study):
        registrationQuality.measure(study, progress)
    value = resultsDict(study)
    resultsTables.write(study, value["regions"])
    presentation.arrange(study)
    return value, value["warnings"]


STAGE = Stage("results", "Results", _missing, _inputs, _compute, needs=("kinetics", "dose", "radiobiology", "therapy"))
