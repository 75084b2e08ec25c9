"""Pictures for the report: absorbed dose over CT with the regions' outlines, and the regions in 3D."""

import os
import tempfile
from dataclasses import dataclass

import numpy as np

from ..imaging.grid import Grid
from ..imaging.resampling import resample
from ..progress import noProgress
from ..report.engineFigures import differencePicture
from ..report.htmlReport import Picture
from ..report.numbers import significant
from ..report.slicePictures import Plane, planesPicture, slicePicture
from ..scene import colorMaps, display, headless, segments, threeDView, views, volumes
from . import doseDisplay, engineNodes
from .regionMasks import regionLayers, regionOccupancies, segmentationNode
from .registration import referenceOf

_SIZE = (1000, 800)
# Fine enough that outlines and bones are sharp in print.
_FLAT_SPACING_MM = 0.8
_SPACING = (_FLAT_SPACING_MM, _FLAT_SPACING_MM)
_MARGIN_MM = 18.0
# Readable where two pictures stand beside each other on a page.
_LABEL_PIXELS = 30
AIR_HU, BODY_HU = -1000.0, -300.0
# Directions in RAS of increasing column and row of a slice as it is shown, its normal, and the letters of its sides.
_PLANES = {
    "Axial": ((-1.0, 0.0, 0.0), (0.0, -1.0, 0.0), 2, ("R", "L")),
    "Coronal": ((-1.0, 0.0, 0.0), (0.0, 0.0, -1.0), 1, ("R", "L")),
    "Sagittal": ((0.0, -1.0, 0.0), (0.0, 0.0, -1.0), 0, ("A", "P")),
}
# Through the regions; all of them through the maximum.
_SHOWN_PLANES = ("Axial", "Coronal")
# A projection of all of the body is bright: bone white, soft tissue gray.
_PROJECTION_HU, _PROJECTION_SPACING_MM = (-100.0, 900.0), 2.0
# Shown on the first page of the report.
_KEY_PLANE = "Coronal"


def reportPictures(study, progress=noProgress):
    """Pictures of the finished study.

    Slices are drawn from the arrays, so that they are the same in the application and on the command line and have
    the colors of the charts. The view in 3D is drawn where the machine can render without a display, and not inside
    the application, whose views belong to the user.

    Returns
    -------
    (list of Picture, list of str)
        The pictures, and a word on what could not be drawn and why.
    """
    centers = _centersRAS(study)
    progress(0.0, "Slices")
    slices, more = _flatPictures(study, centers), _maximumPictures(study) + _mapPictures(study, centers)
    if headless.isApplication():
        return slices + more, []
    # the scene that is saved beside the report opens in these colors
    display.showDoseOverCT(study)
    possible, reason = views.canRender()
    if not possible:
        return slices + more, [f"The report has no 3D view. {reason}."]
    progress(2 / 3, "3D picture")
    with doseDisplay.hidden(study):
        return [*slices, _picture3D(study), *more], []


def _centersRAS(study):
    """For each plane the point (RAS mm of the reference) through which the slice cuts the most regions."""
    reference = referenceOf(study)
    grid = volumes.volumeFromNode(reference.spectNode)
    occupancies = regionOccupancies(study, reference)
    index = np.zeros(3)
    for axis in range(3):
        count = np.zeros(grid.array.shape[axis])
        for item in occupancies.values():
            others = tuple(other for other in range(3) if other != axis)
            area = item.fraction.sum(axis=others)
            # every region counts once, and a little more where it is widest
            count[item.slices[axis]] += (area > 0) * (0.5 + area / area.max())
        index[2 - axis] = int(np.argmax(count))
    return (grid.ijkToRAS @ np.append(index, 1.0))[:3]


def _picture3D(study):
    reference, node = referenceOf(study), segmentationNode(study)
    means = {name: region["absorbedDoseGy"]
             for name, region in study.stageRecord("dose")["value"]["regions"].items()}
    with tempfile.TemporaryDirectory(prefix="MRTDosimetry-pictures-") as folder, \
            threeDView.ThreeDView(study.scene, "MRTDosimetryReport3D") as view:
        path = os.path.join(folder, "picture.png")
        if reference.ctNode is not None:
            view.showBody(reference.ctNode)
        view.png(path, node, _SIZE, "anterior", means, "Mean absorbed dose (Gy)", fontSize=_LABEL_PIXELS)
        with open(path, "rb") as file:
            return Picture("Regions in 3D", "Seen from the front; colors show the mean absorbed dose of each region. "
                           "Organs are translucent: what lies inside of one looks darker.", file.read())


def _coordinate(axis, value):
    """Where a point lies along an axis of RAS, by the letter of its side: "P 7" for 7 mm behind the origin."""
    return f"{('RL', 'AP', 'SI')[axis][int(value < 0)]} {abs(value):.0f}"


def _sliceCaption(plane, center):
    axis = _PLANES[plane][2]
    return f"Slice at {_coordinate(axis, center[axis])} mm of the reference time point; outlines: regions."


def _flatPictures(study, center):
    """Slices from the arrays alone."""
    maximum = display.displayedMaximum(study.nodeByRole("absorbedDose"))
    shown = []
    for plane in _SHOWN_PLANES:
        isKey = plane == _KEY_PLANE
        large, *small = _flatSlice(study, plane, center, "absorbedDose", maximum, sizes=(False, True)[:1 + isKey])
        shown.append(Picture(f"Absorbed dose over CT, {plane.lower()}", _sliceCaption(plane, center), large, isKey,
                             firstPagePNG=small[0] if small else b""))
    return shown


def _maximumPictures(study):
    """The projection of the largest absorbed doses from the front, and the planes through their maximum."""
    image = volumes.volumeFromNode(study.nodeByRole("absorbedDose"))
    end = display.displayedMaximum(study.nodeByRole("absorbedDose"))
    k, j, i = np.unravel_index(int(np.argmax(image.array)), image.array.shape)
    place, words = (image.ijkToRAS @ (i, j, k, 1.0))[:3], significant(float(image.array[k, j, i]))
    shown = [Picture("Maximum intensity projection", "Largest absorbed dose along each line from front to back, over "
                     "the largest HU of the CT.", _projection(study, image, end))]
    planes, names = [], {}
    for plane in _PLANES:
        ground, doses = _underMap(study, plane, place, image)
        planes.append(Plane(ground.ct, doses, ground.labels, _SPACING, _PLANES[plane][3], plane))
        names |= ground.names
    caption = f"Slices at {', '.join(_coordinate(axis, place[axis]) for axis in range(3))} mm of the reference time " \
              "point; outlines: regions."
    return [*shown, Picture(f"At the maximum of {words} Gy", caption, planesPicture(planes, names, (0.0, end)),
                            isWide=True)]


def _projection(study, image, end):
    """PNG of the absorbed dose over the CT, both projected from front to back by their largest values."""
    reference = referenceOf(study)
    ct = volumes.volumeFromNode(reference.ctNode) if reference.ctNode is not None else None
    lower, upper = _extentRAS(image if ct is None else ct)
    flat = _planeGrid("Coronal", lower, image if ct is None else ct, _PROJECTION_SPACING_MM)
    matrix = flat.ijkToRAS.copy()
    matrix[:3, 2] = (0.0, _PROJECTION_SPACING_MM, 0.0)
    depth = int(np.ceil((upper[1] - lower[1]) / _PROJECTION_SPACING_MM)) + 1
    grid = Grid((*flat.sizeIJK[:2], depth), matrix)
    doses = resample(image, grid, outside=0.0, dtype=np.float32).array.max(axis=0)
    hounsfield = None if ct is None else resample(ct, grid, outside=AIR_HU, dtype=np.float32).array.max(axis=0)
    return slicePicture(hounsfield, doses, None, {}, (_PROJECTION_SPACING_MM, _PROJECTION_SPACING_MM), (0.0, end), "",
                        _PLANES["Coronal"][3], rangeHU=_PROJECTION_HU)


def _mapPictures(study, center):
    """Coronal slices of the maps that a fit per voxel makes; none without one."""
    shown = []
    for role, title, quantity, caption in (
            ("effectiveHalfLife", "Effective half-life per voxel", "Effective half-life (h)",
             "Of the last phase of each voxel's fit, inside the regions; outside them it is mostly noise."),
            ("fitQuality", "Fit quality per voxel", "Relative residual (%)",
             "Root mean square of a voxel's residuals over that of its activities; 100 % where the region's kinetics "
             "stand in, nothing where straight lines go through the points.")):
        node = study.nodeByRole(role)
        if node is not None:
            maximum = node.GetDisplayNode().GetWindowLevelMax()
            (picture,) = _flatSlice(study, "Coronal", center, role, maximum, quantity, colorMaps.colors(role))
            shown.append(Picture(title, f"{caption} {_sliceCaption('Coronal', center)}", picture))
    return shown


def _flatSlice(study, plane, center, role, maximum, quantity="Absorbed dose (Gy)", colorMap="inferno", sizes=(False,)):
    """PNGs of a slice of a map over the CT, with the outlines of the regions: one for each of ``sizes``, whether it is
    the small one of the first page."""
    shownMap = volumes.volumeFromNode(study.nodeByRole(role))
    # a map that ends at the body has no values between its voxels and nothing
    ground, shown = _underMap(study, plane, center, shownMap, "linear" if role == "absorbedDose" else "nearest")
    if role == "effectiveHalfLife":
        shown = np.where(ground.labels > 0, shown, 0.0)
    return [slicePicture(ground.ct, shown, ground.labels, ground.names, _SPACING, (0.0, maximum), "",
                         _PLANES[plane][3], quantity, colorMap, isSmall=isSmall) for isSmall in sizes]


def _underMap(study, plane, center, shownMap, interpolation="linear"):
    """What lies under a slice of a map, and the map's values there."""
    ground = _ground(study, plane, center, shownMap)
    return ground, resample(shownMap, ground.grid, interpolation=interpolation, outside=0.0,
                            dtype=np.float32).array[0]


def enginePictures(study):
    """Where the other absorbed-dose engines differ from the primary one, in a coronal slice; empty with one engine."""
    value = study.stageRecord("dose")["value"]
    ranges = value.get("differenceRangesGy") or {}
    nodes = {name: study.nodeByRole(f"{engineNodes.DIFFERENCE}.{name}") for name in value.get("engineOrder") or []}
    found = {value["engines"][name]["title"]: volumes.volumeFromNode(node)
             for name, node in nodes.items() if node is not None and name in ranges}
    if not found:
        return []
    center = _centersRAS(study)
    ground = _ground(study, "Coronal", center, next(iter(found.values())))
    differences = {title: resample(image, ground.grid, outside=0.0, dtype=np.float32).array[0]
                   for title, image in found.items()}
    largest = display.roundRange(max(ranges.values()))[0]
    picture = differencePicture(ground.ct, differences, ground.labels, ground.names,
                                _SPACING, largest,
                                colorMaps.colors("absorbedDoseDifference"), _PLANES["Coronal"][3])
    return [Picture("Difference of the maps", f"Each engine minus {value['engineTitle']}: red is more, blue is less. "
                                              f"{_sliceCaption('Coronal', center)}", picture)]


@dataclass(frozen=True)
class _Ground:
    """What lies under and around a map in a slice: grid, CT (or None), label of each pixel, name of each label."""

    grid: Grid
    ct: np.ndarray | None
    labels: np.ndarray
    names: dict


def _ground(study, plane, center, shownMap):
    reference = referenceOf(study)
    ct = volumes.volumeFromNode(reference.ctNode) if reference.ctNode is not None else None
    names = list(segments.regionNames(segmentationNode(study)).values())
    grid = _planeGrid(plane, center, shownMap if ct is None else ct)
    grid = grid if ct is None else _aroundBody(grid, ct)
    labels = np.zeros(grid.shape[1:], np.int16)
    for layer in regionLayers(study):
        flat = resample(layer.labels, grid, interpolation="nearest", outside=0).array[0]
        for value, name in layer.names.items():
            labels[flat == value] = names.index(name) + 1
    hounsfield = None if ct is None else resample(ct, grid, outside=AIR_HU, dtype=np.float32).array[0]
    return _Ground(grid, hounsfield, labels, {number + 1: name for number, name in enumerate(names)})


def _aroundBody(grid, ct):
    """The part of a plane that shows the body and a margin, not the air of the whole field of view."""
    body = resample(ct, grid, outside=AIR_HU, dtype=np.float32).array[0] > BODY_HU
    if not body.any():
        return grid
    limits, margin = [], round(_MARGIN_MM / _FLAT_SPACING_MM)
    for axis in (0, 1):
        found = np.flatnonzero(body.any(axis=1 - axis))
        limits.append(slice(max(found[0] - margin, 0), min(found[-1] + 1 + margin, body.shape[axis])))
    return grid.cropped((slice(0, 1), *limits))


def _extentRAS(image):
    """Lowest and highest RAS coordinates of the voxel centers of an image."""
    size = np.array(image.sizeIJK)
    corners = np.array([[i, j, k, 1.0] for i in (0, size[0] - 1) for j in (0, size[1] - 1) for k in (0, size[2] - 1)])
    ras = (corners @ image.ijkToRAS.T)[:, :3]
    return ras.min(axis=0), ras.max(axis=0)


def _planeGrid(plane, center, image, spacingMM=_FLAT_SPACING_MM):
    """One slice through ``center`` over the extent of ``image``, rows and columns as a physician looks at it."""
    column, row, normal, _sides = _PLANES[plane]
    lower, upper = _extentRAS(image)
    axes = np.array([column, row, np.eye(3)[normal]]).T
    start = np.where(axes[:, :2].sum(axis=1) < 0, upper, lower)
    start[normal] = center[normal]
    counts = [int(np.ceil(abs(axes[:, index] @ (upper - lower)) / spacingMM)) + 1 for index in (0, 1)]
    matrix = np.eye(4)
    matrix[:3, :3] = axes * spacingMM
    matrix[:3, 3] = start
    return Grid((*counts, 1), matrix)
