"""Phantom scans of the digital patient's camera as a center has them: files, and the calibration file of them.

What a calibration has to find is known: sensitivity, places and recoveries of the spheres.
"""

import json
import math
import os

from ..imaging.digitalPatient import phantoms
from ..imaging.digitalPatient.truth import RADIONUCLIDE
from ..imaging.files import writeImage
from ..physics.decay import decayFactor
from ..physics.nuclides import nuclide
from .commissioningCase import published

CALIBRATION_NAME = "calibration.json"
DIAMETERS_MM = tuple(published("sphereDiameters")["values"])
HALF_LIFE_HOURS = nuclide(RADIONUCLIDE).halfLifeHours
SPHERES_BQ_PER_ML, CYLINDER_BQ_PER_ML = 1.0e6, 2.0e5
FILL_VOLUME_ML = math.pi * phantoms.CYLINDER_RADIUS_MM ** 2 * phantoms.CYLINDER_LENGTH_MM / 1000.0
SETTINGS = {"camera": "Digital camera", "collimator": "MEGP", "reconstruction": "digital, 8 mm",
            "energyWindow": {"lowerKeV": 187.2, "upperKeV": 228.8}}
_READ, _FILLED, _SCAN = "2026-05-04T08:00:00", "2026-05-04T08:30:00", "2026-05-04T10:00:00"
_HOURS_FROM_READ, _HOURS_FROM_FILLED = 2.0, 1.5
_RESIDUAL_MBQ = 5.0


class PhantomFiles:
    """Scans of a filled cylinder and of six spheres; each is made once.

    Parameters
    ----------
    size : {"full", "small"}
        Voxels as of the digital patient of that size.
    """

    def __init__(self, size="full"):
        self.size = size
        self._cameras, self._scans = {}, {}

    def camera(self, diametersMM=DIAMETERS_MM, missing=()):
        """The camera with a phantom in it; see :class:`.PhantomCamera`."""
        key = tuple(diametersMM), tuple(missing)
        if key not in self._cameras:
            self._cameras[key] = phantoms.PhantomCamera(*key[:1], self.size, key[1])
        return self._cameras[key]

    def cylinderScan(self, seed=1):
        """A :class:`.PhantomScan` of the filled cylinder."""
        return self._scan(self.camera(()), seed, 0.0, CYLINDER_BQ_PER_ML)

    def sphereScan(self, seed=1, background=0.0, missing=()):
        """A :class:`.PhantomScan` of the spheres, with ``background`` in Bq/mL and without those ``missing``."""
        return self._scan(self.camera(missing=missing), seed, SPHERES_BQ_PER_ML, background)

    def _scan(self, camera, *arguments):
        key = id(camera), *arguments
        if key not in self._scans:
            self._scans[key] = camera.scan(*arguments)
        return self._scans[key]

    def write(self, folder, spheres=1, missing=(), isWithCT=False):
        """Write the scans and their calibration file.

        Parameters
        ----------
        folder : str
            Made where there is none.
        spheres : int
            Number of scans of the sphere phantom.
        missing : sequence of int
            Spheres that are not filled, nor mounted in the CT.
        isWithCT : bool
            With a CT of the sphere phantom.

        Returns
        -------
        str
            Path of the calibration file.
        """
        os.makedirs(folder, exist_ok=True)
        images = {f"spheres{index + 1}.nrrd": self.sphereScan(index + 1, missing=missing).counts()
                  for index in range(spheres)}
        images["cylinder.nrrd"] = self.cylinderScan().counts()
        if isWithCT:
            images["ct.nrrd"] = self.camera(missing=missing).ct(1, missing)
        for name, image in images.items():
            writeImage(image, os.path.join(folder, name))
        path = os.path.join(folder, CALIBRATION_NAME)
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            json.dump(self._statement(spheres, isWithCT), file, indent=1, allow_nan=False)
        return path

    def _statement(self, spheres, isWithCT):
        scan = {"unit": "counts", "acquisitionDateTime": _SCAN, "durationSeconds": phantoms.DURATION_SECONDS}
        read = self.cylinderScan().totalMBq / decayFactor(HALF_LIFE_HOURS, _HOURS_FROM_READ) \
            + _RESIDUAL_MBQ / decayFactor(HALF_LIFE_HOURS, _HOURS_FROM_READ - _HOURS_FROM_FILLED)
        content = {
            "schemaVersion": 1, **SETTINGS, "radionuclide": RADIONUCLIDE, "date": "2026-05-04",
            "validUntil": "2027-05-04", "source": "digital phantoms",
            "sensitivity": {
                "activity": {"measuredActivityMBq": read, "measuredDateTime": _READ,
                             "residualActivityMBq": _RESIDUAL_MBQ, "residualDateTime": _FILLED,
                             "relativeUncertainty": 0.02},
                "scans": [{**scan, "image": "cylinder.nrrd"}],
                "region": {"method": "cylinder", "marginMM": -30.0, "fillVolumeML": FILL_VOLUME_ML}}}
        if spheres:
            content["recovery"] = {
                "sphereConcentration": {"kBqPerML": SPHERES_BQ_PER_ML / 1000.0, "dateTime": _SCAN},
                "relativeUncertainty": 0.01,
                "scans": [{**scan, "image": f"spheres{index + 1}.nrrd", **({"ct": "ct.nrrd"} if isWithCT else {})}
                          for index in range(spheres)]}
        return content
