"""The three levels of the EANM enabling guide for any therapy: cohort, patient, prescription; and the cycles so far."""

from . import allowance, cohorts
from .case import Table, TherapyResult
from .course import accumulated, courses
from .registry import Supplement, registerSupplement

ACCUMULATED_TITLE = "Accumulated over the cycles"
STATEMENTS = (f"measurements.{cohorts.CONFIRMATION}", "earlierCycles", "prescription")


def evaluate(case, measured=()):
    """Cohort comparison, accumulation over the cycles and prescription, as far as the case states what they need.

    Parameters
    ----------
    case : TherapyCase
    measured : sequence of tuple
        As of :func:`.cohorts.evaluate`.

    Returns
    -------
    TherapyResult
        ``levelReached`` (1: activity and cohort; 2: absorbed doses of the patient; 3: a prescription by them),
        ``accumulated`` as of :func:`.course.accumulated`, and the values of :func:`.cohorts.evaluate` and
        :func:`.allowance.evaluate`.
    """
    found, warnings = courses(case)
    rows, words = accumulated(found, case.prescription)
    prescribed = allowance.evaluate(case, found)
    level = 3 if prescribed.values else 2 if found else 1
    tables = (_accumulatedTable(rows),) if any(len(row["cycles"]) > 1 for row in rows) else ()
    sums = TherapyResult({"levelReached": level, "accumulated": rows}, tuple(warnings + words), _assumptions(rows),
                         tables)
    return cohorts.evaluate(case, measured).joinedWith(sums).joinedWith(prescribed)


def _assumptions(rows):
    if not any(len(row["cycles"]) > 1 for row in rows):
        return ()
    words = ["Absorbed doses and BED of the cycles add up: full repair between cycles, no change of tissue. The "
             "uncertainty of a region's absorbed dose is taken as the same error in all cycles."]
    if any(row["estimatedCycles"] for row in rows):
        words.append("Cycles without images are estimated with the absorbed dose per activity of the nearest imaged "
                     "one; they are marked.")
    return tuple(words)


def _accumulatedTable(rows):
    return Table(ACCUMULATED_TITLE,
                 ("Region", "Cycles", "Of these estimated", "Absorbed dose (Gy)", "Uncertainty, k = 1 (Gy)",
                  "BED (Gy)"),
                 tuple((row["region"], ", ".join(map(str, row["cycles"])),
                        ", ".join(map(str, row["estimatedCycles"])) or "none", row["absorbedDoseGy"],
                        row["absorbedDoseUncertaintyGy"], row["bedGy"]) for row in rows))


registerSupplement(Supplement("levels", STATEMENTS, evaluate))
