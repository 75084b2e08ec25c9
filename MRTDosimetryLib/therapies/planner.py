"""Resource planner: camera time, staff time by role and samples of a protocol, times patients, times cycles.

Sums hold what the center states, and say where it states nothing: a sum with a gap is *at least* its value, and a sum
of which nothing is stated is no number. What a survey of other centers found is never part of a sum.
"""

from dataclasses import dataclass

from ..errors import Faults
from .plannerTasks import ONE_OFF, RECURRING, catalog, countsOf, emptyTimes, facts, roles
from .registry import protocol

CAMERA = "camera"


@dataclass(frozen=True)
class Total:
    """A sum of minutes.

    Attributes
    ----------
    minutes : float or None
        Sum of what is stated; ``None`` where nothing is.
    isComplete : bool
        Whether every part of it is stated.
    """

    minutes: float | None
    isComplete: bool

    def __add__(self, other):
        minutes, isComplete = (self.minutes or 0.0) + (other.minutes or 0.0), self.isComplete and other.isComplete
        # "at least 0" would say nothing and could be taken for none
        return Total(minutes if isComplete or minutes else None, isComplete)

    def times(self, factor):
        return Total(None if self.minutes is None else self.minutes * factor, self.isComplete)

    def toDict(self):
        return {"minutes": self.minutes, "isComplete": self.isComplete}


NOTHING = Total(0.0, True)


@dataclass(frozen=True)
class Line:
    """One task of a plan.

    Attributes
    ----------
    task : Task
    count : float or None
        For one-off work in all, for a recurring test in a year, otherwise for each cycle of each patient; ``None``
        where a recurring test has no stated number.
    minutes : dict
        ``"camera"`` (tasks that use one) and every role -> minutes for one, ``None`` where not stated.
    source : str
        Where the center has its minutes from; empty where not stated.
    """

    task: object
    count: float | None
    minutes: dict
    source: str = ""

    def total(self, key):
        """Minutes of the camera or of a role for ``count`` of the task."""
        if key not in self.minutes or self.count == 0:
            return NOTHING
        value = self.minutes[key]
        if value == 0:
            return NOTHING
        if value is None or self.count is None:
            return Total(None, False)
        return Total(value * self.count, True)

    @property
    def notStated(self):
        """What of it is not stated: ``"number per year"``, ``"camera"`` and roles."""
        if self.count == 0:
            return []
        missing = [key for key, value in self.minutes.items() if value is None]
        return (["number per year"] if self.count is None else []) + missing

    def toDict(self):
        return {"task": self.task.id, "title": self.task.title, "group": self.task.group, "count": self.count,
                "minutes": dict(self.minutes), "source": self.source, "notStated": self.notStated}


@dataclass(frozen=True)
class Plan:
    """The work of one protocol.

    Attributes
    ----------
    protocolId, title : str
    patients, cycles : int
    years : float or None
        Time over which recurring tests count; ``None``: they stand by themselves, per year.
    keys : tuple of str
        ``"camera"`` where a camera is used, and the roles of the center.
    lines : tuple of Line
    """

    protocolId: str
    title: str
    patients: int
    cycles: int
    years: float | None
    keys: tuple
    lines: tuple

    def sumOf(self, key, lines):
        total = NOTHING
        for line in lines:
            total = total + line.total(key)
        return total

    @property
    def oneOffLines(self):
        return [line for line in self.lines if line.task.group == ONE_OFF]

    @property
    def yearlyLines(self):
        return [line for line in self.lines if line.task.group == RECURRING]

    @property
    def cycleLines(self):
        return [line for line in self.lines if line.task.group not in (ONE_OFF, RECURRING)]

    def totals(self, key):
        """Sums of the camera or a role.

        Returns
        -------
        dict of Total
            ``oneOff``, ``perYear``, ``perCycle``, ``perPatient``, ``patients`` (all patients and cycles), and
            ``all``: one-off work, all patients, and the recurring tests where the years are stated.
        """
        oneOff, perYear = self.sumOf(key, self.oneOffLines), self.sumOf(key, self.yearlyLines)
        perCycle = self.sumOf(key, self.cycleLines)
        perPatient = perCycle.times(self.cycles)
        patients = perPatient.times(self.patients)
        whole = oneOff + patients
        if self.years is not None:
            whole = whole + perYear.times(self.years)
        return {"oneOff": oneOff, "perYear": perYear, "perCycle": perCycle, "perPatient": perPatient,
                "patients": patients, "all": whole}

    @property
    def staffTotals(self):
        """As :meth:`totals`, of all roles together."""
        added = None
        for key in self.keys:
            if key != CAMERA:
                found = self.totals(key)
                added = found if added is None else {name: added[name] + found[name] for name in found}
        return added

    def numbers(self):
        """What is counted: kind ("scan", "sample" ...) -> (per cycle, for all patients and cycles)."""
        found = {}
        for line in self.cycleLines:
            if line.task.kind is not None:
                found[line.task.kind] = found.get(line.task.kind, 0) + line.count
        return {kind: (count, count * self.cycles * self.patients) for kind, count in found.items()}

    @property
    def imageProcessingShare(self):
        """Share of image processing in the staff time of a cycle as the center states it; ``None`` where incomplete
        or without images."""
        whole, part = NOTHING, NOTHING
        lines = [line for line in self.cycleLines if line.task.group == "imageProcessing"]
        for key in self.keys:
            if key != CAMERA:
                whole, part = whole + self.sumOf(key, self.cycleLines), part + self.sumOf(key, lines)
        if not lines or not whole.isComplete or not whole.minutes:
            return None
        return part.minutes / whole.minutes

    @property
    def notStated(self):
        """(title of the task, what is not stated), for every task with a gap."""
        return [(line.task.title, line.notStated) for line in self.lines if line.notStated]

    @property
    def facts(self):
        return facts([line.task for line in self.lines])

    def toDict(self):
        return {"protocol": self.protocolId, "title": self.title, "patients": self.patients, "cycles": self.cycles,
                "years": self.years, "isComplete": not self.notStated,
                "lines": [line.toDict() for line in self.lines],
                "totals": {key: _dicts(self.totals(key)) for key in self.keys},
                "staffTotals": _dicts(self.staffTotals),
                "numbers": {kind: {"perCycle": single, "all": every}
                            for kind, (single, every) in self.numbers().items()},
                "imageProcessingShare": self.imageProcessingShare,
                "notStated": [{"task": title, "what": what} for title, what in self.notStated],
                "facts": self.facts}


def _dicts(totals):
    return {name: total.toDict() for name, total in totals.items()}


def makePlan(protocolId, patients, cycles, times=None, years=None):
    """The plan of a protocol.

    Parameters
    ----------
    protocolId : str
    patients, cycles : int
        Patients in all, and cycles of each.
    times : CenterTimes, optional
        Without them nothing is stated, and the plan holds numbers of scans and samples alone.
    years : float, optional
        Time over which recurring tests are added to the whole.

    Raises
    ------
    InputError, FaultList
        Unknown protocol; numbers that are not above zero.
    """
    faults = Faults()
    for value, what in ((patients, "patients"), (cycles, "cycles")):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            faults.add(f"The number of {what} is {value!r}", "plan", "Give a whole number of 1 or more")
    if years is not None and not (isinstance(years, (int, float)) and 0 < years < float("inf")):
        faults.add(f"The time of the plan is {years!r}", "plan", "Give a number of years above 0")
    with faults.collect():
        content = protocol(protocolId)
    faults.raiseIfAny()
    times = times or emptyTimes()
    lines = linesOf(protocolId, times)
    usesCamera = any(line.task.usesCamera for line in lines)
    keys = ((CAMERA,) if usesCamera else ()) + times.roles
    return Plan(protocolId, content["title"], patients, cycles, years, keys, tuple(lines))


def linesOf(protocolId, times=None):
    """The tasks of a protocol with what a center states of them, as of :func:`makePlan`."""
    times, tasks = times or emptyTimes(), catalog()
    counts = countsOf(protocolId) | times.counts.get(protocolId, {})
    lines = []
    for name in (name for name in tasks if name in counts):
        task = tasks[name]
        minutes = {CAMERA: times.camera.get(name)} if task.usesCamera else {}
        minutes |= {role: times.staff.get((name, role)) for role in times.roles}
        count = times.perYear.get(name) if task.group == RECURRING else counts[name]
        lines.append(Line(task, count, minutes, times.sources.get(name, "")))
    return lines


def titleOf(key):
    """Title of the camera or a role."""
    return "Camera" if key == CAMERA else roles()[key]


def difference(first, second, key, name):
    """Minutes that the second plan takes more than the first (less: negative), ``None`` where one is not complete.

    Parameters
    ----------
    key : str
        ``"camera"``, a role, or ``"staff"`` for all roles.
    name : str
        Which of the totals, see :meth:`Plan.totals`.
    """
    found = []
    for plan in (first, second):
        isThere = key == "staff" or key in plan.keys
        total = (plan.staffTotals if key == "staff" else plan.totals(key))[name] if isThere else NOTHING
        if not total.isComplete:
            return None
        found.append(total.minutes)
    return found[1] - found[0]
