"""Scans that were found in one go, to be looked at and then added as time points: all that are wanted, or none."""

from dataclasses import dataclass, field

from ..errors import Faults, InputError
from ..progress import noProgress
from . import scanPairing

NO_CT = -1


@dataclass
class FoundScan:
    """An emission image that may become a time point.

    Attributes
    ----------
    identity : scanPairing.Identity
    source : object
        What it is read from: a candidate of the DICOM readers, or a volume node.
    timeHours : float or None
        Time after administration, where it is known.
    refusal : str
        Why it cannot be added; empty where it can.
    ct : int or None
        Position in the CTs found; ``NO_CT`` for none, None while the user has to choose.
    words : list of str
        What the pair rests on, or what the user has to settle.
    isWanted : bool
    remarks : list of str
        What is to be said of its calibration.
    """

    identity: scanPairing.Identity
    source: object
    timeHours: float = None
    refusal: str = ""
    ct: int = None
    words: list = field(default_factory=list)
    isWanted: bool = False
    remarks: list = field(default_factory=list)

    def take(self, facts):
        """Time and remarks on the calibration of an image that was converted for a try."""
        self.timeHours = facts["timeAfterAdministrationHours"]["value"]
        told = (facts.get("remarks") or {}).get("value") or []
        self.remarks = [text for text in told if text.startswith("Calibration ")]

    @property
    def canBeAdded(self):
        """Whether the user may tick it."""
        return not self.refusal and self.ct is not None


@dataclass
class FoundScans:
    """All that was found.

    Attributes
    ----------
    scans : list of FoundScan
        In the order of time; those without one last.
    cts : list of (scanPairing.Identity, source)
    words : list of str
        What concerns all of them.
    add : callable
        ``add(study, scan, ctSource) -> TimePoint``, and what has to be undone is what it put into the scene.
    """

    scans: list
    cts: list
    words: list
    add: object

    @property
    def wanted(self):
        return [scan for scan in self.scans if scan.isWanted and scan.canBeAdded]

    def ctTitle(self, scan):
        """Name of the CT of a scan, or an empty text."""
        return "" if scan.ct is None or scan.ct == NO_CT else self.cts[scan.ct][0].title

    def ctChoices(self):
        """(place, title with its date and time) of every CT."""
        return [(place, identity.title + ("" if identity.moment is None else f", {identity.moment:%Y-%m-%d %H:%M}"))
                for place, (identity, _source) in enumerate(self.cts)]

    def chooseCT(self, scan, place):
        """Take the user's word for the CT of a scan (``NO_CT`` for none), which settles it."""
        scan.ct = place
        scan.words = ["CT: chosen" if place != NO_CT else "No CT: chosen"]
        scan.isWanted = scan.canBeAdded


def arranged(study, scans, cts, words, add):
    """Refuse, pair and order what was found; only what leaves no doubt is ticked.

    Parameters
    ----------
    scans : list of FoundScan
        With identity, source, and time or refusal.
    cts : list of (scanPairing.Identity, source)
    words : list of str
    add : callable

    Returns
    -------
    FoundScans
    """
    words = list(words)
    scans = sorted(scans, key=lambda scan: (scan.timeHours is None, scan.timeHours or 0.0, scan.identity.title))
    _refuseOthersPatients(study, scans, words)
    usable = [scan for scan in scans if not scan.refusal]
    identities = [identity for identity, _source in cts]
    for scan in usable:
        found = scanPairing.pair(scan.identity, identities)
        scan.ct = found.ct if found.ct is not None or not found.isCertain else NO_CT
        scan.words, scan.isWanted = [found.words], found.isCertain
    neighbors = scanPairing.companions([scan.identity for scan in usable])
    _questionSharedCTs(usable, neighbors, identities)
    for scan, others in zip(usable, neighbors, strict=True):
        if others:
            names = ", ".join(f'"{usable[place].identity.title}"' for place in others)
            scan.words.append(f"Acquired within an hour of {names}: tick the one to use")
            scan.isWanted = False
    return FoundScans(scans, list(cts), words, add)


def _refuseOthersPatients(study, scans, words):
    """Images of one patient alone: that of the study's time points, else the only one."""
    known = {point.factValue("patientId") for point in study.timePoints} - {None, ""}
    stated = str((study.choice("patient") or {}).get("id") or "").strip()
    found = {scan.identity.patientId for scan in scans} - {""}
    if not known and stated in found:
        known = {stated}
    if known:
        for scan in scans:
            if scan.identity.patientId and scan.identity.patientId not in known:
                scan.refusal = (f"Of another patient: {scan.identity.patientId}, the study has "
                                f"{', '.join(sorted(known))}")
        return
    if len(found) > 1:
        for scan in scans:
            scan.refusal = scan.refusal or "Several patients were found: give the images of one"
        words.append(f"The images are of several patients: {', '.join(sorted(found))}.")
    elif found and stated:
        words.append(f"The images are of patient {found.pop()}, the study is of {stated}: check that they are the "
                     "same.")


def _questionSharedCTs(scans, neighbors, cts):
    """A CT of two visits is the CT of one of them at most, unless somebody says otherwise."""
    for number, scan in enumerate(scans):
        if scan.ct is None or scan.ct == NO_CT:
            continue
        sharing = [place for place, other in enumerate(scans)
                   if place != number and other.ct == scan.ct and place not in neighbors[number]]
        if sharing:
            scan.words = [f'The CT "{cts[scan.ct].title}" would be that of several scans. Choose one, or none']
            scan.isWanted = False
    for scan in scans:
        if any(words.startswith("The CT ") for words in scan.words):
            scan.ct = None


def addWanted(study, found, progress=noProgress):
    """Make the ticked scans time points of the study; when one fails, or the user cancels, none is added.

    Returns
    -------
    list of TimePoint

    Raises
    ------
    InputError, FaultList
        Every scan that cannot be added.
    CanceledError
        From ``progress``.
    """
    wanted, faults, added = found.wanted, Faults(), []
    if not wanted:
        raise InputError("No scan is ticked", "Time points", "Tick the scans to add, or close the list")
    before = _nodeIDs(study.scene)
    # Facts go onto volumes that were there before, and come off again.
    marks = {node: _attributes(node) for node in _volumesOf(wanted, found)}
    isDone = False
    try:
        for number, scan in enumerate(wanted):
            progress(number / len(wanted), f"Reading {scan.identity.title}")
            ct = None if scan.ct == NO_CT else found.cts[scan.ct][1]
            with faults.collect():
                added.append(found.add(study, scan, ct))
        faults.raiseIfAny()
        progress(1.0, "")
        isDone = True
    finally:
        if not isDone:
            _undo(study, added, before, marks)
    return added


def _volumesOf(wanted, found):
    sources = [scan.source for scan in wanted] + [source for _identity, source in found.cts]
    return [source for source in sources if hasattr(source, "GetAttributeNames")]


def _attributes(node):
    return {name: node.GetAttribute(name) for name in node.GetAttributeNames()}


def _nodeIDs(scene):
    return {scene.GetNthNode(index).GetID() for index in range(scene.GetNumberOfNodes())}


def _undo(study, added, before, marks):
    """The study and the scene as they were."""
    for timePoint in added:
        timePoint.ctNode = None
        study.removeTimePoint(timePoint)
    for node, attributes in marks.items():
        for name in set(node.GetAttributeNames()) - set(attributes):
            node.RemoveAttribute(name)
        for name, value in attributes.items():
            node.SetAttribute(name, value)
    scene = study.scene
    for nodeID in _nodeIDs(scene) - before:
        node = scene.GetNodeByID(nodeID)
        # a display node may have gone with its volume
        if node is not None and (node.IsA("vtkMRMLVolumeNode") or node.IsA("vtkMRMLDisplayNode")):
            scene.RemoveNode(node)
