"""Small phantom scans whose counts follow from their activity, and records of them."""

import numpy as np

from MRTDosimetryLib.imaging import files
from MRTDosimetryLib.imaging.volume import Volume
from MRTDosimetryLib.physics.decay import acquisitionDecayFactor, decayFactor
from MRTDosimetryLib.physics.nuclides import nuclide
from MRTDosimetryLib.workflow import calibration, calibrationRecord

HALF_LIFE_HOURS = nuclide("Lu-177").halfLifeHours
CPS_PER_MBQ, SECONDS, ACTIVITY_MBQ = 9.0, 1200.0, 500.0
READ, SCAN = "2026-05-04T08:00:00", "2026-05-04T10:00:00"
SPACING_MM, SHAPE = 6.0, (16, 20, 20)
SETTINGS = {"camera": "Camera A", "collimator": "MEGP", "reconstruction": "OSEM",
            "energyWindow": {"lowerKeV": 187.2, "upperKeV": 228.8}}


def inside(radius=6.0):
    k, j, i = np.indices(SHAPE)
    return (np.abs(k - 7.5) < 6) & ((j - 9.5) ** 2 + (i - 9.5) ** 2 <= radius ** 2)


def matrix():
    found = np.diag([SPACING_MM] * 3 + [1.0])
    found[:3, 3] = -57.0, -57.0, -45.0
    return found


def phantomScan(backgroundCounts=0.0):
    """A filled cylinder as the camera counts it: not corrected for decay during the scan."""
    image = np.where(inside(), 1.0, 0.0)
    decay = acquisitionDecayFactor(HALF_LIFE_HOURS, SECONDS / 3600.0)
    image *= ACTIVITY_MBQ * CPS_PER_MBQ * SECONDS / decay / image.sum()
    return Volume((image + backgroundCounts).astype(np.float32), matrix(), "counts", "cylinder")


def sphereScan(missing=(), kBqPerML=800.0):
    """Spheres on the ring of the body phantom, their edges softened, in Bq/mL; places in RAS mm beside it."""
    diameters = (10.0, 13.0, 17.0, 22.0, 28.0, 37.0)
    spacing, size = 3.0, 60
    axis = (np.arange(size) - (size - 1) / 2) * spacing
    z, y, x = np.meshgrid(axis[10:50], axis, axis, indexing="ij")
    image, places = np.zeros(z.shape), []
    for number, diameter in enumerate(diameters):
        angle = 2 * np.pi * number / len(diameters)
        center = np.array([57.2 * np.cos(angle), 57.2 * np.sin(angle), 2.0])
        places.append(center)
        if number not in missing:
            distance = np.sqrt((x - center[0]) ** 2 + (y - center[1]) ** 2 + (z - center[2]) ** 2)
            image += 1.0 / (1.0 + np.exp((distance - diameter / 2) / 2.0))
    found = np.diag([spacing] * 3 + [1.0])
    found[:3, 3] = axis[0], axis[0], axis[10]
    return Volume((image * kBqPerML * 1000.0).astype(np.float32), found, "Bq/mL", "spheres"), diameters, places


def recordOf(folder, **changes):
    """A record of sensitivity and recovery, its scans written into ``folder``."""
    files.writeImage(phantomScan(), str(folder / "cylinder.nrrd"))
    image, _diameters, _places = sphereScan()
    files.writeImage(image, str(folder / "spheres.nrrd"))
    recovery = {"sphereConcentration": {"kBqPerML": 800.0, "dateTime": SCAN}, "relativeUncertainty": 0.01,
                "scans": [{"image": "spheres.nrrd", "unit": "Bq/mL", "acquisitionDateTime": SCAN,
                           "durationSeconds": SECONDS, "isDecayCorrected": True}]}
    return calibration.fromStatement(statement(recovery=recovery, **changes), str(folder))


def changedRecord(content, **changes):
    """Another record of the same numbers."""
    return calibrationRecord.sealed({**{key: value for key, value in content.items() if key != "digest"}, **changes})


def statement(**changes):
    """What a calibration file states of :func:`phantomScan` in ``cylinder.nrrd``."""
    residualMBq = 4.0
    read = ACTIVITY_MBQ / decayFactor(HALF_LIFE_HOURS, 2.0) + residualMBq
    content = {"schemaVersion": 1, **SETTINGS, "radionuclide": "Lu-177", "date": "2026-05-04",
               "validUntil": "2027-05-04",
               "sensitivity": {"activity": {"measuredActivityMBq": read, "measuredDateTime": READ,
                                            "residualActivityMBq": residualMBq, "relativeUncertainty": 0.02},
                               "scans": [{"image": "cylinder.nrrd", "unit": "counts", "acquisitionDateTime": SCAN,
                                          "durationSeconds": SECONDS}]}, **changes}
    return {key: value for key, value in content.items() if value is not None}
