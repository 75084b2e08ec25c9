"""Values, limits, cycles and cohorts of a therapy's own calculation in one table of a page."""

from slicer.i18n import tr as _

from ..report.quantities import valueText
from ..report.therapyTables import intervalText
from ..workflow import therapyViews
from .tables import Cell, fill, numberCell, percentileText, shortened, textCell

_LONGEST_TEXT = 16
VALUES, LIMITS, CYCLES, COHORT = "values", "limits", "cycles", "cohort"


def choices(study):
    """(key, title) of what there is to show."""
    found = [(VALUES, _("Values"))] if therapyViews.valueRows(study) else []
    found += [(LIMITS, _("Limits of the prescription"))] if therapyViews.limitRows(study) else []
    found += [(CYCLES, _("Accumulated over the cycles"))] if therapyViews.accumulatedRows(study) else []
    found += [(COHORT, _("Beside published cohorts"))] if therapyViews.cohortRows(study) else []
    return found


def show(table, study, key):
    """Fill a table with what was chosen."""
    columns, cells, rows = {
        VALUES: ([_("Quantity"), _("Value"), _("Unit")], _value, therapyViews.valueRows),
        LIMITS: ([_("Limit"), _("Region"), _("Left\n(MBq)"), _("p\n(%)")], _limit, therapyViews.limitRows),
        CYCLES: ([_("Region"), _("Cycles"), _("Absorbed\ndose (Gy)"), _("BED\n(Gy)")], _sum,
                 therapyViews.accumulatedRows),
        COHORT: ([_("Region"), _("Value"), _("Cohort"), _("Percen-\ntile (%)")], _compared, therapyViews.cohortRows),
    }[key]
    fill(table, columns, [cells(row) for row in rows(study)])
    tips = {LIMITS: {2: _("Activity that the limit leaves, in one administration"),
                     3: _("Probability that the planned cycles pass the limit")},
            CYCLES: {2: _("Sum of the cycles, k = 1")},
            COHORT: {1: _("Of this patient"), 2: _("Mean or median of the cohort"),
                     3: _("Share of patients with a lower value")}}
    for column, tip in tips.get(key, {}).items():
        table.horizontalHeaderItem(column).setToolTip(tip)


def _value(line):
    title = line.title[:1].upper() + line.title[1:]
    if type(line.value) in (int, float):
        shown = numberCell(line.value, intervalText(line), line.uncertainty)
    else:
        text = "\N{EN DASH}" if line.value is None else valueText(line.value)
        shown = textCell(shortened(text, _LONGEST_TEXT), text)
    return [textCell(title), shown, textCell(line.unit)]


def _limit(row):
    probability = row["probability"]
    return [textCell(row["limit"], f"{row['limit']}\n{row['source']}"), textCell(row["region"]),
            numberCell(row["allowedActivityMBq"]),
            numberCell(None if probability is None else 100.0 * probability)]


def _sum(row):
    cycles = ", ".join(map(str, row["cycles"]))
    estimated = _("Estimated from another cycle: {cycles}").format(
        cycles=", ".join(map(str, row["estimatedCycles"]))) if row["estimatedCycles"] else ""
    return [textCell(row["region"]), textCell(cycles + ("*" if estimated else ""), estimated),
            numberCell(row["absorbedDoseGy"], "", row["absorbedDoseUncertaintyGy"]), numberCell(row["bedGy"])]


def _compared(row):
    checked = "" if row["verified"] else _("not checked against the source")
    tip = "\n".join(text for text in (f"{row['quantity']}, {row['unit']}", row["method"], row["source"], checked)
                    if text)
    percentile = numberCell(None, tip) if row["percentile"] is None else Cell(percentileText(row["percentile"]), tip)
    return [textCell(f"{row['region']}, {row['unit']}", f"{row['region']}\n{tip}"), numberCell(row["value"], tip),
            numberCell(row["center"], tip), percentile]
