"""Part of page 6: parameters of BED and of the curves of effect, and what follows from them for a region."""

from slicer.i18n import tr as _

from ..errors import InputError
from ..physics import doseResponse
from ..report.numbers import percent, plusMinus, significant, words
from ..report.radiobiologyText import repairText
from ..therapies.tissues import tissueNames
from ..workflow import radiobiology, radiobiologyCurves, radiobiologyOptions, segmentation, stages
from ..workflow.kineticsOptions import REMAINDER
from .pagePart import PagePart
from .tables import Cell, asNumber, fill, numberCell, shortened, textCell

_LONGEST, _LONGEST_WORDS = 14, 150
_DASH = "\N{EN DASH}"


def _title(name):
    """A tissue in words; the name of a region as it is."""
    return words(name) if name in tissueNames() else name


class RadiobiologyEditor(PagePart):
    """States parameters in place of the table's, each with its source; the absorbed dose stays as it is."""

    def __init__(self, page):
        super().__init__(page)
        self._rows = []

    def connectWidgets(self):
        ui = self.ui
        ui.radiobiologyTable.connect("itemSelectionChanged()", self.onRow)
        ui.radiobiologyForSelector.connect("currentIndexChanged(int)", self.onName)
        ui.radiobiologyStateButton.connect("clicked()", self.onState)
        ui.radiobiologyResetButton.connect("clicked()", self.onReset)
        ui.voxelBedBox.connect("toggled(bool)", self.onVoxels)
        ui.curveSelector.connect("currentIndexChanged(int)", self.onCurve)
        ui.curveStateButton.connect("clicked()", self.onCurveState)
        ui.curveResetButton.connect("clicked()", self.onCurveReset)

    # showing

    def refresh(self):
        ui, tissues = self.ui, self._tissues()
        self._rows = radiobiologyOptions.rows(self.study, tissues)
        fill(ui.radiobiologyTable, [_("Tissue"), _("\N{GREEK SMALL LETTER ALPHA}/\N{GREEK SMALL LETTER BETA}\n(Gy)"),
                                    _("Repair"), _("From")], [self._cells(row) for row in self._rows])
        names = [row["name"] for row in self._rows]
        choices = list(dict.fromkeys([*names, *tissues, *tissueNames()]))
        titles = [(name, _title(name)) for name in choices if name != REMAINDER]
        titles.append((REMAINDER, _("outside the regions")))
        current = ui.radiobiologyForSelector.currentData
        self.page.fillSelector(ui.radiobiologyForSelector, titles, current if current in (*choices, REMAINDER)
                               else titles[0][0])
        stated = radiobiologyOptions.options(self.study)
        ui.voxelBedBox.checked = stated["perVoxelBED"]
        curves = radiobiologyCurves.curves(stated["doseResponse"])
        current = ui.curveSelector.currentData
        present = {*tissues.values()}
        known = sorted(curves, key=lambda name: curves[name].tissue not in present)
        self.page.fillSelector(ui.curveSelector, [(name, self._curveTitle(curves[name])) for name in known],
                               current if current in known else known[0])
        self._showName()
        self._showCurve()

    def _tissues(self):
        return {row["name"]: row["tissue"] for row in segmentation.rows(self.study)}

    @staticmethod
    def _cells(row):
        parameters = row["parameters"]
        if parameters is None:
            lacking = row["lacking"][:1].upper() + row["lacking"][1:]
            return [textCell(row["name"]), Cell(_DASH, lacking), Cell(_DASH, lacking),
                    textCell(_("not known"), lacking)]
        table, repair = parameters.table, repairText(parameters.table.repairHalfLifeHours)
        origin = _("the study") if parameters.overrides else (_("verified") if table.verified else _("unverified"))
        return [textCell(_title(row["name"])), numberCell(table.alphaBetaGy, table.alphaBetaSource),
                Cell(shortened(repair, _LONGEST), f"{repair}: {table.repairHalfLifeSource}"),
                textCell(origin, table.source)]

    def _showName(self):
        """What is stated of the chosen tissue or region, and where its parameters come from."""
        ui, name = self.ui, self.ui.radiobiologyForSelector.currentData
        row = next((row for row in self._rows if row["name"] == name), None)
        options = radiobiologyOptions.options(self.study)
        stated = options["parameters"].get(name, {})
        for box, key in ((ui.alphaBetaBox, "alphaBetaGy"), (ui.repairBox, "repairHalfLifeHours"),
                         (ui.alphaBox, "alphaPerGy")):
            box.value = stated.get(key, 0.0)
        a = options["gEUD"].get(name)
        ui.exponentEdit.text = "" if a is None else f"{a:g}"
        ui.exponentEdit.setEnabled(name != REMAINDER)
        ui.radiobiologySourceEdit.text = stated.get("source", "")
        ui.radiobiologyReasonEdit.text = stated.get("reason", "")
        # components of repair and repopulation come by a study file; a change here would drop them in silence
        isBeyond = bool({"repair", "repopulation"} & set(stated))
        ui.radiobiologyStateButton.setEnabled(not isBeyond)
        ui.radiobiologyStateButton.toolTip = _("Components of repair or repopulation are stated by a study file: "
                                               "go back to the table first") if isBeyond else \
            _("Uses these numbers in place of the table")
        ui.radiobiologyResetButton.setEnabled(bool(stated) or name in options["gEUD"])
        parameters = row and row["parameters"]
        ui.radiobiologySource.setVisible(bool(row))
        if not row:
            return
        if parameters is None:
            self._say(ui.radiobiologySource, _("No BED: {words}.").format(words=row["lacking"]))
        else:
            mark = "" if parameters.table.verified or parameters.overrides else _(" (unverified)")
            self._say(ui.radiobiologySource, _("In use: {ratio} Gy, {repair}. Source{mark}: {source}").format(
                ratio=significant(parameters.table.alphaBetaGy), mark=mark, source=parameters.table.source,
                repair=repairText(parameters.table.repairHalfLifeHours)))

    @staticmethod
    def _say(label, text):
        """Few lines, so that the rows above keep their height; the tooltip has all of them."""
        label.text, label.toolTip = shortened(text, _LONGEST_WORDS), text

    @staticmethod
    def _curveTitle(curve):
        return _("{tissue}: {endpoint} ({quantity})").format(
            tissue=curve.tissue, endpoint=curve.endpoint, quantity=radiobiologyCurves.TITLES[curve.quantity])

    def _showCurve(self):
        ui, name = self.ui, self.ui.curveSelector.currentData
        options = radiobiologyOptions.options(self.study)["doseResponse"]
        stated, curve = options.get(name, {}), radiobiologyCurves.curves(options)[name]
        ui.curveD50Box.value = curve.d50Gy or 0.0
        ui.curveSlopeBox.value = curve.slope or 0.0
        ui.curveSourceEdit.text = stated.get("source", "")
        ui.curveResetButton.setEnabled(bool(stated))
        model = _("Lyman") if curve.model == doseResponse.LYMAN else _("logistic")
        lacking = _("without {parameters}").format(parameters=_(" and ").join(curve.lacking)) if curve.lacking \
            else _("complete")
        source = curve.d50Source if curve.d50Gy is not None else ""
        self._say(ui.curveWords, _("Model: {model}; {lacking}. {source}").format(
            model=model, lacking=lacking, source=source).strip())

    # choices

    def onRow(self):
        number = self.page.selected(self.ui.radiobiologyTable)
        if not self.page.isUpdating and self.study is not None and 0 <= number < len(self._rows):
            self.page.selectData(self.ui.radiobiologyForSelector, self._rows[number]["name"])

    def onName(self, _index):
        if not self.page.isUpdating and self.study is not None:
            self._showName()

    def onCurve(self, _index):
        if not self.page.isUpdating and self.study is not None:
            self._showCurve()

    def onState(self):
        self._apply(self._state)

    def _state(self):
        ui, name = self.ui, self.ui.radiobiologyForSelector.currentData
        values = {key: box.value for key, box in (("alphaBetaGy", ui.alphaBetaBox), (
            "repairHalfLifeHours", ui.repairBox), ("alphaPerGy", ui.alphaBox)) if box.value}
        text, options = ui.exponentEdit.text.strip(), radiobiologyOptions.options(self.study)
        a = asNumber(text) if text else None
        if not values and a is None:
            raise InputError(_("No parameter is stated"), name, _("Give a number, or go back to the table"))
        if values:
            values |= {"source": ui.radiobiologySourceEdit.text.strip(),
                       "reason": ui.radiobiologyReasonEdit.text.strip()}
        changed = {}
        for key, value in (("parameters", values), ("gEUD", a)):
            others = {other: given for other, given in options[key].items() if other != name}
            changed[key] = others if value in ({}, None) else {**others, name: value}
        radiobiologyOptions.change(self.study, **changed)

    def onReset(self):
        self._apply(self._reset)

    def _reset(self):
        name, options = self.ui.radiobiologyForSelector.currentData, radiobiologyOptions.options(self.study)
        radiobiologyOptions.change(self.study, **{key: {
            other: given for other, given in options[key].items() if other != name} for key in ("parameters", "gEUD")})

    def onVoxels(self, isWanted):
        self._apply(lambda: radiobiologyOptions.change(self.study, perVoxelBED=isWanted))

    def onCurveState(self):
        ui = self.ui
        name = ui.curveSelector.currentData
        known = doseResponse.doseResponses().get(name)
        stated = radiobiologyOptions.options(self.study)["doseResponse"].get(name, {})
        # what the table knows stays the table's, with its source
        values = {key: box.value for key, box in (("d50Gy", ui.curveD50Box), ("slope", ui.curveSlopeBox))
                  if box.value and box.value != getattr(known, key, None)}
        values["source"] = ui.curveSourceEdit.text.strip()
        self._apply(lambda: radiobiologyOptions.setCurve(self.study, name, {**stated, **values}))

    def onCurveReset(self):
        name = self.ui.curveSelector.currentData
        self._apply(lambda: radiobiologyOptions.setCurve(self.study, name, None))

    def _apply(self, function):
        """Change the statements, and compute at once what follows where the absorbed dose is there."""
        if self.page.isUpdating or not self.page.shell.attempt(function):
            return
        found = stages.states(self.study)
        if found["dose"] == "done" and found[radiobiology.NAME] in ("ready", "stale", "error"):
            self.page.shell.run(_("Radiobiology"),
                                lambda progress: stages.runStage(self.study, radiobiology.NAME, progress))
        self.page.showInViews()


def effectLines(row):
    """(quantity, value with unit) of what the absorbed dose of a region amounts to, for the page of results."""
    lines, biology = [], row.get("radiobiology")
    for title, key, spread in ((_("BED"), "bedGy", "bedUncertaintyGy"), (_("EQD2"), "eqd2Gy", "eqd2UncertaintyGy"),
                               (_("EUD"), "eudGy", None), (_("EUBED"), "eubedGy", None), (_("gEUD"), "gEUDGy", None)):
        value, uncertainty = row.get(key), row.get(spread) if spread else None
        if value is not None:
            text = significant(value) if uncertainty is None else plusMinus(value, uncertainty)
            lines.append((title, f"{text} Gy"))
    if biology:
        repair = repairText(biology.get("repair") or biology["repairHalfLifeHours"])
        lines.append((_("\N{GREEK SMALL LETTER ALPHA}/\N{GREEK SMALL LETTER BETA}, repair half-life"),
                      f"{significant(biology['alphaBetaGy'])} Gy, {repair}"))
    for title, key in ((_("TCP"), "tcp"), (_("NTCP"), "ntcp")):
        lines += [(_("{title}, {endpoint}").format(title=title, endpoint=item["endpoint"]),
                   percent(item["probability"], 2)) for item in row.get(key) or []]
    return lines
