"""Tables made from the results of a study (results.json): summary, activities, fits and dose-volume figures."""

import dataclasses
import re

from . import cycles, keyResults
from .contextTables import RECOVERY_FLAG
from .grouping import groupedByRegion, splitRegion
from .numbers import compact, percent, plusMinus, significant, words
from .prose import readable
from .tables import NOT_COMPUTED, Cell, Column, Footnotes, Table

# Extrapolated parts of a time-integrated activity above this are flagged: it then rests on the model, not on scans.
EXTRAPOLATION_FLAG = 0.20
_MAXIMUM_TIMES_PER_TABLE = 6
# With more regions the rows of the summary are set closer, so that it stays on one page.
_DENSE_ABOVE = 12
_MODEL_TITLES = {"monoExponential": "Mono-exponential", "trapezoid": "Trapezoid",
                 "singleTimePoint": "Single time point"}
# How a reader of a paper knows them.
_SYMBOLS = {"lambda": "λ", **{f"{name}{number}": f"{symbol}{index}" for name, symbol in (("A", "A"), ("lambda", "λ"))
                              for number, index in zip("0123", "₀₁₂₃", strict=True)}}
_COVARIANCES = {
    "absolute": "Covariance of the parameters from the stated uncertainties of the activities.",
    "scaled": "Covariance of the parameters scaled by the reduced chi-square, because the activities have no stated "
              "uncertainties.",
    "none": "No covariance of the parameters, hence no uncertainty of the fit.",
}
# Beginnings of words by which a warning shows that it speaks of a quantity; abbreviations in their own case.
_UNCERTAINTY = "[Uu]ncertaint|[Cc]ovariance|[Dd]egrees? of freedom"
_ADMINISTRATION = "[Cc]oefficient|[Aa]dminist"
_QUANTITY_WORDS = {
    "volumeML": "[Vv]olume", "massG": "[Mm]ass|[Dd]ensit",
    "timeIntegratedActivityMBqH": "[Tt]ime-integrated|[Ff]it|[Cc]urve",
    "timeIntegratedActivityUncertaintyMBqH": _UNCERTAINTY,
    "timeIntegratedActivityCoefficientH": _ADMINISTRATION,
    "effectiveHalfLifeHours": "[Hh]alf-li", "absorbedDoseGy": "[Aa]bsorbed dose",
    "absorbedDoseUncertaintyGy": _UNCERTAINTY,
    "absorbedDoseCoefficientGyPerGBq": _ADMINISTRATION,
    "bedGy": "BED|[Bb]iologically effective|[Rr]adiobiolog",
}
_UNSTATED = "Not computed; see the warnings."
_MISSING_WORDS = r"\b(not?|none|cannot|without|lacks?|missing|undefined|unknown)\b"


def reasonFor(regionName, key, warnings, regionNames=()):
    """Why a value of a region is missing, taken from the warnings of the results.

    Only a warning that says of this quantity that something is missing counts, for this region or else for no
    region in particular: no reason is better than a wrong one.

    Parameters
    ----------
    regionName : str
    key : str
        Key of the quantity in results.json.
    warnings : sequence of str
    regionNames : sequence of str
        All regions of the study.

    Returns
    -------
    str
        Empty when no warning fits.
    """
    fitting = [text for text in warnings if re.search(rf"\b(?:{_QUANTITY_WORDS[key]})", text)
               and re.search(_MISSING_WORDS, text, re.IGNORECASE)]
    others = [name for name in regionNames if name != regionName]
    general = [text for text in fitting if not any(_isNamed(name, text) for name in others)]
    return next((text for text in [*(text for text in fitting if _isNamed(regionName, text)), *general]), "")


def _isNamed(regionName, text):
    return re.search(rf"(?<!\w){re.escape(regionName)}(?!\w)", text, re.IGNORECASE) is not None


def modelTitle(name):
    """Name of a fit model as words."""
    return _MODEL_TITLES.get(name) or words(name).capitalize()


class ResultTables:
    """All tables of one results.json.

    Parameters
    ----------
    results : dict
        As the contract describes results.json.
    """

    def __init__(self, results):
        self._regions = results["regions"]
        self._warnings = [str(text) for text in results.get("warnings") or []]

    def key(self, results, most, partialVolume=None):
        """What a treatment is decided by, for the first ``most`` regions.

        Absorbed dose with its uncertainty, per administered activity and as BED; beside several cycles the absorbed
        dose over all of them; the place in a published cohort where there is one. A region whose absorbed dose is
        known to be too low for lack of resolution (``partialVolume`` of the context) is marked.
        """
        notes, regions = Footnotes(), self._regions[:most]
        low = {row["region"]: row["recovery"] for row in partialVolume or []
               if row.get("recovery") is not None and row["recovery"] < RECOVERY_FLAG}
        table = Table([Column("Region", isNumber=False), Column("Absorbed dose", "Gy"),
                       Column("Coefficient", "Gy/GBq"), Column("BED", "Gy")],
                      css="key dense" if len(regions) > _DENSE_ABOVE else "key")
        for region in regions:
            dose = self._cell(region, "absorbedDoseGy", notes, "absorbedDoseUncertaintyGy")
            if region["name"] in low and not dose.isMissing:
                dose = dataclasses.replace(
                    dose, isFlagged=True, detail=f"about {percent(1.0 - low[region['name']])} too low: resolution")
            table.rows.append([Cell(region["name"]), dose,
                               self._cell(region, "absorbedDoseCoefficientGyPerGBq", notes),
                               self._cell(region, "bedGy", notes)])
        accumulated = {row["region"]: row for row in cycles.severalCycles(results)}
        if accumulated:
            table.columns.append(Column("All cycles", "Gy"))
            for cells, region in zip(table.rows, regions, strict=True):
                cells.append(keyResults.accumulatedCell(accumulated.get(region["name"]), notes))
        keyResults.addPercentiles(table, {**results, "regions": regions}, notes)
        table.footnotes = notes.entries()
        return table

    def summary(self):
        """One row per region with all results."""
        notes = Footnotes()
        table = Table([
            Column("Region", isNumber=False), Column("Volume", "mL"), Column("Mass", "g"),
            Column("Time-integrated activity", "MBq h"), Column("TIA coefficient", "h"),
            Column("Effective half-life", "h"), Column("Absorbed dose", "Gy"),
            Column("Absorbed dose coefficient", "Gy/GBq"), Column("BED", "Gy")],
            css="summary dense" if len(self._regions) > _DENSE_ABOVE else "summary")
        for region in self._regions:
            table.rows.append([
                Cell(region["name"]), self._cell(region, "volumeML", notes), self._cell(region, "massG", notes),
                self._cell(region, "timeIntegratedActivityMBqH", notes, "timeIntegratedActivityUncertaintyMBqH"),
                self._cell(region, "timeIntegratedActivityCoefficientH", notes),
                self._cell(region, "effectiveHalfLifeHours", notes),
                self._cell(region, "absorbedDoseGy", notes, "absorbedDoseUncertaintyGy"),
                self._cell(region, "absorbedDoseCoefficientGyPerGBq", notes), self._cell(region, "bedGy", notes)])
        table.footnotes = notes.entries()
        return table

    def activities(self):
        """Measured activity by region and time; several tables when there are many times."""
        times = sorted({point["timeHours"] for region in self._regions for point in region.get("timeActivity") or []})
        tables = []
        for start in range(0, len(times), _MAXIMUM_TIMES_PER_TABLE):
            part = times[start:start + _MAXIMUM_TIMES_PER_TABLE]
            table = Table([Column("Region", isNumber=False),
                           *(Column(f"{compact(timeHours)} h", "MBq") for timeHours in part)])
            for region in self._regions:
                points = {point["timeHours"]: point for point in region.get("timeActivity") or []}
                table.rows.append([Cell(region["name"]), *(_activityCell(points.get(time)) for time in part)])
            tables.append(table)
        return tables

    def fits(self):
        """Fitted function, its parameters and how much of the integral is extrapolated."""
        notes = Footnotes()
        table = Table([Column("Region", isNumber=False), Column("Model", isNumber=False),
                       Column("Parameters", isNumber=False), Column("AICc"), Column("Extrapolated part")])
        for region in self._regions:
            fit = region.get("fit")
            if not fit:
                reason = self._reason(region, "timeIntegratedActivityMBqH")
                missing = Cell(NOT_COMPUTED, notes.mark(reason or _UNSTATED), isMissing=True)
                table.rows.append([Cell(region["name"]), missing, missing, missing, missing])
                continue
            part = fit.get("extrapolatedFraction")
            table.rows.append([
                Cell(region["name"]), Cell(fit.get("title") or modelTitle(fit.get("model") or "not named")),
                Cell("; ".join(_parameterText(*item) for item in (fit.get("parameters") or {}).items())
                     or "no parameters", isMissing=not fit.get("parameters")),
                _orMissing(fit.get("aicc"), significant, notes,
                           "AICc is defined only where there are at least two more points than parameters."),
                _orMissing(part, percent, notes, _UNSTATED,
                           isFlagged=part is not None and part > EXTRAPOLATION_FLAG)])
        table.footnotes = notes.entries()
        return table

    def fitRemarks(self, alreadySaid=()):
        """How the fits weighted their points and what they assumed, each remark once with its regions.

        Parameters
        ----------
        alreadySaid : sequence of str
            Texts that stand elsewhere in the report, as the remark itself or as ``"region: remark"``.
        """
        said, remarks = {*alreadySaid, *self._warnings}, []
        for region in self._regions:
            fit = region.get("fit") or {}
            texts = [f"Weights: {fit['weighting']}"] if fit.get("weighting") else []
            if fit.get("covarianceKind") in _COVARIANCES:
                texts.append(_COVARIANCES[fit["covarianceKind"]])
            if fit.get("scanTimeSensitivityPerHour"):
                shares = " and ".join(f"{100.0 * share:+.2g} %" for share in fit["scanTimeSensitivityPerHour"])
                texts.append(f"Sensitivity to the time of the scan: {shares} of the time-integrated activity per hour.")
            texts += [readable(text) for key in ("warnings", "assumptions") for text in fit.get(key) or []]
            remarks += [f"{region['name']}: {text}" for text in texts
                        if text not in said and f"{region['name']}: {text}" not in said]
        return groupedByRegion(remarks, [region["name"] for region in self._regions])

    def doseVolume(self):
        """Absorbed dose to parts of each region's volume."""
        notes = Footnotes()
        keys = ("minGy", "D98Gy", "D95Gy", "D90Gy", "D70Gy", "D50Gy", "D2Gy", "maxGy")
        titles = {"minGy": "Minimum", "maxGy": "Maximum"}
        shown = [key for key in keys if any((region.get("dvh") or {}).get(key) is not None
                                            for region in self._regions)]
        if not shown:
            return None
        table = Table([Column("Region", isNumber=False), Column("Mean", "Gy"),
                       *(Column(titles.get(key, key[:-2]), "Gy") for key in shown)])
        for region in self._regions:
            histogram = region.get("dvh") or {}
            reason = self._reason(region, "absorbedDoseGy") or _UNSTATED
            table.rows.append([
                Cell(region["name"]), self._cell(region, "absorbedDoseGy", notes),
                *(_orMissing(histogram.get(key), significant, notes, reason) for key in shown)])
        table.footnotes = notes.entries()
        return table

    def _reason(self, region, key):
        """The reason without the name of the region, so that regions with the same reason share one footnote."""
        text = reasonFor(region["name"], key, self._warnings, [other["name"] for other in self._regions])
        text = splitRegion(text, [region["name"]])[1]
        return text[:1].upper() + text[1:] if text else ""

    def _cell(self, region, key, notes, uncertaintyKey=None):
        value = region.get(key)
        if value is None:
            reason = self._reason(region, key) or _UNSTATED
            return Cell(NOT_COMPUTED, notes.mark(reason), isMissing=True)
        if uncertaintyKey is None:
            return Cell(significant(value))
        uncertainty = region.get(uncertaintyKey)
        if uncertainty is None:
            reason = self._reason(region, uncertaintyKey) or "See the warnings."
            return Cell(significant(value), notes.mark(f"Without uncertainty. {reason}"))
        return Cell(plusMinus(value, uncertainty))


def _orMissing(value, formatNumber, notes, reason, isFlagged=False):
    if value is None:
        return Cell(NOT_COMPUTED, notes.mark(reason), isMissing=True)
    return Cell(formatNumber(value), isFlagged=isFlagged)


def _activityCell(point):
    if point is None:
        return Cell("not measured", isMissing=True)
    if point.get("activityMBq") is None:
        return Cell(NOT_COMPUTED, isMissing=True)
    spread = point.get("uncertaintyMBq")
    text = significant(point["activityMBq"]) if spread is None else plusMinus(point["activityMBq"], spread)
    return Cell(f"{text} (excluded)" if point.get("isExcluded") else text)


def _parameterText(name, parameter):
    unit = parameter.get("unit") or ""
    value = parameter.get("value")
    title = _SYMBOLS.get(name) or words(name).replace("half life", "half-life")
    if value is None:
        return f"{title} {NOT_COMPUTED}"
    spread = parameter.get("standardError")
    number = significant(value) if spread is None else plusMinus(value, spread)
    if not unit or unit == "1":
        return f"{title} {number}"
    return f"{title} {f'({number})' if spread is not None else number}\N{NO-BREAK SPACE}{unit}"
