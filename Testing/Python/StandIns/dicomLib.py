"""``DICOMLib`` and ``slicer.dicomDatabase``: what a DICOM plugin uses of them, over files read by pydicom.

Written after the behavior of DICOMLib in Slicer 5.12: the loadable with the highest confidence of a series is loaded,
a plugin that fails is logged, and a plugin that refuses gives None. Whatever is not here raises.
"""

import logging
import os
import sys
import types

import slicer

from . import api

_SERIES_UID = "0020,000E"
SCALAR_VOLUME_PLUGIN = "DICOMScalarVolumePlugin"


def install():
    """Module ``DICOMLib`` with ``DICOMUtils``."""
    library = types.ModuleType("DICOMLib")
    library.DICOMUtils = types.ModuleType("DICOMLib.DICOMUtils")
    for part in (DICOMPlugin, DICOMLoadable):
        setattr(library, part.__name__, part)
    for part in (TemporaryDICOMDatabase, importDicom, loadSeriesByUID):
        setattr(library.DICOMUtils, part.__name__, part)
    sys.modules.update({"DICOMLib": library, "DICOMLib.DICOMUtils": library.DICOMUtils})


def registerScalarVolumePlugin():
    """The plugin of the application that offers every image."""
    if not hasattr(slicer.modules, "dicomPlugins"):
        slicer.modules.dicomPlugins = {}
    slicer.modules.dicomPlugins[SCALAR_VOLUME_PLUGIN] = _ScalarVolumePlugin


class Database:
    """The application's database: files by series, and values of their headers as text."""

    def __init__(self):
        self._headers = {}
        self.isOpen = True

    def addFile(self, path):
        import pydicom

        self._headers[str(path)] = pydicom.dcmread(path, stop_before_pixels=True)

    def forget(self, path, *keywords):
        """Leave out values, as a database does whose entries are incomplete."""
        for keyword in keywords:
            del self._headers[str(path)][keyword]

    def fileValue(self, path, tag):
        """Value by ``"gggg,eeee"``; empty when it or the file is not known; several are separated by backslashes."""
        group, element = (int(part, 16) for part in tag.split(","))
        header = self._headers.get(str(path), {})
        if (group, element) not in header or header[group, element].value is None:
            return ""
        value = header[group, element].value
        return value if isinstance(value, str) or not hasattr(value, "__iter__") else "\\".join(map(str, value))

    def filesForSeries(self, seriesUID, hits=-1):
        found = tuple(path for path in self._headers if self.fileValue(path, _SERIES_UID) == seriesUID)
        return found if hits < 0 else found[:hits]

    def __getattr__(self, name):
        raise api.NotImitated(f"slicer.dicomDatabase.{name} is not imitated")


class DICOMLoadable:
    """A way to load files, with the defaults of the application; other attributes are refused."""

    __slots__ = ("confidence", "files", "loadSuccess", "name", "selected", "tooltip", "warning")

    def __init__(self):
        self.files, self.name, self.tooltip = [], "Unknown", "No further information available"
        self.warning, self.selected, self.confidence = "", False, 0.5


class DICOMPlugin:
    """Base class: tags, examination that remembers its answers, subject hierarchy."""

    def __init__(self):
        self.loadType = "Generic DICOM"
        self.loadableCache = {}
        self.tags = {"seriesDescription": "0008,103E", "seriesNumber": "0020,0011", "seriesInstanceUID": _SERIES_UID,
                     "frameOfReferenceUID": "0020,0052", "modality": "0008,0060", "instanceUID": "0008,0018",
                     "sopClassUID": "0008,0016"}

    def examineForImport(self, fileLists):
        loadables = []
        for files in fileLists:
            key = tuple(files)
            if key not in self.loadableCache:
                self.loadableCache[key] = self.examineFiles(files)
            loadables += self.loadableCache[key]
        return loadables

    def defaultSeriesNodeName(self, seriesUID):
        path, = slicer.dicomDatabase.filesForSeries(seriesUID, 1)
        number, description = (slicer.dicomDatabase.fileValue(path, self.tags[name])
                               for name in ("seriesNumber", "seriesDescription"))
        return f"{number}: {description}" if number else description or "Unnamed Series"

    def addSeriesInSubjectHierarchy(self, loadable, dataNode):
        """The series with what tells its kind, below its study and patient; descriptions are not imitated."""
        constants = slicer.vtkMRMLSubjectHierarchyConstants
        hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
        patientUID, studyUID, seriesUID, instanceUID = (
            slicer.dicomDatabase.fileValue(loadable.files[0], tag)
            for tag in ("0010,0020", "0020,000D", _SERIES_UID, "0008,0018"))
        item = hierarchy.CreateItem(hierarchy.GetSceneItemID(), dataNode)
        hierarchy.SetItemUID(item, constants.GetDICOMUIDName(), seriesUID)
        hierarchy.SetItemUID(item, constants.GetDICOMInstanceUIDName(), instanceUID)
        for attribute, tag in ((constants.GetDICOMSeriesModalityAttributeName(), "0008,0060"),
                               (constants.GetDICOMFrameOfReferenceUIDAttributeName(), "0020,0052")):
            hierarchy.SetItemAttribute(item, attribute, slicer.dicomDatabase.fileValue(loadable.files[0], tag))
        slicer.vtkSlicerSubjectHierarchyModuleLogic.InsertDicomSeriesInHierarchy(
            hierarchy, patientUID, studyUID, seriesUID)

    def __getattr__(self, name):
        raise api.NotImitated(f"DICOMPlugin.{name} is not imitated")


class _ScalarVolumePlugin(DICOMPlugin):
    """Offers everything; loading by it is what the tests want to see avoided."""

    def examineFiles(self, files):
        loadable = DICOMLoadable()
        loadable.files, loadable.name, loadable.selected = files, "scalar volume", True
        return [loadable]

    def load(self, loadable):
        raise api.NotImitated("loading as a scalar volume is not imitated")


class TemporaryDICOMDatabase:
    """An empty database for the time of a ``with`` block."""

    def __init__(self, directory=None):
        self._earlier = getattr(slicer, "dicomDatabase", None)

    def __enter__(self):
        slicer.dicomDatabase = Database()
        return slicer.dicomDatabase

    def __exit__(self, kind, error, traceback):
        slicer.dicomDatabase = self._earlier


def importDicom(folder, database=None, copyFiles=False):
    """Add the DICOM files of a folder to the database."""
    for parent, _folders, names in os.walk(folder):
        for name in sorted(names):
            (database or slicer.dicomDatabase).addFile(os.path.join(parent, name))
    return True


def loadSeriesByUID(seriesUIDs, messages=None, progressCallback=None, enabledPluginClassNames=None):
    """Load each series by the plugin that is most confident; returns the IDs of the nodes."""
    names = list(slicer.modules.dicomPlugins) if enabledPluginClassNames is None else enabledPluginClassNames
    loaded = []
    for uid in seriesUIDs:
        files = slicer.dicomDatabase.filesForSeries(uid)
        plugins = [slicer.modules.dicomPlugins[name]() for name in names]
        offers = [(plugin, loadable) for plugin in plugins for loadable in plugin.examineForImport([files])]
        best = max((loadable.confidence for _plugin, loadable in offers), default=0.0)
        for plugin, loadable in offers:
            loadable.selected = loadable.confidence == best
            node = plugin.load(loadable) if loadable.selected else None
            if node is not None:
                loaded.append(node.GetID())
            elif loadable.selected:
                logging.warning("Could not load: %s as a %s", loadable.name, plugin.loadType)
                if messages is not None:
                    messages.append(f"Could not load: {loadable.name} as a {plugin.loadType}")
    return loaded
