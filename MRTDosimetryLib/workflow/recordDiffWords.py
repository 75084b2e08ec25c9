"""The difference of two finished studies in words with numbers: causes first, then what moved, stage by stage."""

import re

from ..errors import InputError
from . import calibrationUse
from .recordDiffStages import stageLines
from .recordDiffTold import (
    ABSENT,
    choiceValue,
    choiceWords,
    isOfLastDigits,
    keyTitle,
    numberPair,
    pair,
    pathWords,
    percentOf,
    percentWords,
    single,
    wrapped,
)
from .recordDiffValues import entryNames, isNumber
from .recordFiles import Finished

_ROWS_SHOWN = 8
_DIGITS = 12
# Of a number that was stated.
_STATED_DIGITS = 6
# More choices than this below one key are told in one line.
_MOST_CHOICES = 4
# Places in the study file of what was stated, not of what it states.
_NOT_SAID = ("digest", "date", "validUntil")
# Of the table of the main results: key, heading, and width.
_MAIN_KEYS = (("massG", "mass"), ("timeIntegratedActivityMBqH", "time-int. activity"),
              ("effectiveHalfLifeHours", "half-life"), ("bedGy", "BED"))
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


def lines(found):
    """Lines of the outcome of :func:`.recordDiff.compare`.

    Returns
    -------
    list of str
        None longer than the terminal is wide, but for names of files and words of the user.
    """
    if found["isSame"]:
        return ["Nothing differs: inputs, choices, versions and every number are the same."]
    studies = [_content(found[key]) for key in ("first", "second")]
    results = [study.results or {} for study in studies if study is not None][::-1]
    records = [study.record for study in studies if study is not None][::-1]
    text = [f"first:  {found['first']}", f"second: {found['second']}"]
    text += _section("Versions", [f"  {row['what']}: {row['from']} -> {row['to']}" for row in found["versions"]])
    text += _section("Inputs", [line for row in found["inputs"] for line in _inputLines(row)])
    stated = _stated(found, records)
    stated.update({f"{row['what']}: another file": f"{row['what']}: {row['details'][0]}" for row in found["inputs"]
                   if not row["files"]})
    text += _section("Facts of the time points", _causeLines(stated, found["facts"]))
    text += _section("Choices and overrides", _causeLines(stated, found["choices"]))
    text += _section("Main results, the second study against the first", _mainLines(found))
    common = _commonRegions(results)
    for stage in found["stages"]:
        body = [line for cause in dict.fromkeys(stated.get(cause, cause) for cause in stage["causes"])
                for line in wrapped(f"because: {cause}".replace("because: and follows", "and follows"))]
        text += _section(stage["title"], body + (stageLines(stage, results, common) or ["  nothing moved"]))
    return text + _section("Warnings", _warningLines(found["warnings"]))


def _content(folder):
    try:
        return Finished(folder)
    except InputError:  # moved since: keys stay as they are
        return None


def _commonRegions(results):
    names = [{region["name"] for region in content.get("regions") or []} for content in results]
    return set.intersection(*names) if names else set()


def _section(title, body):
    return ["", title, *body] if body else []


def _causeLines(stated, rows):
    return [line for words in dict.fromkeys(stated[_raw(row)] for row in rows) for line in wrapped(words)]


def _raw(row):
    """How the stages name it among their causes."""
    return f"{row['what']}: {row['from']} -> {row['to']}"


def _stated(found, records):
    """{cause as the stages name it: in words} of all facts and choices; those of one long list share their words."""
    words = _factTexts(found["facts"])
    choices = [record.get("choices") or {} for record in records]
    groups = {}
    for path, row in _folded([(_choicePath(row["what"], records), row) for row in found["choices"]], words):
        groups.setdefault(tuple(path[:2]) if len(path) > 2 else (*path, ""), []).append((path, row))
    for place, own in groups.items():
        if place[0] == calibrationUse.KEY and (digest := [row for path, row in own if path[-1] == "digest"]):
            change = f"{single(digest[0]['from'])} -> {single(digest[0]['to'])}"
            words.update((_raw(row), f"calibration of the scans: another record ({change})") for _path, row in own)
        elif len(own) > _MOST_CHOICES and place[-1] != "":
            shared = _listWords(list(place), own)
            words.update((_raw(row), shared) for _path, row in own)
        else:
            words.update((_raw(row), _choiceText(path, row, choices)) for path, row in own)
    return words


def _folded(choices, words):
    """The choices whose group both studies state; ``words`` gets those of groups that one of them lacks: the method in
    words, the rest as its number."""
    groups = {}
    for path, row in choices:
        groups.setdefault(path[0], []).append((path, row))
    left = []
    for own in groups.values():
        sides = {"second" if row["from"] == ABSENT else "first" if row["to"] == ABSENT else "" for _path, row in own}
        if len(own) <= _MOST_CHOICES or len(sides) > 1 or "" in sides:
            left += own
            continue
        method = next(((path, row) for path, row in own if path[-1] == "method"), own[0])
        text = f"{_choiceText(*method, ())}, with {len(own) - 1} more values"
        words.update((_raw(row), text) for _path, row in own)
    return left


def _listWords(path, own):
    changed = [(abs(percent), name, row) for name, row in own
               if (percent := percentOf(row["from"], row["to"])) is not None]
    sides = {"second" if row["from"] == ABSENT else "first" if row["to"] == ABSENT else "" for _path, row in own}
    text = f"{choiceWords(path)[0]}: {len(own)} values"
    if len(sides) == 1 and "" not in sides:
        return f"{text}, only in the {sides.pop()} study"
    if not changed:
        return f"{text} differ"
    _size, name, row = max(changed, key=lambda item: item[0])
    rest = [part for part in name[len(path):] if part != "value"]
    title, unit = keyTitle(rest[-1]) if rest else ("", "")
    place = ", ".join([*rest[:-1], title])
    return f"{text} differ, largest change {percentWords(percentOf(row['from'], row['to']))} " \
           f"({place}: {pair(row['from'], row['to'], unit, False)})"


def _choicePath(what, records):
    """The path of a choice whose names may hold points themselves."""
    if re.search(r"\s", what.partition(".")[0]):
        return [what]
    for record in records:
        study = record.get("study") or {}
        for content in (record.get("choices") or {}, {"regions": study.get("regions") or {}}):
            path, rest, node = [], what, content
            while rest:
                names = list(node) if isinstance(node, dict) else entryNames(node) if isinstance(node, list) else []
                fitting = [name for name in names if rest == name or rest.startswith(f"{name}.")]
                if not fitting:
                    break
                name = max(fitting, key=len)
                node = node[name] if isinstance(node, dict) else node[names.index(name)]
                path.append(name)
                rest = rest[len(name) + 1:]
            if path and not rest:
                return path
    return what.split(".")


def _choiceText(path, row, choices):
    if len(path) == 1 and " " in path[0]:
        return _raw(row)
    title, unit = choiceWords(path, choices)
    values = [choiceValue(path, row[key]) for key in ("from", "to")]
    return f"{title}: {_changeWords(*values, unit)}"


def _changeWords(one, other, unit=""):
    """A change of what was stated: no percent where one of both is missing."""
    if ABSENT in (one, other):
        old, new = ("not stated" if value == ABSENT else
                    f"{single(value)}{f' {unit}' if unit and isNumber(value) else ''}" for value in (one, other))
        return f"{old} -> {new}"
    if isNumber(one) and isNumber(other):
        return f"{one:.{_STATED_DIGITS}g} -> {other:.{_STATED_DIGITS}g}{f' {unit}' if unit else ''}" + (
            f" ({change})" if (change := percentWords(percentOf(one, other))) else "")
    return pair(one, other, unit)


def _factTexts(rows):
    """{fact as the stages name it: in words}; what changed alike at several time points is told once."""
    groups = {}
    for row in rows:
        point, text = _factWords(row)
        groups.setdefault(text, []).append((point, row))
    words = {}
    for text, own in groups.items():
        points = [point for point, _row in own]
        if len(points) > 1 and all(points):
            points = ["time points " + ", ".join(point.removeprefix("time point ") for point in points)]
        words.update((_raw(row), f"{points[0]}: {text}" if points[0] else text) for _point, row in own)
    return words


def _factWords(row):
    """Time point, empty where the row is one of no single fact, and what changed."""
    match = re.fullmatch(r"(time point .*?): (\w+)( \[.*\])?", row["what"], re.DOTALL)
    if not match:
        return "", _raw(row)
    title, unit = keyTitle(match.group(2))
    values = [ABSENT if row[key] is None else row[key] for key in ("from", "to")]
    # the key of a record where it was read says no more
    origin = "" if f" [{match.group(2)}]" == match.group(3) else match.group(3) or ""
    return match.group(1), f"{title}: {_changeWords(*values, unit)}{origin}"


def _mainLines(found):
    """One line per region: absorbed doses, and by how much what they rest on moved."""
    if not found["headline"]:
        moved = [row["path"] for stage in found["stages"] for row in stage["moved"]]
        isWithoutRegions = bool(moved) and not any(path[0] == "regions" for path in moved)
        return [] if isWithoutRegions else ["  no main number of a region moved"]
    regions, rows = {}, [row for row in found["headline"] if not isOfLastDigits(row)]
    if not rows:
        return ["  the main numbers of the regions moved in their last digits alone"]
    for row in rows:
        regions.setdefault(row["path"][0], {})[row["path"][1]] = row
    width = min(max(6, *map(len, regions)), 24)
    doses = {name: _mainDose(own.get("absorbedDoseGy")) for name, own in regions.items()}
    pairWidth = max(len(text) for text, _change in doses.values())
    doses = {name: f"{text:<{pairWidth}}  {change:>8}" if change else text for name, (text, change) in doses.items()}
    doseWidth = max(len("absorbed dose"), *map(len, doses.values()))
    columns = [(key, title) for key, title in _MAIN_KEYS if any(key in own for own in regions.values())]
    text = [f"  {'':<{width}}  {'absorbed dose':<{doseWidth}}" + "".join(f"  {title:>9}" for _key, title in columns)]
    for name, own in regions.items():
        cells = [f"  {_mainChange(own.get(key)):>{max(9, len(title))}}" for key, title in columns]
        text.append(f"  {name:<{width}}  {doses[name]:<{doseWidth}}{''.join(cells)}")
    return [line.rstrip() for line in text]


def _mainDose(row):
    if row is None:
        return "unchanged", ""
    if not (isNumber(row["from"]) and isNumber(row["to"])):
        return _sideWords(row, "Gy"), ""
    old, new = numberPair(row["from"], row["to"])
    return f"{old} -> {new} Gy", percentWords(percentOf(row["from"], row["to"]))


def _sideWords(row, unit):
    if ABSENT in (row["from"], row["to"]):
        side, value = ("second", row["to"]) if row["from"] == ABSENT else ("first", row["from"])
        return f"{single(value)} {unit}, only in the {side}"
    return f"{single(row['from'])} -> {single(row['to'])}"


def _mainChange(row):
    if row is None:
        return "-"
    if ABSENT in (row["from"], row["to"]):
        return ""
    return percentWords(percentOf(row["from"], row["to"])) or f"{single(row['from'])} -> {single(row['to'])}"


def _warningLines(warnings):
    """What is warned of; a warning that only has other numbers now is told once."""
    gone, text = list(warnings["gone"]), []
    for line in warnings["added"]:
        before = next((other for other in gone if _NUMBER.sub("#", other) == _NUMBER.sub("#", line)), None)
        if before is None:
            text += wrapped(f"new: {line}")
            continue
        gone.remove(before)
        numbers = [one for one, other in zip(_NUMBER.findall(before), _NUMBER.findall(line), strict=True)
                   if one != other]
        text += wrapped(f"changed: {line} (before: {', '.join(numbers)})")
    return text + [line for gone in gone for line in wrapped(f"gone: {gone}")]


def _inputLines(row):
    found = [f"  {row['what']}"]
    for item in row["files"][:_ROWS_SHOWN]:
        digests = " -> ".join("absent" if item[key] is None else item[key][:_DIGITS] for key in ("from", "to"))
        found.append(f"    {item['path']}: SHA-256 {digests}")
    if len(row["files"]) > _ROWS_SHOWN:
        found.append(f"    and {len(row['files']) - _ROWS_SHOWN} more files")
    if row.get("values"):
        return found + _valueLines(row["values"])
    return found + [line for words in row["details"] for line in wrapped(words, 4)]


def _valueLines(rows):
    """Values that differ between two files, those of a long list in one line."""
    rows = [row for row in rows if row["path"][0] not in _NOT_SAID] or rows
    groups = {}
    for row in rows:
        groups.setdefault(tuple(row["path"][:2]), []).append(row)
    text = []
    for path, own in groups.items():
        if len(own) > _MOST_CHOICES:
            text += wrapped(_listWords(list(path), [(item["path"], item) for item in own]), 4)
        else:
            for item in own:
                title, unit = pathWords(item["path"], [])
                text += wrapped(f"{title}: {_changeWords(item['from'], item['to'], unit)}", 4)
    return text
