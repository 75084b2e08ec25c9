"""The phantoms of the digital camera, scanned once for all tests, and their calibration file with a change."""

import json
import pathlib

from MRTDosimetryLib.workflow import phantomFiles

_PHANTOMS = phantomFiles.PhantomFiles()
camera, cylinderScan, sphereScan = _PHANTOMS.camera, _PHANTOMS.cylinderScan, _PHANTOMS.sphereScan


def writeCalibration(folder, spheres=1, missing=(), change=None, ct=False):
    """Write phantom scans and their calibration file; returns its path."""
    path = pathlib.Path(_PHANTOMS.write(str(folder), spheres, missing, ct))
    if change:
        content = json.loads(path.read_text(encoding="utf-8"))
        change(content)
        path.write_text(json.dumps(content), encoding="utf-8")
    return path
