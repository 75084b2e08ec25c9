"""Pictures of the report from the arrays: the projection from the front and the planes through the maximum."""

import numpy as np
import pytest
from caseFiles import writeStudy

from MRTDosimetryLib.report.numbers import significant
from MRTDosimetryLib.scene import volumes
from MRTDosimetryLib.workflow import job, pictures, studyFile


@pytest.fixture(scope="module", params=[True, False], ids=["CT", "without CT"])
def study(request, tmp_path_factory):
    path = writeStudy(tmp_path_factory.mktemp("pictures"), times=(24.0, 96.0), withCT=request.param)
    return job.computeStudy(studyFile.readStudyFile(str(path))[0])[0]


@pytest.fixture
def drawn(monkeypatch):
    """Arguments of the slices that are drawn."""
    kept = []
    real = pictures.slicePicture

    def keep(*arguments, **options):
        kept.append(arguments)
        return real(*arguments, **options)

    monkeypatch.setattr(pictures, "slicePicture", keep)
    return kept


def test_projectionAndPlanesThroughTheMaximum(study, drawn):
    shown = pictures._maximumPictures(study)
    largestGy = float(volumes.volumeFromNode(study.nodeByRole("absorbedDose")).array.max())
    assert [picture.title for picture in shown] == ["Maximum intensity projection", *(
        f"At the maximum of {significant(largestGy)} Gy, {plane}" for plane in ("axial", "coronal", "sagittal"))]
    assert all(picture.pngBytes.startswith(b"\x89PNG") for picture in shown)
    hounsfield, doses = drawn[0][:2]
    # the hottest region is to the patient's right, which is at the left of the picture, and low
    row, column = np.argwhere(doses > 0.9 * doses.max()).mean(axis=0)
    assert column < doses.shape[1] / 2 and row > doses.shape[0] / 2
    assert doses.max() == pytest.approx(largestGy, rel=0.15), "sampled every 3 mm"
    # every plane holds the maximum
    for arguments in drawn[1:]:
        assert arguments[1].max() == pytest.approx(largestGy, rel=0.05)
        assert len(np.unique(arguments[2])) > 1, "with the outlines of the regions"
    if hounsfield is not None:
        assert hounsfield.shape == doses.shape and hounsfield.max() == pytest.approx(300.0), "the spine"


def test_lettersAtTheSides(study, drawn):
    pictures._maximumPictures(study)
    assert [arguments[7] for arguments in drawn] == [("R", "L"), ("R", "L"), ("R", "L"), ("A", "P")]


def test_keyPictureIsTheCoronalOne(study, drawn):
    shown = pictures._flatPictures(study, pictures._centersRAS(study))
    assert [(picture.title, picture.isKey) for picture in shown] == [
        ("Absorbed dose over CT, axial", False), ("Absorbed dose over CT, coronal", True)]
