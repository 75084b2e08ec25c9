"""Small images with known content for the tests of the imaging layer."""

import os
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from MRTDosimetryLib.imaging.files import readImage
from MRTDosimetryLib.imaging.volume import Volume

PATIENT = Path(os.environ.get("MRTDOSIMETRY_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data")) / \
    "lutetiumPatient"
needsPatient = pytest.mark.skipif(not (PATIENT / "labels.nrrd").exists(),
                                  reason="the real patient's data are not beside the project (shared/data)")


def patientImage(name):
    return readImage(PATIENT / f"{name}.nrrd")


def geometry(spacingMM, firstVoxelRAS, flips=(-1, -1, 1)):
    """ijkToRAS with the usual axes of a scanner (i to the left, j to the back, k to the head)."""
    matrix = np.diag([*(np.array(spacingMM) * flips), 1.0])
    matrix[:3, 3] = firstVoxelRAS
    return matrix


def pose(degreesRAS, shiftMM, centerRAS=(0.0, 0.0, 0.0)):
    """4 x 4, RAS mm: rotation by a vector of degrees around a point, then a shift."""
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_rotvec(degreesRAS, degrees=True).as_matrix()
    matrix[:3, 3] = np.asarray(centerRAS) - matrix[:3, :3] @ np.asarray(centerRAS) + shiftMM
    return matrix


def positions(volume):
    """RAS mm of all voxel centers, shape (3, k, j, i)."""
    k, j, i = np.indices(volume.array.shape)
    return np.einsum("ab,bkji->akji", volume.ijkToRAS[:3, :3], np.stack([i, j, k]).astype(float)) \
        + volume.ijkToRAS[:3, 3][:, None, None, None]


def spheres(shape, ijkToRAS, centersAndRadii):
    """Label volume (uint8) with sphere n (from 1) at RAS center and radius in mm."""
    labels = Volume(np.zeros(shape, np.uint8), ijkToRAS, "", "labels")
    points = positions(labels)
    for label, (center, radius) in enumerate(centersAndRadii, start=1):
        distance = np.sum((points - np.array(center)[:, None, None, None]) ** 2, axis=0)
        labels.array[distance <= radius ** 2] = label
    return labels


def smoothVolume(shape, ijkToRAS, unit="Bq/mL"):
    """A linear function of position (1 per mm along R, 2 along A, -3 along S) as float32."""
    volume = Volume(np.zeros(shape, np.float32), ijkToRAS, unit, "gradient")
    r, a, s = positions(volume)
    return volume.withArray((r + 2 * a - 3 * s).astype(np.float32))


def torsoCT(shape=(60, 64, 96), spacingMM=(4.5, 4.5, 4.5), couchRowMM=None, noiseHU=15.0, seed=0, move=None):
    """A torso of ellipsoids with lungs, spine, pelvis-like bone and organs, sampled analytically.

    ``move`` (4 x 4, RAS) takes points of this scan to points of the torso's own coordinates;
    ``couchRowMM`` puts a board behind the patient, fixed to the scanner.
    """
    matrix = geometry(spacingMM, [(shape[2] - 1) / 2 * spacingMM[0], (shape[1] - 1) / 2 * spacingMM[1],
                                  -(shape[0] - 1) / 2 * spacingMM[2]])
    volume = Volume(np.zeros(shape, np.float32), matrix, "[hnsf'U]", "CT")
    own = positions(volume)
    move = np.eye(4) if move is None else move
    r, a, s = np.einsum("ab,bkji->akji", move[:3, :3], own) + move[:3, 3][:, None, None, None]
    array = np.full(shape, -1000.0)

    def ellipsoid(center, radii, value):
        distance = sum(((x - c) / q) ** 2 for x, c, q in zip((r, a, s), center, radii, strict=True))
        # an edge of some millimeters, as an image of 4 mm voxels has
        edge = np.clip((1.0 - distance) * min(radii) / 4.0 + 0.5, 0.0, 1.0)
        array[...] = array * (1 - edge) + value * edge

    ellipsoid((0, 0, 0), (170, 105, 700), 30)
    for side in (-1, 1):
        ellipsoid((side * 80, 5, 130), (55, 70, 90), -800)
        ellipsoid((side * 60, -55, -30), (25, 22, 45), 45)
        ellipsoid((side * 95, -10, -140), (40, 50, 45), 350)
    ellipsoid((60, 20, 20), (80, 65, 60), 60)
    ellipsoid((-100, -40, 20), (25, 30, 40), 55)
    ellipsoid((-20, 60, -50), (30, 25, 20), -900)
    for vertebra in range(-6, 7):
        ellipsoid((0, -70, vertebra * 32.0), (20, 18, 12), 300)
    if couchRowMM is not None:
        array[(np.abs(own[1] - couchRowMM) < 5) & (np.abs(own[0]) < 190)] = 200
    array += np.random.default_rng(seed).normal(0, noiseHU, shape)
    return volume.withArray(np.rint(array).astype(np.int16))
