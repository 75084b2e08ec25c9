"""Pictures of the report from the arrays: the projection from the front and the planes through the maximum."""

import numpy as np
import pytest
from caseFiles import writeStudy

from MRTDosimetryLib.report import slicePictures
from MRTDosimetryLib.report.numbers import significant
from MRTDosimetryLib.scene import regionsIn3D, threeDView, views, volumes
from MRTDosimetryLib.workflow import job, pictures, studyFile


@pytest.fixture(scope="module", params=[True, False], ids=["CT", "without CT"])
def study(request, tmp_path_factory):
    path = writeStudy(tmp_path_factory.mktemp("pictures"), times=(24.0, 96.0), withCT=request.param)
    return job.computeStudy(studyFile.readStudyFile(str(path))[0])[0]


@pytest.fixture
def drawn(monkeypatch):
    """The slices that are drawn, those of one picture together."""
    kept = []
    slicePicture, planesPicture = pictures.slicePicture, pictures.planesPicture

    def keepOne(ct, doses, labels, names, spacing, limits, title, sides, *others, **options):
        kept.append([pictures.Plane(ct, doses, labels, spacing, sides, title)])
        return slicePicture(ct, doses, labels, names, spacing, limits, title, sides, *others, **options)

    def keepAll(planes, *others):
        kept.append(planes)
        return planesPicture(planes, *others)

    monkeypatch.setattr(pictures, "slicePicture", keepOne)
    monkeypatch.setattr(pictures, "planesPicture", keepAll)
    return kept


def test_projectionAndPlanesThroughTheMaximum(study, drawn):
    shown = pictures._maximumPictures(study)
    largestGy = float(volumes.volumeFromNode(study.nodeByRole("absorbedDose")).array.max())
    assert [(picture.title, picture.isWide) for picture in shown] == [
        ("Maximum intensity projection", False), (f"At the maximum of {significant(largestGy)} Gy", True)]
    assert all(picture.pngBytes.startswith(b"\x89PNG") for picture in shown)
    (projection,), planes = drawn
    hounsfield, doses = projection.ctArray2D, projection.doseArray2D
    # the hottest region is to the patient's right, which is at the left of the picture, and low
    row, column = np.argwhere(doses > 0.9 * doses.max()).mean(axis=0)
    assert column < doses.shape[1] / 2 and row > doses.shape[0] / 2
    assert doses.max() == pytest.approx(largestGy, rel=0.15), "sampled every 2 mm"
    # every plane holds the maximum
    assert [plane.title for plane in planes] == ["Axial", "Coronal", "Sagittal"]
    for plane in planes:
        assert plane.doseArray2D.max() == pytest.approx(largestGy, rel=0.05)
        assert len(np.unique(plane.labels2D)) > 1, "with the outlines of the regions"
    if hounsfield is not None:
        assert hounsfield.shape == doses.shape and hounsfield.max() == pytest.approx(300.0), "the spine"


def test_lettersAtTheSides(study, drawn):
    pictures._maximumPictures(study)
    assert [plane.sides for planes in drawn for plane in planes] == [("R", "L"), ("R", "L"), ("R", "L"), ("A", "P")]


def test_keyPictureIsTheCoronalOne(study, drawn):
    shown = pictures._flatPictures(study, pictures._centersRAS(study))
    assert [(picture.title, picture.isKey) for picture in shown] == [
        ("Absorbed dose over CT, axial", False), ("Absorbed dose over CT, coronal", True)]


def test_halfLivesAreShownInsideTheRegionsAlone(study, drawn):
    """Outside them a fit per voxel is one of noise."""
    study.setNodeForRole("effectiveHalfLife", study.nodeByRole("absorbedDose"))
    try:
        pictures._flatSlice(study, "Coronal", pictures._centersRAS(study), "effectiveHalfLife", 100.0)
        pictures._flatSlice(study, "Coronal", pictures._centersRAS(study), "absorbedDose", 100.0)
    finally:
        study.setNodeForRole("effectiveHalfLife", None)
    (halfLives,), (doses,) = drawn
    outside = doses.labels2D == 0
    assert not halfLives.doseArray2D[outside].any() and doses.doseArray2D[outside].any()
    assert halfLives.doseArray2D[~outside].all()


def test_everyMapHasItsColorBarWithUnit(study, monkeypatch):
    figures, keep = [], slicePictures.figureBytes
    monkeypatch.setattr(slicePictures, "figureBytes", lambda figure, *how: figures.append(figure) or keep(figure, *how))
    shown = pictures._flatPictures(study, pictures._centersRAS(study)) + pictures._maximumPictures(study)
    assert len(figures) == len(shown) + 1, "one more for the first page"
    assert shown[1].firstPagePNG.startswith(b"\x89PNG")
    endGy = pictures.display.displayedMaximum(study.nodeByRole("absorbedDose"))
    for figure in figures:
        bar = figure.axes[-1]
        assert bar.get_ylabel() == "Absorbed dose (Gy)" and bar.get_ylim() == (0.0, endGy)
    assert [len(figure.legends) for figure in figures] == [1, 1, 0, 0, 1], "neither the small one nor the projection"


def test_pictureIn3DIsOfTheRegionsAlone(study, monkeypatch):
    """The surfaces shown beside the absorbed dose lie where the regions lie: together they are drawn in patches."""
    possible, reason = views.canRender()
    if not possible:
        pytest.skip(reason)
    titles, legend = [], threeDView.ThreeDView.legend
    monkeypatch.setattr(threeDView.ThreeDView, "legend", lambda self, colors, maximum, title, *others: (
        titles.append(title) or legend(self, colors, maximum, title, *others)))
    surfaces = study.nodeByRole(regionsIn3D.ROLE).GetDisplayNode()
    drawn = []
    for isVisible in (True, False):
        surfaces.SetVisibility(isVisible)
        shown, words = pictures.reportPictures(study)
        assert not words and surfaces.GetVisibility() == isVisible, "as it was"
        drawn += [picture.pngBytes for picture in shown if picture.title == "Regions in 3D"]
    assert drawn[0] == drawn[1] and titles == ["Mean absorbed dose (Gy)"] * 2


@pytest.mark.parametrize(("place", "words"), [
    ((0.0, -7.2, 1.0), "Slice at P 7 mm"), ((0.0, 7.2, 1.0), "Slice at A 7 mm"), ((3.0, -0.2, 1.0), "Slice at P 0 mm")])
def test_placesAreNamedByTheirSide(place, words):
    assert pictures._sliceCaption("Coronal", np.array(place)).startswith(words)


def test_withoutGraphicsThereAreSlicesAndAWord(study, monkeypatch):
    monkeypatch.setattr(pictures.views, "canRender", lambda: (False, "No graphics"))
    shown, words = pictures.reportPictures(study)
    assert words == ["The report has no 3D view. No graphics."]
    assert [picture.title for picture in shown[:3]] == [
        "Absorbed dose over CT, axial", "Absorbed dose over CT, coronal", "Maximum intensity projection"]
