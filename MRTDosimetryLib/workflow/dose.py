"""Stage 6: absorbed dose: from time-integrated activity and density to the map, and to each region's value."""

import numpy as np

from ..errors import InputError
from ..imaging.resampling import averageOnGrid
from ..physics import radiobiology
from ..physics.density import densityGPerML
from ..physics.dose import registry as engines
from ..physics.dvh import computeDVH
from ..physics.uncertainty.chain import MassScaling
from ..progress import noProgress, subProgress
from ..scene import display, volumes
from . import studyNodes, uncertainty
from .protocol import positiveNumber, studyNuclide
from .regionMasks import regionNames, regionOccupancies
from .registration import referenceOf
from .segmentation import densityChoice, uniformDensityGPerML
from .stage import Stage, digestOf
from .timePoints import UNCOVERED_SHARE

DEFAULT_ENGINE = "localDeposition"
DENSITIES = ("ct", "uniform")
AIR_HU = -1000.0


def engineChoices():
    """Name and title of every absorbed-dose engine."""
    return [(name, engines.engine(name).title) for name in engines.engineNames()]


def setEngine(study, name=DEFAULT_ENGINE, density="ct", uniformDensity=None):
    """Choose the engine and where the density comes from.

    Parameters
    ----------
    density : str
        ``"ct"`` or ``"uniform"``.
    uniformDensity : float or None
        g/mL of the uniform density; ``None`` takes the stated default.
    """
    engines.engine(name)
    if density not in DENSITIES:
        raise InputError(f"'{density}' is not a source of density", "dose.density", f"Use {' or '.join(DENSITIES)}")
    if uniformDensity is not None:
        uniformDensity = positiveNumber(uniformDensity, "uniform density", "dose.densityGPerML")
    study.setChoice("dose", {"engine": name, "density": density, "densityGPerML": uniformDensity})


def engineOf(study):
    """The chosen engine."""
    return engines.engine((study.choice("dose") or {}).get("engine", DEFAULT_ENGINE))


def rows(study):
    """One row per region: ``region``, ``absorbedDoseGy``, ``absorbedDoseUncertaintyGy``, ``bedGy``, ``dvh``."""
    found = ((study.stageRecord("dose") or {}).get("value") or {}).get("regions") or {}
    keys = ("absorbedDoseGy", "absorbedDoseUncertaintyGy", "bedGy", "dvh")
    return [{"region": name, **{key: found[name][key] for key in keys}} for name in regionNames(study)
            if name in found]


def _missing(study):
    missing = []
    if study.stageRecord("kinetics") is None or study.stageRecord("kinetics")["value"] is None:
        missing.append("Compute the kinetics first")
    reference = study.referenceTimePoint
    if densityChoice(study) == "ct" and (reference is None or reference.ctNode is None):
        missing.append("Give the CT of the reference time point, or choose a uniform density")
    return missing


def _inputs(study):
    kineticsValue = (study.stageRecord("kinetics") or {}).get("value")
    regionsValue = (study.stageRecord("regions") or {}).get("value")
    mapNode = study.nodeByRole("timeIntegratedActivity")
    reference = study.referenceTimePoint
    ct = reference.ctNode if reference and densityChoice(study) == "ct" else None
    return {"dose": study.choice("dose"), "radionuclide": study.choice("radionuclide"),
            "kinetics": digestOf(kineticsValue), "regions": digestOf(regionsValue),
            "map": volumes.contentDigest(mapNode) if mapNode else None,
            "ct": volumes.contentDigest(ct) if ct else None, "uncertainty": uncertainty.options(study)}


def _compute(study, progress=noProgress):
    engine, nuclide, reference, warnings = engineOf(study), studyNuclide(study), referenceOf(study), []
    mapNode = study.nodeByRole("timeIntegratedActivity")
    if mapNode is None:
        raise InputError("The time-integrated activity map was removed", "Absorbed dose", "Compute the kinetics again")
    tia = volumes.volumeFromNode(mapNode)
    progress(0.0, "Density")
    density, words = _densityMap(study, reference, tia)
    warnings += words
    progress(0.2, engine.title)
    doseMap = engine.compute(tia.array * np.float32(tia.voxelVolumeML), density, tia.spacingMM, nuclide,
                             subProgress(progress, 0.2, 0.7), {})
    absorbedDose = tia.withArray(np.asarray(doseMap.absorbedDoseGy, np.float32), unit="Gy", name="Absorbed dose")
    progress(0.7, "Dose-volume histograms")
    kinetics = study.stageRecord("kinetics")["value"]["regions"]
    masses = {row["name"]: row for row in study.stageRecord("regions")["value"]["rows"]}
    occupancies = regionOccupancies(study, reference)
    regions, curves, budgets = {}, {}, {}
    for name in regionNames(study):
        regions[name], curves[name], words = _region(name, kinetics[name], masses[name], engine, nuclide,
                                                     absorbedDose, density, occupancies[name])
        warnings += words
        fit = kinetics[name]["fit"]
        # S of local deposition goes with 1/m; so, to first order, does that of any engine for what stays inside.
        budgets[name] = uncertainty.regionBudget(study, masses[name], fit, MassScaling())
        regions[name].update(uncertaintyBudget=budgets[name].toDict(), **uncertainty.uncertaintiesOf(
            budgets[name], fit["timeIntegratedActivityMBqH"], regions[name]["absorbedDoseGy"]))
    warnings += uncertainty.warnings(study, budgets)
    node = studyNodes.putVolume(study, "absorbedDose", absorbedDose, "absorbedDose")
    display.styleAbsorbedDose(node)
    studyNodes.writeDVH(study, regions, curves)
    return {"engine": engine.name, "engineTitle": engine.title, "notes": list(doseMap.notes),
            "density": densityChoice(study), "regions": regions, "dvhCurves": curves}, warnings


def _densityMap(study, reference, grid):
    """Density on the absorbed-dose grid in g/mL, shape (k, j, i), and words on what the CT does not cover."""
    if densityChoice(study) == "uniform":
        return np.full(grid.array.shape, uniformDensityGPerML(study), np.float32), []
    ct = volumes.volumeFromNode(reference.ctNode)
    hounsfield, covered = averageOnGrid(ct, grid, outside=AIR_HU)
    density = densityGPerML(hounsfield.array)
    total = float(grid.array.sum(dtype=np.float64))
    outside = float(grid.array.sum(dtype=np.float64, where=covered < 0.5))
    words = []
    if outside > UNCOVERED_SHARE * total:
        words.append(f"{outside / total:.0%} of the time-integrated activity lies outside the CT: no absorbed dose is "
                     "computed there.")
    return density, words


def _region(name, region, mass, engine, nuclide, absorbedDose, density, occupancy):
    """Mean absorbed dose, BED and DVH of one region."""
    fit, warnings = region["fit"], []
    box = absorbedDose.array[occupancy.slices]
    share = occupancy.fraction
    inside = share > 0
    weightsML = share[inside] * absorbedDose.voxelVolumeML
    dvh = computeDVH(box[inside], weightsML)
    tia = fit["timeIntegratedActivityMBqH"]
    if engine.regionMeanGy is not None:
        # Energy over the mass from the CT's own voxels, not blurred by the larger ones of the map.
        meanGy = engine.regionMeanGy(tia, mass["massG"], nuclide)
    else:
        grams = weightsML * density[occupancy.slices][inside]
        meanGy = float(np.average(box[inside], weights=grams))
    bed, words = _bed(name, mass["tissue"], meanGy, fit)
    warnings += words
    keys = ("D98Gy", "D95Gy", "D50Gy", "D2Gy", "minGy", "maxGy", "meanGy")
    return {"absorbedDoseGy": meanGy, **bed,
            "dvh": {key: float(getattr(dvh, key)) for key in keys}}, \
        {"absorbedDoseGy": np.asarray(dvh.curveAbsorbedDoseGy).tolist(),
         "volumePercent": np.asarray(dvh.curveVolumePercent).tolist()}, warnings


def _bed(name, tissue, meanGy, fit):
    """Biologically effective dose of the region's mean absorbed dose, with the parameters used."""
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


def _protraction(fit, repairHalfLifeHours):
    """Lea-Catcheside factor of the fitted curve (the absorbed-dose rate follows the activity), or ``None``."""
    if fit["absorbedDoseRateShape"]:
        return radiobiology.leaCatchesideFactor(fit["absorbedDoseRateShape"], repairHalfLifeHours)
    pieces = fit["piecewiseShape"]
    if pieces:
        return radiobiology.leaCatchesideFactorPiecewise(pieces["timesHours"], pieces["activitiesMBq"],
                                                         pieces["tailRatePerHour"], repairHalfLifeHours)
    return None


STAGE = Stage("dose", "Absorbed dose", _missing, _inputs, _compute, needs=("kinetics",))
