"""How often the stated 95 % interval holds the true absorbed dose, with recovery applied: noise realizations.

The small digital patient lies still before its own camera. In every realization all images have noise of their own;
sensitivity and recovery come from phantoms scanned anew by the same camera; the activity meter is off by its standard
uncertainty, and every outline is larger or smaller by the standard uncertainty of its volume; where two meet, the
smaller region keeps its own, and the liver is outlined with the lesions in it, which are then taken out. What is
fitted, recovered and propagated is what a study does.
"""

from dataclasses import dataclass, replace

import numpy as np

from MRTDosimetryLib.imaging.calibration.spheres import Sphere, measureSpheres, recoveryPoints
from MRTDosimetryLib.imaging.digitalPatient import phantoms
from MRTDosimetryLib.imaging.digitalPatient.anatomy import REGION_NAMES, buildAnatomy
from MRTDosimetryLib.imaging.digitalPatient.kinetics import regionKinetics
from MRTDosimetryLib.imaging.digitalPatient.scanner import (
    EQUIVALENT_GAUSSIAN_FWHM_MM,
    POINT_SPREAD,
    SPECTScanner,
    scanGrids,
)
from MRTDosimetryLib.imaging.digitalPatient.truth import RADIONUCLIDE, buildTruth
from MRTDosimetryLib.imaging.geometricTransfer import GeometricTransfer, subdivisions
from MRTDosimetryLib.imaging.grid import gridOf
from MRTDosimetryLib.imaging.occupancy import occupancyOfMask
from MRTDosimetryLib.imaging.regionActivity import regionActivityMBq
from MRTDosimetryLib.imaging.regionRecoveries import regionRecoveries
from MRTDosimetryLib.imaging.volume import Volume
from MRTDosimetryLib.physics.kinetics import selection
from MRTDosimetryLib.physics.kinetics.curve import TimeActivityCurve
from MRTDosimetryLib.physics.nuclides import nuclide
from MRTDosimetryLib.physics.sphereRecovery import fitSpheres
from MRTDosimetryLib.physics.uncertainty.budget import uncertaintyBudget
from MRTDosimetryLib.physics.uncertainty.chain import ChainInputs, relativeVolumeOf
from MRTDosimetryLib.physics.uncertainty.pointSpreadRecovery import PointSpreadRecovery
from MRTDosimetryLib.physics.uncertainty.volume import (
    diameterUncertaintyMM,
    equivalentDiameterMM,
    relativeVolumeUncertainty,
)
from MRTDosimetryLib.workflow.phantomFiles import DIAMETERS_MM, SPHERES_BQ_PER_ML

TIMES_HOURS = (4.0, 24.0, 96.0, 168.0)
METER_RELATIVE = 0.02
LESIONS, ORGANS = ("lesion 1", "lesion 2", "lesion 3"), ("liver", "spleen", "kidney left", "kidney right",
                                                         "red marrow")
METHODS = ("recovery", "geometricTransfer")
_INSIDE = {"liver": ("lesion 2", "lesion 3")}
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

    def __init__(self, names=(*LESIONS, *ORGANS), isOutlineVaried=True, method="geometricTransfer"):
        self.names, self.isOutlineVaried, self.method = names, isOutlineVaried, method
        self.nuclide, self.kinetics = nuclide(RADIONUCLIDE), regionKinetics()
        self.anatomy = buildAnatomy(_SPACING_MM, 1)
        grids = scanGrids("small")
        self.scanner = SPECTScanner(self.anatomy, grids.spect, self.kinetics, None)
        self.phantom = phantoms.PhantomCamera(DIAMETERS_MM, "small")
        volumes = {name: self.anatomy.volumeML(name) for name in REGION_NAMES}
        self.truth = buildTruth(volumes, TIMES_HOURS, [np.eye(4)], (8.0, EQUIVALENT_GAUSSIAN_FWHM_MM),
                                {name: () for name in REGION_NAMES})
        # what surrounds a region is known of all of them
        self.outlined = REGION_NAMES if method == "geometricTransfer" else names
        self.distances = {name: self._distances(name) for name in self.outlined}
        self.spreads = {name: self._sphereSpread(volumes[name]) for name in self.outlined}
        if method == "geometricTransfer":
            self.spreads = self._shapeSpreads()

    def _distances(self, name):
        """Signed distance (mm, negative inside) of the voxels about a region, finely sampled, and their place."""
        from scipy import ndimage

        fraction = sum((self.anatomy.regions[inside] for inside in _INSIDE.get(name, ())),
                       self.anatomy.regions[name].astype(np.int16))
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

    def _sphereSpread(self, volumeML):
        return relativeVolumeUncertainty(equivalentDiameterMM(volumeML), self._diameterMM())

    def _shapeSpreads(self):
        """u(V)/V of the true outlines by their own surface."""
        image = self.scanner.mean(np.eye(4), TIMES_HOURS[1])[0]
        occupancies, counts = self._occupancies({name: 0.0 for name in self.outlined}, image, POINT_SPREAD.fwhmMM)
        known = PointSpreadRecovery(POINT_SPREAD.fwhmMM, POINT_SPREAD.enhancement)
        found = regionRecoveries(GeometricTransfer(occupancies, image, POINT_SPREAD, counts), image, known,
                                 _volumes(occupancies))
        return {name: relativeVolumeOf(ChainInputs(item.volumeML, _SPACING_MM, EQUIVALENT_GAUSSIAN_FWHM_MM,
                                                   recovery=item))[1] for name, item in found.items()}

    @staticmethod
    def _diameterMM():
        return diameterUncertaintyMM(_SPACING_MM, EQUIVALENT_GAUSSIAN_FWHM_MM)

    def outline(self, name, logVolume):
        """The region larger or smaller by a factor of its volume, as a mask."""
        distance, matrix, voxelML = self.distances[name]
        whole = sum(self.truth.regions[part].volumeML for part in (name, *_INSIDE.get(name, ())))
        wanted = whole * np.exp(logVolume * self.truth.regions[name].volumeML / whole)
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
        shifts = {name: float(np.sqrt(np.log1p(self.spreads[name] ** 2)) * rng.standard_normal())
                  if self.isOutlineVaried else 0.0 for name in self.outlined}
        measure = self._byTransfer if self.method == "geometricTransfer" else self._bySpheres
        volumes, found, recoveries = measure(images, curve, shifts)
        return [self._outcome(name, volumes[name], meter * found[name], *recoveries[name]) for name in self.names]

    def _occupancies(self, logVolumes, image, fwhmMM=None):
        """Of outlines of other volumes; the smaller region first. And the parts into which the voxels are cut."""
        counts = (1, 1, 1) if fwhmMM is None else subdivisions(image, fwhmMM)
        grid, found = gridOf(image).subdivided(counts), {}
        taken = np.zeros(grid.shape, np.float32)
        for name in sorted(self.outlined, key=lambda name: self.truth.regions[name].volumeML):
            item = occupancyOfMask(self.outline(name, logVolumes[name]), grid)
            own = np.minimum(item.fraction, 1.0 - taken[item.slices])
            taken[item.slices] += own
            found[name] = replace(item, fraction=own)
        return found, counts

    def _bySpheres(self, images, curve, logVolumes):
        occupancies, _counts = self._occupancies(logVolumes, images[0])
        volumes = _volumes(occupancies)
        numbered = dict(enumerate(occupancies.values()))
        found = [regionActivityMBq(image, numbered) for image in images]
        activities = {name: np.array([item[number] for item in found]) for number, name in enumerate(occupancies)}
        recovery = curve.forRegions()
        return volumes, activities, {
            name: (recovery, float(recovery.value(volume))) if volume >= curve.minimumVolumeML else (None, 1.0)
            for name, volume in volumes.items()}

    def _byTransfer(self, images, curve, logVolumes):
        recovery = curve.pointSpread.recovery
        occupancies, counts = self._occupancies(logVolumes, images[0], recovery.fwhmMM)
        volumes = _volumes(occupancies)
        transfer = GeometricTransfer(occupancies, images[0], curve.pointSpread.pointSpread, counts)
        middle = regionRecoveries(transfer, images[1], recovery, volumes)
        solved = [transfer.recovered(image) for image in images]
        scale = images[0].voxelVolumeML * 1e-6
        found = {name: scale * np.array([item[name].found for item in solved]) for name in volumes}
        return volumes, found, {name: (middle[name], np.array([item[name].coefficient for item in solved]))
                                for name in volumes}

    def _outcome(self, name, volumeML, measured, recovery, coefficients):
        true = self.truth.regions[name]
        decay, doseFactor = self.nuclide.decayConstantPerHour, self.nuclide.localDoseConstantGyKgPerGBqH
        fit, plain = (selection.fit(TimeActivityCurve(np.array(TIMES_HOURS), activities), decay)
                      for activities in (measured / coefficients, measured))
        perMBqH = doseFactor / (volumeML * true.densityGPerML) / true.absorbedDoseGy
        random = fit.timeIntegratedActivityUncertaintyMBqH
        budget = uncertaintyBudget(ChainInputs(
            volumeML, _SPACING_MM, EQUIVALENT_GAUSSIAN_FWHM_MM, recovery=recovery, calibrationRelative=METER_RELATIVE,
            fitRelative=None if random is None else random / fit.timeIntegratedActivityMBqH))
        ratio, (low, high) = perMBqH * fit.timeIntegratedActivityMBqH, budget.interval95
        return Outcome(name, ratio, perMBqH * plain.timeIntegratedActivityMBqH, budget.relativeUncertainty,
                       ratio * low <= 1.0 <= ratio * high)


def _volumes(occupancies):
    return {name: item.volumeML for name, item in occupancies.items()}


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
