"""One time-activity curve large: points, fit and 95 % band, with the residuals below."""

import numpy as np

from .drawing import INK, PAGE_WIDTH_INCH, QUIET_INK, chartContext, figureBytes, newFigure, quietAxes, requireFinite

_COLOR = "#0072b2"
_HEIGHT_INCH = 4.4
_RESOLUTION_DPI = 160


def curveChart(points, fitted, title, imageFormat="png"):
    """Chart of a fit.

    Parameters
    ----------
    points : dict
        ``timesHours``, ``activitiesMBq``, ``uncertaintiesMBq`` (k = 1) or ``None``, ``residualsMBq``, each (N,).
    fitted : dict
        ``timesHours``, ``activitiesMBq``, and ``lowMBq`` and ``highMBq`` of the 95 % band or ``None``, each (M,).
    title : str
    imageFormat : {"png", "svg"}

    Returns
    -------
    bytes

    Raises
    ------
    InputError
        When a value is not a finite number.
    """
    times, activities, residuals = (np.asarray(points[key], float)
                                    for key in ("timesHours", "activitiesMBq", "residualsMBq"))
    spreads = None if points["uncertaintiesMBq"] is None else np.asarray(points["uncertaintiesMBq"], float)
    lines = [np.asarray(value, float) for value in fitted.values() if value is not None]
    requireFinite(title, times, activities, residuals, *lines)
    marks = {"fmt": "o", "color": INK, "markerfacecolor": _COLOR, "markeredgewidth": 0.6, "markersize": 5,
             "elinewidth": 0.9, "capsize": 2.2, "zorder": 3}
    with chartContext():
        figure = newFigure(PAGE_WIDTH_INCH, _HEIGHT_INCH)
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3.2, 1))
        if fitted["lowMBq"] is not None:
            upper.fill_between(fitted["timesHours"], fitted["lowMBq"], fitted["highMBq"], color=_COLOR, alpha=0.18,
                               linewidth=0, label="95 % band of the fit", zorder=1)
        upper.plot(fitted["timesHours"], fitted["activitiesMBq"], color=_COLOR, linewidth=1.5, label="fit", zorder=2)
        label = "measured" if spreads is None else "measured, k = 1"
        upper.errorbar(times, activities, yerr=spreads, label=label, **marks)
        upper.set_title(title, loc="left", pad=5)
        upper.set_ylabel("Activity (MBq)")
        upper.set_ylim(bottom=0.0, top=_top(activities, spreads, fitted))
        upper.legend(frameon=False, loc="upper right")
        lower.axhline(0.0, color=QUIET_INK, linewidth=0.9)
        lower.errorbar(times, residuals, yerr=spreads, **marks)
        lower.set_ylabel("Measured \N{MINUS SIGN} fit\n(MBq)")
        lower.set_xlabel("Time after administration (h)")
        lower.margins(y=0.25)
        for axes in (upper, lower):
            quietAxes(axes, grid="both")
            axes.set_xlim(0.0, float(np.max(fitted["timesHours"])))
        figure.align_ylabels((upper, lower))
        return figureBytes(figure, imageFormat, _RESOLUTION_DPI)


def _top(activities, spreads, fitted):
    """Upper end of the activities: the points and the curve in full, of a very wide band only a part."""
    highest = max(float(np.max(activities + (0.0 if spreads is None else spreads))),
                  float(np.max(fitted["activitiesMBq"])))
    if fitted["highMBq"] is not None:
        highest = min(max(highest, float(np.max(fitted["highMBq"]))), 1.6 * highest)
    return 1.06 * highest
