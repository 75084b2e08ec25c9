"""Where to start a registration: every shift of two coarse CTs at once."""

import numpy as np

from .alignment import sample
from .grid import Grid, cornerIndices
from .resampling import averageOnGrid

# of the smaller body: the least that two images must share for a shift to be considered
MINIMUM_SHARED_BODY = 0.2


def coarseImage(windowed, body, spacingMM, airHU):
    """Means on isotropic voxels along R, A, S.

    Returns
    -------
    Volume, numpy.ndarray, numpy.ndarray
        Windowed HU; whether each voxel lies in the image; fraction of each voxel inside the body.
    """
    corners = (windowed.ijkToRAS @ cornerIndices(windowed.sizeIJK))[:3]
    low, high = corners.min(axis=1), corners.max(axis=1)
    size = np.maximum(np.rint((high - low) / spacingMM).astype(int), 1)
    matrix = np.diag([spacingMM, spacingMM, spacingMM, 1.0])
    matrix[:3, 3] = (low + high) / 2 - (size - 1) / 2 * spacingMM
    grid = Grid(size, matrix)
    coarse, covered = averageOnGrid(windowed, grid, outside=airHU)
    inside, _ = averageOnGrid(windowed.withArray(body.astype(np.float32)), grid)
    return coarse, covered > 0.5, inside.array


def bestShifts(fixed, moving, count):
    """Shifts that correlate best, by masked normalized cross-correlation over all shifts.

    Padfield, IEEE Trans Image Process 2012;21:2706.

    Parameters
    ----------
    fixed, moving : tuple
        Of :func:`coarseImage`, with equal spacing.
    count : int

    Returns
    -------
    list of (numpy.ndarray, float)
        Shift (R, A, S in mm) from fixed to moving coordinates, and its correlation; best first. Empty when no
        shift lets the bodies share enough.
    """
    from scipy import fft

    (fixedImage, fixedValid, fixedBody), (movingImage, movingValid, movingBody) = fixed, moving
    shape = [fft.next_fast_len(a + b - 1, True) for a, b in
             zip(fixedImage.array.shape, movingImage.array.shape, strict=True)]

    def transformed(array):
        return fft.rfftn(array.astype(np.float64), shape)

    def correlated(one, other):
        # sum over x of fixed(x) moving(x + d) for every d
        return fft.irfftn(np.conj(one) * other, shape)

    def parts(image, valid):
        values = np.where(valid, image.array.astype(np.float64) - image.array[valid].mean(), 0.0)
        return transformed(valid), transformed(values), transformed(values ** 2)

    f0, f1, f2 = parts(fixedImage, fixedValid)
    m0, m1, m2 = parts(movingImage, movingValid)
    number = np.maximum(np.rint(correlated(f0, m0)), 1.0)
    sumFixed, sumMoving = correlated(f1, m0), correlated(f0, m1)
    covariance = correlated(f1, m1) - sumFixed * sumMoving / number
    variance = (np.maximum(correlated(f2, m0) - sumFixed ** 2 / number, 0.0)
                * np.maximum(correlated(f0, m2) - sumMoving ** 2 / number, 0.0))
    shared = correlated(transformed(fixedBody), transformed(movingBody))
    smaller = min(float(fixedBody.sum()), float(movingBody.sum()))
    isAllowed = (shared >= MINIMUM_SHARED_BODY * smaller) & (variance > 1e-9 * variance.max())
    correlation = np.where(isAllowed, covariance / np.sqrt(np.where(isAllowed, variance, 1.0)), -1.0)
    spacing = fixedImage.spacingMM[0]
    originDifference = movingImage.ijkToRAS[:3, 3] - fixedImage.ijkToRAS[:3, 3]
    found = []
    # a larger shared part is better evidence than the same correlation of a smaller one
    score = np.where(isAllowed, correlation * np.clip(shared / smaller, 0.0, 1.0) ** 0.25, -1.0)
    for _ in range(count):
        peak = np.unravel_index(int(score.argmax()), score.shape)
        if score[peak] <= 0.0:
            break
        shift = np.array([p if p <= s - fixedImage.array.shape[axis] else p - s
                          for axis, (p, s) in enumerate(zip(peak, shape, strict=True))])
        found.append((shift[::-1] * spacing + originDifference, float(correlation[peak])))
        around = np.ix_(*(np.arange(p - 2, p + 3) % s for p, s in zip(peak, shape, strict=True)))
        score[around] = -1.0
    return found


def similarity(fixed, moving, fixedToMoving):
    """Correlation of two coarse images under a transform, weighted by the share of the body they have in common.

    Parameters
    ----------
    fixed, moving : tuple
        Of :func:`coarseImage`.
    fixedToMoving : numpy.ndarray
        4 x 4, RAS mm.

    Returns
    -------
    float or None
        At most 1; None where the bodies share less than :data:`MINIMUM_SHARED_BODY` of the smaller.
    """
    (fixedImage, fixedValid, fixedBody), (movingImage, _, movingBody) = fixed, moving
    k, j, i = np.nonzero(fixedValid)
    points = fixedImage.ijkToRAS[:3, :3] @ np.stack([i, j, k]).astype(float) + fixedImage.ijkToRAS[:3, 3:]
    rasToIJK = np.linalg.inv(movingImage.ijkToRAS) @ fixedToMoving
    values, inside = sample(movingImage.array, rasToIJK, points)
    body, _ = sample(movingBody, rasToIJK, points)
    here = fixedBody[k, j, i]
    shared = float(np.sum((here * body)[inside])) / min(float(fixedBody.sum()), float(movingBody.sum()))
    if shared < MINIMUM_SHARED_BODY:
        return None
    # air around both bodies agrees whatever the transform, so it is left out
    used = inside & ((here > 0) | (body > 0))
    one = fixedImage.array[k, j, i][used].astype(np.float64)
    one, other = one - one.mean(), values[used] - values[used].mean()
    spread = np.sqrt(np.sum(one ** 2) * np.sum(other ** 2))
    return float(np.sum(one * other) / spread) * min(shared, 1.0) ** 0.25 if spread > 0 else 0.0
