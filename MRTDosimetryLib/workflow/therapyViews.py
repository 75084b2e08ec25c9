"""What the wizard shows of a therapy's calculation: values, limits, cycles, cohorts; and limits used in practice."""

import re

from ..errors import InputError
from ..physics.cohorts import COEFFICIENT
from ..report.quantities import lines
from ..report.therapyTables import FRAME_KEYS, decision
from ..therapies import prescription as prescriptions
from ..therapies import registry as therapies
from ..therapies.tissues import tissueNames
from . import protocol, statementEntry, statements, therapy

PRESCRIPTION, LIMITS = "prescription", "limits"
# What a therapy is evaluated for comes first.
_MAIN = ("prescribedActivityMBq", "nextActivityMBq", "targetActivityMBq", "maximumActivityGBq", "remainingActivityMBq",
         "remainingCycles", "achievedAbsorbedDoseGy", "wholeBodyAbsorbedDoseGy", "bloodAbsorbedDoseGy",
         "marrowAbsorbedDoseGy", "tumorAbsorbedDoseGy", "normalLiverAbsorbedDoseGy", "lungAbsorbedDoseGy")
# A word of the program: the tables have it in the clinic's.
_CODE = re.compile("[a-z][A-Z]")
# Values with tables of their own.
_IN_TABLES = ("alternatives", "relativeUncertainties", "cohort", LIMITS, "limitProbability", "accumulated")


def recommendation(study):
    """The sentence on activity or cycles with the words on who decides, or an empty text."""
    words = (therapy.value(study) or {}).get("recommendation") or ""
    return f"{words} {decision(words)}".strip() if words else ""


def valueRows(study):
    """Values of the calculation as lines with title, value, unit, uncertainty and interval (see
    :mod:`..report.quantities`), what the therapy is evaluated for first."""
    found = therapy.value(study)
    if found is None:
        return []
    order = [*(key for key in _MAIN if key in found["values"]), *found["order"]]
    content = {key: found["values"][key] for key in dict.fromkeys(order) if key not in (*FRAME_KEYS, *_IN_TABLES)}
    return [line for line in lines(content) if not (
        isinstance(line.value, str) and _CODE.search(line.value) and " " not in line.value)]


def limitRows(study):
    """What each limit of the prescription leaves, region by region; as of :func:`..therapies.allowance.evaluate`."""
    return _values(study).get(LIMITS) or []


def accumulatedRows(study):
    """Absorbed dose of each region over the cycles; as of :func:`..therapies.course.accumulated`."""
    return _values(study).get("accumulated") or []


def cohortRows(study, region=None):
    """Where the patient stands in published cohorts, as of :func:`..therapies.cohorts.comparisons`.

    Parameters
    ----------
    region : str, optional
        Only those of its absorbed dose per activity.
    """
    rows = (_values(study).get("cohort") or {}).get("comparison") or []
    return [row for row in rows if region is None or (row["region"] == region and row["quantity"] == COEFFICIENT)]


def tablesToShow(study):
    """(role, title) of the tables that the stages of statements and therapy wrote."""
    return _nodes(study, "vtkMRMLTableNode")


def chartsToShow(study):
    """(role, title) of the charts that the stages of statements and therapy wrote."""
    return _nodes(study, "vtkMRMLPlotChartNode")


def practiceLimits(study):
    """Limits used in practice for the therapy, for the user to take over.

    Returns
    -------
    list of (Limit, dict or None)
        The limit, and the row of a prescription that it becomes; ``None`` where it belongs to no region.
    """
    content = protocol.studyProtocol(study)
    if content is None or PRESCRIPTION not in protocol.studyStrategy(study).statements:
        return []
    keys = {title.lower(): key for key, title in prescriptions.QUANTITIES.items()}
    found = []
    for limit in therapies.therapy(content["therapy"]).limits:
        row = {"tissue": limit.tissue, "quantity": keys[limit.quantity.lower()], "valueGy": limit.value,
               "source": f"{limit.source} ({limit.scope}{'' if limit.isVerified else '; not verified'})"}
        found.append((limit, row if limit.tissue in tissueNames() and limit.unit == "Gy" else None))
    return found


def useLimit(study, number):
    """Add a limit of :func:`practiceLimits` to the prescription, with its source."""
    _limit, row = practiceLimits(study)[number]
    if row is None:
        raise InputError("This limit belongs to no region of an image", "prescription",
                         "State it as the wanted whole-body absorbed dose, or decide by it")
    stated = statements.stated(study).get(PRESCRIPTION) or {}
    if row in (stated.get(LIMITS) or []):
        raise InputError("This limit is stated already", "prescription")
    statementEntry.keep(study, PRESCRIPTION, {**stated, LIMITS: [*(stated.get(LIMITS) or []), row]})


def addEarlierResults(study, path):
    """Add the results file of an earlier cycle of the patient."""
    rows = statements.stated(study).get("earlierCycles") or []
    numbers = [row.get("cycle") or 0 for row in rows]
    statementEntry.keep(study, "earlierCycles",
                        [*rows, {"results": str(path), "cycle": max([len(rows), *numbers]) + 1}], source="file",
                        detail="")


def _values(study):
    return (therapy.value(study) or {}).get("values") or {}


def _nodes(study, className):
    found = []
    for stage in ("therapy", "measurements"):
        for role in ((study.stageRecord(stage) or {}).get("value") or {}).get("roles") or []:
            node = study.nodeByRole(role)
            if node is not None and node.IsA(className):
                found.append((role, node.GetName()))
    return found
