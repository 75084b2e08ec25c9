"""All pictures of the report: time-activity curves, dose-volume histograms, absorbed doses by region, slices."""

import math

import numpy as np

from ..errors import InputError
from .drawing import INK, PAGE_WIDTH_INCH, QUIET_INK, chartContext, figureBytes, newFigure, quietAxes
from .numbers import finite, plusMinus, significant
from .regionStyles import regionStyles
from .slicePictures import slicePicture

__all__ = ["absorbedDoseChart", "dvhChart", "dvhOverview", "slicePicture", "timeActivityChart"]

_MAXIMUM_CURVES_PER_PANEL = 7
# A chart is to fit one page with its heading, A4 or Letter.
_MAXIMUM_HEIGHT_INCH = 8.6
# The overview stands in a narrow column; with more regions the legend would be larger than the panel.
_OVERVIEW_WIDTH_INCH, _OVERVIEW_LEGEND = 2.5, 14


def timeActivityChart(regions, curves=None, regionNames=None, isLogarithmic=True, imageFormat="svg"):
    """Measured activities with their uncertainties and the fitted curve, one small panel per region.

    Parameters
    ----------
    regions : list of dict
        ``{"name", "timeActivity": [{"timeHours", "activityMBq", "uncertaintyMBq" or None}]}``; activities in MBq
        at the time of the scan, uncertainties k = 1. A point with ``isExcluded`` is an open marker with a cross. A
        planar series (``fit.planarSeries``), scaled by the SPECT/CT or of activities of its own, is drawn with open
        markers.
    curves : dict, optional
        ``{region name: {"timesHours": [...], "activitiesMBq": [...]}}`` of the fitted functions, with ``lowMBq`` and
        ``highMBq`` where their 95 % band is known: it is shaded.
    regionNames : sequence of str, optional
        All regions of the study in their order, for the same colors as in the other charts.
    isLogarithmic : bool
        Logarithmic activity axis, on which an exponential is a straight line. A panel with an activity of zero
        or less is drawn with a linear axis, so that no point is left out.
    imageFormat : {"svg", "png"}

    Returns
    -------
    bytes

    Raises
    ------
    InputError
        When no region has a measured activity, or a value is not a finite number.
    """
    curves = curves or {}
    shown = [region for region in regions if region.get("timeActivity")]
    if not shown:
        raise InputError("There are no measured activities to draw", "time-activity chart")
    styles = regionStyles([*(regionNames or []), *(region["name"] for region in regions)])
    columns = 3 if len(shown) <= 12 else 4
    rows = math.ceil(len(shown) / columns)
    with chartContext():
        figure = newFigure(PAGE_WIDTH_INCH, min(1.45 * rows + 0.35, _MAXIMUM_HEIGHT_INCH))
        panels = figure.subplots(rows, columns, sharex=True, squeeze=False)
        for axes, region in zip(panels.flat, shown, strict=False):
            _drawTimeActivity(axes, region, curves.get(region["name"]), styles[region["name"]], isLogarithmic)
            axes.set_title(_shortened(region["name"], 100 // columns), loc="left", pad=3,
                           fontsize=8.5 if columns == 3 else 7.5)
        for index, axes in enumerate(panels.flat):
            if index >= len(shown):
                axes.set_visible(False)
            elif index + columns >= len(shown):
                # the lowest panel of each column carries the time axis, also above an empty place
                axes.tick_params(labelbottom=True)
        figure.supxlabel("Time after administration (h)", fontsize=8.0)
        figure.supylabel("Activity (MBq)", fontsize=8.0)
        return figureBytes(figure, imageFormat)


def dvhChart(curves, regionNames=None, imageFormat="svg"):
    """Cumulative dose-volume histograms of all regions.

    Regions are sorted by their median absorbed dose and shared out over panels with their own axes: one lesion of
    100 Gy would otherwise press all organs against the left edge.

    Parameters
    ----------
    curves : dict
        ``{region name: {"absorbedDoseGy": [...], "volumePercent": [...]}}``, volumes falling from 100 %; optional
        ``band`` with ``absorbedDoseGy``, ``lowerPercent`` and ``upperPercent``.
    regionNames : sequence of str, optional
        All regions of the study in their order, for the same colors as in the other charts.
    imageFormat : {"svg", "png"}

    Returns
    -------
    bytes

    Raises
    ------
    InputError
        When there is no curve, or a curve is not two equally long rows of finite numbers.
    """
    if not curves:
        raise InputError("There are no dose-volume histograms to draw", "dose-volume histogram")
    checked = {name: _curve(curve, "absorbedDoseGy", "volumePercent", name) for name, curve in curves.items()}
    styles = regionStyles([*(regionNames or []), *checked])
    mediansGy = {name: _medianAbsorbedDoseGy(*curve) for name, curve in checked.items()}
    groups = _groupedAtGaps(sorted(checked, key=mediansGy.get), mediansGy, _MAXIMUM_CURVES_PER_PANEL)
    with chartContext():
        figure = newFigure(PAGE_WIDTH_INCH, min(2.35 * len(groups) + 0.15, _MAXIMUM_HEIGHT_INCH))
        panels = figure.subplots(len(groups), 1, squeeze=False)[:, 0]
        for axes, group in zip(panels, groups, strict=True):
            largestGy = 0.0
            for name in group:
                absorbedDoseGy, volumePercent = checked[name]
                style = styles[name]
                band = curves[name].get("band")
                if band:
                    axes.fill_between(band["absorbedDoseGy"], band["lowerPercent"], band["upperPercent"],
                                      color=style.color, alpha=0.16, linewidth=0)
                axes.plot(absorbedDoseGy, volumePercent, color=style.color, linestyle=style.lineStyle,
                          linewidth=1.3, label=name)
                # half a percent of the volume is where the eye loses the tail
                isVisible = volumePercent > 0.5
                largestGy = max(largestGy, float(absorbedDoseGy[isVisible].max(initial=0.0)))
            quietAxes(axes, grid="both")
            axes.set_ylim(0, 104)
            axes.set_xlim(0, 1.04 * largestGy if largestGy > 0 else 1.0)
            axes.set_ylabel("Volume (%)")
            axes.set_xlabel("Absorbed dose (Gy)")
            # in the order in which the curves cross half the volume from right to left
            handles, labels = axes.get_legend_handles_labels()
            axes.legend(handles[::-1], labels[::-1], loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False,
                        handlelength=2.6)
        return figureBytes(figure, imageFormat)


def dvhOverview(curves, regionNames=None, imageFormat="svg"):
    """All cumulative dose-volume histograms in one small panel, for the first page of a report.

    The axis of the absorbed dose is logarithmic, so that organs and lesions can stand in one panel. Parameters and
    errors as for :func:`dvhChart`.
    """
    if not curves:
        raise InputError("There are no dose-volume histograms to draw", "dose-volume histogram")
    checked = {name: _curve(curve, "absorbedDoseGy", "volumePercent", name) for name, curve in curves.items()}
    styles = regionStyles([*(regionNames or []), *checked])
    largestGy = max(float(doseGy[percent > 0.5].max(initial=0.0)) for doseGy, percent in checked.values()) or 1.0
    lowestGy = min([*(_nearMinimumGy(*curve) for curve in checked.values()), largestGy / 10.0])
    lowestGy = max(lowestGy, largestGy / 1000.0)
    with chartContext():
        hasLegend = len(checked) <= _OVERVIEW_LEGEND
        figure = newFigure(_OVERVIEW_WIDTH_INCH, 1.55 + (0.12 * math.ceil(len(checked) / 2) if hasLegend else 0.0))
        axes = figure.subplots()
        for name, (absorbedDoseGy, volumePercent) in checked.items():
            isShown = absorbedDoseGy > 0
            axes.plot(absorbedDoseGy[isShown], volumePercent[isShown], color=styles[name].color,
                      linestyle=styles[name].lineStyle, linewidth=1.2, label=name)
        quietAxes(axes, grid="both")
        axes.set_xscale("log")
        axes.set_xlim(lowestGy, 1.1 * largestGy)
        _oneTwoFiveTicks(axes.xaxis, lowestGy, 1.1 * largestGy)
        axes.set_ylim(0, 104)
        axes.set_xlabel("Absorbed dose (Gy)")
        axes.set_ylabel("Volume (%)")
        if hasLegend:
            figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=6.0, handlelength=2.2,
                          columnspacing=1.0)
        return figureBytes(figure, imageFormat)


def absorbedDoseChart(regions, imageFormat="svg"):
    """Mean absorbed dose of each region as a horizontal bar with its standard uncertainty.

    Parameters
    ----------
    regions : list of dict
        ``{"name", "absorbedDoseGy" or None, "absorbedDoseUncertaintyGy" or None}``. Regions without an absorbed
        dose are listed with the words "not computed" instead of a bar.
    imageFormat : {"svg", "png"}

    Returns
    -------
    bytes

    Raises
    ------
    InputError
        When no region has an absorbed dose, or a value is not a finite number.
    """
    if not any(region.get("absorbedDoseGy") is not None for region in regions):
        raise InputError("There are no absorbed doses to draw", "absorbed dose chart")
    styles = regionStyles([region["name"] for region in regions])
    with chartContext():
        figure = newFigure(PAGE_WIDTH_INCH, min(0.165 * len(regions) + 0.42, _MAXIMUM_HEIGHT_INCH))
        axes = figure.subplots()
        largestGy = 0.0
        ends = []
        for row, region in enumerate(regions):
            if region.get("absorbedDoseGy") is None:
                ends.append((row, 0.0, "not computed", True))
                continue
            valueGy = finite(region["absorbedDoseGy"], region["name"])
            spread = region.get("absorbedDoseUncertaintyGy")
            spreadGy = 0.0 if spread is None else finite(spread, region["name"])
            axes.barh(row, valueGy, height=0.62, color=styles[region["name"]].color, alpha=0.85, linewidth=0)
            if spread is not None:
                axes.errorbar(valueGy, row, xerr=spreadGy, color=INK, linewidth=0.9, capsize=2.2, capthick=0.9)
            text = significant(valueGy) if spread is None else plusMinus(valueGy, spreadGy)
            ends.append((row, valueGy + spreadGy, text, False))
            largestGy = max(largestGy, valueGy + spreadGy)
        scaleGy = largestGy or 1.0
        for row, endGy, text, isMissing in ends:
            axes.text(endGy + 0.012 * scaleGy, row, text, va="center", fontsize=7.5,
                      color=QUIET_INK if isMissing else INK, style="italic" if isMissing else "normal")
        quietAxes(axes, grid="x")
        axes.set_yticks(range(len(regions)), [region["name"] for region in regions])
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(len(regions) - 0.4, -0.6)
        axes.set_xlim(0, 1.2 * scaleGy)
        axes.set_xlabel("Mean absorbed dose (Gy)")
        return figureBytes(figure, imageFormat)


def _drawTimeActivity(axes, region, curve, style, isLogarithmic):
    name = region["name"]
    times = np.array([finite(point["timeHours"], name) for point in region["timeActivity"]])
    activities = np.array([finite(point["activityMBq"], name) for point in region["timeActivity"]])
    spreads = [point.get("uncertaintyMBq") for point in region["timeActivity"]]
    # one point without an uncertainty is drawn without a bar, the others keep theirs
    bars = np.array([0.0 if spread is None else finite(spread, name) for spread in spreads])
    if curve is not None:
        curveTimes, curveActivities = _curve(curve, "timesHours", "activitiesMBq", name)
        axes.plot(curveTimes, curveActivities, color=style.color, linewidth=1.2, zorder=2)
        if curve.get("lowMBq") is not None:
            _times, low = _curve(curve, "timesHours", "lowMBq", name)
            _times, high = _curve(curve, "timesHours", "highMBq", name)
            axes.fill_between(curveTimes, low, high, color=style.color, alpha=0.22, linewidth=0, zorder=1)
    planar = (region.get("fit") or {}).get("planarSeries")
    if planar is not None:
        axes.plot(planar["timesHours"], planar["activitiesMBq"], "D", color=INK, markersize=3.2,
                  markerfacecolor="white", markeredgewidth=0.7, zorder=2.5)
    isExcluded = np.array([bool(point.get("isExcluded")) for point in region["timeActivity"]])
    isFitted = ~isExcluded
    axes.errorbar(times[isFitted], activities[isFitted], yerr=bars[isFitted] if bars.any() else None, color=INK,
                  fmt=style.marker, markersize=3.6, markerfacecolor=style.color, markeredgecolor=INK,
                  markeredgewidth=0.5, elinewidth=0.8, capsize=1.8, capthick=0.8, zorder=3)
    for marker, size in ((style.marker, 3.6), ("x", 7.0)) if isExcluded.any() else ():
        axes.plot(times[isExcluded], activities[isExcluded], marker, color=INK, markersize=size,
                  markerfacecolor="none", markeredgewidth=0.8, zorder=3)
    quietAxes(axes, grid="both")
    axes.set_xlim(left=0)
    if planar is not None:
        activities = np.concatenate((activities, np.asarray(planar["activitiesMBq"], float)))
        bars = np.concatenate((bars, np.zeros(len(planar["activitiesMBq"]))))
    if len(times) == 1 and planar is None and curve is not None:
        # what the result rests on is the curve, not the scatter of points
        activities, bars = np.concatenate((activities, curveActivities)), np.concatenate((bars, 0.0 * curveActivities))
    if isLogarithmic and activities.min() > 0:
        _logarithmicRange(axes, activities)
    else:
        top = float((activities + bars).max())
        axes.set_ylim(min(0.0, 1.1 * float((activities - bars).min())), 1.12 * top if top > 0 else 1.0)


def _logarithmicRange(axes, activities):
    """Logarithmic axis from a little below the smallest to a little above the largest activity, over 1-2-5 ticks."""
    low, high = 0.6 * float(activities.min()), 1.5 * float(activities.max())
    if high / low < 10:
        # less than a factor of ten would show noise as a trend
        middle = math.sqrt(low * high)
        low, high = middle / math.sqrt(10), middle * math.sqrt(10)
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    _oneTwoFiveTicks(axes.yaxis, low, high)


def _oneTwoFiveTicks(axis, low, high):
    """Ticks of a logarithmic axis: 1-2-5 over few decades, else the decades."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1, 2, 5) if high / low < 60 else (1,)
    ticks = [step * 10.0 ** decade for decade in decades for step in steps if low <= step * 10.0 ** decade <= high]
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: significant(value, 1)))


def _curve(curve, xKey, yKey, name):
    """The two rows of a curve as arrays, checked."""
    x, y = np.asarray(curve.get(xKey, ()), dtype=float), np.asarray(curve.get(yKey, ()), dtype=float)
    if x.ndim != 1 or x.shape != y.shape or x.size < 2:
        raise InputError(f"The curve needs two equally long rows {xKey} and {yKey} of at least two numbers", name)
    if not (np.all(np.isfinite(x)) and np.all(np.isfinite(y))):
        raise InputError("The curve holds a value that is not a finite number", name)
    return x, y


def _shortened(name, most):
    """A name that fits over its panel; the tables have it in full."""
    return name if len(name) <= most else f"{name[:most - 1].rstrip()}…"


def _nearMinimumGy(absorbedDoseGy, volumePercent):
    """Absorbed dose that nearly all of the volume receives; the largest one where all of it receives none."""
    found = float(absorbedDoseGy[volumePercent >= 98.0].max(initial=0.0))
    return found or float(absorbedDoseGy.max(initial=0.0)) or 1.0


def _medianAbsorbedDoseGy(absorbedDoseGy, volumePercent):
    """Absorbed dose that at least half of the volume receives."""
    atLeastHalf = absorbedDoseGy[volumePercent >= 50.0]
    return float(atLeastHalf.max(initial=0.0))


def _groupedAtGaps(order, mediansGy, most):
    """``order`` (rising medians) in as few groups of at most ``most`` as possible, cut where the medians jump most.

    A cut between two like regions (left and right kidney) would separate what is to be compared.
    """
    count = math.ceil(len(order) / most)
    # without activity a region has no absorbed dose, and a ratio to zero no meaning
    floorGy = max(mediansGy.values()) * 1e-6 or 1.0
    levels = [math.log(max(mediansGy[name], floorGy)) for name in order]
    # best[end] = (sum of the jumps, cuts) of all ways to share order[:end] out over the groups so far
    best = {0: (0.0, [])}
    for _ in range(count):
        following = {}
        for start, (score, cuts) in best.items():
            jump = levels[start] - levels[start - 1] if 0 < start < len(order) else 0.0
            for end in range(start + 1, min(start + most, len(order)) + 1):
                if end not in following or score + jump > following[end][0]:
                    following[end] = (score + jump, [*cuts, end])
        best = following
    cuts = best[len(order)][1]
    return [order[start:end] for start, end in zip([0, *cuts[:-1]], cuts, strict=True)]
