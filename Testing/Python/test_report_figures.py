"""Charts and slice pictures of the report."""

import dataclasses
import io

import numpy as np
import pytest
from reportExample import exampleContext, exampleResults

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.report import figures
from MRTDosimetryLib.report.regionStyles import regionStyles
from MRTDosimetryLib.report.slicePictures import Plane, planesPicture


def pixels(pngBytes):
    from matplotlib.image import imread

    return imread(io.BytesIO(pngBytes))[..., :3]


def slices(rows=40, columns=60):
    ct = np.full((rows, columns), -1000.0)
    ct[5:-5, 5:-5] = 40.0
    absorbedDoseGy = np.zeros((rows, columns))
    absorbedDoseGy[10:20, 10:25] = 20.0
    labels = np.zeros((rows, columns), dtype=np.uint8)
    labels[10:20, 10:25] = 3
    return ct, absorbedDoseGy, labels


def test_twentyRegionsHaveTwentyDifferentLooks():
    styles = regionStyles([f"region {index}" for index in range(20)])
    assert len({(style.color, str(style.lineStyle)) for style in styles.values()}) == 20
    assert len({(style.color, style.marker) for style in styles.values()}) == 20


@pytest.mark.parametrize("count", [1, 9, 20])
def test_chartsAreDrawnForFewAndManyRegions(count):
    results = exampleResults(count)
    context = exampleContext(results)
    for content in (figures.timeActivityChart(results["regions"], context["curves"]),
                    figures.dvhChart(context["dvhCurves"]), figures.absorbedDoseChart(results["regions"])):
        assert content.startswith(b"<?xml") and b"<svg" in content
        # fonts are drawn as shapes and images are not referred to, so that the chart depends on nothing
        assert b"<image" not in content


def test_sameNumbersGiveTheSameChart():
    results = exampleResults(3)
    assert figures.absorbedDoseChart(results["regions"]) == figures.absorbedDoseChart(results["regions"])


def test_longerBarForLargerAbsorbedDose():
    chart = figures.absorbedDoseChart([{"name": "a", "absorbedDoseGy": 10.0}, {"name": "b", "absorbedDoseGy": 30.0}],
                                      "png")
    rgb = pixels(chart)

    def width(color):
        wanted = 0.85 * np.array(color) / 255 + 0.15  # drawn at an opacity of 0.85
        return np.all(np.abs(rgb - wanted) < 0.02, axis=2).any(axis=0).sum()

    assert width((0xD5, 0x5E, 0x00)) / width((0x00, 0x72, 0xB2)) == pytest.approx(3.0, rel=0.03)


def test_missingAbsorbedDoseIsNoBarOfZero():
    regions = [{"name": "liver", "absorbedDoseGy": 2.0, "absorbedDoseUncertaintyGy": None},
               {"name": "spleen", "absorbedDoseGy": None}]
    absent = figures.absorbedDoseChart(regions)
    zero = figures.absorbedDoseChart([regions[0], {"name": "spleen", "absorbedDoseGy": 0.0}])
    assert absent != zero


@pytest.mark.parametrize("activities", [[5.0, 0.0, 1.0], [5.0, -0.2, 1.0]])
def test_activitiesOfZeroAndBelowAreStillDrawn(activities):
    points = [{"timeHours": 4.0 * (index + 1), "activityMBq": activity, "uncertaintyMBq": None}
              for index, activity in enumerate(activities)]
    region = {"name": "lesion", "timeActivity": points}
    assert figures.timeActivityChart([region]) == figures.timeActivityChart([region], isLogarithmic=False)


def test_notFiniteValuesAreRefused():
    region = {"name": "liver", "timeActivity": [{"timeHours": 4.0, "activityMBq": float("nan")}]}
    with pytest.raises(InputError, match="liver"):
        figures.timeActivityChart([region])
    with pytest.raises(InputError, match="liver"):
        figures.dvhChart({"liver": {"absorbedDoseGy": [0.0, np.nan], "volumePercent": [100.0, 0.0]}})
    with pytest.raises(InputError, match="equally long"):
        figures.dvhChart({"liver": {"absorbedDoseGy": [0.0, 1.0], "volumePercent": [100.0]}})
    with pytest.raises(InputError, match="no absorbed doses"):
        figures.absorbedDoseChart([{"name": "liver", "absorbedDoseGy": None}])


def test_histogramsAreCutWhereTheMediansJump():
    medians = {"marrow": 0.5, "liver": 2.0, "kidney left": 4.9, "kidney right": 5.0, "spleen": 6.0,
               "lesion 1": 40.0, "lesion 2": 60.0, "lesion 3": 80.0}
    groups = figures._groupedAtGaps(sorted(medians, key=medians.get), medians, 7)
    assert groups == [["marrow", "liver", "kidney left", "kidney right", "spleen"],
                      ["lesion 1", "lesion 2", "lesion 3"]]
    equal = {str(index): 0.0 for index in range(40)}
    groups = figures._groupedAtGaps(list(equal), equal, 7)
    assert sum(groups, []) == list(equal) and max(map(len, groups)) <= 7


def test_theCurveOfOnePointIsShownInFull(monkeypatch):
    drawn, keep = [], figures.figureBytes
    monkeypatch.setattr(figures, "figureBytes", lambda figure, *how: drawn.append(figure) or keep(figure, *how))
    times = np.linspace(0.0, 210.0, 50)
    region = {"name": "liver", "timeActivity": [{"timeHours": 4.0, "activityMBq": 96.0, "uncertaintyMBq": None}]}
    curve = {"timesHours": times, "activitiesMBq": 100.0 * 0.5 ** (times / 70.0)}
    figures.timeActivityChart([region], {"liver": curve})
    low, high = drawn[0].axes[0].get_ylim()
    assert low < 12.5 and high > 100.0, "three half-lives fit on the axis"


def test_slicePictureShowsTheAbsorbedDoseAndLeavesTheRestGray():
    ct, absorbedDoseGy, labels = slices()
    rgb = pixels(figures.slicePicture(ct, absorbedDoseGy, labels, {3: "liver"}, (2.0, 1.0), (0, 30), "Axial"))
    empty = pixels(figures.slicePicture(ct, 0 * absorbedDoseGy, None, {}, (2.0, 1.0), (0, 30), "Axial"))

    def colored(picture):
        # left of the color bar
        part = picture[:, : int(0.75 * picture.shape[1])]
        return (part.max(axis=2) - part.min(axis=2) > 0.12).mean()

    assert colored(rgb) > 0.03
    assert colored(empty) < 0.001


def test_slicePictureKeepsTheProportionsOfThePatient():
    ct, absorbedDoseGy, labels = slices(40, 60)
    rgb = pixels(figures.slicePicture(ct, absorbedDoseGy, labels, {3: "liver"}, (3.0, 1.0), (0, 30), ""))
    black = np.all(rgb < 0.02, axis=2)
    height = np.flatnonzero(black.mean(axis=1) > 0.3)
    width = np.flatnonzero(black.mean(axis=0) > 0.3)
    assert (np.ptp(height) + 1) / (np.ptp(width) + 1) == pytest.approx(2.0, rel=0.03)


def test_planesBesideEachOtherAreDrawnAtOneScale():
    ct, absorbedDoseGy, labels = slices(40, 60)
    large = Plane(ct, absorbedDoseGy, labels, (3.0, 1.0), ("R", "L"), "Coronal")
    small = Plane(ct[:20], absorbedDoseGy[:20], None, (3.0, 1.0), ("R", "L"), "Axial")
    rgb = pixels(planesPicture([large, small], {3: "liver"}, (0, 30)))
    dark = np.all(rgb < 0.5, axis=2).sum(axis=0)
    width = len(dark)
    left, right = dark[: int(0.4 * width)].max(), dark[int(0.5 * width) : int(0.75 * width)].max()
    assert left / right == pytest.approx(2.0, rel=0.03)
    with pytest.raises(InputError, match="Sagittal: .*pixel size"):
        planesPicture([large, dataclasses.replace(small, spacing=(0.0, 1.0), title="Sagittal")], {}, (0, 30))


@pytest.mark.parametrize(("change", "words"), [
    ({"labels2D": np.zeros((3, 3))}, "shape"), ({"ctArray2D": np.zeros((3, 3))}, "shape"),
    ({"spacing": (0.0, 1.0)}, "pixel size"), ({"rangeGy": (5.0, 5.0)}, "does not rise"),
    ({"doseArray2D": np.full((40, 60), np.nan)}, "finite"), ({"doseArray2D": np.zeros((2, 40, 60))}, "one slice")])
def test_slicePictureRefusesWhatDoesNotFit(change, words):
    ct, absorbedDoseGy, labels = slices()
    arguments = {"ctArray2D": ct, "doseArray2D": absorbedDoseGy, "labels2D": labels, "names": {3: "liver"},
                 "spacing": (2.0, 1.0), "rangeGy": (0, 30), "title": "Axial", **change}
    with pytest.raises(InputError, match=words):
        figures.slicePicture(**arguments)


def test_bandAndPlanarSeriesAreDrawn():
    region = {"name": "liver", "timeActivity": [{"timeHours": 24.0, "activityMBq": 50.0, "uncertaintyMBq": 2.0}]}
    curve = {"timesHours": [0.0, 100.0], "activitiesMBq": [60.0, 20.0]}
    plain = figures.timeActivityChart([region], {"liver": curve})
    banded = figures.timeActivityChart([region], {"liver": {**curve, "lowMBq": [55.0, 15.0], "highMBq": [65.0, 28.0]}})
    planar = figures.timeActivityChart([{**region, "fit": {"planarSeries": {"timesHours": [4.0, 90.0],
                                                                    "activitiesMBq": [58.0, 22.0]}}}], {"liver": curve})
    assert len({plain, banded, planar}) == 3 and b"PolyCollection" in banded and b"PolyCollection" not in plain
    with pytest.raises(InputError, match="not a finite number"):
        figures.timeActivityChart([region], {"liver": {**curve, "lowMBq": [float("nan"), 15.0],
                                                       "highMBq": [65.0, 28.0]}})


def test_excludedPointIsDrawnApart():
    points = [{"timeHours": hours, "activityMBq": activity, "uncertaintyMBq": None, "isExcluded": hours == 24.0}
              for hours, activity in ((4.0, 90.0), (24.0, 200.0), (96.0, 20.0))]
    curve = {"liver": {"timesHours": [0.0, 100.0], "activitiesMBq": [100.0, 18.0]}}
    excluded = figures.timeActivityChart([{"name": "liver", "timeActivity": points}], curve)
    for point in points:
        point.pop("isExcluded")
    fitted = figures.timeActivityChart([{"name": "liver", "timeActivity": points}], curve)
    assert excluded != fitted and excluded.count(b"<use ") == fitted.count(b"<use ") + 1, "one marker gets a cross"
