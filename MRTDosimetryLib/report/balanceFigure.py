"""Activity in view of each scan against what decay leaves of the administered activity."""

import numpy as np

from ..errors import InputError
from .drawing import INK, PAGE_WIDTH_INCH, QUIET_INK, chartContext, figureBytes, newFigure, quietAxes, requireFinite

_COLOR, _WARNING_COLOR = "#0072b2", "#d55e00"
_HEIGHT_INCH = 2.3


def activityBalanceChart(rows, imageFormat="svg"):
    """Chart of the activity balance, with the impossible marked by color and shape.

    Parameters
    ----------
    rows : list of dict
        In the order of time: ``timeHours``, ``shareOfAdministered`` or, where that is ``None``,
        ``decayCorrectedActivityMBq``; ``problems`` (words, empty when there is nothing wrong).
    imageFormat : {"svg", "png"}

    Returns
    -------
    bytes

    Raises
    ------
    InputError
        No rows, or a value that is not a finite number.
    """
    if not rows:
        raise InputError("There is no scan for the activity balance", "report")
    hasShare = all(row["shareOfAdministered"] is not None for row in rows)
    times = np.array([row["timeHours"] for row in rows], float)
    values = np.array([100.0 * row["shareOfAdministered"] if hasShare else row["decayCorrectedActivityMBq"]
                       for row in rows], float)
    requireFinite("Activity balance", times, values)
    isWrong = np.array([bool(row["problems"]) for row in rows])
    with chartContext():
        figure = newFigure(PAGE_WIDTH_INCH, _HEIGHT_INCH)
        axes = figure.subplots()
        if hasShare:
            axes.axhline(100.0, color=QUIET_INK, linewidth=1.0, linestyle=(0, (5, 3)),
                         label="administered, left by decay")
        axes.plot(times, values, color=_COLOR, linewidth=1.3, zorder=2)
        axes.plot(times[~isWrong], values[~isWrong], "o", color=_COLOR, markersize=5, zorder=3, label="in view")
        if isWrong.any():
            axes.plot(times[isWrong], values[isWrong], "D", color=_WARNING_COLOR, markeredgecolor=INK, markersize=6,
                      markeredgewidth=0.6, zorder=4, label="not possible")
        axes.set_ylabel("In view (% of administered,\ndecay-corrected)" if hasShare
                        else "In view,\ndecay-corrected (MBq)")
        axes.set_xlabel("Time after administration (h)")
        axes.set_xlim(0.0, 1.05 * float(times.max()))
        axes.set_ylim(0.0, 1.12 * max(float(values.max()), 100.0 if hasShare else 0.0) or 1.0)
        # above the axes, where it hides no scan
        axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, borderaxespad=0.2)
        quietAxes(axes, grid="both")
        return figureBytes(figure, imageFormat)
