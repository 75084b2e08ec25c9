"""Run the demo or the tests, each with all of its own set-up.

    python3 Testing/run.py demo [--out DIR]        the built-in digital patient; results in DIR (demo-output)
    python3 Testing/run.py tests [pytest options]  the tests; paths are relative to the repository

Further options of the demo are those of mrt-dosimetry demo.

Everything is installed into a virtual environment of its own, the folder .venv of the repository or the one
that MRTDOSIMETRY_VENV names; the system's Python stays as it is. Needs Python 3.11 to 3.13 and the package
index that pip is set up with; the standard library does the rest.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys

REPOSITORY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OLDEST, NEWEST = (3, 11), (3, 13)
RANGE = "{}.{} to {}.{}".format(*OLDEST, *NEWEST)
STAMP = "mrt-dosimetry.json"

# What pip may keep from the user's environment: where packages come from. Anything else, such as
# PIP_TARGET or PIP_USER, would install outside of the virtual environment.
PIP_SETTINGS = {"INDEX_URL", "EXTRA_INDEX_URL", "FIND_LINKS", "NO_INDEX", "TRUSTED_HOST", "CERT", "CLIENT_CERT",
                "PROXY", "TIMEOUT", "DEFAULT_TIMEOUT", "RETRIES", "CONFIG_FILE", "CACHE_DIR", "NO_CACHE_DIR",
                "KEYRING_PROVIDER"}
PYTHON_SETTINGS = {"PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PYTHONUTF8", "PYTHONIOENCODING"}

PROBE = ("import importlib.util as u, json, sys; print(json.dumps({'version': list(sys.version_info[:2]),"
         " 'venv': bool(u.find_spec('venv')), 'ensurepip': bool(u.find_spec('ensurepip')),"
         " 'pip': bool(u.find_spec('pip')), 'is64Bit': sys.maxsize > 2**32}))")


class SetupError(Exception):
    """What stands in the way, and how to mend it."""


def main(arguments):
    parser = argparse.ArgumentParser(prog="python3 Testing/run.py", description="Run the demo or the tests.")
    commands = parser.add_subparsers(dest="command", metavar="demo | tests")
    commands.required = True
    demo = commands.add_parser("demo", help="compute the built-in digital patient")
    demo.add_argument("--out", default="demo-output", metavar="DIR", help="folder of the results (demo-output)")
    commands.add_parser("tests", help="run the tests; further options go to pytest", add_help=False)
    options, rest = parser.parse_known_args(arguments)
    try:
        if options.command == "demo":
            program = prepare({"standalone"}, "mrt-dosimetry")
            return call([program, "demo", "--out", os.path.abspath(options.out)] + rest, os.getcwd())
        python = prepare({"standalone", "test"}, "python")
        return call([python, "-m", "pytest", "-n", "2", "--dist", "loadfile"] + rest, REPOSITORY,
                    QT_QPA_PLATFORM="offscreen", MPLBACKEND="Agg")
    except SetupError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        return 130


def say(text):
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def environment(**more):
    """The environment of the child processes: the user's, less what would reach into the virtual environment."""
    kept = {}
    for name, value in os.environ.items():
        upper = name.upper()
        isForeign = (upper.startswith("PYTHON") and upper not in PYTHON_SETTINGS
                     or upper.startswith("PIP_") and upper[4:] not in PIP_SETTINGS
                     or upper in ("VIRTUAL_ENV", "__PYVENV_LAUNCHER__"))
        if not isForeign:
            kept[name] = value
    kept.update(PYTHONNOUSERSITE="1", PIP_USER="0", PIP_DISABLE_PIP_VERSION_CHECK="1", **more)
    return kept


def call(command, folder, **more):
    """Run ``command`` with the terminal as it is, and hand on its exit code."""
    return subprocess.call(command, cwd=folder, env=environment(**more))


def prepare(extras, program):
    """Path of a program of the virtual environment, after the package and its extras are installed there."""
    folder = os.path.abspath(os.environ.get("MRTDOSIMETRY_VENV") or os.path.join(REPOSITORY, ".venv"))
    programs = os.path.join(folder, "Scripts" if os.name == "nt" else "bin")
    python, suffix = os.path.join(programs, "python"), ".exe" if os.name == "nt" else ""
    with open(os.path.join(REPOSITORY, "pyproject.toml"), "rb") as file:
        wanted = {"pyproject": hashlib.sha256(file.read()).hexdigest(), "repository": REPOSITORY}
    stamp = os.path.join(folder, STAMP)
    found = readStamp(stamp)
    installed = set(found.pop("extras", []))
    # A virtual environment whose base Python has gone, or was replaced by another version, no longer starts.
    facts = probe(python + suffix) if os.path.isdir(folder) else None
    isUsable = facts is not None and OLDEST <= tuple(facts["version"]) <= NEWEST
    if not (isUsable and found == wanted and extras <= installed):
        if not (isUsable and facts["pip"]):
            create(folder)
            installed = set()
        extras = sorted(extras | installed)
        writeStamp(stamp, {})
        install(python + suffix, extras)
        writeStamp(stamp, dict(wanted, extras=extras))
    return os.path.join(programs, program) + suffix


def readStamp(path):
    """What the last complete installation was made from; empty when there was none."""
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return {}


def writeStamp(path, content):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(content, file)


def probe(python):
    """Version and abilities of a Python; None when it does not run (a launcher without its Python, say)."""
    try:
        answer = subprocess.run([python, "-I", "-c", PROBE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                env=environment(), timeout=60, check=True)
        return json.loads(answer.stdout.decode())
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def pythons():
    """The running Python, then every other one on PATH whose name says that it may do."""
    yield sys.executable
    versions = [f"{OLDEST[0]}.{minor}" for minor in (12, 11, 13)]
    for name in ["python" + version for version in versions] + ["python3", "python"]:
        for folder in os.get_exec_path():
            path = shutil.which(name, path=folder)
            if path:
                yield path


def create(folder):
    """Make the virtual environment with the first Python that can."""
    stamp = os.path.join(folder, STAMP)
    if os.path.isdir(folder) and os.listdir(folder) and not os.path.exists(stamp):
        raise SetupError(f"{folder} is no virtual environment of MRTDosimetry's, so it is left as it is. Name another "
                         "folder by MRTDOSIMETRY_VENV, or move it away.")
    suitable, seen = [], []
    for python in pythons():
        facts = probe(python)
        if facts is None:
            continue
        seen.append("{}.{}".format(*facts["version"]))
        if OLDEST <= tuple(facts["version"]) <= NEWEST and facts["is64Bit"]:
            suitable.append((python, facts))
            if facts["venv"] and facts["ensurepip"]:
                break
    if not suitable:
        raise SetupError("MRTDosimetry needs a 64-bit Python {}; found only {}. Install one of these versions; it "
                         "is found when it is on PATH.".format(RANGE, ", ".join(sorted(set(seen))) or "none"))
    complete = [python for python, facts in suitable if facts["venv"] and facts["ensurepip"]]
    withPip = [python for python, facts in suitable if facts["venv"] and facts["pip"]]
    if not complete and not withPip:
        version = "{}.{}".format(*suitable[0][1]["version"])
        raise SetupError(f"{suitable[0][0]} has no venv and ensurepip modules, so it cannot make a virtual "
                         f"environment. Install them (on Debian and Ubuntu: python{version}-venv), or another "
                         f"Python {RANGE}.")
    say(f"Making a virtual environment in {folder}")
    python = (complete or withPip)[0]
    failure = f"The virtual environment could not be made in {folder}. Is the folder writable?"
    try:
        if os.path.exists(stamp):
            shutil.rmtree(folder)
        os.makedirs(folder, exist_ok=True)
        writeStamp(stamp, {})  # first of all, so that an interrupted start is known as ours the next time
    except OSError as error:
        raise SetupError(f"{error}\n{failure}") from error
    run([python, "-I", "-m", "venv"] + ([] if complete else ["--without-pip"]) + [folder], failure)
    if not complete:
        # pip can install into another environment than its own; so the system's pip brings the first one.
        run([python, "-I", "-m", "pip", "--python", folder, "install", "-qq", "pip"],
            "pip could not be installed. Install Python's ensurepip module (on Debian and Ubuntu the package "
            "python3-venv).")


def install(python, extras):
    say("Installing MRTDosimetry and what it needs (once; up to 2 GB and a few minutes)")
    run([python, "-I", "-m", "pip", "install", "-qq", "--no-input", "--editable",
         "{}[{}]".format(REPOSITORY, ",".join(extras))],
        "The packages could not be installed; pip's reason stands above. Without a network, or behind a proxy, name "
        "a package index that this computer reaches by pip's own settings (pip config, PIP_INDEX_URL, PIP_PROXY).")


def run(command, failure):
    """Run a step of the set-up; its output goes to standard error, so that standard output is the command's."""
    try:
        code = subprocess.call(command, env=environment(), stdout=sys.stderr)
    except OSError as error:
        raise SetupError(f"{error}\n{failure}") from error
    if code:
        raise SetupError(failure)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
