"""DICOM from end to end: a study file with supplied facts, side-cars and DICOM regions, and the results exported."""

import json
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import caseFiles
import numpy as np
import pydicom
import pytest
from dicomExamples import changed

from MRTDosimetryLib.dicom.attributes import PatientDescription
from MRTDosimetryLib.dicom.radiotherapyDose import readRTDose
from MRTDosimetryLib.dicom.readers import readSpect
from MRTDosimetryLib.dicom.regions import readRegions
from MRTDosimetryLib.dicom.writeComputedTomography import writeCTSeries
from MRTDosimetryLib.dicom.writeNuclearMedicine import Administration, writeSpect
from MRTDosimetryLib.errors import FaultList, InputError
from MRTDosimetryLib.imaging.files import writeImage
from MRTDosimetryLib.scene import volumes
from MRTDosimetryLib.scene.headless import newScene
from MRTDosimetryLib.scene.study import Study
from MRTDosimetryLib.workflow import dicomExport, record, segmentation, studyFile
from MRTDosimetryLib.workflow.job import computeStudy
from MRTDosimetryLib.workflow.regionMasks import regionLayers

PATIENT = PatientDescription("Secret^Name", "SECRET-ID", "F", birthDate="19500102")
TIMES = (24.0, 96.0)


def writeDicomStudy(folder, change=None):
    """Two scans as DICOM with a CT each; returns the path of the study file."""
    labels = caseFiles.bodyLabels()
    writeImage(labels, str(folder / "labels.nrrd"))
    points = []
    for index, hours in enumerate(TIMES):
        scan = folder / f"scan{index}"
        (scan / "ct").mkdir(parents=True)
        moment = datetime(2026, 5, 4, 10) + np.timedelta64(int(hours), "h").astype(object)
        common = {"patient": PATIENT, "studyInstanceUID": f"1.2.840.99.31.{index}",
                  "frameOfReferenceUID": f"1.2.840.99.41.{index}"}
        writeCTSeries(caseFiles.bodyCT(labels), str(scan / "ct"), seriesInstanceUID=f"1.2.840.99.51.{index}",
                      acquisition=moment, **common)
        writeSpect(caseFiles.activityImage(labels, hours), str(scan / "spect.dcm"),
                   seriesInstanceUID=f"1.2.840.99.61.{index}", acquisition=moment,
                   administration=Administration(datetime(2026, 5, 4, 10), 7400.0, 574300.8, (
                       "447553000", "SCT", "^177^Lutetium")), views=60, viewSeconds=20.0, **common)
        points.append({"spect": f"scan{index}/spect.dcm", "ct": f"scan{index}/ct"})
    description = {
        "schemaVersion": 1, "protocol": None, "radionuclide": "Lu-177",
        "administration": {"activityMBq": 7400, "dateTime": "2026-05-04T10:00:00"}, "timePoints": points,
        "regions": {"labelmap": "labels.nrrd", "timePoint": 0, "names": {"1": "liver", "3": "kidney left"}},
        "registration": "none", "kinetics": {"model": "monoExponential"},
        "dose": {"engine": "localDeposition", "density": "ct"}}
    if change:
        change(description)
    path = folder / "study.json"
    path.write_text(json.dumps(description), encoding="utf-8")
    return path


def apply(path):
    study = Study.create(newScene(), "Study")
    studyFile.applyStudy(study, studyFile.readStudyFile(path)[0])
    return study


@dataclass
class Exported:
    """What is left of a computed study when its scene is gone."""

    paths: dict
    words: list
    again: dict
    later: dict
    deidentified: dict
    folder: Path
    absorbedDose: object
    spectSums: dict
    rows: dict


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dicomStudy")
    description, _ = studyFile.readStudyFile(writeDicomStudy(folder))
    study, _ = computeStudy(description)

    def export(name, madeAt, **options):
        return dicomExport.exportStudy(study, str(folder / name), description, madeAt=madeAt, **options)

    # identified first, then de-identified into the same folder, as a second run with the other choice does
    for isDeidentified in (False, True, False):
        dicomExport.exportResults(study, str(folder), description, {"dicom": True, "deidentified": isDeidentified})
    moment = datetime(2026, 6, 1, 12)
    paths, words = export("first", moment)
    return Exported(
        paths, words, export("again", moment)[0], export("later", datetime(2026, 6, 2))[0],
        export("deidentified", moment, isDeidentified=True)[0],
        folder, volumes.volumeFromNode(study.nodeByRole("absorbedDose")),
        {f"SPECT {point.label}": volumes.volumeFromNode(point.spectNode).array.sum(dtype=float)
         for point in study.timePoints},
        {row["name"]: row for row in study.stageRecord("results")["value"]["regions"]})


# In

def test_suppliedSpacingLandsInTheRecordWithItsReason(tmp_path):
    def change(description):
        description["timePoints"][0]["geometry"] = {"spacingBetweenSlicesMM": 8.0}
        description["timePoints"][0]["reason"] = "read from the protocol of the camera"

    path = writeDicomStudy(tmp_path, change)
    changed(tmp_path / "scan0" / "spect.dcm", lambda d: delattr(d, "SpacingBetweenSlices"))
    study = apply(path)
    point = study.timePoints[0]
    fact = point.fact("spacingBetweenSlicesMM")
    assert fact["value"] == 8.0 and fact["source"] == "file"
    assert fact["reason"] == "read from the protocol of the camera"
    assert volumes.volumeFromNode(point.spectNode).spacingMM[2] == pytest.approx(8.0)
    assert point.timeHours == pytest.approx(24.0) and point.spectNode.GetName() == "SPECT 24 h"
    content = record.makeRecord(study, None, [], str(tmp_path), [])
    assert content["timePoints"][0]["facts"]["spacingBetweenSlicesMM"]["reason"] == fact["reason"]


def test_missingSpacingIsRefusedWithTheKeyThatMendsIt(tmp_path):
    path = writeDicomStudy(tmp_path)
    changed(tmp_path / "scan0" / "spect.dcm", lambda d: delattr(d, "SpacingBetweenSlices"))
    with pytest.raises((InputError, FaultList), match=r"\(0018,0088\).*spacingBetweenSlicesMM"):
        apply(path)


def test_reasonOfAStatedTime(tmp_path):
    def change(description):
        description["timePoints"][0].update(hoursAfterAdministration=25.5, reason="clock of the camera was wrong")

    fact = apply(writeDicomStudy(tmp_path, change)).timePoints[0].fact("timeAfterAdministrationHours")
    assert fact["value"] == 25.5 and fact["reason"] == "clock of the camera was wrong"
    assert fact["alternatives"][0]["value"] == pytest.approx(24.0)


def test_sideCarMakesATimePoint(tmp_path):
    labels = caseFiles.bodyLabels()
    image = caseFiles.activityImage(labels, 24.0)
    writeImage(image.withArray(image.array * np.float32(2 ** (24 / 159.528) * 1e-3)), str(tmp_path / "spect.nrrd"))
    writeImage(labels, str(tmp_path / "labels.nrrd"))
    (tmp_path / "spect.json").write_text(json.dumps({
        "kind": "image facts", "schemaVersion": 1, "unit": "kBq/mL", "acquisitionDateTime": "2026-05-05T10:00:00",
        "decayCorrectedTo": "2026-05-04T10:00:00", "durationSeconds": 1200}))
    path = tmp_path / "study.json"
    path.write_text(json.dumps({
        "schemaVersion": 1, "protocol": None, "radionuclide": "Lu-177",
        "administration": {"activityMBq": 7400, "dateTime": "2026-05-04T10:00:00"},
        "timePoints": [{"spect": "spect.nrrd"}],
        "regions": {"labelmap": "labels.nrrd", "names": {"1": "liver"}}}))
    point, = apply(path).timePoints
    assert point.timeHours == pytest.approx(24.0) and point.fact("unit")["detail"] == "spect.json: unit"
    found = volumes.volumeFromNode(point.spectNode)
    assert found.array.sum(dtype=float) == pytest.approx(image.array.sum(dtype=float), rel=1e-5)


def test_clocksThatDifferAreTold(tmp_path):
    path = writeDicomStudy(tmp_path)
    for index, offset in enumerate(("+0200", "+0100")):
        changed(tmp_path / f"scan{index}" / "spect.dcm",
                lambda d, offset=offset: setattr(d, "TimezoneOffsetFromUTC", offset))
    assert any("daylight saving" in words for words in apply(path).timePoints[1].factValue("remarks"))


def test_regionsOfADicomSegmentation(exported, tmp_path):
    """Our own export is taken back as the regions of a study: the same names and volumes."""
    path = shutil.copy(exported.paths["SEG"], tmp_path / "regions.dcm")

    def change(content):
        content["regions"] = {"segmentation": str(path), "names": {"liver": "liver", "kidney left": "kidney"}}

    (tmp_path / "again").mkdir()
    again = apply(writeDicomStudy(tmp_path / "again", change))
    assert again.timePoints[0].factValue("ctFrameOfReferenceUID") == "1.2.840.99.41.0"
    assert not again.timePoints[0].factValue("remarks")
    labels = caseFiles.bodyLabels()
    found = {name: np.count_nonzero(layer.labels.array == value) * layer.labels.voxelVolumeML
             for layer in regionLayers(again) for value, name in layer.names.items()}
    expected = {name: np.count_nonzero(labels.array == value) * labels.voxelVolumeML
                for value, name in ((1, "liver"), (3, "kidney"))}
    assert found == pytest.approx(expected)
    changed(path, lambda d: setattr(d, "FrameOfReferenceUID", "2.25.9"))
    with pytest.raises((InputError, FaultList), match="another frame of reference"):
        apply(tmp_path / "again" / "study.json")


# Out

def test_exportJoinsTheStudyOfItsCT(exported):
    assert exported.words == [] and "CT" not in exported.paths
    datasets = {kind: pydicom.dcmread(path) for kind, path in exported.paths.items()}
    for kind, dataset in datasets.items():
        assert dataset.StudyInstanceUID == "1.2.840.99.31.0" and dataset.PatientName == "Secret^Name", kind
        if kind != "SR":
            assert dataset.FrameOfReferenceUID == "1.2.840.99.41.0", kind
    uids = [dataset.SOPInstanceUID for dataset in datasets.values()]
    assert len(set(uids)) == len(uids) and all(uid.startswith("2.25.") for uid in uids)
    absorbedDose = exported.absorbedDose
    found = readRTDose(exported.paths["RTDOSE"], "1.2.840.99.41.0", "SECRET-ID")
    assert np.abs(found.volume.array - absorbedDose.array).max() <= 1e-6 * absorbedDose.array.max()
    assert found.volume.hasSameGridAs(absorbedDose, 1e-3)
    assert sorted(readRegions(exported.paths["SEG"], absorbedDose).names) == ["kidney left", "liver"]
    for kind, total in exported.spectSums.items():
        image = readSpect(exported.paths[kind])
        assert image.volume.array.sum(dtype=float) == pytest.approx(total, rel=1e-4)
        assert image.facts["radionuclide"].value == "Lu-177"


def test_reportHoldsTheResults(exported):
    highdicom = pytest.importorskip("highdicom")
    groups = highdicom.sr.srread(exported.paths["SR"]).content.get_volumetric_roi_measurement_groups()
    assert len(groups) == len(exported.rows)
    for group in groups:
        values = {item.name.value: item.value for item in group.get_measurements()}
        row = exported.rows[group.tracking_identifier]
        assert values["128533"] == pytest.approx(row["absorbedDoseGy"], rel=1e-9)
        assert values["TIA"] == pytest.approx(row["timeIntegratedActivityMBqH"], rel=1e-9)
        assert values["118565006"] == pytest.approx(row["volumeML"], rel=1e-9)


def test_uidsAreStableForTheSameExport(exported):
    first, second, later = ({kind: pydicom.dcmread(path).SOPInstanceUID for kind, path in paths.items()}
                            for paths in (exported.paths, exported.again, exported.later))
    assert first == second and not set(first.values()) & set(later.values())


def test_deidentifiedExportLeaksNothing(exported):
    assert "CT" in exported.deidentified
    files = list(Path(exported.deidentified["RTDOSE"]).parent.rglob("*.dcm"))
    assert len(files) > 20
    for path in files:
        content = path.read_bytes()
        for secret in (b"Secret", b"SECRET", b"19500102", b"20260504", b"20260505", b"20260601", b"1.2.840.99"):
            assert secret not in content, f"{path.name}: {secret}"
        dataset = pydicom.dcmread(path)
        assert dataset.PatientIdentityRemoved == "YES"
        assert not [element for element in dataset.iterall() if element.tag.is_private], path.name
    # the time between administration and scan is what it was
    facts = readSpect(exported.deidentified["SPECT 24 h"]).facts
    start, scan = (datetime.fromisoformat(facts[name].value) for name in (
        "radiopharmaceuticalStartDateTime", "acquisitionDateTime"))
    assert (scan - start).total_seconds() == 24 * 3600


def test_nothingOfAnEarlierExportStays(exported):
    names = sorted(path.name for path in (exported.folder / "dicom").iterdir())
    assert names == sorted(Path(path).name for path in exported.paths.values())
    assert not list(exported.folder.glob(".mrt-*"))


def test_privateTagsOfTheSourceStayThere(tmp_path):
    """Names in private attributes of the CT do not come along, in an identified export either."""
    from MRTDosimetryLib.dicom.exportSource import sourceFromFiles
    from MRTDosimetryLib.dicom.writeRadiotherapyDose import writeRTDose

    writeDicomStudy(tmp_path)
    files = sorted((tmp_path / "scan0" / "ct").iterdir())
    for path in files:
        changed(path, lambda d: d.private_block(0x0009, "SOMEBODY", create=True).add_new(1, "LO", "Secret Private"))
    source = sourceFromFiles([str(path) for path in files])
    labels = caseFiles.bodyLabels()
    writeRTDose(labels.withArray(labels.array.astype(np.float32), unit="Gy"), str(tmp_path / "dose.dcm"), source,
                "2.25.1", "2.25.2", datetime(2026, 5, 9))
    assert b"Secret Private" not in (tmp_path / "dose.dcm").read_bytes()
    assert not [element for image in source.completeImages() for element in image.iterall() if element.tag.is_private]


def test_studyWithoutAnyDicom(tmp_path):
    """Images from NRRD, no CT: the export brings its own reference image, and says that its dates are not real."""
    def change(description):
        description["administration"] = None
        description["dose"]["densityGPerML"] = 1.04

    path = caseFiles.writeStudy(tmp_path, times=(24.0, 96.0), change=change, withCT=False)
    study, _ = computeStudy(studyFile.readStudyFile(path)[0])
    paths, words = dicomExport.exportStudy(study, str(tmp_path / "dicom"))
    assert any("2000-01-01" in sentence for sentence in words)
    assert pydicom.dcmread(paths["SEG"]).FrameOfReferenceUID == pydicom.dcmread(paths["SPECT"]).FrameOfReferenceUID
    assert pydicom.dcmread(paths["RTDOSE"]).TissueHeterogeneityCorrection == "WATER"


def test_keyOfTheExportIsChecked(tmp_path):
    for wrong in ({"dicom": 1}, {"Dicom": True}, [True]):
        with pytest.raises(InputError, match="export is not understood"):
            dicomExport.checkedChoice(wrong, "export")
    with pytest.raises((InputError, FaultList), match="export is not understood"):
        studyFile.readStudyFile(writeDicomStudy(tmp_path, lambda d: d.update(export={"dcm": True})))


# Closed surfaces

def withSurface(tmp_path, radiusMM):
    """A study whose only region is a closed surface, as Slicer makes it of a structure set."""
    import slicer
    import vtk

    study = apply(caseFiles.writeStudy(tmp_path, times=(24.0,), change=lambda d: d["kinetics"].update(
        model="monoExponential", effectiveHalfLifeHours={"liver": 60})))
    node = study.scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Structures")
    segment = slicer.vtkSegment()
    segment.SetName("lesion")
    surface = vtk.vtkPolyData()
    if radiusMM:
        sphere = vtk.vtkSphereSource()
        sphere.SetRadius(radiusMM)
        sphere.SetCenter(3.0, -5.0, 70.0)
        sphere.SetThetaResolution(60)
        sphere.SetPhiResolution(60)
        sphere.Update()
        surface = sphere.GetOutput()
    segment.AddRepresentation("Closed surface", surface)
    node.GetSegmentation().SetSourceRepresentationName("Closed surface")
    node.GetSegmentation().AddSegment(segment, "lesion")
    segmentation.setSegmentation(study, node)
    return study


def test_closedSurfaceIsVoxelized(tmp_path):
    layer, = regionLayers(withSurface(tmp_path, 30.0))
    volumeML = np.count_nonzero(layer.labels.array) * layer.labels.voxelVolumeML
    assert layer.names == {1: "lesion"} and volumeML == pytest.approx(4 / 3 * np.pi * 27.0, rel=0.03)


def test_emptySurfaceIsAnErrorNotZero(tmp_path):
    with pytest.raises(InputError, match="(?i)empty|drawn|surfaces"):
        regionLayers(withSurface(tmp_path, 0.0))
