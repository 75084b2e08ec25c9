"""CONSTANCY.json: the tests of an instrument by a long-lived source, their control chart and when the next is due.

::

    {"schemaVersion": 1, "instrument": "gamma counter, room 4", "period": "quarterly",
     "source": {"name": "Cs-137, serial 123", "halfLifeHours": 263700, "halfLifeSource": "certificate"},
     "limits": {"warningPercent": 2, "actionPercent": 3},
     "reference": {"dateTime": "2026-01-05T09:00:00", "counts": 600000, "seconds": 60,
                   "backgroundCounts": 1200, "backgroundSeconds": 60},
     "tests": [{"dateTime": "2026-04-06T09:00:00", "counts": 597000, "seconds": 60, "backgroundCounts": 1180,
                "backgroundSeconds": 60}]}

``limits`` may be ``{"relativeSigma": 0.004}`` (2 and 3 standard deviations) or ``{"baseline": 10}`` (those of the first
ten tests). A test may state ``value`` in place of counts, e.g. an activity meter's reading.
"""

import json
import os
from datetime import date, datetime

from .. import jsonText
from ..errors import Faults, InputError
from ..physics import constancy, counting
from ..physics.nuclides import nuclide
from .protocol import hoursBetween, parseDateTime, positiveNumber

SCHEMA_VERSION = 1
_KEYS = {"schemaVersion", "instrument", "period", "source", "limits", "reference", "tests"}
_SOURCE_KEYS = {"name", "radionuclide", "halfLifeHours", "halfLifeSource"}
_TEST_KEYS = {"dateTime", "counts", "seconds", "backgroundCounts", "backgroundSeconds", "value", "note"}


def chartOf(path, today=None):
    """Control chart of a log.

    Parameters
    ----------
    path : str
    today : datetime.date, optional
        For what is overdue; the day itself when left out.

    Returns
    -------
    dict
        ``instrument``, ``source``, ``halfLifeHours``, ``limits`` (``warning``, ``action`` as fractions, ``source``),
        ``tests`` (``dateTime``, ``value``, ``expected``, ``deviation``, ``status``, ``words``), ``nextDue`` (ISO date),
        ``isOverdue``, ``status``: that of the last test.

    Raises
    ------
    InputError, FaultList
    """
    content, where = _read(path)
    faults = Faults()
    halfLife = None
    with faults.collect():
        halfLife = _halfLife(content["source"], f"{where}: source")
    reference, tests = None, []
    with faults.collect():
        reference = _value(content["reference"], f"{where}: reference")
    for position, item in enumerate(content["tests"]):
        with faults.collect():
            tests.append(_value(item, f"{where}: test {position + 1}"))
    faults.raiseIfAny()
    elapsed = [(hoursBetween(reference[0], moment, where), value) for moment, value in tests]
    if any(hours < 0 for hours, _net in elapsed):
        raise InputError("A test lies before the reference", where, "Check the dates")
    limits = _limits(content["limits"], elapsed, reference[1], halfLife, f"{where}: limits")
    results = constancy.controlChart(elapsed, reference[1], halfLife, limits)
    last = (tests[-1] if tests else reference)[0]
    due = constancy.nextDue(last.date(), content.get("period"))
    return {"instrument": content["instrument"], "source": content["source"].get("name", ""),
            "halfLifeHours": halfLife,
            "limits": {"warning": limits.warning, "action": limits.action, "source": limits.source},
            "tests": [{"dateTime": moment.isoformat(), "value": item.value, "expected": item.expected,
                       "deviation": item.deviation, "status": item.status, "words": item.words}
                      for (moment, _net), item in zip(tests, results, strict=True)],
            "nextDue": due.isoformat(), "isOverdue": (today or date.today()) > due,
            "status": results[-1].status if results else constancy.IN_CONTROL}


def lines(chart):
    """The chart in lines of text."""
    limits = chart["limits"]
    found = [f"{chart['instrument']}, {chart['source']}: warning from {limits['warning']:.2%}, action from "
             f"{limits['action']:.2%} ({limits['source']})"]
    for test in chart["tests"]:
        found.append(f"{test['dateTime'][:10]}  {test['value']:>12.6g}  expected {test['expected']:>12.6g}  "
                     f"{test['deviation']:>+8.2%}  {test['status']}" + (f"; {test['words']}" if test["words"] else ""))
    return [*found, f"Next test due on {chart['nextDue']}" + (": overdue" if chart["isOverdue"] else "")]


def _read(path):
    where = os.path.basename(str(path)).removesuffix(".partial")
    try:
        with open(path, encoding="utf-8") as file:
            content = jsonText.load(file, where)
    except FileNotFoundError:
        raise InputError("There is no such file", str(path), "Check the path of the constancy log") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The file cannot be read ({error.__class__.__name__})", str(path)) from None
    except json.JSONDecodeError as error:
        raise InputError(f"This is not valid JSON: {error.msg} in line {error.lineno}", where) from None
    if not isinstance(content, dict) or content.get("schemaVersion") != SCHEMA_VERSION:
        raise InputError("The file does not hold a constancy log of a known schemaVersion", where,
                         f'Give "schemaVersion": {SCHEMA_VERSION}')
    faults = Faults()
    for key in sorted(set(content) - _KEYS):
        faults.add(f"The key '{key}' is not known", where, f"Known are {', '.join(sorted(_KEYS))}")
    if not (isinstance(content.get("instrument"), str) and content["instrument"].strip()):
        faults.add("The instrument is not named", f"{where}: instrument")
    if content.get("period") not in constancy.PERIODS:
        faults.add(f"{content.get('period')!r} is no period of tests", f"{where}: period",
                   f"Use {', '.join(constancy.PERIODS)}")
    for key in ("source", "limits", "reference"):
        if not isinstance(content.get(key), dict):
            faults.add(f"'{key}' is not an object", where)
    if not isinstance(content.get("tests"), list):
        faults.add("The tests are not a list", f"{where}: tests", "Give [] while there is none")
    faults.raiseIfAny()
    return content, where


def _halfLife(source, where):
    for key in sorted(set(source) - _SOURCE_KEYS):
        raise InputError(f"The key '{key}' is not known", where, f"Known are {', '.join(sorted(_SOURCE_KEYS))}")
    if source.get("radionuclide") is not None and source.get("halfLifeHours") is None:
        return nuclide(source["radionuclide"]).halfLifeHours
    halfLife = positiveNumber(source.get("halfLifeHours"), "half-life of the source (h)", where)
    if not str(source.get("halfLifeSource") or "").strip():
        raise InputError("The half-life of the source has no source", where,
                         "State halfLifeSource, e.g. its certificate")
    return halfLife


def _value(item, where):
    """Date and time and net result of one test."""
    if not isinstance(item, dict):
        raise InputError("This is not an object", where)
    for key in sorted(set(item) - _TEST_KEYS):
        raise InputError(f"The key '{key}' is not known", where, f"Known are {', '.join(sorted(_TEST_KEYS))}")
    moment = parseDateTime(item.get("dateTime"), f"{where}.dateTime")
    if (item.get("value") is None) == (item.get("counts") is None):
        raise InputError("The result is not given once", where, "Give counts with seconds, or value")
    if item.get("value") is not None:
        return moment, positiveNumber(item["value"], "result", where)
    seconds = positiveNumber(item.get("seconds"), "counting time (s)", where)
    net = counting.netRate(item["counts"], seconds, item.get("backgroundCounts", 0),
                           item.get("backgroundSeconds", seconds), where=where)
    return moment, net.rateCps


def _limits(stated, elapsed, reference, halfLife, where):
    if set(stated) == {"warningPercent", "actionPercent"}:
        return constancy.percentLimits(stated["warningPercent"], stated["actionPercent"])
    if set(stated) == {"relativeSigma"}:
        return constancy.sigmaLimits(stated["relativeSigma"])
    if set(stated) == {"baseline"}:
        first = elapsed[:int(stated["baseline"])]
        if len(first) < stated["baseline"]:
            raise InputError(f"There are only {len(first)} tests for a baseline of {stated['baseline']}", where,
                             "State limits in percent until then")
        return constancy.limitsFromBaseline([constancy.relativeDeviation(value, reference, halfLife, hours)[1]
                                             for hours, value in first])
    raise InputError("The limits are not given in one of the known ways", where,
                     "Give warningPercent and actionPercent, or relativeSigma, or baseline")


def create(path, content):
    """Begin a log; it is read back before it is kept, and no log is written over.

    Parameters
    ----------
    path : str
    content : dict
        As the file holds it; ``tests`` may be left out.

    Returns
    -------
    dict
        Its chart.

    Raises
    ------
    InputError, FaultList
        A log that cannot be used, a file that is there already, or a folder that cannot be written to.
    """
    if os.path.exists(path):
        raise InputError("There is a file of this name already", str(path), "Give the instrument another name")
    return _replaced(path, {"schemaVersion": SCHEMA_VERSION, "tests": [], **content})


def addTest(path, test):
    """Add a test to a log on disk; the log stays as it was where the test cannot be used.

    Returns
    -------
    dict
        The chart with the new test.
    """
    content, where = _read(path)
    _value(test, f"{where}: new test")
    return _replaced(path, {**content, "tests": [*content["tests"], test]})


def _replaced(path, content):
    """Write a log where it can be used; its chart."""
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    partial = f"{path}.partial"
    try:
        with open(partial, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        chart = chartOf(partial, datetime.now().date())
        os.replace(partial, path)
    except OSError as error:
        raise InputError(f"The log cannot be written ({error.strerror or error})", str(path)) from None
    finally:
        if os.path.exists(partial):
            os.remove(partial)
    return chart
