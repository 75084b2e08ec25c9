"""Whether the registry is sound, and a copy of it to be kept elsewhere."""

import os

from ..errors import Faults, InputError
from . import store
from .case import checkCase
from .schema import tables


def check(registry):
    """Examine every page, every entry and every digest.

    Returns
    -------
    list of str
        What is wrong; empty for a sound registry.
    """
    try:
        rows, cases, problems = _read(registry)
    except InputError as error:  # what is damaged so much that it cannot be read
        return [str(fault) for fault in error.faults]
    for row, found in zip(rows, cases, strict=True):
        if found.contentDigest() != row.contentDigest:
            problems.append(f"{found.words}: its content is not what was written.")
            continue
        faults = Faults()
        checkCase(found, found.words, faults)
        try:
            faults.raiseIfAny()
        except InputError as error:
            problems += [str(fault) for fault in error.faults]
    return problems


def _read(registry):
    """Rows, cases, and what the database itself says of its file."""
    case, problems = tables().case, []
    with registry.reading() as connection:
        if registry.isFile:
            found = [row[0] for row in connection.exec_driver_sql("PRAGMA integrity_check")]
            problems += [f"The file is damaged: {words}." for words in found if words != "ok"]
            orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            problems += [f"Table {row[0]} has lines of a case that is not there." for row in orphans]
        rows = connection.execute(case.select().order_by(case.c.id)).all()
        return rows, store.casesOf(connection, rows), problems


def backup(registry, path):
    """Copy the registry into a new file, also while others write; the key of the pseudonyms is not part of it.

    Raises
    ------
    InputError
        A registry on a server, a file that is there already, or one that cannot be written.
    """
    if not registry.isFile:
        raise InputError("A registry on a server is backed up by the server's own means", registry.place,
                         "Use pg_dump, or export to CSV")
    if os.path.exists(path):
        raise InputError("There is a file of this name already", str(path), "A backup is never overwritten")
    if not os.path.isdir(os.path.dirname(os.path.abspath(path))):
        raise InputError("There is no such folder", os.path.dirname(os.path.abspath(path)), "Make it first")
    partial = f"{path}.partial"
    try:
        registry.copyTo(partial)
        os.replace(partial, path)
    except OSError as error:
        raise InputError(f"The backup cannot be written ({error.strerror or error})", str(path)) from None
    finally:
        if os.path.exists(partial):
            os.remove(partial)
