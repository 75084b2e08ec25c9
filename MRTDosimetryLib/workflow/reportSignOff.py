"""Who prepared, checked and decides on a report, and whether the results changed since."""

from ..errors import InputError
from ..report.htmlReport import SIGNATURE_TITLES
from . import hashChain, roles, signOff
from .stage import digestOf

# Role and its title, in the order of the signature lines of the report.
ROLES = tuple(zip(("preparedBy", "medicalPhysicsExpert", "treatingPhysician"), SIGNATURE_TITLES, strict=True))
_PREPARED, _EXPERT = ROLES[0][0], ROLES[1][0]
_CHOICE, _WHERE = "reportSignOff", "sign-off"


def sign(study, role, name, time=None, actingAs=None):
    """Sign the results as they are now.

    Parameters
    ----------
    role : str
        Of :data:`ROLES`: the line that is signed.
    name : str
        Of the person.
    time : str, optional
        ISO 8601; now, with its offset from UTC, when left out.
    actingAs : str, optional
        Of :data:`.roles.ROLES`: the role at the desk. Left out, it is the one that the line is for.

    Raises
    ------
    InputError
        Unknown role, one whose business this is not, no name, or results that are not up to date.
    """
    _requireRole(role)
    actingAs = actingAs or next(iter(roles.rules()["mayDo"][role]), None)
    allowed = roles.require(role, actingAs)
    name = str(name or "").strip()
    if not name:
        raise InputError("There is no name to sign with", _WHERE, "Give the name of the person who signs")
    if not _areResultsDone(study):
        raise InputError("The results are not up to date, so that there is nothing to sign", _WHERE,
                         "Compute the results first")
    time = time or hashChain.now()
    signed = study.choice(_CHOICE, {})
    for one, other, what in ((_EXPERT, _PREPARED, "prepared the report"), (_PREPARED, _EXPERT, "signed the numbers")):
        if role == one and other in signed:
            roles.requireOther(name, signed[other]["name"], what)
    signed[role] = {"name": name, "time": time, "digest": _digest(study)}
    study.setChoice(_CHOICE, signed)
    hashChain.append(study, "signOff", dict(ROLES)[role], line=role, role=actingAs, name=name,
                     signedAt=time, signed=signed[role]["digest"], **allowed)


def withdraw(study, role):
    """Take a signature back; nothing happens where there is none."""
    _requireRole(role)
    signed = study.choice(_CHOICE, {})
    taken = signed.pop(role, None)
    if taken is not None:
        hashChain.append(study, "withdrawal", dict(ROLES)[role], line=role, name=taken["name"])
    study.setChoice(_CHOICE, signed or None)


def rows(study):
    """One row per role.

    Returns
    -------
    list of dict
        ``role``, ``title``, ``name`` and ``time`` (``None`` where nobody signed), ``isValid`` (``False`` where what was
        signed is no longer what the study holds).
    """
    signed = study.choice(_CHOICE, {})
    isDone = bool(signed) and _areResultsDone(study)
    digest = _digest(study) if isDone else None
    found = []
    for role, title in ROLES:
        entry = signed.get(role) or {}
        found.append({"role": role, "title": title, "name": entry.get("name"), "time": entry.get("time"),
                      "isValid": bool(entry) and isDone and entry["digest"] == digest})
    return found


def warnings(study, found):
    """Signatures of the :func:`rows` that no longer hold, and regions that were changed after they were verified."""
    words = [f"{row['title']}: the results changed after {row['name']} signed; the signature no longer holds."
             for row in found if row["name"] and not row["isValid"]]
    return words + signOff.warnings(study)


def resultsOf(study):
    """Signatures of report and regions for ``results.json``; only those that hold are signatures."""
    regions = [{key: row[key] for key in ("region", "drafted", "verified", "state")} for row in signOff.rows(study)]
    return {"report": rows(study), "regions": regions}


def statements(study):
    """All that was signed of report and regions, whether it still holds or not: what a written report depends on."""
    return [study.choice(_CHOICE), signOff.statements(study) or None]


def _requireRole(role):
    if role not in dict(ROLES):
        raise InputError(f"'{role}' is not a role", _WHERE, f"Use {', '.join(dict(ROLES))}")


def _areResultsDone(study):
    from . import stages  # the report is one of them

    return stages.state(study, "results") == "done"


def _digest(study):
    """Of all that the signature is for: the numbers, the patient and the administration."""
    return digestOf({"results": (study.stageRecord("results") or {}).get("value"),
                     "patient": study.choice("patient"), "administration": study.choice("administration")})
