"""Who drafted and who verified each region, and whether it was changed since."""

from ..errors import InputError
from ..scene import regionContents, segments, volumes
from . import hashChain, roles
from .regionMasks import segmentationNode
from .stage import digestOf

DRAFTED, VERIFIED = "drafted", "verified"
KINDS = (DRAFTED, VERIFIED)
ROLES = roles.ROLES
_ACTS = {DRAFTED: "draftRegion", VERIFIED: "verifyRegion"}
_CHOICE = "signOff"
# Words on sign-offs of a record that do not hold here.
_LEFT_OUT = "signOffLeftOut"


def sign(study, segmentID, kind, role, name, time=None):
    """Note who drafted or verified a region as it is now.

    Parameters
    ----------
    segmentID : str
    kind : str
        ``"drafted"`` or ``"verified"``.
    role : str
        One of :data:`ROLES`.
    name : str
        Of the person.
    time : str, optional
        ISO 8601; now, with its offset from UTC, when left out.

    Raises
    ------
    InputError
        No such region, nothing drawn in it, no name, an unknown role, or one whose business this is not.
    """
    if kind not in KINDS:
        raise InputError(f"'{kind}' is not a kind of sign-off", "sign-off", f"Use {' or '.join(KINDS)}")
    allowed = roles.require(_ACTS[kind], role)
    name = str(name or "").strip()
    if not name:
        raise InputError("There is no name to sign with", "sign-off", "Give your name")
    node = segmentationNode(study)
    known = {} if node is None else segments.regionNames(node)
    if segmentID not in known:
        raise InputError("There is no such region to sign", "sign-off", "Select a region")
    digests = _digests(node)
    if not digests[segmentID]:
        raise InputError("Nothing is drawn in the region", known[segmentID], "Draw it before it is signed")
    time = time or hashChain.now()
    signed = study.choice(_CHOICE, {})
    other = signed.get(segmentID, {}).get(DRAFTED if kind == VERIFIED else VERIFIED)
    roles.requireOther(name, other and other["name"], f"{DRAFTED if kind == VERIFIED else VERIFIED} the region")
    signed.setdefault(segmentID, {})[kind] = {
        "role": role, "name": name, "time": time, "region": known[segmentID], "digest": digests[segmentID]}
    study.setChoice(_CHOICE, signed)
    hashChain.append(study, "signOff", f"{known[segmentID]}: {kind}", role=role, name=name, signedAt=time,
                     signed=digests[segmentID], **allowed)


def withdraw(study, segmentID, kind):
    """Take a sign-off back; nothing happens where there is none."""
    signed = study.choice(_CHOICE, {})
    entry = signed.get(segmentID, {})
    taken = entry.pop(kind, None)
    if taken is not None:
        hashChain.append(study, "withdrawal", f"{taken['region']}: {kind}", role=taken["role"], name=taken["name"])
    if not entry:
        signed.pop(segmentID, None)
    study.setChoice(_CHOICE, signed or None)


def statements(study):
    """All that was signed of the regions, whether it still holds or not: segment ID -> kind -> who and when."""
    return study.choice(_CHOICE, {})


def restore(study, signed, isRecordEdited=False):
    """Take over sign-offs that a record carries, as far as they are of the regions as these are now, and by whom the
    rules in force let sign; of a record that was edited since it was written, none. What is left out is told by
    :func:`warnings`."""
    node = segmentationNode(study)
    digests, kept, leftOut = _digests(node), {}, []
    for segmentID, entries in signed.items():
        own = {kind: entry for kind, entry in entries.items() if entry["digest"] == digests.get(segmentID)}
        for kind, entry in list(own.items()):
            refused = "the record was edited since" if isRecordEdited else roles.refusal(_ACTS[kind], entry["role"])
            if refused:
                del own[kind]
                leftOut.append(f"{entry['region']}: {kind} by {entry['name']} ({entry['role']}) is not taken over: "
                               f"{refused.rstrip('.')}.")
        kept[segmentID] = own
    study.setChoice(_LEFT_OUT, leftOut or None)
    for entries in kept.values():
        for kind, entry in entries.items():
            hashChain.append(study, "signOff", f"{entry['region']}: {kind}, as the record states",
                             role=entry["role"], name=entry["name"], signedAt=entry["time"], signed=entry["digest"])
    study.setChoice(_CHOICE, {segmentID: entries for segmentID, entries in kept.items() if entries} or None)


def rows(study):
    """One row per region in the order of the segmentation.

    Returns
    -------
    list of dict
        ``segmentID``, ``region``, ``drafted`` and ``verified``: ``None`` or a dictionary with ``role``, ``name``,
        ``time`` (ISO 8601) and ``isStale`` (shape, place or name of the region changed since), ``state``:
        ``"verified"``, ``"stale"`` (verified, but changed since), ``"drafted"`` or ``"open"``.
    """
    node = segmentationNode(study)
    if node is None:
        return []
    signed = study.choice(_CHOICE, {})
    digests = _digests(node) if signed else {}
    found = []
    for segmentID, name in segments.regionNames(node).items():
        row = {"segmentID": segmentID, "region": name}
        for kind in KINDS:
            entry = signed.get(segmentID, {}).get(kind)
            row[kind] = None if entry is None else {
                **{key: entry[key] for key in ("role", "name", "time")},
                "isStale": entry["digest"] != digests[segmentID]}
        row["state"] = _state(row)
        found.append(row)
    return found


def warnings(study):
    """What the results have to say: regions that were changed after they were verified, and sign-offs left out."""
    stale = [row["region"] for row in rows(study) if row["state"] == "stale"]
    return [f"{name}: changed since it was verified." for name in stale] + study.choice(_LEFT_OUT, [])


def words(row):
    """A row of :func:`rows` in words, one sentence per sign-off."""
    found = []
    for kind in KINDS:
        entry = row[kind]
        if entry is not None:
            when = entry["time"].replace("T", " ")[:16]
            since = ", changed since" if entry["isStale"] else ""
            found.append(f"{kind} by {entry['name']} ({entry['role']}) {when}{since}")
    return found


def _state(row):
    if row[VERIFIED] is not None:
        return "stale" if row[VERIFIED]["isStale"] else "verified"
    return "drafted" if row[DRAFTED] is not None else "open"


def _digests(node):
    """{segment ID: digest of name, shape and place}, empty text where nothing is drawn."""
    place = volumes.matrixOf(node.GetParentTransformNode()).round(4).tolist()
    names = segments.regionNames(node)
    if node.GetSegmentation().ContainsRepresentation(segments.BINARY_LABELMAP):
        found = {segmentID: item.digest for segmentID, item in regionContents.contents(node).items()}
    else:
        found = {segmentID: segments.surfaceDigest(node, segmentID) for segmentID in names}
    return {segmentID: found[segmentID] and digestOf([found[segmentID], name, place])
            for segmentID, name in names.items()}
