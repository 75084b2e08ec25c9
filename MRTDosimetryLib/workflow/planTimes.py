"""The center's own times, edited one at a time: the file is read, changed, checked as a whole, and written back.

What cannot be is refused before anything is written, so that the file always holds what it says.
"""

import json
import os

from ..errors import InputError
from ..therapies import planner, plannerTasks
from . import plan

_MEND = "Give a number of 0 or more, or leave it empty where it is not known"


def setMinutes(path, task, key, value):
    """State the minutes for one of a task.

    Parameters
    ----------
    path : str
        File of the center's times.
    task : str
    key : str
        ``"camera"`` or a role.
    value : float, str or None
        ``None`` or an empty text takes a statement back: it is then not stated.

    Returns
    -------
    CenterTimes

    Raises
    ------
    InputError, FaultList
        The value is no number or negative, or the file cannot be read, written or is damaged.
    """
    name = "camera time" if key == planner.CAMERA else f"time of the {planner.titleOf(key).lower()}"
    minutes = _number(value, name, task)

    def change(content):
        entry = _entry(content, task)
        if key == planner.CAMERA:
            entry["cameraMinutes"] = minutes
        else:
            entry["staffMinutes"] = {**(entry.get("staffMinutes") or {}), key: minutes}

    return _change(path, change)


def setPerYear(path, task, value):
    """State how often a recurring test is made in a year; otherwise as :func:`setMinutes`."""
    count = _number(value, "number per year", task)
    return _change(path, lambda content: _entry(content, task).update(timesPerYear=count))


def setCount(path, protocolId, task, value):
    """State the number of a task in one protocol; ``None`` or an empty text: as the protocol has it."""
    count = _number(value, "number", task)

    def change(content):
        counts = dict(content.get("counts") or {})
        own = {name: number for name, number in counts.get(protocolId, {}).items() if name != task}
        if count is not None and count != plannerTasks.countsOf(protocolId).get(task):
            own[task] = count
        counts[protocolId] = own
        content["counts"] = {name: numbers for name, numbers in counts.items() if numbers}

    return _change(path, change)


def setSource(path, task, text):
    """State where the times of a task come from."""
    return _change(path, lambda content: _entry(content, task).update(source=" ".join(str(text).split())))


def setRole(path, role, takesPart):
    """State whether a role takes part at this center.

    Raises
    ------
    InputError
        Times of the role are stated, or it is the last one.
    """
    title = planner.titleOf(role).lower()

    def change(content):
        kept = [name for name in content.get("roles") or plannerTasks.roles() if name != role]
        stated = [entry["title"] if "title" in entry else name for name, entry in content["times"].items()
                  if (entry.get("staffMinutes") or {}).get(role) is not None]
        if not takesPart and stated:
            raise InputError(f"Times of the {title} are stated", stated[0], "Take them out first")
        if not takesPart and not kept:
            raise InputError("No role would be left", title, "Choose another one first")
        for entry in content["times"].values():
            if not takesPart and entry.get("staffMinutes"):
                entry["staffMinutes"].pop(role, None)
        content["roles"] = [name for name in plannerTasks.roles() if name in kept or (takesPart and name == role)]

    return _change(path, change)


def setAbout(path, center, date):
    """State the name of the center and the date of its times."""
    return _change(path, lambda content: content.update(center=" ".join(center.split()), date=" ".join(date.split())))


def _number(value, what, task):
    where = plannerTasks.catalog()[task].title
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, str):
        raise InputError(f"The {what} is '{value.strip()}', which is no number", where, _MEND)
    if not 0.0 <= value < float("inf"):
        raise InputError(f"The {what} is {value:g}", where, _MEND)
    return int(value) if value == int(value) else float(value)


def _entry(content, task):
    """The times of a task; an empty one where the file was made for other protocols."""
    return content["times"].setdefault(task, {"title": plannerTasks.catalog()[task].title, "staffMinutes": {}})


def _change(path, change):
    where, content = os.path.basename(str(path)), plan.readFile(path)
    plannerTasks.centerTimes(content, where)  # a damaged file is not made worse
    change(content)
    times = plannerTasks.centerTimes(content, where)
    partial = f"{path}.partial"
    try:
        with open(partial, "w", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
        os.replace(partial, path)
    except OSError as error:
        raise InputError(f"The file cannot be written ({error.strerror or error})", str(path),
                         "Choose a file that you may write") from None
    return times
