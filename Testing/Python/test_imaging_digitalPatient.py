"""The digital patient: its truth is exact, its anatomy plausible, its scans show what they should."""

import math

import numpy as np
import pytest

from MRTDosimetryLib.dicom.readers import readCTSeries, readSpect
from MRTDosimetryLib.dicom.writeStudy import writeDigitalPatient
from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.imaging.digitalPatient import organs, scanner
from MRTDosimetryLib.imaging.digitalPatient.anatomy import REGION_NAMES, buildAnatomy, patientTable
from MRTDosimetryLib.imaging.digitalPatient.kinetics import regionKinetics
from MRTDosimetryLib.imaging.digitalPatient.patient import makeDigitalPatient
from MRTDosimetryLib.imaging.digitalPatient.scanner import (
    SPATIAL_RESOLUTION_MM,
    SPECTScanner,
    randomPoses,
    scanGrids,
)
from MRTDosimetryLib.physics.nuclides import nuclide
from MRTDosimetryLib.physics.partialVolume import recoveryOfSphere

LU177_DOSE_CONSTANT = 0.08532  # Gy kg/(GBq h), ICRP Publication 107


@pytest.fixture(scope="module")
def patient():
    return makeDigitalPatient(size="small")


@pytest.fixture(scope="module")
def anatomy():
    return buildAnatomy((2.0, 2.0, 2.0))


def test_organMassesAreThoseOfReferenceMan(anatomy):
    """ICRP Publication 89: liver 1800 g, spleen 150 g, kidneys 310 g together."""
    table = patientTable()
    density = table["densitiesGPerML"]
    mass = {name: anatomy.volumeML(name) * density[name] for name in REGION_NAMES}
    inLiver = [name for name, (_, _, isInLiver) in organs.LESIONS.items() if isInLiver]
    liver = mass["liver"] + sum(anatomy.volumeML(name) for name in inLiver) * density["liver"]
    assert liver == pytest.approx(1800, rel=0.01)
    assert mass["spleen"] == pytest.approx(150, rel=0.015)
    assert mass["kidney left"] + mass["kidney right"] == pytest.approx(310, rel=0.01)


def test_lesionVolumesAreAnalytic(anatomy):
    for name, (_, axes, _) in organs.LESIONS.items():
        assert anatomy.volumeML(name) == pytest.approx(4 / 3 * np.pi * np.prod(axes) / 1000, rel=0.025)
    sizes = [4 / 3 * np.pi * np.prod(axes) / 1000 for _, axes, _ in organs.LESIONS.values()]
    assert np.allclose(sizes, (2.5, 8.0, 18.0), rtol=0.002)


def test_noVoxelBelongsToTwoRegions(anatomy):
    total = sum(fractions.astype(int) for fractions in anatomy.regions.values())
    assert total.max() <= 255 + len(REGION_NAMES)


def test_lungsAndBodyArePlausible(anatomy):
    lungML = np.count_nonzero((anatomy.hu > -950) & (anatomy.hu < -600)) * anatomy.voxelVolumeML
    bodyML = np.count_nonzero(anatomy.hu > -990) * anatomy.voxelVolumeML
    assert 3000 < lungML < 5000
    assert 27000 < bodyML < 35000


def test_regionsLieWhereTheyBelong(anatomy):
    """Liver and right kidney on the patient's right (+x in RAS), spleen and left kidney on the left."""
    center = {}
    for name, fractions in anatomy.regions.items():
        k, j, i = (np.average(np.arange(n), weights=fractions.sum(axis=tuple({0, 1, 2} - {axis}), dtype=float))
                   for axis, n in enumerate(fractions.shape))  # fmt: skip
        center[name] = (anatomy.ijkToRAS @ [i, j, k, 1])[:3]
    assert center["liver"][0] > 20 and center["kidney right"][0] > 40
    assert center["spleen"][0] < -60 and center["kidney left"][0] < -40
    assert center["liver"][2] > center["kidney right"][2] + 30
    assert abs(center["red marrow"][0]) < 2 and center["liver"][1] > center["kidney right"][1]


def test_truthIsExact(patient):
    """Against numerical integration, and D = 0.08532 A~ / m."""
    time = np.concatenate(([0], np.geomspace(1e-3, 3000, 60001)))
    for name, truth in patient.truth.regions.items():
        activity = patient.truth.activityMBq(name, time)
        assert activity.min() > -1e-9
        assert truth.timeIntegratedActivityMBqH == pytest.approx(np.trapezoid(activity, time), rel=1e-5)
        assert truth.massG == pytest.approx(truth.volumeML * truth.densityGPerML)
        expected = LU177_DOSE_CONSTANT * truth.timeIntegratedActivityMBqH / truth.massG
        assert truth.absorbedDoseGy == pytest.approx(expected, rel=2e-4)


def test_absorbedDosesAreThoseOfThePublishedCohorts(patient):
    """Gy/GBq: kidney 0.27-0.91 (Marin 2018), spleen, liver and marrow within 2 SD of the Lutathera label."""
    perGBq = {
        name: truth.absorbedDoseGy / patient.administeredActivityMBq * 1000
        for name, truth in patient.truth.regions.items()
    }
    assert 0.27 < perGBq["kidney left"] < 0.91 and 0.27 < perGBq["kidney right"] < 0.91
    assert abs(perGBq["liver"] - 0.299) < 2 * 0.226 and abs(perGBq["spleen"] - 0.846) < 2 * 0.804
    assert abs(perGBq["red marrow"] - 0.035) < 2 * 0.029


def test_activityNeverExceedsWhatWasGiven(patient):
    total = sum(kinetics.activityMBq(np.array([1, 4, 24, 96])) for kinetics in patient.truth.kinetics.values())
    assert np.all(total < patient.administeredActivityMBq * 0.5)
    assert np.all(np.diff(total) < 0)


def test_labelsFollowTheTruth(patient):
    volumeML = patient.labels.voxelVolumeML
    for value, name in patient.labelNames.items():
        drawn = np.count_nonzero(patient.labels.array == value) * volumeML
        # the small patient's voxels are too coarse for the smallest lesion
        tolerance = 0.25 if name == "lesion 1" else 0.10 if name.startswith("lesion") else 0.05
        assert drawn == pytest.approx(patient.truth.regions[name].volumeML, rel=tolerance)
    assert patient.labels.hasSameGridAs(patient.scans[0].ct)


def test_scansShowTheTrueActivity(patient):
    """Total inside the true outline of the liver, carried by the true pose, against the truth."""
    reference = np.argwhere(patient.labels.array == 1)[:, ::-1]
    points = (patient.labels.ijkToRAS @ np.c_[reference, np.ones(len(reference))].T)
    for index, scan in enumerate(patient.scans):
        ownPoints = np.linalg.inv(patient.truth.referenceFromTimePoint(index)) @ points
        ijk = np.rint((np.linalg.inv(scan.spect.ijkToRAS) @ ownPoints)[:3]).astype(int)
        mean = scan.spect.array[ijk[2], ijk[1], ijk[0]].mean(dtype=float)
        shown = mean * len(reference) * patient.labels.voxelVolumeML * 1e-6
        assert shown == pytest.approx(patient.truth.activityMBq("liver", scan.timeHours), rel=0.06)
        assert scan.spect.array.min() >= 0


def test_ctMovesWithTheTrueTransform(patient):
    """HU on both sides of the true transform agree far better than without it."""
    first, last = patient.scans[0].ct, patient.scans[-1].ct
    body = np.argwhere(patient.labels.array > 0)[::7, ::-1]
    points = patient.labels.ijkToRAS @ np.c_[body, np.ones(len(body))].T
    reference = first.array[body[:, 2], body[:, 1], body[:, 0]]

    def difference(matrix):
        ijk = np.rint((np.linalg.inv(last.ijkToRAS) @ matrix @ points)[:3]).astype(int)
        return np.abs(last.array[ijk[2], ijk[1], ijk[0]] - reference.astype(float)).mean()

    moved = np.linalg.inv(patient.truth.referenceFromTimePoint(3))
    assert difference(moved) < 0.75 * difference(np.eye(4))


def test_posesMoveByMillimetersAndDegrees(patient):
    for index in range(4):
        matrix = patient.truth.referenceFromTimePoint(index)
        rotation = matrix[:3, :3]
        assert np.allclose(rotation @ rotation.T, np.eye(3)) and np.linalg.det(rotation) > 0
        degrees = np.degrees(np.arccos(np.clip((np.trace(rotation) - 1) / 2, -1, 1)))
        assert degrees < 5 and np.linalg.norm(matrix[:3, 3]) < 25
        assert (degrees > 0.5) == (index > 0)


def test_resolutionIsTheStatedOne(anatomy):
    """Full width at half maximum of the image of a point."""
    camera = SPECTScanner(anatomy, scanGrids("full").spect, {}, None)
    point = np.zeros((81, 61, 61), np.float32)
    point[40, 30, 30] = 1
    image, _ = camera._blur(point)
    for axis, step in ((0, camera.spacingMM[2]), (2, camera.spacingMM[0])):
        profile = image.take(30, 1).take(30, 1) if axis == 0 else image[40, 30]
        fine = np.linspace(0, len(profile) - 1, 20001)
        # the profile is smooth on this grid; cubic interpolation is good to a few percent of a voxel
        from scipy.interpolate import CubicSpline

        above = fine[CubicSpline(np.arange(len(profile)), profile)(fine) > profile.max() / 2]
        assert (above[-1] - above[0]) * step == pytest.approx(SPATIAL_RESOLUTION_MM, rel=0.05)
    assert image.sum() == pytest.approx(1, abs=5e-4)


def test_largeOrgansKeepTheirTotalsSmallLesionsDoNot(patient):
    recovery = {name: np.array(truth.recovery) for name, truth in patient.truth.regions.items()}
    assert recovery["liver"].min() > 0.93
    for name in ("kidney left", "kidney right", "spleen"):
        assert 0.87 < recovery[name].min() < 1
    assert recovery["lesion 1"].max() < recovery["lesion 2"].max() < recovery["lesion 3"].max() < 0.95


@pytest.mark.parametrize("volumeML", [2.5, 8.0, 100.0])
def test_equivalentGaussianPredictsTheLossOfASphere(volumeML):
    """The image of a point is a sum of Gaussians, so the recovery of a sphere is the sum of theirs; the one equivalent
    Gaussian comes close to it."""
    sigma = SPATIAL_RESOLUTION_MM / scanner._FWHM_PER_SIGMA
    recovery = sum(
        (-1) ** (m + 1) * math.comb(2, m) * recoveryOfSphere(volumeML, 2.3548 * sigma * math.sqrt(m))
        for m in range(1, 3)
    )
    assert recoveryOfSphere(volumeML, scanner.EQUIVALENT_GAUSSIAN_FWHM_MM) == pytest.approx(recovery, abs=0.035)


def test_noiseIsLargerInTheLiverAtLateTimes(patient):
    liver = patient.labels
    inside = np.argwhere(liver.array == 1)[::5, ::-1]
    points = liver.ijkToRAS @ np.c_[inside, np.ones(len(inside))].T
    variation = []
    for index in (0, 3):
        spect = patient.scans[index].spect
        own = np.linalg.inv(patient.truth.referenceFromTimePoint(index)) @ points
        ijk = np.rint((np.linalg.inv(spect.ijkToRAS) @ own)[:3]).astype(int)
        values = spect.array[ijk[2], ijk[1], ijk[0]]
        middle = values[(values > np.percentile(values, 25)) & (values < np.percentile(values, 75))]
        variation.append(middle.std() / middle.mean())
    assert variation[1] > 1.3 * variation[0]


def test_sameSeedSamePatient(patient):
    again = makeDigitalPatient(size="small")
    for first, second in zip(patient.scans, again.scans, strict=True):
        assert np.array_equal(first.ct.array, second.ct.array)
        assert np.array_equal(first.spect.array, second.spect.array)
    other = makeDigitalPatient(seed=2, size="small")
    assert not np.array_equal(patient.scans[1].ct.array, other.scans[1].ct.array)
    assert not np.allclose(randomPoses(2, np.random.default_rng(1))[1], randomPoses(2, np.random.default_rng(2))[1])


def test_unknownSize():
    with pytest.raises(InputError, match="Choose full or small"):
        makeDigitalPatient(size="huge")


def test_tableNamesItsSources():
    table = patientTable()
    for key in ("organMassesG", "densitiesGPerML", "hounsfield", "kinetics", "administeredActivityMBq"):
        assert table[key]["source"] and isinstance(table[key]["verified"], bool)


def test_throughDicomAndBack(patient, tmp_path):
    steps = []
    written = writeDigitalPatient(patient, str(tmp_path / "patient"), lambda fraction, message: steps.append(fraction))
    assert len(written) == 4 and steps[-1] == 1 and steps == sorted(steps)
    for scan, files in zip(patient.scans, written, strict=True):
        spect, ct = readSpect(files["folder"]), readCTSeries(files["ct"])
        assert np.array_equal(ct.volume.array, scan.ct.array) and ct.volume.hasSameGridAs(scan.ct, 1e-4)
        assert np.abs(spect.volume.array - scan.spect.array).max() <= scan.spect.array.max() / 65535 * 0.51
        assert spect.volume.hasSameGridAs(scan.spect, 1e-4) and spect.warnings == ()
        assert spect.facts["acquisitionDateTime"].value == scan.acquisitionDateTime
        assert spect.facts["radiopharmaceuticalStartDateTime"].value == patient.administrationDateTime
        assert spect.facts["administeredActivityMBq"].value == 7400
        assert spect.facts["frameOfReferenceUID"].value == ct.facts["frameOfReferenceUID"].value
        assert spect.facts["studyInstanceUID"].value == ct.facts["studyInstanceUID"].value
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(InputError, match="cannot be made"):
        writeDigitalPatient(patient, str(blocked))


def test_anotherRadionuclideKeepsWhatTheBodyDoes():
    lutetium, iodine = regionKinetics(), regionKinetics("I-131")
    decays = nuclide("Lu-177").decayConstantPerHour - nuclide("I-131").decayConstantPerHour
    time = np.array([0.5, 4.0, 24.0, 96.0, 168.0])
    for name, kinetics in lutetium.items():
        assert iodine[name].activityMBq(time) == pytest.approx(kinetics.activityMBq(time) * np.exp(decays * time),
                                                               rel=1e-9)
    assert regionKinetics("Lu-177") == lutetium


def test_truthOfAnotherRadionuclide():
    patient = makeDigitalPatient(seed=2, size="small", radionuclide="I-131")
    assert patient.radionuclide == patient.truth.radionuclide == "I-131"
    time = np.concatenate(([0], np.geomspace(1e-3, 5000, 60001)))
    for name, truth in patient.truth.regions.items():
        assert truth.timeIntegratedActivityMBqH == pytest.approx(
            np.trapezoid(patient.truth.activityMBq(name, time), time), rel=1e-5)
        # 0.11066 Gy kg/(GBq h) of the electrons of 131I (ICRP-107)
        assert truth.absorbedDoseGy == pytest.approx(0.11066 * truth.timeIntegratedActivityMBqH / truth.massG, rel=2e-4)


@pytest.mark.parametrize(("name", "words"), [("Tc-99m", "has decayed before the digital patient's last scan"),
                                             ("X-1", "is not known")])
def test_radionuclidesWithoutAPatient(name, words):
    with pytest.raises(InputError, match=words):
        makeDigitalPatient(size="small", radionuclide=name)
