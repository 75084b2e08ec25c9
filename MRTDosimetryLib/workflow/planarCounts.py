"""Net counts of regions in planar views: drawn as polygons, or the regions of a CT as the views show them."""

from dataclasses import dataclass

import numpy as np

from ..errors import Faults, InputError
from ..imaging import planarRegions, planarSeparation
from ..imaging.planarAttenuation import lineOfSight
from ..physics import planarActivity
from . import planarViews
from .planarFile import ABSOLUTE, EXCLUDED, SEPARATED, SIDES

# Of the smaller region: what lies over each other in a view cannot be told apart.
NOTABLE_OVERLAP = 0.02
# A region of which less is seen free of others says too little.
_LEAST_FREE = 0.3
_MOST_OUTSIDE = 0.01
_LEAST_RING_PIXELS = 20
# Of the body's attenuation at its middle: thinner lines are its border.
_BODY_SHARE = 0.3
# Of a region's pixels, shared with one other: more is not taken for the activity of one.
_MOST_KEPT = 0.1
# Chi-square per pixel (its root) of separated regions beyond which they do not describe the views: of the digital
# patient turned by 3 degrees, or with uneven uptake, it is 1.4, and kidneys deviate by 7 to 20 %.
_NOTABLE_MISFIT = 1.2


@dataclass(frozen=True)
class Area:
    """Pixels of a region in both views.

    Attributes
    ----------
    fractions, background : dict of str to numpy.ndarray, or None
        By side, of the whole view; ``background`` ``None`` where there is none, both where regions are separated.
    bodyShare : dict of str to float
        Of the background per pixel, what also lies before and behind the region.
    pixels : numpy.ndarray or None
        Weights of the lines that count, of the window of the projection; ``None`` for a region drawn by hand.
    misfit : float or None
        Of separated regions: by how much more than by counting the views differ from their sum.
    """

    fractions: dict
    background: dict
    bodyShare: dict
    pixels: np.ndarray | None = None
    misfit: float | None = None


def counted(content, views, lines, shift, name, isMirrored):
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
    misfit = None
    with faults.collect():
        found, words, misfit = _separated(content, views, lines, name)
    for region in content["regions"]:
        with faults.collect():
            settings = projectionOf(content, region)
            if isSeparated(settings):
                areas[region["name"]] = Area(None, None, {}, misfit=misfit)
                continue
            if settings is None:
                area = _drawn(region, views, shift, name, isMirrored)
                words += _drawnOverlap(content, region["name"], area, lines, name)
            else:
                area, said = _projected(content, region, settings, lines, name)
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


def isSeparated(settings):
    """Whether a projected region is told apart from others by what each of them would show."""
    return settings is not None and settings.get("overlap") == SEPARATED


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
            shared = planarRegions.overlapShare(background[side], fractions[side])
            if shared > NOTABLE_OVERLAP:
                raise InputError(f"The background lies on the region ({shared:.0%} of the smaller one)", where,
                                 "Draw it beside the region")
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


def _drawnOverlap(content, own, area, lines, name):
    """Words on what regions of the CT lie over a polygon."""
    told = "" if lines is None else _sharedWords(lines, own, area.fractions["anterior"])
    if not told:
        return []
    _requireFree(content, own, lines, area.fractions["anterior"], name)
    return [f"{own}: {told}: its activity holds what lies before and behind it"]


def _requireFree(content, own, lines, inside, name):
    """Refuse to take counts of several regions for the activity of one."""
    share, other = _shared(lines, own, inside)[0]
    if content.get("use") == ABSOLUTE and share > _MOST_KEPT:
        raise InputError(f"Activities are to be used as they are, and {share:.0%} of the region's pixels are shared "
                         f"with {other}", f"{name}, {own}", f'Draw what is free, state "overlap": "{EXCLUDED}" or '
                         f'"{SEPARATED}", or scale the series by the SPECT/CT')


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


def _separated(content, views, lines, name):
    """Net counts of the regions that are told apart, as if each were alone, warnings, and the misfit."""
    given = {region["name"]: projectionOf(content, region) for region in content["regions"]}
    given = {own: settings for own, settings in given.items() if isSeparated(settings)}
    if not given:
        return {}, [], None
    faults, found = Faults(), {}
    for own in given:
        with faults.collect():
            _requireShown(own, lines, f"{name}, {own}")
    resolutions = {settings["resolutionFWHMMM"] for settings in given.values()}
    if len(resolutions) > 1:
        faults.add("The views of separated regions have several resolutions", name, "State one resolutionFWHMMM")
    faults.raiseIfAny()
    pairs = [planarViews.primaryImage(views[side], name) for side in SIDES]
    images, variances = (tuple(lines.asSeenFrom(side, pair[which]) for side, pair in zip(SIDES, pairs, strict=True))
                         for which in (0, 1))
    parts = planarSeparation.separated(images, variances, lines.projection, resolutions.pop())
    words = []
    for own in given:
        if not parts.counts[own] > 0:
            faults.add("Nothing of the views is left for the region when all others are told apart", f"{name}, {own}",
                       "Check position and regions, or leave the region out")
            continue
        # as the geometric mean of both views would be without anything else
        share = lineOfSight(lines.projection, own).transmission
        found[own] = planarActivity.NetCounts(parts.counts[own] * share, parts.uncertainties[own] * share)
        notable = _sharedWords(lines, own, lines.distanceMM(own) == 0)
        if notable:
            words.append(f"{own}: {notable}; told apart by what each region would show, all "
                         "of them taken as uniform")
    faults.raiseIfAny()
    if parts.misfit > _NOTABLE_MISFIT:
        words.append(f"{name}: regions and body do not make up the views (misfit {parts.misfit:.1f} times that of "
                     "counting): look for organs that are not drawn, uptake that is not uniform, another position")
    return found, words, parts.misfit


def _requireShown(own, lines, where):
    if lines is None:
        raise InputError("The region is not drawn", where, "Give the corners of its polygon, or CT and alignment for a "
                         "projection")
    regions = lines.projection.regions
    if own not in regions:
        raise InputError("The region is not drawn, and the CT has no region of that name", where,
                         f"Known are {', '.join(regions)}")
    if regions[own].outside > _MOST_OUTSIDE:
        raise InputError(f"{regions[own].outside:.0%} of the region lies beyond the planar view or the CT", where,
                         "Check the alignment, or leave the region out")


def _shared(lines, own, inside):
    """(share, name) of each other region that a notable part of these pixels of the anterior view shows, too."""
    found = []
    for other in lines.projection.regions:
        share = 0.0 if other == own else float(inside[lines.distanceMM(other) == 0].sum(dtype=float)
                                               / inside.sum(dtype=float))
        if share > NOTABLE_OVERLAP:
            found.append((share, other))
    return sorted(found, reverse=True)


def _sharedWords(lines, own, inside):
    """Which regions share how much of these pixels; empty where none does."""
    found = [f"{share:.0%} with {other}" for share, other in _shared(lines, own, inside)]
    return ", ".join(found).replace(" with ", " of its pixels are shared with ", 1)


def _projected(content, region, settings, lines, name):
    """The :class:`Area` of a region of the CT, and words on what lies over it."""
    own, where = region["name"], f"{name}, {region['name']}"
    _requireShown(own, lines, where)
    projection = lines.projection
    margin = float(settings["marginMM"])
    inside, words = lines.distanceMM(own) <= margin, []
    others = {other: lines.distanceMM(other) for other in projection.regions if other != own}
    told = _sharedWords(lines, own, inside)
    isExcluded = settings.get("overlap", EXCLUDED) == EXCLUDED
    used = inside.copy()
    if isExcluded:
        for distance in others.values():
            used &= distance > margin
    pixels = used[projection.window].astype(float)
    thickness = projection.regions[own].sourceCM
    free = float((thickness * pixels).sum() / thickness.sum())
    if told and not isExcluded:
        _requireFree(content, own, lines, inside, name)
    if told:
        words.append(f"{own}: {told}" + (
            f"; they are left out, and the activity is that of the {free:.0%} of the region that is seen free of "
            "others, taken as uniform" if isExcluded else
            ": its activity holds what lies before and behind it (overlap is kept)"))
    if free < _LEAST_FREE:
        raise InputError(f"Only {free:.0%} of the region is seen free of other regions ({told})", where,
                         f'Leave the region out, draw it, or state "overlap": "{SEPARATED}"')
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
