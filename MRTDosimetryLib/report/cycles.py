"""All treatment cycles of a patient: what each gave to each region, and the sums."""

from .drawing import INK, PAGE_WIDTH_INCH, QUIET_INK, chartContext, figureBytes, newFigure, quietAxes
from .numbers import finite, plusMinus, significant
from .regionStyles import regionStyles
from .tables import NOT_COMPUTED, Cell, Column, Footnotes, Table

_CYCLES_PER_TABLE = 4
_MAXIMUM_HEIGHT_INCH = 8.6


def severalCycles(results):
    """The regions with more than one cycle (rows of ``therapy.accumulated``); empty where there is none."""
    rows = (results.get("therapy") or {}).get("accumulated") or []
    return [row for row in rows if len(row["cycles"]) > 1 and row.get("byCycle")]


def tables(rows):
    """Absorbed dose and BED of each region in each cycle, then their sums.

    Parameters
    ----------
    rows : list of dict
        Of :func:`severalCycles`.

    Returns
    -------
    list of Table
        A few cycles each; the last one ends with the sums.
    """
    cycles = sorted({item["cycle"] for row in rows for item in row["byCycle"]})
    activities = {item["cycle"]: item["activityMBq"] for row in rows for item in row["byCycle"]}
    parts = [cycles[start:start + _CYCLES_PER_TABLE] for start in range(0, len(cycles), _CYCLES_PER_TABLE)]
    return [_table(rows, part, activities, isLast=part is parts[-1]) for part in parts]


def _table(rows, cycles, activities, isLast):
    notes = Footnotes()
    table = Table([Column("Region", isNumber=False),
                   *(Column(f"Cycle {cycle}, {significant(activities[cycle])} MBq", "Gy") for cycle in cycles)])
    if isLast:
        table.columns += [Column("All cycles", "Gy"), Column("BED, all cycles", "Gy")]
    for row in rows:
        found = {item["cycle"]: item for item in row["byCycle"]}
        cells = [Cell(row["region"]), *(_cycleCell(found.get(cycle), notes) for cycle in cycles)]
        if isLast:
            cells += [_valueCell(row["absorbedDoseGy"], row["absorbedDoseUncertaintyGy"]), _valueCell(row["bedGy"])]
        table.rows.append(cells)
    table.footnotes = notes.entries()
    return table


def _cycleCell(item, notes):
    if item is None:
        return Cell(NOT_COMPUTED, isMissing=True)
    source = item["estimatedFrom"]
    mark = "" if source is None else notes.mark(
        f"Estimated: the absorbed dose per activity of cycle {source} times the administered activity.")
    bed = "" if item["bedGy"] is None else f"BED {significant(item['bedGy'])}"
    shown = _valueCell(item["absorbedDoseGy"], item["absorbedDoseUncertaintyGy"])
    return Cell(shown.text, mark, bed, isMissing=source is not None)


def _valueCell(value, uncertainty=None):
    if value is None:
        return Cell(NOT_COMPUTED, isMissing=True)
    return Cell(significant(value) if uncertainty is None else plusMinus(value, uncertainty))


def cyclesChart(rows, regionNames=(), imageFormat="svg"):
    """Absorbed dose, and BED where it is known, of each region as a bar made up of its cycles.

    Parameters
    ----------
    rows : list of dict
        Of :func:`severalCycles`.
    regionNames : sequence of str
        All regions of the study in their order, for the colors of the other charts.
    imageFormat : {"svg", "png"}

    Returns
    -------
    bytes
    """
    styles = regionStyles([*regionNames, *(row["region"] for row in rows)])
    panels = [("absorbedDoseGy", "Absorbed dose over all cycles (Gy)")]
    if any(row["bedGy"] is not None for row in rows):
        panels.append(("bedGy", "BED over all cycles (Gy)"))
    with chartContext():
        figure = newFigure(PAGE_WIDTH_INCH, min(0.24 * len(rows) + 0.55, _MAXIMUM_HEIGHT_INCH))
        for axes, (key, title) in zip(figure.subplots(1, len(panels), sharey=True, squeeze=False)[0], panels,
                                      strict=True):
            largest = max(_drawBar(axes, position, row, key, styles[row["region"]].color)
                          for position, row in enumerate(rows))
            quietAxes(axes, grid="x")
            axes.set_xlim(0, 1.12 * largest if largest > 0 else 1.0)
            axes.set_yticks(range(len(rows)), [row["region"] for row in rows])
            axes.tick_params(axis="y", length=0)
            axes.set_ylim(len(rows) - 0.4, -0.6)
            axes.set_xlabel(title)
        return figureBytes(figure, imageFormat)


def _drawBar(axes, position, row, key, color):
    """One bar of the chart; returns where it ends."""
    if row[key] is None:
        axes.text(0.0, position, f" {NOT_COMPUTED}", va="center", fontsize=7.5, color=QUIET_INK, style="italic")
        return 0.0
    start, parts = 0.0, [(item, item[key]) for item in row["byCycle"]]
    for item, value in parts if all(value is not None for _item, value in parts) else [({}, row[key])]:
        isEstimated = item.get("estimatedFrom") is not None
        width = finite(value, row["region"])
        axes.barh(position, width, left=start, height=0.62, facecolor="white" if isEstimated else color,
                  edgecolor=color, linewidth=0.8, linestyle=(0, (2, 1.2)) if isEstimated else "solid",
                  alpha=1.0 if isEstimated else 0.85)
        if start:
            axes.plot([start, start], [position - 0.31, position + 0.31], color="white", linewidth=1.2)
        start += width
    if key == "absorbedDoseGy" and row["absorbedDoseUncertaintyGy"] is not None:
        spread = finite(row["absorbedDoseUncertaintyGy"], row["region"])
        axes.errorbar(start, position, xerr=spread, color=INK, linewidth=0.9, capsize=2.2, capthick=0.9)
        start += spread
    return start
