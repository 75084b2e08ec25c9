"""The registry opened: transactions that are whole or not at all, and faults of the database in words."""

import contextlib
import os
import pathlib
import sqlite3
import time
from datetime import datetime

from .. import __version__
from ..errors import InputError, missingPackage
from . import places, schema
from .pseudonyms import OTHER_KEY, checkCode

BUSY_SECONDS = 30
_LOCK = 0x4D525444  # of PostgreSQL: one writer at a time, as in a file
_HEADER = b"SQLite format 3\x00"


class Registry:
    """An open registry; use it in a ``with`` statement.

    Attributes
    ----------
    place : str
        File, or URL without its password.
    isFile : bool
    centerId : str
        Of the center that the registry belongs to.
    keyFingerprint : str or None
        Of the key that made the pseudonyms so far.
    """

    def __init__(self, engine, place, isFile):
        self._engine, self.place, self.isFile = engine, place, isFile
        self.centerId = self.keyFingerprint = None

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        self.close()

    def close(self):
        self._engine.dispose()

    @contextlib.contextmanager
    def reading(self):
        """A connection that sees one state of the registry, whatever others write meanwhile."""
        with _inWords(self.place), self._engine.connect() as connection:
            if not self.isFile:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextlib.contextmanager
    def writing(self):
        """A connection that alone writes. What is written is there, whole, once the block ends without an error;
        otherwise nothing of it is."""
        with _inWords(self.place), self._engine.connect() as connection:
            connection = connection.execution_options(isWriting=True)
            with connection.begin():
                if not self.isFile:
                    from sqlalchemy import text

                    connection.execute(text(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'"))
                    connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
                yield connection

    def keepFingerprint(self, connection, fingerprint):
        """Note the key of the pseudonyms; refuse another one than before.

        Raises
        ------
        InputError
            The registry's pseudonyms were made with another key.
        """
        from sqlalchemy import insert

        known = _information(connection).get("keyFingerprint")
        if known is None:
            connection.execute(insert(schema.tables().info).values(key="keyFingerprint", value=fingerprint))
            self.keyFingerprint = fingerprint
        elif known != fingerprint:
            raise InputError("The key is not that of this registry", self.place, OTHER_KEY)

    def copyTo(self, path):
        """Copy the file as it is now, also while others write, by SQLite's online backup."""
        with _inWords(self.place):
            source = sqlite3.connect(_uri(self.place, "rw"), uri=True, timeout=BUSY_SECONDS)
            target = sqlite3.connect(path)
            try:
                source.backup(target)
                target.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
            finally:
                target.close()
                source.close()


def createRegistry(place, centerId):
    """Make a new, empty registry and open it.

    Parameters
    ----------
    place : str
        File (in a local folder that exists) or URL of a PostgreSQL database.
    centerId : str
        Code of the center.

    Raises
    ------
    InputError
        There is one already, or another program's data; a place that cannot be written; a network drive.
    """
    if not _make(place, centerId):
        raise InputError("There is a registry already", _shown(place), "Open it, or name another place")
    return openRegistry(place)


def openOrCreate(place, centerId):
    """Open the registry of a place, which is made with ``centerId`` where there is none; see both functions."""
    _make(place, centerId)
    return openRegistry(place)


def openRegistry(place):
    """Open a registry that exists; an older one is brought up to date.

    Raises
    ------
    InputError
        No such registry, something else than one, damaged, of a newer version, or out of reach.
    """
    if not places.isServer(place):
        if not os.path.exists(place):
            raise InputError("There is no such registry", str(place),
                             "Check the path, or make it: mrt-dosimetry registry create")
        places.requireLocal(place)
        _requireHeader(place)
    with contextlib.ExitStack() as stack:
        registry = stack.enter_context(_connect(place, "rw"))
        with registry.reading() as connection:
            if not _isThere(connection):
                raise InputError("This is not a registry of MRTDosimetry", registry.place,
                                 "Name the registry's file, or make a new one: mrt-dosimetry registry create")
            version = _version(connection, registry.place)
        if version < schema.SCHEMA_VERSION:
            _update(registry, version)
        with registry.reading() as connection:
            known = _information(connection)
        registry.centerId, registry.keyFingerprint = known["centerId"], known.get("keyFingerprint")
        stack.pop_all()  # it stays open
    return registry


def _make(place, centerId):
    """Make the registry unless it is there; returns whether it was made."""
    checkCode(centerId, "center", "registry")
    if not places.isServer(place):
        _requireFolder(place)
        places.requireLocal(place)
        if os.path.exists(place) and os.path.getsize(place):
            _requireHeader(place)
    with _connect(place, "rwc") as registry:
        with registry.reading() as connection:
            if _isThere(connection):
                return False
            if registry.isFile and _tableNames(connection):
                raise InputError("This is the SQLite file of another program", registry.place, "Name another file")
        if registry.isFile:
            _useLog(registry)
        with registry.writing() as connection:
            if _isThere(connection):  # somebody else was faster
                return False
            _makeTables(connection, centerId)
    return True


def _connect(place, mode):
    _requirePackages(place)
    from sqlalchemy import create_engine, event
    from sqlalchemy.exc import ArgumentError
    from sqlalchemy.pool import NullPool

    if places.isServer(place):
        try:
            engine = create_engine(places.serverURL(place), poolclass=NullPool)
        except ArgumentError:
            raise InputError("The URL of the registry cannot be read", "registry",
                             "Write it as postgresql://USER@HOST/DATABASE") from None
        return Registry(engine, _shown(place), False)
    uri = _uri(place, mode)
    engine = create_engine("sqlite://", poolclass=NullPool,
                           creator=lambda: sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS))
    event.listen(engine, "connect", _onConnect)
    event.listen(engine, "begin", _onBegin)
    return Registry(engine, str(place), True)


def _onConnect(connection, _record):
    connection.isolation_level = None  # transactions begin where they are written, see _onBegin
    for pragma in ("foreign_keys = ON",
                   "synchronous = FULL", "fullfsync = ON",  # acknowledged is on the disk
                   "secure_delete = ON"):  # what is removed is overwritten
        connection.execute(f"PRAGMA {pragma}")


def _onBegin(connection):
    # A writer takes its lock at once: one that read first could only fail when it finds somebody else has written.
    isWriting = connection.get_execution_options().get("isWriting")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if isWriting else "BEGIN")


def _useLog(registry):
    """Write-ahead log: readers and a writer at once. The mode stays with the file."""
    end = time.monotonic() + BUSY_SECONDS
    with _inWords(registry.place):
        connection = sqlite3.connect(_uri(registry.place, "rwc"), uri=True, timeout=BUSY_SECONDS)
        try:
            while True:
                try:
                    connection.execute("PRAGMA journal_mode = WAL")
                    return
                except sqlite3.OperationalError as error:
                    # changing the mode does not wait for another connection as other statements do
                    if "locked" not in str(error) or time.monotonic() > end:
                        raise
                    time.sleep(0.02)
        finally:
            connection.close()


def _makeTables(connection, centerId):
    from sqlalchemy import insert

    tables = schema.tables()
    tables.metadata.create_all(connection, checkfirst=False)
    connection.execute(insert(tables.info), [{"key": key, "value": value} for key, value in {
        "kind": schema.KIND, "schemaVersion": str(schema.SCHEMA_VERSION), "centerId": centerId,
        "created": datetime.now().astimezone().isoformat(timespec="seconds"), "createdBy": __version__}.items()])


def _isThere(connection):
    if "registryInfo" not in _tableNames(connection):
        return False
    return _information(connection).get("kind") == schema.KIND


def _tableNames(connection):
    from sqlalchemy import inspect

    return set(inspect(connection).get_table_names())


def _information(connection):
    from sqlalchemy import select

    info = schema.tables().info
    return {key: value for key, value in connection.execute(select(info.c.key, info.c.value))}


def _version(connection, place):
    text = _information(connection).get("schemaVersion", "")
    if not text.isdigit():
        raise InputError("The registry does not state its version", place, "Restore it from a backup")
    if int(text) > schema.SCHEMA_VERSION:
        raise InputError(f"The registry is of version {text}, newer than this program, which reads up to "
                         f"{schema.SCHEMA_VERSION}; it was left as it is", place, "Install the newer program")
    return int(text)


def _update(registry, version):
    from sqlalchemy import update

    if registry.isFile:
        kept = f"{registry.place}.version{version}"
        if not os.path.exists(kept):
            registry.copyTo(kept)
    info = schema.tables().info
    with registry.writing() as connection:
        version = _version(connection, registry.place)  # somebody else may have done it meanwhile
        schema.migrate(connection, version)
        connection.execute(update(info).where(info.c.key == "schemaVersion").values(
            value=str(schema.SCHEMA_VERSION)))


def _requireFolder(path):
    folder = os.path.dirname(os.path.abspath(path))
    if os.path.isdir(path):
        raise InputError("This is a folder", str(path), "Name a file")
    if not os.path.isdir(folder):
        raise InputError("There is no such folder", folder, "Make it, or name another one")


def _requireHeader(path):
    if os.path.isdir(path):
        raise InputError("This is a folder", str(path), "Name the registry's file")
    try:
        with open(path, "rb") as file:
            head = file.read(len(_HEADER))
    except OSError as error:
        raise InputError(f"The registry cannot be read ({error.strerror or error})", str(path),
                         "Ask for the right to read and write it") from None
    if head != _HEADER:
        raise InputError("This is not a registry, or it is damaged at its beginning", str(path),
                         "Name the registry's file, or restore it from a backup")


def _requirePackages(place):
    try:
        import sqlalchemy  # noqa: F401
    except ImportError:
        raise missingPackage("SQLAlchemy", "registry") from None
    if places.isServer(place):
        try:
            import psycopg  # noqa: F401
        except ImportError:
            raise InputError("A registry on PostgreSQL needs the package psycopg", "registry",
                             "Install it: pip install 'mrt-dosimetry[postgresql]'") from None


def _shown(place):
    """The place without its password."""
    if not places.isServer(place):
        return str(place)
    from sqlalchemy import make_url

    return make_url(places.serverURL(place)).render_as_string(hide_password=True)


def _uri(path, mode):
    return f"{pathlib.Path(os.path.abspath(path)).as_uri()}?mode={mode}"


@contextlib.contextmanager
def _inWords(place):
    """Errors of the database as faults in the user's words."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (sqlite3.Error, SQLAlchemyError) as error:
        raise _fault(getattr(error, "orig", None) or error, place) from error


_FAULTS = (
    ("malformed", "The registry's file is damaged", "Restore it from a backup"),
    ("not a database", "This is not a registry, or it is damaged", "Restore it from a backup"),
    ("locked", "Another program keeps the registry locked", "Close it, or try again in a minute"),
    ("lock timeout", "Another program keeps the registry locked", "Try again in a minute"),
    ("readonly", "The registry cannot be written", "Ask for the right to write its file and its folder"),
    ("unable to open", "The registry cannot be opened: SQLite writes a log beside its file",
     "Ask for the right to write its file and its folder"),
    ("full", "There is no space left on the drive of the registry", "Free some; nothing was lost"),
    ("permission denied", "The server does not allow it", "Ask for rights on the database"),
    ("password", "The server does not know this user or password", "Check the URL, or the password file of libpq"),
    ("does not exist", "The server has no such database", "Check the URL"),
    ("connection", "The server of the registry cannot be reached", "Check the URL and the network"),
)


def _fault(error, place):
    text = " ".join(str(error).split())
    for mark, what, mend in _FAULTS:
        if mark in text.lower():
            return InputError(f"{what} ({text})", place, mend)
    return InputError(f"The registry could not be used ({text})", place)
