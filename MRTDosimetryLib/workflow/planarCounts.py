"""Net counts of regions in planar views: drawn as polygons, or the regions of a CT as the views show them."""

from dataclasses import dataclass

import numpy as np

from ..errors import Faults, InputError
from ..imaging import planarRegions
from ..physics import planarActivity
from . import planarViews
from .planarFile import EXCLUDED, SIDES

# Of the smaller region: what lies over each other in a view cannot be told apart.
NOTABLE_OVERLAP = 0.02
# A region of which less is seen free of others says too little.
_LEAST_FREE = 0.3
_MOST_OUTSIDE = 0.01
_LEAST_RING_PIXELS = 20
# Of the body's attenuation at its middle: thinner lines are its border.
_BODY_SHARE = 0.3


@dataclass(frozen=True)
class Area:
    """Pixels of a region in both views.

    Attributes
    ----------
    fractions, background : dict of str to numpy.ndarray
        By side, of the whole view; ``background`` ``None`` where there is none.
    bodyShare : dict of str to float
        Of the background per pixel, what also lies before and behind the region.
    pixels : numpy.ndarray or None
        Weights of the lines that count, of the window of the projection; ``None`` for a region drawn by hand.
    """

    fractions: dict
    background: dict
    bodyShare: dict
    pixels: np.ndarray | None = None


def counted(content, item, views, lines, shift, name, isMirrored):
    """Net counts of every region in both views of an image, by region; the areas; and warnings.

    Parameters
    ----------
    lines : Lines or None
    shift : tuple of 2 float
        By how many columns and rows the patient lies from the first image's place.

    Returns
    -------
    dict of str to NetCounts
        Geometric means.
    dict of str to Area
    list of str

    Raises
    ------
    InputError, FaultList
    """
    found, areas, words, faults = {}, {}, [], Faults()
    for region in content["regions"]:
        with faults.collect():
            settings = projectionOf(content, region)
            if settings is None:
                area = _drawn(region, views, shift, name, isMirrored)
            else:
                area, said = _projected(region, settings, lines, name)
                words += said
            nets = []
            for side in SIDES:
                net, said = _net(views[side], area, side, f"{name}, {region['name']}, {side}")
                nets.append(net)
                words += said
            areas[region["name"]], found[region["name"]] = area, planarActivity.geometricMean(*nets)
    faults.raiseIfAny()
    drawn = {region["name"]: areas[region["name"]] for region in content["regions"]
             if projectionOf(content, region) is None}
    return found, areas, words + _overlapWords(drawn)


def projectionOf(content, region):
    """How a region is projected from the CT, or ``None`` where it is drawn."""
    given = region.get("projection")
    if "anterior" in region or given is False:
        return None
    return given if isinstance(given, dict) else content.get("projection")


def _net(views, area, side, where):
    """Net counts of an area in a view, and warnings."""
    counts, spread, words = planarViews.primary(views, area.fractions[side], where)
    pixels = float(area.fractions[side].sum(dtype=float))
    background = around = backgroundSpread = None
    share = area.bodyShare[side]
    if area.background is not None:
        background, backgroundSpread, said = planarViews.primary(views, area.background[side], f"{where}, background")
        around = float(area.background[side].sum(dtype=float))
        words += said
        if share > 1.0:
            # the body is thicker at the region than at its background: as if the region were larger
            pixels, share = pixels * share, 1.0
    return planarActivity.netCounts(counts, pixels, background, around, share, spread, backgroundSpread, where), words


# drawn


def _drawn(region, views, shift, name, isMirrored):
    fractions, background = {}, {}
    for side in SIDES:
        where, shape = f"{name}, {region['name']}, {side}", views[side]["main"].counts.shape
        own = _corners(region, side, side, shift, shape, isMirrored, where)
        if own is None:
            raise InputError("The region is not drawn", where, "Give the corners of its polygon, or a projection of "
                             "the regions of the CT")
        fractions[side] = planarRegions.polygonFractions(shape, own, where)
        around = _corners(region, "background" if side == "anterior" else "backgroundPosterior", side, shift, shape,
                          isMirrored, where)
        if around is not None:
            background[side] = planarRegions.polygonFractions(shape, around, f"{where}, background")
    share = region.get("bodyFraction", 1.0)
    if len(background) == 1:
        raise InputError("A background is drawn in one view alone", f"{name}, {region['name']}", "Draw it in both")
    return Area(fractions, background or None, dict.fromkeys(SIDES, share))


def _corners(region, key, side, shift, shape, isMirrored, where):
    """Corners in this image and view: its own, or those of the anterior view as the posterior one shows them."""
    corners = region.get(key)
    if corners is None and side == "posterior":
        corners = region.get({"posterior": "anterior", "backgroundPosterior": "background"}[key])
        if corners is not None and isMirrored is None:
            raise InputError("Whether the posterior view is the mirror image is not known", where,
                             "State isPosteriorMirrored")
        if corners is not None and isMirrored:
            corners = planarRegions.mirrored(corners, shape[1])
    if corners is None:
        return None
    sign = -1 if side == "posterior" and isMirrored else 1
    return [[column + sign * shift[0], row + shift[1]] for column, row in corners]


def _overlapWords(areas):
    words, names = [], list(areas)
    for side in SIDES:
        for index, first in enumerate(names):
            for second in names[index + 1:]:
                share = planarRegions.overlapShare(areas[first].fractions[side], areas[second].fractions[side])
                if share > NOTABLE_OVERLAP:
                    words.append(f"{first} and {second} lie over each other in the {side} view ({share:.0%} of the "
                                 "smaller one): their counts cannot be told apart. Draw what is free of overlap")
    return words


# projected


def _projected(region, settings, lines, name):
    """The :class:`Area` of a region of the CT, and words on what lies over it."""
    own, where = region["name"], f"{name}, {region['name']}"
    if lines is None:
        raise InputError("The region is not drawn", where, "Give the corners of its polygon, or CT and alignment for a "
                         "projection")
    projection = lines.projection
    if own not in projection.regions:
        raise InputError("The region is not drawn, and the CT has no region of that name", where,
                         f"Known are {', '.join(projection.regions)}")
    outside = projection.regions[own].outside
    if outside > _MOST_OUTSIDE:
        raise InputError(f"{outside:.0%} of the region lies beyond the planar view or the CT", where,
                         "Check the alignment, or leave the region out")
    margin = float(settings["marginMM"])
    inside, words = lines.distanceMM(own) <= margin, []
    others = {other: lines.distanceMM(other) for other in projection.regions if other != own}
    shared = {other: float((inside & (distance == 0)).sum() / inside.sum()) for other, distance in others.items()}
    notable = sorted(((share, other) for other, share in shared.items() if share > NOTABLE_OVERLAP), reverse=True)
    isExcluded = settings.get("overlap", EXCLUDED) == EXCLUDED
    used = inside.copy()
    if isExcluded:
        for distance in others.values():
            used &= distance > margin
    pixels = used[projection.window].astype(float)
    thickness = projection.regions[own].sourceCM
    free = float((thickness * pixels).sum() / thickness.sum())
    if notable:
        told = ", ".join(f"{share:.0%} by {other}" for share, other in notable)
        words.append(f"{own}: {told} of its pixels are shared" + (
            f"; they are left out, and the activity is that of the {free:.0%} of the region that is seen free of "
            "others, taken as uniform" if isExcluded else
            ": its activity holds what lies before and behind it (overlap is kept)"))
    if free < _LEAST_FREE:
        raise InputError(f"Only {free:.0%} of the region is seen free of other regions ("
                         + ", ".join(f"{share:.0%} of its pixels shared with {other}" for share, other in notable)
                         + ")", where, 'Leave the region out, draw it, or state "overlap": "keep" and mistrust it')
    fractions = used.astype(np.float32)
    background, bodyShare = None, dict.fromkeys(SIDES, 1.0)
    if settings.get("background") is not None:
        ring = _ring(lines, own, others, margin, settings["background"], where)
        background = {side: lines.asSeenFrom(side, ring.astype(np.float32)) for side in SIDES}
        bodyShare = _bodyShares(region, projection, own, pixels, ring[projection.window])
    return Area({side: lines.asSeenFrom(side, fractions) for side in SIDES}, background, bodyShare, pixels), words


def _ring(lines, own, others, margin, given, where):
    distance, projection = lines.distanceMM(own), lines.projection
    ring = (distance > margin + given["gapMM"]) & (distance <= margin + given["gapMM"] + given["widthMM"])
    for other in others.values():
        ring &= other > margin
    thick = projection.bodyMuT > _BODY_SHARE * np.median(projection.bodyMuT[projection.bodyMuT > 0])
    ring &= projection.full(thick)
    if ring.sum() < _LEAST_RING_PIXELS:
        raise InputError(f"The ring of background around the region has {int(ring.sum())} pixels within the body and "
                         "free of other regions", where, "Make it wider, or give the region another projection")
    return ring


def _bodyShares(region, projection, own, pixels, ring):
    """Counts per pixel of the body before and behind a region, over those of the body in its ring, from the CT."""
    if region.get("bodyFraction") is not None:
        return dict.fromkeys(SIDES, region["bodyFraction"])
    found = {}
    for side in SIDES:
        body, source = getattr(projection.body, side), getattr(projection.regions[own], side)
        # the body is weighted by density, which is near 1 where regions are
        rest = np.maximum(body - source, 0.0)
        found[side] = float((rest * pixels).sum() / pixels.sum() / body[ring].mean())
    return found
