"""Drives the wizard in tests: opens the module on a fresh scene, clicks, grabs pictures."""

import os
import sys

import numpy as np

from . import application, signals
from .native import native

MODULE_FOLDER = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", "..", "MRTDosimetry"))
SCREENSHOT_FOLDER_VARIABLE = "MRTDOSIMETRY_SCREENSHOTS"


class Wizard:
    """The module's widget as the user sees it, for use as a context manager."""

    def __init__(self, width=420, hasMainWindow=True, height=820):
        self._size, self._hasMainWindow = (width, height), hasMainWindow

    def __enter__(self):
        import slicer

        self.scene = application.newScene(self._hasMainWindow)
        if MODULE_FOLDER not in sys.path:
            sys.path.append(MODULE_FOLDER)
        from PySide6 import QtCore

        import MRTDosimetry

        signals.takeSlotFailures()
        QtCore.QSettings().remove("MRTDosimetry")
        self.module = MRTDosimetry
        self.widget = MRTDosimetry.MRTDosimetryWidget()
        self.widget.setup()
        self.shell = self.widget.shell
        self.ui = self.shell.ui
        self.widget.enter()
        native(self.widget.parent).resize(*self._size)
        native(self.widget.parent).show()
        self.app = slicer.app
        return self

    def __exit__(self, kind, error, traceback):
        self.widget.cleanup()
        native(self.widget.parent).close()
        failures = signals.takeSlotFailures()
        application.closeScene()
        if kind is None and failures:
            raise AssertionError("a slot raised:\n" + "\n".join(failures))
        return False

    @property
    def study(self):
        return self.shell.study

    def page(self, name):
        """Step by stage name, brought to the front."""
        index = [step.name for step in self.shell.steps].index(name)
        self.shell.goToPage(index)
        return self.shell.steps[index]

    def barButton(self, name):
        """Button of a step, by stage name."""
        return self.shell.stepBar.button([step.name for step in self.shell.steps].index(name))

    def messages(self):
        """Texts in the message area."""
        return listed(self.ui.messageList)

    def centerPage(self, name):
        """Page of the center by its name, brought to the front."""
        center = self.shell.center
        center.open()
        center.goToPage(center.indexOf(name))
        return center.page

    def centerMessages(self):
        """Texts in the message area of the center."""
        return listed(self.shell.center.ui.messageList)

    def grab(self, name, height=None):
        """Picture of the whole panel into the folder of the environment variable, when it is set."""
        folder = os.environ.get(SCREENSHOT_FOLDER_VARIABLE)
        if not folder:
            return
        os.makedirs(folder, exist_ok=True)
        for _pass in range(6):  # a layout within a layout asks for room one after the other
            self.app.processEvents()
        native(self.widget.parent).grab().save(os.path.join(folder, f"{name}.png"))


def texts(table):
    """Texts of a table as lists."""
    return [[table.item(row, column).text() for column in range(table.columnCount)] for row in range(table.rowCount)]


def listed(listing):
    """Texts of a list."""
    return [listing.item(row).text() for row in range(listing.count)]


def flat(label):
    """Text of a label without the lines it was put into."""
    return label.text.replace("\n", " ")


def select(combo, value):
    """Select the entry of a combo box with that value."""
    index = combo.findData(value)
    assert index >= 0, f"no entry {value}"
    combo.setCurrentIndex(index)


def chooseProtocol(page, identifier):
    """Choose a protocol on its page; an empty one for a plain imaging study."""
    from MRTDosimetryLib.steps import selfTest

    selfTest.chooseProtocol(page, identifier)


def addSmallStudy(study, hours=(4.0, 24.0, 96.0)):
    """Two warm spheres in water on a coarse grid with exact mono-exponential washout; alignment is perfect.

    Returns
    -------
    dict
        Region name to its activity at time 0 in MBq and effective half-life in h.
    """
    from MRTDosimetryLib.imaging.volume import Volume
    from MRTDosimetryLib.scene import volumes
    from MRTDosimetryLib.workflow import protocol, registration, segmentation, timePoints

    spacing, shape = 5.0, (20, 24, 24)
    matrix = np.diag([spacing, spacing, spacing, 1.0])
    k, j, i = np.indices(shape)
    spheres = {"liver": (9, 12, 7, 4.5), "kidney left": (9, 12, 17, 3.2)}
    truth = {"liver": (200.0, 60.0), "kidney left": (90.0, 45.0)}
    labels = np.zeros(shape, np.uint8)
    for value, (ck, cj, ci, radius) in enumerate(spheres.values(), start=1):
        labels[(k - ck) ** 2 + (j - cj) ** 2 + (i - ci) ** 2 <= radius**2] = value
    body = np.where((j - 12) ** 2 + (i - 12) ** 2 <= 11**2, 40, -1000).astype(np.int16)
    protocol.setProtocol(study, "lutetiumDotatate.multiTimePoint" if len(hours) > 1 else None, "Lu-177")
    protocol.setAdministration(study, 7400.0, "2026-05-04T10:00:00")
    registration.setKind(study, "none")
    voxelML = spacing**3 / 1000.0
    for time in hours:
        image = np.zeros(shape, np.float32)
        for value, name in enumerate(spheres, start=1):
            activityMBq, halfLife = truth[name]
            inside = labels == value
            image[inside] = activityMBq * 1e6 * 0.5 ** (time / halfLife) / (inside.sum() * voxelML)
        spect = Volume(image, matrix, "Bq/mL", f"SPECT {time:g} h")
        ct = Volume(body, matrix, "[hnsf'U]", f"CT {time:g} h")
        spectNode = volumes.addVolume(study.scene, spect, "activityConcentration")
        ctNode = volumes.addVolume(study.scene, ct, "attenuation")
        timePoints.addFromNodes(study, spectNode, ctNode, "Bq/mL", time)
    names = {value: name for value, name in enumerate(spheres, start=1)}
    segmentation.addFromLabels(study, Volume(labels, matrix, "", "labels"), names, study.timePoints[0])
    return truth
