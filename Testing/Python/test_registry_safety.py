"""The registry when a program dies in the middle of a write, when several write at once, and when it is damaged."""

import os
import shutil
import signal
import sqlite3

import pytest
import registryServers
import registryWriters
from registryExamples import CENTER, caseOf, manyCases

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.registry import database, maintenance, places, store

hasSIGKILL = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no SIGKILL")


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    """A new registry."""
    place = str(tmp_path / "cohort.sqlite") if request.param == "sqlite" else \
        request.getfixturevalue("postgresServer").newDatabase()
    database.createRegistry(place, CENTER).close()
    return place


@pytest.fixture
def file(tmp_path):
    path = str(tmp_path / "cohort.sqlite")
    with database.createRegistry(path, CENTER) as registry:
        store.takeOver(registry, manyCases(200))
    return path


@hasSIGKILL
def test_killedWhileWriting(place):
    acknowledged, kills = registryWriters.killWhileWriting(place, 10, number=300)
    assert len(acknowledged) > 10, "the writers were killed before they wrote"
    registryWriters.requireWhole(place, acknowledged, kills)


def test_twoWritersAtOnce(place):
    writers = [registryWriters.start(place, 1000 * number, 60) for number in range(2)]
    answers = [writer.communicate(timeout=120)[0].splitlines() for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0]
    acknowledged = {int(line) for lines in answers for line in lines[1:]}
    assert len(acknowledged) == 120
    assert registryWriters.requireWhole(place, acknowledged, 0) == 120


def test_twoThatWriteTheSameCaseAddItOnce(place):
    writers = [registryWriters.start(place, 0, 20) for _ in range(2)]
    assert [writer.wait(120) for writer in writers] == [0, 0]
    for writer in writers:
        writer.stdout.close()
    with database.openRegistry(place) as registry:
        assert len(store.readCases(registry)) == 20


def test_aReaderSeesOneStateWhileAnotherWrites(place):
    from sqlalchemy import func, select

    from MRTDosimetryLib.registry.schema import tables

    count = select(func.count()).select_from(tables().case)
    with database.openRegistry(place) as registry, database.openRegistry(place) as other:
        with registry.reading() as connection:
            before = connection.execute(count).scalar_one()
            store.addCase(other, caseOf())
            assert connection.execute(count).scalar_one() == before == 0
        with registry.reading() as connection:
            assert connection.execute(count).scalar_one() == 1


def test_settingsOfTheFile(file):
    with database.openRegistry(file) as registry, registry.reading() as connection:
        pragmas = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                   for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout")}
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1,
                       "busy_timeout": 30000}


def test_aHeldLockIsTold(file, monkeypatch):
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with database.openRegistry(file) as registry:
        assert len(store.readCases(registry)) == 200, "reading goes on"
        with pytest.raises(InputError, match="Another program keeps the registry locked"):
            store.addCase(registry, caseOf())
    holder.close()


def test_aFullDriveIsToldAndNothingIsHalfWritten(file):
    with database.openRegistry(file) as registry:
        with pytest.raises(InputError, match="no space left"), registry.writing() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1")  # SQLite takes the size that the file has
            store._insert(connection, manyCases(400, first=1000))
        assert len(store.readCases(registry)) == 200 and maintenance.check(registry) == []


# what is no registry, or none any more


def test_backupIsTheRegistry(file, tmp_path):
    copy = str(tmp_path / "backup.sqlite")
    with database.openRegistry(file) as registry:
        maintenance.backup(registry, copy)
        cases = store.readCases(registry)
        with pytest.raises(InputError, match="never overwritten"):
            maintenance.backup(registry, copy)
        with pytest.raises(InputError, match="no such folder"):
            maintenance.backup(registry, str(tmp_path / "none" / "copy.sqlite"))
    assert sorted(os.listdir(tmp_path)) == ["backup.sqlite", "cohort.sqlite"]
    with database.openRegistry(copy) as registry:
        assert store.readCases(registry) == cases and maintenance.check(registry) == []


def test_aServerIsBackedUpByItsOwnMeans(postgresServer):
    with database.createRegistry(postgresServer.newDatabase(), CENTER) as registry:
        with pytest.raises(InputError, match="pg_dump"):
            maintenance.backup(registry, "copy")


def test_aChangedNumberIsFound(file):
    with sqlite3.connect(file) as connection:
        connection.execute('UPDATE "registryRegion" SET "absorbedDoseGy" = 9 WHERE "caseId" = 5 AND position = 0')
    connection.close()
    with database.openRegistry(file) as registry:
        (problem,) = maintenance.check(registry)
    assert "its content is not what was written" in problem and "P-00004" in problem


def test_damagedPagesAreTold(file):
    with open(file, "r+b") as damaged:
        for page in range(3, 40):
            damaged.seek(page * 4096)
            damaged.write(b"\xa5" * 2048)
    with pytest.raises(InputError, match="damaged"), database.openRegistry(file) as registry:
        store.readCases(registry)


def test_checkTellsOfADamagedFile(file):
    size = os.path.getsize(file)
    with open(file, "r+b") as damaged:
        damaged.seek(size - 4096)
        damaged.write(b"\xa5" * 4096)
    with database.openRegistry(file) as registry:
        problems = maintenance.check(registry)
    assert problems and all("damaged" in problem for problem in problems)


def test_truncatedFile(file):
    with open(file, "r+b") as damaged:
        damaged.truncate(6000)
    with pytest.raises(InputError, match="damaged"):
        database.openRegistry(file)


def test_whatIsNoRegistry(tmp_path):
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
    connection.close()
    before = other.read_bytes()
    with pytest.raises(InputError, match="This is not a registry of MRTDosimetry"):
        database.openRegistry(str(other))
    with pytest.raises(InputError, match="SQLite file of another program"):
        database.createRegistry(str(other), CENTER)
    assert other.read_bytes() == before
    text = tmp_path / "notes.txt"
    text.write_text("notes of somebody", encoding="utf-8")
    for function in (database.openRegistry, lambda path: database.createRegistry(path, CENTER)):
        with pytest.raises(InputError, match="This is not a registry, or it is damaged at its beginning"):
            function(str(text))
        with pytest.raises(InputError, match="This is a folder"):
            function(str(tmp_path))
    assert text.read_text(encoding="utf-8") == "notes of somebody"
    with pytest.raises(InputError, match="There is no such registry"):
        database.openRegistry(str(tmp_path / "none.sqlite"))
    assert not (tmp_path / "none.sqlite").exists(), "a wrong path makes no file"
    with pytest.raises(InputError, match="no such folder"):
        database.createRegistry(str(tmp_path / "none" / "cohort.sqlite"), CENTER)


def test_aDatabaseOfAnotherKind(postgresServer):
    with pytest.raises(InputError, match="This is not a registry of MRTDosimetry"):
        database.openRegistry(postgresServer.newDatabase())
    with pytest.raises(InputError, match="The server has no such database"):
        database.openRegistry(postgresServer.url("nowhere"))


def test_aServerOutOfReach(tmp_path):
    if registryServers.missingReason().startswith("psycopg"):
        pytest.skip("psycopg is not installed")
    with pytest.raises(InputError, match="cannot be reached") as caught:
        database.openRegistry(f"postgresql://somebody:secretWord@/registry?host={tmp_path}")
    assert "secretWord" not in str(caught.value)


def test_aFileInterruptedWhileItWasMadeCanBeMadeAgain(tmp_path):
    empty, begun = str(tmp_path / "empty.sqlite"), str(tmp_path / "begun.sqlite")
    open(empty, "wb").close()
    connection = sqlite3.connect(begun)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    for path in (empty, begun):
        with database.createRegistry(path, CENTER) as registry:
            store.addCase(registry, caseOf())


def asAnotherUser():
    """Whoever may not write: nobody, where the tests run as root."""
    if not hasattr(os, "geteuid"):
        pytest.skip("rights of files are those of POSIX")
    if os.geteuid() == 0:
        os.seteuid(65534)


def test_aFolderThatCannotBeWritten(tmp_path_factory, request):
    import tempfile

    folder = tempfile.mkdtemp()
    path = os.path.join(folder, "cohort.sqlite")
    with database.createRegistry(path, CENTER) as registry:
        store.addCase(registry, caseOf())
    os.chmod(path, 0o444)
    os.chmod(folder, 0o555)
    euid = os.geteuid() if hasattr(os, "geteuid") else None
    try:
        asAnotherUser()
        with pytest.raises(InputError, match="its file and its folder|cannot be written"):
            with database.openRegistry(path) as registry:
                store.addCase(registry, caseOf(pseudonym="P-002"))
        with pytest.raises(InputError, match="its file and its folder|cannot be written"):
            database.createRegistry(os.path.join(folder, "new.sqlite"), CENTER)
    finally:
        if euid is not None:
            os.seteuid(euid)
        os.chmod(folder, 0o755)
        shutil.rmtree(folder)


@pytest.mark.parametrize("path, kind", [
    ("/data/cohort/a.sqlite", "nfs4"), ("/data/a.sqlite", None), ("/data/cohortOther/a.sqlite", None),
    ("/mnt/my drive/a.sqlite", "cifs"), ("/a.sqlite", None)])
def test_networkDrivesAreKnown(path, kind):
    mounts = [("/", "ext4"), ("/data", "xfs"), ("/data/cohort", "nfs4"), ("/mnt/my\\040drive", "cifs")]
    assert places.networkKindOf(path, mounts) == kind


def test_aNetworkDriveIsRefused(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "_networkKind", lambda path: "nfs4")
    with pytest.raises(InputError, match=r"network drive \(nfs4\).*PostgreSQL"):
        database.createRegistry(str(tmp_path / "cohort.sqlite"), CENTER)
    assert os.listdir(tmp_path) == []
