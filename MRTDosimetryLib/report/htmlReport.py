"""The report of a study as one self-contained HTML file, for the screen and for paper."""

import base64
from dataclasses import dataclass, replace

from .. import __version__
from ..errors import Faults
from . import (
    budgetTables,
    candidateTables,
    checklist,
    contextTables,
    cycles,
    doseTables,
    effectTables,
    engineTables,
    identification,
    keyResults,
    templateFolder,
    therapySection,
    therapyTables,
)
from .balanceFigure import activityBalanceChart
from .engineFigures import engineDVHChart
from .figures import absorbedDoseChart, dvhChart, dvhOverview, timeActivityChart
from .grouping import groupedByRegion
from .identification import SIGNATURE_TITLES
from .numbers import dateTimeText
from .prose import readable
from .resultTables import ResultTables
from .tables import NOT_RECORDED
from .therapyFigure import therapyChart
from .warningOrder import mostPressing

__all__ = ["SIGNATURE_TITLES", "Picture", "renderReport"]

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# More than these would push the signatures off the first page; the full lists then follow in sections of their own.
_LINES_OF_WARNINGS, _MORE_BESIDE_FEW_REGIONS, _FEW_REGIONS, _REGIONS_ON_FIRST_PAGE = 6, 4, 10, 30
_LINES_OF_A_RECOMMENDATION = 3
_PANELS_PER_CHART = 24


@dataclass(frozen=True)
class Picture:
    """A picture for the report.

    Attributes
    ----------
    title : str
    caption : str
    pngBytes : bytes
    isKey : bool
        Whether it is the one for the first page; without any the first one is.
    isWide : bool
        Whether it takes the whole width of a page.
    firstPagePNG : bytes
        The same drawn for its small place on the first page; empty where ``pngBytes`` is to be made smaller.
    """

    title: str
    caption: str
    pngBytes: bytes
    isKey: bool = False
    isWide: bool = False
    firstPagePNG: bytes = b""


@dataclass(frozen=True)
class Chart:
    """An image ready for an ``img`` element."""

    uri: str
    text: str
    caption: str = ""
    title: str = ""
    isWide: bool = False


def renderReport(results, context=None, pictures=(), template=None):
    """The report as HTML text; nothing in it refers to another file.

    Parameters
    ----------
    results : dict
        Content of results.json (regions, warnings, radionuclide, administration; see the contract).
    context : dict, optional
        What is known beside the numbers. All keys are optional, and what is missing is named as missing:
        ``patient``, ``protocol``, ``administration``, ``timePoints``, ``activityBalance``, ``registration``,
        ``organDrift``, ``methods``, ``assumptions``, ``radiobiology``, ``nuclide``, ``partialVolume``, ``overrides``,
        ``versions``, ``inputs``, ``comparison``, ``signOff``, ``curves``, ``dvhCurves``, ``engines``,
        ``engineCurves``, ``enginePictures``, ``statements``, ``therapyCurves``, ``checklist``, ``record``, ``created``.
    pictures : sequence of Picture
        Absorbed dose pictures, shown in their order.
    template : Template, optional
        Of :func:`.templateFolder.load`; the shipped one when left out.

    Returns
    -------
    str

    Raises
    ------
    InputError
        When the results have neither regions nor a therapy, a number is not finite, or a picture is no PNG.
    PackageError
        When jinja2 or matplotlib is not installed.
    """
    context = context or {}
    _check(results, pictures)
    results = {**results, "warnings": [readable(text) for text in results.get("warnings") or []]}
    regions = results["regions"]
    names = [region["name"] for region in regions]
    warnings = groupedByRegion(results["warnings"], names)
    assumptions = [readable(text) for text in context.get("assumptions") or []]
    tables = ResultTables(results)
    name, identifier = contextTables.patientLine(context.get("patient"))
    protocol = context.get("protocol") or {}
    charts = [Chart(_uri(picture.pngBytes, "png"), picture.title, picture.caption, picture.title, picture.isWide)
              for picture in pictures]
    return (template or templateFolder.load()).render(dict(
        title=protocol.get("title") or "Molecular radiotherapy",
        patientName=name, patientIdentifier=identifier,
        created=dateTimeText(context["created"]) if context.get("created") else NOT_RECORDED,
        softwareVersion=__version__, record=identification.recordWords(context.get("record")),
        facts=identification.facts(results, context),
        levelReached=keyResults.level(protocol, results.get("therapy")),
        physicsExpert=therapyTables.PHYSICS_EXPERT, physicsExpertSource=therapyTables.PHYSICS_EXPERT_SOURCE,
        warnings=warnings, keyWarnings=mostPressing(warnings, _linesOfWarnings(results)),
        **therapySection.parts(results, context, chartOf=_therapyChart),
        keyTable=tables.key(results, _REGIONS_ON_FIRST_PAGE, context.get("partialVolume")) if regions else None,
        keyValues=keyResults.keyValues(results["therapy"]) if results.get("therapy") else [],
        keyPicture=_keyPicture(charts, pictures), keyChart=_keyChart(context, regions),
        summary=tables.summary() if regions else None, signatures=identification.signatures(context.get("signOff")),
        absorbedDoseChart=_absorbedDoseChart(regions), cycles=_cycles(results),
        timePoints=_table(contextTables.timePoints, context.get("timePoints")),
        provenance=contextTables.provenance(context.get("timePoints") or []),
        activityBalance=_activityBalanceChart(context.get("activityBalance")),
        overrides=_table(contextTables.overrides, context.get("overrides")),
        registration=_table(contextTables.registration, context.get("registration")),
        organDrift=_table(contextTables.organDrift, context.get("organDrift")),
        timeActivityCharts=_timeActivityCharts(regions, context.get("curves")),
        activities=tables.activities(), fits=tables.fits(), fitRemarks=tables.fitRemarks(assumptions),
        candidates=candidateTables.candidates(regions), candidateNotes=candidateTables.notes(regions),
        budgets=budgetTables.budgets(regions), budgetNotes=budgetTables.notes(regions),
        pictures=charts,
        dvhChart=_dvhChart(context.get("dvhCurves"), regions), doseVolume=tables.doseVolume(),
        engines=_engines(results, context), isodoses=doseTables.isodoses(results), rates=doseTables.rates(results),
        particles=doseTables.particles(results),
        comparison=_table(contextTables.comparison, context.get("comparison")),
        partialVolume=_table(contextTables.partialVolume, context.get("partialVolume")),
        radiobiology=_table(effectTables.parameters, context.get("radiobiology")),
        effects=effectTables.effects(results),
        nuclide=identification.nuclideFacts(results, context.get("nuclide") or {}),
        checklist=checklist.parts(checklist.evaluate(results, context)),
        methods=[{**method, "text": readable(method.get("text") or "")} for method in context.get("methods") or []],
        assumptions=groupedByRegion(assumptions, names),
        versions=_table(contextTables.versions, context.get("versions")),
        inputs=_table(contextTables.inputs, context.get("inputs"))))


def _check(results, pictures):
    faults = Faults()
    regions = results.get("regions") if isinstance(results, dict) else None
    if not regions and not (isinstance(results, dict) and results.get("therapy")):
        faults.add("The results hold no regions", "report", "Compute the results first")
    for index, region in enumerate(regions or []):
        if not region.get("name"):
            faults.add(f"Region {index + 1} has no name", "report")
    for picture in pictures:
        if not all(bytes(png).startswith(_PNG_SIGNATURE)
                   for png in (picture.pngBytes, picture.firstPagePNG or picture.pngBytes)):
            faults.add("The picture is not a PNG", picture.title)
    faults.raiseIfAny()


def _linesOfWarnings(results):
    """How many lines of warnings the first page has room for."""
    lines = _LINES_OF_WARNINGS + (_MORE_BESIDE_FEW_REGIONS if len(results["regions"]) <= _FEW_REGIONS else 0)
    hasRecommendation = bool((results.get("therapy") or {}).get("recommendation"))
    return lines - (_LINES_OF_A_RECOMMENDATION if hasRecommendation and results["regions"] else 0)


def _table(build, rows):
    """A table of the context, or None where the context says nothing."""
    return build(rows) if rows else None


def _therapyChart(curve):
    return Chart(_uri(therapyChart(curve), "svg+xml"), f"{curve['yTitle']} over {curve['xTitle']}", "", curve["title"])


def _keyPicture(charts, pictures):
    if not charts:
        return None
    chart, picture = next(((chart, picture) for chart, picture in zip(charts, pictures, strict=True) if picture.isKey),
                          (charts[0], pictures[0]))
    return replace(chart, uri=_uri(picture.firstPagePNG, "png")) if picture.firstPagePNG else chart


def _keyChart(context, regions):
    """Dose-volume histograms in small, or the first curve of a therapy without images."""
    curves = context.get("dvhCurves")
    if curves:
        return Chart(_uri(dvhOverview(curves, [region["name"] for region in regions]), "svg+xml"),
                     "Cumulative dose-volume histograms of all regions")
    drawn = context.get("therapyCurves") or []
    return _therapyChart(drawn[0]) if drawn and not regions else None


def _cycles(results):
    """Tables and chart over the treatment cycles, or ``None`` where there is one cycle only."""
    rows = cycles.severalCycles(results)
    if not rows:
        return None
    chart = cycles.cyclesChart(rows, [region["name"] for region in results["regions"]])
    return {"tables": cycles.tables(rows),
            "chart": Chart(_uri(chart, "svg+xml"), "Absorbed dose and BED of each region over all cycles",
                           "Each part of a bar is one cycle, from left to right; open and dashed: estimated. Bar at "
                           "the end: standard uncertainty (k = 1) of the sum, where known.")}


def _absorbedDoseChart(regions):
    if all(region.get("absorbedDoseGy") is None for region in regions):
        return None
    return Chart(_uri(absorbedDoseChart(regions), "svg+xml"), "Mean absorbed dose of each region in Gy")


def _activityBalanceChart(rows):
    if not rows:
        return None
    problems = [f"{row['label']}: {text}" for row in rows for text in row["problems"]]
    return Chart(_uri(activityBalanceChart(rows), "svg+xml"), "Activity in view of each scan over time",
                 "; ".join(problems) or "No scan shows more than was administered, and none a late rise.",
                 "Activity balance")


def _timeActivityCharts(regions, curves):
    """As many charts as pages are needed for all panels to stay readable."""
    shown = [region for region in regions if region.get("timeActivity")]
    names = [region["name"] for region in regions]
    lines = "lines: fitted functions" if curves else "no fitted functions were recorded"
    if any((curves or {}).get(name, {}).get("lowMBq") is not None for name in names):
        lines += "; shaded: their 95 % band where known"
    series = [(region.get("fit") or {}).get("planarSeries") for region in shown]
    if any(series):
        isScaled = any(entry and entry.get("use") != "absolute" for entry in series)
        lines += "; open diamonds: planar series" + (", scaled by the SPECT/CT" if isScaled else "")
    if any(point.get("isExcluded") for region in shown for point in region["timeActivity"]):
        lines += "; open and crossed: points excluded from the fit"
    caption = f"Points: activity at the time of the scan; bars: standard uncertainty (k = 1) where known; {lines}."
    return [Chart(_uri(timeActivityChart(shown[start:start + _PANELS_PER_CHART], curves, names), "svg+xml"),
                  "Time-activity curves by region", caption)
            for start in range(0, len(shown), _PANELS_PER_CHART)]


def _dvhChart(curves, regions):
    if not curves:
        return None
    return Chart(_uri(dvhChart(curves, [region["name"] for region in regions]), "svg+xml"),
                 "Cumulative dose-volume histograms by region",
                 "Regions sorted by the absorbed dose to half of their volume; each panel has its own axis."
                 + (" Shaded: what the uncertainties (k = 1) of absorbed dose and outline leave open, where known."
                    if any(curve.get("band") for curve in curves.values()) else ""))


def _engines(results, context):
    """What the section on the absorbed-dose engines shows."""
    titles, curves = engineTables.titles(results), context.get("engineCurves")
    names = [region["name"] for region in results["regions"]]
    chart = None
    if len(titles) > 1 and curves:
        chart = Chart(_uri(engineDVHChart(curves, titles, names), "svg+xml"),
                      "Dose-volume histograms by each absorbed-dose engine",
                      "One panel for each region, one line for each engine; each panel has its own axis.")
    return {"titles": list(titles.values()), "byRegion": engineTables.byRegion(results),
            "histograms": engineTables.histograms(results),
            "balances": engineTables.balances(results, context.get("engines")),
            "largestDifference": engineTables.largestDifference(results), "gamma": engineTables.gammaWords(results),
            "notes": engineTables.notes(results), "chart": chart,
            "pictures": [Chart(_uri(picture.pngBytes, "png"), picture.title, picture.caption, picture.title)
                         for picture in context.get("enginePictures") or []]}


def _uri(content, kind):
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"
