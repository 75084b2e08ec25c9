"""Regions that lie over each other in planar views, told apart by what each of them would show.

Every region of a CT is a uniform source whose image in both views is known but for its activity (model-based planar
quantification, He and Frey, Phys Med Biol 2006;51:3967-3981, here by weighted least squares): the views are fitted as a
sum of all of them, of the rest of the body by its density, and of a constant in each view.
"""

from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..physics.partialVolume import SIGMA_PER_FWHM
from ..physics.sums import productSum
from .planarAlignment import smoothed

_REST = ""
# Regions whose images are this alike cannot be told apart: smallest eigenvalue of their correlations.
_LEAST_EIGENVALUE = 1e-4


@dataclass(frozen=True)
class Separation:
    """Parts of a pair of views.

    Attributes
    ----------
    counts : dict of str to float
        Of each region: what one view would count of it without attenuation.
    uncertainties : dict of str to float
        k = 1, by counting and, where the views differ more from the sum than counting lets expect, by that.
    misfit : float
        Root of chi-square per pixel, 1 where counting alone makes the difference.
    """

    counts: dict
    uncertainties: dict
    misfit: float


def separated(images, variances, projection, fwhmMM):
    """Counts of every region of a projected CT in a pair of views.

    Parameters
    ----------
    images, variances : tuple of 2 numpy.ndarray
        Anterior and posterior counts without scatter and their variances, both as the anterior view lies.
    projection : Projection
    fwhmMM : float
        Resolution of the views.

    Returns
    -------
    Separation

    Raises
    ------
    InputError
        Regions that look the same in both views.
    """
    spacing = projection.geometry.spacingMM
    names, columns = [*projection.regions, _REST], []
    for side in ("anterior", "posterior"):
        own = [getattr(region, side) / region.sourceCM.sum() for region in projection.regions.values()]
        rest = getattr(projection.body, side) - sum(getattr(region, side) for region in projection.regions.values())
        columns.append([_blurred(part, fwhmMM, spacing) for part in (*own, np.maximum(rest, 0.0))])
    # a constant of each view for what is counted from elsewhere
    zero, one = np.zeros(columns[0][0].shape), np.ones(columns[0][0].shape)
    design = [[*columns[0], one, zero], [*columns[1], zero, one]]
    measured = [np.asarray(image, float)[projection.window] for image in images]
    weights = [1.0 / np.maximum(smoothed(variance, spacing)[projection.window], 1.0) for variance in variances]
    count = len(design[0])
    normal, right = np.zeros((count, count)), np.zeros(count)
    for parts, values, weight in zip(design, measured, weights, strict=True):
        weighted = [part * weight for part in parts]
        for row in range(count):
            right[row] += productSum(weighted[row], values)
            for column in range(row, count):
                normal[row, column] += productSum(weighted[row], parts[column])
    normal = np.triu(normal) + np.triu(normal, 1).T
    scale = np.sqrt(np.diag(normal))
    if not np.linalg.eigvalsh(normal / np.outer(scale, scale)).min() > _LEAST_EIGENVALUE:
        raise InputError("The regions look too much alike in the views to be told apart", "overlap",
                         "Leave out or join regions that lie in each other")
    covariance = np.linalg.inv(normal)
    found = covariance @ right
    chiSquare = 0.0
    for parts, values, weight in zip(design, measured, weights, strict=True):
        rest = values - sum(factor * part for factor, part in zip(found, parts, strict=True))
        chiSquare += float((weight * rest ** 2).sum())
    misfit = float(np.sqrt(chiSquare / (2 * measured[0].size - count)))
    spreads = np.sqrt(np.diag(covariance)) * max(misfit, 1.0)
    return Separation({name: float(value) for name, value in zip(names, found, strict=False) if name != _REST},
                      {name: float(value) for name, value in zip(names, spreads, strict=False) if name != _REST},
                      misfit)


def _blurred(image, fwhmMM, spacingMM):
    from scipy import ndimage

    return ndimage.gaussian_filter(np.asarray(image, float), [fwhmMM * SIGMA_PER_FWHM / step for step in spacingMM])
