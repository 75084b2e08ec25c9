"""Studies built step by step as in the module, and what is compared of a repetition, for the tests of the record."""

import json

import numpy as np
from movedStudy import addMovedStudy, correction

# Who and when: nobody signed the repetition.
_OF_PERSONS = ("signOff",)


def writeByHand(folder, kind="rigid", change=None):
    """A study of volumes of the scene with an alignment by hand, an override, an excluded scan and own choices, with
    its result files in ``folder``; ``change(study)`` may alter it before it is computed."""
    from MRTDosimetryLib.scene.headless import newScene
    from MRTDosimetryLib.workflow import (
        administrationEntry,
        doseDisplay,
        excludedPoints,
        kineticsOptions,
        registration,
        report,
        signOff,
        stages,
        timePoints,
        uncertainty,
    )
    from MRTDosimetryLib.workflow.regionMasks import segmentationNode

    study = addMovedStudy(newScene(), "By hand")
    registration.setKind(study, kind)
    uncertainty.setResolution(study, 11.0)
    uncertainty.setUncertainty(study, {"calibrationRelative": 0.03})
    administrationEntry.setPatient(study, id="PHANTOM", cycle=2)
    doseDisplay.change(study, isodoseLevelsGy=[0.5, 1.0])
    timePoints.overrideFact(study, study.timePoints[2], "timeAfterAdministrationHours", 95.25, "h", "clock was slow")
    kineticsOptions.setRegionModel(study, "kidney left", "monoExponential")
    excludedPoints.setExcluded(study, "liver", study.timePoints[0].timeHours, "dead time")
    if change:
        change(study)
    stages.runStale(study, upTo="registration")
    moved = study.timePoints[1]
    shifted = moved.referenceFromTimePoint.copy() if kind == "rigid" else correction()
    shifted[:3, 3] += [1.37, -0.61, 0.23]
    registration.startCorrection(study, moved)
    moved.setReferenceFromTimePoint(shifted)
    stages.runStale(study, upTo="registration")
    registration.accept(study, moved)
    stages.runStale(study, upTo="results")
    node = segmentationNode(study)
    signOff.sign(study, node.GetSegmentation().GetNthSegmentID(0), signOff.VERIFIED, "physician", "Reader One")
    report.setFolder(study, str(folder))
    stages.runStale(study)
    return study


def comparable(folder):
    """results.json without persons and times, as text that shows every digit."""
    content = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return json.dumps({key: value for key, value in content.items() if key not in _OF_PERSONS}, sort_keys=True)


def recordOf(folder):
    """Content of record.json."""
    return json.loads((folder / "record.json").read_text(encoding="utf-8"))


def obliqueMatrix():
    """4 x 4 of an oblique grid whose decimals do not end."""
    angle = 0.3173
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1.0]])
    matrix = np.eye(4)
    matrix[:3, :3] = turn @ np.diag([2.34375, 2.34375, 3.27])
    matrix[:3, 3] = [-123.456, 77.1, 3.3]
    return matrix


def withoutPictures(monkeypatch):
    """Leave out of the result files what costs seconds and holds no numbers: pictures and PDF."""
    from MRTDosimetryLib.workflow import outputs, pictures

    monkeypatch.setattr(pictures, "reportPictures", lambda *_args: ([], []))
    monkeypatch.setattr(outputs, "pdfOf", lambda *_args: b"%PDF-1.4")


def numbersAlone(monkeypatch):
    """Leave out all but numbers: no report and no scene either, an empty file in the place of each."""
    from MRTDosimetryLib.workflow import outputs

    withoutPictures(monkeypatch)
    monkeypatch.setattr(outputs, "_rendered", lambda *_args: ("", b"", []))
    monkeypatch.setattr(outputs.files, "saveBundle", lambda _scene, path: open(path, "wb").close())


def requireSameNumbers(folder, other):
    """Every byte of results.json but persons and times, every table, and every voxel of the maps and its place."""
    assert comparable(folder) == comparable(other)
    names = sorted(path.name for path in folder.iterdir() if path.suffix in (".nrrd", ".csv"))
    assert names == sorted(path.name for path in other.iterdir() if path.suffix in (".nrrd", ".csv"))
    for name in names:
        assert (folder / name).read_bytes() == (other / name).read_bytes(), name
    return names
