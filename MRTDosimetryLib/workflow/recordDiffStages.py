"""What moved in one stage, told by quantity: main numbers region by region, the rest summarized."""

from .recordDiffTold import (
    ABSENT,
    isAboutZero,
    isOfLastDigits,
    keyTitle,
    pair,
    pathWords,
    percentOf,
    percentWords,
    resolved,
    wrapped,
)

# Main numbers of a stage, in the order in which they are told; the second ones only where the first did not move.
MAIN = {
    "regions": ("volumeML", "massG"),
    "kinetics": ("timeIntegratedActivityMBqH", "effectiveHalfLifeHours", "timeIntegratedActivityCoefficientH"),
    "dose": ("absorbedDoseGy", "absorbedDoseCoefficientGyPerGBq"),
    "radiobiology": ("bedGy",)}
_INSTEAD = {"timeIntegratedActivityCoefficientH": "timeIntegratedActivityMBqH",
            "absorbedDoseCoefficientGyPerGBq": "absorbedDoseGy"}
_MOST_REGIONS, _MOST_REST, _MOST_SINGLE, _MOST_ENTRIES = 12, 10, 2, 5
# Values of therapies that repeat others, told last.
_REPEATED = ("tables",)
# Heads of paths that go without saying.
_STAGES_SAID = ("regions", "therapy")
_NOTHING = (ABSENT, None, [], {})
_OF_FIT = ("candidates", "assumptions")
_IN_MAIN_RESULTS = "absorbedDoseGy"
# Results that repeat a choice.
_CHOICES = (["engine"], ["density"])


def stageLines(stage, contents, regionNames):
    """Lines of the numbers that moved in a stage.

    Parameters
    ----------
    stage : dict
        One of ``stages`` of :func:`.recordDiff.compare`.
    contents : sequence
        Results of both studies.
    regionNames : set of str
        Regions that both studies have.

    Returns
    -------
    list of str
        Indented, none longer than the terminal is wide.
    """
    primary = next((content.get("engine") for content in contents), None)
    # those of the first engine are the results themselves
    rows = [row for row in stage["moved"] if row["path"] not in _CHOICES and not (
        row["path"][2:4] == ["engines", primary])]
    text = _modelLines(rows, regionNames)
    for key in MAIN.get(stage["stage"], ()):
        own = [row for row in rows if _isOfRegion(row, key)]
        instead = {row["path"][1] for row in stage["moved"] if _isOfRegion(row, _INSTEAD.get(key))}
        text += _byRegion(key, [row for row in own if row["path"][1] not in instead
                                and row["path"][1] in regionNames])
        rows = [row for row in rows if row not in own]
    if stage["stage"] == "therapy":
        own = [row for row in rows if _isPlain(row)]
        text += [line for row in own for line in _single(row, contents)]
        rows = [row for row in rows if row not in own]
    return text + _rest(rows, contents, regionNames)


def _isOfRegion(row, key):
    return len(row["path"]) == 3 and row["path"][0] == "regions" and row["path"][2] == key


def _isPlain(row):
    """A value of the therapy itself, or of one object of it."""
    return len(row["path"]) == 2 or len(row["path"]) == 3 and not row["path"][2].isdigit()


def _modelLines(rows, regionNames):
    """Which curves are of another model now; what follows from that within the fits is summarized."""
    own = [row for row in rows if row["path"][0] == "regions" and row["path"][2:] == ["fit", "title"]
           and row["path"][1] in regionNames]
    return [f"  model of the time-activity curve, {row['path'][1]}: {pair(row['from'], row['to'])}" for row in own]


def _byRegion(key, rows):
    """A main number, region by region."""
    if not rows:
        return []
    title, unit = keyTitle(key)
    if key == _IN_MAIN_RESULTS:
        return [f"  {title}: see the main results"]
    text = [f"  {title}"]
    rows = [row for row in rows if not isOfLastDigits(row)]
    if not rows:
        return [f"  {title}: last digits alone"]
    shown = rows[:_MOST_REGIONS]
    width = min(max(len(row["path"][1]) for row in shown), 30)
    for row in shown:
        text += wrapped(f"{row['path'][1]:<{width}}  {pair(row['from'], row['to'], unit)}", 4)
    if len(rows) > len(shown):
        text.append(f"    and {len(rows) - len(shown)} more regions, by less")
    return text


def _single(row, contents):
    words, unit = pathWords(row["path"], contents)
    if row["path"][0] in _STAGES_SAID:
        words = words.partition(", ")[2]
    return wrapped(f"{words}: {pair(row['from'], row['to'], unit, not isAboutZero(row['path']))}")


def _rest(rows, contents, regionNames):
    """Everything else by what it belongs to."""
    groups = {}
    for row in rows:
        groups.setdefault(_groupOf(row["path"], regionNames), []).append(row)
    ordered = sorted(groups.items(), key=lambda item: (item[0][-1] in _REPEATED, -_largest(item[1])[0]))
    text = [line for group, own in ordered[:_MOST_REST] for line in _groupLines(group, own, contents, regionNames)]
    left = ordered[_MOST_REST:]
    if left:
        text.append(f"  and {_values(sum(len(own) for _group, own in left))} of {len(left)} more quantities (--json)")
    return text


def _groupOf(path, regionNames):
    if path[0] == "regions" and len(path) > 2:
        isOfFit = path[2] == "fit" and len(path) > 3 and path[3] in _OF_FIT
        return ("regions", path[1] if path[1] not in regionNames else path[3] if isOfFit else path[2])
    return tuple(path[:2]) if path[0] == "therapy" and len(path) > 1 else (path[0],)


def _groupLines(group, rows, contents, regionNames):
    if group[0] == "regions" and len(group) > 1 and rows[0]["path"][1] == group[1] not in regionNames:
        isSecond = rows[0]["from"] == ABSENT
        return [f"  {group[1]}: only in the {'second' if isSecond else 'first'} study"]
    if len(rows) <= _MOST_SINGLE:
        return [line for row in rows for line in _single(row, contents)]
    title = keyTitle(group[-1])[0]
    whole, rows = _wholeEntries(rows, contents)
    text = [line for words in whole for line in wrapped(f"{title}: {words}")]
    if not rows:
        return text
    if len(rows) <= _MOST_SINGLE:
        return text + [line for row in rows for line in _single(row, contents)]
    regions = {row["path"][1] for row in rows if row["path"][0] == "regions"}
    where = f" in {len(regions)} regions" if len(regions) > 1 else f" of {regions.copy().pop()}" if regions else ""
    largest = "" if group[-1] in _REPEATED else _largestWords(rows, contents, title)
    return text + wrapped(f"{title}{where}: {_countWords(rows)}{largest}")


def _countWords(rows):
    """How many values of which kind differ."""
    kinds = {"": 0, " only in the first study": 0, " only in the second study": 0}
    for row in rows:
        isFirst, isSecond = row["to"] in _NOTHING, row["from"] in _NOTHING
        kinds[" only in the first study" if isFirst else " only in the second study" if isSecond else ""] += 1
    return ", ".join(f"{_values(count)}{words}" for words, count in kinds.items() if count)


def _values(count):
    return "1 value" if count == 1 else f"{count} values"


def _wholeEntries(rows, contents):
    """Entries of a list that one of the studies lacks, in words, and the rows that are left."""
    found = {}
    for row in rows:
        parts = resolved(row["path"], contents)[0]
        place = next((number for number, (_part, isEntry) in enumerate(parts) if isEntry and number > 0), None)
        if place is not None and row["path"][0] != "regions":
            found.setdefault(tuple(row["path"][:place + 1]), (parts[place][0], []))[1].append(row)
    words, gone = [], []
    for name, own in found.values():
        sides = {"second" if row["from"] == ABSENT else "first" if row["to"] == ABSENT else "" for row in own}
        if len(own) > 1 and len(sides) == 1 and "" not in sides:
            words.append((name, sides.pop()))
            gone += own
    told = []
    for wanted in ("first", "second"):
        names = [name for name, side in words if side == wanted]
        more = f" and {len(names) - _MOST_ENTRIES} more" if len(names) > _MOST_ENTRIES else ""
        told += [f"{'; '.join(names[:_MOST_ENTRIES])}{more} only in the {wanted} study"] if names else []
    return told, [row for row in rows if row not in gone]


def _largest(rows):
    """(size in percent, row) of the largest change that percent tell something of."""
    told = [(abs(percent), row) for row in rows if not isAboutZero(row["path"])
            and (percent := percentOf(row["from"], row["to"])) is not None]
    return max(told, key=lambda item: item[0], default=(0.0, None))


def _largestWords(rows, contents, title):
    size, row = _largest(rows)
    if row is None or not size:
        return ""
    change = percentWords(percentOf(row["from"], row["to"]))
    if len(rows) == 1 or change == "last digits":
        return f", {change} alone"
    words, unit = pathWords(row["path"], contents)
    # the heads of the path are said by the stage and by the title
    said = {title, *({row["path"][1]} if len({tuple(own["path"][:2]) for own in rows}) == 1 else ())}
    place = ", ".join(part for part in words.split(", ")[row["path"][0] in _STAGES_SAID:] if part not in said)
    return f", largest change {change} ({place}: {pair(row['from'], row['to'], unit, False)})"
