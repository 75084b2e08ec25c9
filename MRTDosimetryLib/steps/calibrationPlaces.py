"""Part of the page of calibrations: drawn regions, the center of a sphere, and the places of the spheres."""

import slicer
from slicer.i18n import tr as _

from ..errors import InputError
from ..scene import calibrationMarkers, pointPlacing
from ..workflow import calibrationForms, calibrationImages
from .pagePart import PagePart
from .pointEditing import PointObserver, pointOf, pointText

_AXES = ("right", "anterior", "superior")


class CalibrationPlaces(PagePart):
    """Where in the scan things are; a point that is placed goes to the sphere it was asked for."""

    def __init__(self, page):
        super().__init__(page)
        self._observer, self._row = PointObserver(self.onPointMoved), None

    @property
    def draft(self):
        return self.page.draft

    def connectWidgets(self):
        ui = self.ui
        for key, selector in (("region", ui.regionSelector), ("background", ui.backgroundSelector)):
            selector.connect("currentIndexChanged(int)",
                             lambda index, key=key, selector=selector: self.onRegion(key, selector.itemData(index)))
        ui.pointEdit.connect("editingFinished()", self.onPointTyped)
        ui.placeButton.connect("clicked()", lambda: self._place(None))
        ui.placeSphereButton.connect("clicked()", self.onPlaceSphere)
        ui.takeFoundButton.connect("clicked()", self.onTakeFound)

    # ------------------------------------------------------------------ showing

    def refresh(self):
        ui, draft = self.ui, self.draft
        values = draft.values.get("region") or {}
        isDrawn = values.get("method") == calibrationForms.SEGMENT
        isBackground = values.get("background") == calibrationForms.BACKGROUND_SEGMENT
        isSphere = values.get("method") == calibrationForms.SPHERE
        isRegionKind = draft.kind == calibrationForms.SENSITIVITY
        ui.regionWidget.setVisible(isRegionKind and (isDrawn or isBackground or isSphere))
        for widgets, isShown in (((ui.regionLabel, ui.regionSelector), isDrawn),
                                 ((ui.backgroundLabel, ui.backgroundSelector), isBackground),
                                 ((ui.pointLabel, ui.pointEdit, ui.placeButton), isSphere)):
            for widget in widgets:
                widget.setVisible(isShown)
        choices = [("", _("choose")), *calibrationImages.regionChoices(slicer.mrmlScene)]
        known = [key for key, _title in choices]
        for key, selector in (("region", ui.regionSelector), ("background", ui.backgroundSelector)):
            chosen = draft.regionKeys.get(key, "")
            self.page.fillSelector(selector, choices, chosen if chosen in known else "")
        if not ui.pointEdit.modified:  # what is being typed stays
            self._showPoint()
        isRecovery = draft.kind == calibrationForms.RECOVERY
        isByTable = (draft.values.get("spheres") or {}).get("placing") == calibrationForms.POINTS
        ui.placeSphereButton.setVisible(isRecovery and isByTable)
        ui.takeFoundButton.setVisible(isRecovery and draft.content is not None)

    def _showPoint(self):
        self.ui.pointEdit.text = pointText(self.draft.centerRAS)
        self.ui.pointEdit.modified = False

    # ------------------------------------------------------------------ doing

    def onRegion(self, key, value):
        if not self.page.isUpdating:
            def choose():
                self.draft.regionKeys[key] = value

            self.page.attempt(choose)

    def onPointTyped(self):
        text = self.ui.pointEdit.text.strip()
        if text != pointText(self.draft.centerRAS):
            self.ui.pointEdit.modified = False
            self.page.attempt(self._setPoint, text)

    def _setPoint(self, text):
        self.draft.centerRAS = pointOf(text, _("Center")) if text else None

    def onPlaceSphere(self):
        table = self.page.groups.table().table
        self._place(table.currentRow())

    def _place(self, row):
        """Let the next click place the center, or the sphere of a row."""
        def place():
            rows = self.draft.values["rows"]
            if row is not None and not 0 <= row < len(rows):
                raise InputError(_("No sphere is selected"), _("Spheres"), _("Type its diameter and select its row"))
            self._row = row
            node = calibrationMarkers.ensuredPoint(slicer.mrmlScene)
            self._observe(node)
            pointPlacing.start(node)

        self.page.attempt(place)

    def onTakeFound(self):
        self.page.attempt(self.draft.takeFoundSpheres)

    def _observe(self, node):
        self._observer.observe(self.page.frame.shell.observers, node)

    def onPointMoved(self, caller, event):
        center = pointPlacing.positionRAS(self._observer.node)
        if center is None:
            return
        rows = self.draft.values["rows"]
        if self._row is None:
            self.draft.centerRAS = center
        elif self._row < len(rows):
            rows[self._row] |= dict(zip(_AXES, (round(value, 2) + 0.0 for value in center), strict=True))
        self.page.frame.refresh()

    def stop(self):
        """Let go of the point."""
        self._observe(None)
        self._row = None
