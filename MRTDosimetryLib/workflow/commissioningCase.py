"""One case of the commissioning: a known number, what the program finds, and whether that is close enough."""

import math
from dataclasses import dataclass, field, replace

from ..resources import dataPath, loadJSON

PASS, FAIL, NOT_RUN = "PASS", "FAIL", "not run"
# Results of one machine repeat to the bit, those of another differ in the last digits of single precision.
_NOISE_OF_TOLERANCE, _NOISE_OF_VALUE = 1e-3, 1e-9


@dataclass(frozen=True)
class Case:
    """A number held against what it has to be.

    Attributes
    ----------
    key : str
        Stays the same from version to version, so that results can be compared.
    subject, name, quantity, unit : str
    expected, computed : float or None
        ``None`` where the case was not run.
    source : str
        Where the expected value comes from.
    tolerance : float
        Largest deviation that passes; a fraction of ``expected`` where ``isRelative``.
    reason : str
        Why the tolerance is what it is.
    note : str
        What else belongs to the value, e.g. that it is the worst of several.
    problem : str
        Why it was not run.
    details : tuple of dict
        ``label``, ``quantity``, ``unit``, ``expected``, ``computed`` of all values that the case stands for.
    seconds : float
    """

    key: str
    subject: str
    name: str
    quantity: str = ""
    unit: str = ""
    expected: float | None = None
    computed: float | None = None
    source: str = ""
    tolerance: float | None = None
    isRelative: bool = False
    reason: str = ""
    note: str = ""
    problem: str = ""
    isOptional: bool = False
    details: tuple = field(default=())
    seconds: float = 0.0

    @property
    def deviation(self):
        """Difference from the expected value, relative where ``isRelative``; ``None`` when there is no number."""
        if self.expected is None or self.computed is None or not math.isfinite(self.computed):
            return None
        difference = self.computed - self.expected
        return difference / self.expected if self.isRelative else difference

    @property
    def status(self):
        if self.problem:
            return NOT_RUN
        return PASS if self.deviation is not None and abs(self.deviation) <= self.tolerance else FAIL

    @property
    def isPassed(self):
        return self.status == PASS or (self.status == NOT_RUN and self.isOptional)

    def __post_init__(self):
        for name in ("expected", "computed", "tolerance"):
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else float(value))

    def toDict(self):
        """JSON values; a number that is not finite becomes ``None`` and says so."""
        computed, note = self.computed, self.note
        if computed is not None and not math.isfinite(computed):
            computed, note = None, f"the result is not a finite number ({computed}); {note}".rstrip("; ")
        return {"key": self.key, "subject": self.subject, "name": self.name, "quantity": self.quantity,
                "unit": self.unit, "expected": self.expected, "source": self.source, "computed": computed,
                "tolerance": self.tolerance, "isRelative": self.isRelative, "toleranceReason": self.reason,
                "deviation": self.deviation, "status": self.status, "isOptional": self.isOptional, "note": note,
                "problem": self.problem, "seconds": round(self.seconds, 3), "details": list(self.details)}


@dataclass(frozen=True)
class Check:
    """A computation that gives one or several cases.

    Attributes
    ----------
    key, subject, title : str
        Stand in the result where the computation cannot be run.
    run : callable
        ``run(job, progress)`` yields :class:`Case`.
    share : float
        Of the time, for the progress.
    """

    key: str
    subject: str
    title: str
    run: object
    share: float = 1.0


@dataclass(frozen=True)
class Job:
    """What a check is told: whether to be quick, a folder for its files, and downloaded data sets: those with a
    reference file, and patients of the challenge."""

    isQuick: bool
    folder: str
    references: tuple = ()
    challenge: tuple = ()


def published(name):
    """Record ``name`` of the table of known numbers: values with ``source``, ``edition``, ``unit``."""
    return loadJSON(dataPath("commissioning.json"))["records"][name]


def sourceOf(record):
    return f"{record['source']} ({record['edition']})"


def worst(case, values):
    """The case with the value that deviates most; all of them as its details.

    Parameters
    ----------
    case : Case
        Without numbers.
    values : sequence of (str, float, float) or (str, float, float, str, str)
        Label, expected, computed; where they are of several kinds, also quantity and unit.
    """
    cases = [(label, replace(case, expected=expected, computed=computed,
                             **(dict(zip(("quantity", "unit"), own, strict=True)) if own else {})))
             for label, expected, computed, *own in values]
    # a value that is not a number is the worst there is
    label, found = max(cases, key=lambda item: math.inf if item[1].deviation is None else abs(item[1].deviation))
    note = f"worst of {len(cases)}: {label}" + (f"; {case.note}" if case.note else "")
    return replace(found, note=note, details=tuple(
        {"label": name, "quantity": item.quantity, "unit": item.unit, "expected": item.expected,
         "computed": item.toDict()["computed"]} for name, item in cases))


def isChanged(now, before):
    """Whether a result differs from that of an earlier run by more than numerical noise (two dicts of cases)."""
    if now["status"] != before.get("status"):
        return True
    values = now["computed"], before.get("computed")
    if None in values:
        return values[0] is not values[1]
    scale = abs(now["expected"]) if now["isRelative"] else 1.0
    noise = max(_NOISE_OF_TOLERANCE * now["tolerance"] * scale, _NOISE_OF_VALUE * abs(now["expected"]))
    return bool(abs(values[0] - values[1]) > noise)
