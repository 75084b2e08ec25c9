"""A calibration while it is being made: what was typed and chosen, its result, and how it is kept."""

import copy
import json
import os
import shutil
import tempfile
from datetime import date

from ..errors import InputError
from ..progress import noProgress, subProgress
from . import (
    calibration,
    calibrationFolder,
    calibrationForms,
    calibrationImages,
    calibrationRecord,
    calibrationStatement,
    constancyLog,
)
from .calibrationForms import LOG, PLANAR, TEST

_INSTRUMENT_GROUPS = ("instrument", "counterInstrument", "deadTimeInstrument")
# Fields of the instrument that a header or an earlier record fills in where nothing was typed.
_SETTINGS = ("camera", "radionuclide", "collimator", "reconstruction")


class Scan:
    """A scan that was added: ``title``, what is stated of it, and the node or path that it is; ``moment`` and ``unit``
    as they are known, for lists."""

    def __init__(self, title, values, facts, node=None, path=None):
        self.title, self.values, self.node, self.path = title, values, node, path
        known = {**facts, **values}
        self.moment, self.unit = str(known.get("acquisitionDateTime") or ""), str(known.get("unit") or "")


class CalibrationDraft:
    """One calibration from its first field to the record.

    Attributes
    ----------
    kind : str
        Of :mod:`.calibrationForms`; empty while none is chosen.
    values : dict
        Group -> name of a field -> value; ``rows``: those of the kind's table.
    scans : list of Scan
    regionKeys : dict
        ``region``, ``background``: choices of :func:`.calibrationImages.regionChoices`.
    centerRAS : tuple or None
        Of the sphere, mm.
    sensitivityFrom : str
        Path of a record, for the recovery.
    logPath : str
        Of the control chart that a test is added to.
    """

    def __init__(self):
        self.kind, self._staging, self._instrument = "", None, {}
        self._forget()

    def _forget(self):
        self.values, self.scans, self.regionKeys, self.centerRAS = {"rows": []}, [], {}, None
        self.sensitivityFrom = self.logPath = ""
        self._content, self._madeOf = None, None

    def begin(self, kind, today=None):
        """Begin a kind of calibration with empty fields, but for the instrument as it was typed before."""
        self._instrument |= {group: self.values[group] for group in _INSTRUMENT_GROUPS if group in self.values}
        self._forget()
        self.kind = kind
        if not kind:
            return
        today = today or date.today()
        for group in calibrationForms.groupsOf(kind):
            self.values[group] = {}
            if group in _INSTRUMENT_GROUPS:
                self.values[group] = {**self._instrument.get(group, {}), "date": today.isoformat(),
                                      "validUntil": _yearLater(today).isoformat()}
        for group, name, value in (("activity", "unit", "MBq"), ("standard", "unit", "kBq"),
                                   ("spheres", "placing", calibrationForms.AUTOMATIC),
                                   ("region", "method", calibrationForms.WHOLE_FIELD),
                                   ("log", "period", "quarterly")):
            if group in self.values:
                self.values[group][name] = value

    def set(self, group, name, value):
        """Keep what was typed into a field; ``None`` empties it."""
        if value is None:
            self.values.setdefault(group, {}).pop(name, None)
        else:
            self.values.setdefault(group, {})[name] = value

    # ------------------------------------------------------------------ scans

    @property
    def scanGroup(self):
        """Name of the group with what is stated of each scan, or ``None``."""
        return calibrationForms.scanGroupOf(self.kind) if self.kind else None

    def addNode(self, node):
        """Add a loaded scan with what is typed beside it."""
        calibrationImages.requireScan(node)
        self._requireOwnFaultless()
        facts = calibrationImages.factsOf(node)
        self._takeFacts(facts)
        self.scans.append(Scan(node.GetName(), self._taken(), facts, node=node))

    def addFile(self, path):
        """Add a scan of a file or DICOM folder with what is typed beside it; it is read to see that it can be."""
        if not path:
            raise InputError("No scan is chosen", "scan", "Choose a volume that is loaded, or a file")
        self._requireOwnFaultless()
        facts, _words = describeFile(self.kind, path)
        self._takeFacts(facts)
        self.scans.append(Scan(os.path.basename(os.path.normpath(path)), self._taken(), facts,
                               path=os.path.abspath(path)))

    def _requireOwnFaultless(self):
        fields = calibrationForms.GROUPS[self.scanGroup][1]
        titles = {field.name: field.title for field in fields}
        for name, words in calibrationForms.faultsOf(fields, self.values.get(self.scanGroup, {})).items():
            raise InputError(words.rstrip("."), f"scan: {titles[name]}")
        calibrationStatement.scanItem(self.kind, {}, self.values.get(self.scanGroup, {}))

    def _taken(self):
        """What is typed of the scan; the fields are empty for the next one."""
        return dict(self.values.pop(self.scanGroup, {}))

    def removeScan(self, index):
        if 0 <= index < len(self.scans):
            del self.scans[index]

    def _takeFacts(self, facts):
        """Fill the empty fields of the instrument with what a header states."""
        group = next((name for name in _INSTRUMENT_GROUPS if name in self.values), None)
        if group is None:
            return
        window = calibrationRecord.windowLimits(facts.get("energyWindow") or "")
        found = {name: facts.get(name) for name in _SETTINGS}
        if window is not None and ";" not in str(facts["energyWindow"]):
            found |= {"windowLowerKeV": window[0], "windowUpperKeV": window[1]}
        known = {name for name, _title in calibrationForms.NUCLIDES}
        if found["radionuclide"] not in known:
            del found["radionuclide"]
        for name, value in found.items():
            if value not in (None, ""):
                self.values[group].setdefault(name, value)

    def likeRecord(self, content):
        """Take the instrument of a record over."""
        for group in _INSTRUMENT_GROUPS:
            if group in self.values:
                fields = {field.name for field in calibrationForms.GROUPS[group][1]}
                found = {name: content.get(name) for name in _SETTINGS}
                limits = calibrationRecord.windowLimits(content.get("energyWindow") or "")
                found |= dict(zip(("windowLowerKeV", "windowUpperKeV"), limits or (None, None), strict=True))
                self.values[group] |= {name: value for name, value in found.items()
                                       if value is not None and name in fields}

    # ------------------------------------------------------------------ result

    @property
    def isConstancy(self):
        return self.kind in (LOG, TEST)

    def missing(self):
        """What is to be given before it can be made: sentences."""
        if not self.kind:
            return ["Choose what to calibrate"]
        words = calibrationForms.missing(self.kind, self.values, self.scans)
        if self.kind == TEST and not self.logPath:
            words.insert(0, "Choose the control chart that the test belongs to")
        return words

    @property
    def content(self):
        """The result, or ``None`` where there is none of what is stated now."""
        return self._content if self._content is not None and self._madeOf == self._key() else None

    def _key(self):
        scans = [[scan.title, scan.path, None if scan.node is None else scan.node.GetID(), scan.values]
                 for scan in self.scans]
        return json.dumps([self.kind, self.values, scans, self.regionKeys, self.centerRAS, self.sensitivityFrom],
                          sort_keys=True, default=str)

    def make(self, scene, progress=noProgress):
        """Make the calibration; it is kept by :meth:`save`.

        Parameters
        ----------
        scene : vtkMRMLScene
            That drawn regions are in.

        Returns
        -------
        dict

        Raises
        ------
        InputError, CalculationError, FaultList
        """
        lacking = self.missing()
        if lacking:
            raise InputError(lacking[0], "calibration")
        self.close()
        self._staging = tempfile.mkdtemp(prefix="MRTDosimetry-")
        items = []
        for number, scan in enumerate(self.scans, 1):
            progress(0.3 * number / (len(self.scans) + 1), f"Reading {scan.title}")
            items.append(calibrationStatement.scanItem(self.kind, self._source(scan, number), scan.values))
        regions = self._regions(scene)
        found = calibrationStatement.statement(
            self.kind, self.values, items, regions, self.centerRAS,
            os.path.abspath(self.sensitivityFrom) if self.sensitivityFrom else None)
        self._content = calibration.fromStatement(found, self._staging, subProgress(progress, 0.3, 1.0))
        self._madeOf = self._key()
        return self._content

    def _source(self, scan, number):
        if scan.path is not None:
            return {"planar" if self.kind == PLANAR else "image": scan.path}
        return calibrationImages.writeScan(scan.node, self._staging, f"scan{number}")

    def _regions(self, scene):
        found, chosen = {}, self.values.get("region") or {}
        for key, wanted in (("region", chosen.get("method") == calibrationForms.SEGMENT),
                            ("background", chosen.get("background") == calibrationForms.BACKGROUND_SEGMENT)):
            if wanted:
                node, segmentID = calibrationImages.regionOf(scene, self.regionKeys.get(key))
                scanNode = next((scan.node for scan in self.scans if scan.node is not None), None)
                found[key] = calibrationImages.writeRegion(node, segmentID, scanNode, self._staging, key)
        return found

    def save(self, folder):
        """Keep the result in the folder of the center, or add what was measured to a control chart; returns the path.

        Raises
        ------
        InputError
            Nothing was made of what is stated now, or it cannot be written.
        """
        if self.kind == LOG:
            content = calibrationStatement.constancyLog(self.values)
            os.makedirs(folder, exist_ok=True)
            path = os.path.join(folder, calibrationStatement.logName(content))
            constancyLog.create(path, content)
        elif self.kind == TEST:
            path = self.logPath
            constancyLog.addTest(path, calibrationStatement.constancyTest(self.values))
        else:
            if self.content is None:
                raise InputError("The calibration is not of what is stated now", "calibration", "Calibrate again")
            path = calibrationFolder.save(self.content, folder, self._staging)
        self.close()
        self.begin("")
        return path

    def takeFoundSpheres(self):
        """The spheres as they were found become rows of the table, to be corrected."""
        spheres = copy.deepcopy(((self._content or {}).get("recovery") or {}).get("spheres") or [])
        self.values["rows"] = [
            {"name": item["name"], "diameterMM": item["diameterMM"],
             **dict(zip(("right", "anterior", "superior"), (round(value, 2) + 0.0 for value in item["centerRASMM"]),
                        strict=True))} for item in spheres]
        self.set("spheres", "placing", calibrationForms.POINTS)

    def close(self):
        """Drop the copies of scans and regions that were made for the result."""
        if self._staging is not None:
            shutil.rmtree(self._staging, ignore_errors=True)
        self._staging = self._content = self._madeOf = None


def describeFile(kind, path):
    """What the header of a scan states: fact -> value, and lines for the user.

    Raises
    ------
    InputError
        A file that cannot be a scan of this kind.
    """
    if kind == PLANAR:
        from ..dicom.planar import readPlanar

        image = readPlanar(path)
        facts = {key: fact.value for key, fact in image.facts.items()}
        return facts, [f"Detector {view.detector or 1}, window {view.energyWindow or 1}: {view.title}"
                       for view in image.views]
    from ..dicom import readers

    series = readers.readEmission(path)
    return {key: fact.value for key, fact in series.facts.items()}, list(series.warnings)


def _yearLater(day):
    try:
        return day.replace(year=day.year + 1)
    except ValueError:  # the 29th of February
        return day.replace(year=day.year + 1, day=28)
