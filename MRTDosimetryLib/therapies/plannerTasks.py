"""Tasks of the resource planner, and the center's own times for them (``center.json``); nothing is guessed here.

Every time is the center's: ``None`` is *not stated*, and stays so. A time of 0 states that the task takes none.
"""

from dataclasses import dataclass

from ..errors import Faults, InputError
from ..resources import dataPath, loadJSON
from .inputs import number, refuseUnknown
from .registry import protocol

KIND, SCHEMA_VERSION = "center times", 1
ONE_OFF, RECURRING = "oneOff", "recurring"
_TOP_KEYS = {"kind", "schemaVersion", "about", "center", "date", "roles", "counts", "times"}
_TIME_KEYS = {"title", "cameraMinutes", "staffMinutes", "timesPerYear", "source"}
_ABOUT = ("Minutes of the center for one of each task. null: not stated, the plan is then incomplete and says so; 0: "
          "takes none. source: where the times of a task come from. Remove a role from roles where nobody of it takes "
          "part. counts changes the number of a task in one protocol, such as {\"lutetiumDotatate.multiTimePoint\": "
          "{\"spectScan\": 4}}.")


@dataclass(frozen=True)
class Task:
    """A piece of work.

    Attributes
    ----------
    id, title, group : str
    kind : str or None
        What is counted by it: "scan", "sample" ...
    usesCamera : bool
    """

    id: str
    title: str
    group: str
    kind: str | None = None
    usesCamera: bool = False


@dataclass(frozen=True)
class CenterTimes:
    """Times of a center.

    Attributes
    ----------
    center, date : str
        As stated, may be empty.
    roles : tuple of str
    camera : dict
        Task -> minutes of camera time for one; tasks without a stated value are absent.
    staff : dict
        (task, role) -> minutes for one; absent where not stated.
    perYear : dict
        Recurring test -> how often in a year; absent where not stated.
    counts : dict
        Protocol -> {task: number}, in place of the protocol's own.
    sources : dict
        Task -> where its times come from; absent where not stated.
    """

    center: str
    date: str
    roles: tuple
    camera: dict
    staff: dict
    perYear: dict
    counts: dict
    sources: dict


def catalog():
    """Tasks, id -> :class:`Task`, in their order."""
    return {entry["id"]: Task(**entry) for entry in loadJSON(dataPath("planning.json"))["tasks"]}


def groups():
    """Groups of tasks, id -> title, in their order."""
    return {entry["id"]: entry["title"] for entry in loadJSON(dataPath("planning.json"))["groups"]}


def roles():
    """Roles, id -> title, in their order."""
    return {entry["id"]: entry["title"] for entry in loadJSON(dataPath("planning.json"))["roles"]}


def facts(tasks):
    """What a survey of centers found that concerns ``tasks``; words with their source, never numbers for a sum.

    Returns
    -------
    list of dict
        ``words``, ``source``.
    """
    content = loadJSON(dataPath("planning.json"))["facts"]
    concerned = {name for task in tasks for name in (task.id, task.group, task.kind)}
    return [{"words": entry["words"], "source": content["source"]} for entry in content["entries"]
            if concerned & set(entry["concerns"])]


def countsOf(protocolId):
    """What a protocol asks for.

    Returns
    -------
    dict
        Task -> how many: in all for one-off work (1), for each cycle of each patient otherwise; ``None`` for
        recurring tests, which the center times.
    """
    content = protocol(protocolId)
    needs = content["resources"]
    found = {name: 1 for name in needs[ONE_OFF]} | {name: None for name in needs[RECURRING]}
    for entry in needs["perCycle"]:
        count = entry["count"] if "count" in entry else _numberOf(content[entry["countOf"]]["value"])
        found[entry["task"]] = count + entry.get("plus", 0)
    return found


def _numberOf(value):
    """Number of time points, of a list of times or as it stands."""
    return len(value) if isinstance(value, list) else value


def template(protocolIds):
    """An empty ``center.json`` with every task of the protocols, for the center to fill in."""
    tasks, asked = catalog(), roles()
    needed = {name for identifier in protocolIds for name in countsOf(identifier)}
    times = {}
    for name, task in tasks.items():
        if name not in needed:
            continue
        times[name] = {"title": task.title, **({"timesPerYear": None} if task.group == RECURRING else {}),
                       **({"cameraMinutes": None} if task.usesCamera else {}),
                       "staffMinutes": {role: None for role in asked}, "source": ""}
    return {"kind": KIND, "schemaVersion": SCHEMA_VERSION, "about": _ABOUT, "center": "", "date": "",
            "roles": list(asked), "counts": {}, "times": times}


def emptyTimes():
    """Times of a center that states none."""
    return CenterTimes("", "", tuple(roles()), {}, {}, {}, {}, {})


def centerTimes(content, where="center.json"):
    """Times from the content of a ``center.json``.

    Raises
    ------
    InputError, FaultList
        Every fault found: another kind of file, unknown tasks, roles or keys, times that are no numbers or negative.
    """
    if not isinstance(content, dict) or content.get("kind") != KIND:
        raise InputError("The file holds no times of a center", where, "Make one with mrt-dosimetry plan --template")
    if content.get("schemaVersion") != SCHEMA_VERSION:
        raise InputError("The file of the center is of another version", where, "Make a new one with --template")
    faults = Faults()
    with faults.collect():
        refuseUnknown(content, _TOP_KEYS, where)
    asked = _checkedRoles(content.get("roles"), where, faults)
    for key in ("center", "date"):
        if not isinstance(content.get(key, ""), str):
            faults.add(f"'{key}' is no text", where, "Give a text, or leave it empty")
    camera, staff, perYear, sources, tasks = {}, {}, {}, {}, catalog()
    times = content.get("times")
    if not isinstance(times, dict):
        faults.add("'times' is not there, or no object", where, "Give the times by task")
        times = {}
    for name, entry in times.items():
        place = f"{where}: {name}"
        if name not in tasks:
            faults.add(f"'{name}' is no task", where, f"Known are {', '.join(tasks)}")
            continue
        with faults.collect():
            refuseUnknown(entry, _TIME_KEYS, place)
            _readTimes(tasks[name], entry, asked, place, faults, camera, staff, perYear)
        with faults.collect():
            _readSource(name, entry, place, sources)
    counts = _checkedCounts(content.get("counts") or {}, where, faults)
    faults.raiseIfAny()
    return CenterTimes(content.get("center", ""), content.get("date", ""), asked, camera, staff, perYear, counts,
                       sources)


def _readSource(name, entry, place, sources):
    """Where the times of a task come from."""
    text = entry.get("source") if isinstance(entry, dict) else None
    if text is not None and not isinstance(text, str):
        raise InputError("'source' is no text", place, "Give a text, or leave it empty")
    if text and text.strip():
        sources[name] = text.strip()


def _readTimes(task, entry, asked, place, faults, camera, staff, perYear):
    minutes = entry.get("staffMinutes")
    if minutes is None:
        minutes = {}
    if not isinstance(minutes, dict):
        raise InputError("'staffMinutes' is no object", place, "Give minutes by role")
    for role, value in minutes.items():
        if role not in asked:
            if value is not None:
                faults.add(f"'{role}' is not among the roles of the center", place, f"Its roles are {', '.join(asked)}")
            continue
        with faults.collect():
            _take(staff, (task.id, role), value, f"time of the {role}", place)
    for key, target, isTaken, what in (
            ("cameraMinutes", camera, task.usesCamera, "camera time"),
            ("timesPerYear", perYear, task.group == RECURRING, "number per year")):
        value = entry.get(key)
        if value is not None and not isTaken:
            faults.add(f"'{key}' is stated, but this task has none", place, "Remove it")
            continue
        with faults.collect():
            _take(target, task.id, value, what, place)


def _take(target, key, value, what, place):
    if value is not None:
        target[key] = number(value, what, place, 0.0, mend="Give a number of 0 or more, or null where it is not known")


def _checkedRoles(value, where, faults):
    known = roles()
    if value is None:
        return tuple(known)
    if not isinstance(value, list) or not value or not all(isinstance(role, str) for role in value):
        faults.add("'roles' is no list of roles", where, f"Give some of {', '.join(known)}")
        return tuple(known)
    unknown = [role for role in value if role not in known]
    if unknown:
        faults.add(f"'{unknown[0]}' is no role", where, f"Known are {', '.join(known)}")
    return tuple(role for role in known if role in value)


def _checkedCounts(value, where, faults):
    found = {}
    if not isinstance(value, dict) or not all(isinstance(entry, dict) for entry in value.values()):
        faults.add("'counts' is no object of protocols with numbers by task", where,
                   'Give e.g. {"lutetiumDotatate.multiTimePoint": {"spectScan": 4}}')
        return found
    for identifier, entry in value.items():
        place = f"{where}: counts: {identifier}"
        with faults.collect():
            own = countsOf(identifier)
            changeable = [name for name, count in own.items() if count is not None]
            for name, count in entry.items():
                if name not in changeable:
                    faults.add(f"'{name}' is no task whose number this protocol states", place,
                               f"Those are {', '.join(changeable)}")
                elif isinstance(count, bool) or not isinstance(count, int) or count < 0:
                    faults.add(f"The number of '{name}' is {count!r}", place, "Give a whole number of 0 or more")
                else:
                    found.setdefault(identifier, {})[name] = count
    return found
