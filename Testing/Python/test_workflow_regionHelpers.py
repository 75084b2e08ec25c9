"""Helps to draw, live numbers and sign-off on the real scene: voxels, codes, colors, saved and reopened."""

import numpy as np
import pytest

pytest.importorskip("slicer", reason="the scene layer needs slicer-core")

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.imaging.surfaces import enclosedVolumeML
from MRTDosimetryLib.imaging.volume import Volume
from MRTDosimetryLib.scene import files, headless, placedPoint, regionContents, segmentDrawing, segments, volumes
from MRTDosimetryLib.scene.study import Study
from MRTDosimetryLib.workflow import (
    dose,
    doseHistograms,
    doseOptions,
    liveRegions,
    protocol,
    regionHelpers,
    regionMasks,
    registration,
    segmentation,
    signOff,
    stages,
    timePoints,
)

BALL = np.array([20.0, 30.0, 45.0])
MOVED = np.eye(4)
MOVED[:3, 3] = (6.0, -4.0, 10.0)


def ball(shape, matrix, center, radiusMM):
    k, j, i = np.indices(shape)
    points = np.stack([i, j, k], -1) @ matrix[:3, :3].T + matrix[:3, 3]
    return np.linalg.norm(points - center, axis=-1) <= radiusMM


def addTimePoint(study, hours, center, radiusMM=18.0, activityBqPerML=2e6, ctValue=40):
    """SPECT on 4 mm with a hot ball, CT on 2 x 2 x 3 mm of water."""
    spectMatrix, ctMatrix = np.diag([4.0, 4.0, 4.0, 1.0]), np.diag([2.0, 2.0, 3.0, 1.0])
    ctMatrix[:3, 3] = (-1.0, -1.0, -0.5)  # outer faces of both images at -2 mm
    image = np.full((24, 24, 24), 1e4, np.float32)
    image[ball(image.shape, spectMatrix, center, radiusMM)] = activityBqPerML
    spect = volumes.addVolume(study.scene, Volume(image, spectMatrix, "Bq/mL", f"{hours} h"), "activityConcentration")
    ct = volumes.addVolume(study.scene, Volume(np.full((32, 48, 48), ctValue, np.int16), ctMatrix, "[hnsf'U]", "CT"),
                           "attenuation")
    timePoints.addFromNodes(study, spect, ct, "Bq/mL", hours)


@pytest.fixture
def study():
    """Two time points; what was seen at 24 h lies where MOVED takes it."""
    made = Study.create(headless.newScene(), "Study")
    protocol.setProtocol(made, "lutetiumDotatate.multiTimePoint", "Lu-177")
    registration.setKind(made, "none")
    addTimePoint(made, 4.0, BALL)
    back = np.linalg.inv(MOVED) @ [*BALL, 1.0]
    addTimePoint(made, 24.0, back[:3])
    made.timePoints[1].setReferenceFromTimePoint(MOVED)
    made.referenceTimePoint = made.timePoints[0]
    return made


def node(study):
    return study.nodeByRole("segmentation")


def volumeML(study, segmentID):
    return regionContents.contents(node(study))[segmentID].volumeML


def centerOf(study, segmentID):
    mask = segmentDrawing.regionMask(node(study), segmentID)
    index = np.array(np.nonzero(mask.array))[::-1].mean(axis=1)
    return (mask.ijkToRAS @ [*index, 1.0])[:3]


def testTheListOfTheProtocol(study):
    wanted = [choice for choice in regionHelpers.regionChoices(study) if choice["isWanted"]]
    assert [choice["name"] for choice in wanted] == [
        "kidney left", "kidney right", "red marrow", "liver", "spleen", "lesion 1"]
    assert wanted[0]["meaning"] == "Kidney, Left" and wanted[2]["meaning"] == "Bone marrow"
    assert len({choice["color"] for choice in wanted}) == len(wanted)
    for name in ("Left kidney", "lesion 1", "both lungs", "vertebral marrow"):
        regionHelpers.addRegion(study, name)
    assert regionHelpers.missingRegions(study) == ["kidney right", "liver", "spleen"]
    assert "lesion 2" in [choice["name"] for choice in regionHelpers.regionChoices(study)]
    regionHelpers.addRegion(study, "kidneys")
    assert "kidney right" not in regionHelpers.missingRegions(study), "both are one region"
    protocol.setProtocol(study, None, "Lu-177")
    assert regionHelpers.missingRegions(study) == []
    assert [choice["name"] for choice in regionHelpers.regionChoices(study)][0] == "lesion 2"


def testRegionsAreNamedCodedColoredAndKept(study, tmp_path):
    names = ["kidney left", "lacrimal gland right", "red marrow", "lesion 1", "lesion 2"]
    for name in names:
        regionHelpers.addRegion(study, name)
    codes = {"kidney left": "64033007^Kidney~SCT^7771000^Left", "lacrimal gland right": "13561001^Lacrimal gland",
             "red marrow": "14016003^Bone marrow", "lesion 1": "108369006^Neoplasm", "lesion 2": "108369006^Neoplasm"}
    segmentation = node(study).GetSegmentation()
    for segmentID, name in segments.regionNames(node(study)).items():
        assert codes[name] in segmentation.GetSegment(segmentID).GetTerminology()
    colors = segments.regionColors(node(study))
    assert len(set(colors.values())) == len(names)
    regionHelpers.drawSphere(study, "lesion_1", BALL, 3.0)
    digest = segments.segmentationDigest(node(study))
    files.saveBundle(study.scene, str(tmp_path / "s.mrb"))
    again = Study.all(files.openBundle(str(tmp_path / "s.mrb")))[0]
    assert list(segments.regionNames(node(again)).values()) == names
    for name, color in segments.regionColors(node(again)).items():
        assert np.allclose(color, colors[name], atol=1e-4)
    assert segments.segmentationDigest(node(again)) == digest
    assert volumeML(again, "lesion_1") == pytest.approx(3.0, abs=0.01)


def testAddingNeedsANameOfItsOwnAndAnImage(study):
    regionHelpers.addRegion(study, "liver")
    for name, words in (("Liver ", "already is a region"), ("", "no name")):
        with pytest.raises(InputError, match=words):
            regionHelpers.addRegion(study, name)
    empty = Study.create(study.scene, "Empty")
    with pytest.raises(InputError, match="no time point"):
        regionHelpers.addRegion(empty, "liver")


def testSphereReplacesAddsAndTakes(study):
    liver, lesion = regionHelpers.addRegion(study, "liver"), regionHelpers.addRegion(study, "lesion 1")
    regionHelpers.drawSphere(study, liver, BALL, 20.0)
    assert regionHelpers.drawSphere(study, lesion, BALL, 2.0)["volumeML"] == pytest.approx(2.0, abs=0.006)
    assert volumeML(study, liver) == pytest.approx(18.0, abs=0.02)
    regionHelpers.drawSphere(study, lesion, BALL + [28, 0, 0], 2.0, isAdded=True)
    assert volumeML(study, lesion) == pytest.approx(4.0, abs=0.02)
    regionHelpers.drawSphere(study, lesion, BALL + [6, 0, 0], 1.0, takesVoxels=False)
    assert volumeML(study, lesion) == pytest.approx(1.0, abs=0.01)
    assert volumeML(study, liver) == pytest.approx(18.0, abs=0.02), "may overlap"
    assert np.abs(centerOf(study, lesion) - BALL - [6, 0, 0]).max() < 1.5


@pytest.mark.parametrize("point, size, words", [
    (None, 2.0, "No point is placed"), ((900, 0, 0), 2.0, "outside the image"), (BALL, 0.0, "above zero"),
    ((1, 1, 1), 50.0, "of the sphere lies outside")])
def testSpheresThatCannotBeLeaveTheRegionAsItWas(study, point, size, words):
    liver = regionHelpers.addRegion(study, "liver")
    regionHelpers.drawSphere(study, liver, BALL, 20.0)
    before = segments.segmentationDigest(node(study))
    with pytest.raises(InputError, match=words):
        regionHelpers.drawSphere(study, liver, point, size)
    with pytest.raises(InputError, match="No region is selected"):
        regionHelpers.drawSphere(study, "", BALL, 2.0)
    assert segments.segmentationDigest(node(study)) == before


@pytest.mark.parametrize("number", [0, 1])
def testThresholdOfAnyTimePointLandsInTheReference(study, number):
    lesion = regionHelpers.addRegion(study, "lesion 1")
    point = study.timePoints[number]
    found = regionHelpers.drawThreshold(study, lesion, BALL, 35.0, percentOfMaximum=50.0, timePoint=point)
    assert found["maximumBqPerML"] == pytest.approx(2e6) and found["thresholdBqPerML"] == pytest.approx(1e6)
    own = 0.064 * np.count_nonzero(volumes.volumeFromNode(point.spectNode).array > 1e6)
    assert found["volumeML"] == pytest.approx(own, rel=0.05)
    assert np.abs(centerOf(study, lesion) - BALL).max() < 1.5
    again = regionHelpers.drawThreshold(study, lesion, BALL, 35.0, thresholdBqPerML=1e6, timePoint=point)
    assert again["volumeML"] == found["volumeML"]


def testThresholdNeedsBqPerML(study):
    lesion = regionHelpers.addRegion(study, "lesion 1")
    volumes.setUnit(study.timePoints[0].spectNode, "counts", "counts")
    with pytest.raises(InputError, match="'counts' instead of Bq/mL"):
        regionHelpers.drawThreshold(study, lesion, BALL, 35.0, percentOfMaximum=50.0)


@pytest.mark.parametrize("isUnderTransform", [False, True])
def testARegionOfAnotherTimePointIsCopiedThroughItsRegistration(study, isUnderTransform):
    point = study.timePoints[1]
    grid = volumes.volumeFromNode(point.spectNode)
    source = segments.segmentationFromLabels(
        study.scene, grid.withArray((grid.array > 1e6).astype(np.uint8), unit=""), {1: "tumor"}, "Drawn at 24 h")
    if isUnderTransform:
        source.SetAndObserveTransformNodeID(point.transformNode.GetID())
    lesion = regionHelpers.addRegion(study, "lesion 1")
    found = regionHelpers.copyRegion(study, lesion, source, "tumor", point)
    assert found["volumeML"] == pytest.approx(found["sourceVolumeML"], rel=0.03)
    assert np.abs(centerOf(study, lesion) - BALL).max() < 1.0
    with pytest.raises(InputError, match="no such region"):
        regionHelpers.copyRegion(study, lesion, source, "nothing", point)
    source.GetSegmentation().AddEmptySegment("empty", "empty")
    with pytest.raises(InputError, match="is empty"):
        regionHelpers.copyRegion(study, lesion, source, "empty", point)


def testACopyThatWouldBeCutIsRefused(study):
    source = segmentDrawing.createSegmentation(study.scene, study.timePoints[0].ctNode, "Elsewhere")
    segmentDrawing.addRegion(source, "liver")
    grid = segmentDrawing.drawingGrid(source)
    mask = Volume(np.ones((10, 10, 10), np.uint8), grid.ijkToRAS, "", "liver")
    segmentDrawing.setRegionMask(source, "liver", mask)
    far = np.eye(4)
    far[0, 3] = -10.0
    volumes.setTransform(source, far, "moved")
    liver = regionHelpers.addRegion(study, "liver")
    with pytest.raises(InputError, match="50% of the region lies outside"):
        regionHelpers.copyRegion(study, liver, source, "liver")


def testRegionsOfAnotherToolGiveWayToWhatIsDrawn(study):
    lesion = regionHelpers.addRegion(study, "lesion 1")
    regionHelpers.drawSphere(study, lesion, BALL, 2.0)
    ct = volumes.volumeFromNode(study.timePoints[0].ctNode)
    labels = ball(ct.array.shape, ct.ijkToRAS, BALL, 16.0).astype(np.uint8)
    labels[20:26, 30:40, 30:40] = 2
    source = segments.segmentationFromLabels(study.scene, ct.withArray(labels, unit=""),
                                             {1: "liver", 2: "kidney_left"}, "tool")
    source.GetSegmentation().AddEmptySegment("spleen", "spleen")
    assert regionHelpers.adoptRegions(study, source, ["kidney left", "spleen", "liver", "heart"]) == [
        "kidney left", "liver"]
    assert volumeML(study, lesion) == pytest.approx(2.0, abs=0.01)
    assert volumeML(study, "liver") == pytest.approx(np.count_nonzero(labels == 1) * 0.012 - 2.0, abs=0.02)
    assert volumeML(study, "kidney_left") == pytest.approx(600 * 0.012)


def testLiveNumbersFollowTheDrawing(study):
    assert liveRegions.rows(study) == []
    lesion = regionHelpers.addRegion(study, "lesion 1")
    row, = liveRegions.rows(study)
    assert row["problems"] == ["nothing is drawn yet"] and row["volumeML"] == 0 and row["activityMBq"] is None
    regionHelpers.drawSphere(study, lesion, BALL, 4.0)
    row, = liveRegions.rows(study)
    assert row["volumeML"] == pytest.approx(4.0, abs=0.01) and row["problems"] == []
    assert row["meanActivityBqPerML"] == pytest.approx(2e6, rel=1e-6) and row["tissue"] == "tumor"
    assert row["activityMBq"] == pytest.approx(2.0 * row["volumeML"], rel=1e-6)
    assert row["isSmall"] and row["isResolutionAssumed"] and "10 mm (assumed)" in liveRegions.recoveryWords(row)
    # as the report says it, for the same volume
    assert row["recovery"] == pytest.approx(liveRegions.recoveryOfSphere(row["volumeML"], 10.0))
    study.setChoice("resolutionFWHMMM", 5.0)
    assert liveRegions.rows(study)[0]["recovery"] > row["recovery"]
    study.referenceTimePoint = study.timePoints[1]
    assert liveRegions.rows(study)[0]["meanActivityBqPerML"] == pytest.approx(2e6, rel=1e-6), "through its transform"
    study.timePoints[1].setReferenceFromTimePoint(None)
    assert liveRegions.rows(study)[0]["meanActivityBqPerML"] != pytest.approx(2e6, rel=0.01)


def testLiveNumbersAreThoseOfTheStages(study):
    """The same activity as the time-activity curve gets from the same voxels."""
    liver = regionHelpers.addRegion(study, "liver")
    regionHelpers.drawSphere(study, liver, BALL + [3, 2, 1], 30.0)
    stages.runStale(study, upTo="regions")
    row, = liveRegions.rows(study)
    assert segmentation.rows(study)[0]["volumeML"] == pytest.approx(row["volumeML"], rel=1e-9)
    spect = volumes.volumeFromNode(study.timePoints[0].spectNode)
    item = regionMasks.regionOccupancies(study, study.timePoints[0])["liver"]
    expected = float((spect.array[item.slices] * item.fraction).sum(dtype=float)) * spect.voxelVolumeML / 1e6
    assert row["activityMBq"] == pytest.approx(expected, rel=1e-9)


def testARegionBeyondTheImageIsTold(study):
    """The CT reaches further than the SPECT."""
    wide = volumes.addVolume(study.scene, Volume(np.full((32, 48, 96), 40, np.int16), np.diag([2.0, 2, 3, 1]),
                                                 "[hnsf'U]", "wide CT"), "attenuation")
    study.timePoints[0].ctNode = wide
    liver = regionHelpers.addRegion(study, "liver")
    regionHelpers.drawSphere(study, liver, (150.0, 45.0, 45.0), 10.0)
    row, = liveRegions.rows(study)
    assert row["problems"] == ["the region lies outside the SPECT image"] and row["activityMBq"] is None
    with pytest.raises(InputError, match="outside the SPECT image"):
        stages.runStale(study, upTo="regions")
    regionHelpers.drawSphere(study, liver, (94.0, 45.0, 45.0), 10.0)
    row, = liveRegions.rows(study)
    assert "of the volume lies outside the SPECT image" in row["problems"][0]
    assert row["meanActivityBqPerML"] == pytest.approx(1e4, rel=1e-6)


def testARegionWithoutMassIsRefusedInWords(study, monkeypatch):
    liver = regionHelpers.addRegion(study, "liver")
    regionHelpers.drawSphere(study, liver, BALL, 10.0)
    monkeypatch.setattr(segmentation, "densityGPerML", lambda hounsfield: np.zeros_like(hounsfield))
    with pytest.raises(InputError, match="has no mass"):
        stages.runStale(study, upTo="regions")


def testTwoRegionsOfOneNameAndEmptyOnesAreTold(study):
    regionHelpers.addRegion(study, "liver")
    regionHelpers.drawSphere(study, "liver", BALL, 5.0)
    node(study).GetSegmentation().AddEmptySegment("other", "liver")
    problems = [row["problems"] for row in liveRegions.rows(study)]
    assert problems[0] == ["another region has the same name"]
    assert problems[1] == ["another region has the same name", "nothing is drawn yet"]
    node(study).GetSegmentation().GetSegment("other").SetName("spleen")
    with pytest.raises(InputError, match="The region is empty"):
        stages.runStale(study, upTo="regions")


def testClosedSurfacesAreShownAndOffered(study):
    liver = regionHelpers.addRegion(study, "liver")
    regionHelpers.drawSphere(study, liver, BALL, 30.0)
    assert regionMasks.regionSurfaces(study) is None
    segments.createSurfaces(node(study))
    segmentation = node(study).GetSegmentation()
    segmentation.SetSourceRepresentationName(segments.CLOSED_SURFACE)
    segmentation.RemoveRepresentation(segments.BINARY_LABELMAP)
    surfaces = regionMasks.regionSurfaces(study)
    assert list(surfaces) == ["liver"]
    assert np.abs(surfaces["liver"].pointsRAS.mean(axis=0) - BALL).max() < 1.0
    row, = liveRegions.rows(study)
    assert row["volumeML"] == pytest.approx(30.0, rel=0.03)
    assert row["meanActivityBqPerML"] > 1e6
    signOff.sign(study, liver, "verified", "physician", "A. Reader")
    assert signOff.rows(study)[0]["state"] == "verified"


def testDoseVolumeHistogramOfClosedSurfaces(study):
    """Whole dose stage on a region that exists as a surface alone: its histogram is that of the surface."""
    study.removeTimePoint(study.timePoints[1])
    addTimePoint(study, 24.0, BALL, activityBqPerML=1.5e6)
    liver = regionHelpers.addRegion(study, "liver")
    regionHelpers.drawSphere(study, liver, BALL, 20.0)
    segments.createSurfaces(node(study))
    segmentation = node(study).GetSegmentation()
    segmentation.SetSourceRepresentationName(segments.CLOSED_SURFACE)
    segmentation.RemoveRepresentation(segments.BINARY_LABELMAP)
    doseOptions.setEngine(study, density="uniform")
    stages.runStale(study, upTo="dose")
    reference = study.referenceTimePoint
    grid = volumes.volumeFromNode(reference.spectNode)
    points = doseHistograms.samplePoints(study, grid, regionMasks.regionOccupancies(study, reference))["liver"]
    surface = regionMasks.regionSurfaces(study)["liver"]
    assert points.volumeML == pytest.approx(enclosedVolumeML(surface), rel=1e-3)
    row, = dose.rows(study)
    assert row["dvh"]["meanGy"] == pytest.approx(row["absorbedDoseGy"], rel=0.2)


def testMapThatDisagreesWithTheRegionIsTold(study):
    """Scans that do not lie on each other: what belongs to neither region nor remainder alone shows at the edge."""
    liver = regionHelpers.addRegion(study, "liver")
    regionHelpers.drawSphere(study, liver, BALL, 20.0)
    doseOptions.setEngine(study, density="uniform")
    stages.runStale(study, upTo="dose")
    row, = dose.rows(study)
    assert row["dvh"]["meanGy"] > 1.3 * row["absorbedDoseGy"]
    assert any("far above the mean absorbed dose" in words for words in stages.warnings(study, "dose"))


# sign-off


def testSignOffIsStaleAfterAChangeAndBackAfterUndo(study):
    liver, lesion = regionHelpers.addRegion(study, "liver"), regionHelpers.addRegion(study, "lesion 1")
    regionHelpers.drawSphere(study, liver, BALL, 20.0)
    assert [row["state"] for row in signOff.rows(study)] == ["open", "open"]
    signOff.sign(study, liver, "drafted", "physicist", "B. Drafter", "2026-05-04T10:00:00+02:00")
    assert signOff.rows(study)[0]["state"] == "drafted"
    signOff.sign(study, liver, "verified", "physician", "A. Reader", "2026-05-04T11:30:00+02:00")
    row = signOff.rows(study)[0]
    assert row["state"] == "verified" and row["region"] == "liver"
    assert row["verified"] == {"role": "physician", "name": "A. Reader", "time": "2026-05-04T11:30:00+02:00",
                               "isStale": False}
    assert signOff.words(row) == ["drafted by B. Drafter (physicist) 2026-05-04 10:00",
                                  "verified by A. Reader (physician) 2026-05-04 11:30"]
    regionHelpers.drawSphere(study, lesion, BALL + [12, 0, 0], 1.0)  # takes voxels of the liver
    row = signOff.rows(study)[0]
    assert row["state"] == "stale" and row["verified"]["isStale"] and row["drafted"]["isStale"]
    assert signOff.warnings(study) == ["liver: changed since it was verified."]
    regionHelpers.drawSphere(study, liver, BALL, 20.0)
    assert signOff.rows(study)[0]["state"] == "verified", "exactly as it was signed"
    node(study).GetSegmentation().GetSegment(liver).SetName("spleen")
    assert signOff.rows(study)[0]["state"] == "stale", "it is called something else"
    signOff.withdraw(study, liver, "verified")
    assert signOff.rows(study)[0]["state"] == "drafted"
    signOff.withdraw(study, liver, "drafted")
    assert study.choice("signOff") is None


@pytest.mark.parametrize("change, words", [
    ({"name": " "}, "Give your name"), ({"role": "visitor"}, "not a role"), ({"kind": "seen"}, "not a kind"),
    ({"segmentID": "nothing"}, "no such region"), ({"segmentID": "spleen"}, "Nothing is drawn")])
def testWhatCannotBeSigned(study, change, words):
    regionHelpers.addRegion(study, "liver")
    regionHelpers.addRegion(study, "spleen")
    regionHelpers.drawSphere(study, "liver", BALL, 20.0)
    given = {"segmentID": "liver", "kind": "verified", "role": "physician", "name": "A. Reader", **change}
    with pytest.raises(InputError, match=words):
        signOff.sign(study, **given)
    assert signOff.rows(study)[0]["state"] == "open"


def testSignaturesAndThePointSurviveSaving(study, tmp_path):
    liver = regionHelpers.addRegion(study, "liver")
    regionHelpers.drawSphere(study, liver, BALL, 20.0)
    signOff.sign(study, liver, "verified", "physician", "A. Reader")
    placedPoint.setPoint(study, BALL)
    before = signOff.rows(study)
    files.saveBundle(study.scene, str(tmp_path / "s.mrb"))
    again = Study.all(files.openBundle(str(tmp_path / "s.mrb")))[0]
    assert signOff.rows(again) == before and before[0]["state"] == "verified"
    assert placedPoint.pointRAS(again) == pytest.approx(tuple(BALL))


# what is drawn, incrementally


def testIncrementalContentsAreThoseOfAFreshLook(study):
    """Many edits of the kinds the Segment Editor makes: digest and volumes are those of a segmentation seen anew."""
    rng = np.random.default_rng(7)
    names = ["liver", "spleen", "lesion 1", "kidney left"]
    ids = [regionHelpers.addRegion(study, name) for name in names]
    for step in range(12):
        center = BALL + rng.uniform(-6, 6, 3)
        regionHelpers.drawSphere(study, ids[step % 4], center, rng.uniform(0.5, 9), isAdded=bool(step % 3 == 0),
                                 takesVoxels=bool(step % 2))
        kept = regionContents.contents(node(study))
        regionContents._snapshots.clear()
        fresh = regionContents.contents(node(study))
        assert [(item.voxelCount, item.digest) for item in kept.values()] == [
            (item.voxelCount, item.digest) for item in fresh.values()], step
        for segmentID, item in fresh.items():
            if item.voxelCount:
                assert np.count_nonzero(item.mask().array) == item.voxelCount, segmentID
    node(study).GetSegmentation().CollapseBinaryLabelmaps(False)
    assert {key: item.digest for key, item in regionContents.contents(node(study)).items()} == {
        key: item.digest for key, item in fresh.items()}, "how regions share label images does not matter"


def testContentsFollowSlicersOwnEdits(study):
    import slicer

    liver = regionHelpers.addRegion(study, "liver")
    regionHelpers.drawSphere(study, liver, BALL, 5.0)
    ct = study.timePoints[0].ctNode
    array = slicer.util.arrayFromSegmentBinaryLabelmap(node(study), liver, ct)
    count = regionContents.contents(node(study))[liver].voxelCount
    array[1, 2, 3] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(array, node(study), liver, ct)
    assert regionContents.contents(node(study))[liver].voxelCount == count + 1
    node(study).GetSegmentation().ClearSegment(liver)
    assert regionContents.contents(node(study))[liver].voxelCount == 0


def testFilesOfEveryKindAreTakenByTheirName(study, tmp_path):
    from MRTDosimetryLib.imaging.files import writeImage

    ct = volumes.volumeFromNode(study.timePoints[0].ctNode)
    labels = np.zeros(ct.array.shape, np.uint8)
    labels[5:10, 10:20, 10:20] = 3
    path = str(tmp_path / "labels.nrrd")
    writeImage(ct.withArray(labels, unit=""), path)
    for names, words in (({}, "No region names"), ({"x": "liver"}, "not a label value")):
        with pytest.raises(InputError, match=words):
            regionHelpers.importFile(study, path, names, study.timePoints[0])
    regionHelpers.importFile(study, path, {"3": "liver"}, study.timePoints[0])
    assert volumeML(study, "liver") == pytest.approx(5 * 100 * 0.012)
    for path, words in (("", "No file is chosen"), (str(tmp_path / "none.seg.nrrd"), "no such file"),
                        (str(tmp_path / "none.nii.gz"), "no such file")):
        with pytest.raises(InputError, match=words):
            regionHelpers.importFile(study, path, {"1": "liver"}, study.timePoints[0])


def testAStructureSetIsTakenWithItsNames(study, tmp_path):
    pytest.importorskip("pydicom", reason="RT Structure Sets are read with pydicom")
    from dicomExamples import circle, writeStructureSet

    depths = [-0.5 + 3.0 * index for index in range(10, 20)]
    outlines = [(circle((-BALL[0], -BALL[1], depth), 12.0), "CLOSED_PLANAR") for depth in depths]
    path = writeStructureSet(tmp_path / "structures.dcm", {"Leber": outlines, "Rest": outlines}, "2.25.1003")
    regionHelpers.importFile(study, path, {"Leber": "liver"}, study.timePoints[0])
    assert list(segments.regionNames(node(study)).values()) == ["liver"]
    row, = liveRegions.rows(study)
    assert row["volumeML"] == pytest.approx(np.pi * 1.2**2 * 3.0, rel=0.03)
    assert np.abs(centerOf(study, row["segmentID"])[:2] - BALL[:2]).max() < 0.3
    assert "10200004^Liver" in node(study).GetSegmentation().GetSegment(row["segmentID"]).GetTerminology()
