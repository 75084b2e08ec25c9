"""A later image that does not show a whole region: never a silent zero in the time-activity curve."""

import json

import pytest
from caseFiles import bodyLabels, writeStudy

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.imaging.files import readImage, writeImage
from MRTDosimetryLib.imaging.volume import Volume

pytestmark = pytest.mark.usefixtures("allWithoutPictures")


def cutLastImage(folder, firstSlice):
    """The SPECT at 168 h without its slices below ``firstSlice``; the left kidney reaches from slice 5 to 11."""
    path = str(folder / "spect4.nrrd")
    image = readImage(path)
    matrix = image.ijkToRAS.copy()
    matrix[:3, 3] = (matrix @ [0, 0, firstSlice, 1.0])[:3]
    writeImage(Volume(image.array[firstSlice:], matrix, image.unit, "cut"), path)


def test_regionBeyondALaterImageIsRefused(tmp_path, capfd):
    kidney = (bodyLabels().array == 3).any(axis=(1, 2)).nonzero()[0]
    study = writeStudy(tmp_path)
    cutLastImage(tmp_path, int(kidney.max()) + 1)
    assert commandLine.main(["run", str(study), "--out", str(tmp_path / "out")]) == 2
    shown = capfd.readouterr().err
    assert "kidney left" in shown and "168 h" in shown and "outside the image" in shown
    assert not (tmp_path / "out").exists()


def test_regionCutByALaterImageIsWarnedOf(tmp_path):
    study = writeStudy(tmp_path)
    cutLastImage(tmp_path, 7)
    assert commandLine.main(["run", str(study), "--out", str(tmp_path / "out")]) == 0
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert any("kidney left" in line and "168 h" in line and "too low" in line for line in results["warnings"])


def test_regionThatIsWhollyShownIsNotWarnedOf(tmp_path):
    study = writeStudy(tmp_path)
    cutLastImage(tmp_path, 1)
    assert commandLine.main(["run", str(study), "--out", str(tmp_path / "out")]) == 0
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert not any("lies outside the image" in line for line in results["warnings"])
