"""Rows of a statement as a table to type in: four columns, the others of the selected row in a form below."""

import textwrap

import qt
from slicer.i18n import tr as _

from ..workflow import statementEntry, statementText
from . import icons
from .statementForm import WARNING, StatementForm
from .tables import wrapped

_MOST_COLUMNS = 4
_ROW_HEIGHT, _MOST_ROWS = 24, 9
_HEADER_WIDTH, _LONGEST_TITLE = 13, 30
_MOMENT = "dateTime"


class StatementTable:
    """A table with a blank row at its end, its buttons, and a form for what has no column.

    Parameters
    ----------
    fields : sequence of Field
    lists : sequence of Rows
        Lists within each row.
    onChanged : callable
        ``onChanged(rows)`` after the user changed something.
    attempt : callable
        ``attempt(function)`` calls it and shows what goes wrong.
    onFile : callable, optional
        Called by the button for a file; without it there is no such button.

    Attributes
    ----------
    widget : QWidget
    """

    def __init__(self, fields, lists, onChanged, attempt, onFile=None):
        self.fields, self.lists = tuple(fields), tuple(lists)
        self._onChanged, self._attempt = onChanged, attempt
        self._rows, self._columns, self._faults = [], [], {}
        self.widget = qt.QWidget()
        layout = qt.QVBoxLayout()
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        self.widget.setLayout(layout)
        self.table = self._makeTable()
        layout.addWidget(self.table)
        self.words = qt.QLabel()
        self.words.textFormat = qt.Qt.PlainText
        layout.addWidget(self.words)
        layout.addLayout(self._makeButtons(onFile))
        self._makeDetails(layout)

    def _makeTable(self):
        table = qt.QTableWidget()
        table.setHorizontalScrollBarPolicy(qt.Qt.ScrollBarAlwaysOff)
        table.setSizePolicy(qt.QSizePolicy.Expanding, qt.QSizePolicy.Fixed)
        table.alternatingRowColors = True
        table.selectionMode = qt.QAbstractItemView.SingleSelection
        table.verticalHeader().setVisible(True)
        table.connect("cellChanged(int,int)", self.onCell)
        table.connect("currentCellChanged(int,int,int,int)", self.onSelection)
        return table

    def _makeButtons(self, onFile):
        row = qt.QHBoxLayout()
        row.setSpacing(3)
        self.buttons = {}
        for name, text, tip, slot in (
                ("add", _("Add"), _("Goes to the empty row at the end"), self.onAdd),
                ("remove", _("Remove"), _("Takes the selected row out"), self.onRemove),
                ("paste", _("Paste"), _("Cells copied from a spreadsheet, with or without their titles, are added as "
                                        "rows"), self.onPaste),
                ("file", _("File..."), _("Rows of a CSV file whose first line names the columns"), onFile)):
            if slot is not None:
                button = qt.QPushButton(text)
                button.toolTip = tip
                button.setMinimumWidth(40)
                button.connect("clicked()", slot)
                row.addWidget(button)
                self.buttons[name] = button
        return row

    def _makeDetails(self, layout):
        """A form for each field: those without a column are shown, with the lists of the row below them."""
        self.detailTitle = qt.QLabel()
        layout.addWidget(self.detailTitle)
        self._details = {field.name: StatementForm([field], self.onDetail) for field in self.fields}
        for form in self._details.values():
            layout.addWidget(form.widget)
        self._nested = {}
        for item in self.lists:
            title = qt.QLabel()
            title.text = item.title
            layout.addWidget(title)
            nested = StatementTable(item.fields, (), lambda rows, name=item.name: self.onDetail(name, rows),
                                    self._attempt)
            layout.addWidget(nested.widget)
            self._nested[item.name] = (title, nested)

    def nested(self, name):
        """The table of a list within the selected row."""
        return self._nested[name][1]

    def detail(self, name):
        """The form with the field of the selected row."""
        return self._details[name]

    @property
    def columns(self):
        """The fields that have a column."""
        return list(self._columns)

    # showing

    def show(self, rows, faults):
        """Show stated rows.

        Parameters
        ----------
        rows : list of dict
        faults : dict
            Path within the rows, e.g. ``(0, "timeHours")``, ``(0,)``, ``()`` -> words.
        """
        self._rows, self._faults = [dict(row) for row in rows], faults
        columns = self._chosenColumns()
        table = self.table
        wasBlocked = table.blockSignals(True)
        if columns != self._columns:
            self._columns = columns
            self._showTitles()
        table.setRowCount(len(rows) + 1)
        table.setVerticalHeaderLabels([*(str(number + 1) for number in range(len(rows))), "\N{MIDDLE DOT}"])
        for number in range(len(rows) + 1):
            for column, field in enumerate(columns):
                self._showCell(number, column, field)
        shown = min(max(len(rows) + 1, 2), _MOST_ROWS)
        table.setFixedHeight(table.horizontalHeader().sizeHint.height() + _ROW_HEIGHT * shown + 4)
        table.blockSignals(wasBlocked)
        self._showFaults()
        self._showDetails()

    def _chosenColumns(self):
        """Required fields, then those stated somewhere, then the others, up to four; in the order of the fields."""
        stated = {name for row in self._rows for name in row}
        ranked = sorted(self.fields, key=lambda field: 0 if field.isRequired else 1 if field.name in stated else 2)
        taken = ranked[:_MOST_COLUMNS]
        return [field for field in self.fields if field in taken]

    def _showTitles(self):
        table, columns = self.table, self._columns
        table.setColumnCount(len(columns))
        table.setHorizontalHeaderLabels(["\n".join(_wrapped(field)) for field in columns])
        header = table.horizontalHeader()
        header.setMinimumSectionSize(30)
        header.highlightSections = False
        for column, field in enumerate(columns):
            # a date with its time is never cut
            isMoment = field.name == _MOMENT
            header.setSectionResizeMode(column, qt.QHeaderView.ResizeToContents if isMoment else qt.QHeaderView.Stretch)
            tip = f"{field.title}\n{field.tip}" if field.tip else field.title
            table.horizontalHeaderItem(column).setToolTip(tip)
        table.verticalHeader().setDefaultSectionSize(_ROW_HEIGHT)

    def _showCell(self, number, column, field):
        row = self._rows[number] if number < len(self._rows) else {}
        value, words = row.get(field.name), self._faults.get((number, field.name), "")
        title = dict(field.choices).get(value) if field.kind == "choice" else None
        item = self.table.item(number, column)
        if item is None:
            item = qt.QTableWidgetItem("")
            self.table.setItem(number, column, item)
        item.setText(title or statementText.textOf(value))
        item.setToolTip(words or field.title)
        item.setIcon(icons.icon("warning") if words else qt.QIcon())
        # chosen in the form below, where the choices are listed
        flags = qt.Qt.ItemIsEnabled | qt.Qt.ItemIsSelectable
        item.setFlags(flags if field.kind == "choice" else flags | qt.Qt.ItemIsEditable)
        isNumber = field.kind in ("number", "integer")
        item.setTextAlignment((qt.Qt.AlignRight if isNumber else qt.Qt.AlignLeft) | qt.Qt.AlignVCenter)

    def _showFaults(self):
        """Words of every fault of the rows: there is no room in a cell."""
        titles, lines = {field.name: field.title for field in self.fields}, []
        for path, words in self._faults.items():
            place = [_("Row {number}").format(number=path[0] + 1)] if path else []
            place += [titles.get(name, str(name)) for name in path[1:2]]
            lines.append(WARNING + ": ".join([", ".join(place), words] if place else [words]))
        self.words.setVisible(bool(lines))
        self.words.text = wrapped("\n".join(lines))

    def _showDetails(self):
        number = self.table.currentRow()
        isRow = 0 <= number < len(self._rows)
        others = [field for field in self.fields if field not in self._columns or field.kind == "choice"]
        self.detailTitle.setVisible(isRow and bool(others))
        self.detailTitle.text = _("Row {number}:").format(number=number + 1)
        for field in self.fields:
            form = self._details[field.name]
            form.widget.setVisible(isRow and field in others)
            if isRow:
                words = self._faults.get((number, field.name))
                form.show(self._rows[number], {field.name: words} if words else {})
        for name, (title, nested) in self._nested.items():
            title.setVisible(isRow)
            nested.widget.setVisible(isRow)
            if isRow:
                content = self._rows[number].get(name)
                keys = list(content) if type(content) is dict else None
                found = {}
                for path, words in self._faults.items():
                    if len(path) > 2 and path[:2] == (number, name):
                        inner = path[2] if keys is None else keys.index(path[2])
                        found[(inner, *path[3:])] = words
                nested.show(statementEntry.rowsOf(content), found)

    # changes

    def onCell(self, number, column):
        field = self._columns[column]
        self._change(number, field.name, statementText.valueOf(field, self.table.item(number, column).text()))

    def onDetail(self, name, value):
        self._change(self.table.currentRow(), name, value)

    def _change(self, number, name, value):
        rows = [dict(row) for row in self._rows]
        if number >= len(rows):
            if value is None:
                return
            rows.append({})
        if value is None:
            rows[number].pop(name, None)
        else:
            rows[number][name] = value
        self._onChanged(rows)

    def onSelection(self, *_cells):
        self._showDetails()

    def onAdd(self):
        self.table.setCurrentCell(len(self._rows), 0)
        self.table.setFocus()

    def onRemove(self):
        number = self.table.currentRow()
        if 0 <= number < len(self._rows):
            self._onChanged(self._rows[:number] + self._rows[number + 1:])

    def onPaste(self):
        def paste():
            text = qt.QApplication.clipboard().text()
            self._onChanged([*self._rows, *statementText.rowsOfText(self.fields, text, self._columns)])

        self._attempt(paste)

    def setEnabled(self, isEnabled):
        """Whether rows can be changed."""
        editable = qt.QAbstractItemView.DoubleClicked | qt.QAbstractItemView.EditKeyPressed | \
            qt.QAbstractItemView.AnyKeyPressed
        self.table.setEditTriggers(editable if isEnabled else qt.QAbstractItemView.NoEditTriggers)
        for button in self.buttons.values():
            button.setVisible(isEnabled)
        for form in self._details.values():
            form.setEnabled(isEnabled)
        for _title, nested in self._nested.values():
            nested.setEnabled(isEnabled)


def _wrapped(field):
    """A column's title in short lines; what is in brackets is cut where it is a sentence, not a unit."""
    title = field.title.replace(" after administration", "")
    if len(title) > _LONGEST_TITLE and "(" in title:
        bare, inside = title.split("(", 1)
        title = f"{bare}({inside.rstrip(')').split()[0]})"
    return textwrap.wrap(title + (" *" if field.isRequired else ""), _HEADER_WIDTH, break_long_words=False)
