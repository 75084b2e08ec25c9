"""Signatures of a run of the commissioning: who takes it for the center, and whether it is still what was signed.

Beside the run lies ``signed.json``: a log of the signatures, each entry holding the hash of the one before, and the
digests of the run's files, sealed as the record of a study is. :func:`.recordVerify.verify` checks it.
"""

import json
import os
import shutil

from ..errors import InputError
from ..report import commissioningReport
from . import hashChain, recordSeal, recordVerify, roles
from .commissioning import HTML_NAME, JSON_NAME, readResult
from .outputs import stagedFolder
from .recordFiles import SIGNED, SignedCommissioning

SCHEMA_VERSION = 1
# The line of the page that is signed, and what the rules of the roles call it.
LINE = "medicalPhysicsExpert"
_WHERE = "sign-off"


def sign(folder, role, name):
    """Sign a run as it is: its page is written again with the signature.

    Parameters
    ----------
    folder : str
        Of the run.
    role : str
        Of :data:`.roles.ROLES`.
    name : str
        Of the person.

    Returns
    -------
    dict
        The entry of the log.

    Raises
    ------
    InputError
        No run there, or one that was edited since it was made or signed; no name, a role whose business this is not, a
        person who signed already or, with four eyes, who ran it.
    """
    allowed = roles.require(LINE, role)
    name = " ".join(str(name or "").split())
    if not name:
        raise InputError("There is no name to sign with", _WHERE, "Give your name")
    if not os.path.isfile(os.path.join(folder, JSON_NAME)):
        raise InputError("There is no run of the commissioning in this folder", str(folder),
                         "Name the sub-folder of one run")
    content, digest, warning = readResult(folder)
    faults = [warning] if warning else faultWords(folder)
    if faults:
        raise InputError(f"The run cannot be signed: {faults[0].rstrip('.')}", str(folder),
                         "Run the commissioning again")
    log = signatures(folder)
    roles.requireOther(name, (content.get("runBy") or {}).get("name"), "ran the commissioning")
    if any(entry["name"].casefold() == name.casefold() for entry in log):
        raise InputError(f"{name} signed this run already", _WHERE, "There is nothing more to sign")
    entry = hashChain.following(log, "signOff", _what(content), line=LINE, role=role, name=name, signed=digest,
                                **allowed)
    _write(folder, content, digest, [*log, entry])
    return entry


def _what(content):
    """What is signed, in words."""
    extent = "quick" if content["isQuick"] else "full"
    left = f", {len(content['leftOut'])} groups left out" if content.get("leftOut") else ""
    return f"Commissioning, {content['overall']['result']} ({extent}{left})"


def _write(folder, content, digest, log):
    with stagedFolder(folder) as staging:
        shutil.copyfile(os.path.join(folder, JSON_NAME), os.path.join(staging, JSON_NAME))
        with open(os.path.join(staging, HTML_NAME), "w", encoding="utf-8", newline="\n") as file:
            file.write(commissioningReport.render(content, digest, log))
        sealed = recordSeal.sealed({"kind": SignedCommissioning.kind, "schemaVersion": SCHEMA_VERSION, "inputs": [],
                                    "log": log}, content, staging)
        with open(os.path.join(staging, SIGNED), "w", encoding="utf-8", newline="\n") as file:
            json.dump(sealed, file, indent=1, ensure_ascii=False, allow_nan=False)
            file.write("\n")


def signatures(folder):
    """The signatures of a run, the oldest first; empty where nobody signed.

    Returns
    -------
    list of dict
        ``name``, ``role``, ``time`` (ISO 8601), ``what``, ``hash``, as of :func:`.hashChain.entries`.

    Raises
    ------
    InputError
        ``signed.json`` cannot be read.
    """
    if not os.path.exists(os.path.join(folder, SIGNED)):
        return []
    return SignedCommissioning(folder, areResultsNeeded=False).record.get("log") or []


def faultWords(folder):
    """What of a signed run is no longer as it was signed, one sentence each; empty too where nobody signed."""
    return recordVerify.verify(folder)["edited"] if os.path.exists(os.path.join(folder, SIGNED)) else []
