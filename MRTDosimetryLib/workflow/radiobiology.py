"""Stage after the absorbed dose: what it amounts to with the radiobiology that the study states.

A study that states none has no such stage: BED comes with the absorbed dose, by the parameters of the table.
"""

import numpy as np

from ..errors import InputError
from ..imaging.effectiveDoseMap import biologicallyEffectiveDoseMap
from ..physics import doseResponse
from ..physics import radiobiology as physics
from ..physics.dvh import computeDVH
from ..progress import noProgress
from ..scene import volumes
from . import (
    doseHistograms,
    imagedTracer,
    partialVolume,
    radiobiologyCurves,
    radiobiologyNodes,
    radiobiologyOptions,
    regionDose,
)
from .kineticsOptions import REMAINDER
from .protocol import studyProtocol, usesImages
from .radiobiologyCurves import COMPLICATION, CONTROL
from .regionDose import NO_BED_WORDS
from .regionMasks import regionNames, regionOccupancies
from .registration import referenceOf
from .stage import Stage, digestOf

NAME = "radiobiology"
# Of the values that the study states nothing for, the keys are not there at all.
_EUD, _GEUD, _PROBABILITIES = ("eudGy", "eubedGy"), ("gEUDGy", "gEUDExponent"), ("tcp", "ntcp")
HISTOGRAM = "bedHistogram"
FURTHER = (*_EUD, *_GEUD, *_PROBABILITIES, HISTOGRAM)
WITHOUT_REPOPULATION = "bedWithoutRepopulationGy"


def isNeeded(study):
    """Whether the study states radiobiology of its own, for an activity that is known."""
    return usesImages(study) and radiobiologyOptions.isStated(study) and imagedTracer.isActivityKnown(study)


def ofRegions(study):
    """Radiobiological values by region name.

    Returns
    -------
    dict of str to dict
        ``bedGy``, ``bedUncertaintyGy``, ``eqd2Gy``, ``eqd2UncertaintyGy``, ``radiobiology`` (parameters with their
        source), and what is stated of :data:`FURTHER`. All ``None`` where the statements have not been computed yet:
        the parameters of the table do not stand in for them. Empty before the absorbed dose is computed.
    """
    doses = ((study.stageRecord("dose") or {}).get("value") or {}).get("regions") or {}
    if not isNeeded(study):
        return {name: _ofTable(dose) for name, dose in doses.items()}
    record = study.stageRecord(NAME)
    found = ((record or {}).get("value") or {}).get("regions") or {}
    if record is None or record.get("error") or record["digest"] != digestOf(_inputs(study)):
        found = {}
    nothing = dict.fromkeys(("bedGy", "radiobiology", "bedUncertaintyGy", "eqd2Gy", "eqd2UncertaintyGy"))
    return {name: found.get(name) or dict(nothing) for name in doses}


def bedMapNode(study):
    """Volume node of the BED map, or ``None``."""
    return study.nodeByRole(radiobiologyNodes.MAP)


def histograms(study):
    """Rows of the BED-volume histograms by region (``bedGy``, ``volumePercent``); empty without them."""
    return ((study.stageRecord(NAME) or {}).get("value") or {}).get("curves") or {} if isNeeded(study) else {}


def currentWords(study, stageName, words):
    """The words of a stage without those on BED that the study's own parameters have replaced."""
    if stageName != "dose" or not isNeeded(study):
        return list(words)
    return [text for text in words if f": {NO_BED_WORDS}," not in text]


def parameterWords(values):
    """Warnings on the parameters behind the BED of :func:`ofRegions`: not verified ones, and those that are stated."""
    unverified, stated = [], []
    for name, row in values.items():
        found = row["radiobiology"]
        if not found:
            continue
        keys = {key for item in found.get("overrides", ()) for key in item["keys"]}
        if not found["verified"] and not ("alphaBetaGy" in keys and keys & {"repairHalfLifeHours", "repair"}):
            unverified.append(found["tissue"] or name)
        stated += [item["statedFor"] for item in found.get("overrides", ())]
    words = []
    if unverified:
        words.append("BED uses radiobiological parameters that are not verified against their source: "
                     f"{', '.join(sorted(set(unverified)))}.")
    if stated:
        words.append(f"BED uses radiobiological parameters that the study states: {', '.join(sorted(set(stated)))}.")
    return words


def assumptions(study):
    """How the values came about, for the report; empty where nothing is stated."""
    words = ["The uncertainty of BED and EQD2 is that of the absorbed dose, to first order; course in time, alpha/beta "
             "and repair are taken as exact."]
    if not isNeeded(study):
        return words
    stated = radiobiologyOptions.options(study)
    if stated["perVoxelBED"]:
        words.append("BED per voxel takes the course in time and the parameters of the voxel's region as a whole; a "
                     "BED-volume histogram is that of the absorbed dose with its axis transformed.")
    if _needsPoints(study):
        words.append("EUD, gEUD and EUBED are those of the absorbed-dose map inside a region, with its noise and "
                     "resolution.")
    if stated["parameters"]:
        words.append("Limits and sums over cycles take alpha/beta and one repair half-life as stated for a tissue, in "
                     "all cycles; what is stated otherwise is in the BED of this cycle alone.")
    if any("repopulation" in given for given in stated["parameters"].values()):
        words.append("What repopulation makes up for is subtracted from the BED of this cycle; limits and sums over "
                     "cycles are without it.")
    return words


def _ofTable(dose):
    bed = {key: dose[key] for key in ("bedGy", "radiobiology")}
    return {**bed, **regionDose.fromBed(bed, dose["absorbedDoseGy"], dose["absorbedDoseUncertaintyGy"])}


def _needsPoints(study):
    stated = radiobiologyOptions.options(study)
    return bool(stated["perVoxelBED"] or stated["gEUD"]
                or any("alphaPerGy" in given for given in stated["parameters"].values()))


def _missing(study):
    if not study.hasStageValue("dose"):
        return ["Compute the absorbed dose first"]
    return radiobiologyOptions.unknownNames(study, regionNames(study))


def _inputs(study):
    node = study.nodeByRole("absorbedDose") if _needsPoints(study) else None
    return {"radiobiology": study.choice(radiobiologyOptions.CHOICE), "protocol": study.choice("protocol"),
            "dose": digestOf(study.stageText("dose")), "kinetics": digestOf(study.stageText("kinetics")),
            "map": volumes.contentDigest(node) if node else None}


def _compute(study, progress=noProgress):
    doses, kinetics = (study.stageRecord(name)["value"] for name in ("dose", "kinetics"))
    tissues = {row["name"]: row["tissue"] for row in study.stageRecord("regions")["value"]["rows"]}
    stated, therapyName = radiobiologyOptions.options(study), (studyProtocol(study) or {}).get("therapy")
    names, warnings, regions, parameters = regionNames(study), [], {}, {}
    for name in names:
        regions[name], parameters[name], words = _region(study, name, tissues[name], doses["regions"][name],
                                                         kinetics["regions"][name]["fit"])
        warnings += words
    curves, bedMap = {}, None
    if _needsPoints(study):
        progress(0.2, "Absorbed dose inside the regions")
        warnings += _uncorrectedWords(kinetics["regions"])
        node = study.nodeByRole("absorbedDose")
        if node is None:
            raise InputError("The absorbed-dose map was removed", "Radiobiology", "Compute the absorbed dose again")
        absorbedDose, occupancies = volumes.volumeFromNode(node), regionOccupancies(study, referenceOf(study))
        points = doseHistograms.samplePoints(study, absorbedDose, occupancies)
        for name in names:
            values = np.maximum(points[name].sample(np.maximum(absorbedDose.array, 0)), 0.0)
            found, curves[name] = _ofVoxels(study, name, tissues[name], values, points[name].weightsML, regions[name],
                                            parameters[name])
            regions[name] |= found
        if stated["perVoxelBED"]:
            progress(0.8, "Map of the BED")
            bedMap, words = _map(study, absorbedDose, occupancies, regions, parameters, kinetics["remainder"])
            warnings += words
    if stated["doseResponse"]:
        warnings += radiobiologyCurves.notAppliedWords(stated["doseResponse"], therapyName)
    for name in names if stated["doseResponse"] else ():
        row = {"name": name, **regions[name], **{key: doses["regions"][name][key] for key in (
            "absorbedDoseGy", "absorbedDoseUncertaintyGy")}}
        for key, effect in zip(_PROBABILITIES, (CONTROL, COMPLICATION), strict=True):
            regions[name][key], words = radiobiologyCurves.probabilities(stated["doseResponse"], row, tissues[name],
                                                                         effect, therapyName)
            warnings += words
    warnings += _nullWords(regions)
    curves = curves if stated["perVoxelBED"] else {}
    # From here on nothing can be canceled: the scene gets all of it or nothing.
    radiobiologyNodes.put(study, regions, {name: row for name, row in curves.items() if row}, bedMap,
                          radiobiologyCurves.curves(stated["doseResponse"]))
    return {"regions": regions, "curves": {name: row for name, row in curves.items() if row}}, warnings


def _region(study, name, tissue, dose, fit):
    """Values of a region's mean absorbed dose, its parameters (or ``None``), and warnings."""
    parameters, lacking = radiobiologyOptions.parametersOf(study, name, tissue)
    words = [f"{name}: {NO_BED_WORDS}, {lacking}."] if parameters is None else []
    bed = {"bedGy": None, "radiobiology": None}
    if parameters is not None:
        lostGy, meanGy = parameters.repopulationGy, dose["absorbedDoseGy"]
        bed, words = regionDose.bedWith(name, tissue, meanGy, fit, parameters.table, lostGy)
        if bed["bedGy"] is not None:
            bed["radiobiology"] |= _described(parameters)
        if lostGy and bed["bedGy"] is not None:
            bed[WITHOUT_REPOPULATION] = regionDose.bedWith(name, tissue, meanGy, fit, parameters.table)[0]["bedGy"]
            if bed["bedGy"] == 0:
                words = [*words, f"{name}: repopulation makes up for all of the absorbed dose, the BED is 0."]
    return {**bed, **regionDose.fromBed(bed, dose["absorbedDoseGy"], dose["absorbedDoseUncertaintyGy"])}, \
        parameters, words


def _described(parameters):
    found = {"overrides": [dict(item) for item in parameters.overrides]} if parameters.overrides else {}
    if parameters.alphaPerGy is not None:
        found["alphaPerGy"] = parameters.alphaPerGy
    if parameters.repopulation:
        found |= {"repopulation": dict(parameters.repopulation), "repopulationGy": parameters.repopulationGy}
    return found


def _ofVoxels(study, name, tissue, valuesGy, weightsML, region, parameters):
    """EUD, gEUD, EUBED and the BED-volume histogram of a region, as far as they are stated; and rows for a chart."""
    stated, found, rows = radiobiologyOptions.options(study), {}, None
    hasBed = region["bedGy"] is not None
    bedGy = physics.bed(valuesGy, region["radiobiology"]["leaCatchesideFactor"], parameters.table.alphaBetaGy,
                        parameters.repopulationGy) if hasBed else None
    if any("alphaPerGy" in given for given in stated["parameters"].values()):
        alpha = None if parameters is None else parameters.alphaPerGy
        found |= {"eudGy": None if alpha is None else doseResponse.equivalentUniformDose(valuesGy, alpha, weightsML),
                  "eubedGy": None if alpha is None or not hasBed else
                  doseResponse.equivalentUniformDose(bedGy, alpha, weightsML)}
    if stated["gEUD"]:
        a = radiobiologyOptions.exponentOf(study, name, tissue)
        found |= {"gEUDGy": None if a is None else
                  doseResponse.generalizedEquivalentUniformDose(valuesGy, a, weightsML), "gEUDExponent": a}
    if stated["perVoxelBED"]:
        found[HISTOGRAM] = None
        if hasBed:
            histogram = computeDVH(bedGy, weightsML)
            found[HISTOGRAM] = doseHistograms.values(histogram)
            curve = doseHistograms.curve(histogram)
            rows = {"bedGy": curve["absorbedDoseGy"], "volumePercent": curve["volumePercent"]}
    return found, rows


def _map(study, absorbedDose, occupancies, regions, parameters, remainder):
    """BED map, and words on where it holds none."""
    quadratic = {name: region["radiobiology"]["leaCatchesideFactor"] / region["radiobiology"]["alphaBetaGy"]
                 for name, region in regions.items() if region["bedGy"] is not None}
    lost = {name: parameters[name].repopulationGy for name in quadratic}
    outside, outsideLost, words = None, 0.0, []
    without = [name for name in regions if name not in quadratic]
    if REMAINDER in radiobiologyOptions.options(study)["parameters"]:
        found, lacking = radiobiologyOptions.parametersOf(study, REMAINDER, None)
        fit = {key: remainder.get(key) for key in ("absorbedDoseRateShape", "piecewiseShape")}
        factor = None if found is None else regionDose.protraction(fit, found.table.repairHalfLifeHours)
        if factor is not None:
            outside, outsideLost = factor / found.table.alphaBetaGy, found.repopulationGy
        else:
            words.append("Remainder of the image: " + NO_BED_WORDS + ", " + (
                lacking or "its fit gives no course of the absorbed-dose rate") + ".")
    if outside is None:
        without.append("what lies outside the regions")
    if without:
        words.append(f"The map of the BED holds nothing (0) in {', '.join(without)}: parameters or course in time are "
                     "not known there.")
    if not quadratic and outside is None:
        return None, ["The map of the BED is not made: nowhere are parameters and course in time known."]
    bedMap, _isKnown = biologicallyEffectiveDoseMap(absorbedDose, occupancies, quadratic, lost, outside, outsideLost)
    return bedMap, words


def _uncorrectedWords(fits):
    """Maps do not have the correction for recovery that the means of the regions have."""
    names = [name for name, region in fits.items() if partialVolume.coefficientOf(region) != 1.0]
    if not names:
        return []
    return ["EUD, gEUD, EUBED and BED per voxel are those of the absorbed-dose map, which is not corrected for "
            f"recovery as the mean absorbed dose and the BED of {', '.join(names)} are: they are too low beside them."]


def _nullWords(regions):
    """One line for each kind of value that some regions lack."""
    lines = []
    for key, title, reason in (("eudGy", "EUD and EUBED are", "no alpha is stated for"),
                               ("gEUDGy", "The gEUD is", "no exponent is stated for"),
                               ("tcp", "TCP is", "no complete curve of tumor control applies to"),
                               ("ntcp", "NTCP is", "no complete curve of a complication applies to")):
        without = [name for name, region in regions.items() if key in region and region[key] is None]
        if without:
            lines.append(f"{title} not computed where {reason} the tissue: {', '.join(without)}.")
    return lines


STAGE = Stage(NAME, "Radiobiology", _missing, _inputs, _compute, needs=("dose",), isNeeded=isNeeded)
