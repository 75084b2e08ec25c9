"""What the absorbed doses amount to: BED, EQD2, equivalent uniform doses, probabilities; and the parameters behind."""

from .numbers import percent, plusMinus, significant
from .radiobiologyText import repairText
from .tables import NOT_COMPUTED, Cell, Column, Footnotes, Table, numberCell, textCell

_VALUES = (("BED", "bedGy", "bedUncertaintyGy"), ("EQD2", "eqd2Gy", "eqd2UncertaintyGy"), ("EUD", "eudGy", None),
           ("EUBED", "eubedGy", None), ("gEUD", "gEUDGy", None))
_PROBABILITIES = (("TCP", "tcp"), ("NTCP", "ntcp"))
_HISTOGRAM = (("BED D98", "D98Gy"), ("BED D50", "D50Gy"), ("BED D2", "D2Gy"))
_QUANTITIES = {"absorbedDose": "absorbed dose", "bed": "BED", "eqd2": "EQD2"}


def effects(results):
    """One row per region with what is known of it; ``None`` where no region has any of it."""
    regions, notes = results.get("regions") or [], Footnotes()
    shown = [item for item in _VALUES if any(region.get(item[1]) is not None for region in regions)]
    if not any(region.get("eqd2Gy") is not None for region in regions):
        return None
    hasHistogram = any(region.get("bedHistogram") for region in regions)
    chances = [(title, key) for title, key in _PROBABILITIES if any(region.get(key) for region in regions)]
    table = Table([Column("Region", isNumber=False), *(Column(title, "Gy") for title, _key, _spread in shown),
                   *(Column(title, "Gy") for title, _key in _HISTOGRAM if hasHistogram),
                   *(Column(title) for title, _key in chances)])
    for region in regions:
        row = [Cell(str(region["name"]))]
        for _title, key, spread in shown:
            value, uncertainty = region.get(key), region.get(spread) if spread else None
            note = notes.mark(f"Exponent a = {region['gEUDExponent']:g}.") if key == "gEUDGy" and value is not None \
                else ""
            row.append(Cell(NOT_COMPUTED, isMissing=True) if value is None else Cell(
                significant(value) if uncertainty is None else plusMinus(value, uncertainty), note))
        row += [numberCell((region.get("bedHistogram") or {}).get(key), significant, NOT_COMPUTED)
                for _title, key in _HISTOGRAM if hasHistogram]
        row += [_chances(region.get(key), notes) for _title, key in chances]
        table.rows.append(row)
    table.footnotes = notes.entries()
    return table


def parameters(rows):
    """Parameters behind the biologically effective doses, those of the study marked with what they replace."""
    table = Table([Column("Tissue", isNumber=False), Column("α/β", "Gy"), Column("Repair half-life", "h"),
                   Column("Source", isNumber=False)])
    for row in rows:
        source = textCell(row.get("source"), "no source stated")
        stated = row.get("overrides") or []
        badge = "stated by the study" if stated else "" if row.get("verified") is True else "not verified"
        reasons = [item["reason"] for item in stated if item.get("reason")]
        further = [text for text in (
            f"α {row['alphaPerGy']:g} /Gy" if row.get("alphaPerGy") is not None else "",
            "with repopulation" if row.get("repopulation") else "", *reasons) if text]
        repair = row.get("repair")
        table.rows.append([
            textCell(row.get("tissue")), numberCell(row.get("alphaBetaGy"), significant),
            Cell(repairText(repair)) if repair else numberCell(row.get("repairHalfLifeHours"), significant),
            Cell(source.text, isMissing=source.isMissing, badge=badge, detail="; ".join(further))])
    return table


def _chances(items, notes):
    """The probabilities of a region by its curves, each with a footnote on the curve."""
    if not items:
        return Cell(NOT_COMPUTED, isMissing=True)
    parts, marks = [], []
    for item in items:
        interval = item.get("interval68")
        spread = f" ({percent(interval[0])} to {percent(interval[1])})" if interval else ""
        parts.append(f"{percent(item['probability'])}{spread}")
        slope = "m" if item["model"] == "lyman" else "γ50"
        quantity = _QUANTITIES.get(item["quantity"], item["quantity"])
        marks.append(notes.mark(
            f"{item['endpoint']}, {item['model'].capitalize()} curve over {quantity}: 50 % at {item['d50Gy']:g} Gy, "
            f"{slope} = {item['slope']:g}. {item['source']}{'' if item['verified'] else ' (not verified)'}."))
    return Cell("; ".join(parts), ", ".join(marks))
