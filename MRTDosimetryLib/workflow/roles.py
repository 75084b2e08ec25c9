"""Which role may draft, verify and sign what; rules that a center can edit.

The role is the one chosen at the desk: nobody is identified here. That a signature was made, by which name and in
which role, goes into the log of the study.
"""

import json
import os

from ..digests import digestOf
from ..errors import Faults, InputError
from ..resources import loadJSON, resourcePath

SCHEMA_VERSION = 1
ENVIRONMENT = "MRTDOSIMETRY_ROLES"
ROLES = ("physician", "physicist", "technologist")
# What can be done, as it is said in a refusal.
ACTS = {
    "draftRegion": "draft regions", "verifyRegion": "verify regions",
    "preparedBy": "sign that the report was prepared", "medicalPhysicsExpert": "sign the numbers",
    "treatingPhysician": "sign the report as the treating physician", "stateMeasurements": "state measurements",
}  # fmt: skip
STATE_MEASUREMENTS = "stateMeasurements"
_SIGN_OFF = "sign-off"
_PLACES = {STATE_MEASUREMENTS: "measurements"}


def rules():
    """The rules in force.

    Returns
    -------
    dict
        ``mayDo`` (act -> list of roles), ``isFourEyes`` and ``path``.

    Raises
    ------
    InputError, FaultList
        The center's own file cannot be read or holds something else: then nothing can be signed.
    """
    path = os.environ.get(ENVIRONMENT) or resourcePath("Roles", "roles.json")
    return {**_checked(_read(path), path), "path": path}


def require(act, role):
    """Refuse what is not a role's business.

    Returns
    -------
    dict
        ``rules``: digest of the rules that allow it, for the log.

    Raises
    ------
    InputError
        Unknown role, or one that may not do this.
    """
    if role not in ROLES:
        raise InputError(f"'{role}' is not a role", _PLACES.get(act, _SIGN_OFF), f"Use {', '.join(ROLES)}")
    found = rules()
    allowed = found["mayDo"][act]
    if role not in allowed:
        mend = f"This is for the {' or the '.join(allowed)}" if allowed else "By the rules of the center nobody does"
        raise InputError(f"The {role} does not {ACTS[act]}", _PLACES.get(act, _SIGN_OFF), mend)
    return {"rules": digestOf([found["mayDo"], found["isFourEyes"]])}


def refusal(act, role):
    """Why a role may not do something, in words; an empty text where it may."""
    try:
        require(act, role)
    except InputError as error:
        return " ".join(f"{fault.what}. {fault.mend}." if fault.mend else f"{fault.what}." for fault in error.faults)
    return ""


def requireOther(name, otherName, what):
    """With four eyes, refuse a second signature by the person of the first one.

    Parameters
    ----------
    name : str
        Who signs now.
    otherName : str or None
        Who signed before.
    what : str
        What that person did, as words after "who".
    """
    if otherName is not None and _isSamePerson(name, otherName) and rules()["isFourEyes"]:
        raise InputError(f"By the four-eyes rule of the center another person has to sign than {otherName}, who {what}",
                         _SIGN_OFF, "Let somebody else look at it and sign")


def _isSamePerson(name, other):
    return " ".join(str(name).casefold().split()) == " ".join(str(other).casefold().split())


def _read(path):
    try:
        return loadJSON(path)
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"The rules of the roles cannot be read ({error.__class__.__name__})", path,
                         f"Correct the file, or take {ENVIRONMENT} back") from None


def _checked(content, path):
    faults = Faults()
    if not isinstance(content, dict) or content.get("schemaVersion") != SCHEMA_VERSION \
            or not isinstance(content.get("mayDo"), dict):
        raise InputError("These are not rules of roles", path, "Start from a copy of Resources/Roles/roles.json")
    for key in sorted(set(content) - {"schemaVersion", "about", "fourEyes", "mayDo"}):
        faults.add(f"The key '{key}' is not known", path, "Known are about, fourEyes, mayDo, schemaVersion")
    if not isinstance(content.get("fourEyes"), bool):
        faults.add("fourEyes is neither true nor false", path)
    for act in sorted({*ACTS, *content["mayDo"]}):
        allowed = content["mayDo"].get(act)
        if act not in ACTS:
            faults.add(f"'{act}' is not something to be done", path, f"Known are {', '.join(ACTS)}")
        elif not isinstance(allowed, list) or not set(map(str, allowed)) <= set(ROLES):
            faults.add(f"The roles that {ACTS[act]} are not a list of roles", path, f"Use {', '.join(ROLES)}")
    faults.raiseIfAny()
    return {"mayDo": {act: list(content["mayDo"][act]) for act in ACTS}, "isFourEyes": content["fourEyes"]}
