"""The patient's body in a CT."""

import numpy as np

from ..errors import InputError
from .sitkBridge import fromSITK, toSITK

BODY_THRESHOLD_HU = -300.0
_WORKING_SPACING_MM = 4.0
# boards of a couch thinner than twice this are told from the patient lying on them
_COUCH_RADIUS_MM = 8.0
# air between patient and couch is emptier than any lung
_LUNG_HU = -950.0


def bodyMask(ct, thresholdHU=BODY_THRESHOLD_HU):
    """The patient without couch and surrounding air; lungs and bowel gas count as body.

    Largest connected part above the threshold on voxels of about 4 mm, after an opening that takes away
    the boards of a couch; air that the body encloses in an axial slice is filled.

    Parameters
    ----------
    ct : Volume
        In Hounsfield units.
    thresholdHU : float

    Returns
    -------
    Volume
        uint8 on the grid of ``ct``: 1 inside the body.

    Raises
    ------
    InputError
        When nothing in the image is denser than the threshold.
    """
    mask = shrunkBodyMask(shrinkToSpacing(ct, _WORKING_SPACING_MM), thresholdHU).array
    for axis, factor in enumerate(reversed(_shrinkFactors(ct, _WORKING_SPACING_MM))):
        # incomplete blocks that the shrinking left out continue their neighbors
        index = np.minimum(np.arange(ct.array.shape[axis]) // factor, mask.shape[axis] - 1)
        mask = mask.take(index, axis=axis)
    return ct.withArray(mask, unit="", name="body")


def shrinkToSpacing(volume, spacingMM):
    """Means over blocks of whole voxels, so that voxel edges come near ``spacingMM``.

    Returns
    -------
    Volume
        float32; incomplete blocks at the far faces are left out.
    """
    import SimpleITK as sitk

    factors = _shrinkFactors(volume, spacingMM)
    if max(factors) == 1:
        return volume.withArray(volume.array.astype(np.float32, copy=False))
    shrunk = sitk.BinShrink(toSITK(volume), factors)
    return fromSITK(sitk.Cast(shrunk, sitk.sitkFloat32), volume.unit, volume.name)


def shrunkBodyMask(ct, thresholdHU=BODY_THRESHOLD_HU):
    """:func:`bodyMask` on the voxels that ``ct`` has, meant for voxels of some millimeters."""
    from scipy import ndimage

    dense = ct.array > thresholdHU
    opened = ndimage.binary_opening(_paddedByEdge(dense, ct), _ball(ct.spacingMM, _COUCH_RADIUS_MM))
    opened = opened[_unpadded(dense.shape, ct)]
    body = _largestPart(opened if opened.any() else dense, ct)
    lungs = _airInside(dense, body, ct)
    # the opening also takes thin walls of the chest: they come back around the lungs
    wall = dilated(ct.withArray(lungs.view(np.uint8)), 2 * _COUCH_RADIUS_MM) & dense
    body = body | lungs | wall
    return ct.withArray((body | _axialHoles(body, ct)).view(np.uint8), unit="", name="body")


def _airInside(dense, body, ct):
    """Air enclosed in the slices that belongs to the body: not the inside of a couch, nor gaps above it."""
    from scipy import ndimage

    parts, count = ndimage.label(_axialHoles(dense, ct))
    touching, touchingBody = np.zeros(count + 1), np.zeros(count + 1)
    for axis in range(3):
        for step in (-1, 1):
            ahead = tuple(slice(1, None) if a == axis else slice(None) for a in range(3))
            behind = tuple(slice(None, -1) if a == axis else slice(None) for a in range(3))
            here, there = (ahead, behind) if step < 0 else (behind, ahead)
            wall = (parts[here] > 0) & dense[there]
            labels = parts[here][wall]
            touching += np.bincount(labels, minlength=count + 1)
            touchingBody += np.bincount(labels, weights=body[there][wall], minlength=count + 1)
    meanHU = np.bincount(parts.ravel(), weights=ct.array.ravel(), minlength=count + 1) / np.maximum(
        np.bincount(parts.ravel(), minlength=count + 1), 1)
    share = touchingBody / np.maximum(touching, 1)
    isInside = (share > 0.75) | ((share > 0.4) & (meanHU > _LUNG_HU))
    isInside[0] = False
    return isInside[parts]


def _largestPart(mask, ct):
    from scipy import ndimage

    parts, count = ndimage.label(mask)
    if count == 0:
        raise InputError("No patient is found in the CT: nothing is denser than air", ct.name,
                         "Check that the image is a CT in Hounsfield units")
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return parts == sizes.argmax()


def _axialHoles(body, ct):
    """Background that does not reach the border of its axial slice."""
    from scipy import ndimage

    axial = axialAxis(ct)
    inPlane = ndimage.generate_binary_structure(3, 1)
    inPlane[tuple(slice(0, None, 2) if axis == axial else 1 for axis in range(3))] = False
    parts, count = ndimage.label(~body, inPlane)
    isHole = np.ones(count + 1, dtype=bool)
    isHole[0] = False
    for axis in {0, 1, 2} - {axial}:
        for face in (0, -1):
            isHole[np.unique(parts.take(face, axis=axis))] = False
    return isHole[parts]


def _padding(ct):
    return [int(np.ceil(_COUCH_RADIUS_MM / s)) for s in reversed(ct.spacingMM)]


def _paddedByEdge(mask, ct):
    # without it an opening would wear away the body where the field of view cuts it
    return np.pad(mask, [(n, n) for n in _padding(ct)], mode="edge")


def _unpadded(shape, ct):
    return tuple(slice(n, n + size) for n, size in zip(_padding(ct), shape, strict=True))


def _ball(spacingMM, radiusMM):
    # a quarter of a voxel more, so that voxels a little too large do not leave the ball without its poles
    spacing = np.asarray(spacingMM)[::-1]
    reach = [int(r) for r in (radiusMM + spacing / 4) // spacing]
    offsets = np.ogrid[tuple(slice(-r, r + 1) for r in reach)]
    return sum((o * s) ** 2 for o, s in zip(offsets, spacing, strict=True)) <= (radiusMM + spacing.max() / 4) ** 2


def axialAxis(ct):
    """Array axis (of k, j, i) that runs most nearly from feet to head."""
    return 2 - int(np.abs(ct.ijkToRAS[2, :3] / ct.spacingMM).argmax())


def _shrinkFactors(volume, spacingMM):
    return [max(1, min(int(spacingMM / s + 0.25), n)) for s, n in zip(volume.spacingMM, volume.sizeIJK, strict=True)]


def dilated(mask, radiusMM):
    """A mask (Volume) grown by about ``radiusMM`` along each axis, as a bool array (k, j, i)."""
    from scipy import ndimage

    size = [2 * int(np.rint(radiusMM / s)) + 1 for s in reversed(mask.spacingMM)]
    return ndimage.maximum_filter(mask.array, size, mode="nearest") > 0
