"""Views of a planar image: the one of a detector with its energy windows, counts of a region less scatter."""

import math

import numpy as np

from ..errors import InputError
from ..imaging import planarRegions
from ..physics import planarActivity
from .calibrationRecord import windowLimits

WINDOWS = ("main", "lower", "upper")


def chosen(image, detector=None, windows=None, where="planar image", side=""):
    """The view of a detector in its energy windows.

    Parameters
    ----------
    image : PlanarImage
    detector : int or None
        Number from 1; left out, the view whose title names ``side``, or the only one.
    windows : dict, optional
        Numbers of the energy windows ``main``, ``lower``, ``upper``, from 1.
    side : str
        "anterior" or "posterior".

    Returns
    -------
    dict of str to PlanarView
        ``main``, and ``lower`` and ``upper`` where they are named.

    Raises
    ------
    InputError
        Not one view for each; those that are there are named.
    """
    wanted, found = {"main": None, **(windows or {})}, {}
    for window, number in wanted.items():
        views = [view for view in image.views
                 if (view.detector == detector if detector is not None else side in view.title.lower())
                 and (number is None or view.energyWindow == number)]
        if len(views) != 1:
            titles = "; ".join(view.title for view in image.views)
            named = f"{side} view" if side else "view" if detector is None else f"view of detector {detector}"
            raise InputError(f"There is not one {named}" + ("" if number is None else f" of energy window {number}")
                             + f" among: {titles}", where, "Name detectors and windows by their numbers")
        found[window] = views[0]
    return found


def areaOf(view, corners, where):
    """Fractions of pixels of a polygon, or of the whole view, and words on it."""
    if corners is None:
        return np.ones(view.counts.shape, np.float32), "the whole view"
    return planarRegions.polygonFractions(view.counts.shape, corners, where), f"a polygon of {len(corners)} corners"


def primary(views, fractions, where):
    """Counts of a region less scatter by the windows beside the main one, their uncertainty, and warnings."""
    counts = planarRegions.countsInside(views["main"].counts, fractions)
    if "lower" not in views:
        return counts, math.sqrt(counts), []
    beside = {side: planarRegions.countsInside(views[side].counts, fractions) for side in ("lower", "upper")}
    widths = {window: _widthKeV(view, where) for window, view in views.items()}
    found = planarActivity.primaryCounts(counts, beside["lower"], beside["upper"], widths["main"], widths["lower"],
                                         widths["upper"], where)
    words = [f"{where}: more scatter is estimated than was counted"] if found.isClipped else []
    return found.primaryCounts, found.uncertaintyCounts, words


def primaryImage(views, where):
    """Counts of the view less scatter pixel by pixel, below zero where the windows beside it hold more; and their
    variances."""
    counts = views["main"].counts.astype(float)
    if "lower" not in views:
        return counts, counts
    widths = {window: _widthKeV(view, where) for window, view in views.items()}
    shares = {side: widths["main"] / (2.0 * widths[side]) for side in ("lower", "upper")}
    return (counts - sum(share * views[side].counts for side, share in shares.items()),
            counts + sum(share ** 2 * views[side].counts for side, share in shares.items()))


def _widthKeV(view, where):
    limits = windowLimits(view.title)
    if limits is None:
        raise InputError("The limits of an energy window are not stated in the file", where,
                         "Export it with its energy windows, or leave windows.lower and windows.upper out")
    return limits[1] - limits[0]
