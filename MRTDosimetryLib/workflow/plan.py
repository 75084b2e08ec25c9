"""Resource plans from files: the center's own times in, one page or JSON out."""

import json
import os

from ..errors import Faults, InputError
from ..report import planReport
from ..therapies import planner, plannerTasks

KIND, SCHEMA_VERSION = "resource plan", 1
MOST_PROTOCOLS = 2


def writeTemplate(path, protocolIds):
    """Write an empty file of times for the protocols; an existing file is never overwritten.

    Raises
    ------
    InputError
        Unknown protocol, the file is there already, or it cannot be written.
    """
    text = json.dumps(plannerTasks.template(protocolIds), indent=1, ensure_ascii=False) + "\n"
    try:
        with open(path, "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise InputError("There is such a file already", str(path), "Name a new file: filled-in times are kept") \
            from None
    except OSError as error:
        raise InputError(f"The file cannot be written ({error.strerror or error})", str(path)) from None


def readTimes(path):
    """Times of a center.

    Raises
    ------
    InputError, FaultList
        Missing, unreadable or wrong content: every fault found.
    """
    return plannerTasks.centerTimes(readFile(path), os.path.basename(str(path)))


def readFile(path):
    """Content of a file of times as it stands there, not checked.

    Raises
    ------
    InputError
        Missing, or no JSON.
    """
    where = os.path.basename(str(path))
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file, parse_constant=_refuseConstant)
    except FileNotFoundError:
        raise InputError("There is no such file", str(path), "Make one with mrt-dosimetry plan --template") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The file cannot be read ({error.__class__.__name__})", str(path)) from None
    except json.JSONDecodeError as error:
        raise InputError(f"The file is not JSON ({error.msg}, line {error.lineno})", where) from None


def _refuseConstant(text):
    raise InputError(f"The file holds {text}, which is no number", "times", "Give a number, or null")


def makePlans(protocolIds, patients, cycles, times=None, years=None):
    """A plan for each of one or two protocols.

    Raises
    ------
    InputError, FaultList
        As :func:`.planner.makePlan`; no protocol, too many, or the same twice.
    """
    if not 1 <= len(protocolIds) <= MOST_PROTOCOLS or len(set(protocolIds)) != len(protocolIds):
        raise InputError(f"{len(protocolIds)} protocols are named", "--protocol", "Name one, or two different ones")
    faults, found = Faults(), []
    for identifier in protocolIds:
        with faults.collect():
            found.append(planner.makePlan(identifier, patients, cycles, times, years))
    faults.raiseIfAny()
    return found


def content(plans, times=None):
    """What ``--json`` prints."""
    return {"kind": KIND, "schemaVersion": SCHEMA_VERSION, "center": times.center if times else "",
            "date": times.date if times else "", "plans": [plan.toDict() for plan in plans]}


def writePage(path, plans, times=None):
    """Write the plans as one HTML page.

    Raises
    ------
    InputError
        jinja2 is missing, or the file cannot be written.
    """
    text = planReport.render(plans, times)
    try:
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise InputError(f"The page cannot be written ({error.strerror or error})", str(path)) from None
