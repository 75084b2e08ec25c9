"""Hidden plugin of the DICOM module: reconstructed NM SPECT with its geometry, unit and times."""

import logging
import os
import sys
import tempfile

import slicer
import slicer.util
from DICOMLib import DICOMLoadable, DICOMPlugin
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import ScriptedLoadableModule, ScriptedLoadableModuleTest

# In the source tree the library lies beside this folder; a built or installed extension has it on the path.
_SOURCE_TREE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
if os.path.exists(os.path.join(_SOURCE_TREE, "MRTDosimetryLib", "__init__.py")) and _SOURCE_TREE not in sys.path:
    sys.path.append(_SOURCE_TREE)


class MRTDosimetryNMPlugin(ScriptedLoadableModule):
    """Metadata, and the entry in the DICOM module's list of plugins."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = "MRT Dosimetry NM Plugin"  # seen by developers only
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Developer Tools.DICOM Plugins")]
        self.parent.dependencies = ["DICOM"]
        self.parent.contributors = ["MRTDosimetry contributors"]
        self.parent.helpText = _("Loads reconstructed nuclear medicine SPECT through the DICOM module.")
        self.parent.acknowledgementText = ""
        self.parent.hidden = True
        self.parent.widgetRepresentationCreationEnabled = False
        if not hasattr(slicer.modules, "dicomPlugins"):  # this module may be found before the DICOM module
            slicer.modules.dicomPlugins = {}
        slicer.modules.dicomPlugins["MRTDosimetryNMPlugin"] = MRTDosimetryNMPluginClass


class MRTDosimetryNMPluginClass(DICOMPlugin):
    """Offers what the library's reader places without guessing; everything else is left to the other plugins."""

    CONFIDENCE = 0.9  # the scalar volume plugin, which knows neither unit nor times, offers the same file with 0.5

    def __init__(self):
        super().__init__()
        self.loadType = _("NM SPECT")
        self.tags["imageType"] = "0008,0008"
        self.tags["instanceNumber"] = "0020,0013"

    def examineFiles(self, files):
        """Loadables for the files of a series: one for each reconstructed SPECT (a whole volume in one file)."""
        found = [loadable for loadable in map(self._examineFile, files) if loadable is not None]
        if len(found) > 1:
            for loadable in found:
                loadable.name += f" [{self._value(loadable.files[0], 'instanceNumber')}]"
        return found

    def load(self, loadable):
        """The volume node; None, with the reason shown, when the file is refused."""
        from MRTDosimetryLib.errors import InputError
        from MRTDosimetryLib.workflow import spectFiles

        file = loadable.files[0]
        try:
            node = spectFiles.addToScene(slicer.mrmlScene, file, loadable.name)
        except InputError as error:
            slicer.util.errorDisplay(str(error), windowTitle=_("DICOM loading"))
            return None
        node.SetAttribute("DICOM.instanceUIDs", self._value(file, "instanceUID"))
        self.addSeriesInSubjectHierarchy(loadable, node)
        applicationLogic = slicer.app.applicationLogic()
        applicationLogic.GetSelectionNode().SetActiveVolumeID(node.GetID())
        applicationLogic.PropagateVolumeSelection()
        return node

    def _examineFile(self, file):
        from MRTDosimetryLib.errors import InputError
        from MRTDosimetryLib.workflow import spectFiles

        try:
            if not spectFiles.isReconstruction(file, self._value(file, "sopClassUID"), self._value(file, "imageType")):
                return None
            series = spectFiles.read(file)
        except InputError as error:
            logging.warning("Not offered as %s. %s", self.loadType, error)
            return None
        loadable = DICOMLoadable()
        loadable.files = [file]
        loadable.name = self.defaultSeriesNodeName(self._value(file, "seriesInstanceUID"))
        loadable.tooltip = "\n".join(self._description(series.facts))
        loadable.warning = " ".join(f"{words}." for words in series.warnings)
        loadable.selected = True
        loadable.confidence = self.CONFIDENCE
        return loadable

    def _value(self, file, name):
        return slicer.dicomDatabase.fileValue(file, self.tags[name])

    @staticmethod
    def _description(facts):
        """Lines of the tooltip."""
        texts = {name: str(fact.value).replace("T", " ") for name, fact in facts.items()}
        unknown = _("not stated")
        acquired = texts.get("acquisitionDateTime", unknown)
        administered = texts.get("radiopharmaceuticalStartDateTime", unknown)
        lines = [_("SPECT in {unit}").format(unit=facts["unit"].value), _("Acquired: {time}").format(time=acquired),
                 _("Administered: {time}").format(time=administered)]
        if "administeredActivityMBq" in facts:
            activity = f"{facts['administeredActivityMBq'].value:g}"
            lines[-1] += f", {activity} MBq {texts.get('radionuclide', '')}".rstrip()
        return lines


class MRTDosimetryNMPluginTest(ScriptedLoadableModuleTest):
    """Self test on a small digital patient and a DICOM database of its own; no main window, no network."""

    def setUp(self):
        """Start with an empty scene."""
        slicer.mrmlScene.Clear(0)

    def runTest(self):
        """Run the one test."""
        self.setUp()
        self.test_SpectThroughTheDatabase()

    def test_SpectThroughTheDatabase(self):
        """The SPECT is preferred to the scalar volume, arrives as it was written, and the CT is left alone."""
        from DICOMLib import DICOMUtils

        from MRTDosimetryLib.dicom.readers import readCTSeries, readSpect
        from MRTDosimetryLib.scene import volumes
        from MRTDosimetryLib.workflow import demo

        plugins = ["DICOMScalarVolumePlugin", "MRTDosimetryNMPlugin"]
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            demo.writePatient(os.path.join(folder, "patient"), "small")
            scan = os.path.join(folder, "patient", "scan1_004h")
            image, ct = readSpect(os.path.join(scan, "spect.dcm")), readCTSeries(os.path.join(scan, "ct"))
            with DICOMUtils.TemporaryDICOMDatabase(os.path.join(folder, "database")) as database:
                self.assertTrue(DICOMUtils.importDicom(scan, database))
                files = database.filesForSeries(ct.facts["seriesInstanceUID"].value)
                self.assertEqual(MRTDosimetryNMPluginClass().examineForImport([files]), [])
                DICOMUtils.loadSeriesByUID([image.facts["seriesInstanceUID"].value], enabledPluginClassNames=plugins)
        nodes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
        self.assertEqual([node.GetVoxelValueUnits().GetCodeValue() for node in nodes], ["Bq/mL"])
        loaded = volumes.volumeFromNode(nodes[0])
        self.assertTrue(loaded.hasSameGridAs(image.volume))
        self.assertTrue((loaded.array == image.volume.array).all())
        self.assertEqual(len(nodes[0].GetAttribute("DICOM.instanceUIDs").split()), 1)
