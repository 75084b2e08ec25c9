"""The plugin of the DICOM browser: what it offers, what arrives in the scene, what it leaves alone."""

import json
import logging
import os
import sys
import time
import unittest
from pathlib import Path

import numpy as np
import pytest
import StandIns

if StandIns.missingReason():
    pytest.skip(StandIns.missingReason(), allow_module_level=True)

from dicomExamples import changed, spectVolume, writeCTExample, writeSpectExample
from StandIns import application, dicomLib, driving

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "nuclearMedicineDicom"
NAME = "MRTDosimetryNMPlugin"
HOURS = 24.025  # from the administration of the examples to their acquisition


class Browser:
    """The database and the two plugins that compete for a SPECT."""

    def __init__(self):
        self.scene = application.newScene()
        if driving.MODULE_FOLDER not in sys.path:
            sys.path.append(driving.MODULE_FOLDER)
        import MRTDosimetryNMPlugin

        self.module, self.parent = MRTDosimetryNMPlugin, application.ModuleParent()
        dicomLib.registerScalarVolumePlugin()
        MRTDosimetryNMPlugin.MRTDosimetryNMPlugin(self.parent)
        self.plugin = MRTDosimetryNMPlugin.MRTDosimetryNMPluginClass()

    def add(self, *paths):
        import slicer

        for path in paths:
            slicer.dicomDatabase.addFile(path)

    def offers(self, *paths):
        self.add(*paths)
        return self.plugin.examineForImport([[str(path) for path in paths]])

    def load(self, path, messages=None):
        """The volume node that the DICOM module would load for the series of a file."""
        import slicer

        self.add(path)
        uid = slicer.dicomDatabase.fileValue(path, "0020,000E")
        found = dicomLib.loadSeriesByUID([uid], messages=messages)
        return slicer.mrmlScene.GetNodeByID(found[0]) if found else None


@pytest.fixture
def browser():
    with dicomLib.TemporaryDICOMDatabase():
        yield Browser()
    application.closeScene()


def newStudy(browser):
    from MRTDosimetryLib.scene.study import Study
    from MRTDosimetryLib.workflow import protocol

    study = Study.create(browser.scene, "Study")
    protocol.setProtocol(study, "lutetiumDotatate.multiTimePoint", "Lu-177")
    return study


def removeMapping(dataset):
    """Leaves the counts."""
    del dataset.RealWorldValueMappingSequence, dataset.RescaleSlope, dataset.RescaleIntercept, dataset.Units


def testTheModuleIsHiddenAndRegistersItsPlugin(browser):
    import slicer

    assert browser.parent.hidden and not browser.parent.widgetRepresentationCreationEnabled
    assert slicer.modules.dicomPlugins[NAME] is browser.module.MRTDosimetryNMPluginClass


def testModuleFileImportsNothingHeavy():
    """Slicer imports the file and asks its plugin for its tags at every start."""
    import subprocess

    code = ("import sys\nfrom StandIns import application, dicomLib\napplication.newScene()\n"
            f"sys.path.append({driving.MODULE_FOLDER!r})\nbefore = set(sys.modules)\nimport MRTDosimetryNMPlugin as m\n"
            "m.MRTDosimetryNMPlugin(application.ModuleParent())\nm.MRTDosimetryNMPluginClass()\n"
            "print(*sorted({name.split('.')[0] for name in set(sys.modules) - before}))")
    paths = os.pathsep.join(sys.path[:2] + [str(Path(__file__).resolve().parent),
                                            str(Path(__file__).resolve().parents[2])])
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120,
                            env={**os.environ, "PYTHONPATH": paths})
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.split() == ["MRTDosimetryNMPlugin"]


def testOfferSaysWhatItIs(browser, tmp_path):
    loadable, = browser.offers(writeSpectExample(tmp_path / "spect.dcm"))
    assert loadable.name == "2: SPECT" and loadable.selected and loadable.warning == ""
    assert loadable.tooltip.split("\n") == [
        "SPECT in Bq/mL", "Acquired: 2026-05-05 10:00:00", "Administered: 2026-05-04 09:58:30, 7345.5 MBq Lu-177"]
    assert dicomLib.DICOMLoadable().confidence < loadable.confidence < 1.0


def testRemarksOfTheReaderAreWarnings(browser, tmp_path):
    path = changed(writeSpectExample(tmp_path / "spect.dcm"), lambda d: d.__setattr__("StudyDate", "20260401"))
    loadable, = browser.offers(path)
    assert "The dates in the file disagree" in loadable.warning and loadable.warning.endswith("used.")


def testVolumeArrivesAsItWasWritten(browser, tmp_path):
    import slicer

    from MRTDosimetryLib.scene import volumes

    path = writeSpectExample(tmp_path / "spect.dcm")
    node, expected = browser.load(path), spectVolume()
    found = volumes.volumeFromNode(node)
    assert found.unit == "Bq/mL" and node.GetVoxelValueQuantity().GetCodeValue() == "110821"
    assert found.hasSameGridAs(expected)
    np.testing.assert_allclose(found.array, expected.array, atol=expected.array.max() / 65535)
    assert node.GetName() == "2: SPECT" and node.GetDisplayNode() is not None
    assert node.GetAttribute("DICOM.instanceUIDs") == slicer.dicomDatabase.fileValue(path, "0008,0018")
    selection = slicer.app.applicationLogic().GetSelectionNode()
    assert selection.GetActiveVolumeID() == node.GetID()


def testSubjectHierarchyHoldsPatientAndStudy(browser, tmp_path):
    import slicer

    constants = slicer.vtkMRMLSubjectHierarchyConstants
    node = browser.load(writeSpectExample(tmp_path / "spect.dcm"))
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(browser.scene)
    item = hierarchy.GetItemByDataNode(node)
    study = hierarchy.GetItemAncestorAtLevel(item, constants.GetDICOMLevelStudy())
    assert hierarchy.GetItemUID(item, constants.GetDICOMUIDName()) == "2.25.1002"
    assert hierarchy.GetItemUID(study, constants.GetDICOMUIDName()) == "2.25.1001"


def testFactsMakeTheTimePoint(browser, tmp_path):
    """No unit, time or duration has to be typed for a volume that came through the browser."""
    from MRTDosimetryLib.workflow import timePoints

    path = writeSpectExample(tmp_path / "spect.dcm")
    study, node = newStudy(browser), browser.load(path)
    point = timePoints.addFromNodes(study, node)
    assert point.spectNode is node and point.timeHours == pytest.approx(HOURS)
    assert point.fact("unit")["source"] == "DICOM" and "(0040,9096)" in point.fact("unit")["detail"]
    assert point.factValue("durationSeconds") == 1200.0 and point.factValue("radionuclide") == "Lu-177"
    assert point.factValue("administeredActivityMBq") == pytest.approx(7345.5)
    # the same facts as from the file itself
    fromFile = timePoints.addFromFiles(study, path, hoursAfterAdministration=48.0)
    for name in ("acquisitionDateTime", "radiopharmaceuticalStartDateTime", "decayCorrection", "durationSeconds"):
        assert point.fact(name) == fromFile.fact(name), name


def testWhatIsGivenStillWins(browser, tmp_path):
    from MRTDosimetryLib.workflow import timePoints

    point = timePoints.addFromNodes(newStudy(browser), browser.load(writeSpectExample(tmp_path / "spect.dcm")),
                                    hoursAfterAdministration=30.0)
    assert point.timeHours == 30.0 and point.fact("timeAfterAdministrationHours")["source"] == "user"
    assert "disagrees" in " ".join(point.factValue("remarks"))


def testCountsNeedTheirCalibrationOnly(browser, tmp_path):
    from MRTDosimetryLib.errors import InputError
    from MRTDosimetryLib.scene import volumes
    from MRTDosimetryLib.workflow import timePoints

    path = changed(writeSpectExample(tmp_path / "spect.dcm"), removeMapping)
    node = browser.load(path)
    counts = volumes.volumeFromNode(node)
    assert counts.unit == "counts"
    study = newStudy(browser)
    with pytest.raises(InputError, match="no calibration factor"):
        timePoints.addFromNodes(study, node)
    point = timePoints.addFromNodes(study, node, calibrationFactorBqPerCps=1e5)
    activity = volumes.volumeFromNode(point.spectNode)
    expected = counts.array.sum(dtype=float) * 1e5 / 1200.0
    assert activity.array.sum(dtype=float) * activity.voxelVolumeML == pytest.approx(expected, rel=1e-5)
    assert volumes.unitOf(node) == "counts", "what was loaded stays"


def testDecayCorrectionIsUndoneOnce(browser, tmp_path):
    """To the administration: undone for the time point; not again when its image becomes a time point once more."""
    from MRTDosimetryLib.workflow import timePoints

    path = changed(writeSpectExample(tmp_path / "spect.dcm"), lambda d: d.__setattr__("DecayCorrection", "ADMIN"))
    study, node = newStudy(browser), browser.load(path)
    point = timePoints.addFromNodes(study, node)
    total = timePoints.totalActivityMBq(point)
    written = spectVolume()
    corrected = written.array.sum(dtype=float) * written.voxelVolumeML * 1e-6
    assert total / corrected == pytest.approx(0.5 ** (HOURS / 159.528), rel=1e-4)
    study.removeTimePoint(point)
    again = timePoints.addFromNodes(study, point.spectNode)
    assert again.spectNode is point.spectNode and timePoints.totalActivityMBq(again) == total


def testUnitOfTheVolumeCountsMoreThanTheNotedOne(browser, tmp_path):
    from MRTDosimetryLib.scene import volumes
    from MRTDosimetryLib.workflow import timePoints

    node = browser.load(writeSpectExample(tmp_path / "spect.dcm"))
    volumes.setUnit(node, "kBq/mL", "activityConcentration")
    point = timePoints.addFromNodes(newStudy(browser), node)
    assert point.fact("unit")["source"] == "scene" and point.factValue("unit") == "kBq/mL"


def testEverythingElseIsLeftAlone(browser, tmp_path, caplog):
    ct = writeCTExample(tmp_path / "ct")
    assert browser.offers(*ct) == []
    for kind in ("STATIC", "WHOLE BODY", "TOMO", "RECON GATED TOMO", ""):
        path = changed(writeSpectExample(tmp_path / f"{kind}.dcm", f"2.25.9{len(kind)}"),
                       lambda d, kind=kind: d.__setattr__("ImageType", ["DERIVED", "PRIMARY", kind, "EMISSION"]))
        assert browser.offers(path) == [], kind
    noType = changed(writeSpectExample(tmp_path / "noType.dcm"), lambda d: d.__delattr__("ImageType"))
    assert browser.offers(noType) == []
    otherClass = changed(writeSpectExample(tmp_path / "pet.dcm"),
                         lambda d: d.__setattr__("SOPClassUID", "1.2.840.10008.5.1.4.1.1.128"))
    assert browser.offers(otherClass) == []
    assert not caplog.records, "what is not meant for the plugin is no news"


def testOnlyTheReconstructionOfAMixedSeriesIsOffered(browser, tmp_path):
    spect, second = (writeSpectExample(tmp_path / name) for name in ("a.dcm", "b.dcm"))
    changed(second, lambda d: d.__setattr__("InstanceNumber", 7))
    planar = changed(writeSpectExample(tmp_path / "planar.dcm"),
                     lambda d: d.__setattr__("ImageType", ["ORIGINAL", "PRIMARY", "STATIC", "EMISSION"]))
    offers = browser.offers(spect, planar, second)
    assert [(offer.files, offer.name) for offer in offers] == [([spect], "2: SPECT [1]"), ([second], "2: SPECT [7]")]


@pytest.mark.parametrize("change, words", [
    (lambda d: d.__delattr__("SpacingBetweenSlices"), "does not state the distance between slices"),
    (lambda d: d.DetectorInformationSequence[0].__delattr__("ImagePositionPatient"), "does not state the position"),
])
def testWhatCannotBePlacedIsNotOffered(browser, tmp_path, caplog, change, words):
    path = changed(writeSpectExample(tmp_path / "spect.dcm"), change)
    with caplog.at_level(logging.WARNING):
        assert browser.offers(path) == []
    record, = caplog.records
    assert words in record.getMessage() and record.exc_info is None and "Traceback" not in record.getMessage()


def testRefusalWhileLoadingIsInWords(browser, tmp_path, caplog):
    """The file has changed since it was offered: nothing gets into the scene, and the reason is shown."""
    path = writeSpectExample(tmp_path / "spect.dcm")
    loadable, = browser.offers(path)
    changed(path, lambda d: d.__delattr__("SpacingBetweenSlices"))
    count = browser.scene.GetNumberOfNodes()
    with caplog.at_level(logging.ERROR):
        assert browser.plugin.load(loadable) is None
    assert "distance between slices" in caplog.records[0].getMessage()
    os.remove(path)
    assert browser.plugin.load(loadable) is None
    assert browser.scene.GetNumberOfNodes() == count


def testIncompleteDatabaseIsMendedByTheHeader(browser, tmp_path, caplog):
    import slicer

    path = writeSpectExample(tmp_path / "spect.dcm")
    browser.add(path)
    slicer.dicomDatabase.forget(path, "SOPClassUID", "ImageType")
    assert len(browser.plugin.examineForImport([[path]])) == 1
    pet = changed(writeSpectExample(tmp_path / "pet.dcm"),
                  lambda d: d.__setattr__("SOPClassUID", "1.2.840.10008.5.1.4.1.1.128"))
    for other in (pet, writeCTExample(tmp_path / "ct")[0]):
        browser.add(other)
        slicer.dicomDatabase.forget(other, "SOPClassUID")
        assert browser.plugin.examineForImport([[other]]) == [] and not caplog.records


def testImageWithoutActivityIsLoadedToo(browser, tmp_path):
    """Whether it is of use is decided when it becomes a time point."""
    volume = spectVolume()
    path = writeSpectExample(tmp_path / "spect.dcm", volume=volume.withArray(np.zeros_like(volume.array)))
    assert browser.load(path) is not None


def testFactsOutliveTheScene(browser, tmp_path):
    node = browser.load(writeSpectExample(tmp_path / "spect.dcm"))
    facts = json.loads(node.GetAttribute("MRTDosimetry.facts"))
    assert facts["acquisitionDateTime"]["value"] == "2026-05-05T10:00:00"
    assert facts["acquisitionDateTime"]["detail"].startswith("(0008,0022)")


@pytest.mark.skipif(not REAL.is_dir(), reason="the real nuclear medicine files are not there")
def testRealFiles(browser):
    from MRTDosimetryLib.scene import volumes

    for name in ("planarUniformity.dcm", "petBqml.dcm"):
        assert browser.offers(REAL / name) == [], name
    path = str(REAL / "jaszczakTomo.dcm")
    loadable, = browser.offers(path)
    assert "dates in the file disagree" in loadable.warning and loadable.tooltip.startswith("SPECT in counts")
    node = browser.load(path)
    found = volumes.volumeFromNode(node)
    assert found.array.shape == (45, 128, 128) and found.unit == "counts"
    # the first slice in the file is the highest one: Spacing Between Slices is negative
    np.testing.assert_allclose(found.spacingMM, 4.12999964, rtol=1e-9)
    np.testing.assert_allclose(found.ijkToRAS[:3, 3], [0.0, 264.319977, -346.91997], atol=1e-4)
    assert np.linalg.det(found.ijkToRAS[:3, :3]) > 0
    facts = json.loads(node.GetAttribute("MRTDosimetry.facts"))
    assert facts["acquisitionDateTime"]["value"] == "2014-11-14T18:45:21"
    assert "dates" in facts["remarks"]["value"][0] and facts["durationSeconds"]["value"] > 0


def testExaminingIsFast(browser, tmp_path):
    from MRTDosimetryLib.imaging.volume import Volume

    values = np.random.default_rng(5).uniform(0, 1e6, (90, 128, 128)).astype(np.float32)
    path = writeSpectExample(tmp_path / "spect.dcm", volume=Volume(values, np.diag([-4.8, -4.8, 4.8, 1]), "Bq/mL", "S"))
    start = time.perf_counter()
    assert browser.offers(path)
    assert time.perf_counter() - start < 1.0


def testModuleSelfTestPasses(browser):
    """The same test class that the application runs."""
    names = unittest.defaultTestLoader.getTestCaseNames(browser.module.MRTDosimetryNMPluginTest)
    assert names == ["test_SpectThroughTheDatabase"]
    browser.module.MRTDosimetryNMPluginTest().runTest()
