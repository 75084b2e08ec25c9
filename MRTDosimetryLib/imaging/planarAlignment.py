"""Whether a planar view and a CT lie as stated: by the regions' own pattern, and by the outline of the body."""

from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..physics.partialVolume import SIGMA_PER_FWHM

# About the resolution of whole-body scans with medium-energy collimators; only patterns are compared.
_BLUR_FWHM_MM = 12.0
_BIN_MM = 10.0
# Of what the body shows beside its regions: there its outline is drawn, in the view and in the projected CT alike.
_OUTLINE_LEVEL = 0.3
_END_MM = 20.0
_BESIDE_MM = 30.0
# Counts of a smoothed pixel's neighborhood of about 1 cm2 below which the body's outline is not seen.
_LEAST_COUNTS_PER_CM2 = 2.0
_LARGEST_OUTSIDE = 0.2


@dataclass(frozen=True)
class PatternFit:
    """How well the regions and the body of a CT, as an anterior-posterior pair would see them, make up a view.

    Attributes
    ----------
    shiftRSMM : tuple of 2 float
        What has to be added to the stated position (middle of the view, right and superior) for the best fit.
    explained, explainedHere, explainedMirrored : float
        Share of the view's variance that is explained at the best position, at the stated one, and at the best one with
        left and right exchanged.
    """

    shiftRSMM: tuple
    explained: float
    explainedHere: float
    explainedMirrored: float

    @property
    def distanceMM(self):
        return float(np.hypot(*self.shiftRSMM))


@dataclass(frozen=True)
class OutlineFit:
    """Body contour of a view against that of the projected CT.

    Attributes
    ----------
    shiftMM : float
        By how much the body of the view lies further to the patient's right.
    widthMM : float
        By how much the body of the view is wider.
    mismatchMM : float
        Mean distance of the edges.
    """

    shiftMM: float
    widthMM: float
    mismatchMM: float


def opposedMean(anterior, posterior, isPosteriorMirrored, spacingMM):
    """Geometric mean of two opposed views, smoothed before (that of single counts would be too low), as the anterior
    one shows it."""
    behind = posterior[:, ::-1] if isPosteriorMirrored else posterior
    return np.sqrt(np.maximum(smoothed(anterior, spacingMM), 0.0) * np.maximum(smoothed(behind, spacingMM), 0.0))


def patternFit(image, projection, reachMM=None):
    """Where the projected regions fit a view best.

    The view is described as a sum of the regions, of the body and of a constant, each as bright as fits best, at every
    position.

    Parameters
    ----------
    image : numpy.ndarray
        :func:`opposedMean` of the views, the anterior one being that of ``projection``.
    projection : Projection
    reachMM : float, optional
        Largest shift that is tried to each side; left out, all places where the CT lies within the view.

    Returns
    -------
    PatternFit

    Raises
    ------
    InputError
        No region, or a view without counts.
    """
    if not projection.regions:
        raise InputError("There are no regions to compare the planar view with", "alignment", "Give regions")
    if not image.any():
        raise InputError("The planar view holds no counts", "alignment", "Check detectors and windows")
    basis, spacing = _basis(projection), projection.geometry.spacingMM
    start = tuple(part.start for part in projection.window)
    bins = tuple(max(int(round(_BIN_MM / step)), 1) for step in spacing)
    places = [_offsets(bins[axis], spacing[axis], start[axis], basis.shape[1 + axis], image.shape[axis], reachMM)
              for axis in (0, 1)]
    coarse = [(int(row), int(column)) for row in places[0] for column in places[1]]
    best = _best(_explained(image, basis, start, coarse, bins))
    near = [_near(best[axis], bins[axis], start[axis], basis.shape[1 + axis], image.shape[axis]) for axis in (0, 1)]
    fine = [(int(row), int(column)) for row in near[0] for column in near[1]]
    fine = _explained(image, basis, start, [(0, 0), *fine])
    best, here = _best(fine), fine[0, 0]
    explained = fine[best]
    mirrored = max(_explained(image, basis[:, :, ::-1], start, coarse, bins).values())
    signs = projection.geometry.signs
    found = (-signs[0] * spacing[1] * best[1], -signs[1] * spacing[0] * best[0])
    return PatternFit(tuple(float(value) + 0.0 for value in found), explained, here, mirrored)


def _basis(projection):
    """Images (count, rows, columns) that make up the view: regions, rest of the body, constant."""
    spacing, parts = projection.geometry.spacingMM, []
    rest = [projection.body.anterior.copy(), projection.body.posterior.copy()]
    for region in projection.regions.values():
        rest[0] -= region.anterior
        rest[1] -= region.posterior
        parts.append(np.sqrt(region.anterior * region.posterior))
    parts.append(np.sqrt(np.maximum(rest[0], 0.0) * np.maximum(rest[1], 0.0)))
    return np.array([smoothed(part, spacing) for part in parts] + [np.ones(parts[0].shape)])


def _offsets(step, spacingMM, start, size, length, reachMM):
    """Shifts in pixels to try along an axis."""
    low, high = -start, length - size - start
    if reachMM is not None:
        reach = int(np.ceil(reachMM / spacingMM / step)) * step
        low, high = max(low, -reach), min(high, reach)
    return np.arange(-(-low // step) * step, high + 1, step)


def _near(middle, reach, start, size, length):
    return np.arange(max(middle - reach, -start), min(middle + reach, length - size - start) + 1)


def _best(explained):
    """Shift that explains most, the smallest of equal ones."""
    return max(explained, key=lambda shift: (explained[shift], -abs(shift[0]) - abs(shift[1]), shift))


def _explained(image, basis, start, shifts, bins=(1, 1)):
    """Share of the variance that is explained at each shift (rows, columns): a dictionary."""
    own = np.array([_binned(part, bins) for part in basis])
    used = own.reshape(len(own), -1).T
    # the constant first: what it explains is no pattern
    used = np.linalg.qr(np.column_stack([np.ones(len(used)), used]))[0]
    own = used.T.reshape(used.shape[1], *own.shape[1:])
    phases = [position % step for position, step in zip(start, bins, strict=True)]
    binned, found = _binned(image[phases[0]:, phases[1]:], bins), {}
    for shift in shifts:
        row, column = ((position + moved) // step for position, moved, step in zip(start, shift, bins, strict=True))
        part = binned[row:row + own.shape[1], column:column + own.shape[2]]
        parts = np.tensordot(own, part, axes=2) ** 2
        total = float((part ** 2).sum()) - float(parts[0])
        found[shift] = float(parts[1:].sum()) / total if total > 0 else 0.0
    return found


def _binned(image, bins):
    rows, columns = (size // step for size, step in zip(image.shape, bins, strict=True))
    return image[:rows * bins[0], :columns * bins[1]].reshape(rows, bins[0], columns, bins[1]).mean(axis=(1, 3))


def smoothed(image, spacingMM):
    """A view as blurred as the resolution of whole-body scans, so that single counts do not matter."""
    from scipy import ndimage

    return ndimage.gaussian_filter(np.asarray(image, float), [_BLUR_FWHM_MM * SIGMA_PER_FWHM / step
                                                              for step in spacingMM])


def outlineFit(image, projection):
    """Left and right edge of the body in a view against those of the projected CT, row by row.

    Both are drawn where the view falls to the same share of what the body shows beside its regions.

    Returns
    -------
    OutlineFit or None
        ``None`` where the view does not show the body.
    """
    from scipy import ndimage

    spacing, window = projection.geometry.spacingMM, projection.window
    smooth = image[window[0]]
    expected = np.zeros(smooth.shape)
    expected[:, window[1]] = np.sqrt(projection.body.anterior * projection.body.posterior)
    expected = smoothed(expected, spacing)
    silhouette = np.zeros(smooth.shape, bool)
    silhouette[:, window[1]] = projection.bodyMuT > 0.5 * np.median(projection.bodyMuT[projection.bodyMuT > 0])
    hot = np.zeros(smooth.shape, bool)
    hot[:, window[1]] = np.sum([np.zeros(projection.bodyMuT.shape), *(
        region.sourceCM for region in projection.regions.values())], axis=0) > 0
    beside = int(round(_BESIDE_MM / min(spacing)))
    plain = silhouette & ~ndimage.binary_dilation(hot, iterations=beside // 2)
    away = ~ndimage.binary_dilation(silhouette | hot, iterations=beside)
    if plain.sum() < 20:
        return None
    levels = [float(np.median(values[plain])) for values in (smooth, expected)]
    perCM2 = levels[0] * 100.0 / (spacing[0] * spacing[1])
    if perCM2 < _LEAST_COUNTS_PER_CM2 or (away.any() and np.median(smooth[away]) > _LARGEST_OUTSIDE * levels[0]):
        return None
    end = int(np.ceil(_END_MM / spacing[0]))
    edges = []
    for values, level in zip((smooth, expected), levels, strict=True):
        isInside = values[end:-end] > _OUTLINE_LEVEL * level
        edges.append((isInside.argmax(axis=1), values.shape[1] - 1 - isInside[:, ::-1].argmax(axis=1),
                      isInside.any(axis=1)))
    used = edges[0][2] & edges[1][2]
    if not used.any():
        return None
    first, last = ((edges[0][side][used] - edges[1][side][used]) * spacing[1] for side in (0, 1))
    sign = projection.geometry.signs[0]
    return OutlineFit(float(sign * np.median((first + last) / 2.0)) + 0.0, float(np.median(last - first)) + 0.0,
                      float(np.mean(np.abs(np.concatenate([first, last])))))
