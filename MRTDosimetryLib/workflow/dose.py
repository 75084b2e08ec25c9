"""Stage 7: absorbed dose: from time-integrated activity and density to the maps, and to each region's values."""

from ..errors import InputError
from ..physics.uncertainty.chain import MassScaling
from ..progress import noProgress, subProgress
from ..scene import volumes
from . import (
    ctChecks,
    doseComparison,
    doseDisplay,
    doseEngines,
    doseHistograms,
    doseOptions,
    doseRates,
    doseUncertainty,
    engineNodes,
    externalDose,
    imagedTracer,
    partialVolume,
    plannedActivity,
    radiobiology,
    regionDose,
    studyNodes,
    uncertainty,
)
from .protocol import studyNuclide, usesImages
from .regionMasks import regionNames, regionOccupancies
from .registration import referenceOf
from .segmentation import densityChoice
from .stage import Stage


def rows(study):
    """One row per region: ``region``, ``absorbedDoseGy``, ``absorbedDoseUncertaintyGy``, ``bedGy``, ``dvh``,
    ``engines``."""
    found = ((study.stageRecord("dose") or {}).get("value") or {}).get("regions") or {}
    keys, beds = ("absorbedDoseGy", "absorbedDoseUncertaintyGy", "dvh", "engines"), radiobiology.ofRegions(study)
    return [{"region": name, "bedGy": beds[name]["bedGy"], **{key: found[name].get(key) for key in keys}}
            for name in regionNames(study) if name in found]


def engines(study):
    """What is known of each engine of the last run, the primary one first: ``title``, ``notes``, ``energyBalance``,
    ``seconds``, ``isPrimary``."""
    value = (study.stageRecord("dose") or {}).get("value") or {}
    return inOrder(value.get("engines") or {}, value)


def inOrder(content, value):
    """A dictionary by engine in the order of the engines, the primary one first: a saved study sorts its keys."""
    return {name: content[name] for name in value.get("engineOrder") or content if name in content}


def _missing(study):
    missing = []
    if not study.hasStageValue("kinetics"):
        missing.append("Compute the kinetics first")
    reference = study.referenceTimePoint
    if densityChoice(study) == "ct" and (reference is None or reference.ctNode is None):
        missing.append("Give the CT of the reference time point, or choose a uniform density")
    return missing + externalDose.missing(study)


def _inputs(study):
    mapNode = study.nodeByRole("timeIntegratedActivity")
    reference = study.referenceTimePoint
    ct = reference.ctNode if reference and densityChoice(study) == "ct" else None
    found = {"dose": study.choice("dose"), "radionuclide": study.choice("radionuclide"),
             "kinetics": study.stageValueDigest("kinetics"), "regions": study.stageValueDigest("regions"),
             "map": volumes.contentDigest(mapNode) if mapNode else None,
             "ct": volumes.contentDigest(ct) if ct else None, "uncertainty": uncertainty.options(study)}
    # Left out while there is none, so that an earlier study stays up to date.
    further = {"external": externalDose.inputs(study), "administered": plannedActivity.relativeUncertainty(study)}
    return found | {key: value for key, value in further.items() if value}


def _compute(study, progress=noProgress):
    nuclide, reference = studyNuclide(study), referenceOf(study)
    mapNode = study.nodeByRole("timeIntegratedActivity")
    if mapNode is None:
        raise InputError("The time-integrated activity map was removed", "Absorbed dose", "Compute the kinetics again")
    tia = volumes.volumeFromNode(mapNode)
    kinetics = study.stageRecord("kinetics")["value"]
    masses = {row["name"]: row for row in study.stageRecord("regions")["value"]["rows"]}
    occupancies = regionOccupancies(study, reference)
    progress(0.0, "Density")
    density, warnings = ctChecks.densityMap(study, reference, tia, occupancies,
                                            {name: row["tissue"] for name, row in masses.items()})
    warnings += _uniformWords(study)
    ctChecks.requireMass(masses[name] for name in regionNames(study))
    results, local, origin, words = _results(study, tia, density, nuclide, occupancies, kinetics,
                                             subProgress(progress, 0.1, 0.7))
    warnings += words
    primary = next(iter(results))
    progress(0.7, "Dose-volume histograms")
    points = doseHistograms.samplePoints(study, tia, occupancies)
    histograms = {name: doseHistograms.ofMap(points, item.absorbedDose) for name, item in results.items()}
    regions, curves, budgets = {}, {name: {} for name in results}, {}
    for name in regionNames(study):
        regions[name], budgets[name], words = _region(
            study, name, kinetics["regions"][name], masses[name], results, local, nuclide, density, occupancies[name],
            {engine: found[name] for engine, found in histograms.items()})
        warnings += words
        for engine, found in histograms.items():
            curves[engine][name] = doseHistograms.curve(
                found[name], None if engine == primary else doseHistograms.OVERLAY_POINTS)
        band = doseHistograms.band(points[name], histograms[primary][name], results[primary].absorbedDose,
                                   budgets[name])
        regions[name]["dvhInterval68"], curves[primary][name]["band"] = band or (None, None)
    warnings += uncertainty.warnings(study, budgets)
    comparison = doseComparison.compare(study, results, regions, occupancies, tia, subProgress(progress, 0.8, 0.9))
    value = {
        "engine": primary, "engineTitle": results[primary].title, "notes": list(results[primary].notes),
        "engineOrder": list(results), "density": densityChoice(study), "regions": regions, "dvhCurves": curves[primary],
        "engines": {name: {"title": item.title, "isPrimary": name == primary, "notes": list(item.notes),
                           "energyBalance": item.energyBalance or None, "seconds": item.seconds,
                           **({"origin": origin} if name == doseOptions.EXTERNAL else {}),
                           **({"gamma": comparison[name]["gamma"]} if name in comparison else {})}
                    for name, item in results.items()}}
    if comparison:
        value["engineDVHCurves"] = curves
        value["differenceRangesGy"] = {name: item["largestGy"] for name, item in comparison.items()}
    rateMaps = []
    if doseRates.isWanted(study):
        value["doseRates"], rateMaps, words = _rates(study, reference, kinetics, masses, density, nuclide, occupancies,
                                                     regions, subProgress(progress, 0.9, 1.0))
        warnings += words
    # From here on nothing can be canceled: the scene gets all of it or nothing.
    engineNodes.putMaps(study, results)
    for name, item in comparison.items():
        engineNodes.putDifference(study, name, item["difference"], item["largestGy"])
    engineNodes.putRates(study, rateMaps)
    engineNodes.putRateTable(study, kinetics["timesHours"], (value.get("doseRates") or {}).get("regions"))
    value["isodoses"] = doseDisplay.putIsodoses(study)
    engineNodes.putRegionsIn3D(study, occupancies, tia)
    studyNodes.writeDVH(study, regions, value["dvhCurves"])
    engineNodes.putComparison(study, regions, value["engines"], curves)
    return value, warnings


def _uniformWords(study):
    """What a uniform density means for engines that follow photons."""
    others = [name for name in doseOptions.engineNames(study) if name not in (doseEngines.LOCAL, doseOptions.EXTERNAL)]
    if densityChoice(study) != "uniform" or not others:
        return []
    return ["The density is uniform over the whole image: photons meet no surface of the body, no lung and no bone, "
            "and too few of them escape."]


def _results(study, tia, density, nuclide, occupancies, kinetics, progress):
    """Results of all chosen engines in their order, local deposition, origin of an external map, and warnings."""
    names, origin = doseOptions.engineNames(study), None
    external = None
    if doseOptions.EXTERNAL in names:
        # What may be refused comes before what takes long.
        external, origin = externalDose.result(study, tia, density, nuclide, occupancies, kinetics,
                                               subProgress(progress, 0.0, 0.1))
    found, local, words = doseEngines.runAll(study, names, tia, density, nuclide, occupancies,
                                             subProgress(progress, 0.1, 1.0))
    if external is not None:
        found[doseOptions.EXTERNAL] = external
    return {name: found[name] for name in names}, local, origin, words


def _region(study, name, region, mass, results, local, nuclide, density, occupancy, histograms):
    """All values of one region from the engines' results and its histograms, its uncertainty budget, and warnings."""
    fit, warnings, engineValues = region["fit"], [], {}
    tia = fit["timeIntegratedActivityMBqH"]
    localMean = doseEngines.localMeanGy(study, tia, mass["massG"], nuclide)
    primary = next(iter(results))
    for engineName, result in results.items():
        meanGy = doseEngines.regionMeanGy(result, local, localMean, density, occupancy)
        errorGy = result.regionStandardErrorGy.get(name)
        engineValues[engineName] = {"absorbedDoseGy": meanGy, "statisticalStandardErrorGy": errorGy,
                                    "dvh": doseHistograms.values(histograms[engineName])}
        target = doseOptions.engineOptions(study, engineName).get("relativeUncertainty",
                                                                  doseUncertainty.TARGET_RELATIVE)
        warnings += doseUncertainty.targetWords(name, errorGy, meanGy, target)
    own = engineValues[primary]
    recovered = partialVolume.coefficientOf(region)
    # The map shows what the images show.
    warnings += doseHistograms.meanWords(name, own["dvh"]["meanGy"], own["absorbedDoseGy"] * recovered)
    if recovered < 1.0 and results[primary].isExternal:
        warnings.append(f"{name}: the recovery of {recovered:.3g} is not applied to a map from elsewhere: the absorbed "
                        "dose is that of the map.")
    bed, words = regionDose.biologicallyEffectiveDose(name, mass["tissue"], own["absorbedDoseGy"], fit)
    if not imagedTracer.isActivityKnown(study):
        bed, words = regionDose.withoutBED(name, "no activity is planned")
    warnings += words
    # S of local deposition goes with 1/m; so, to first order, does that of any engine for what stays inside.
    errorGy = own["statisticalStandardErrorGy"]
    budget = doseUncertainty.withComponent(
        uncertainty.regionBudget(study, mass, fit, MassScaling(), partialVolume.curveOf(study, region)),
        doseUncertainty.STATISTICS,
        None if errorGy is None or not own["absorbedDoseGy"] > 0 else errorGy / own["absorbedDoseGy"])
    budget = doseUncertainty.withComponent(budget, doseUncertainty.ADMINISTERED,
                                           plannedActivity.relativeUncertainty(study))
    budget = doseUncertainty.withComponent(budget, doseUncertainty.DEAD_TIME,
                                           region.get("deadTimeRelativeUncertainty"))
    value = {"absorbedDoseGy": own["absorbedDoseGy"], **bed, "dvh": own["dvh"], "engines": engineValues,
             "uncertaintyBudget": budget.toDict(),
             **uncertainty.uncertaintiesOf(budget, tia, own["absorbedDoseGy"])}
    if not results[primary].isExternal:
        value.update(regionDose.particles(study, tia, mass["massG"], nuclide, own["absorbedDoseGy"], localMean,
                                          not results[primary].isLocal))
    return value, budget, warnings


def _rates(study, reference, kinetics, masses, density, nuclide, occupancies, regions, progress):
    """The regions' absorbed-dose rates, maps of all time points, and warnings."""
    engineName = next((name for name in doseOptions.engineNames(study) if name != doseOptions.EXTERNAL),
                      doseOptions.DEFAULT_ENGINE)
    maps, rates, words = doseRates.compute(study, reference, kinetics, masses, density, nuclide, occupancies,
                                           engineName, progress)
    absorbedDosesGy = {name: region["engines"][engineName]["absorbedDoseGy"] if engineName in region["engines"]
                       else region["absorbedDoseGy"] for name, region in regions.items()}
    words += doseRates.differenceWords(rates, absorbedDosesGy)
    return {"engine": engineName, "unit": doseRates.UNIT, "timesHours": list(kinetics["timesHours"]),
            "regions": rates}, maps, words


STAGE = Stage("dose", "Absorbed dose", _missing, _inputs, _compute, needs=("kinetics",),
              isNeeded=usesImages)
