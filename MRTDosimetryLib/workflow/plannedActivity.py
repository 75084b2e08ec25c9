"""Images without a calibration: planned activity, lung shunt and the perfused liver give them their scale.

Patient-relative calibration (Chiesa et al., EJNMMI Phys 2021, 10.1186/s40658-021-00394-3): the counts in the perfused
liver stand for the activity that reaches it, A (1 - LSF). A 99mTc-MAA image then is a plan in the study's
radionuclide, and no measurement of it.
"""

import numpy as np

from ..errors import InputError
from ..physics.decay import decayFactor
from ..physics.sums import productSum
from ..scene import volumes
from ..therapies import microspherePlan, microsphereResults
from ..therapies.tissues import tissueOf
from . import administrationEntry, imagedTracer, kineticsOptions, statements
from .activityImage import isPlan
from .protocol import studyNuclide
from .regionMasks import MOSTLY_OUTSIDE, OUTSIDE_SHARE, regionNames, regionOccupancies, unionFraction

# Models without a course in time of their own: an image of a plan has none.
MODELS = (kineticsOptions.PHYSICAL, "f1a")
_ADMINISTERED = "administered activity of the study"
FACT = "plannedCalibrationBqPerMLPerValue"
_TISSUES = ("liver", "tumor")
# Activity outside the perfused liver and the lungs beyond this share of it is worth a word.
LARGEST_OUTSIDE = 0.1
_BQ_PER_MBQ = 1e6


def activityVolume(study, timePoint):
    """The image of a time point in Bq/mL of the study's radionuclide: as it is, by the planned activity, or predicted
    by that of another radionuclide.

    Raises
    ------
    InputError
        Nothing that gives the image a scale.
    """
    image = volumes.volumeFromNode(timePoint.spectNode)
    if not isPlan(timePoint):
        return imagedTracer.converted(study, timePoint, image)
    factor = np.float32(calibration(study, timePoint)["bqPerMLPerValue"])
    return image.withArray(image.array * factor, unit="Bq/mL")


def calibration(study, timePoint):
    """How a relative image becomes Bq/mL.

    Returns
    -------
    dict
        ``bqPerMLPerValue``; ``netActivityMBq`` that reaches the patient, with ``activityOrigin``;
        ``lungShuntFraction``; ``perfusedRegions``; ``activityInRegionsMBq`` at the scan; ``shareOutside``: activity in
        view outside the perfused regions over that inside.

    Raises
    ------
    InputError
        No planned activity, no lung shunt fraction, or no region of the perfused liver.
    """
    where = timePoint.label
    case = statements.therapyCase(study, areRegionsIncluded=False)
    net, shunt = microsphereResults.netActivityMBq(case), microspherePlan.shuntOf(case)
    if net is None:
        raise InputError("The image has no scale: no planned activity is stated", where,
                         "Give administration.prescribedActivityMBq")
    if shunt is None:
        raise InputError("The image has no scale: no lung shunt fraction is stated", where,
                         "Give microspheres.lungShuntFraction or measurements.lungShunt")
    names, occupancies = perfusedRegions(study), regionOccupancies(study, timePoint)
    image = volumes.volumeFromNode(timePoint.spectNode)
    # Liver beyond the image would leave its share of the activity to the rest.
    outside = [name for name in names if occupancies[name].fractionOutside > OUTSIDE_SHARE]
    if outside:
        raise InputError(f"Part of {', '.join(outside)} lies outside the image, so that its counts cannot stand for "
                         "the activity in the liver", where, "Use an image that shows all of the perfused liver")
    inside = unionFraction({name: occupancies[name] for name in names}, image.array.shape)
    values = image.array.astype(np.float64)
    counts, total = productSum(values, inside), float(values.sum())
    if not counts > 0:
        raise InputError("The image shows no counts in the perfused liver", where, "Check regions and image")
    activityMBq = net * (1.0 - shunt.fraction) * float(decayFactor(studyNuclide(study).halfLifeHours,
                                                                  timePoint.timeHours))
    lungs = unionFraction({name: item for name, item in occupancies.items() if tissueOf(name) == "lung"
                           and item.fractionOutside < MOSTLY_OUTSIDE}, image.array.shape)
    lungs = np.minimum(lungs, 1.0 - inside)
    return {"bqPerMLPerValue": activityMBq * _BQ_PER_MBQ / (counts * image.voxelVolumeML), "netActivityMBq": net,
            "activityOrigin": _ADMINISTERED if case.administeredActivityMBq is not None
            else "prescribed activity of the study, less the residual",
            "lungShuntFraction": shunt.fraction, "lungShuntOrigin": shunt.origin, "perfusedRegions": names,
            "activityInRegionsMBq": activityMBq,
            "shareOutside": (total - counts - productSum(values, lungs)) / counts}


def relativeUncertainty(study):
    """Relative standard uncertainty of the activity that gives the images their scale; ``None`` where images have a
    scale of their own, the activity is a planned one, or none is stated."""
    planned = ((study.stageRecord("kinetics") or {}).get("value") or {}).get("planned")
    if not planned or planned["activityOrigin"] != _ADMINISTERED:
        return None
    return administrationEntry.relativeUncertainty(study)


def perfusedRegions(study):
    """Names of the regions whose counts stand for the activity in the liver.

    Raises
    ------
    InputError
        A stated name that is no region, or no region of liver or tumor at all.
    """
    stated = statements.stated(study).get("microspheres") or {}
    names, given = regionNames(study), stated.get("perfusedRegions")
    if given:
        unknown = [name for name in given if name not in names]
        if unknown:
            raise InputError(f"'{unknown[0]}' is not a region", "microspheres: perfusedRegions",
                             f"Known are {', '.join(names)}")
        return list(given)
    found = [name for name in names if tissueOf(name) in _TISSUES]
    if not found:
        raise InputError("No region is liver or tumor by its name", "regions",
                         "Name the regions so, or state microspheres.perfusedRegions")
    return found


def missing(study, included):
    """What images of a plan lack before their curves can be made, in words."""
    relative = [timePoint for timePoint in included if isPlan(timePoint)]
    if not relative:
        return []
    words = []
    if imagedTracer.statedPrediction(study) is not None:
        words.append(f"The image at {relative[0].label} is a plan and has no time, so that it predicts nothing by "
                     "decay: take the prediction back, or give an image in Bq/mL")
    if len(included) > 1:
        words.append(f"The image at {relative[0].label} is a plan and cannot be fitted together with other images: "
                     "exclude it or them")
    others = sorted({name for name in regionNames(study) if kineticsOptions.chosenModel(study, name) not in MODELS})
    if others:
        words.append("An image of a plan has no course in time: choose physical decay alone "
                     f"(kinetics.model physicalDecay) for {', '.join(others)}")
    return words


def inputs(study, included):
    """What the scale of relative images depends on beside them, for the inputs of a stage; empty without any."""
    if not any(isPlan(timePoint) for timePoint in included):
        return {}
    stated = statements.stated(study)
    return {"planned": {"administration": study.choice("administration"),
                        **{key: stated.get(key) for key in ("microspheres", "measurements.lungShunt")}}}


def settle(study, included):
    """Keep the scale of the relative image among its facts, with where it comes from.

    Returns
    -------
    (dict or None, list of str)
        As of :func:`calibration`, and warnings.
    """
    for timePoint in included:
        if isPlan(timePoint):
            found = calibration(study, timePoint)
            detail = (f"planned, not measured: {found['netActivityMBq']:.6g} MBq ({found['activityOrigin']}) x (1 - "
                      f"{found['lungShuntFraction']:.4g}) over the counts in {', '.join(found['perfusedRegions'])}")
            timePoint.setFact(FACT, found["bqPerMLPerValue"], "Bq/mL", "user", detail)
            words = [f"{timePoint.label}: the image is a plan. Its counts became Bq/mL of "
                     f"{studyNuclide(study).name} as {detail}."]
            if found["shareOutside"] > LARGEST_OUTSIDE:
                words.append(f"{timePoint.label}: the image shows {found['shareOutside']:.0%} of the counts of the "
                             "perfused liver outside of it and of the lungs: check the regions, scatter and free "
                             "technetium.")
            return found, words
    return None, []
