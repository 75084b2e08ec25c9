"""Recovery of the regions of a study by their own shapes and neighbors, in the image of every time point."""

from dataclasses import dataclass, replace

import numpy as np

from ..imaging.geometricTransfer import GeometricTransfer, subdivisions
from ..imaging.regionRecoveries import regionRecoveries
from ..physics.pointSpread import PointSpread
from ..progress import noProgress
from . import plannedActivity
from .regionMasks import regionOccupancies


@dataclass(frozen=True)
class RegionImages:
    """The images of the included time points and the weights by which they add up to an integral over time."""

    study: object
    timePoints: list
    weights: list

    def __len__(self):
        return len(self.timePoints)

    def image(self, position):
        return plannedActivity.activityVolume(self.study, self.timePoints[position])

    def occupancies(self, position, counts):
        return regionOccupancies(self.study, self.timePoints[position], counts)


def recoveries(curve, images, volumesML, wanted, progress=noProgress):
    """Solve the image of every time point.

    Parameters
    ----------
    curve : PointSpreadRecovery
        Of the camera's spheres.
    images : RegionImages
    volumesML : dict of str to float
        Of all regions; each of them is a neighbor, corrected or not.
    wanted : list of str
        The regions that are corrected.

    Returns
    -------
    dict of str to dict
        See :func:`.partialVolume.recoveries`.
    list of str
        Warnings.

    Raises
    ------
    InputError, CalculationError
        Regions that overlap, or that the resolution does not tell apart.
    """
    spread, solved, decisive, largest = PointSpread(curve.fwhmMM, curve.enhancement), [], None, -1.0
    for position, weight in enumerate(images.weights):
        progress(position / (len(images) + 1), f"{images.timePoints[position].label}: recovery of the regions")
        image = images.image(position)
        counts = subdivisions(image, curve.fwhmMM)
        transfer = GeometricTransfer(images.occupancies(position, counts), image, spread, counts)
        solved.append(transfer.recovered(image))
        share = weight * sum(item.found for item in solved[-1].values())
        if share > largest:  # the scan that counts most stands for all in the uncertainty
            decisive, largest, kept = position, share, (transfer, image)
    progress(len(images) / (len(images) + 1), "Uncertainty of the recovery")
    shapes = regionRecoveries(*kept, curve, volumesML)
    weights, found, words = np.asarray(images.weights, float), {}, []
    for name in wanted:
        own = [item[name] for item in solved]
        # of the time-integrated activity
        total = float(weights @ [item.found for item in own]) / float(weights @ [item.recovered for item in own])
        shape = replace(shapes[name], coefficient=total)
        found[name] = {"coefficient": total, "coefficients": [float(item.coefficient) for item in own],
                       "relativeUncertainty": float(shape.relativeFitUncertainty(shape.volumeML)),
                       "volumeML": float(volumesML[name]), "isExtrapolated": False, "shape": shape.toDict(),
                       "surroundings": own[decisive].surroundings}
        if total > 1.0:
            words.append(f"{name}: more activity spills in from neighbors than is lost (recovery {total:.3g}): its "
                         "value rests on theirs.")
    return found, words


def methodWords(curve, source):
    """The method in words, for the report."""
    return (f"Activities of regions are solved for in the image of each time point by a geometric transfer (Rousset et "
            f"al. 1998): the point spread of the spheres, a Gaussian of {curve.fwhmMM:.4g} mm, resolution put back in "
            f"part ({curve.enhancement:.3g}), {source}, is applied to the shape of each region and to what lies around "
            "it; spill-out and spill-in are taken off. Uptake is taken as uniform in each region and in what surrounds "
            "it.")


def regionWords(name, item):
    """What was found of one region, in words."""
    each = ", ".join(f"{value:.4g}" for value in item["coefficients"])
    beside = "no surroundings without a region" if item["surroundings"] is None else \
        f"surroundings at {item['surroundings']:.2g} of its concentration"
    return f"{name}: recovery {item['coefficient']:.4g} ± {item['relativeUncertainty']:.2%} (by scan {each}); {beside}."
