"""Phantom scans of the digital camera on disk, and the calibration file that describes them."""

import functools
import json
import math

from MRTDosimetryLib.imaging.digitalPatient import phantoms
from MRTDosimetryLib.imaging.files import writeImage
from MRTDosimetryLib.physics.decay import decayFactor
from MRTDosimetryLib.physics.nuclides import nuclide

DIAMETERS_MM = (10.0, 13.0, 17.0, 22.0, 28.0, 37.0)
HALF_LIFE_HOURS = nuclide("Lu-177").halfLifeHours
SPHERES_BQ_PER_ML, CYLINDER_BQ_PER_ML = 1.0e6, 2.0e5
FILL_VOLUME_ML = math.pi * phantoms.CYLINDER_RADIUS_MM ** 2 * phantoms.CYLINDER_LENGTH_MM / 1000.0
SETTINGS = {"camera": "Digital camera", "collimator": "MEGP", "reconstruction": "digital, 8 mm",
            "energyWindow": {"lowerKeV": 187.2, "upperKeV": 228.8}}
_READ, _FILLED, _SCAN = "2026-05-04T08:00:00", "2026-05-04T08:30:00", "2026-05-04T10:00:00"


@functools.lru_cache(maxsize=4)
def camera(diameters=DIAMETERS_MM, missing=()):
    return phantoms.PhantomCamera(diameters, missing=missing)


@functools.lru_cache(maxsize=4)
def cylinderScan(seed=1):
    return camera(()).scan(seed, backgroundBqPerML=CYLINDER_BQ_PER_ML)


@functools.lru_cache(maxsize=16)
def sphereScan(seed=1, background=0.0, missing=()):
    return camera(missing=missing).scan(seed, SPHERES_BQ_PER_ML, background)


def statement(totalMBq, spheres=1, cylinder=True, ct=False):
    """What the calibration file of these scans states; ``spheres``: number of scans of the sphere phantom."""
    content = {"schemaVersion": 1, **SETTINGS, "radionuclide": "Lu-177", "date": "2026-05-04",
               "validUntil": "2027-05-04", "source": "digital phantoms"}
    scan = {"unit": "counts", "acquisitionDateTime": _SCAN, "durationSeconds": phantoms.DURATION_SECONDS}
    if cylinder:
        residualMBq = 5.0
        atReading = totalMBq / decayFactor(HALF_LIFE_HOURS, 2.0) + residualMBq / decayFactor(HALF_LIFE_HOURS, 0.5)
        content["sensitivity"] = {
            "activity": {"measuredActivityMBq": atReading, "measuredDateTime": _READ,
                         "residualActivityMBq": residualMBq, "residualDateTime": _FILLED, "relativeUncertainty": 0.02},
            "scans": [{**scan, "image": "cylinder.nrrd"}],
            "region": {"method": "cylinder", "marginMM": -30.0, "fillVolumeML": FILL_VOLUME_ML}}
    if spheres:
        content["recovery"] = {
            "sphereConcentration": {"kBqPerML": SPHERES_BQ_PER_ML / 1000.0, "dateTime": _SCAN},
            "relativeUncertainty": 0.01,
            "scans": [{**scan, "image": f"spheres{index + 1}.nrrd", **({"ct": "ct.nrrd"} if ct else {})}
                      for index in range(spheres)]}
    return content


def writeCalibration(folder, spheres=1, cylinder=True, missing=(), change=None, name="calibration.json", ct=False):
    """Write phantom scans and their calibration file; returns its path."""
    scan = cylinderScan()
    content = statement(scan.totalMBq, spheres, cylinder, ct)
    if cylinder:
        writeImage(scan.counts(), str(folder / "cylinder.nrrd"))
    for index in range(spheres):
        image = sphereScan(index + 1, missing=missing).counts()
        writeImage(image, str(folder / f"spheres{index + 1}.nrrd"))
    if ct:
        writeImage(camera(missing=missing).ct(1, missing), str(folder / "ct.nrrd"))
    if change:
        change(content)
    path = folder / name
    path.write_text(json.dumps(content), encoding="utf-8")
    return path
