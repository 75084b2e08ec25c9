"""The fit models compared for each region: those that were fitted, and in one line those that were not."""

from .grouping import groupedByRegion
from .numbers import percent, plusMinus, rounded, significant
from .prose import readable
from .tables import Cell, Column, Table

_NONE = "\N{EN DASH}"
_NOT_TRIED, _NOT_FITTED = "not tried", "not fitted"


def candidates(regions):
    """One row per fitted model of the regions for which at least two were fitted.

    Parameters
    ----------
    regions : list of dict
        ``regions`` of results.json.

    Returns
    -------
    Table or None
        ``None`` where there was nothing to compare.
    """
    table = Table([Column("Region", isNumber=False), Column("Model", isNumber=False), Column("AICc"),
                   Column("Akaike weight"), Column("Time-integrated activity", "MBq h"),
                   Column("Result", isNumber=False)], css="candidates")
    for region in regions:
        fitted = [row for row in _rows(region) if row.get("timeIntegratedActivityMBqH") is not None]
        if len(fitted) < 2:
            continue
        for position, row in enumerate(fitted):
            value, spread = row["timeIntegratedActivityMBqH"], row.get("timeIntegratedActivityUncertaintyMBqH")
            weight = row.get("akaikeWeight")
            table.rows.append([
                Cell("" if position else region["name"]), Cell(row.get("title") or row["model"]),
                Cell(_NONE if row.get("aicc") is None else rounded(row["aicc"], 1)),
                Cell(_NONE if weight is None else percent(weight)),
                Cell(significant(value) if spread is None else plusMinus(value, spread)), Cell(_verdict(row))])
    return table if table.rows else None


def notes(regions):
    """How many models were not fitted and why, each remark once with its regions."""
    texts = []
    for region in regions:
        absent = [row for row in _rows(region) if row.get("timeIntegratedActivityMBqH") is None]
        for beginning, why in ((_NOT_TRIED, "too few time points for the number of parameters"),
                               (_NOT_FITTED, "they could not outweigh an accepted model")):
            titles = [row["title"] for row in absent if row["reason"].startswith(beginning)]
            if titles:
                count = f"{len(titles)} models" if len(titles) > 1 else "1 model"
                texts.append(f"{region['name']}: {count} {beginning}, {why} ({'; '.join(titles)}).")
        texts += [f"{region['name']}: {row['title']} {readable(row['reason'])}." for row in absent
                  if not row["reason"].startswith((_NOT_TRIED, _NOT_FITTED))]
    return groupedByRegion(texts, [region["name"] for region in regions])


def _rows(region):
    return (region.get("fit") or {}).get("candidates") or []


def _verdict(row):
    reason = readable(row["reason"])
    if row["isChosen"]:
        return f"chosen: {reason}"
    if row["model"] == "trapezoid" and row.get("isAccepted") is None:
        return "not compared: it has no likelihood"
    if row.get("isAccepted") is False:
        return f"set aside: {reason}"
    return reason
