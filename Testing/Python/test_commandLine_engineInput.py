"""Absorbed-dose input that cannot be used, by the command line: CT numbers, activity, engines, maps from elsewhere."""

import json

import numpy as np
import pytest
from caseFiles import activityImage, bodyCT, bodyLabels, writeStudy
from test_commandLine_badInput import refuse

from MRTDosimetryLib.imaging.files import readImage, writeImage
from MRTDosimetryLib.imaging.volume import Volume
from MRTDosimetryLib.physics.dose import registry
from MRTDosimetryLib.physics.nuclides import nuclide
from MRTDosimetryLib.workflow import job, results, studyFile

TWO_SCANS = (4.0, 96.0)


def study(folder, withCT=True, **choice):
    return writeStudy(folder, TWO_SCANS, lambda d: d["dose"].update(choice), withCT)


def rewriteCT(folder, change):
    """The CT with ``change(HU array, labels array)`` for its voxels."""
    ct = readImage(str(folder / "ct.nrrd"))
    writeImage(ct.withArray(change(ct.array.astype(np.int32), bodyLabels().array).astype(np.int16)),
               str(folder / "ct.nrrd"))


def compute(path):
    """Results without files."""
    return results.resultsDict(job.computeStudy(studyFile.readStudyFile(str(path))[0])[0])


def test_ctMissingWhereItIsNeeded(tmp_path, capfd):
    refuse(capfd, study(tmp_path, withCT=False, density="ct"), tmp_path / "out", "CT", "uniform density")


def test_ctThatCoversTooLittle(tmp_path, capfd):
    path = study(tmp_path)
    labels = bodyLabels()
    ct, kept = bodyCT(labels), slice(3, 17)
    matrix = ct.ijkToRAS.copy()
    matrix[2, 3] += 3 * 8.0
    writeImage(Volume(ct.array[kept], matrix, "", "ct"), str(tmp_path / "ct.nrrd"))
    for index in (1, 2):  # much activity below the CT, none of it in a region
        image = activityImage(labels, TWO_SCANS[index - 1])
        image.array[:2, 14:18, 18:22] += image.array.max() * 20
        writeImage(image, str(tmp_path / f"spect{index}.nrrd"))
    refuse(capfd, path, tmp_path / "out", "does not cover the SPECT", "CT")


def test_ctThatCutsARegion(tmp_path, capfd):
    path = study(tmp_path)
    ct = bodyCT(bodyLabels())
    writeImage(Volume(ct.array[:12], ct.ijkToRAS, "", "ct"), str(tmp_path / "ct.nrrd"))
    refuse(capfd, path, tmp_path / "out", "liver", "outside the CT")


@pytest.mark.parametrize("change, words", [
    (lambda array, labels: np.zeros_like(array), "All CT numbers are 0"),
    (lambda array, labels: array + 1024, "shifted by 1024"),
    (lambda array, labels: array - 1024, "shows no tissue"),
])
def test_wrongScaleOfTheCT(tmp_path, capfd, change, words):
    path = study(tmp_path)
    rewriteCT(tmp_path, change)
    refuse(capfd, path, tmp_path / "out", words, "CT of 4 h")


def test_metalIsCappedAndReported(tmp_path):
    path = study(tmp_path)

    def metal(array, labels):
        array[10, 20, 6:8] = 8000
        return array
    rewriteCT(tmp_path, metal)
    words = next(text for text in compute(path)["warnings"] if "metal" in text)
    assert "1 mL lie above 2000 HU" in words and "8000 HU" in words and "capped at 2.20 g/mL" in words


def test_contrastMediumIsReported(tmp_path):
    path = study(tmp_path)
    rewriteCT(tmp_path, lambda array, labels: np.where(labels == 3, 220, array))
    words = [text for text in compute(path)["warnings"] if "contrast" in text]
    assert len(words) == 1 and words[0].startswith("kidney left: the mean CT number is 220 HU")


def test_regionWithoutMass(tmp_path, capfd):
    path = study(tmp_path)
    rewriteCT(tmp_path, lambda array, labels: np.where(labels == 3, -1000, array))
    refuse(capfd, path, tmp_path / "out", "kidney left", "hardly any mass")


def test_negativeActivity(tmp_path, capfd):
    path = study(tmp_path)
    image = activityImage(bodyLabels(), 96.0)
    image.array[bodyLabels().array == 3] *= -1
    writeImage(image, str(tmp_path / "spect2.nrrd"))
    refuse(capfd, path, tmp_path / "out", "kidney left", "negative")


def test_unknownRadionuclideAndEngine(tmp_path, capfd):
    path = study(tmp_path, engine=["localDeposition", "magic", "localDeposition"])
    refuse(capfd, path, tmp_path / "out", "'magic' is not an absorbed-dose engine", "named twice")
    description = json.loads(path.read_text(encoding="utf-8"))
    description.update(radionuclide="Xx-300")
    path.write_text(json.dumps(description), encoding="utf-8")
    refuse(capfd, path, tmp_path / "out", "Xx-300", "not known")


@pytest.mark.parametrize("choice, words", [
    ({"engine": []}, ("not a name or a list of names",)),
    ({"engine": "external"}, ("external map is not named",)),
    ({"options": {"monteCarlo": {"sed": 1}}}, ("option 'sed' is not known", "seed")),
    ({"options": {"monteCarlo": {"regions": {}}}}, ("'regions' is not known", "those of the study")),
    ({"options": {"magic": {}}}, ("'magic' is not an absorbed-dose engine",)),
    ({"progeny": "maybe"}, ("'maybe'", "inPlace")),
    ({"rbe": {"beta": 2}}, ("'beta' has no RBE",)),
    ({"rbe": {"alpha": -1}}, ("above zero",)),
    ({"gamma": {"distanceMM": 0}}, ("above zero",)),
    ({"doseRateMaps": "yes"}, ("neither true nor false",)),
    ({"external": {"file": "gone.nrrd", "quantity": "absorbedDose"}}, ("gone.nrrd", "no such file")),
    ({"external": {"file": "ct.nrrd", "quantity": "dose"}}, ("'dose' is not a quantity",)),
    ({"external": {"file": "ct.nrrd", "quantity": "absorbedDoseRate"}}, ("hoursAfterAdministration",)),
    ({"external": {"file": "ct.nrrd", "quantity": "absorbedDose", "units": "Gy"}}, ("'units' is not known",)),
])
def test_choicesThatCannotBe(tmp_path, capfd, choice, words):
    refuse(capfd, study(tmp_path, **choice), tmp_path / "out", *words)


def test_progenyThatMatterHaveToBeStated(tmp_path, capfd):
    path = writeStudy(tmp_path, TWO_SCANS, lambda d: d.update(radionuclide="Ac-225"))
    refuse(capfd, path, tmp_path / "out", "progeny", "inPlace")


def externalStudy(folder, volume, **stated):
    writeImage(volume, str(folder / "map.nrrd"))
    return study(folder, external={"file": "map.nrrd", "quantity": "absorbedDose", "unit": "Gy", **stated})


def ones(spacingMM=8.0, shift=0.0):
    labels = bodyLabels()
    factor = spacingMM / 8.0
    shape = tuple(int(np.ceil(size / factor)) for size in labels.array.shape)
    matrix = labels.ijkToRAS @ np.diag([factor, factor, factor, 1.0])
    matrix[:3, 3] += (factor - 1) * 4.0
    matrix[0, 3] += shift
    return Volume(np.ones(shape, np.float32), matrix, "", "map")


def test_externalMapWithoutUnit(tmp_path, capfd):
    refuse(capfd, externalStudy(tmp_path, ones(), unit=None), tmp_path / "out", "unit")


def test_externalMapThatMissesARegion(tmp_path, capfd):
    refuse(capfd, externalStudy(tmp_path, ones(shift=120.0)), tmp_path / "out", "does not cover", "liver")


def test_externalMapOfOtherVoxelSizeIsBroughtToTheStudy(tmp_path):
    found = compute(externalStudy(tmp_path, ones(spacingMM=5.0)))
    assert all(region["engines"]["external"]["absorbedDoseGy"] == pytest.approx(1.0, rel=1e-4)
               for region in found["regions"])
    assert any("voxels of the study" in text for text in found["engines"]["external"]["notes"])


def test_externalMapOnTheStudysVoxelsHasToHaveThem(tmp_path, capfd):
    refuse(capfd, externalStudy(tmp_path, ones(spacingMM=5.0), useStudyGrid=True), tmp_path / "out",
           "not on the voxels of the study's image")


@pytest.mark.parametrize("name", [name for name in registry.engineNames() if name != "localDeposition"])
def test_enginesRefuseGridsThatDiffer(name):
    from MRTDosimetryLib.errors import InputError
    with pytest.raises(InputError, match="different grids"):
        registry.engine(name).compute(np.ones((4, 5, 6), np.float32), np.ones((4, 5, 7), np.float32), (3.0, 3.0, 3.0),
                                      nuclide("Lu-177"), lambda *_: None, {})


def test_ownCTOfAnyVoxelSizeIsFine(tmp_path):
    path = study(tmp_path)
    fine = bodyCT(bodyLabels())
    array = np.repeat(fine.array, 2, axis=0)
    matrix = fine.ijkToRAS @ np.diag([1.0, 1.0, 0.5, 1.0])
    matrix[2, 3] -= 2.0
    coarse = compute(path)
    writeImage(Volume(array, matrix, "", "ct"), str(tmp_path / "ct.nrrd"))
    for one, other in zip(coarse["regions"], compute(path)["regions"], strict=True):
        assert other["absorbedDoseGy"] == pytest.approx(one["absorbedDoseGy"], rel=1e-3)
