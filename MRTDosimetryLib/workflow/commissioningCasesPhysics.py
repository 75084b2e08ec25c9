"""Commissioning of nuclide data, kernels, voxel S values and spheres."""

from ..physics.dose.radialKernels import COMPONENTS, radialKernel, radialKernelNames
from ..physics.dose.spheres import sphereSValue
from ..physics.dose.voxelKernel import voxelKernelMeV
from ..physics.nuclides import nuclide
from ..physics.units import BQ_PER_MBQ, JOULE_PER_MEV
from .commissioningCase import Case, Check, published, sourceOf, worst

_SUBJECT = "Nuclides and kernels"
_DENSITY = 1.04
_EDGE_MM = 4.8
_RADIUS_MM, _QUICK_RADIUS_MM = 300.0, 60.0


def nuclideConstants(job, progress):
    """Half-lives and constants of local energy deposition of all nuclides."""
    record = published("nuclides")
    rows = [(name, halfLife, constant, nuclide(name)) for name, halfLife, constant in record["rows"]]
    name, _halfLife, constant, found = rows[0]
    yield Case(f"nuclides.{name}", _SUBJECT, f"Local deposition, {name}", "constant", "Gy kg/(GBq h)", constant,
               found.localDoseConstantGyKgPerGBqH, sourceOf(record), 5e-6 * 1.001, False, "the printed digits")
    yield worst(Case("nuclides.constants", _SUBJECT, "Local deposition, nuclides", "constant",
                     "Gy kg/(GBq h)", source=sourceOf(record), tolerance=6e-4, isRelative=True,
                     reason="five printed decimals"),
                [(name, constant, found.localDoseConstantGyKgPerGBqH) for name, _halfLife, constant, found in rows])
    yield worst(Case("nuclides.halfLives", _SUBJECT, "Half-lives", "half-life", "h",
                     source=sourceOf(record), tolerance=1e-4, isRelative=True, reason="the printed digits"),
                [(name, halfLife, found.halfLifeHours) for name, halfLife, _constant, found in rows])


def kernelBalance(job, progress):
    """The voxels of a kernel hold the energy that the radial kernel deposits within its radius."""
    radiusMM = _QUICK_RADIUS_MM if job.isQuick else _RADIUS_MM
    values, names = [], radialKernelNames()
    for index, name in enumerate(names):
        progress(index / len(names), f"Kernel of {name}")
        radial = radialKernel(name)
        inside = sum(radial.energiesMeV[part] * float(radial.fractionWithin(part, radiusMM / 10 * _DENSITY))
                     for part in COMPONENTS)
        if inside > 0:
            kernel = voxelKernelMeV(name, (_EDGE_MM,) * 3, radiusMM, component=COMPONENTS)
            values.append((name, inside, kernel.sumMeV()))
    yield worst(Case(f"kernels.balance.{radiusMM:g}", _SUBJECT, "Kernel energy balance",
                     "energy", "MeV", source=f"Energy that the radial kernel deposits within {radiusMM / 10:g} cm",
                     tolerance=1e-9, isRelative=True, reason="rounding of sums"), values)


def voxelSValues(job, progress):
    """Voxel S values beside published ones."""
    record = published("voxelSValues")
    for name, tables in record["tables"].items():
        values = []
        for edgeMM, expected in tables:
            progress(0.5, f"Voxel S values of {name}")
            kernel = voxelKernelMeV(name, (edgeMM,) * 3, component=COMPONENTS).octantMeV
            found = kernel * JOULE_PER_MEV * BQ_PER_MBQ * 1e3 / (_DENSITY * 1e-3 * (edgeMM / 10) ** 3)
            values += [(f"{edgeMM:g} mm, {''.join(map(str, offset))}", value, found[tuple(offset)])
                       for offset, value in zip(record["offsets"], expected, strict=True)]
        yield worst(Case(f"kernels.voxelS.{name}", _SUBJECT, f"Voxel S values, {name}", "S", "mGy/(MBq s)",
                         source=sourceOf(record), tolerance=0.03, isRelative=True,
                         reason="spread of published transport codes"), values)


def sphereFractions(job, progress):
    """Absorbed fractions of 90Y in spheres."""
    record = published("sphereFractions")
    found = [(f"{massG:.3g} g", fraction, sphereSValue(nuclide("Y-90"), massG, 1.0).absorbedFractions["electron"])
             for massG, fraction in record["rows"]]
    yield worst(Case("spheres.yttrium", _SUBJECT, "Spheres, 90Y electrons", "absorbed fraction", "",
                     source=sourceOf(record), tolerance=0.005, reason="two printed digits"), found)


CHECKS = (
    Check("nuclides", _SUBJECT, "Nuclide constants", nuclideConstants),
    Check("kernels.balance", _SUBJECT, "Kernel energy balance", kernelBalance, 3.0),
    Check("kernels.voxelS", _SUBJECT, "Published voxel S values", voxelSValues, 2.0),
    Check("spheres", _SUBJECT, "Published sphere fractions", sphereFractions),
)
