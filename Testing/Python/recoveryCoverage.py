"""How often the stated 95 % interval holds the true absorbed dose, with recovery applied: noise realizations.

The small digital patient lies still before its own camera. In every realization all images have noise of their own;
sensitivity and recovery come from phantoms scanned anew by the same camera; the activity meter is off by its standard
uncertainty, and every outline is larger or smaller by the standard uncertainty of its volume. What is fitted, recovered
and propagated is what a study does.
"""

from dataclasses import dataclass

import numpy as np

from MRTDosimetryLib.imaging.calibration.spheres import Sphere, measureSpheres, recoveryPoints
from MRTDosimetryLib.imaging.digitalPatient import phantoms
from MRTDosimetryLib.imaging.digitalPatient.anatomy import REGION_NAMES, buildAnatomy
from MRTDosimetryLib.imaging.digitalPatient.kinetics import regionKinetics
from MRTDosimetryLib.imaging.digitalPatient.scanner import EQUIVALENT_GAUSSIAN_FWHM_MM, SPECTScanner, scanGrids
from MRTDosimetryLib.imaging.digitalPatient.truth import RADIONUCLIDE, buildTruth
from MRTDosimetryLib.imaging.occupancy import occupancyOfMask
from MRTDosimetryLib.imaging.regionActivity import regionActivityMBq
from MRTDosimetryLib.imaging.volume import Volume
from MRTDosimetryLib.physics.kinetics import selection
from MRTDosimetryLib.physics.kinetics.curve import TimeActivityCurve
from MRTDosimetryLib.physics.nuclides import nuclide
from MRTDosimetryLib.physics.sphereRecovery import fitSpheres
from MRTDosimetryLib.physics.uncertainty.budget import uncertaintyBudget
from MRTDosimetryLib.physics.uncertainty.chain import ChainInputs
from MRTDosimetryLib.physics.uncertainty.volume import (
    diameterUncertaintyMM,
    equivalentDiameterMM,
    relativeVolumeUncertainty,
)
from MRTDosimetryLib.workflow.phantomFiles import DIAMETERS_MM, SPHERES_BQ_PER_ML

TIMES_HOURS = (4.0, 24.0, 96.0, 168.0)
METER_RELATIVE = 0.02
LESIONS, ORGANS = ("lesion 1", "lesion 2", "lesion 3"), ("liver", "spleen", "kidney left", "kidney right")
_SPACING_MM, _REACH = (3.0, 3.0, 3.0), 8
_ROW = "{:<14}{:>7}{:>12}{:>12}{:>12}{:>14}"


@dataclass(frozen=True)
class Outcome:
    """One region in one realization: computed over true absorbed dose, the stated u (k = 1), and whether the 95 %
    interval holds the truth; ``plainRatio`` without recovery."""

    name: str
    ratio: float
    plainRatio: float
    relative: float
    isInside: bool


class Case:
    """The small patient, its camera and its phantoms."""

    def __init__(self, names=(*LESIONS, *ORGANS), isOutlineVaried=True):
        self.names, self.isOutlineVaried = names, isOutlineVaried
        self.nuclide, self.kinetics = nuclide(RADIONUCLIDE), regionKinetics()
        self.anatomy = buildAnatomy(_SPACING_MM, 1)
        grids = scanGrids("small")
        self.scanner = SPECTScanner(self.anatomy, grids.spect, self.kinetics, None)
        self.phantom = phantoms.PhantomCamera(DIAMETERS_MM, "small")
        volumes = {name: self.anatomy.volumeML(name) for name in REGION_NAMES}
        self.truth = buildTruth(volumes, TIMES_HOURS, [np.eye(4)], (8.0, EQUIVALENT_GAUSSIAN_FWHM_MM),
                                {name: () for name in REGION_NAMES})
        self.distances = {name: self._distances(name) for name in names}

    def _distances(self, name):
        """Signed distance (mm, negative inside) of the voxels about a region, finely sampled, and their place."""
        from scipy import ndimage

        fraction = self.anatomy.regions[name]
        used = [np.flatnonzero(fraction.any(axis=tuple(other for other in range(3) if other != axis)))
                for axis in range(3)]
        box = tuple(slice(max(int(part[0]) - _REACH, 0), int(part[-1]) + 1 + _REACH) for part in used)
        fine = ndimage.zoom(fraction[box].astype(np.float32) / 255.0, 2, order=1, grid_mode=True, mode="nearest")
        spacing = np.array(_SPACING_MM) / 2
        inside = fine > 0.5
        distance = ndimage.distance_transform_edt(~inside, spacing) - ndimage.distance_transform_edt(inside, spacing)
        matrix = self.anatomy.ijkToRAS.copy()
        start = np.array([part.start for part in box])[::-1]
        matrix[:3, 3] = (self.anatomy.ijkToRAS @ [*(start - 0.25), 1.0])[:3]
        matrix[:3, :3] = matrix[:3, :3] / 2
        # within a shell of equal distance, the partly filled voxels first
        return distance - 0.5 * fine, matrix, float(np.prod(spacing)) / 1000.0

    def relativeVolume(self, volumeML):
        spread = diameterUncertaintyMM(_SPACING_MM, EQUIVALENT_GAUSSIAN_FWHM_MM)
        return relativeVolumeUncertainty(equivalentDiameterMM(volumeML), spread)

    def outline(self, name, logVolume):
        """The region larger or smaller by a factor of its volume, as a mask."""
        distance, matrix, voxelML = self.distances[name]
        wanted = self.truth.regions[name].volumeML * np.exp(logVolume)
        count = int(np.clip(round(wanted / voxelML), 1, distance.size - 1))
        limit = np.partition(distance, count, axis=None)[count]
        return Volume((distance < limit).astype(np.uint8), matrix, "", name)

    def recoveryCurve(self, rng, meter):
        """Recovery of a sphere phantom filled with what the activity meter says."""
        scan = self.phantom.scan(int(rng.integers(2 ** 31)), SPHERES_BQ_PER_ML)
        spheres = [Sphere(f"{diameter:g} mm", diameter, tuple(center))
                   for diameter, center in zip(DIAMETERS_MM, scan.centersRAS, strict=True)]
        # factor and concentration are off by the same meter, which cancels here
        image = scan.image.withArray(scan.image.array * np.float32(meter))
        points, missing, samples = recoveryPoints([measureSpheres(image, spheres, SPHERES_BQ_PER_ML * meter)])
        assert not missing, missing
        return fitSpheres(points, samples, image.spacingMM)

    def realization(self, seed):
        """Outcomes of all regions."""
        rng = np.random.default_rng([seed, 20260504])
        meter = float(np.exp(METER_RELATIVE * rng.standard_normal()))
        curve = self.recoveryCurve(rng, meter)
        self.scanner.rng = rng
        images = [self.scanner.scan(np.eye(4), time)[0] for time in TIMES_HOURS]
        return [self._outcome(name, images, curve, meter, rng) for name in self.names]

    def _outcome(self, name, images, curve, meter, rng):
        true = self.truth.regions[name]
        spread = self.relativeVolume(true.volumeML)
        shift = float(np.sqrt(np.log1p(spread ** 2)) * rng.standard_normal()) if self.isOutlineVaried else 0.0
        mask = self.outline(name, shift)
        occupancy = occupancyOfMask(mask, images[0])
        volumeML = int(mask.array.sum()) * mask.voxelVolumeML
        measured = np.array([meter * regionActivityMBq(image, {1: occupancy})[1] for image in images])
        isRecovered = volumeML >= curve.minimumVolumeML
        recovery = curve.forRegions() if isRecovered else None
        coefficient = float(recovery.value(volumeML)) if isRecovered else 1.0
        fit = selection.fit(TimeActivityCurve(np.array(TIMES_HOURS), measured / coefficient),
                            self.nuclide.decayConstantPerHour)
        massG = volumeML * true.densityGPerML
        absorbedDoseGy = self.nuclide.localDoseConstantGyKgPerGBqH * fit.timeIntegratedActivityMBqH / massG
        random = fit.timeIntegratedActivityUncertaintyMBqH
        budget = uncertaintyBudget(ChainInputs(
            volumeML, _SPACING_MM, EQUIVALENT_GAUSSIAN_FWHM_MM, recovery=recovery,
            calibrationRelative=METER_RELATIVE,
            fitRelative=None if random is None else random / fit.timeIntegratedActivityMBqH))
        ratio = absorbedDoseGy / true.absorbedDoseGy
        low, high = (1 - 1.96 * budget.relativeUncertainty, 1 + 1.96 * budget.relativeUncertainty) \
            if budget.monteCarlo is None else budget.monteCarlo.interval95
        return Outcome(name, ratio, ratio * coefficient, budget.relativeUncertainty,
                       ratio * low <= 1.0 <= ratio * high)


def table(outcomes):
    """Lines of a table by region, and the share of all lesions and organs whose interval holds the truth."""
    lines = [_ROW.format("region", "number", "mean", "spread", "stated u", "95 % interval")]
    for name in dict.fromkeys(item.name for item in outcomes):
        own = [item for item in outcomes if item.name == name]
        ratios = np.array([item.ratio for item in own])
        spread = f"{ratios.std(ddof=1):.1%}" if len(own) > 1 else ""
        lines.append(_ROW.format(name, len(own), f"{ratios.mean() - 1:+.1%}", spread,
                                 f"{np.mean([item.relative for item in own]):.1%}",
                                 f"{np.mean([item.isInside for item in own]):.1%}"))
    share = float(np.mean([item.isInside for item in outcomes]))
    return [*lines, f"all: the interval holds the truth in {share:.1%} of {len(outcomes)}"], share
