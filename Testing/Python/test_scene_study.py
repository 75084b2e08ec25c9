"""The study in the scene: choices, stage records, time points and their facts, through save and reopen."""

import numpy as np
import pytest

pytest.importorskip("slicer", reason="the scene layer needs slicer-core")

from MRTDosimetryLib.digests import digestOf
from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.imaging.volume import Volume
from MRTDosimetryLib.scene import files, headless, volumes
from MRTDosimetryLib.scene.study import Study


@pytest.fixture
def scene():
    return headless.newScene()


def addSpect(scene, name="SPECT", value=1.0):
    image = Volume(np.full((4, 5, 6), value, np.float32), np.diag([4.8, 4.8, 4.8, 1.0]), "Bq/mL", name)
    return volumes.addVolume(scene, image, "activityConcentration")


def addCT(scene, name="CT"):
    image = Volume(np.zeros((4, 5, 6), np.int16), np.diag([4.8, 4.8, 4.8, 1.0]), "[hnsf'U]", name)
    return volumes.addVolume(scene, image, "attenuation")


def testHeadlessSceneIsTheCurrentOneAndStartsOnce(scene):
    import slicer

    assert headless.startHeadless() is scene
    assert slicer.mrmlScene is scene
    assert not headless.isApplication()
    assert slicer.app.layoutManager() is None
    assert headless.slicerVersion().startswith("slicer-core 5.")


def testApplicationIsNotReplaced(scene, monkeypatch):
    import slicer

    monkeypatch.setattr(slicer, "app", object())
    assert headless.isApplication()
    assert headless.startHeadless() is scene


def testChoicesReturnToDefaultAndKeepUnicode(scene):
    study = Study.create(scene, "Case")
    assert study.choice("kinetics", {"model": "auto"}) == {"model": "auto"}
    study.setChoice("kinetics", {"model": "monoExponential", "note": 'µ "quoted" <&> ; :\n'})
    assert study.choice("kinetics")["note"] == 'µ "quoted" <&> ; :\n'
    study.setChoice("kinetics", None)
    assert study.choices() == {}


def testNotANumberIsRefused(scene):
    study = Study.create(scene, "Case")
    with pytest.raises(InputError, match="cannot be kept"):
        study.setChoice("density", float("nan"))
    assert study.choices() == {}


def testNewerSchemaIsRefusedInWords(scene):
    study = Study.create(scene, "Case")
    study.node.SetParameter("study", '{"schemaVersion": 99, "choices": {}}')
    with pytest.raises(InputError, match="newer version"):
        study.choices()


def testDamagedStudyIsRefusedInWords(scene):
    study = Study.create(scene, "Case")
    study.node.SetParameter("study", "{")
    with pytest.raises(InputError, match="damaged"):
        study.choices()


def testTheHeadOfARecordFollowsIt(scene):
    study = Study.create(scene, "Case")
    assert study.stageHead("dose") is None and not study.hasStageValue("dose")
    assert study.stageValueDigest("dose") == digestOf(None)
    for value in ({"Gy": 1.25}, {"Gy": 1.5}, None):
        study.setStageRecord("dose", {"digest": "ab", "value": value, "warnings": [], "error": "no"})
        head = study.stageHead("dose")
        assert (head.digest, head.error, head.hasValue) == ("ab", "no", value is not None)
        assert head.valueDigest == study.stageValueDigest("dose") == digestOf(value)
    study.setStageRecord("dose", None)
    assert study.stageHead("dose") is None
    for text in ("{", "{}", "[]"):
        study.node.SetParameter("stage.dose", text)
        with pytest.raises(InputError, match="Case, dose: The saved study is damaged"):
            study.stageHead("dose")


def testStudiesKeepApart(scene):
    first, second = Study.create(scene, "Case"), Study.create(scene, "Case")
    assert first != second and first.name != second.name
    first.setChoice("registration", "rigid")
    assert second.choice("registration") is None
    assert [study.name for study in Study.all(scene)] == [first.name, second.name]


def testForeignNodeIsNoStudy(scene):
    with pytest.raises(InputError):
        Study(addSpect(scene))
    with pytest.raises(InputError):
        Study(None)


def testTimePointsAreInTheOrderOfTime(scene):
    study = Study.create(scene, "Case")
    for name, hours in (("a", None), ("b", 168.0), ("c", 4.04), ("d", 24.0)):
        point = study.addTimePoint(addSpect(scene, name))
        if hours is not None:
            point.setFact("timeAfterAdministrationHours", hours, "h", "DICOM", "(0008,0022)")
    assert [point.label for point in study.timePoints] == ["4 h", "24 h", "168 h", "a"]


def testReferenceIsTheFirstIncludedUntilChosen(scene):
    study = Study.create(scene, "Case")
    points = []
    for hours in (4.0, 24.0):
        point = study.addTimePoint(addSpect(scene))
        point.setFact("timeAfterAdministrationHours", hours, "h", "user")
        points.append(point)
    assert study.referenceTimePoint == points[0]
    points[0].isExcluded = True
    assert study.referenceTimePoint == points[1]
    study.referenceTimePoint = points[0]
    assert study.referenceTimePoint == points[0]
    study.removeTimePoint(points[0])
    assert study.referenceTimePoint == points[1] and study.timePoints == [points[1]]


def testRemovedVolumeIsNoTimePoint(scene):
    study = Study.create(scene, "Case")
    point = study.addTimePoint(addSpect(scene, "gone"))
    study.referenceTimePoint = point
    scene.RemoveNode(point.spectNode)
    assert study.timePoints == [] and study.referenceTimePoint is None
    study.addTimePoint(addSpect(scene, "new"))
    assert [item.label for item in study.timePoints] == ["new"]


def testTheSameVolumeTwiceAndForeignVolumesAreRefused(scene):
    study = Study.create(scene, "Case")
    node = addSpect(scene)
    study.addTimePoint(node)
    with pytest.raises(InputError, match="already"):
        study.addTimePoint(node)
    other = headless.newScene()
    with pytest.raises(InputError, match="not in the scene"):
        study.addTimePoint(addSpect(other))


def testFactsSayWhereTheyComeFrom(scene):
    point = Study.create(scene, "Case").addTimePoint(addSpect(scene))
    found = [{"value": 1700.0, "source": "DICOM"}]
    point.setFact("durationSeconds", 1800.0, "s", "user", "form", found, "clock was wrong")
    assert point.fact("durationSeconds") == {"value": 1800.0, "unit": "s", "source": "user", "detail": "form",
                                             "alternatives": found, "reason": "clock was wrong"}
    point.setFact("durationSeconds", None, "", "user")
    assert point.fact("durationSeconds") is None


def testChangesOfAFactTellTheStudyNode(scene):
    study = Study.create(scene, "Case")
    point = study.addTimePoint(addSpect(scene))
    calls = []
    study.node.AddObserver("ModifiedEvent", lambda *_: calls.append(1))
    point.setFact("timeAfterAdministrationHours", 4.0, "h", "user")
    point.isExcluded = True
    assert len(calls) >= 2


def testRegistrationMovesSpectAndCTAndIsUsedAgain(scene):
    study = Study.create(scene, "Case")
    point = study.addTimePoint(addSpect(scene), addCT(scene))
    assert np.array_equal(point.referenceFromTimePoint, np.eye(4))
    matrix = np.eye(4)
    matrix[:3, 3] = (1.5, -2.25, 3.0)
    node = point.setReferenceFromTimePoint(matrix)
    assert np.array_equal(point.referenceFromTimePoint, matrix)
    assert point.ctNode.GetParentTransformNode() is node
    before = scene.GetNumberOfNodes()
    assert point.setReferenceFromTimePoint(np.eye(4)) is node
    assert scene.GetNumberOfNodes() == before
    point.setReferenceFromTimePoint(None)
    assert point.transformNode is None and scene.GetNumberOfNodes() == before - 1


def testEverythingSurvivesSaveAndReopen(scene, tmp_path):
    study = Study.create(scene, "Cycle 1, µ")
    for hours in (24.0, 4.0):
        point = study.addTimePoint(addSpect(scene, f"S{hours:g}", hours), addCT(scene, f"C{hours:g}"))
        point.setFact("timeAfterAdministrationHours", hours, "h", "DICOM", "(0008,0022)", reason='"x" <&>')
    matrix = np.eye(4)
    matrix[:3, :3] = [[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]]
    point.setReferenceFromTimePoint(matrix)
    study.timePoints[1].isExcluded = True
    study.referenceTimePoint = study.timePoints[1]
    study.setChoice("registration", "rigid")
    record = {"digest": "ab", "value": {"Gy": 1.25}, "warnings": ["w"], "error": None}
    study.setStageRecord("dose", record)
    study.setNodeForRole("absorbedDose", addSpect(scene, "dose"))
    digests = [volumes.contentDigest(point.spectNode) for point in study.timePoints]
    path = str(tmp_path / "scene.mrb")
    files.saveBundle(scene, path)

    reopened = Study.all(files.openBundle(path))
    assert len(reopened) == 1
    again = reopened[0]
    assert again.name == "Cycle 1, µ" and again.choices() == {"registration": "rigid"}
    assert again.stageRecord("dose") == record and again.stageRecord("kinetics") is None
    first, second = again.timePoints
    assert (first.label, second.label) == ("4 h", "24 h")
    assert second.isExcluded and again.referenceTimePoint == second
    assert first.ctNode.GetName() == "C4" and first.fact("timeAfterAdministrationHours")["reason"] == '"x" <&>'
    assert np.allclose(first.referenceFromTimePoint, matrix, atol=1e-12)
    assert again.nodeByRole("absorbedDose").GetName() == "dose"
    assert [volumes.contentDigest(point.spectNode) for point in again.timePoints] == digests
