"""Convolution of an image with symmetric kernels by fast Fourier transforms.

Four savings over the usual way, each exact: the image is padded by the half width of the kernel only (what wraps
around falls outside of the image), axis by axis (no transform over lines that are all zero), the spectrum of a
symmetric kernel is real and comes from a cosine transform of one octant, and the work is done in parts that
fit the cache.
"""

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ...errors import InputError

WORKERS = 2
PART_BYTES = 1_000_000


def convolveSymmetric(image, octants, workers=WORKERS):
    """Convolve an image with kernels that are symmetric about their center.

    Parameters
    ----------
    image : numpy.ndarray
        Shape (k, j, i). Outside of it there is nothing.
    octants : sequence of numpy.ndarray
        Each of shape (a, b, c): values at offsets 0 .. a-1 and so on, in both directions of each axis. Offsets that
        the image does not span are left out.
    workers : int
        Threads.

    Returns
    -------
    list of numpy.ndarray
        One per kernel, float32, of the shape of the image. Rounding is below 1e-6 of the largest value.

    Raises
    ------
    InputError
        When image or kernel have no three axes.
    """
    image = np.asarray(image)
    if image.ndim != 3 or image.size == 0 or any(np.ndim(octant) != 3 for octant in octants):
        raise InputError("The image or the kernel has no three axes", "absorbed dose", "Check the image")
    shape = image.shape
    octants = [np.array(octant[:shape[0], :shape[1], :shape[2]], np.float32) for octant in octants]
    # The center is most of a kernel of electrons: without it the transform has little to round.
    centers = [octant.item(0) for octant in octants]
    for octant in octants:
        octant[0, 0, 0] = 0.0
    padded = [_evenFastLength(number + max(octant.shape[axis] for octant in octants) - 1)
              for axis, number in enumerate(shape)]
    spectra = [_realSpectrum(octant, padded, workers) for octant in octants]
    image = np.ascontiguousarray(image, np.float32)
    with ThreadPoolExecutor(workers) as pool:
        lines = _forward(image, padded, pool)
        results = []
        for number, (center, spectrum) in enumerate(zip(centers, spectra, strict=True)):
            target = lines if number == len(spectra) - 1 else lines.copy()
            _filterFirstAxis(target, spectrum, padded, pool)
            results.append(_backward(target, image, center, padded, pool))
    return results


def _inParts(pool, work, number, bytesOfOne):
    """Call ``work(slice)`` for parts of ``number`` that fit the cache."""
    step = max(1, int(PART_BYTES // bytesOfOne))
    list(pool.map(lambda start: work(slice(start, min(start + step, number))), range(0, number, step)))


def _forward(image, padded, pool):
    """Transform along the last and the second axis."""
    from scipy import fft

    lines = np.empty((image.shape[0], padded[1], padded[2] // 2 + 1), np.complex64)

    def work(part):
        lines[part] = fft.fft(fft.rfft(image[part], padded[2], axis=2), padded[1], axis=1)

    _inParts(pool, work, image.shape[0], lines[0].nbytes)
    return lines


def _filterFirstAxis(lines, spectrum, padded, pool):
    """Transform along the first axis, multiply, transform back and crop, in place."""
    from scipy import fft

    number, half = lines.shape[0], padded[1] // 2
    mirrored = spectrum[padded[0] // 2 - 1:0:-1] if padded[0] > 2 else spectrum[:0]

    def work(part):
        # the spectrum of the second axis beyond its half is the mirrored one
        index = np.arange(part.start, part.stop)
        index = np.where(index > half, padded[1] - index, index)
        values = fft.fft(lines[:, part], padded[0], axis=0)
        values[:spectrum.shape[0]] *= spectrum[:, index]
        values[spectrum.shape[0]:] *= mirrored[:, index]
        lines[:, part] = fft.ifft(values, axis=0, overwrite_x=True)[:number]

    _inParts(pool, work, padded[1], 8 * padded[0] * lines.shape[2])


def _backward(lines, image, center, padded, pool):
    """Transform back along the second and the last axis and crop; adds the image times the center of the kernel."""
    from scipy import fft

    result = np.empty(image.shape, np.float32)

    def work(part):
        values = fft.ifft(lines[part], axis=1)[:, :image.shape[1]]
        np.multiply(image[part], np.float32(center), out=result[part])
        result[part] += fft.irfft(values, padded[2], axis=2)[:, :, :image.shape[2]]

    _inParts(pool, work, image.shape[0], lines[0].nbytes)
    return result


def _realSpectrum(octant, padded, workers):
    """Spectrum of the whole symmetric kernel at the frequencies up to half the length of each axis."""
    from scipy import fft

    spectrum = octant
    for axis in (2, 1, 0):
        spectrum = _padded(spectrum, axis, padded[axis] // 2 + 1)
        spectrum = fft.dct(spectrum, 1, axis=axis, overwrite_x=True, workers=workers)
    return spectrum


def _padded(array, axis, length):
    result = np.zeros([length if index == axis else number for index, number in enumerate(array.shape)], array.dtype)
    result[tuple(slice(0, number) for number in array.shape)] = array
    return result


def _evenFastLength(number):
    """Smallest even length of at least ``number`` with fast transforms."""
    from scipy import fft

    return 2 * fft.next_fast_len(max(math.ceil(number / 2), 1), True)
