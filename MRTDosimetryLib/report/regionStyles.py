"""One look per region through all charts of a report: color, line and marker, safe for color-blind eyes."""

from dataclasses import dataclass

# Okabe and Ito, "Color Universal Design" (2008), without yellow, which is too light on white paper.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
# Colors come back with another line and another marker, so that color alone is never what tells two regions apart.
_LINES = ("solid", (0, (5, 1.6)), (0, (1.2, 1.2)), (0, (6, 1.4, 1.2, 1.4)))
_MARKERS = ("o", "s", "^", "D")


@dataclass(frozen=True)
class RegionStyle:
    """Color (hex), matplotlib line style and matplotlib marker of a region."""

    color: str
    lineStyle: object
    marker: str


def regionStyles(names):
    """Style of each region by its place in ``names``.

    Parameters
    ----------
    names : sequence of str
        All regions of the study in their order, so that a region looks the same in each chart.

    Returns
    -------
    dict of str to RegionStyle
    """
    styles = {}
    for name in names:
        if name not in styles:
            lap, index = divmod(len(styles), len(_COLORS))
            styles[name] = RegionStyle(_COLORS[index], _LINES[lap % len(_LINES)], _MARKERS[lap % len(_MARKERS)])
    return styles
