"""What the absorbed dose means for one region: biologically effective dose, parts by particle, RBE."""

from ..physics import radiobiology
from ..physics.particleDose import particleDose, rbeWeightedDose
from . import doseOptions


def biologicallyEffectiveDose(name, tissue, meanGy, fit):
    """Biologically effective dose of the region's mean absorbed dose, with the parameters used.

    Returns
    -------
    (dict, list of str)
        ``bedGy`` and ``radiobiology``, ``None`` where they are not known; and words why.
    """
    parameters = radiobiology.parametersFor(tissue) if tissue else None
    empty = {"bedGy": None, "radiobiology": None}
    if parameters is None:
        return empty, [f"{name}: BED is not computed, no radiobiological parameters are known for this tissue."]
    protraction = _protraction(fit, parameters.repairHalfLifeHours)
    if protraction is None:
        return empty, [f"{name}: BED is not computed, the fit gives no course of the absorbed-dose rate."]
    bedGy = radiobiology.bed(meanGy, protraction, parameters.alphaBetaGy)
    return {"bedGy": float(bedGy), "radiobiology": {
        "tissue": tissue, "alphaBetaGy": parameters.alphaBetaGy,
        "repairHalfLifeHours": parameters.repairHalfLifeHours, "leaCatchesideFactor": float(protraction),
        "source": parameters.source, "verified": parameters.verified}}, []


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


def _protraction(fit, repairHalfLifeHours):
    """Lea-Catcheside factor of the fitted curve (the absorbed-dose rate follows the activity), or ``None``."""
    if fit["absorbedDoseRateShape"]:
        return radiobiology.leaCatchesideFactor(fit["absorbedDoseRateShape"], repairHalfLifeHours)
    pieces = fit["piecewiseShape"]
    if pieces:
        return radiobiology.leaCatchesideFactorPiecewise(pieces["timesHours"], pieces["activitiesMBq"],
                                                         pieces["tailRatePerHour"], repairHalfLifeHours)
    return None
