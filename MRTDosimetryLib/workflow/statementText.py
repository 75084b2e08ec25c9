"""Statements as text: typed numbers, rows pasted from a spreadsheet, rows of a CSV file."""

import csv
import io
import os
import re

from ..errors import Faults, InputError

# "14,190" may be fourteen thousand or fourteen: never guessed.
_THOUSANDS = re.compile(r"^[+-]?[1-9]\d{0,2}(,\d{3})+$|^[+-]?[1-9]\d{0,2}(\.\d{3}){2,}$")
_DIGITS = 15


def isAmbiguous(text):
    """Whether a number's separator may stand for thousands or for decimals."""
    return bool(_THOUSANDS.match(text.strip()))


def textOf(value):
    """A stated value as it is typed; an empty text where nothing is stated."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict) and isinstance(value.get("file"), str):  # what was read of a file
        return value["file"]
    if isinstance(value, float):
        return f"{value:.{_DIGITS}g}"
    return str(value)


def valueOf(field, text):
    """What a typed text states.

    Parameters
    ----------
    field : Field
    text : str
        A number with decimal point or comma.

    Returns
    -------
    float, int, str, bool or None
        ``None`` for an empty text. What is no number stays text, to be refused in words where it is checked.
    """
    text = text.strip()
    if not text:
        return None
    if field.kind == "choice":
        # a choice may be of true and false
        return next((value for value, title in field.choices if text.lower() in (str(value).lower(), title.lower())),
                    text)
    if field.kind not in ("number", "integer") or isAmbiguous(text):
        return text
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return text
    return int(value) if field.kind == "integer" and value.is_integer() else value


def rowsOfText(fields, text, columns=None, where="Clipboard"):
    """Rows of a text as a spreadsheet or a CSV file holds it.

    Parameters
    ----------
    fields : tuple of Field
        Columns that are known, by their names or titles.
    text : str
        Lines of cells, separated by tabs, else by semicolons, else by commas. The first line names the columns; where
        it names none, the cells belong to ``columns``.
    columns : list of Field, optional
        In the order of the cells; without it a line of names is required.

    Returns
    -------
    list of dict
        Rows as stated.

    Raises
    ------
    InputError, FaultList
        Every fault, in words.
    """
    first = next(iter(text.strip("\r\n").splitlines()), "")
    delimiter = next((mark for mark in "\t;" if mark in first), ",")
    try:
        lines = [[cell.strip() for cell in line] for line in csv.reader(io.StringIO(text), delimiter=delimiter)]
    except csv.Error as error:
        raise InputError(f"This is no table of cells ({error})", where, "Give cells separated by tabs or commas") \
            from None
    lines = [line for line in lines if any(line)]
    if not lines:
        raise InputError("There are no measurements", where, "Copy the cells of a spreadsheet")
    known = {key: field for field in fields for key in (field.title.lower(), field.name.lower())}
    header = [known.get(cell.lower()) for cell in lines[0]]
    if columns is None or any(header):
        _requireHeader(header, lines[0], fields, where)
        lines = lines[1:]
    else:
        header = _columnsFor(lines, columns, where)
    if not lines:
        raise InputError("The file holds no measurements", where,
                         "Give a line of column names, then one line for each")
    faults, rows = Faults(), []
    for number, line in enumerate(lines, 1):
        if len(line) != len(header):
            faults.add(f"The line has {len(line)} values, but there are {len(header)} columns",
                       f"{where}, row {number}", "Write numbers with a decimal point, and separate columns by commas")
            continue
        row = {}
        for field, cell in zip(header, line, strict=True):
            if cell:
                with faults.collect():
                    row[field.name] = _cell(field, cell, f"{where}, row {number}")
        rows.append(row)
    faults.raiseIfAny()
    return rows


def rowsOfFile(fields, path, where=""):
    """Rows of a CSV file whose first line names the columns, and the file's name.

    Raises
    ------
    InputError, FaultList
        A file that cannot be read, and every fault in it.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            text = file.read()
    except FileNotFoundError:
        raise InputError("There is no such file", path, f"It is named under {where}" if where else "") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The file cannot be read ({error.__class__.__name__})", path, "Give a CSV in UTF-8") from None
    name = os.path.basename(path)
    if len([line for line in text.splitlines() if line.strip()]) < 2:
        raise InputError("The file holds no measurements", name, "Give a line of column names, then one line for each")
    return rowsOfText(fields, text, None, name), name


def _requireHeader(header, cells, fields, where):
    faults = Faults()
    for field, cell in zip(header, cells, strict=True):
        if field is None or header.count(field) > 1:
            faults.add(f"The column '{cell}' is not known, or there twice", where,
                       f"Known are {', '.join(item.name for item in fields)}, separated by commas")
    faults.raiseIfAny()


def _columnsFor(lines, columns, where):
    widest = max(len(line) for line in lines)
    if widest > len(columns):
        raise InputError(f"There are {widest} columns, but the table shows {len(columns)}", where,
                         "Copy the line of column names with them: " + ", ".join(item.title for item in columns))
    for line in lines:
        line += [""] * (widest - len(line))
    return columns[:widest]


def _cell(field, text, where):
    if field.kind in ("number", "integer") and isAmbiguous(text):
        raise InputError(f"'{text}' under {field.name} has a separator that may be of thousands or of decimals", where,
                         "Write it without separators of thousands and with a decimal point")
    value = valueOf(field, text)
    if field.kind in ("number", "integer") and isinstance(value, str):
        raise InputError(f"'{text}' under {field.name} is not a number", where,
                         "Write it with a decimal point and without a unit")
    return value
