"""What the user states beside images: measurements, patient, prescription ..., each with its origin.

The keys are those of :func:`~MRTDosimetryLib.therapies.inputs.kinds`. A statement is kept as it was given, in one
choice of the study, and is checked whenever it is used.
"""

import copy
import math
from dataclasses import fields

from ..errors import InputError
from ..therapies import inputs, planar, prediction
from ..therapies.case import RegionDose, TherapyCase
from ..therapies.registry import standIns as standInKeys
from ..therapies.tissues import tissueOf
from . import administrationEntry, counterRecords, earlierResults, imagedTracer, jointKinetics, radiobiology
from .protocol import administrationDateTime, lacksImages, studyStrategy, usesImages
from .radiobiologyOptions import forPrescription, isStated
from .regionMasks import regionNames

SOURCES = ("user", "file", "DICOM")
MEASUREMENTS = "measurements"
PLANAR = f"{MEASUREMENTS}.planar"
_CHOICE = "statements"
_CASE_KEYS = {item.name for item in fields(TherapyCase)}


def statements(study):
    """All statements.

    Returns
    -------
    dict
        Key of a kind -> ``{"value", "source", "detail", "reason"}`` (a copy), and ``role`` where it was stated at a
        desk; empty for a study without any.
    """
    return study.choice(_CHOICE, {})


def stated(study):
    """The values alone, as they were given: key -> value."""
    return {key: entry["value"] for key, entry in statements(study).items()}


def setStatement(study, key, value, source="user", reason="", detail="", isDraft=False, role=None):
    """Keep a statement; ``None`` takes it back.

    Parameters
    ----------
    key : str
        Of a kind, e.g. ``"thyroid"`` or ``"measurements.wholeBody"``.
    value : JSON value
        As in the study file. Of ``earlierCycles``, rows that name a results file are replaced by what it holds.
    source : str
        Of :data:`SOURCES`.
    reason : str
        Why the user says so.
    detail : str
        Name of the file, tag path ...
    isDraft : bool
        Keep what is not complete yet: then it is not checked here, but :func:`faultWords` tells what is wrong, and
        nothing is computed from it.
    role : str, optional
        At the desk where it was stated.

    Raises
    ------
    InputError, FaultList
        Unknown key, or a value that cannot be; nothing is changed then.
    """
    if key not in inputs.kinds():
        raise InputError(f"'{key}' cannot be stated", "study", f"Known are {', '.join(sorted(inputs.kinds()))}")
    if source not in SOURCES:
        raise InputError(f"'{source}' is not a source", key, f"Use {', '.join(SOURCES)}")
    kept = statements(study)
    if value is None:
        kept.pop(key, None)
    else:
        if key == earlierResults.KEY:
            value, names = earlierResults.resolved(value, study.choice("radionuclide"), key)
            detail = detail or ", ".join(names)
        if key == prediction.KEY:
            value, name = earlierResults.resolvedPrediction(value, study.choice("radionuclide"), key)
            detail = detail or name
        value, name = counterRecords.resolved(key, value, key)
        detail = detail or name
        if not isDraft:
            inputs.checked({key: value})
        kept[key] = {"value": copy.deepcopy(value), "source": source, "detail": str(detail), "reason": str(reason),
                     **({} if role is None else {"role": role})}
    study.setChoice(_CHOICE, kept or None)
    if key == PLANAR and not isDraft:
        applyPlanar(study, regionNames(study))


def applyPlanar(study, names):
    """Hand the stated planar series to the kinetics as the regions' courses in time (hybrid scaling).

    Parameters
    ----------
    names : list of str
        Regions of the study; empty when they are not known, then names are not checked.
    """
    rows = stated(study).get(PLANAR)
    jointKinetics.removePlanarSeries(study)
    if rows:
        series = planar.seriesByRegion(inputs.checked({PLANAR: rows})[PLANAR])
        jointKinetics.applyHybrid(study, {"series": series}, names)


def checked(study):
    """The statements as calculations take them: key -> value.

    Raises
    ------
    InputError, FaultList
        Every fault of every statement.
    """
    return inputs.checked(stated(study))


def faultWords(study):
    """What is wrong with the statements, one sentence per fault that begins with the kind's title; empty where all can
    be used."""
    words, known = [], inputs.kinds()
    for key, value in stated(study).items():
        try:
            inputs.checked({key: value}) if key not in known else known[key].check(
                copy.deepcopy(value), known[key].title)
        except InputError as error:
            words += [str(fault) for fault in error.faults]
    return words


def kindsToAsk(study):
    """The :class:`~MRTDosimetryLib.therapies.inputs.Kind` objects to ask for: those of the protocol's strategy in its
    order, then whatever else is stated."""
    strategy, known = studyStrategy(study), inputs.kinds()
    taken = () if strategy is None else strategy.statements
    return [known[key] for key in dict.fromkeys([*taken, *stated(study)]) if key in known]


def missing(study):
    """What the statements lack for the protocol's strategy: faults first, then what is not there; in words."""
    words, strategy = faultWords(study) or imagedTracer.faultWords(study), studyStrategy(study)
    if not words and lacksImages(study):
        standIns = standInKeys(study.choice("protocol"))
        if not set(standIns) & set(stated(study)):
            titles = [inputs.kinds()[key].title for key in standIns]
            return [f"A cycle without images rests on something else: state one of {', '.join(titles)}"]
    if words or strategy is None or strategy.missing is None:
        return words
    return list(strategy.missing(therapyCase(study, areRegionsIncluded=False)))


def therapyCase(study, areRegionsIncluded=True):
    """All that a therapy's own calculation may use.

    Parameters
    ----------
    areRegionsIncluded : bool
        With the absorbed doses of the regions, where the study has images and they are computed.

    Returns
    -------
    TherapyCase

    Raises
    ------
    InputError, FaultList
        Statements that cannot be used.
    """
    values, measured = {}, {}
    for key, value in checked(study).items():
        top, _dot, below = key.partition(".")
        if top == MEASUREMENTS:
            measured[below] = value
        elif top in _CASE_KEYS:
            values[top] = tuple(value) if isinstance(value, list) else value
        else:
            raise ValueError(f"the kind {key} has no place in a case")
    administration, isPredicted = study.choice("administration", {}), prediction.isImaged(values.get(prediction.KEY))
    if isPredicted:
        settled = ((study.stageRecord("kinetics") or {}).get("value") or {}).get(prediction.KEY) or {}
        values[prediction.KEY] = {**values[prediction.KEY], "timePoints": settled.get("timePoints") or []}
    if isStated(study):
        values["prescription"] = forPrescription(study, values.get("prescription") or {})
    return TherapyCase(
        protocolId=study.choice("protocol"), radionuclide=study.choice("radionuclide"),
        administeredActivityMBq=None if isPredicted else administration.get("activityMBq"),
        predictedActivityMBq=imagedTracer.plannedActivityMBq(study)[0] if isPredicted else None,
        administeredActivityRelativeUncertainty=None if isPredicted else administrationEntry.relativeUncertainty(study),
        prescribedActivityMBq=administration.get("prescribedActivityMBq"), measurements=measured, **values,
        administrationDateTime=administrationDateTime(study),
        regions=regionDoses(study) if areRegionsIncluded and usesImages(study) else ())


def regionDoses(study):
    """The absorbed dose of each region of the images, tuple of :class:`RegionDose`; empty before it is computed."""
    doses = ((study.stageRecord("dose") or {}).get("value") or {}).get("regions") or {}
    fits = ((study.stageRecord("kinetics") or {}).get("value") or {}).get("regions") or {}
    masses = {row["name"]: row for row in ((study.stageRecord("regions") or {}).get("value") or {}).get("rows") or []}
    beds = {name: values.get(radiobiology.WITHOUT_REPOPULATION, values["bedGy"])
            for name, values in radiobiology.ofRegions(study).items()}
    return tuple(_regionDose(name, masses[name], fits[name]["fit"], doses[name], beds[name])
                 for name in regionNames(study)
                 if name in doses and name in fits and name in masses)


def _regionDose(name, mass, fit, dose, bedGy):
    return RegionDose(
        name=name, tissue=mass["tissue"] or tissueOf(name), massG=mass["massG"], absorbedDoseGy=dose["absorbedDoseGy"],
        absorbedDoseUncertaintyGy=dose["absorbedDoseUncertaintyGy"],
        effectiveHalfLifeHours=fit["effectiveHalfLifeHours"],
        effectiveHalfLifeUncertaintyHours=_halfLifeUncertaintyHours(fit),
        rateShape=tuple(tuple(term) for term in fit.get("absorbedDoseRateShape") or ()), bedGy=bedGy)


def _halfLifeUncertaintyHours(fit):
    """Standard uncertainty of the effective half-life from that of the rate (or half-life) it was computed from."""
    halfLifeHours = fit["effectiveHalfLifeHours"]
    if halfLifeHours is None:
        return None
    for parameter in (fit.get("parameters") or {}).values():
        value, error, unit = (parameter.get(key) for key in ("value", "standardError", "unit"))
        if error is None or not value or unit not in ("1/h", "h"):
            continue
        found = math.log(2.0) / value if unit == "1/h" else value
        # of all rates, that of the last phase, effective and not biological, gives just this half-life
        if math.isclose(found, halfLifeHours, rel_tol=1e-9):
            return halfLifeHours * error / abs(value)
    return None
