"""What would be found of a region if its outline lay farther out or in: volume, activity seen, and recovery."""

from dataclasses import dataclass

import numpy as np

from ..physics.sums import productSum

# Of the region's own volume: a smaller outline is no outline of it any more.
_LEAST_VOLUME = 0.05


@dataclass(frozen=True)
class ShiftedOutlines:
    """Over the region's own outline, by shift.

    Attributes
    ----------
    shiftsMM : tuple of float
        Rising, outward positive, 0 among them.
    volumes, counts, concentrations : tuple of float
        Volume, activity that the image shows inside, and concentration that the correction gives, all relative to
        those at a shift of 0.
    """

    shiftsMM: tuple
    volumes: tuple
    counts: tuple
    concentrations: tuple


def shiftedOutlines(transfer, concentrations, name, shiftsMM):
    """Shift the outline of a region while the activity stays where it is.

    The image about the region is that of the solved concentrations, without noise; an outline takes nothing from
    smaller regions. With o the region as it is, o' as outlined, H o and H o' their images and b the concentration of
    what o' takes in (of what lies just outside, where it gives up), one equation of the transfer matrix, all other
    concentrations kept, is solved by

    c'/c = b/c + (1 - b/c) (o', H o) / (o', H o').

    Parameters
    ----------
    transfer : GeometricTransfer
    concentrations : numpy.ndarray
        Of :meth:`.GeometricTransfer.concentrations`.
    name : str
        Of the region.
    shiftsMM : sequence of float

    Returns
    -------
    ShiftedOutlines
    """
    truth, image = transfer.painted(concentrations, name)
    fraction, distance = transfer.signedDistance(name)
    concentration = float(concentrations[transfer.names.index(name)])
    step = float(np.prod(transfer.fineSpacingMM) ** (1.0 / 3.0))
    free = 1.0 - transfer.smallerRegions(name)

    def outlined(shift):
        return np.minimum(np.clip(0.5 - (distance - shift) / step, 0.0, 1.0), free).astype(np.float32)

    own = outlined(0.0)
    ownImage, others, outside = transfer.blurred(own), truth - np.float32(concentration) * fraction, 1.0 - fraction
    rows = []
    for shift in sorted({0.0, *(float(item) for item in shiftsMM)}):
        now = outlined(shift)
        volume = float(now.sum(dtype=np.float64))
        if volume < _LEAST_VOLUME * float(own.sum(dtype=np.float64)) \
                or (shift > 0 and not volume > rows[-1][1]):
            continue  # hardly anything left inside, or no room to grow between smaller regions
        rim = np.maximum(now - own, 0.0) if shift > 0 else ((distance > 0) & (distance < 2.0 * step)) * free
        room = max(productSum(rim, outside), 1e-9)
        beside = productSum(rim, others) / room / concentration
        seen = productSum(now, ownImage) / productSum(now, transfer.blurred(now))
        rows.append((shift, volume, productSum(now, image), beside + (1.0 - beside) * seen))
    middle = next(row for row in rows if row[0] == 0.0)
    return ShiftedOutlines(*(tuple(value / (middle[column] if column else 1.0) for value in values)
                             for column, values in enumerate(zip(*rows, strict=True))))
