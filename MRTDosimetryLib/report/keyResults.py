"""What the first page shows of the results: of regions their place in a cohort, without images the main values."""

from ..physics.cohorts import COEFFICIENT
from . import therapyTables
from .numbers import significant
from .tables import NOT_COMPUTED, Cell, Column

# Units of the values that a treatment is decided by; all others are in the section on the therapy.
_KEY_UNITS = ("Gy", "Gy/GBq", "Gy/MBq", "MBq", "GBq")
_MOST_VALUES = 14
# What a physician looks for first.
_DECISIVE = ("prescribed activity", "activity of the next", "activity that reaches", "largest activity", "achieved",
             "activity left", "wanted absorbed dose")
NO_COHORT = "no cohort"


def addPercentiles(table, results, notes):
    """Add to the table of the regions the place of each region's absorbed dose per activity in a published cohort.

    Of several cohorts the one that was checked against its source counts, of these the largest. Nothing is added
    where no region is in a cohort with a known spread.

    Parameters
    ----------
    table : Table
        One row for each region of ``results``, in their order.
    notes : Footnotes
    """
    rows = [row for row in _comparison(results) if row.get("percentile") is not None]
    if not rows:
        return
    table.columns.append(Column("Percentile", "%"))
    for cells, region in zip(table.rows, results["regions"], strict=True):
        own = [row for row in rows if row["region"] == region["name"]]
        if not own:
            cells.append(Cell(NO_COHORT, isMissing=True))
            continue
        best = max(own, key=lambda row: (bool(row.get("verified")), row.get("patients") or 0))
        cells.append(Cell(therapyTables.percentileText(best["percentile"]), notes.mark(_cohortWords(best)),
                          isFlagged=bool(best.get("isOutside"))))


def keyValues(therapy):
    """The main values of a therapy's calculation as tables to stand side by side: absorbed doses and activities."""
    found = therapyTables.ownLines(therapy)
    main = [line for line in found if line.unit in _KEY_UNITS and line.value is not None] or found
    main.sort(key=lambda line: not line.title.startswith(_DECISIVE))
    return therapyTables.valueTables(main[:_MOST_VALUES])


def level(protocol, therapy):
    """Level of dosimetry of the protocol, and the one that the calculation reached."""
    planned, reached = protocol.get("level"), (therapy or {}).get("levelReached")
    if reached is None or str(planned) == str(reached):
        return ""
    return f"Reached: level {reached}"


def accumulatedCell(row, notes):
    """Absorbed dose over all cycles so far, for the table of the regions."""
    if row is None:
        return Cell(NOT_COMPUTED, isMissing=True)
    estimated = row.get("estimatedCycles")
    mark = notes.mark("In part estimated; see Treatment cycles.") if estimated else ""
    return Cell(significant(row["absorbedDoseGy"]), mark)


def _comparison(results):
    cohort = (results.get("therapy") or {}).get("cohort") or {}
    return [row for row in cohort.get("comparison") or [] if row["quantity"] == COEFFICIENT]


def _cohortWords(row):
    patients = "" if row.get("patients") is None else f"{row['patients']} patients, "
    checked = "" if row.get("verified") else "; not verified against the source"
    return f"Percentile of the coefficient in a cohort: {patients}{row['source']}{checked}."
