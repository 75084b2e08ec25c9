"""Correction by hand, acceptance, drift of the regions and the effect of one voxel, on a scan that lies elsewhere."""

import numpy as np
import pytest
from movedStudy import SHIFT_MM, addMovedStudy, correction

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.scene import headless
from MRTDosimetryLib.workflow import registration, registrationQuality, results, stages


@pytest.fixture
def study():
    made = addMovedStudy(headless.newScene())
    stages.runStale(made, upTo="registration")
    return made


def rowOf(study, index=1):
    return registration.rows(study)[index]


def move(study, matrix, index=1):
    """What the handles do: they change the transform node."""
    from MRTDosimetryLib.scene import volumes

    node = registration.startCorrection(study, study.timePoints[index])
    node.SetMatrixTransformToParent(volumes.matrixToVTK(matrix))


def driftOf(study, region="liver", label="24 h"):
    return next(row for row in registrationQuality.measure(study) if (row["region"], row["label"]) == (region, label))


def test_driftIsTheShiftThatWasMade(study):
    for region in ("liver", "kidney left"):
        row = driftOf(study, region)
        assert row["driftRASMM"] == pytest.approx(SHIFT_MM, abs=0.8)
        assert row["driftMM"] == pytest.approx(np.linalg.norm(SHIFT_MM), abs=0.8)
        assert row["isDriftLarge"]
        assert driftOf(study, region, "96 h")["driftMM"] < 0.3
        assert driftOf(study, region, "4 h")["driftMM"] is None
    small, large = driftOf(study, "kidney left", "4 h"), driftOf(study, "liver", "4 h")
    assert 0 < large["oneVoxelChangePercent"] < small["oneVoxelChangePercent"] < 50
    words = registrationQuality.warningsOf(registrationQuality.keptRows(study))
    assert len(words) == 2 and all("24 h" in text and "12 mm" in text for text in words)


def test_whatWasMeasuredHoldsForThoseImagesAndThatAlignment(study):
    assert registrationQuality.keptRows(study) == []
    registrationQuality.measure(study)
    assert len(registrationQuality.keptRows(study)) == 6
    move(study, correction())
    assert registrationQuality.keptRows(study) == []
    assert driftOf(study)["driftMM"] < 0.3


def test_aMovedTransformMakesStaleAndIsKeptAsAFact(study):
    stages.runStale(study, upTo="kinetics")
    move(study, correction())
    states = stages.states(study)
    assert (states["registration"], states["kinetics"]) == ("stale", "stale")
    assert rowOf(study)["isMoved"] and not rowOf(study)["isManuallyCorrected"]
    stages.runStale(study, upTo="registration")
    row, point = rowOf(study), study.timePoints[1]
    assert row["isManuallyCorrected"] and not row["isMoved"]
    assert row["translationMM"] == pytest.approx(-SHIFT_MM)
    assert row["diceAfter"] > 0.95, "judged by the CTs"
    fact = point.fact(registration.CORRECTION_FACT)
    assert (fact["source"], fact["value"][:18]) == ("user", "manually corrected")
    assert "-10.0, 5.0, -5.0 mm" in fact["value"] and fact["reason"]
    assert point.referenceFromTimePoint == pytest.approx(correction())
    assert any("24 h: corrected by hand" in text for text in stages.warnings(study, "registration"))
    assert stages.states(study)["registration"] == "done" and stages.states(study)["kinetics"] == "stale"
    stages.runStale(study, upTo="registration")
    assert rowOf(study)["isManuallyCorrected"], "computing again keeps it"


def test_aCorrectionIsTakenBack(study):
    move(study, correction())
    stages.runStale(study, upTo="registration")
    registration.removeCorrection(study, study.timePoints[1])
    assert stages.states(study)["registration"] == "stale"
    stages.runStale(study, upTo="registration")
    row = rowOf(study)
    assert not row["isManuallyCorrected"] and row["quality"] == "none" and row["translationMM"] == [0, 0, 0]
    assert study.timePoints[1].fact(registration.CORRECTION_FACT) is None


def test_aSecondCorrectionRemembersWhatWasFoundAtFirst(study):
    for millimeters in (3.0, 6.0):
        matrix = np.eye(4)
        matrix[0, 3] = millimeters
        move(study, matrix)
        stages.runStale(study, upTo="registration")
    row = rowOf(study)
    assert row["translationMM"][0] == pytest.approx(6.0)
    assert row["automatic"]["translationMM"] == [0, 0, 0] and "automatic" not in row["automatic"]
    fact = study.timePoints[1].fact(registration.CORRECTION_FACT)
    assert "6.0" in fact["value"] and "shift 0.0" in fact["alternatives"][0]["value"]


def test_anotherKindOrImageEndsTheCorrectionWithAWarning(study):
    move(study, correction())
    stages.runStale(study, upTo="registration")
    registration.setKind(study, "rigid")
    stages.runStale(study, upTo="registration")
    assert not rowOf(study)["isManuallyCorrected"]
    assert any("no longer holds" in text for text in stages.warnings(study, "registration"))
    assert study.timePoints[1].fact(registration.CORRECTION_FACT) is None
    found = study.timePoints[1].referenceFromTimePoint
    assert found[:3, 3] == pytest.approx(-SHIFT_MM, abs=2.5), "registered anew by the CTs"
    # a rigid registration is corrected in the same way
    move(study, correction())
    stages.runStale(study, upTo="registration")
    assert rowOf(study)["isManuallyCorrected"] and rowOf(study)["automatic"]["diceBefore"] < 1


def test_acceptanceHoldsForOneAlignment(study):
    point = study.timePoints[1]
    registration.accept(study, point)
    assert rowOf(study)["isAccepted"] and not rowOf(study, 2)["isAccepted"]
    move(study, correction())
    assert not rowOf(study)["isAccepted"]
    registration.accept(study, point)
    assert rowOf(study)["isAccepted"]
    registration.accept(study, point, False)
    assert not rowOf(study)["isAccepted"]


def test_whatCannotBeCorrectedIsRefusedInWords(study):
    with pytest.raises(InputError, match="stays where it is"):
        registration.startCorrection(study, study.timePoints[0])
    fresh = addMovedStudy(study.scene, "Fresh")
    with pytest.raises(InputError, match="not registered yet"):
        registration.startCorrection(fresh, fresh.timePoints[1])
    assert registrationQuality.missing(fresh) == ["Register the time points first"]
    assert registration.rows(fresh) == []


def test_resultsAndReportTellOfIt(study, tmp_path):
    from MRTDosimetryLib.scene import files
    from MRTDosimetryLib.scene.study import Study
    from MRTDosimetryLib.workflow import record
    from MRTDosimetryLib.workflow.reportContext import reportContext

    move(study, correction())
    stages.runStale(study, upTo="results")
    content = results.resultsDict(study)
    assert [row["isManuallyCorrected"] for row in content["registration"]] == [False, True, False]
    assert {(row["region"], row["label"]) for row in content["organDrift"]} == {
        (region, label) for region in ("liver", "kidney left") for label in ("4 h", "24 h", "96 h")}
    assert [row["label"] for row in content["activityBalance"]] == ["4 h", "24 h", "96 h"]
    assert all("nodeID" not in row for row in content["organDrift"] + content["activityBalance"])
    context = reportContext(study)
    assert len(context["organDrift"]) == 6 and len(context["activityBalance"]) == 3
    assert any("manually corrected" in str(item["to"]) for item in record.overrides(study))
    path = str(tmp_path / "study.mrb")
    files.saveBundle(study.scene, path)
    headless.newScene()
    opened = Study.all(files.openBundle(path))[0]
    assert {state for name, state in stages.states(opened).items() if name != "report"} <= set(stages.SETTLED)
    assert rowOf(opened)["isManuallyCorrected"] and not rowOf(opened)["isMoved"]
    assert len(registrationQuality.keptRows(opened)) == 6
    assert opened.timePoints[1].referenceFromTimePoint == pytest.approx(correction(), abs=1e-6)
