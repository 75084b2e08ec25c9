"""Whole-body scans of the digital patient in three windows, projected by a code of their own, as DICOM."""

import functools
import json

import numpy as np
from dicomExamples import atHours, writePlanarExample
from scipy import ndimage

from MRTDosimetryLib.imaging.digitalPatient.anatomy import REGION_NAMES, buildAnatomy
from MRTDosimetryLib.imaging.files import writeImage
from MRTDosimetryLib.imaging.volume import Volume

ROWS, COLUMNS, PIXEL_MM = 1024, 256, 2.4
SENSITIVITY, SPEED_MM_PER_S, DETECTOR_MM, FWHM_MM = 9.3, 2.2, 400.0, 9.0
MIDDLE_RS_MM = (6.0, -310.0)
# Linear attenuation of water at 208 keV (1/cm), by its mass attenuation coefficient.
WATER_PER_CM = 0.1353
WINDOWS = (("main", 187.2, 228.8), ("lower", 166.4, 187.2), ("upper", 228.8, 249.6))
_SCATTER_FWHM_MM, _SCATTER_SHARE = 90.0, 0.35


@functools.lru_cache(maxsize=1)
def body():
    """CT and labels (1 to 8, see :data:`NAMES`) of the digital patient's anatomy, voxels of 4 mm."""
    anatomy = buildAnatomy((4.0, 4.0, 4.0))
    labels = np.zeros(anatomy.hu.shape, np.uint8)
    for value, name in enumerate(REGION_NAMES, start=1):
        labels[anatomy.regions[name] > 127] = value
    return (Volume(np.rint(anatomy.hu).astype(np.int16), anatomy.ijkToRAS, "[hnsf'U]", "CT"),
            Volume(labels, anatomy.ijkToRAS, "", "labels"))


def attenuation(ct):
    """mu times the depth of each voxel, 1."""
    found = np.clip(1.0 + ct.array / 1000.0, 0.0, None) * WATER_PER_CM * ct.spacingMM[1] / 10.0
    found[ct.array < -900] = 0.0
    return found


def attenuatedViews(ct, activityMBq):
    """MBq times the share that leaves the body, summed along the lines: toward front and back, (k, i) on the CT's grid.

    Parameters
    ----------
    ct : Volume
        Rows run to the patient's front.
    activityMBq : numpy.ndarray
        MBq per voxel.
    """
    perVoxel = attenuation(ct)
    fromBack = np.cumsum(perVoxel, axis=1) - perVoxel / 2
    fromFront = perVoxel.sum(axis=1, keepdims=True) - fromBack
    return [(activityMBq * np.exp(-path)).sum(axis=1) for path in (fromFront, fromBack)]


def onView(ct, values, middle=MIDDLE_RS_MM):
    """Line sums (k, i) as the anterior view shows them: 1024 x 256 pixels, columns to the left, rows to the feet."""
    weights = []
    for axis, count, center in ((2, ROWS, middle[1]), (0, COLUMNS, middle[0])):
        step, start = ct.ijkToRAS[axis, axis], ct.ijkToRAS[axis, 3]
        size = ct.array.shape[0] if axis == 2 else ct.array.shape[2]
        centers = start + step * np.arange(size)
        pixels = center - PIXEL_MM * (np.arange(count) - (count - 1) / 2)
        low = np.maximum(pixels[:, None] - PIXEL_MM / 2, centers[None, :] - abs(step) / 2)
        high = np.minimum(pixels[:, None] + PIXEL_MM / 2, centers[None, :] + abs(step) / 2)
        weights.append(np.maximum(high - low, 0.0) / abs(step))
    return weights[0] @ values @ weights[1].T


def wholeBodyCounts(ct, activityMBq, middle=MIDDLE_RS_MM, seed=1, scatter=_SCATTER_SHARE):
    """Counts of both views in the three windows, shape (6, rows, columns): main front, main back, lower front ..."""
    exposure = SENSITIVITY * DETECTOR_MM / SPEED_MM_PER_S
    random, frames = np.random.default_rng(seed), {}
    for side, values in zip((1, 2), attenuatedViews(ct, activityMBq), strict=True):
        view = onView(ct, values, middle) * exposure
        primary = ndimage.gaussian_filter(view, FWHM_MM / 2.3548 / PIXEL_MM)
        tail = scatter * ndimage.gaussian_filter(view, _SCATTER_FWHM_MM / 2.3548 / PIXEL_MM)
        # per keV 1.5 times as many below as in the main window, 0.5 times above, in half its width
        for window, expected in enumerate((primary + tail, 0.75 * tail, 0.25 * tail)):
            counts = random.poisson(expected)
            frames[window, side] = counts if side == 1 else counts[:, ::-1]
    return np.array([frames[window, side] for window in range(3) for side in (1, 2)]).astype("<u2")


NAMES = {str(value): name for value, name in enumerate(REGION_NAMES, start=1)}
START_MBQ = {"liver": 900.0, "spleen": 250.0, "kidney left": 130.0, "kidney right": 125.0, "red marrow": 80.0,
             "lesion 1": 5.0, "lesion 2": 20.0, "lesion 3": 60.0}
HALF_LIFE_HOURS = {"liver": 70.0, "spleen": 65.0, "kidney left": 50.0, "kidney right": 50.0, "red marrow": 60.0,
                   "lesion 1": 90.0, "lesion 2": 90.0, "lesion 3": 90.0}
BACKGROUND_MBQ, BACKGROUND_HALF_LIFE_HOURS = 1200.0, 45.0


def activityMBq(name, hours):
    """True activity of a region."""
    return START_MBQ[name] * 2.0 ** (-hours / HALF_LIFE_HOURS[name])


@functools.lru_cache(maxsize=8)
def activityAt(hours):
    """MBq per voxel: each region uniform, the rest of the body by its density."""
    ct, labels = body()
    found = np.zeros(ct.array.shape)
    for value, name in enumerate(REGION_NAMES, start=1):
        mask = labels.array == value
        found[mask] = activityMBq(name, hours) / mask.sum()
    rest = np.where(labels.array == 0, np.clip(1.0 + ct.array / 1000.0, 0.0, 1.1), 0.0)
    rest[ct.array < -500] = 0.0
    return found + BACKGROUND_MBQ * 2.0 ** (-hours / BACKGROUND_HALF_LIFE_HOURS) * rest / rest.sum()


@functools.lru_cache(maxsize=8)
def scanAt(hours, middle=MIDDLE_RS_MM):
    """Counts of the whole-body scan at a time."""
    return wholeBodyCounts(body()[0], activityAt(hours), middle, seed=int(hours))


def writeSeries(folder, hours=(4.0, 96.0)):
    """CT, labels and whole-body scans in a folder; returns the content of a planar file that describes them."""
    ct, labels = body()
    writeImage(ct, str(folder / "ct.nrrd"))
    writeImage(labels, str(folder / "labels.nrrd"))
    for time in hours:
        writeWholeBody(folder / f"scan{time:g}.dcm", scanAt(time), hours=time)
    return {
        "schemaVersion": 1, "source": "whole-body scans", "radionuclide": "Lu-177",
        "images": [{"file": f"scan{time:g}.dcm", "hoursAfterAdministration": time} for time in hours],
        "detectors": {"anterior": 1, "posterior": 2}, "windows": {"main": 1, "lower": 2, "upper": 3},
        "orientation": {"anterior": "L\\F", "posterior": "R\\F"},
        "ct": "ct.nrrd", "labelmap": "labels.nrrd", "names": NAMES,
        "alignment": {"middleRSMM": list(MIDDLE_RS_MM), "source": "table positions"},
        "attenuation": {"from": "ct", "relativeUncertainty": 0.03},
        "sensitivity": {"cpsPerMBq": SENSITIVITY, "relativeUncertainty": 0.02, "source": "static source in air"},
        "fieldOfViewLengthMM": DETECTOR_MM,
        "projection": {"marginMM": 8, "background": {"gapMM": 4, "widthMM": 10}},
        "regions": [{"name": "liver"}, {"name": "spleen"}, {"name": "kidney left", "thicknessUncertaintyMM": 4}]}


def writePlanarFile(folder, content, name="planar.json"):
    path = folder / name
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def writeWholeBody(path, counts, orientation=None, hours=4.0, change=None):
    """A WHOLE BODY object; ``orientation`` by detector, as Image Orientation (Patient) cosines."""
    import pydicom

    def toScan(dataset):
        dataset.NumberOfFrames, dataset.Rows, dataset.Columns = counts.shape
        dataset.PixelSpacing = [PIXEL_MM, PIXEL_MM]
        dataset.EnergyWindowVector, dataset.DetectorVector = [1, 1, 2, 2, 3, 3], [1, 2] * 3
        windows = []
        for name, low, high in WINDOWS:
            item, limits = pydicom.Dataset(), pydicom.Dataset()
            limits.EnergyWindowLowerLimit, limits.EnergyWindowUpperLimit = str(low), str(high)
            item.EnergyWindowName, item.EnergyWindowRangeSequence = name, [limits]
            windows.append(item)
        dataset.NumberOfEnergyWindows, dataset.EnergyWindowInformationSequence = 3, windows
        for detector, cosines in zip(dataset.DetectorInformationSequence, orientation or (), strict=False):
            detector.ImageOrientationPatient = [str(value) for value in cosines]
        dataset.ScanVelocity, dataset.ScanLength = str(SPEED_MM_PER_S), str(round(ROWS * PIXEL_MM))
        dataset.CountsAccumulated = int(counts.sum(dtype=np.int64))
        dataset.PixelData = counts.tobytes()
        atHours(dataset, hours)
        if change:
            change(dataset)

    return writePlanarExample(path, toScan, "WHOLE BODY")
