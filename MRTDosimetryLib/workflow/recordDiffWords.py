"""The difference of two finished studies in words with numbers."""

from .recordDiffValues import words

# Of each stage; --json has all.
_ROWS_SHOWN = 8
_DIGITS = 12


def lines(found):
    """Lines of the outcome of :func:`.recordDiff.compare`, the largest changes first.

    Returns
    -------
    list of str
    """
    if found["isSame"]:
        return ["Nothing differs: inputs, choices, versions and every number are the same."]
    text = [f"first:  {found['first']}", f"second: {found['second']}"]
    text += _section("Versions", [f"{row['what']}: {row['from']} -> {row['to']}" for row in found["versions"]])
    text += _section("Inputs", [line for row in found["inputs"] for line in _inputLines(row)])
    text += _section("Facts of the time points", [_changed(row) for row in found["facts"]])
    text += _section("Choices and overrides", [_changed(row) for row in found["choices"]])
    text += _section("Main results", [words(row) for row in found["headline"]] or ["no main number of a region moved"])
    for stage in found["stages"]:
        rows = stage["moved"]
        body = [f"because: {cause}" for cause in stage["causes"]] + [words(row) for row in rows[:_ROWS_SHOWN]]
        if len(rows) > _ROWS_SHOWN:
            body.append(f"and {len(rows) - _ROWS_SHOWN} more values")
        text += _section(stage["title"], body or ["nothing moved"])
    text += _section("Warnings", [f"new: {line}" for line in found["warnings"]["added"]]
                     + [f"gone: {line}" for line in found["warnings"]["gone"]])
    return text


def _section(title, body):
    return ["", title, *(f"  {line}" for line in body)] if body else []


def _changed(row):
    return f"{row['what']}: {row['from']} -> {row['to']}"


def _inputLines(row):
    found = [row["what"]]
    for item in row["files"][:_ROWS_SHOWN]:
        digests = " -> ".join("absent" if item[key] is None else item[key][:_DIGITS] for key in ("from", "to"))
        found.append(f"  {item['path']}: SHA-256 {digests}")
    if len(row["files"]) > _ROWS_SHOWN:
        found.append(f"  and {len(row['files']) - _ROWS_SHOWN} more files")
    return found + [f"  {words}" for words in row["details"]]
