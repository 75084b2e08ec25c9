"""What the kinetics page states of the selected region's curve: parameters, shared rates, ends, planar series."""

import qt
from slicer.i18n import tr as _

from ..errors import InputError
from ..report.numbers import significant
from ..workflow import jointKinetics, kineticsOptions, planarStudy
from ..workflow.regionMasks import regionNames
from ..workflow.timePoints import includedTimePoints
from .pagePart import PagePart
from .tables import shortened

_DEFAULT = ""
_ALL_RATES = ""
_LONGEST = 60


class CurveStatements(PagePart):
    """The widgets of the kinetics page's advanced section that only some models have."""

    def connectWidgets(self):
        ui, page = self.ui, self.page
        starts = {"constant": _("as the first point"), "zero-linear": _("rise from zero"),
                  "extrapolated": _("extrapolated")}
        tails = {"effective": _("last two points"), "physical": _("physical decay")}
        forms = {"haenscheid2018": _("2 / ln 2 (Haenscheid 2018)"), "minimum": _("e (least area)")}
        page.fillSelector(ui.trapezoidStartSelector, list(starts.items()), "constant")
        page.fillSelector(ui.trapezoidTailSelector, list(tails.items()), "effective")
        page.fillSelector(ui.lateFormSelector, list(forms.items()), "haenscheid2018")
        page.fillSelector(ui.planarUnitSelector, [(unit, unit) for unit in jointKinetics.PLANAR_UNITS], "counts")
        ui.trapezoidStartSelector.connect("currentIndexChanged(int)", self.onTrapezoid)
        ui.trapezoidTailSelector.connect("currentIndexChanged(int)", self.onTrapezoid)
        ui.lateFormSelector.connect("currentIndexChanged(int)", self.onLateForm)
        ui.parameterSelector.connect("currentIndexChanged(int)", self.onParameter)
        ui.parameterButton.connect("clicked()", self.onState)
        ui.shareButton.connect("clicked()", self.onShare)
        ui.planarButton.connect("clicked()", self.onPlanar)
        ui.planarRemoveButton.connect("clicked()", self.onPlanarRemove)

    def show(self, region, options, points, fittedModel):
        """Show what is stated for a region; only what its model can use is on the page."""
        ui, model = self.ui, None if region is None else kineticsOptions.chosenModel(self.study, region)
        group = None if region is None else jointKinetics.groupOf(self.study, region)
        isTrapezoid = "trapezoid" in (model, fittedModel) or bool(options["trapezoid"])
        for widget in (ui.trapezoidLabel, ui.trapezoidWidget):
            widget.setVisible(isTrapezoid and points != 1)
        self.page.selectData(ui.trapezoidStartSelector, options["trapezoid"].get("start", "constant"))
        self.page.selectData(ui.trapezoidTailSelector, options["trapezoid"].get("tail", "effective"))
        for widget in (ui.lateFormLabel, ui.lateFormSelector):
            widget.setVisible(model == kineticsOptions.LATE)
        self.page.selectData(ui.lateFormSelector, options["lateForm"] or "haenscheid2018")
        self._showParameters(region, options, group, kineticsOptions.parametersOf(model) if model else ())
        self._showShared(region, group, jointKinetics.sharableRates(model) if model and points > 1 else ())
        series = jointKinetics.planarSeries(self.study)
        ui.planarWidget.setVisible(len(includedTimePoints(self.study)) == 1 or bool(series))
        ui.planarRemoveButton.setEnabled(bool(series))
        ui.planarStatus.setVisible(bool(series))
        sources = "; ".join(dict.fromkeys(entry["source"] for entry in series.values()))
        isAbsolute = any(entry.get("use") == jointKinetics.ABSOLUTE for entry in series.values())
        words = _("{regions}: activities of the planar views ({source}).") if isAbsolute else _(
            "{regions}: scaled by the SPECT/CT ({source}).")
        ui.planarStatus.text = words.format(regions=", ".join(series), source=shortened(sources, _LONGEST))
        ui.planarStatus.toolTip = sources

    # parameters

    def _showParameters(self, region, options, group, names):
        ui = self.ui
        ui.parameterWidget.setVisible(bool(names) and group is None)
        current = ui.parameterSelector.currentData
        self.page.fillSelector(ui.parameterSelector, [(name, name) for name in names],
                               current if current in names else next(iter(names), None))
        stated = [options[key].get(region) or {} for key in ("fixed", "bounds")]
        ui.parameterSourceEdit.text = next((given["source"] for given in stated if given.get("source")), "")
        parts = [_("{name} = {value}").format(name=name, value=significant(value))
                 for name, value in stated[0].items() if name != "source"]
        parts += [_("{name} {least} to {most}").format(
            name=name, least=_side(pair[0]) or "\N{HORIZONTAL ELLIPSIS}", most=_side(pair[1])
            or "\N{HORIZONTAL ELLIPSIS}") for name, pair in stated[1].items() if name != "source"]
        ui.parameterStatus.setVisible(bool(parts))
        ui.parameterStatus.text = _("Stated: {parts}.").format(parts="; ".join(parts))
        self._showParameter(region, options)

    def _showParameter(self, region, options):
        """The statements of the chosen parameter in the three fields."""
        ui, name = self.ui, self.ui.parameterSelector.currentData
        fixed = (options["fixed"].get(region) or {}).get(name)
        least, most = (options["bounds"].get(region) or {}).get(name) or (None, None)
        for edit, value in ((ui.parameterFixedEdit, fixed), (ui.parameterLeastEdit, least),
                            (ui.parameterMostEdit, most)):
            edit.text = _side(value)
        unit = "1/h" if name and name.startswith("lambda") else "MBq"
        ui.parameterFixedEdit.placeholderText = _("fixed ({unit})").format(unit=unit)
        ui.parameterLeastEdit.placeholderText, ui.parameterMostEdit.placeholderText = _("least"), _("most")

    def onParameter(self, _index):
        if not self.page.isUpdating:
            self._showParameter(self.page.selectedRegion(), kineticsOptions.options(self.study))

    def onState(self):
        self.page.attempt(self._state)

    def _state(self):
        ui, region = self.ui, self.page.selectedRegion()
        name, source = ui.parameterSelector.currentData, ui.parameterSourceEdit.text.strip()
        value, least, most = (_number(edit) for edit in (ui.parameterFixedEdit, ui.parameterLeastEdit,
                                                         ui.parameterMostEdit))
        if value is not None and (least is not None or most is not None):
            raise InputError(_("A parameter is fixed or has bounds, not both"), region, _("Empty one of the fields"))
        options = kineticsOptions.options(self.study)
        bounds = None if least is None and most is None else [least, most]
        for key, setter, entry in (("fixed", kineticsOptions.setFixed, value),
                                   ("bounds", kineticsOptions.setBounds, bounds)):
            stated = {other: given for other, given in (options[key].get(region) or {}).items()
                      if other not in (name, "source")}
            if entry is not None:
                stated[name] = entry
            if stated and source:
                stated["source"] = source
            setter(self.study, region, stated or None)

    # shared rates

    def _showShared(self, region, group, rates):
        ui = self.ui
        others = [name for name in regionNames(self.study) if name != region]
        ui.sharedWidget.setVisible((bool(rates) and bool(others)) or group is not None)
        isFree = group is None
        choices = [(rate, rate) for rate in rates]
        if len(rates) > 1:
            choices.insert(0, (_ALL_RATES, _("all rates")))
        self.page.fillSelector(ui.shareRateSelector, choices, choices[0][0] if choices else None)
        current = ui.shareRegionSelector.currentData
        self.page.fillSelector(ui.shareRegionSelector, [(name, name) for name in others],
                               current if current in others else next(iter(others), None))
        ui.shareRow.setVisible(isFree)
        ui.shareButton.text = _("Share") if isFree else _("Fit alone again")
        ui.sharedStatus.text = _("Shared rate with another region:") if isFree else _(
            "{regions}: {parameters} in one fit.").format(
                regions=", ".join(group["regions"]), parameters=", ".join(group["parameters"]))

    def onShare(self):
        region = self.page.selectedRegion()
        if jointKinetics.groupOf(self.study, region) is not None:
            self.page.attempt(jointKinetics.unshare, self.study, region)
            return
        rate = self.ui.shareRateSelector.currentData
        model = kineticsOptions.chosenModel(self.study, region)
        rates = jointKinetics.sharableRates(model) if rate == _ALL_RATES else (rate,)
        self.page.attempt(jointKinetics.share, self.study, region, self.ui.shareRegionSelector.currentData, rates)

    # ends, late form, planar series

    def onTrapezoid(self, _index):
        ui = self.ui
        chosen = {"start": ui.trapezoidStartSelector.currentData, "tail": ui.trapezoidTailSelector.currentData}
        isDefault = chosen == {"start": "constant", "tail": "effective"}
        self.page.attempt(kineticsOptions.setTrapezoid, self.study, None if isDefault else chosen)

    def onLateForm(self, index):
        name = self.ui.lateFormSelector.itemData(index)
        self.page.attempt(kineticsOptions.setLateForm, self.study, None if name == "haenscheid2018" else name)

    def onPlanar(self):
        path = qt.QFileDialog.getOpenFileName(self.page.widget, _("Planar series or views"), "",
                                              _("Tables and planar files (*.csv *.json)"))
        if path and path.lower().endswith(".json"):
            self.page.attempt(planarStudy.setViewsFile, self.study, path)
        elif path:
            self.page.attempt(jointKinetics.setPlanarFile, self.study, path, self.ui.planarUnitSelector.currentData,
                              "", regionNames(self.study))

    def onPlanarRemove(self):
        self.page.attempt(jointKinetics.removePlanarSeries, self.study)


def _side(value):
    return "" if value is None else f"{value:.6g}"


def _number(edit):
    """Number of a line edit, ``None`` where it is empty."""
    text = edit.text.strip().replace(",", ".")
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        raise InputError(_("'{text}' is not a number").format(text=edit.text), "", _("Give a number")) from None
