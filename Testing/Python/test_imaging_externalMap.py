"""Maps from elsewhere: units, scaling, checks, and their place on the grid of a study."""

import numpy as np
import pytest

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.imaging.externalMap import externalMap, readMapImage
from MRTDosimetryLib.imaging.files import writeImage
from MRTDosimetryLib.imaging.grid import Grid
from MRTDosimetryLib.imaging.mapPlacement import (
    placeMap,
    regionCoverage,
    regionStandardError,
    requireRegionsCovered,
)
from MRTDosimetryLib.imaging.mapUnits import mapUnit
from MRTDosimetryLib.imaging.occupancy import occupancy
from MRTDosimetryLib.imaging.volume import Volume


def matrixOf(spacing=(4.0, 5.0, 6.0), origin=(-40.0, 30.0, 10.0), degrees=0.0):
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    matrix = np.eye(4)
    matrix[:3, :3] = turn @ np.diag(spacing)
    matrix[:3, 3] = origin
    return matrix


def blob(shape=(12, 14, 16), **geometry):
    """A smooth map that falls to nearly nothing at its border."""
    k, j, i = np.meshgrid(*[np.linspace(-1, 1, n) for n in shape], indexing="ij")
    return Volume(np.exp(-8 * (k * k + j * j + i * i)).astype(np.float32), matrixOf(**geometry), "", "map")


def writeMetaImage(folder, values, spacing, header=""):
    """What GATE and TOPAS write: a text header and the voxels in a file of their own."""
    values.astype("<f4").tofile(folder / "map.raw")
    lines = ["ObjectType = Image", "NDims = 3", "BinaryData = True", "BinaryDataByteOrderMSB = False",
             "TransformMatrix = 1 0 0 0 1 0 0 0 1", "Offset = 10 20 30",
             f"ElementSpacing = {' '.join(map(str, spacing))}",
             f"DimSize = {' '.join(map(str, values.shape[::-1]))}", *([header] if header else []),
             "ElementType = MET_FLOAT", "ElementDataFile = map.raw"]
    (folder / "map.mhd").write_text("\n".join(lines) + "\n", encoding="ascii")
    return folder / "map.mhd"


@pytest.mark.parametrize(("quantity", "unit", "factor", "isPerML"), [
    ("absorbedDose", "Gy", 1, False), ("absorbedDose", "mGy", 1e-3, False), ("absorbedDose", "GY", 1, False),
    ("absorbedDose", "cGy", 1e-2, False), ("absorbedDose", "\u00b5Gy", 1e-6, False),
    ("absorbedDoseRate", "Gy/h", 1, False), ("absorbedDoseRate", "mGy / h", 1e-3, False),
    ("absorbedDoseRate", "Gy per h", 1, False), ("absorbedDoseRate", "mGy/s", 3.6, False),
    ("absorbedDoseRate", "uGy/min", 6e-5, False),
    ("timeIntegratedActivity", "MBq h", 1, False), ("timeIntegratedActivity", "MBq.h", 1, False),
    ("timeIntegratedActivity", "MBq\u00b7h/mL", 1, True),
    ("timeIntegratedActivity", "Bq s per voxel", 1e-6 / 3600, False),
    ("timeIntegratedActivity", "Bq*s/ml", 1e-6 / 3600, True), ("timeIntegratedActivity", "kBq h/cm3", 1e-3, True),
    ("timeIntegratedActivity", "decays/voxel", 1e-6 / 3600, False), ("timeIntegratedActivity", "GBq d", 24e3, False)])
def test_units(quantity, unit, factor, isPerML):
    assert mapUnit(quantity, unit) == (pytest.approx(factor, rel=1e-12), isPerML)


@pytest.mark.parametrize(("quantity", "unit"), [
    ("absorbedDose", ""), ("absorbedDose", None), ("absorbedDose", "MGy"), ("absorbedDose", "Gy/h"),
    ("absorbedDose", "Sv"), ("absorbedDose", "Gy/mL"), ("absorbedDoseRate", "Gy"), ("absorbedDoseRate", "MBq h"),
    ("timeIntegratedActivity", "mBq h"), ("timeIntegratedActivity", "MBq/mL"), ("timeIntegratedActivity", "Gy"),
    ("timeIntegratedActivity", "MBq"), ("dose", "Gy")])
def test_unitsAreNeverGuessed(quantity, unit):
    with pytest.raises(InputError, match="unit|quantity"):
        mapUnit(quantity, unit)


def test_valuesAndUnitOfEveryQuantity():
    volume = blob()
    for quantity, unit, factor, more in (
            ("absorbedDose", "mGy", 1e-3, {}), ("absorbedDoseRate", "mGy/h", 1e-3, {"timeHours": 24}),
            ("timeIntegratedActivity", "MBq h", 1, {}), ("timeIntegratedActivity", "MBq h/mL", 0.12, {})):
        found = externalMap(volume, quantity, unit, **more)
        assert found.volume.array == pytest.approx(volume.array * factor, rel=1e-6)
        assert found.volume.unit == {"absorbedDose": "Gy", "absorbedDoseRate": "Gy/h"}.get(quantity, "MBq.h")
        assert found.unitSource == "user" and found.unit == unit
    assert found.total == pytest.approx(0.12 * float(volume.array.sum()), rel=1e-5)
    whole = externalMap(volume.withArray((volume.array * 100).astype(np.int16)), "absorbedDose", "cGy")
    assert whole.volume.array.dtype == np.float32 and whole.volume.array.max() == pytest.approx(0.75, abs=0.25)


def test_simulatedDecays():
    """GATE: the absorbed dose of 1e7 simulated decays, for 2 MBq h, and the rate of 3 MBq."""
    volume = blob()
    dose = externalMap(volume, "absorbedDose", "Gy", primaries=1e7, decays=7.2e9)
    assert dose.volume.array == pytest.approx(volume.array * 720, rel=1e-6)
    assert any("720" in note for note in dose.notes)
    rate = externalMap(volume, "absorbedDoseRate", "Gy", primaries=1e7, activityMBq=3, timeHours=4)
    assert rate.volume.array == pytest.approx(volume.array * 3 * 360, rel=1e-6) and rate.volume.unit == "Gy/h"
    for quantity, unit, more in (
            ("absorbedDose", "Gy", {"primaries": 1e7}), ("absorbedDose", "Gy", {"decays": 1e7}),
            ("absorbedDose", "Gy", {"primaries": 0, "decays": 1e7}),
            ("absorbedDose", "Gy", {"primaries": 1e7, "decays": float("nan")}),
            ("absorbedDoseRate", "Gy", {"primaries": 1e7, "timeHours": 1}),
            ("timeIntegratedActivity", "MBq h", {"primaries": 1e7, "decays": 1e9})):
        with pytest.raises(InputError, match="decays"):
            externalMap(volume, quantity, unit, **more)


def test_timeBelongsToARate():
    volume = blob()
    with pytest.raises(InputError, match="time of an absorbed-dose rate"):
        externalMap(volume, "absorbedDoseRate", "Gy/h")
    with pytest.raises(InputError, match="above zero"):
        externalMap(volume, "absorbedDoseRate", "Gy/h", timeHours=-3)
    with pytest.raises(InputError, match="no single time"):
        externalMap(volume, "absorbedDose", "Gy", timeHours=3)


def test_mapsWithoutMeaning():
    volume = blob()
    bad = volume.array.copy()
    for value, words in ((np.nan, "no valid number"), (np.inf, "no valid number"), (-0.1, "1 voxels.*below zero")):
        bad[1, 2, 3] = value
        with pytest.raises(InputError, match=words):
            externalMap(volume.withArray(bad), "absorbedDose", "Gy")
    with pytest.raises(InputError, match="zero everywhere"):
        externalMap(volume.withArray(np.zeros_like(bad)), "absorbedDose", "Gy")


@pytest.mark.parametrize("ending", [".nrrd", ".nii.gz", ".mha"])
def test_imageFiles(tmp_path, ending):
    volume = blob()
    path = tmp_path / f"map{ending}"
    writeImage(volume, path)
    found = readMapImage(path, "absorbedDose", "Gy")
    assert found.volume.array == pytest.approx(volume.array) and found.files == (str(path),)
    assert found.volume.ijkToRAS == pytest.approx(volume.ijkToRAS, abs=1e-4)
    with pytest.raises(InputError, match="never guessed"):
        readMapImage(path, "absorbedDose")
    again = readMapImage(path, "absorbedDose", "mGy")
    assert len(found.digest) == 64 and found.digest != again.digest
    assert found.digest == readMapImage(path, "absorbedDose", "Gy").digest


def test_headerAndVoxelsApart(tmp_path):
    values = np.arange(1, 25, dtype=np.float32).reshape(2, 3, 4)
    path = writeMetaImage(tmp_path, values, (2.0, 3.0, 4.0))
    found = readMapImage(path, "absorbedDose", "Gy")
    assert found.volume.array == pytest.approx(values)
    assert found.volume.ijkToRAS[:3, 3] == pytest.approx([-10, -20, 30])
    assert [name.rsplit(".", 1)[1] for name in found.files] == ["mhd", "raw"]
    (tmp_path / "map.raw").unlink()
    with pytest.raises(InputError, match="cannot be read"):
        readMapImage(path, "absorbedDose", "Gy")


def test_unitOfTheHeader(tmp_path):
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(blob().array)
    image.SetMetaData("units", "mGy")
    sitk.WriteImage(image, str(tmp_path / "map.nrrd"))
    found = readMapImage(tmp_path / "map.nrrd", "absorbedDose")
    assert found.volume.array.max() == pytest.approx(blob().array.max() * 1e-3) and "units" in found.unitSource
    assert readMapImage(tmp_path / "map.nrrd", "absorbedDose", " mgy").digest == found.digest
    with pytest.raises(InputError, match="states the unit mGy"):
        readMapImage(tmp_path / "map.nrrd", "absorbedDose", "Gy")
    with pytest.raises(InputError, match="no unit of absorbed-dose rate"):
        readMapImage(tmp_path / "map.nrrd", "absorbedDoseRate", timeHours=4)


def test_uncertaintyMap(tmp_path):
    volume = blob()
    share = volume.withArray(np.full(volume.array.shape, 0.02, np.float32), name="uncertainty")
    writeImage(share, tmp_path / "share.nrrd")
    writeImage(volume, tmp_path / "map.nrrd")
    relative = readMapImage(tmp_path / "map.nrrd", "absorbedDose", "mGy", uncertainty=tmp_path / "share.nrrd",
                            uncertaintyKind="relative")
    assert relative.standardError.array == pytest.approx(relative.volume.array * 0.02)
    assert len(relative.files) == 2
    absolute = externalMap(volume, "absorbedDose", "Gy", primaries=10, decays=1000, uncertainty=share,
                           uncertaintyKind="absolute")
    assert absolute.standardError.array == pytest.approx(2.0)
    assert regionStandardError(absolute.standardError.array, np.ones(volume.array.shape)) == \
        pytest.approx(2 / np.sqrt(volume.array.size))
    for more, words in (({"uncertainty": share}, "not stated whether"),
                        ({"uncertaintyKind": "relative"}, "there is none"),
                        ({"uncertainty": blob((12, 14, 15)), "uncertaintyKind": "relative"}, "not on the grid"),
                        ({"uncertainty": share.withArray(-share.array), "uncertaintyKind": "relative"}, "below zero")):
        with pytest.raises(InputError, match=words):
            externalMap(volume, "absorbedDose", "Gy", **more)


def test_positionOfTheStudyWhenStated():
    volume, study = blob(origin=(0, 0, 0)), blob(origin=(-200.0, 90.0, -400.0), degrees=2)
    found = externalMap(volume, "absorbedDose", "Gy", gridFrom=study)
    assert np.array_equal(found.volume.ijkToRAS, study.ijkToRAS) and any("as stated" in note for note in found.notes)
    with pytest.raises(InputError, match="not on the voxels of the study"):
        externalMap(volume, "absorbedDose", "Gy", gridFrom=blob(spacing=(4.0, 5.0, 6.1)))
    with pytest.raises(InputError, match="do not overlap"):
        placeMap(externalMap(volume, "absorbedDose", "Gy"), blob(origin=(900, 0, 0)))


def test_absorbedDoseIsInterpolatedLinearly():
    ramp = blob()
    k, j, i = np.meshgrid(*[np.arange(n) for n in ramp.array.shape], indexing="ij")
    positions = np.einsum("ab,bkji->akji", ramp.ijkToRAS, np.stack([i, j, k, np.ones_like(i)]).astype(float))
    external = externalMap(ramp.withArray(0.1 * positions[0] - 0.2 * positions[1] + 0.3 * positions[2] + 60),
                           "absorbedDose", "Gy")
    grid = Grid((8, 7, 6), matrixOf((3.0, 4.0, 5.0), (-25.0, 45.0, 20.0), degrees=5))
    placed = placeMap(external, grid)
    k, j, i = np.meshgrid(*[np.arange(n) for n in grid.shape], indexing="ij")
    positions = np.einsum("ab,bkji->akji", grid.ijkToRAS, np.stack([i, j, k, np.ones_like(i)]).astype(float))
    expected = 0.1 * positions[0] - 0.2 * positions[1] + 0.3 * positions[2] + 60
    assert np.all(placed.covered == 1) and placed.outsideShare == 0
    assert placed.volume.array == pytest.approx(expected, rel=1e-6)


def test_fineMapIsAveraged():
    fine = blob((40, 40, 40), spacing=(1.0, 1.0, 1.0), origin=(0, 0, 0))
    error = fine.withArray(np.full(fine.array.shape, 0.5, np.float32))
    external = externalMap(fine, "absorbedDose", "Gy", uncertainty=error, uncertaintyKind="absolute")
    placed = placeMap(external, Grid((10, 10, 10), matrixOf((4.0, 4.0, 4.0), (1.5, 1.5, 1.5))))
    blocks = fine.array.reshape(10, 4, 10, 4, 10, 4).mean(axis=(1, 3, 5))
    assert placed.volume.array == pytest.approx(blocks, rel=1e-5)
    assert placed.standardError.array == pytest.approx(0.5 / 8, rel=1e-5)


@pytest.mark.parametrize("degrees", [0.0, 7.0])
@pytest.mark.parametrize("spacing", [(3.0, 4.0, 7.0), (9.0, 8.0, 8.0)])
def test_activityIsConserved(degrees, spacing):
    source = blob()
    external = externalMap(source, "timeIntegratedActivity", "MBq h")
    center = Grid(source.sizeIJK, source.ijkToRAS).center()
    size = (40, 40, 40)
    matrix = matrixOf(spacing, (0, 0, 0), degrees)
    matrix[:3, 3] = center - matrix[:3, :3] @ ((np.array(size) - 1) / 2)
    placed = placeMap(external, Grid(size, matrix))
    assert float(placed.volume.array.sum(dtype=float)) == pytest.approx(external.total, rel=2e-6)
    assert placed.outsideShare < 1e-5
    index = np.stack(np.meshgrid(*[np.arange(n) for n in size], indexing="ij"))[::-1]
    mean = [float((placed.volume.array * axis).sum(dtype=float)) / external.total for axis in index]
    assert (matrix @ [*mean, 1])[:3] == pytest.approx(center, abs=0.02)
    half = placeMap(external, Grid((40, 40, 20), matrix))
    assert half.outsideShare == pytest.approx(0.5, abs=0.02)


def test_coverageOfRegions():
    study = blob((20, 20, 20), spacing=(4.0, 4.0, 4.0), origin=(0, 0, 0))
    labels = np.zeros((20, 20, 20), np.uint8)
    labels[2:6, 5:9, 5:9], labels[8:12, 5:9, 5:9] = 1, 2
    found = occupancy(study.withArray(labels), study)
    regions = {"liver": found[1], "spleen": found[2]}
    external = externalMap(Volume(np.ones((10, 20, 20)), study.ijkToRAS, "", "map"), "absorbedDose", "Gy")
    placed = placeMap(external, study)
    coverage = regionCoverage(placed.covered, regions)
    assert coverage == pytest.approx({"liver": 1.0, "spleen": 0.5})
    with pytest.raises(InputError, match=r"map: .*spleen \(50.0%\)") as error:
        requireRegionsCovered(coverage, "map")
    assert "liver" not in str(error.value)
    requireRegionsCovered({"liver": coverage["liver"]}, "map")
    assert np.all(placed.volume.array[:10] == 1) and np.all(placed.volume.array[10:] == 0)


def test_zeroWhereTheStudyLies():
    values = np.zeros((20, 20, 20))
    values[15:] = 1.0
    study = blob((10, 20, 20), spacing=(4.0, 4.0, 4.0), origin=(0, 0, 0))
    with pytest.raises(InputError, match="zero everywhere in the images"):
        placeMap(externalMap(Volume(values, study.ijkToRAS, "", "map"), "absorbedDose", "Gy"), study)
