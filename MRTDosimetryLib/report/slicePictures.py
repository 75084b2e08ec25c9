"""Slice pictures without 3D rendering: absorbed dose over CT with region outlines, from plain arrays."""

from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from .drawing import PAGE_WIDTH_INCH, chartContext, figureBytes, newFigure
from .regionStyles import regionStyles

# Window of the CT behind the absorbed dose: soft tissue, with lung and bone still told apart.
_CT_LOW_HU, _CT_HIGH_HU = -200.0, 300.0
# Below this part of the range the CT shows through.
_TRANSPARENT_BELOW = 0.05
_MAP_OPACITY = 0.75
# Two beside each other on a page of the report, with letters of their true size.
_WIDTH_INCH = 3.5
_RESOLUTION_DPI = 220
# Of the width, beside a color bar and its words; and what title and each line of the legend take of the height.
_BAR_INCH, _TITLE_INCH, _LEGEND_LINE_INCH, _LARGEST_HEIGHT_INCH = 0.75, 0.22, 0.19, 5.5
_LEGEND_COLUMNS, _WIDE_LEGEND_COLUMNS = 3, 6
# Of the column beside the results of the first page, where the histogram below has the colors of the regions.
_SMALL_WIDTH_INCH, _SMALL_HEIGHT_INCH, _SMALL_RESOLUTION_DPI = 2.5, 2.1, 300


def slicePicture(ctArray2D, doseArray2D, labels2D, names, spacing, rangeGy, title, sides=None,
                 quantity="Absorbed dose (Gy)", colorMap="inferno", rangeHU=(_CT_LOW_HU, _CT_HIGH_HU), isSmall=False):
    """Absorbed dose (or another map) over CT with the outlines of the regions and a color bar.

    Parameters
    ----------
    ctArray2D : numpy.ndarray or None
        CT in HU, shape (rows, columns), first row at the top of the picture.
    doseArray2D : numpy.ndarray
        Absorbed dose in Gy, same shape.
    labels2D : numpy.ndarray or None
        Region label of each pixel, same shape; 0 is background.
    names : dict of int to str
        Name of each label, in the order of the study (the order gives the colors).
    spacing : (float, float)
        Pixel height and pixel width (distance of rows, distance of columns) in mm.
    rangeGy : (float, float)
        Absorbed doses at both ends of the color bar.
    title : str
    sides : (str, str), optional
        Letters at the left and right edge of the picture, e.g. ``("R", "L")``.
    quantity : str
        What the map shows, with unit, for the color bar.
    colorMap : str or numpy.ndarray
        Name of a color map of matplotlib, or colors (N, 3), values 0..1. One of "inferno" fades in from below;
        others show a map that is either there (above zero) or not.
    rangeHU : (float, float)
        HU of black and white of the CT.
    isSmall : bool
        Whether it is for the first page of a report: smaller with letters of the same size, and without a legend.

    Returns
    -------
    bytes
        PNG.

    Raises
    ------
    InputError
        When shapes, spacing or range do not fit, or an absorbed dose is not a finite number.
    """
    return _picture([Plane(ctArray2D, doseArray2D, labels2D, spacing, sides, title)], names, rangeGy, quantity,
                    colorMap, rangeHU, _SMALL_WIDTH_INCH if isSmall else _WIDTH_INCH, isSmall)


@dataclass(frozen=True)
class Plane:
    """One of several slices in a picture; attributes as the arguments of :func:`slicePicture`."""

    ctArray2D: np.ndarray | None
    doseArray2D: np.ndarray
    labels2D: np.ndarray | None
    spacing: tuple
    sides: tuple | None
    title: str

    @property
    def sizeMM(self):
        """(height, width)."""
        return tuple(count * float(step) for count, step in zip(np.shape(self.doseArray2D), self.spacing, strict=True))


def planesPicture(planes, names, rangeGy):
    """Slices beside each other at one scale, as wide as a page, with one color bar and one legend.

    Parameters
    ----------
    planes : sequence of Plane
    names, rangeGy
        As of :func:`slicePicture`.

    Returns
    -------
    bytes
        PNG.

    Raises
    ------
    InputError
        As :func:`slicePicture`.
    """
    return _picture(planes, names, rangeGy, "Absorbed dose (Gy)", "inferno", (_CT_LOW_HU, _CT_HIGH_HU),
                    PAGE_WIDTH_INCH)


def _picture(planes, names, rangeGy, quantity, colorMap, rangeHU, widthInch, isSmall=False):
    for plane in planes:
        _check(plane.ctArray2D, np.asarray(plane.doseArray2D, dtype=float), plane.labels2D, plane.spacing, rangeGy,
               plane.title)
    sizes = [plane.sizeMM for plane in planes]
    shown = {name for plane in planes if plane.labels2D is not None and not isSmall for label, name in names.items()
             if (np.asarray(plane.labels2D) == label).any()}
    columns = _LEGEND_COLUMNS if len(planes) == 1 else _WIDE_LEGEND_COLUMNS
    around = 0.1 + _TITLE_INCH * any(plane.title for plane in planes) + _LEGEND_LINE_INCH * -(-len(shown) // columns)
    widthMM, heightMM = sum(width for _height, width in sizes), max(height for height, _width in sizes)
    largestInch = _SMALL_HEIGHT_INCH if isSmall else _LARGEST_HEIGHT_INCH
    inchPerMM = min((widthInch - _BAR_INCH) / widthMM, (largestInch - around) / heightMM)
    # all at one scale: where the height is the limit, room is left at both sides
    spare = ((widthInch - _BAR_INCH) / inchPerMM - widthMM) / 2.0
    with chartContext():
        figure = newFigure(widthInch, max(inchPerMM * heightMM + around, 1.6))
        every = figure.subplots(1, len(planes) + 2, squeeze=False, gridspec_kw={
            "width_ratios": [max(spare, 1e-3), *(width for _height, width in sizes), max(spare, 1e-3)]})[0]
        for axes in (every[0], every[-1]):
            axes.set_axis_off()
        panels, handles = every[1:-1], {}
        for axes, plane in zip(panels, planes, strict=True):
            overlay, found = _drawPlane(axes, plane, names, rangeGy, colorMap, rangeHU)
            handles |= {handle.get_label(): handle for handle in found}
        _drawColorBar(figure, list(panels), overlay, quantity)
        if handles and not isSmall:
            figure.legend(handles=list(handles.values()), loc="outside lower center", frameon=False, fontsize=7.0,
                          ncols=min(columns, len(handles)), handlelength=_legendLength(handles.values()),
                          columnspacing=1.2)
        return figureBytes(figure, "png", _SMALL_RESOLUTION_DPI if isSmall else _RESOLUTION_DPI)


def _legendLength(handles):
    """Of the lines in the legend: long enough to show the dashes where there are some."""
    return 1.4 if all(handle.get_linestyle() == "-" for handle in handles) else 2.6


def _drawPlane(axes, plane, names, rangeGy, colorMap, rangeHU):
    """Draw one slice; returns what the color bar is for, and the legend entries."""
    from matplotlib.colors import ListedColormap

    absorbedDoseGy = np.asarray(plane.doseArray2D, dtype=float)
    heightMM, widthMM = plane.sizeMM
    extent = (0.0, widthMM, heightMM, 0.0)
    lowGy, highGy = float(rangeGy[0]), float(rangeGy[1])
    axes.set_facecolor("black")
    if plane.ctArray2D is not None:
        axes.imshow(np.asarray(plane.ctArray2D, dtype=float), cmap="gray", vmin=rangeHU[0], vmax=rangeHU[1],
                    extent=extent, interpolation="bilinear")
    colors = colorMap if isinstance(colorMap, str) else ListedColormap(colorMap)
    isFading = isinstance(colorMap, str) and colorMap == "inferno"
    alpha = _opacity(absorbedDoseGy, lowGy, highGy, plane.ctArray2D is not None) if isFading \
        else np.where(absorbedDoseGy > lowGy, _MAP_OPACITY, 0.0)
    overlay = axes.imshow(absorbedDoseGy, cmap=colors, vmin=lowGy, vmax=highGy, extent=extent, alpha=alpha,
                          interpolation="nearest")
    handles = [] if plane.labels2D is None else drawOutlines(axes, np.asarray(plane.labels2D), names, plane.spacing)
    axes.set(xticks=[], yticks=[], xlim=(0, widthMM), ylim=(heightMM, 0))
    axes.spines[:].set_visible(False)
    axes.set_title(plane.title, loc="left", pad=4)
    for text, x, alignment in zip(plane.sides or (), (0.015, 0.985), ("left", "right"), strict=False):
        axes.text(x, 0.5, text, transform=axes.transAxes, ha=alignment, va="center", color="white", fontsize=9)
    return overlay, handles


def _drawColorBar(figure, axes, overlay, quantity):
    from matplotlib.cm import ScalarMappable

    # of its own: the pixel-wise opacity of the overlay is not to dim the scale
    colorBar = figure.colorbar(ScalarMappable(overlay.norm, overlay.cmap), ax=axes, pad=0.02, extend="max",
                               fraction=0.046 if len(axes) == 1 else 0.022, aspect=20 if len(axes) == 1 else 26)
    colorBar.set_label(quantity)
    colorBar.outline.set_visible(False)


def drawOutlines(axes, labels, names, spacing):
    """Outline of each region, cased in black so that it shows on any color; returns the legend entries."""
    from matplotlib.lines import Line2D
    from matplotlib.patheffects import withStroke

    styles = regionStyles(names.values())
    y = (np.arange(labels.shape[0]) + 0.5) * float(spacing[0])
    x = (np.arange(labels.shape[1]) + 0.5) * float(spacing[1])
    handles = []
    for label, name in names.items():
        mask = labels == label
        if not mask.any() or min(mask.shape) < 2:
            continue
        style = styles[name]
        # the palette's black would vanish in its own casing
        color = "#ffffff" if style.color == "#000000" else style.color
        axes.contour(x, y, mask.astype(float), levels=[0.5], colors=[color], linewidths=[1.2],
                     linestyles=[style.lineStyle]).set_path_effects([withStroke(linewidth=2.6, foreground="black")])
        handles.append(Line2D([], [], color=color, linestyle=style.lineStyle, linewidth=1.4, label=name,
                              path_effects=[withStroke(linewidth=2.8, foreground="black")]))
    return handles


def _opacity(absorbedDoseGy, lowGy, highGy, isOverCT):
    """0 below the threshold, rising to a value that leaves the anatomy visible."""
    if not isOverCT:
        return np.ones_like(absorbedDoseGy)
    relative = (absorbedDoseGy - lowGy) / (highGy - lowGy)
    return np.where(relative < _TRANSPARENT_BELOW, 0.0, np.clip(0.35 + 0.6 * relative, 0.0, 0.75))


def _check(ctArray2D, absorbedDoseGy, labels2D, spacing, rangeGy, title):
    if absorbedDoseGy.ndim != 2 or absorbedDoseGy.size == 0:
        raise InputError("A slice picture needs one slice of absorbed dose", title)
    if not np.all(np.isfinite(absorbedDoseGy)):
        raise InputError("The slice holds an absorbed dose that is not a finite number", title)
    for image, what in ((ctArray2D, "CT"), (labels2D, "regions")):
        if image is not None and np.shape(image) != absorbedDoseGy.shape:
            raise InputError(f"The slice of the {what} has shape {np.shape(image)}, that of the absorbed dose "
                             f"{absorbedDoseGy.shape}", title, "Resample both to the same grid")
    if len(spacing) != 2 or not all(np.isfinite(spacing)) or min(spacing) <= 0:
        raise InputError(f"The pixel size {spacing} mm is not two positive numbers", title)
    if len(rangeGy) != 2 or not all(np.isfinite(rangeGy)) or rangeGy[1] <= rangeGy[0]:
        raise InputError(f"The absorbed dose range {rangeGy} Gy does not rise", title)
