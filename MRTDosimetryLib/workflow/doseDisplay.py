"""How the absorbed-dose maps are shown: which one, opacity, range of colors, isodoses, the marked maximum.

Choices that are kept with the study; no result depends on them.
"""

import contextlib
from dataclasses import dataclass

from ..errors import InputError
from ..imaging.isodose import checkedLevelsGy
from ..report.numbers import GROUP_SEPARATOR, signed, significant
from ..scene import display, isodose, maximumMarker, regionsIn3D, volumes
from . import engineNodes
from .doseRates import UNIT as RATE_UNIT
from .engineNodes import ABSORBED_DOSE, BED, DIFFERENCE, RATE
from .protocol import positiveNumber

_KEY = "doseDisplay"
PERCENT, GRAY = "%", "Gy"
# ``threshold`` is in percent of the upper end of the colors or in Gy; below it the map is transparent.
DEFAULTS = {"map": ABSORBED_DOSE, "opacity": display.DOSE_OPACITY, "threshold": 100.0 * display.TRANSPARENT_FRACTION,
            "thresholdUnit": PERCENT, "maximumGy": None, "isodoseLines": False, "isodoseSurfaces": True,
            "isodoseLevelsGy": None, "maximumMarker": True}


@dataclass(frozen=True)
class ShownRange:
    """The colors of the map that is shown.

    Attributes
    ----------
    maximum : float
        Upper end, in ``unit``.
    threshold : float or None
        Below it the map is transparent, in ``unit``; None for differences, which are shown everywhere.
    unit : str
        "Gy" or "mGy/h".
    isAbsorbedDose : bool
        Whether the upper end and a threshold in Gy apply to this map.
    """

    maximum: float
    threshold: float
    unit: str
    isAbsorbedDose: bool


def settings(study):
    """All choices with their defaults."""
    return {**DEFAULTS, **(study.choice(_KEY) or {})}


def change(study, **values):
    """Keep choices, checked in words; those that are the default are not kept.

    Raises
    ------
    InputError
        An unknown or impossible choice; nothing is changed then.
    """
    stated = {**settings(study), **values}
    unknown = set(values) - set(DEFAULTS)
    if unknown:
        raise InputError(f"There is no such choice of the display: {', '.join(sorted(unknown))}")
    if not 0.0 <= stated["opacity"] <= 1.0:
        raise InputError(f"The opacity cannot be {stated['opacity']:g}", "Display", "Give 0 to 1")
    if stated["maximumGy"] is not None:
        stated["maximumGy"] = positiveNumber(stated["maximumGy"], "upper end of the colors", "Display")
    if stated["isodoseLevelsGy"] is not None:
        stated["isodoseLevelsGy"] = list(checkedLevelsGy(stated["isodoseLevelsGy"]))
    _requireThreshold(study, stated)
    kept = {key: value for key, value in stated.items() if value != DEFAULTS[key]}
    study.setChoice(_KEY, kept or None)


def _requireThreshold(study, stated):
    """A threshold below the upper end: at it nothing of the map would be left to see."""
    threshold, unit = stated["threshold"], stated["thresholdUnit"]
    if unit not in (PERCENT, GRAY) or not threshold >= 0.0:
        raise InputError(f"'{threshold:g} {unit}' is no threshold", "Display", "Give a number in % or Gy")
    node = study.nodeByRole(ABSORBED_DOSE)
    if unit == PERCENT:
        end = 100.0
    elif node is not None:
        end = stated["maximumGy"] or display.displayedMaximum(node)
    else:
        return  # there is no map yet that could vanish
    if not threshold < end:
        raise InputError(f"Below {threshold:g} {unit} means everything: the colors end at {end:g} {unit}",
                         "Display", "Give a lower threshold, or a higher end of the colors")


def reset(study):
    """Back to the defaults; the map that is shown stays."""
    shown = settings(study)["map"]
    study.setChoice(_KEY, None)
    change(study, map=shown)


def absorbedDoseEndGy(study):
    """Upper end of the colors of the absorbed-dose maps in Gy, or None while there is none."""
    node = study.nodeByRole(ABSORBED_DOSE)
    return None if node is None else _maximumOf(study, node, ABSORBED_DOSE)


def shownKey(study):
    """Key of the map that is shown (see :func:`.engineNodes.shownMaps`), or None where there is none."""
    keys = [key for key, _title, _engine in engineNodes.shownMaps(study)]
    chosen = settings(study)["map"]
    return chosen if chosen in keys else next(iter(keys), None)


def shownNode(study):
    """Volume node of the map that is shown, or None."""
    key = shownKey(study)
    return None if key is None else engineNodes.nodeOf(study, key)


def shownRange(study):
    """:class:`ShownRange` of the map that is shown, or None where there is none."""
    node, kind = shownNode(study), _kindOf(shownKey(study))
    if node is None:
        return None
    maximum = _maximumOf(study, node, kind)
    return ShownRange(maximum, None if kind == DIFFERENCE else _thresholdOf(settings(study), maximum, kind),
                      RATE_UNIT if kind == RATE else GRAY, kind == ABSORBED_DOSE)


def _kindOf(key):
    return (key or "").partition(".")[0]


def _maximumOf(study, node, kind):
    """Upper end of the colors: one for all absorbed-dose maps, so that they can be compared."""
    if kind == ABSORBED_DOSE:
        return settings(study)["maximumGy"] or display.displayedMaximum(study.nodeByRole(ABSORBED_DOSE) or node)
    return node.GetDisplayNode().GetWindowLevelMax()


def _thresholdOf(stated, maximum, kind):
    """Threshold in the unit of the map; one in Gy says nothing about a rate."""
    if stated["thresholdUnit"] == PERCENT:
        return stated["threshold"] / 100.0 * maximum
    return stated["threshold"] if kind == ABSORBED_DOSE else display.TRANSPARENT_FRACTION * maximum


def showMap(study):
    """Show the chosen map over the CT in all slice views, with its legend; absorbed doses in one range of colors.

    Returns
    -------
    vtkMRMLScalarVolumeNode or None
    """
    node, kind, stated = shownNode(study), _kindOf(shownKey(study)), settings(study)
    if node is None:
        return None
    maximum = _maximumOf(study, node, kind)
    if kind == ABSORBED_DOSE:
        display.styleAbsorbedDose(node, maximum, thresholdGy=_thresholdOf(stated, maximum, kind))
    elif kind == DIFFERENCE:
        display.styleDifference(node, maximum, withLegend=True)
    elif kind == BED:
        display.styleBiologicallyEffectiveDose(node, maximum, _thresholdOf(stated, maximum, kind))
    else:
        display.styleAbsorbedDoseRate(node, maximum, transparentFraction=_thresholdOf(stated, maximum, kind) / maximum)
    display.showMapOverCT(study, node, stated["opacity"])
    return node


def show(study):
    """Show the chosen map with its isodoses and its maximum, as the choices say.

    Returns
    -------
    vtkMRMLScalarVolumeNode or None
    """
    node = showMap(study)
    if node is None:
        hide(study)
        maximumMarker.remove(study)
        return None
    stated = settings(study)
    if isodoseRows(study):
        isodose.setVisible(study, stated["isodoseLines"], stated["isodoseSurfaces"])
    words, position = _maximumWords(node, _kindOf(shownKey(study)))
    maximumMarker.put(study, node, position, words)
    maximumMarker.setVisible(study, stated["maximumMarker"])
    return node


def _maximumWords(node, kind):
    value, position = volumes.largest(node, isSigned=kind == DIFFERENCE)
    text = signed(value) if kind == DIFFERENCE else significant(value)
    # the fonts of the views know neither the narrow space nor the long minus
    text = text.replace(GROUP_SEPARATOR, " ").replace("\N{MINUS SIGN}", "-")
    if kind == DIFFERENCE:
        return f"largest difference {text} {GRAY}", position
    return f"maximum {text} {RATE_UNIT if kind == RATE else GRAY}", position


def maximumRAS(study):
    """Where the map that is shown has its maximum (RAS mm), or None."""
    node = shownNode(study)
    return None if node is None else _maximumWords(node, _kindOf(shownKey(study)))[1]


def hide(study):
    """Take isodoses and marker out of the views; the choices stay."""
    if study.nodeByRole(isodose.ROLE) is not None:
        isodose.setVisible(study, False, False)
    maximumMarker.setVisible(study, False)


@contextlib.contextmanager
def hidden(study):
    """Without isodoses, marker and the surfaces shown beside them for the time of a picture of something else.

    The surfaces lie where the regions lie: drawn together, both shine through each other in patches.
    """
    nodes = [study.nodeByRole(role) for role in (isodose.ROLE, maximumMarker.ROLE, regionsIn3D.ROLE)]
    styles = [node.GetDisplayNode() for node in nodes if node is not None and node.GetDisplayNode() is not None]
    shown = [style for style in styles if style.GetVisibility()]
    for style in shown:
        style.SetVisibility(False)
    try:
        yield
    finally:
        for style in shown:
            style.SetVisibility(True)


def isodoseNode(study):
    """The map that the isodoses are of: the shown absorbed dose, beside differences and rates the primary one."""
    return shownNode(study) if _kindOf(shownKey(study)) == ABSORBED_DOSE else study.nodeByRole(ABSORBED_DOSE)


def isodoseRows(study):
    """The isodoses of the shown map, drawn where they are not yet.

    Returns
    -------
    list of dict
        ``levelGy``, ``name``, ``volumeML``, ``color`` (None for a level that is nowhere reached); empty without a map.
    """
    node = isodoseNode(study)
    if node is None:
        return []
    rows = isodose.showIsodoses(study, settings(study)["isodoseLevelsGy"], node)
    colors = isodose.levelColors(study.nodeByRole(isodose.ROLE))
    return [{**row, "color": colors.get(row["name"])} for row in rows]


def setIsodoseLevels(study, levelsGy):
    """Replace the list of isodose levels; None returns to the round ones."""
    change(study, isodoseLevelsGy=levelsGy)


def putIsodoses(study):
    """Isodoses of the primary map at the round levels, for the results: rows with ``levelGy`` and ``volumeML``.

    Whatever levels the user looks at, the results hold the same ones.
    """
    isShown = study.nodeByRole(isodose.ROLE) is not None
    rows = isodose.showIsodoses(study)
    if not isShown:
        isodose.setVisible(study, False, False)
    return rows
