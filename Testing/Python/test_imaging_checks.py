"""Invalid voxels and missing overlap are told before numbers are taken from an image."""

import numpy as np
import pytest
from imagingExamples import geometry, pose

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.imaging.checks import fieldOfViewFraction, requireFinite, requireOverlap
from MRTDosimetryLib.imaging.grid import Grid, isSameGrid
from MRTDosimetryLib.imaging.volume import Volume


def test_countAndFirstPositionOfInvalidVoxels():
    array = np.ones((3, 4, 5), np.float32)
    requireFinite(Volume(array))
    array[1, 2, 3], array[2, 0, 0] = np.nan, np.inf
    with pytest.raises(InputError, match=r"2 of 60 voxels.*i=3, j=2, k=1") as caught:
        requireFinite(Volume(array, name="SPECT 4 h"))
    assert caught.value.where == "SPECT 4 h"


def test_largeFiniteValuesAreValid():
    requireFinite(Volume(np.full((3, 3, 3), 3e38, np.float32)))
    requireFinite(Volume(np.full((3, 3, 3), 1.7e308)))
    requireFinite(Volume(np.full((3, 3, 3), 30000, np.int16)))


def test_fractionOfTheFieldOfView():
    small = Volume(np.zeros((10, 10, 10), np.uint8), geometry((4, 4, 4), (0, 0, 0)), "", "SPECT")
    half = Volume(small.array, geometry((4, 4, 4), (-20, 0, 0)), "", "CT")
    assert fieldOfViewFraction(small, small) == 1.0
    assert fieldOfViewFraction(small, half) == pytest.approx(0.5, abs=0.02)
    back = np.eye(4)
    back[0, 3] = -20
    assert fieldOfViewFraction(small, half, back) == 1.0
    turned = pose((0, 0, 45), (0, 0, 0), centerRAS=Grid(small.sizeIJK, small.ijkToRAS).center())
    # a square turned by 45 degrees shares 2 (sqrt(2) - 1) of its area with itself
    assert fieldOfViewFraction(small, small, turned) == pytest.approx(2 * (np.sqrt(2) - 1), abs=0.02)


def test_missingOverlapIsRefused():
    spect = Volume(np.zeros((10, 10, 10), np.uint8), geometry((4, 4, 4), (0, 0, 0)), "", "SPECT")
    far = Volume(spect.array, geometry((4, 4, 4), (500, 0, 0)), "", "CT")
    with pytest.raises(InputError, match="SPECT and CT do not overlap"):
        requireOverlap(spect, far, 0.0)
    near = Volume(spect.array, geometry((4, 4, 4), (30, 0, 0)), "", "CT")
    with pytest.raises(InputError, match="Only 25 %"):
        requireOverlap(spect, near, 0.5)
    assert requireOverlap(spect, near, 0.2) == pytest.approx(0.25, abs=0.02)


def test_gridsThatCannotBeAreRefused():
    with pytest.raises(InputError):
        Grid((3, 0, 3), np.eye(4))
    with pytest.raises(InputError):
        Grid((3, 3, 3), np.zeros((4, 4)))
    with pytest.raises(InputError, match="4 x 4"):
        fieldOfViewFraction(Grid((3, 3, 3), np.eye(4)), Grid((3, 3, 3), np.eye(4)), np.zeros((4, 4)))


def test_sameGrid():
    grid = Grid((512, 512, 100), geometry((1, 1, 4), (0, 0, 0)))
    assert isSameGrid(grid, Grid(grid.sizeIJK, grid.ijkToRAS + 1e-5 * np.eye(4, k=3)))
    # a spacing that differs in the fifth digit moves the far corner by 5 mm
    assert not isSameGrid(grid, Grid(grid.sizeIJK, geometry((1.01, 1, 4), (0, 0, 0))))
    assert Volume(np.zeros((2, 2, 2)), np.eye(4)).hasSameGridAs(Volume(np.ones((2, 2, 2)), np.eye(4)))
