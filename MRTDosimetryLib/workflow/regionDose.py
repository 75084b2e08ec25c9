"""What the absorbed dose means for one region: biologically effective dose, parts by particle, RBE."""

from ..physics import radiobiology
from ..physics.particleDose import particleDose, rbeWeightedDose
from . import doseOptions

NO_BED_WORDS = "BED is not computed"
_NO_BED = {"bedGy": None, "radiobiology": None}


def withoutBED(name, reason):
    """As :func:`biologicallyEffectiveDose` where there is none."""
    return dict(_NO_BED), [f"{name}: {NO_BED_WORDS}, {reason}."]


def biologicallyEffectiveDose(name, tissue, meanGy, fit):
    """Biologically effective dose of the region's mean absorbed dose, with the parameters of the table.

    Returns
    -------
    (dict, list of str)
        ``bedGy`` and ``radiobiology``, ``None`` where they are not known; and words why.
    """
    parameters = radiobiology.parametersFor(tissue) if tissue else None
    if parameters is None:
        return withoutBED(name, "no radiobiological parameters are known for this tissue")
    return bedWith(name, tissue, meanGy, fit, parameters)


def bedWith(name, tissue, meanGy, fit, parameters, repopulationGy=0.0):
    """As :func:`biologicallyEffectiveDose`, with other parameters (:class:`.RadiobiologyParameters`)."""
    repair = parameters.repairHalfLifeHours
    factor = protraction(fit, repair)
    if factor is None:
        return withoutBED(name, "the fit gives no course of the absorbed-dose rate")
    bedGy = radiobiology.bed(meanGy, factor, parameters.alphaBetaGy, repopulationGy)
    found = {"tissue": tissue, "alphaBetaGy": parameters.alphaBetaGy, "repairHalfLifeHours": repair,
             "leaCatchesideFactor": float(factor), "source": parameters.source, "verified": parameters.verified}
    if isinstance(repair, tuple):
        found |= {"repairHalfLifeHours": None,
                  "repair": [{"share": share, "halfLifeHours": hours} for share, hours in repair]}
    return {"bedGy": float(bedGy), "radiobiology": found}, []


def fromBed(bed, absorbedDoseGy, uncertaintyGy):
    """What follows from a BED and its parameters: its uncertainty (k = 1, that of the absorbed dose alone, to first
    order) and the EQD2 with its own.

    Parameters
    ----------
    bed : dict
        ``bedGy`` and ``radiobiology``.
    absorbedDoseGy : float
    uncertaintyGy : float or None

    Returns
    -------
    dict
        ``bedUncertaintyGy``, ``eqd2Gy``, ``eqd2UncertaintyGy``; ``None`` where not known.
    """
    parameters, spread = bed["radiobiology"], None
    if bed["bedGy"] is None:
        return {"bedUncertaintyGy": None, "eqd2Gy": None, "eqd2UncertaintyGy": None}
    ratio = parameters["alphaBetaGy"]
    # what repopulation takes away altogether has no spread to first order
    if uncertaintyGy is not None and bed["bedGy"] > 0:
        spread = radiobiology.bedUncertaintyGy(absorbedDoseGy, uncertaintyGy, parameters["leaCatchesideFactor"], ratio)
    return {"bedUncertaintyGy": spread, "eqd2Gy": radiobiology.eqd2(bed["bedGy"], ratio),
            "eqd2UncertaintyGy": None if spread is None else radiobiology.eqd2(spread, ratio)}


def particles(study, timeIntegratedActivityMBqH, massG, nuclide, meanGy, localMeanGy, isPhotonComputed):
    """Absorbed dose of a region by particle, and weighted by a stated RBE, for nuclides with alpha particles.

    Parameters
    ----------
    meanGy, localMeanGy : float
        By the engine, and by local deposition alone: the difference is that of the photons.
    isPhotonComputed : bool
        Whether the engine follows photons.

    Returns
    -------
    dict
        Empty for nuclides without alpha particles; else ``particles`` and, where an RBE is stated,
        ``rbeWeightedAbsorbedDose`` with ``valueGy``, ``rbeAlpha`` and ``title``.
    """
    photonGy = max(meanGy - localMeanGy, 0.0) if isPhotonComputed else None
    found = particleDose(timeIntegratedActivityMBqH, massG, nuclide, doseOptions.progenyOptions(study),
                         photonGy=photonGy)
    if not found.alphaGy > 0:
        return {}
    content = {"particles": found.toDict()}
    weighted = rbeWeightedDose(found, doseOptions.stated(study)["rbe"].get("alpha", 1.0), "stated by the study")
    if weighted is not None:
        content["rbeWeightedAbsorbedDose"] = {"valueGy": weighted.valueGy, "rbeAlpha": weighted.rbeAlpha,
                                              "title": weighted.title}
    return content


def protraction(fit, repairHalfLifeHours):
    """Lea-Catcheside factor of the fitted curve (the absorbed-dose rate follows the activity), or ``None``."""
    if fit["absorbedDoseRateShape"]:
        return radiobiology.leaCatchesideFactor(fit["absorbedDoseRateShape"], repairHalfLifeHours)
    pieces = fit["piecewiseShape"]
    if pieces:
        return radiobiology.leaCatchesideFactorPiecewise(pieces["timesHours"], pieces["activitiesMBq"],
                                                         pieces["tailRatePerHour"], repairHalfLifeHours)
    return None
