"""Pictures of the absorbed-dose engines side by side: overlaid histograms, and where their maps differ."""

import math

import numpy as np

from ..errors import InputError
from .drawing import PAGE_WIDTH_INCH, QUIET_INK, chartContext, figureBytes, newFigure, quietAxes
from .regionStyles import regionStyles
from .slicePictures import drawOutlines

# One line per engine; the region has the color.
_LINES = ("solid", (0, (4, 1.4)), (0, (1.2, 1.2)), (0, (6, 1.4, 1.2, 1.4)))
_WIDTHS = (1.9, 1.2, 1.2, 1.2)
_MAXIMUM_HEIGHT_INCH = 8.6
_CT_LOW_HU, _CT_HIGH_HU = -200.0, 300.0
_MOST_PANELS_IN_A_ROW = 3


def engineDVHChart(curves, titles, regionNames, imageFormat="svg"):
    """Cumulative dose-volume histograms of all engines, one small panel per region.

    Parameters
    ----------
    curves : dict
        Engine name to region name to ``{"absorbedDoseGy": [...], "volumePercent": [...]}``.
    titles : dict of str to str
        Engine name to title, the primary one first.
    regionNames : sequence of str
    imageFormat : {"svg", "png"}

    Returns
    -------
    bytes

    Raises
    ------
    InputError
        No curve to draw.
    """
    shown = [name for name in regionNames if all(name in curves.get(engine, {}) for engine in titles)]
    if not shown:
        raise InputError("There are no dose-volume histograms to draw", "comparison of engines")
    from matplotlib.lines import Line2D

    styles = regionStyles(regionNames)
    columns = 3 if len(shown) <= 12 else 4
    rows = math.ceil(len(shown) / columns)
    with chartContext():
        figure = newFigure(PAGE_WIDTH_INCH, min(1.35 * rows + 0.6, _MAXIMUM_HEIGHT_INCH))
        panels = figure.subplots(rows, columns, squeeze=False)
        for axes, name in zip(panels.flat, shown, strict=False):
            largestGy = 0.0
            for position, engine in enumerate(titles):
                curve = curves[engine][name]
                doses, volumes = np.asarray(curve["absorbedDoseGy"], float), np.asarray(curve["volumePercent"], float)
                axes.plot(doses, volumes, color=styles[name].color, linestyle=_LINES[position % len(_LINES)],
                          linewidth=_WIDTHS[position % len(_WIDTHS)], alpha=0.9 if position else 0.55)
                largestGy = max(largestGy, float(doses[volumes > 0.5].max(initial=0.0)))
            quietAxes(axes, grid="both")
            axes.set(xlim=(0, 1.04 * largestGy if largestGy > 0 else 1.0), ylim=(0, 104))
            axes.set_title(name if len(name) < 33 else f"{name[:31].rstrip()}…", loc="left", pad=3)
        for axes in list(panels.flat)[len(shown):]:
            axes.set_visible(False)
        figure.supxlabel("Absorbed dose (Gy)", fontsize=8.0)
        figure.supylabel("Volume (%)", fontsize=8.0)
        figure.legend(handles=[Line2D([], [], color=QUIET_INK, linestyle=_LINES[position % len(_LINES)],
                                      linewidth=_WIDTHS[position % len(_WIDTHS)], label=title)
                               for position, title in enumerate(titles.values())],
                      loc="outside upper center", frameon=False, handlelength=3.2,
                      ncols=len(titles) if len("".join(titles.values())) < 70 else 2)
        return figureBytes(figure, imageFormat)


def differencePicture(ctArray2D, differencesGy, labels2D, names, spacing, largestGy, colors, sides=None):
    """Where other engines deposit more (red) or less (blue) than the primary one, over CT.

    Parameters
    ----------
    ctArray2D : numpy.ndarray or None
        HU, shape (rows, columns), first row on top.
    differencesGy : dict of str to numpy.ndarray
        Title to difference in Gy, same shape.
    labels2D : numpy.ndarray
        Region label of each pixel.
    names : dict of int to str
    spacing : (float, float)
        Distance of rows and of columns in mm.
    largestGy : float
        Both ends of the color bar.
    colors : numpy.ndarray
        (N, 3), from below to above zero, values 0..1.
    sides : (str, str), optional

    Returns
    -------
    bytes
        PNG.
    """
    if not differencesGy or not largestGy > 0:
        raise InputError("There is no difference of engines to draw", "comparison of engines")
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, Normalize

    rows, columns = next(iter(differencesGy.values())).shape
    heightMM, widthMM = rows * float(spacing[0]), columns * float(spacing[1])
    extent = (0.0, widthMM, heightMM, 0.0)
    count = len(differencesGy)
    across = min(count, _MOST_PANELS_IN_A_ROW)
    down = math.ceil(count / across)
    width = PAGE_WIDTH_INCH if count > 1 else 4.1
    with chartContext():
        colorMap, norm = LinearSegmentedColormap.from_list("difference", colors), Normalize(-largestGy, largestGy)
        figure = newFigure(width, min(down * ((width - 0.7) / across * heightMM / widthMM + 0.25) + 0.5,
                                      _MAXIMUM_HEIGHT_INCH))
        panels = figure.subplots(down, across, squeeze=False)
        handles = []
        for axes, (title, difference) in zip(panels.flat, differencesGy.items(), strict=False):
            axes.set_facecolor("black")
            if ctArray2D is not None:
                axes.imshow(ctArray2D, cmap="gray", vmin=_CT_LOW_HU, vmax=_CT_HIGH_HU, extent=extent,
                            interpolation="bilinear")
            # Nothing is to be seen where the engines agree.
            alpha = np.clip(1.6 * np.abs(difference) / largestGy, 0.0, 0.85)
            axes.imshow(difference, cmap=colorMap, norm=norm, extent=extent, alpha=alpha, interpolation="nearest")
            handles = drawOutlines(axes, labels2D, names, spacing)
            axes.set(xticks=[], yticks=[], xlim=(0, widthMM), ylim=(heightMM, 0))
            axes.spines[:].set_visible(False)
            axes.set_title(title, loc="left", pad=4)
            for text, x, alignment in zip(sides or (), (0.015, 0.985), ("left", "right"), strict=False):
                axes.text(x, 0.5, text, transform=axes.transAxes, ha=alignment, va="center", color="white", fontsize=9)
        for axes in list(panels.flat)[count:]:
            axes.set_visible(False)
        colorBar = figure.colorbar(ScalarMappable(norm, colorMap), ax=panels, fraction=0.03, pad=0.015, extend="both")
        colorBar.set_label("Difference (Gy)")
        colorBar.outline.set_visible(False)
        if handles:
            figure.legend(handles=handles, loc="outside lower center", frameon=False,
                          fontsize=7.0, handlelength=1.4,
                          ncols=min(6 if count > 1 else 3, len(handles)), columnspacing=1.2)
        return figureBytes(figure, "png", 200)
