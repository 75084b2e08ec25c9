"""The Monte Carlo engine: reproducible, honest about its uncertainty, and clear about input it cannot use."""

import numpy as np
import pytest

from MRTDosimetryLib.errors import CanceledError, InputError
from MRTDosimetryLib.physics.dose import registry
from MRTDosimetryLib.physics.dose.localDeposition import computeLocalDeposition
from MRTDosimetryLib.physics.dose.monteCarlo import computeMonteCarlo
from MRTDosimetryLib.physics.nuclides import nuclide

SIZE = (8.0, 8.0, 12.0)
SHAPE = (14, 18, 20)


def phantom():
    """An ellipse of soft tissue in air, with a hot organ, lung and bone."""
    k, j, i = np.meshgrid(*(np.arange(size) - (size - 1) / 2 for size in SHAPE), indexing="ij")
    density = np.where((j / 7) ** 2 + (i / 8) ** 2 < 1, 1.04, 0.0012).astype(np.float32)
    density[2:7, 6:12, 3:8] = 0.3
    density[:, 12:14, 9:12] = 1.4
    activity = np.where(density > 1, 0.1, 0).astype(np.float32)
    activity[8:12, 6:11, 5:9] = 5.0
    return activity, density


def regions():
    organ, bone = np.ones((4, 5, 4), np.float32), np.ones((SHAPE[0], 2, 3), np.float32)
    return {"liver": ((slice(8, 12), slice(6, 11), slice(5, 9)), organ),
            "spine": ((slice(0, 14), slice(12, 14), slice(9, 12)), bone)}


def computed(name="Lu-177", activity=None, density=None, progress=lambda fraction, message="": None, **options):
    defaultActivity, defaultDensity = phantom()
    return computeMonteCarlo(defaultActivity if activity is None else activity,
                             defaultDensity if density is None else density, SIZE, nuclide(name), progress,
                             {"photons": 50_000, **options})


def test_engineIsRegistered():
    engine = registry.engine("monteCarlo")
    assert not engine.isLocal and engine.regionMeanGy is None
    assert {"seed", "photons", "relativeUncertainty", "maximumPhotons", "regions", "progeny"} <= set(engine.optionNames)


@pytest.mark.parametrize("name", ["Lu-177", "I-131", "F-18", "I-124"])
def test_energyBalance(name):
    found = computed(name, photons=200_000)
    balance, (activity, density) = found.energyBalance, phantom()
    decays = 3.6e9 * float(activity.sum(dtype=float))
    emitted = decays * (nuclide(name).localEnergyMeV + nuclide(name).photonEnergyMeV)
    assert balance["emittedMeV"] == pytest.approx(emitted, rel=5e-3)
    assert balance["depositedMeV"] + balance["escapedMeV"] == pytest.approx(balance["emittedMeV"], rel=3e-3)
    # The map holds what is deposited: Gy x g = MeV x 1.602e-10.
    grams = density.astype(float) * np.prod(SIZE) / 1000
    inMap = float((found.absorbedDoseGy * grams).sum()) / 1.602176634e-10
    assert inMap == pytest.approx(balance["depositedMeV"], rel=1e-4)
    assert 0 < balance["depositedInAirMeV"] < 1e-3 * emitted


def test_isLocalDepositionPlusPhotons():
    activity, density = phantom()
    local = computeLocalDeposition(activity, density, SIZE, nuclide("Lu-177")).absorbedDoseGy
    found = computed().absorbedDoseGy
    isAir = density < 0.05
    assert np.all(found[~isAir] >= local[~isAir]) and not found[isAir].any()
    organ = regions()["liver"][0]
    assert 1.01 < found[organ].mean() / local[organ].mean() < 1.05
    isLung = density == np.float32(0.3)
    assert not local[isLung].any() and found[isLung].min() > 0


def test_electronsByKernel():
    """The range of 90Y: energy leaves the organ, none is lost. In a wide organ nothing changes."""
    local, kernel = computed("Y-90"), computed("Y-90", electrons="kernel")
    place = regions()["liver"][0]
    assert 0.85 < kernel.absorbedDoseGy[place].mean() / local.absorbedDoseGy[place].mean() < 0.97
    for found in (local, kernel):
        balance = found.energyBalance
        assert balance["depositedMeV"] + balance["escapedMeV"] == pytest.approx(balance["emittedMeV"], rel=1e-4)
    assert kernel.energyBalance["emittedMeV"] == pytest.approx(local.energyBalance["emittedMeV"], rel=2e-3)
    uniform = np.ones(SHAPE, np.float32)
    local, kernel = (computed("Y-90", uniform, 1.04, electrons=kind).absorbedDoseGy for kind in ("local", "kernel"))
    inner = (slice(4, 10), slice(5, 13), slice(5, 15))
    assert kernel[inner].mean() == pytest.approx(local[inner].mean(), rel=0.01)


def test_nuclideWithoutPhotonsIsLocalDeposition():
    activity, density = phantom()
    local = computeLocalDeposition(activity, density, SIZE, nuclide("P-32")).absorbedDoseGy
    found = computed("P-32", regions=regions())
    np.testing.assert_allclose(found.absorbedDoseGy, local, rtol=1e-6)
    assert not found.standardErrorGy.any() and found.regionStandardErrorGy == {"liver": 0.0, "spine": 0.0}
    assert found.energyBalance["escapedMeV"] == 0 and any("no photons" in note for note in found.notes)


def test_sameSeedSameBitsWithAnyNumberOfThreads():
    one, two, four = (computed(regions=regions(), threads=threads) for threads in (1, 2, 4))
    for other in (two, four):
        assert one.absorbedDoseGy.tobytes() == other.absorbedDoseGy.tobytes()
        assert one.standardErrorGy.tobytes() == other.standardErrorGy.tobytes()
        assert one.regionStandardErrorGy == other.regionStandardErrorGy
        assert one.energyBalance == other.energyBalance
    assert computed(seed=2).absorbedDoseGy.tobytes() != one.absorbedDoseGy.tobytes()


def test_stopDoesNotDependOnThreads():
    options = {"regions": regions(), "photons": None, "relativeUncertainty": 0.02, "uncertaintyOf": "photons",
               "maximumPhotons": 400_000}
    one, two = (computed(threads=threads, **options) for threads in (1, 2))
    assert one.absorbedDoseGy.tobytes() == two.absorbedDoseGy.tobytes() and one.notes == two.notes


def meanGy(found, density, place, share):
    grams = density[place] * share
    return float((found.absorbedDoseGy[place] * grams).sum() / grams.sum())


def test_standardErrorGoesWithTheSquareRootOfPhotons():
    few, many = computed(photons=50_000, regions=regions()), computed(photons=800_000, regions=regions())
    isTissue = phantom()[1] > 0.05
    ratio = np.median(few.standardErrorGy[isTissue] / many.standardErrorGy[isTissue])
    assert ratio == pytest.approx(4, rel=0.1)
    for name in regions():
        # Of 20 batches each: the standard error itself is known to 16 %.
        assert few.regionStandardErrorGy[name] / many.regionStandardErrorGy[name] == pytest.approx(4, rel=0.6)


def test_standardErrorIsTheSpreadOfRepetitions():
    found = [computed(regions=regions(), seed=seed) for seed in range(16)]
    density = phantom()[1]
    for name, (place, share) in regions().items():
        means = [meanGy(item, density, place, share) for item in found]
        errors = [item.regionStandardErrorGy[name] for item in found]
        assert np.std(means, ddof=1) == pytest.approx(np.sqrt(np.mean(np.square(errors))), rel=0.4)
    stack = np.array([item.absorbedDoseGy for item in found])[:, density > 0.05]
    errors = np.array([item.standardErrorGy for item in found])[:, density > 0.05]
    assert np.median(stack.std(axis=0, ddof=1) / np.sqrt(np.mean(errors ** 2, axis=0))) == pytest.approx(1, abs=0.05)


def test_stopsAtTheRequestedUncertainty():
    density = phantom()[1]
    found = computed(regions=regions(), photons=None, relativeUncertainty=0.01)
    for name, (place, share) in regions().items():
        assert 0 < found.regionStandardErrorGy[name] / meanGy(found, density, place, share) <= 0.01
    assert not any("NOT reached" in note for note in found.notes)
    short = computed(regions=regions(), photons=None, relativeUncertainty=1e-5, maximumPhotons=50_000)
    assert any("NOT reached" in note for note in short.notes)


def test_regionsWithSharesOfVoxels():
    place, share = regions()["liver"]
    half = computed(regions={"all": (place, share), "half": (place, 0.5 * share)})
    assert half.regionStandardErrorGy["all"] == pytest.approx(half.regionStandardErrorGy["half"], rel=1e-9)


def test_voxelSizeIsAlongIJK():
    """The same organs with the axes of array and voxel size swapped give the same absorbed dose."""
    activity, density = phantom()
    size = (6.0, 9.0, 14.0)
    straight = computeMonteCarlo(activity, density, size, nuclide("I-131"), options={"photons": 400_000})
    turned = computeMonteCarlo(activity.transpose(2, 1, 0), density.transpose(2, 1, 0), size[::-1], nuclide("I-131"),
                               options={"photons": 400_000})
    blocks = [found.reshape(7, 2, 9, 2, 5, 4).mean(axis=(1, 3, 5)) for found in (
        straight.absorbedDoseGy, turned.absorbedDoseGy.transpose(2, 1, 0))]
    isHigh = blocks[0] > 0.02 * blocks[0].max()
    np.testing.assert_allclose(blocks[1][isHigh], blocks[0][isHigh], rtol=0.1)
    assert blocks[1][isHigh].mean() == pytest.approx(blocks[0][isHigh].mean(), rel=0.005)


def test_progenyCountInPlace():
    with pytest.raises(InputError, match="progeny"):
        computed("Pb-212")
    alone, chain = computed("Pb-212", progeny="excluded"), computed("Pb-212", progeny="inPlace")
    energies = nuclide("Pb-212").summedEnergiesMeV("inPlace")
    decays = 3.6e9 * float(phantom()[0].sum(dtype=float))
    assert chain.energyBalance["emittedMeV"] == pytest.approx(decays * sum(energies.values()), rel=5e-3)
    assert chain.absorbedDoseGy.max() > 10 * alone.absorbedDoseGy.max()


def test_cancel():
    seen = []

    def cancel(fraction, message=""):
        seen.append(fraction)
        if fraction > 0.3:
            raise CanceledError()

    with pytest.raises(CanceledError):
        computed(progress=cancel)
    assert seen[-1] < 0.6 and seen == sorted(seen)


def test_progressGoesToItsEnd():
    seen = []
    computed(progress=lambda fraction, message="": seen.append(fraction), regions=regions(), photons=None,
             relativeUncertainty=0.02)
    assert seen == sorted(seen) and seen[-1] == 1.0


def test_metalIsReported():
    activity, density = phantom()
    density[7, 9, 10] = 8.0
    assert any("denser than" in note for note in computed(density=density).notes)


def test_uniformDensityAsOneNumber():
    found = computed(density=1.04)
    assert np.count_nonzero(found.absorbedDoseGy) > 0.99 * found.absorbedDoseGy.size
    assert found.energyBalance["depositedInAirMeV"] == 0


@pytest.mark.parametrize("change, words", [
    ({"activity": "negative"}, "negative"), ({"activity": "none"}, "no activity"), ({"activity": "nan"}, "not finite"),
    ({"density": "air"}, "that of air"), ({"density": "shape"}, "different grids"),
    ({"density": "negative"}, "negative"),
    ({"photons": 10}, "whole number"), ({"photons": 6e4 + 0.5}, "whole number"), ({"seed": -1}, "whole number"),
    ({"seed": "a"}, "whole number"), ({"relativeUncertainty": 0}, "relative uncertainty"),
    ({"electrons": "fast"}, "electrons"), ({"color": 1}, "Unknown option"), ({"threads": 0}, "whole number")])
def test_badInputIsRefused(change, words):
    activity, density = phantom()
    maps = {"negative": (-activity, -density), "none": (0 * activity, None), "nan": (activity * np.nan, None),
            "air": (None, 0 * density + 0.001), "shape": (None, density[1:])}
    change = dict(change)
    for key, which in (("activity", 0), ("density", 1)):
        if key in change:
            change[key] = maps[change[key]][which]
    with pytest.raises(InputError, match=words):
        computed(**change)


def test_unknownNuclideAndImpossibleVoxels():
    with pytest.raises(InputError, match="not known"):
        nuclide("Unobtainium-1")
    activity, density = phantom()
    with pytest.raises(InputError, match="voxel size"):
        computeMonteCarlo(activity, density, (4.8, 0, 4.8), nuclide("Lu-177"))


def test_regionsWithoutMassOrOnAnotherGrid():
    corner = (slice(0, 2), slice(0, 2), slice(0, 2))
    with pytest.raises(InputError, match="no mass"):
        computed(regions={"gas": (corner, np.ones((2, 2, 2)))})
    with pytest.raises(InputError, match="another grid"):
        computed(regions={"liver": (corner, np.ones((3, 3, 3)))})
