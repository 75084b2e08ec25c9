"""Part of page 4: sphere and threshold at a point, and copies of other segmentations' regions."""

import slicer
from slicer.i18n import tr as _

from ..errors import InputError
from ..report.numbers import significant
from ..scene import placedPoint, segments
from ..workflow import regionHelpers, segmentation
from ..workflow.timePoints import includedTimePoints
from .pagePart import PagePart
from .pointEditing import PointObserver, pointOf, pointText

_PERCENT, _CONCENTRATION = "percent", "kBq/mL"


class RegionTools(PagePart):
    """Draws by rule into the region that is selected on the page."""

    def __init__(self, page):
        super().__init__(page)
        self._observer = PointObserver(self.onPointMoved)

    def connectWidgets(self):
        ui = self.ui
        self.page.fillSelector(ui.thresholdUnitSelector, [(_PERCENT, _("% of maximum")), (_CONCENTRATION, "kBq/mL")],
                               _PERCENT)
        ui.helperLabel.setVisible(False)
        ui.copyLabel.setVisible(False)
        ui.placeButton.connect("clicked()", self.onPlace)
        ui.pointEdit.connect("editingFinished()", self.onPointTyped)
        ui.sphereButton.connect("clicked()", self.onSphere)
        ui.thresholdButton.connect("clicked()", self.onThreshold)
        ui.copyButton.connect("clicked()", self.onCopy)
        ui.copySelector.connect("currentIndexChanged(int)", self._refreshCopyTimePoint)

    def enter(self):
        placedPoint.setVisible(self.study, True)
        self._observe(placedPoint.pointNode(self.study))

    def exit(self):
        placedPoint.stopPlacing(self.study)
        placedPoint.setVisible(self.study, False)
        self._observe(None)

    def _observe(self, node):
        self._observer.observe(self.page.shell.observers, node)

    # showing

    def refresh(self):
        ui = self.ui
        if self.page.shell.isEntered and self.page.shell.step is self.page:
            self._observe(placedPoint.pointNode(self.study))
        if not ui.pointEdit.modified:  # what is being typed stays
            self._showPoint()
        points = includedTimePoints(self.study)
        reference = self.study.referenceTimePoint
        images = [(point.spectNode.GetID(), point.label) for point in points]
        known = [node for node, _label in images]
        chosen = ui.imageSelector.currentData
        first = reference.spectNode.GetID() if reference is not None else None
        self.page.fillSelector(ui.imageSelector, images, chosen if chosen in known else first)
        isReady = self.study.nodeByRole("segmentation") is not None
        ui.pointSection.setVisible(isReady)
        sources = self._sources()
        chosen = ui.copySelector.currentData
        self.page.fillSelector(ui.copySelector, [(key, title) for key, (title, _n, _s) in sources.items()],
                               chosen if chosen in sources else next(iter(sources), None))
        ui.copySection.setVisible(isReady and bool(sources))
        drawnOn = ui.copyTimePointSelector.currentData
        choices = [("", _("the reference"))]
        choices += [item for item in images if reference is None or item[0] != reference.spectNode.GetID()]
        isKnown = drawnOn in [node for node, _label in choices]
        self.page.fillSelector(ui.copyTimePointSelector, choices, drawnOn if isKnown else "")
        self._refreshCopyTimePoint()

    def _sources(self):
        """{key: (title, node, segment ID)} of all regions outside the study's own segmentation."""
        scene, own, found = slicer.mrmlScene, self.study.nodeByRole("segmentation"), {}
        for index in range(scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode")):
            node = scene.GetNthNodeByClass(index, "vtkMRMLSegmentationNode")
            if node is own or not segmentation.canBeRegions(node):
                continue
            for segmentID, name in segments.regionNames(node).items():
                title = _("{name} in {segmentation}").format(name=name, segmentation=node.GetName())
                found[f"{node.GetID()}|{segmentID}"] = (title, node, segmentID)
        return found

    def _refreshCopyTimePoint(self):
        """A segmentation under the transform of a time point was drawn on that time point."""
        source = self._sources().get(self.ui.copySelector.currentData) if self.study is not None else None
        isPlaced = source is not None and source[1].GetParentTransformNode() is not None
        self.ui.copyTimePointSelector.setEnabled(not isPlaced)

    def _showPoint(self):
        self.ui.pointEdit.text = pointText(placedPoint.pointRAS(self.study))

    def onPointMoved(self, caller, event):
        if self.study is not None and self.page.shell.step is self.page:
            self._showPoint()

    # doing

    def onPlace(self):
        def place():
            self._observe(placedPoint.startPlacing(self.study))

        self.page.attempt(place)

    def onPointTyped(self):
        text = self.ui.pointEdit.text.strip()
        if text and text != pointText(placedPoint.pointRAS(self.study)):
            self.page.attempt(lambda: placedPoint.setPoint(self.study, pointOf(text, _("Point"))))

    def onSphere(self):
        def draw():
            found = regionHelpers.drawSphere(
                self.study, self._target(), placedPoint.pointRAS(self.study), self.ui.sphereVolumeBox.value,
                self.ui.addBox.checked, self.ui.takeBox.checked, self.page.saveForUndo)
            self._say(_("{name}: sphere of {volume} mL.").format(
                name=self._targetName(), volume=significant(found["volumeML"])))

        self.page.attempt(draw)

    def onThreshold(self):
        def draw():
            ui = self.ui
            value, isPercent = ui.thresholdBox.value, ui.thresholdUnitSelector.currentData == _PERCENT
            found = regionHelpers.drawThreshold(
                self.study, self._target(), placedPoint.pointRAS(self.study), ui.radiusBox.value,
                value if isPercent else None, None if isPercent else 1000.0 * value, self._timePoint(ui.imageSelector),
                ui.addBox.checked, ui.takeBox.checked, self.page.saveForUndo)
            self._say(_("{name}: {volume} mL at {threshold} kBq/mL; maximum {maximum} kBq/mL.").format(
                name=self._targetName(), volume=significant(found["volumeML"]),
                threshold=significant(found["thresholdBqPerML"] / 1000.0),
                maximum=significant(found["maximumBqPerML"] / 1000.0)))

        self.page.attempt(draw)

    def onCopy(self):
        def draw():
            ui = self.ui
            source = self._sources().get(ui.copySelector.currentData)
            if source is None:
                raise InputError(_("There is nothing to copy"), _("Regions"), _("Load another segmentation first"))
            found = regionHelpers.copyRegion(self.study, self._target(), source[1], source[2],
                                             self._timePoint(ui.copyTimePointSelector), ui.addBox.checked,
                                             ui.takeBox.checked, self.page.saveForUndo)
            ui.copyLabel.setVisible(True)
            ui.copyLabel.text = _("{name}: {volume} mL; {source} mL where it was drawn.").format(
                name=self._targetName(), volume=significant(found["volumeML"]),
                source=significant(found["sourceVolumeML"]))

        self.page.attempt(draw)

    def _target(self):
        return self.page.selectedSegmentID()

    def _targetName(self):
        return self.page.regionName(self._target())

    def _timePoint(self, selector):
        wanted = selector.currentData
        return next((point for point in self.study.timePoints if point.spectNode.GetID() == wanted), None)

    def _say(self, text):
        self.ui.helperLabel.setVisible(True)
        self.ui.helperLabel.text = text
