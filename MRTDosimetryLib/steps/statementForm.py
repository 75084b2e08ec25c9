"""Fields of a statement as a form: one line each, and beneath it the words of what is wrong with it."""

import json

import qt

from ..workflow import statementText
from .calibrationSelector import CalibrationSelector
from .tables import LINE_LENGTH, wrapped

_NOT_STATED = "\N{EN DASH}"
# A longer title of a choice takes a line of its own.
_LONGEST_BESIDE = 16
_REQUIRED = " *"
# Characters of a line beside an editor.
_BESIDE = 30
WARNING = "\N{WARNING SIGN} "


class StatementForm:
    """Lines of fields.

    Parameters
    ----------
    fields : sequence of Field
    onChanged : callable
        ``onChanged(name, value)`` after the user changed a field; ``None`` for an emptied one.
    isWide : bool
        Whether every field takes a line of its own below its title, as for sentences.

    Attributes
    ----------
    widget : QWidget
    """

    def __init__(self, fields, onChanged, isWide=False):
        self._isWide = isWide
        self._fields = {field.name: field for field in fields}
        self._onChanged = onChanged
        self._editors, self._labels, self._faults, self._shown = {}, {}, {}, {}
        self._calibrations = {}
        self._isEnabled = True
        self.widget = qt.QWidget()
        grid = qt.QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(0, 3)
        grid.setColumnStretch(1, 2)
        self.widget.setLayout(grid)
        for number, field in enumerate(fields):
            self._addLine(grid, 3 * number, field)

    def _addLine(self, grid, line, field):
        label = qt.QLabel()
        longest = max((len(title) for _value, title in field.choices), default=0)
        isWide = self._isWide or field.kind == "calibration" or longest > _LONGEST_BESIDE
        label.text = wrapped(field.title + (_REQUIRED if field.isRequired else ""), LINE_LENGTH if isWide else _BESIDE)
        label.toolTip = field.tip or field.title
        if field.kind == "calibration":
            editor = self._makeCalibration(field)
        else:
            editor = self._selector(field) if field.kind == "choice" else self._edit(field)
        editor.objectName = field.name
        editor.toolTip = field.tip or field.title
        if isWide:
            grid.addWidget(label, line, 0, 1, 2)
            grid.addWidget(editor, line + 1, 0, 1, 2)
        else:
            grid.addWidget(label, line, 0)
            grid.addWidget(editor, line, 1)
        words = qt.QLabel()
        words.textFormat = qt.Qt.PlainText
        words.setVisible(False)
        grid.addWidget(words, line + 2, 0, 1, 2)
        self._editors[field.name], self._labels[field.name], self._faults[field.name] = editor, label, words

    def _edit(self, field):
        edit = qt.QLineEdit()
        edit.setMinimumWidth(60)
        edit.connect("editingFinished()", lambda name=field.name: self._onEdited(name))
        return edit

    def _selector(self, field):
        selector = qt.QComboBox()
        selector.sizeAdjustPolicy = qt.QComboBox.AdjustToMinimumContentsLengthWithIcon
        selector.minimumContentsLength = 6
        selector.setSizePolicy(qt.QSizePolicy.Expanding, qt.QSizePolicy.Fixed)
        selector.addItem(_NOT_STATED, None)
        for value, title in field.choices:
            selector.addItem(title, value)
        selector.connect("currentIndexChanged(int)", lambda index, name=field.name: self._onSelected(name, index))
        return selector

    def _makeCalibration(self, field):
        selector = CalibrationSelector(field.choices[0][0], lambda value, name=field.name: self._onChanged(name, value))
        self._calibrations[field.name] = selector
        return selector.widget

    def editor(self, name):
        """The widget of a field, for tests and for the focus."""
        return self._editors[name]

    def faultOf(self, name):
        """The label with the words of what is wrong with a field."""
        return self._faults[name]

    def show(self, values, faults):
        """Show stated values.

        Parameters
        ----------
        values : dict
        faults : dict
            Name of a field -> words.
        """
        for name, field in self._fields.items():
            editor, words = self._editors[name], self._faults[name]
            wasBlocked = editor.blockSignals(True)
            if field.kind == "calibration":
                self._calibrations[name].show(values.get(name))
            elif field.kind == "choice":
                self._select(editor, values.get(name))
            else:
                self._showText(editor, name, values.get(name))
            editor.blockSignals(wasBlocked)
            words.text = wrapped(WARNING + faults[name]) if name in faults else ""
            words.setVisible(name in faults)
            # what cannot be changed is shown where there is something to read
            isShown = self._isEnabled or values.get(name) is not None
            editor.setVisible(isShown)
            self._labels[name].setVisible(isShown)

    def _showText(self, edit, name, value):
        # what has parts, e.g. a value for each tissue, comes from a study file and is shown as it stands there
        hasParts = type(value) in (dict, list)
        text = json.dumps(value, ensure_ascii=False) if hasParts else statementText.textOf(value)
        edit.readOnly = hasParts
        self._shown[name] = text
        if edit.text != text:
            edit.text = text
            edit.cursorPosition = 0

    @staticmethod
    def _select(selector, value):
        index = next((i for i in range(selector.count) if selector.itemData(i) == value), -1)
        if index < 0:  # refused in words, and shown until it is mended
            selector.addItem(str(value), value)
            index = selector.count - 1
        selector.setCurrentIndex(index)

    def _onEdited(self, name):
        edit = self._editors[name]
        # leaving a field is no change of it
        if edit.text != self._shown.get(name, "") and not edit.readOnly:
            self._shown[name] = edit.text
            self._onChanged(name, statementText.valueOf(self._fields[name], edit.text))

    def _onSelected(self, name, index):
        self._onChanged(name, self._editors[name].itemData(index))

    def setEnabled(self, isEnabled):
        """Whether the fields can be changed; else only what is stated is shown."""
        self._isEnabled = isEnabled
        for editor in self._editors.values():
            editor.setEnabled(isEnabled)
