"""What is true of the digital patient, for results to be held against."""

from dataclasses import dataclass

import numpy as np

from ...physics.nuclides import nuclide
from .anatomy import REGION_NAMES, patientTable
from .kinetics import TABLE_RADIONUCLIDE, regionKinetics

RADIONUCLIDE = TABLE_RADIONUCLIDE


@dataclass(frozen=True)
class RegionTruth:
    """Truth of one region.

    Attributes
    ----------
    volumeML, massG, densityGPerML : float
        Volume is the sum of the fractions of all voxels of the painted anatomy; mass is volume x density.
    timeIntegratedActivityMBqH : float
        Exact integral of the region's sum of exponentials.
    absorbedDoseGy : float
        Mean absorbed dose if all energy of electrons stays in the region (local energy deposition).
    effectiveHalfLifeHours : float
        Of the last phase.
    recovery : tuple of float
        For every scan: activity that a noise-free image of this resolution shows inside the true outline, over the
        true activity. What is lost spills out, what is gained spills in from neighbors.
    """

    name: str
    volumeML: float
    massG: float
    densityGPerML: float
    timeIntegratedActivityMBqH: float
    absorbedDoseGy: float
    effectiveHalfLifeHours: float
    recovery: tuple = ()


@dataclass(frozen=True)
class PatientTruth:
    """Truth of the digital patient.

    Attributes
    ----------
    regions : dict of str to RegionTruth
    remainderTimeIntegratedActivityMBqH : float
        Of the rest of the torso, inside the anatomy that exists (some of it lies beyond the field of view).
    scanTimesHours : tuple of float
    scannerFromPatient : tuple of numpy.ndarray
        4 x 4 in RAS mm for every scan: from the patient's own coordinates to those of the scan.
    spatialResolutionMM : float
        FWHM of the image of a point in the SPECT.
    equivalentGaussianFWHMMM : float
        FWHM of the plain Gaussian blur that loses as much over the borders of regions: smaller, because resolution
        modeling keeps the coarse structure of the image. This is the one to put into formulas for Gaussian blur.
    """

    radionuclide: str
    administeredActivityMBq: float
    regions: dict
    remainderTimeIntegratedActivityMBqH: float
    scanTimesHours: tuple
    scannerFromPatient: tuple
    spatialResolutionMM: float
    equivalentGaussianFWHMMM: float
    kinetics: dict

    def activityMBq(self, name, timeHours):
        """True activity of a region (or of ``"remainder"``) at a time after administration."""
        return self.kinetics[name].activityMBq(timeHours)

    def referenceFromTimePoint(self, scan, reference=0):
        """4 x 4 in RAS mm: from the coordinates of a scan to those of the reference scan."""
        return self.scannerFromPatient[reference] @ np.linalg.inv(self.scannerFromPatient[scan])


def buildTruth(volumesML, scanTimesHours, scannerFromPatient, resolutionsMM, recoveries, radionuclide=RADIONUCLIDE):
    """Truth from the volumes of the painted anatomy and the table of kinetics.

    Parameters
    ----------
    volumesML : dict of str to float
    resolutionsMM : tuple of (float, float)
        Spatial resolution, and FWHM of the equivalent Gaussian.
    recoveries : dict of str to sequence of float
        For every region one value per scan.
    radionuclide : str
        As of :func:`.kinetics.regionKinetics`.
    """
    table, kinetics, own = patientTable(), regionKinetics(radionuclide), nuclide(radionuclide)
    doseConstant = own.localDoseConstantGyKgPerGBqH
    regions = {}
    for name in REGION_NAMES:
        density = table["densitiesGPerML"][name]
        massG = volumesML[name] * density
        integral = kinetics[name].timeIntegratedActivityMBqH
        # MBq h / g is GBq h / kg
        doseGy = doseConstant * integral / massG
        regions[name] = RegionTruth(
            name, volumesML[name], massG, density, integral, doseGy, kinetics[name].effectiveHalfLifeHours,
            tuple(float(value) for value in recoveries[name]),
        )  # fmt: skip
    return PatientTruth(
        own.name, float(table["administeredActivityMBq"]["value"]), regions,
        kinetics["remainder"].timeIntegratedActivityMBqH, tuple(float(time) for time in scanTimesHours),
        tuple(scannerFromPatient), *resolutionsMM, kinetics,
    )  # fmt: skip
