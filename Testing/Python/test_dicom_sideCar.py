"""Image files with a side-car that says what they cannot."""

import json

import numpy as np
import pytest

from MRTDosimetryLib.dicom.readers import readEmission
from MRTDosimetryLib.dicom.sideCar import sideCarPath
from MRTDosimetryLib.errors import FaultList, InputError
from MRTDosimetryLib.imaging.files import writeImage
from MRTDosimetryLib.imaging.volume import Volume

RIGHT = {"kind": "image facts", "schemaVersion": 1, "unit": "kBq/mL", "acquisitionDateTime": "2026-05-05T10:00:00",
         "durationSeconds": 1200, "decayCorrectedTo": "administration", "radionuclide": "Lu-177",
         "source": "exported by the workstation"}


def write(tmp_path, content=RIGHT, ending=".nrrd"):
    path = tmp_path / f"spect{ending}"
    writeImage(Volume(np.ones((3, 4, 5), np.float32), np.diag([4, 4, 5, 1.0]), "", "x"), str(path))
    if content is not None:
        (tmp_path / "spect.json").write_text(content if isinstance(content, str) else json.dumps(content))
    return str(path)


@pytest.mark.parametrize("ending", [".nrrd", ".nii.gz", ".nii", ".mha"])
def test_factsOfTheSideCar(tmp_path, ending):
    image = readEmission(write(tmp_path, ending=ending))
    assert image.volume.unit == "kBq/mL" and image.warnings == ()
    fact = image.facts["acquisitionDateTime"]
    assert (fact.value, fact.source, fact.detail) == (
        "2026-05-05T10:00:00", "file", "spect.json: acquisitionDateTime")
    assert fact.reason == "exported by the workstation"
    assert image.facts["decayCorrection"].value == "ADMIN" and image.facts["durationSeconds"].value == 1200.0
    assert [name.rpartition("/")[2] for name in image.files] == [f"spect{ending}", "spect.json"]


def test_withoutSideCarNothingIsKnown(tmp_path):
    image = readEmission(write(tmp_path, None))
    assert image.facts == {} and image.volume.unit == ""


def test_foreignJSONIsLeftAlone(tmp_path):
    """Converters write their own metadata beside NIfTI files."""
    image = readEmission(write(tmp_path, {"Modality": "PT", "Units": "BQML"}))
    assert image.facts == {} and "is not used" in image.warnings[0]


@pytest.mark.parametrize(("change", "words"), [
    ({"unit": "cps"}, "no unit"), ({"durationSeconds": 0}, "above zero"), ({"durationSeconds": "1200"}, "above zero"),
    ({"acquisitionDateTime": "yesterday"}, "date and time"), ({"decayCorrectedTo": "injection"}, "date and time"),
    ({"acquisitionDate": "2026"}, "not known"), ({"schemaVersion": 2}, "schemaVersion"), ({"radionuclide": 5}, "text"),
])
def test_wrongValuesAreNamed(tmp_path, change, words):
    path = write(tmp_path, {**RIGHT, **change})
    with pytest.raises((InputError, FaultList), match=words) as caught:
        readEmission(path)
    assert "spect.json" in str(caught.value)


def test_damagedSideCar(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        readEmission(write(tmp_path, '{"kind": '))


def test_whereItLies():
    assert sideCarPath("a/b.c.nii.gz") == "a/b.c.json" and sideCarPath("x.mha") == "x.json"
