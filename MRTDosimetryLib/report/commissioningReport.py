"""The commissioning as one page that a center signs and keeps."""

import math
import os

from ..errors import missingPackage
from .numbers import dateTimeText, minutesAndSeconds, rounded, signed, significant
from .tables import Footnotes

_TEMPLATES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "templates")
_NOTHING = "–"
_MARKS = {"PASS": "pass", "FAIL": "fail", "not run": "notrun"}
# Below this a relative deviation is told as a limit.
_SMALLEST_PERCENT = 0.001
_PROBLEMS_IN_WORDS = 4
# Lines beyond which the page needs smaller letters to stay one, on A4 as on US Letter, which is 18 mm lower.
_DENSITIES = ((71, "dense densest"), (63, "dense"))
# Characters of a problem on one line of the table, without and with the column of the last result.
_PROBLEM_CHARACTERS = (95, 55)
_SAME_PROBLEM = "as above"
# Of the cases on one line, in characters.
_LONGEST_NAME = 60


def template():
    """The template of the page.

    Raises
    ------
    PackageError
        jinja2 is not installed.
    """
    try:
        import jinja2
    except ImportError as error:
        raise missingPackage("jinja2", "commissioning") from error
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(_TEMPLATES), autoescape=True,
                                     undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("commissioning.html")


def render(content, digest, signatures=()):
    """The page as HTML; nothing in it refers to another file.

    Parameters
    ----------
    content : dict
        Content of ``commissioning.json``.
    digest : str
        SHA-256 of that file.
    signatures : sequence of dict
        Entries of the log of signatures; see :mod:`..workflow.commissioningSigned`.
    """
    sources, reasons, previous = Footnotes(), {}, content["previous"]
    rows = [_row(cases, sources, reasons, previous is not None) for cases in _lines(content["cases"])]
    _sayOnce(rows)
    problems = problemLines(content)
    return template().render(
        density=_density(rows, len(problems), previous is not None), problems=problems,
        overall=content["overall"], mark=_MARKS[content["overall"]["result"]], summary=summaryText(content),
        created=dateTimeText(content["created"]), version=content["versions"]["MRTDosimetry"],
        facts=_facts(content), groups=_groups(rows), sources=sources.entries(),
        reasons=[(number, text) for text, number in reasons.items()],
        notPassed=content["overall"]["failed"] + content["overall"]["notRun"], previous=previous,
        comparison=comparisonWords(previous), digest=digest, leftOut=leftOutWords(content),
        person=personText(content), signatures=[signatureText(entry) for entry in signatures])


def _sayOnce(rows):
    """A problem that stands in the row with a problem before is not printed again."""
    last = ""
    for row in rows:
        if row["problem"]:
            row["problem"], last = (_SAME_PROBLEM if row["problem"] == last else row["problem"]), row["problem"]


def _density(rows, problems, isCompared):
    """Class of the page: the more lines, the smaller the letters."""
    further = sum((len(row["problem"]) - 1) // _PROBLEM_CHARACTERS[isCompared] for row in rows if row["problem"])
    lines = len(rows) + further + problems + isCompared
    return next((name for least, name in _DENSITIES if lines > least), "")


def summaryText(content):
    """How many cases passed, failed and were not run."""
    overall = content["overall"]
    parts = [f"{overall['passed']} cases passed", f"{overall['failed']} failed"]
    if overall["notRun"]:
        parts.append(f"{overall['notRun']} not run")
    if overall["optionalNotRun"]:
        parts.append(f"{overall['optionalNotRun']} optional not run")
    if content.get("leftOut"):
        parts.append(f"{len(content['leftOut'])} groups left out")
    return ", ".join(parts)


def _facts(content):
    versions = dict(content["versions"])
    platform = content["platform"]
    own = [f"MRTDosimetry {versions.pop('MRTDosimetry')}", str(versions.pop("Slicer", None) or "without Slicer"),
           f"Python {versions.pop('Python')}"]
    versions.pop("platform", None)
    return [("Program", ", ".join(own)),
            ("Packages", ", ".join(f"{name} {value}" for name, value in versions.items())),
            ("Computer", f"{platform['system']}, {platform['processors']} processors"),
            ("Extent", f"{'quick' if content['isQuick'] else 'full'}, {minutesAndSeconds(content['seconds'])}"),
            *([("Run by", personText(content))] if content.get("runBy") else [])]


def personText(content):
    """Who ran it, with the role; empty where nobody is stated."""
    return ", ".join(text for text in (content.get("runBy") or {}).values() if text)


def signatureText(entry):
    """Who signed, in which role and when, with the beginning of the hash of that entry of the log."""
    return f"{entry['name']} ({entry['role']}), {dateTimeText(entry['time'])}, log {entry['hash'][:12]}"


def leftOutWords(content):
    """What is told of a run of some groups alone; empty for the whole commissioning."""
    left = content.get("leftOut") or []
    return f"Not the whole commissioning. Left out: {'; '.join(left)}." if left else ""


def _lines(cases):
    """Cases by the lines of the page: what passed alike stands on one line."""
    lines = []
    for case in cases:
        shared = _alike(case)
        alike = None if shared is None else next((line for line in lines if _alike(line[0]) == shared), None)
        if alike is not None and len(_sharedName([*alike, case])) <= _LONGEST_NAME:
            alike.append(case)
        else:
            lines.append([case])
    return lines


def _alike(case):
    """What cases of one line have in common; ``None`` for one that stands alone."""
    if case["status"] != "PASS" or case.get("isChanged") or ("previous" in case and case["previous"] is None):
        return None
    return tuple(case[key] for key in ("subject", "quantity", "unit", "source", "tolerance", "isRelative",
                                       "toleranceReason"))


def _sharedName(cases):
    """Names of cases as a list, what they begin or end with alike said once."""
    names = [case["name"] for case in cases]
    if len(names) == 1:
        return names[0]
    start = os.path.commonprefix(names)
    start = start[:start.rfind(" ") + 1]
    end = names[0][names[0].rfind(" ("):] if names[0].endswith(")") and " (" in names[0] else ""
    if not all(name.endswith(end) for name in names):
        end = ""
    own = [name[len(start):len(name) - len(end)] for name in names]
    # not those of names such as Y-90
    rest = [text[0].lower() + text[1:] if not start and text[1:].islower() else text for text in own[1:]]
    return start + ", ".join([own[0], *rest]) + end


def _row(cases, sources, reasons, isCompared):
    case = cases[0] if len(cases) == 1 else max(cases, key=_shareOfTolerance)
    status, name = case["status"], _sharedName(cases)
    count = sum(max(len(item["details"]), 1) for item in cases)
    if count > 1:
        name += f", worst of {count}"
    row = {"subject": case["subject"], "name": name, "status": status, "mark": _MARKS[status],
           # what is optional is told in full by docs/publicDataSets.md
           "problem": case["problem"].partition("; ")[0] if case["isOptional"] else case["problem"],
           "isOptional": case["isOptional"], "seconds": rounded(sum(item["seconds"] for item in cases), 1),
           "isChanged": bool(case.get("isChanged")), "source": sources.mark(case["source"]) if case["source"] else ""}
    digits = _digits(case)
    if not case["problem"]:
        row.update(quantity=case["quantity"], unit=case["unit"], expected=_number(case["expected"], digits),
                   computed=_number(case["computed"], digits), deviation=deviationText(case),
                   tolerance=toleranceText(case), reason=reasons.setdefault(case["toleranceReason"], len(reasons) + 1))
    if isCompared:
        row["last"] = _lastText(case, digits)
    return row


def _shareOfTolerance(case):
    return abs(case["deviation"]) / case["tolerance"] if case["tolerance"] else 0.0


def _lastText(case, digits, unit=""):
    """What an earlier run had found."""
    last = case["previous"]
    if last is None:
        return "new"
    if last["computed"] is None or case["problem"]:
        return last["status"]
    return _number(last["computed"], digits) + unit + (f" {last['status']}" if last["status"] != "PASS" else "")


def caseLines(case):
    """All there is to know of a case, as lines of text; numbers as on the page."""
    lines = [f"{case['subject']}, {case['name']}: {case['status']}"]
    if case["problem"]:
        lines.append(case["problem"])
    else:
        digits, unit = _digits(case), f" {case['unit']}" if case["unit"] else ""
        lines += [f"{case['quantity']}: computed {_number(case['computed'], digits)}{unit}, "
                  f"expected {_number(case['expected'], digits)}{unit}",
                  f"deviation {deviationText(case)}, tolerance ± {toleranceText(case)} ({case['toleranceReason']})",
                  f"expected from: {case['source']}"]
    if case["note"]:
        lines.append(case["note"])
    if "previous" in case:
        last = _lastText(case, _digits(case), f" {case['unit']}" if case["unit"] else "")
        lines.append(f"last run: {last}" + (", changed" if case.get("isChanged") else ""))
    return lines


def _digits(case):
    """So many that the tolerance shows in the numbers."""
    if not case["expected"] or not case["tolerance"]:
        return 2
    relative = case["tolerance"] / (1.0 if case["isRelative"] else abs(case["expected"]))
    return min(max(math.ceil(-math.log10(relative)) + 1, 3), 7)


def _number(value, digits):
    return _NOTHING if value is None else significant(value, digits)


def deviationText(case):
    """Deviation of a case that was run, in % where it is relative."""
    value = case["deviation"]
    if value is None:
        return "not a number"
    if not case["isRelative"]:
        return signed(value, 2)
    percent = 100.0 * value
    if percent and abs(percent) < _SMALLEST_PERCENT:
        return f"< {_SMALLEST_PERCENT:g} %"
    return f"{signed(percent, 2)} %"


def toleranceText(case):
    """Tolerance of a case that was run, in % where it is relative."""
    if case["isRelative"]:
        percent = 100.0 * case["tolerance"]
        return f"{_bare(percent)} %"
    return _bare(case["tolerance"]) if case["tolerance"] else "none"


def deviationOfTolerance(case):
    """Deviation and tolerance in one short text with their unit once: ``+0.12 / 3 %``."""
    deviation, tolerance = deviationText(case), toleranceText(case)
    shared = " %" if deviation.endswith(" %") and tolerance.endswith(" %") else ""
    return f"{deviation.removesuffix(shared)} / {tolerance}"


def _bare(value):
    text = significant(value, 2)
    if "×" in text:
        return text.removeprefix("1.0\N{NO-BREAK SPACE}× ")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _groups(rows):
    """Rows by subject, in their order."""
    groups = []
    for row in rows:
        if not groups or groups[-1]["subject"] != row["subject"]:
            groups.append({"subject": row["subject"], "rows": []})
        groups[-1]["rows"].append(row)
    return groups


def problemLines(content):
    """What did not pass, in words; at most so many that the page stays one."""
    found = []
    for case in content["cases"]:
        place = f"{case['subject']}, {case['name']}"
        if case["status"] == "FAIL":
            found.append(f"{place}: {case['quantity']} deviates by {deviationText(case)}, "
                         f"tolerance {toleranceText(case)}")
        elif case["status"] == "not run" and not case["isOptional"]:
            found.append(f"{place}: not run. {case['problem']}")
    left = len(found) - _PROBLEMS_IN_WORDS
    return found if left <= 0 else [*found[:_PROBLEMS_IN_WORDS], f"and {left} more, see the table"]


def comparisonWords(previous):
    """What changed since the run that a result was compared with; empty where there was none."""
    if previous is None:
        return []
    words = [f"Last result: {previous['result']} on {dateTimeText(previous['created'])} with version "
             f"{previous['version'] or 'not recorded'}, SHA-256 {previous['sha256'][:8]}…",
             f"changed beyond numerical noise: {len(previous['changed'])}" if previous["changed"]
             else "no case changed beyond numerical noise"]
    if previous["new"]:
        words.append(f"new: {len(previous['new'])}")
    if previous["missing"]:
        words.append(f"no longer there: {len(previous['missing'])}")
    if previous["warning"]:
        words.append(previous["warning"].rstrip("."))
    return words
