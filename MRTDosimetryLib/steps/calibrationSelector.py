"""Chooses the calibration record of a probe or counter: from the folder of the center, or another file."""

import qt
import slicer
from slicer.i18n import tr as _

from ..workflow import calibrationFolder, statementText

FOLDER_SETTING = "MRTDosimetry/calibrationFolder"
_OTHER, _KEPT = "other", "kept"


def centerFolder():
    """Folder of the center's calibrations; empty where none is chosen."""
    return str(slicer.util.settingsValue(FOLDER_SETTING, "") or "")


class CalibrationSelector:
    """A list of the records of one kind of instrument.

    Parameters
    ----------
    instrument : str
        "thyroidProbe" or "gammaCounter".
    onChanged : callable
        ``onChanged(path)`` after the user chose a record; ``None`` for none.

    Attributes
    ----------
    widget : QComboBox
    """

    def __init__(self, instrument, onChanged):
        self.instrument, self._onChanged = instrument, onChanged
        self.widget = qt.QComboBox()
        self.widget.sizeAdjustPolicy = qt.QComboBox.AdjustToMinimumContentsLengthWithIcon
        self.widget.minimumContentsLength = 6
        self.widget.setSizePolicy(qt.QSizePolicy.Expanding, qt.QSizePolicy.Fixed)
        self.widget.connect("currentIndexChanged(int)", self.onChosen)

    def show(self, value):
        """Show what is stated: what was read of a record, or ``None``."""
        widget = self.widget
        widget.clear()
        widget.addItem("\N{EN DASH}", None)
        if value is not None:
            widget.addItem(statementText.textOf(value), _KEPT)
        for row in calibrationFolder.countersIn(centerFolder(), self.instrument):
            widget.addItem(", ".join((row["instrument"], row["radionuclide"], row["date"])), row["path"])
        widget.addItem(_("another file..."), _OTHER)
        widget.setCurrentIndex(0 if value is None else 1)

    def onChosen(self, index):
        """What is kept already is no choice; a file is asked for."""
        path = self.widget.itemData(index)
        if path == _OTHER:
            path = qt.QFileDialog.getOpenFileName(self.widget, _("Calibration record"), centerFolder(),
                                                  _("Records (*.json)")) or _KEPT
        if path != _KEPT:
            self._onChanged(path)
        else:
            self.widget.setCurrentIndex(max(self.widget.findData(_KEPT), 0))
