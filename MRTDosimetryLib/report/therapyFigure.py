"""Charts of a therapy's own calculation: measured points and the fitted line of one quantity."""

import numpy as np

from ..errors import InputError
from .drawing import INK, PAGE_WIDTH_INCH, chartContext, figureBytes, newFigure, quietAxes, requireFinite

_COLOR = "#0072b2"
_HEIGHT_INCH = 2.7


def therapyChart(curve, imageFormat="svg"):
    """Chart of one curve.

    Parameters
    ----------
    curve : dict
        ``xTitle``, ``yTitle`` (with units), ``points`` and ``line``: lists of (x, y), either may be empty.
    imageFormat : {"svg", "png"}

    Returns
    -------
    bytes

    Raises
    ------
    InputError
        Nothing to draw, or a value that is not a finite number.
    """
    points, line = (np.asarray(curve.get(key) or np.empty((0, 2)), float) for key in ("points", "line"))
    if not len(points) and not len(line):
        raise InputError("The chart has neither points nor a line", curve.get("title", "report"))
    requireFinite(curve.get("title", "report"), points, line)
    with chartContext():
        figure = newFigure(PAGE_WIDTH_INCH, _HEIGHT_INCH)
        axes = figure.subplots()
        if len(line):
            axes.plot(line[:, 0], line[:, 1], color=_COLOR, linewidth=1.5, label="fitted", zorder=2)
        if len(points):
            axes.plot(points[:, 0], points[:, 1], "o", color=INK, markerfacecolor=_COLOR, markeredgewidth=0.6,
                      markersize=5, label="measured", zorder=3)
        axes.set_xlabel(curve["xTitle"])
        axes.set_ylabel(curve["yTitle"])
        everything = np.concatenate((points, line))
        if everything[:, 0].min() >= 0:
            axes.set_xlim(left=0.0)
        if everything[:, 1].min() >= 0:
            axes.set_ylim(0.0, 1.08 * float(everything[:, 1].max()) or 1.0)
        if len(line) and len(points):
            axes.legend(frameon=False, loc="best")
        quietAxes(axes, grid="both")
        return figureBytes(figure, imageFormat)
