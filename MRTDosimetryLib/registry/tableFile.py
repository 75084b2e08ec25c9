"""The registry as one CSV file and back: one line per region or value of a therapy, units in the column titles.

Numbers are written with all their digits, so that what is read is what was written. Replaced entries (the history) and
the key of the pseudonyms stay behind.
"""

import csv
import io
import os
from collections import defaultdict

from ..errors import FaultList, Faults, InputError
from .case import Case, RegionValues, checkCase
from .fields import CASE_FIELDS, INTEGER, NUMBER, REGION_FIELDS, SIGNATURE_FIELDS, THERAPY_FIELDS
from .store import withReason

FORMAT = "MRTDosimetry registry 1"
_FORMAT_TITLE, _SIGNATURES_TITLE = "format", "signed roles and times"
_COLUMNS = (_FORMAT_TITLE, *(field.title for field in CASE_FIELDS), _SIGNATURES_TITLE,
            *(field.title for field in (*REGION_FIELDS, *THERAPY_FIELDS)))
_CASE_COLUMNS = (*(field.title for field in CASE_FIELDS), _SIGNATURES_TITLE)
_IDENTITY = CASE_FIELDS[:5]
_MOST_FAULTS = 50


def writeTable(cases, path):
    """Write cases as CSV (UTF-8); whole or not at all.

    Raises
    ------
    InputError
        The file cannot be written.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    for case in cases:
        common = {_FORMAT_TITLE: FORMAT, _SIGNATURES_TITLE: "; ".join(" ".join(pair) for pair in case.signatures),
                  **_texts(CASE_FIELDS, [getattr(case, field.name) for field in CASE_FIELDS])}
        for region in case.regions:
            writer.writerow({**common, **_texts(REGION_FIELDS, [getattr(region, field.name)
                                                                for field in REGION_FIELDS])})
        for pair in case.therapyValues:
            writer.writerow({**common, **_texts(THERAPY_FIELDS, pair)})
    partial = f"{path}.partial"
    try:
        with open(partial, "w", encoding="utf-8", newline="") as file:
            file.write(text.getvalue())
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as error:
        raise InputError(f"The file cannot be written ({error.strerror or error})", str(path),
                         "Choose a folder you may write to") from None


def readTable(path, reason=None):
    """Cases of a CSV file, each checked.

    Parameters
    ----------
    path : str
    reason : str, optional
        Why cases are taken that were not signed by every role.

    Returns
    -------
    list of Case

    Raises
    ------
    InputError, FaultList
        Not such a file, or every fault of every line.
    """
    where = os.path.basename(str(path))
    rows = _rows(path, where)
    faults, grouped, lines = Faults(), defaultdict(list), {}
    for line, row in rows:
        key = tuple(row[field.title] for field in _IDENTITY)
        grouped[key].append((line, row))
        lines.setdefault(key, line)
    cases = []
    for key, group in grouped.items():
        found = Faults()
        case = _case(group, where, reason, found)
        if not found:
            checkCase(case, f"{where}, line {lines[key]}", found)
        cases.append(case)
        with faults.collect():
            found.raiseIfAny()
    _raise(faults, where)
    return cases


def _raise(faults, where):
    """All faults; of very many the first ones, and their number."""
    try:
        faults.raiseIfAny()
    except InputError as error:
        found = error.faults
        if len(found) <= _MOST_FAULTS:
            raise
        rest = InputError(f"There are {len(found) - _MOST_FAULTS} more faults", where, "Mend these first")
        raise FaultList([*found[:_MOST_FAULTS], rest]) from None


def _rows(path, where):
    """(line, {title: text}) of a file with the right columns."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            content = [(reader.line_num, row) for row in reader if row]
    except FileNotFoundError:
        raise InputError("There is no such file", str(path)) from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"The file cannot be read as CSV ({error})", str(path), "Save it as CSV in UTF-8") from None
    faults = Faults()
    for title in _COLUMNS:
        if header.count(title) != 1:
            faults.add(f"The column '{title}' is there {header.count(title)} times", where,
                       "Column titles, with their units, are those of an export")
    for title in header:
        if title not in _COLUMNS:
            faults.add(f"The column '{title}' is not known", where, "Remove it, or give it the title of an export")
    for line, row in content:
        if len(row) != len(header):
            faults.add(f"There are {len(row)} cells for {len(header)} columns", f"{where}, line {line}",
                       "Commas inside a cell need quotes; numbers have a decimal point")
    _raise(faults, where)
    rows = [(line, dict(zip(header, row, strict=True))) for line, row in content]
    for line, row in rows:
        if row[_FORMAT_TITLE] != FORMAT:
            faults.add(f"The format is '{row[_FORMAT_TITLE]}'; this version reads '{FORMAT}'", f"{where}, line {line}")
    if not rows:
        faults.add("The file holds no case", where)
    _raise(faults, where)
    return rows


def _case(group, where, reason, faults):
    """The case of its lines, or ``None`` after a fault."""
    firstLine, first = group[0]
    for line, row in group[1:]:
        differing = [title for title in _CASE_COLUMNS if row[title] != first[title]]
        if differing:
            faults.add(f"{', '.join(differing)} differ from line {firstLine} of the same case",
                       f"{where}, line {line}")
    values = _values(CASE_FIELDS, first, f"{where}, line {firstLine}", faults)
    signatures = _signatures(first[_SIGNATURES_TITLE], f"{where}, line {firstLine}", faults)
    regions, therapyValues = [], []
    for line, row in group:
        place = f"{where}, line {line}"
        hasRegion, hasValue = (any(row[field.title] for field in fields) for fields in (REGION_FIELDS, THERAPY_FIELDS))
        if hasRegion == hasValue:
            faults.add("The line holds a region and a value of the therapy" if hasRegion else
                       "The line holds neither a region nor a value of the therapy", place, "One of them per line")
        elif hasRegion:
            regions.append(RegionValues(**_values(REGION_FIELDS, row, place, faults)))
        else:
            therapyValues.append(tuple(_values(THERAPY_FIELDS, row, place, faults).values()))
    if faults:
        return None
    return withReason(Case(**values, signatures=signatures, regions=tuple(regions),
                           therapyValues=tuple(therapyValues)), reason)


def _signatures(text, where, faults):
    found = []
    for part in filter(None, (part.strip() for part in text.split(";"))):
        role, _space, time = part.partition(" ")
        if not time:
            faults.add(f"'{part}' is no role and time", where, f"Write {SIGNATURE_FIELDS[0].title}, a space, and the "
                       "time, with semicolons between")
        found.append((role, time.strip()))
    return tuple(found)


def _texts(fields, values):
    return {field.title: "" if value is None else _text(field, value)
            for field, value in zip(fields, values, strict=True)}


def _text(field, value):
    # the shortest text that gives the same number again
    return repr(float(value)) if field.kind == NUMBER else str(value)


def _values(fields, row, where, faults):
    return {field.name: _value(field, row[field.title], where, faults) for field in fields}


def _value(field, text, where, faults):
    text = text.strip()
    if not text:
        return None
    kind = {NUMBER: float, INTEGER: int}.get(field.kind, str)
    try:
        return kind(text)
    except ValueError:
        faults.add(f"'{text}' is no {'whole number' if kind is int else 'number'} ({field.title})", where,
                   "Write numbers with a decimal point and without a unit")
        return None
