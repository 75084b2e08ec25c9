"""A resource plan as a page, and as lines of text: two strategies side by side."""

import math
import os

from .. import __version__
from ..errors import missingPackage
from ..therapies import planner, plannerTasks
from .numbers import compact, percent, rounded
from .tables import Cell, Column, Table

_TEMPLATES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "templates")
_NOT_STATED, _NONE = "not stated", "–"
_MINUTES_PER_HOUR = 60.0
# Of the totals: title, and what it is of.
TOTALS = (("oneOff", "One-off work"), ("perYear", "Recurring tests, per year"), ("perPatient", "Each patient"),
          ("patients", "All patients"), ("all", "In all"))
PLURALS = {"scan": "scans", "sample": "blood samples", "counted sample": "samples in the well counter",
           "reading": "readings"}


def hours(total):
    """Text of a sum, in hours; a sum with a gap is *at least* its value."""
    if total.minutes is None:
        return _NOT_STATED
    if not total.minutes:
        return "none"
    return _duration(total.minutes) if total.isComplete else \
        f"≥\N{NO-BREAK SPACE}{_duration(total.minutes, isLowerLimit=True)}"


def _duration(minutes, isLowerLimit=False):
    """Minutes below an hour, tenths of an hour below a hundred, whole hours from there on; a limit is rounded down."""
    if minutes < _MINUTES_PER_HOUR:
        value, decimals, unit = minutes, 0, "min"
    else:
        value, unit = minutes / _MINUTES_PER_HOUR, "h"
        decimals = 1 if value < 99.95 else 0  # which would be printed as 100.0
    if isLowerLimit:
        value = math.floor(value * 10 ** decimals) / 10 ** decimals
    return f"{rounded(value, decimals)}\N{NO-BREAK SPACE}{unit}"


def render(plans, times=None):
    """The page as HTML; nothing in it refers to another file."""
    return _template().render(
        titles=[plan.title for plan in plans], version=__version__, totals=_totalsTable(plans),
        numbers=_numbersTable(plans), center=times.center if times else "", date=times.date if times else "",
        patients=plans[0].patients, cycles=plans[0].cycles,
        years=None if plans[0].years is None else compact(plans[0].years),
        isComplete=not any(plan.notStated for plan in plans), facts=_facts(plans), sources=_sources(plans),
        shares=_shares(plans), lines=[(plan.title, _linesTable(plan)) for plan in plans],
        gaps=[(plan.title, len(plan.notStated), _gaps(plan)) for plan in plans if plan.notStated])


def _template():
    try:
        import jinja2
    except ImportError as error:
        raise missingPackage("jinja2", "plan") from error
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(_TEMPLATES), autoescape=True,
                                     undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("plan.html")


def keysOf(plans):
    """Camera and roles of any of the plans, and all staff together."""
    keys = []
    for plan in plans:
        keys += [key for key in plan.keys if key not in keys]
    if planner.CAMERA in keys:
        keys = [planner.CAMERA, *(key for key in keys if key != planner.CAMERA)]
    return [*keys, "staff"]


def totalOf(plan, key, name):
    """One of the totals of a plan; none where it uses no camera."""
    if key == "staff":
        return plan.staffTotals[name]
    return plan.totals(key)[name] if key in plan.keys else planner.NOTHING


def keyTitle(key):
    return "Staff, all roles" if key == "staff" else planner.titleOf(key)


def _totalsTable(plans):
    """Rows: totals; columns: camera and roles of each plan, and the difference of two."""
    table = Table([Column("", isNumber=False), Column("", isNumber=False),
                   *(Column(plan.title) for plan in plans)], css="plan")
    if len(plans) > 1:
        table.columns.append(Column("Second less first"))
    for name, title in TOTALS:
        for index, key in enumerate(keysOf(plans)):
            row = [Cell(title if index == 0 else ""), Cell(keyTitle(key))]
            for plan in plans:
                total = totalOf(plan, key, name)
                row.append(Cell(hours(total), isMissing=total.minutes is None, isFlagged=not total.isComplete
                                and total.minutes is not None))
            if len(plans) > 1:
                row.append(Cell(differenceText(plans, key, name)))
            table.rows.append(row)
    return table


def differenceText(plans, key, name):
    """What the second plan takes more, in words."""
    minutes = planner.difference(plans[0], plans[1], key, name)
    if minutes is None:
        return "not known"
    if minutes == 0:
        return _NONE
    sign = "+" if minutes > 0 else "−"
    return f"{sign}{_duration(abs(minutes))}"


def _numbersTable(plans):
    kinds = [kind for kind in PLURALS if any(kind in plan.numbers() for plan in plans)]
    table = Table([Column("Number of", isNumber=False)], css="plan")
    for plan in plans:
        table.columns += [Column(plan.title, "each cycle"), Column("", "in all")]
    for kind in kinds:
        row = [Cell(PLURALS[kind])]
        for plan in plans:
            single, every = plan.numbers().get(kind, (0, 0))
            row += [Cell(f"{single}"), Cell(f"{every}")] if every else [Cell(_NONE), Cell(_NONE)]
        table.rows.append(row)
    return table


def _linesTable(plan):
    """Every task with its number and the minutes for one."""
    table = Table([Column("", isNumber=False), Column("Task", isNumber=False), Column("Number", isNumber=False),
                   *(Column(planner.titleOf(key), "min for one") for key in plan.keys)], css="plan dense")
    groups, per = plannerTasks.groups(), {plannerTasks.ONE_OFF: "once", plannerTasks.RECURRING: "a year"}
    last = None
    for line in plan.lines:
        group = line.task.group
        count = f"{compact(line.count)} {per.get(group, 'each cycle')}" if line.count is not None else _NOT_STATED
        row = [Cell("" if group == last else groups[group]), Cell(line.task.title, detail=line.source),
               Cell(count, isMissing=line.count is None)]
        last = group
        for key in plan.keys:
            if key not in line.minutes:
                row.append(Cell(_NONE))
            else:
                value = line.minutes[key]
                row.append(Cell(_NOT_STATED, isMissing=True) if value is None else Cell(compact(value)))
        table.rows.append(row)
    return table


def gapWords(what):
    """What a task does not state, in words."""
    return ", ".join(text if text == "number per year" else planner.titleOf(text).lower() for text in what)


def _gaps(plan):
    return [f"{title}: {gapWords(what)}" for title, what in plan.notStated]


def _facts(plans):
    found = []
    for plan in plans:
        found += [fact["words"] for fact in plan.facts if fact["words"] not in found]
    return found


def _sources(plans):
    return sorted({fact["source"] for plan in plans for fact in plan.facts})


def _shares(plans):
    return [(plan.title, percent(plan.imageProcessingShare)) for plan in plans
            if plan.imageProcessingShare is not None]


def _totalWords(plan, name):
    """Sums of camera and roles in one line; those of which nothing is stated last."""
    found = [(keyTitle(key), totalOf(plan, key, name)) for key in keysOf([plan])]
    parts = [f"{title} {hours(total)}" for title, total in found if total.minutes is not None]
    blank = [title for title, total in found if total.minutes is None]
    if len(blank) == len(found):
        return _NOT_STATED
    return "; ".join([*parts, f"{_NOT_STATED}: {', '.join(blank)}"] if blank else parts)


def planLines(plans):
    """The plans as lines of text for a terminal."""
    lines = []
    for plan in plans:
        lines += [f"{plan.title} ({plan.protocolId})", f"{plan.patients} patients, {plan.cycles} cycles each"]
        lines += [f"  {PLURALS[kind]}: {single} each cycle, {every} in all"
                  for kind, (single, every) in plan.numbers().items()]
        lines += [f"  {title}: {_totalWords(plan, name)}" for name, title in TOTALS]
        if plan.notStated:
            lines.append(f"  Incomplete: times of {len(plan.notStated)} tasks are not stated in full")
        lines.append("")
    if len(plans) > 1:
        lines += ["Second less first, in all: " + "; ".join(
            f"{keyTitle(key)} {differenceText(plans, key, 'all')}" for key in keysOf(plans)), ""]
    if plans[0].years is None:
        lines.append("Recurring tests are not part of the sum in all: give --years to add them.")
    lines += ["What a survey of centers found (not part of any sum):", *(f"  {words}" for words in _facts(plans))]
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]
