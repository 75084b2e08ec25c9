"""Absorbed-dose-rate maps of each time point, and whether their integral is the absorbed dose."""

import numpy as np

from ..imaging.resampling import resample
from ..imaging.spread import spreadTimeIntegratedActivity
from ..physics.dose import registry as engines
from ..physics.dose.doseRate import computeDoseRate
from ..progress import noProgress, subProgress
from ..scene import volumes
from . import doseEngines, doseOptions, partialVolume
from .registration import referenceFromTimePoint
from .timePoints import includedTimePoints

UNIT = "mGy/h"
MILLI = 1000.0
# Beyond this the words of a warning follow: the rate then does not go with the region's own activity.
LARGEST_DIFFERENCE_PERCENT = 5.0


def compute(study, reference, kinetics, masses, density, nuclide, occupancies, engineName, progress=noProgress):
    """Absorbed-dose rate at each scan by one engine.

    The activity of each region and of the remainder at the scan is spread over the voxels by that scan's registered
    image, as the time-integrated activity is; an engine is linear, so that MBq take the place of MBq h.

    Parameters
    ----------
    kinetics : dict
        Value of the kinetics stage.
    masses : dict of str to dict
        Rows of the regions with ``massG``.
    density : numpy.ndarray
        g/mL, shape (k, j, i).

    Returns
    -------
    (list of (str, Volume), dict, list of str)
        Label and map in mGy/h of each time point; by region ``ratesMGyPerHour``, ``absorbedDoseFromRatesGy``; and
        warnings.
    """
    included = includedTimePoints(study)
    grid = volumes.volumeFromNode(reference.spectNode)
    maps, words = [], []
    rates = {name: [] for name in kinetics["regions"]}
    for position, timePoint in enumerate(included):
        part = subProgress(progress, position / len(included), (position + 1) / len(included))
        part(0.0, f"Absorbed-dose rate at {timePoint.label}")
        activities = {name: region["timeActivity"][position]["activityMBq"]
                      for name, region in kinetics["regions"].items()}
        # The map shows what the images show, without the recovery of regions.
        imaged = {name: value * partialVolume.coefficientOf(kinetics["regions"][name], position)
                  for name, value in activities.items()}
        rest = kinetics["remainder"]["activitiesMBq"][position]
        if rest < 0:
            words.append(f"{timePoint.label}: the activity outside the regions is negative and left out of the "
                         "absorbed-dose rate.")
        perVoxel = spreadTimeIntegratedActivity(imaged, occupancies, _registered(timePoint, reference, grid),
                                                max(rest, 0.0)).astype(np.float32)
        found = _rate(study, engineName, perVoxel, grid, density, nuclide, occupancies, part)
        local = found if engineName == doseEngines.LOCAL else \
            _rate(study, doseEngines.LOCAL, perVoxel, grid, density, nuclide, occupancies)
        for name, activityMBq in activities.items():
            ownMean = doseEngines.localMeanGy(study, activityMBq, masses[name]["massG"], nuclide)
            rates[name].append(MILLI * doseEngines.regionMeanGy(found, local, ownMean, density, occupancies[name]))
        maps.append((timePoint.label, grid.withArray(found.absorbedDose.array * np.float32(MILLI), UNIT,
                                                     "Absorbed-dose rate")))
    return maps, {name: {"ratesMGyPerHour": values, "absorbedDoseFromRatesGy": _integral(
        values, kinetics["regions"][name], kinetics["timesHours"])} for name, values in rates.items()}, words


def differenceWords(regions, absorbedDosesGy):
    """Warnings on regions whose rates do not integrate to the absorbed dose; adds ``differencePercent`` to each."""
    words = []
    for name, region in regions.items():
        integral = region["absorbedDoseFromRatesGy"]
        difference = None if integral is None or not absorbedDosesGy[name] > 0 else \
            100.0 * (integral / absorbedDosesGy[name] - 1.0)
        region["differencePercent"] = difference
        if difference is not None and abs(difference) > LARGEST_DIFFERENCE_PERCENT:
            words.append(f"{name}: the absorbed-dose rates of the scans integrate to {integral:.4g} Gy, "
                         f"{difference:+.1f} % against the absorbed dose: part of it comes from other regions with "
                         "kinetics of their own.")
    return words


def isWanted(study):
    """Whether the study asks for maps of each time point."""
    return doseOptions.stated(study)["doseRateMaps"]


def _rate(study, name, activityMBqPerVoxel, grid, density, nuclide, occupancies, progress=noProgress):
    """Gy/h by one engine in place of Gy."""
    engine = engines.engine(name)
    found = computeDoseRate(engine, activityMBqPerVoxel, density, grid.spacingMM, nuclide, progress,
                            doseEngines.optionsFor(study, engine, occupancies))
    return doseEngines.EngineResult(name, engine.title, grid.withArray(np.asarray(
        found.absorbedDoseRateGyPerH, np.float32), "Gy/h", "Absorbed-dose rate"), engine.isLocal, list(found.notes))


def _registered(timePoint, reference, grid):
    image = volumes.volumeFromNode(timePoint.spectNode)
    if timePoint.spectNode is reference.spectNode:
        return image
    return resample(image, grid, np.linalg.inv(referenceFromTimePoint(timePoint)), outside=0.0, dtype=np.float32)


def _integral(ratesMGyPerHour, region, timesHours):
    """Absorbed dose in Gy by the region's own kinetics: time-integrated activity times rate per activity.

    The rate per activity is the mean over the scans, each weighted by its share of the area under the curve.
    """
    # What is excluded from the curve is left out of its mean as well.
    kept = [index for index, point in enumerate(region["timeActivity"]) if not point.get("isExcluded")]
    activities = np.array([point["activityMBq"] for point in region["timeActivity"]])[kept]
    times = np.asarray(timesHours, float)[kept]
    edges = np.concatenate(([0.0], (times[1:] + times[:-1]) / 2.0, [times[-1] + times[-1] / 2.0]))
    weights = np.diff(edges)
    total = float(weights @ activities)
    if not total > 0:
        return None
    perActivity = float(weights @ np.asarray(ratesMGyPerHour)[kept]) / total
    return perActivity * region["fit"]["timeIntegratedActivityMBqH"] / MILLI
