"""Cases into the registry and out of it: added once, replaced with their history, taken over from another center."""

import json
from collections import defaultdict
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from ..errors import Faults, InputError
from .case import Case, RegionValues, caseFrom, requireCase
from .fields import CASE_FIELDS, REGION_FIELDS, SIGNATURE_FIELDS, THERAPY_FIELDS
from .schema import tables

ADDED, REPLACED, UNCHANGED = "added", "replaced", "unchanged"
# Which of two differing entries of the same patient, treatment and cycle stays.
PREFERENCES = ("ours", "theirs", "newer")
_IDENTITY = ("centerId", "pseudonym", "treatment", "radionuclide", "cycle")
_CHUNK = 500


@dataclass(frozen=True)
class Outcome:
    """What became of a case: "added", "replaced" (the earlier one is in the history) or "unchanged"."""

    status: str
    case: Case
    revision: int

    @property
    def words(self):
        """One sentence for the user."""
        kept = {ADDED: "added to the registry", UNCHANGED: "in the registry already, unchanged",
                REPLACED: f"signed again: revision {self.revision} replaces the earlier one, which is kept as history"}
        return f"{self.case.words}: {kept[self.status]}."


def addCase(registry, case, fingerprint=None):
    """Add a signed case; one that is signed again replaces its entry, and the same one twice changes nothing.

    Parameters
    ----------
    registry : Registry
    case : Case
    fingerprint : str, optional
        Of the key that made its pseudonym; kept with the registry, and compared from then on.

    Returns
    -------
    Outcome
        When it returns, the case is on the disk.

    Raises
    ------
    InputError, FaultList
        A case that cannot be taken, the same results under another patient or cycle, another administration of the
        same cycle, an earlier signature than the one that is there, or a key of another registry.
    """
    requireCase(case, case.words)
    with registry.writing() as connection:
        if fingerprint is not None:
            registry.keepFingerprint(connection, fingerprint)
        same = _rowOf(connection, resultsDigest=case.resultsDigest)
        if same is not None and _identityOf(same) != case.identity:
            raise InputError(f"The same results are in the registry as {_words(same)}", case.words,
                             "Check patient and cycle; nothing was changed")
        row = _rowOf(connection, **dict(zip(_IDENTITY, case.identity, strict=True)))
        if row is None:
            _insert(connection, [case])
            return Outcome(ADDED, case, 1)
        (present,) = casesOf(connection, [row])
        if present.contentDigest() == case.contentDigest():
            return Outcome(UNCHANGED, present, row.revision)
        _requireSuccessor(present, case)
        _replace(connection, row, present, case)
        return Outcome(REPLACED, case, row.revision + 1)


def takeOver(registry, cases, prefer=None, fingerprint=None):
    """Take over cases of a file or of another registry: all of them, or none.

    Parameters
    ----------
    cases : sequence of Case
        Checked ones.
    prefer : str, optional
        One of :data:`PREFERENCES`, for entries that are there with other content; without it they are conflicts.
    fingerprint : str, optional
        Of the key of the registry they come from.

    Returns
    -------
    dict
        Number of cases "added", "replaced", "unchanged" and "kept" (ours, preferred).

    Raises
    ------
    FaultList, InputError
        Every conflict by its name; nothing is taken over then.
    """
    if prefer is not None and prefer not in PREFERENCES:
        raise InputError(f"'{prefer}' is no preference", "merge", f"Use {', '.join(PREFERENCES)}")
    counts, faults = {ADDED: 0, REPLACED: 0, UNCHANGED: 0, "kept": 0}, Faults()
    with registry.writing() as connection:
        table = tables().case
        rows = {_identityOf(row): row for row in connection.execute(table.select())}
        byDigest = {row.resultsDigest: identity for identity, row in rows.items()}
        _requireOneKey(registry, cases, fingerprint, rows)
        added, seen = [], set()
        for case in cases:
            owner = byDigest.get(case.resultsDigest)
            if case.identity in seen:
                faults.add("The case is there twice", case.words, "Remove one of them")
            elif owner is not None and owner != case.identity:
                faults.add(f"The same results are already those of {_words(rows.get(owner), owner)}", case.words,
                           "Remove one of them")
            elif case.identity not in rows:
                added.append(case)
                byDigest[case.resultsDigest] = case.identity
            else:
                counts[_settle(connection, rows[case.identity], case, prefer, faults)] += 1
            seen.add(case.identity)
        faults.raiseIfAny()
        _insert(connection, added)
        counts[ADDED] = len(added)
    return counts


def readCases(registry, centerId=None):
    """All cases, in the order of center, pseudonym, treatment and cycle."""
    table = tables().case
    query = table.select().order_by(*(table.c[name] for name in _IDENTITY))
    if centerId is not None:
        query = query.where(table.c.centerId == centerId)
    with registry.reading() as connection:
        return casesOf(connection, connection.execute(query).all())


def historyOf(registry, pseudonym, centerId=None):
    """Replaced entries of a patient, oldest first: list of (revision, time of replacement, Case)."""
    history = tables().history
    query = history.select().where(history.c.pseudonym == pseudonym,
                                   history.c.centerId == (centerId or registry.centerId)).order_by(history.c.id)
    with registry.reading() as connection:
        return [(row.revision, row.replacedTime, caseFrom(json.loads(row.content)))
                for row in connection.execute(query)]


def removePatient(registry, pseudonym, centerId=None):
    """Remove all cases of a patient with their history, for good.

    Returns
    -------
    int
        Number of cases removed.

    Raises
    ------
    InputError
        No such patient.
    """
    case, history = tables().case, tables().history
    centerId = centerId or registry.centerId
    with registry.writing() as connection:
        count = connection.execute(case.delete().where(
            case.c.pseudonym == pseudonym, case.c.centerId == centerId)).rowcount
        if not count:
            raise InputError(f"Center {centerId} has no patient {pseudonym}", registry.place,
                             "mrt-dosimetry registry list shows the pseudonyms")
        connection.execute(history.delete().where(history.c.pseudonym == pseudonym, history.c.centerId == centerId))
    return count


def _rowOf(connection, **values):
    table = tables().case
    return connection.execute(table.select().where(*(table.c[name] == value for name, value in values.items()))
                              ).one_or_none()


def _identityOf(row):
    return tuple(getattr(row, name) for name in _IDENTITY)


def _words(row, identity=None):
    center, pseudonym, treatment, radionuclide, cycle = identity or _identityOf(row)
    return f"center {center}, {pseudonym}, {treatment} {radionuclide}, cycle {cycle}"


def _requireSuccessor(present, case):
    """Refuse what may replace an entry by mistake, unless a reason is stated."""
    if case.overrideReason:
        return
    digests = {present.administrationDigest, case.administrationDigest} - {None}
    if len(digests) > 1:
        raise InputError("Another administration is in the registry for this cycle", case.words,
                         "State the right cycle; where the date of the administration was corrected, give the reason")
    if present.isSigned and case.lastSigned() < present.lastSigned():
        raise InputError("A later signature of this cycle is in the registry", case.words,
                         "Take the results that were signed last; to go back to earlier ones, give the reason")


def _requireOneKey(registry, cases, fingerprint, rows):
    """Two keys in one center would make two patients of one."""
    if fingerprint is None or registry.keyFingerprint in (None, fingerprint):
        return
    shared = {case.centerId for case in cases} & {identity[0] for identity in rows}
    if shared:
        raise InputError(f"Both registries hold cases of center {', '.join(sorted(shared))}, but their pseudonyms were "
                         "made with different keys: a patient in both would count twice", registry.place,
                         "Use one key in a center")


def _settle(connection, row, case, prefer, faults):
    """What becomes of a case whose identity is there already."""
    if row.contentDigest == case.contentDigest():
        return UNCHANGED
    (present,) = casesOf(connection, [row])
    if prefer is None:
        faults.add(f"The case is there with other content: {_differences(present, case)}", case.words,
                   f"Decide by --prefer {', '.join(PREFERENCES)}")
        return "kept"
    isTaken = prefer == "theirs"
    if prefer == "newer":
        ours, theirs = present.lastSigned(), case.lastSigned()
        if theirs is None or ours is None or theirs == ours:
            faults.add("Signatures do not tell which of two entries is newer", case.words,
                       "Decide by --prefer ours or theirs")
            return "kept"
        isTaken = theirs > ours
    if not isTaken:
        return "kept"
    _replace(connection, row, present, case)
    return REPLACED


def _differences(present, case):
    ours, theirs = asdict(present), asdict(case)
    names = [field.title for field in CASE_FIELDS
             if field.name != "registeredTime" and ours[field.name] != theirs[field.name]]
    names += [title for key, title in (("signatures", "signatures"), ("regions", "regions"),
                                       ("therapyValues", "values of the therapy")) if ours[key] != theirs[key]]
    return ", ".join(names)


def _insert(connection, cases):
    made = tables()
    for start in range(0, len(cases), _CHUNK):
        part = cases[start:start + _CHUNK]
        ids = connection.execute(made.case.insert().returning(made.case.c.id, sort_by_parameter_order=True),
                                 [_caseRow(case, 1) for case in part]).scalars().all()
        _insertChildren(connection, zip(ids, part, strict=True))


def _replace(connection, row, present, case):
    made = tables()
    connection.execute(made.history.insert().values(
        centerId=present.centerId, pseudonym=present.pseudonym, revision=row.revision,
        replacedTime=datetime.now().astimezone().isoformat(timespec="seconds"),
        content=json.dumps(asdict(present), ensure_ascii=False, allow_nan=False)))
    for table in (made.signature, made.region, made.therapy):
        connection.execute(table.delete().where(table.c.caseId == row.id))
    connection.execute(made.case.update().where(made.case.c.id == row.id).values(_caseRow(case, row.revision + 1)))
    _insertChildren(connection, [(row.id, case)])


def _caseRow(case, revision):
    return {**{field.name: getattr(case, field.name) for field in CASE_FIELDS},
            "contentDigest": case.contentDigest(), "revision": revision}


def _insertChildren(connection, numbered):
    made = tables()
    rows = {table: [] for table in (made.signature, made.region, made.therapy)}
    for caseId, case in numbered:
        for table, values in ((made.signature, [dict(zip(("role", "time"), pair, strict=True))
                                                for pair in case.signatures]),
                              (made.region, [asdict(region) for region in case.regions]),
                              (made.therapy, [dict(zip(("name", "value"), pair, strict=True))
                                              for pair in case.therapyValues])):
            rows[table] += [{"caseId": caseId, "position": position, **value}
                            for position, value in enumerate(values)]
    for table, values in rows.items():
        if values:
            connection.execute(table.insert(), values)


def casesOf(connection, rows):
    """:class:`Case` of rows of the table of cases, in their order."""
    made, ids = tables(), [row.id for row in rows]
    children = [(made.signature, SIGNATURE_FIELDS, lambda *values: tuple(values)),
                (made.region, REGION_FIELDS, RegionValues),
                (made.therapy, THERAPY_FIELDS, lambda *values: tuple(values))]
    found = []
    for table, fields, make in children:
        byCase = defaultdict(list)
        columns = [table.c.caseId, *(table.c[field.name] for field in fields)]
        for start in range(0, len(ids), _CHUNK):
            query = table.select().with_only_columns(*columns).order_by(table.c.caseId, table.c.position).where(
                table.c.caseId.in_(ids[start:start + _CHUNK]))
            for caseId, *values in connection.execute(query):
                byCase[caseId].append(make(*values))
        found.append(byCase)
    signatures, regions, therapy = found
    return [Case(**{field.name: getattr(row, field.name) for field in CASE_FIELDS},
                 signatures=tuple(signatures[row.id]), regions=tuple(regions[row.id]),
                 therapyValues=tuple(therapy[row.id])) for row in rows]


def withReason(case, reason):
    """The case with a reason for taking it although its sign-off is not complete; a complete one stays as it is."""
    return case if case.isSigned or case.overrideReason or not reason else replace(case, overrideReason=reason)
