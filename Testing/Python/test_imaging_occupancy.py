"""Occupancy keeps the volume of regions, whatever the grids; region activities follow from it."""

import numpy as np
import pytest
from imagingExamples import geometry, needsPatient, patientImage, pose, spheres

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.imaging.grid import Grid
from MRTDosimetryLib.imaging.occupancy import fractionImage, labelBoxes, occupancy
from MRTDosimetryLib.imaging.regionActivity import regionActivityMBq, totalActivityMBq
from MRTDosimetryLib.imaging.volume import Volume

CT_GRID = geometry((0.977, 0.977, 4.0), (70.0, 70.0, -60.0))
SPECT = Grid((32, 32, 28), geometry((4.8, 4.8, 4.8), (74.0, 75.0, -66.0)))
# 2 mL, 25 mL and 260 mL
SPHERES = [((30, 30, 20), 7.82), ((-30, 20, -10), 18.0), ((5, -20, 0), 39.6)]


@pytest.fixture(scope="module")
def labels():
    return spheres((32, 144, 144), CT_GRID, SPHERES)


@pytest.mark.parametrize("move", [np.eye(4), pose((3, -2, 5), (8, -6, 11)), pose((-20, 15, 30), (0, 5, 0))],
                         ids=["parallel", "moved", "turned"])
def test_volumeIsKept(labels, move):
    regions = occupancy(labels, SPECT, move)
    assert list(regions) == [1, 2, 3]
    for label, region in regions.items():
        exact = np.count_nonzero(labels.array == label) * labels.voxelVolumeML
        assert region.labelVolumeML == pytest.approx(exact)
        assert region.volumeML == pytest.approx(exact, rel=0.02 if label == 1 else 0.005)
        assert region.fraction.dtype == np.float32
        assert 0.0 <= region.fraction.min() and region.fraction.max() <= 1.0
        assert region.fractionOutside == 0.0
    # voxels deep inside the large sphere are wholly occupied
    assert np.count_nonzero(regions[3].fraction == 1.0) * SPECT.voxelVolumeML > 120.0


def test_parallelGridsAreExact(labels):
    for label, region in occupancy(labels, SPECT).items():
        exact = np.count_nonzero(labels.array == label) * labels.voxelVolumeML
        assert region.volumeML == pytest.approx(exact, rel=1e-6)


def test_ownGridGivesZeroOrOne(labels):
    for label, region in occupancy(labels, labels).items():
        assert np.array_equal(fractionImage(region, labels), (labels.array == label).astype(np.float32))
        box = labels.array[region.slices] == label
        assert box.any(axis=(1, 2)).all() and box.any(axis=(0, 1)).all()


def test_centerOfMassFollowsTheTransform(labels):
    move = pose((3, -2, 5), (8, -6, 11))
    for label, region in occupancy(labels, SPECT, move).items():
        full = fractionImage(region, SPECT)
        kji = [float((full.sum(axis=tuple({0, 1, 2} - {axis})) * np.arange(full.shape[axis])).sum() / full.sum())
               for axis in range(3)]
        where = move @ SPECT.ijkToRAS @ [*reversed(kji), 1.0]
        assert np.allclose(where[:3], SPHERES[label - 1][0], atol=0.6)


@pytest.mark.parametrize("move", [np.eye(4), pose((2, 0, 3), (0, 0, 0))], ids=["parallel", "oblique"])
def test_cutRegionIsNoticed(labels, move):
    # the grid ends at z = 0 within the large sphere, which is centered there
    matrix = SPECT.ijkToRAS.copy()
    matrix[2, 3] = -2.4 - 27 * 4.8
    regions = occupancy(labels, Grid(SPECT.sizeIJK, matrix), move)
    assert regions[3].fractionOutside == pytest.approx(0.5, abs=0.03)
    assert regions[3].volumeML == pytest.approx(regions[3].labelVolumeML * (1 - regions[3].fractionOutside), rel=0.02)
    assert regions[1].fractionOutside == 1.0
    assert regions[1].volumeML == 0.0
    assert regionActivityMBq(Volume(np.ones((28, 32, 32)), matrix, "Bq/mL"), regions)[1] == 0.0


def test_moreSubdivisionsAgree(labels):
    move = pose((3, -2, 5), (8, -6, 11))
    four, eight = occupancy(labels, SPECT, move, 4), occupancy(labels, SPECT, move, 8)
    for label in four:
        difference = np.abs(fractionImage(four[label], SPECT) - fractionImage(eight[label], SPECT))
        assert difference.max() < 0.2 and four[label].volumeML == pytest.approx(eight[label].volumeML, rel=0.02)
    with pytest.raises(InputError):
        occupancy(labels, SPECT, move, 9)


def test_labelBoxes():
    array = np.zeros((6, 7, 8), np.int32)
    array[1:3, 2, 3:5] = 4
    array[5, 6, 7] = 100000
    assert labelBoxes(array) == {4: (slice(1, 3), slice(2, 3), slice(3, 5)),
                                 100000: (slice(5, 6), slice(6, 7), slice(7, 8))}
    with pytest.raises(InputError, match="no region"):
        occupancy(Volume(np.zeros((3, 3, 3), np.uint8)), SPECT)


def test_activityOfRegions(labels):
    image = Volume(np.full((28, 32, 32), 5e5, np.float32), SPECT.ijkToRAS, "Bq/mL", "SPECT")
    regions = occupancy(labels, image)
    for label, activity in regionActivityMBq(image, regions).items():
        assert activity == pytest.approx(0.5 * regions[label].labelVolumeML, rel=1e-5)
    assert totalActivityMBq(image) == pytest.approx(0.5 * image.array.size * image.voxelVolumeML)


def test_activityRefusals(labels):
    image = Volume(np.ones((28, 32, 32), np.float32), SPECT.ijkToRAS, "kBq/mL", "SPECT")
    regions = occupancy(labels, image)
    with pytest.raises(InputError, match="kBq/mL"):
        regionActivityMBq(image, regions)
    broken = np.ones((28, 32, 32), np.float32)
    box = regions[2].slices
    broken[tuple((s.start + s.stop) // 2 for s in box)] = np.nan
    with pytest.raises(InputError, match="Region 2 holds"):
        regionActivityMBq(image.withArray(broken, "Bq/mL"), regions)
    with pytest.raises(InputError, match="NaN"):
        totalActivityMBq(image.withArray(broken, "Bq/mL"))
    with pytest.raises(InputError, match="another image"):
        regionActivityMBq(Volume(np.ones((5, 5, 5)), np.eye(4), "Bq/mL"), regions)


@needsPatient
def test_realPatientActivities():
    labels, activity = patientImage("labels"), patientImage("activity_kBq_per_mL")
    image = activity.withArray(activity.array * 1000.0, "Bq/mL")
    regions = occupancy(labels, image)
    volumes = {1: 1037.29, 2: 103.52, 3: 138.39, 4: 168.13, 5: 6.27, 6: 3.71, 7: 6.07}
    published = {1: 104.0, 2: 34.2, 3: 31.2, 4: 37.2, 5: 15.4, 6: 8.2, 7: 4.8}
    activities = regionActivityMBq(image, regions)
    for label, volumeML in volumes.items():
        assert regions[label].volumeML == pytest.approx(volumeML, abs=0.01)
        assert activities[label] == pytest.approx(published[label], abs=0.06)
    assert totalActivityMBq(image) == pytest.approx(sum(activities.values()), rel=1e-6)
