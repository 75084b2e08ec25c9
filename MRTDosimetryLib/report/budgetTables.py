"""The uncertainty budget of each region as a small table: component, relative uncertainty, share."""

from dataclasses import dataclass

from .numbers import percent, rounded, significant
from .prose import readable
from .tables import Cell, Column, Table

_TOTAL = "Absorbed dose, combined"
# Origins with a smaller share of the variance are not named in the remark.
_SMALLEST_SHARE_PERCENT = 1.0


@dataclass(frozen=True)
class Budget:
    """Table of one region, and a remark on origins and method."""

    region: str
    table: Table
    remark: str


def budgets(regions):
    """One budget for each region that has one.

    Parameters
    ----------
    regions : sequence of dict
        Of results.json; key ``uncertaintyBudget``.

    Returns
    -------
    list of Budget
    """
    found = []
    for region in regions:
        content = region.get("uncertaintyBudget")
        if content:
            found.append(Budget(region["name"], _table(content), _remark(content)))
    return found


def notes(regions):
    """What the totals of all shown budgets have in common, in words."""
    shown = [region["uncertaintyBudget"] for region in regions if region.get("uncertaintyBudget")]
    texts = []
    if any(content.get("notIncluded") for content in shown):
        texts.append("A component that is not stated is not in the combined uncertainty, which is then too small.")
    if any(content.get("method") == "monteCarlo" for content in shown):
        texts.append("By Monte Carlo, components are standard deviations of the logarithm, and shares are those of the "
                     "variance of the logarithm of the absorbed dose; the interval holds 95 % of the samples.")
    return texts


def _table(content):
    table = Table([Column("Component", isNumber=False), Column("Relative uncertainty"), Column("Share")], css="budget")
    for item in content["components"]:
        if item["status"] == "not applied":
            continue
        if item["status"] != "included":
            table.rows.append([Cell(item["title"]), Cell(item["status"], isMissing=True), Cell("–")])
            continue
        relative = item["relativeUncertainty"]
        table.rows.append([Cell(item["title"]), Cell("–" if relative is None else _percent(relative)),
                           _share(item["sharePercent"])])
    total = content["relativeUncertainty"]
    table.rows.append([Cell(_TOTAL), Cell("not computed", isMissing=True) if total is None else Cell(_percent(total)),
                       Cell("100\N{NARROW NO-BREAK SPACE}%") if total else Cell("–")])
    return table


def _percent(fraction):
    """Two significant digits; what is far below any other uncertainty is not spelled out."""
    return "below 0.01\N{NARROW NO-BREAK SPACE}%" if 0 < fraction < 1e-4 else percent(fraction)


def _share(value):
    return Cell("–") if value is None else Cell(f"{rounded(value, 1)}\N{NARROW NO-BREAK SPACE}%")


def _remark(content):
    parts = []
    volume = (content.get("steps") or {}).get("volume")
    if volume is not None:
        parts.append(f"Volume of the outline known within {percent(volume)}.")
    named = sorted((item for item in content.get("origins") or []
                    if (item["sharePercent"] or 0.0) >= _SMALLEST_SHARE_PERCENT),
                   key=lambda item: -item["sharePercent"])
    if named:
        shares = ", ".join(f"{item['title'][:1].lower()}{item['title'][1:]} {rounded(item['sharePercent'], 0)} %"
                           for item in named)
        parts.append(f"Variance by origin: {shares}.")
    if content["method"] == "monteCarlo":
        low, high = content["monteCarloInterval95"]
        parts.append(f"By Monte Carlo; 95 % within {significant(low)} to {significant(high)} times the absorbed dose.")
    parts += [readable(flag) for flag in content.get("flags") or [] if "Monte Carlo propagation is used" not in flag]
    return " ".join(parts)
