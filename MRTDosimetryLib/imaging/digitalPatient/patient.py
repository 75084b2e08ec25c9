"""The whole digital patient: four SPECT/CT scans, true outlines, truth."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from ...errors import InputError
from ...progress import noProgress, subProgress
from ..grid import Grid
from ..sitkBridge import resampleOnto, toSITK
from ..volume import Volume
from .anatomy import REGION_NAMES, buildAnatomy, patientTable
from .kinetics import regionKinetics
from .scanner import (
    EQUIVALENT_GAUSSIAN_FWHM_MM,
    SPATIAL_RESOLUTION_MM,
    CTScanner,
    SPECTScanner,
    boundingBox,
    randomPoses,
    scanGrids,
    sliceProfile,
)
from .truth import RADIONUCLIDE, PatientTruth, buildTruth

_ANATOMY_SPACING_MM = {"full": (1.25, 1.25, 2.0), "small": (3.0, 3.0, 3.0)}


@dataclass(frozen=True)
class Scan:
    """One SPECT/CT scan.

    Attributes
    ----------
    timeHours : float
        Start of the acquisition after administration.
    acquisitionDateTime : str
        The same as local date and time, ISO 8601.
    spect : Volume
        Bq/mL at the start of the acquisition.
    ct : Volume
        Hounsfield units, int16, in the same scanner coordinates.
    """

    timeHours: float
    acquisitionDateTime: str
    spect: Volume
    ct: Volume


@dataclass(frozen=True)
class DigitalPatient:
    """A patient with a known truth.

    Attributes
    ----------
    scans : tuple of Scan
        In order of time; the first is the reference.
    labels : Volume
        True outlines on the CT grid of the first scan, uint8.
    labelNames : dict of int to str
    truth : PatientTruth
    """

    seed: int
    size: str
    radionuclide: str
    administeredActivityMBq: float
    administrationDateTime: str
    scans: tuple
    labels: Volume
    labelNames: dict
    truth: PatientTruth


def makeDigitalPatient(seed=1, progress=noProgress, size="full", radionuclide=RADIONUCLIDE):
    """Paint the anatomy and scan it four times.

    Parameters
    ----------
    seed : int
        Of textures, motion and noise. Shapes, kinetics and truth of regions are the same for all seeds.
    progress : callable
    size : {"full", "small"}
        ``"small"`` is coarse and fast, for tests: its volumes, poses and noise are less realistic.
    radionuclide : str
        Shapes and what the body does with the pharmaceutical are the same for all; decay and truth are its own. The
        camera is that of 177Lu: resolution and counts per activity do not change with the radionuclide.

    Returns
    -------
    DigitalPatient

    Raises
    ------
    InputError
        For an unknown size or radionuclide, and for one that has decayed before the last scan.
    """
    if size not in _ANATOMY_SPACING_MM:
        raise InputError(f"The digital patient has no size {size}", "", "Choose full or small")
    table, kinetics, grids = patientTable(), regionKinetics(radionuclide), scanGrids(size)
    times = table["scanTimesHours"]["value"]
    administration = datetime.fromisoformat(table["administrationDateTime"]["value"])
    anatomy = buildAnatomy(_ANATOMY_SPACING_MM[size], seed, subProgress(progress, 0.0, 0.35))
    rng = np.random.default_rng([seed, 2])
    poses = randomPoses(len(times), rng)
    ctScanner = CTScanner(anatomy, grids.ct, np.random.default_rng([seed, 3]))
    spectScanner = SPECTScanner(anatomy, grids.spect, kinetics, np.random.default_rng([seed, 4]))
    scans, recoveries = [], {name: [] for name in REGION_NAMES}
    for index, (time, pose) in enumerate(zip(times, poses, strict=True)):
        progress(0.4 + 0.55 * index / len(times), f"Scanning the digital patient at {time:g} h")
        spect, recovery = spectScanner.scan(pose, time)
        started = administration + timedelta(hours=time)
        scans.append(Scan(float(time), started.isoformat(timespec="seconds"), spect, ctScanner.scan(pose)))
        for name in REGION_NAMES:
            recoveries[name].append(recovery[name])
    volumes = {name: anatomy.volumeML(name) for name in REGION_NAMES}
    resolutionsMM = (SPATIAL_RESOLUTION_MM, EQUIVALENT_GAUSSIAN_FWHM_MM)
    truth = buildTruth(volumes, times, poses, resolutionsMM, recoveries, radionuclide)
    labels = _labels(anatomy, grids.ct)
    progress(1.0, "")
    return DigitalPatient(
        seed, size, truth.radionuclide, truth.administeredActivityMBq, administration.isoformat(timespec="seconds"),
        tuple(scans), labels, dict(enumerate(REGION_NAMES, start=1)), truth,
    )  # fmt: skip


def _labels(anatomy, grid):
    """Voxels of the grid that lie for more than half inside a region, as they would be drawn slice by slice."""
    import SimpleITK as sitk

    labels = np.zeros(grid.shape, np.uint8)
    toGrid = np.linalg.inv(grid.ijkToRAS) @ anatomy.ijkToRAS
    for value, name in enumerate(REGION_NAMES, start=1):
        box = boundingBox(anatomy.regions[name])
        box = tuple(
            slice(max(part.start - 2, 0), min(part.stop + 2, count))
            for part, count in zip(box, anatomy.hu.shape, strict=True)
        )
        fractions = anatomy.regions[name][box].astype(np.float32) * np.float32(1 / 255)
        matrix = Grid(anatomy.hu.shape[::-1], anatomy.ijkToRAS).cropped(box).ijkToRAS
        low = toGrid @ [box[2].start, box[1].start, box[0].start, 1]
        high = toGrid @ [box[2].stop, box[1].stop, box[0].stop, 1]
        start = np.maximum(np.floor(np.minimum(low, high)[:3]), 0).astype(int)
        stop = np.minimum(np.ceil(np.maximum(low, high)[:3]) + 1, grid.sizeIJK).astype(int)
        part = tuple(slice(int(a), int(b)) for a, b in zip(start[::-1], stop[::-1], strict=True))
        image = toSITK(Volume(sliceProfile(fractions), matrix))
        share = resampleOnto(image, grid.cropped(part), np.eye(4), sitk.sitkLinear, 0.0, np.float32)
        labels[part][share > 0.5] = value
    return Volume(labels, grid.ijkToRAS, "", "regions")
