"""A real PostgreSQL server of a test's own, where Debian's postgresql (or another installation) is at hand."""

import glob
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time

SUPERUSER = "mrt"


def missingReason():
    """Why there can be no server, or an empty text."""
    if os.name != "posix":
        return "the server of the tests needs a POSIX system"
    if importlib.util.find_spec("psycopg") is None:
        return "psycopg is not installed"
    if _programs() is None:
        return "no PostgreSQL server is installed (initdb and postgres)"
    if os.geteuid() == 0 and _account() is None:
        return "PostgreSQL does not run as root, and there is no other account to run it"
    return ""


class Server:
    """A server on a socket in a temporary folder; nothing listens on the network. It does not wait for the
    disk (-F): what is tested here is the registry, whose clients may die, not the server's own durability."""

    def __init__(self):
        programs = _programs()
        self._folder = tempfile.mkdtemp(prefix="mrt-postgres-")
        self._options = {}
        if os.geteuid() == 0:
            account = _account()
            os.chown(self._folder, account.pw_uid, account.pw_gid)
            self._options = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        data = os.path.join(self._folder, "data")
        self._run(os.path.join(programs, "initdb"), "-D", data, "-U", SUPERUSER, "-A", "trust", "-E", "UTF8",
                  "--locale=C")
        self._log = open(os.path.join(self._folder, "log"), "wb")
        self._process = subprocess.Popen(
            [os.path.join(programs, "postgres"), "-D", data, "-k", self._folder, "-h", "", "-F"], cwd=self._folder,
            stdout=self._log, stderr=self._log, **self._options)
        self._wait(os.path.join(programs, "pg_isready"))
        self._count = 0

    def _run(self, *command):
        answer = subprocess.run(command, cwd=self._folder, capture_output=True, text=True, timeout=120,
                                **self._options)
        assert answer.returncode == 0, answer.stdout + answer.stderr

    def _wait(self, isReady):
        end = time.monotonic() + 60
        while subprocess.run([isReady, "-h", self._folder], capture_output=True).returncode:
            assert self._process.poll() is None and time.monotonic() < end, self.log()
            time.sleep(0.05)

    def log(self):
        with open(os.path.join(self._folder, "log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def url(self, database):
        return f"postgresql://{SUPERUSER}@/{database}?host={self._folder}"

    def newDatabase(self):
        """URL of a new, empty database."""
        import psycopg

        self._count += 1
        name = f"registry{self._count}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def stop(self):
        self._process.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
        self._process.wait(60)
        self._log.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _account():
    import pwd  # POSIX only

    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return None


def _programs():
    """Folder of the server's programs, or ``None``."""
    folders = [os.path.dirname(os.path.realpath(path)) for path in (shutil.which("initdb"),) if path]
    folders += sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)
    for folder in folders:
        if all(os.access(os.path.join(folder, name), os.X_OK) for name in ("initdb", "postgres", "pg_isready")):
            return folder
    return None
