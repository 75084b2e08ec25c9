"""The report of a study as one self-contained HTML file, for the screen and for paper."""

import base64
import os
import re
from dataclasses import dataclass

from .. import __version__
from ..errors import Faults, InputError
from . import budgetTables, candidateTables, contextTables, doseTables, engineTables, therapySection
from .balanceFigure import activityBalanceChart
from .engineFigures import engineDVHChart
from .figures import absorbedDoseChart, dvhChart, timeActivityChart
from .grouping import groupedByRegion
from .numbers import compact, dateTimeText, signed, significant
from .resultTables import ResultTables
from .tables import NOT_RECORDED
from .therapyFigure import therapyChart

_TEMPLATES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "templates")
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# More than this would push the summary off the first page; the full list then follows in a section of its own.
_WARNINGS_ON_FIRST_PAGE = 5
_REGIONS_WITH_CHART_ON_FIRST_PAGE = 10
_PANELS_PER_CHART = 24
SIGNATURE_TITLES = ("Prepared by", "Medical physics expert", "Treating physician")


@dataclass(frozen=True)
class Picture:
    """A picture for the report.

    Attributes
    ----------
    title : str
    caption : str
    pngBytes : bytes
    """

    title: str
    caption: str
    pngBytes: bytes


@dataclass(frozen=True)
class Fact:
    """One entry of the identification block."""

    title: str
    text: str
    detail: str = ""
    isMissing: bool = False


@dataclass(frozen=True)
class Chart:
    """An image ready for an ``img`` element."""

    uri: str
    text: str
    caption: str = ""
    title: str = ""


def renderReport(results, context=None, pictures=()):
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
        ``engineCurves``, ``enginePictures``, ``statements``, ``therapyCurves``, ``created``.
    pictures : sequence of Picture
        Absorbed dose pictures, shown in their order.

    Returns
    -------
    str

    Raises
    ------
    InputError
        When the results have neither regions nor a therapy, a number is not finite, a picture is no PNG, or jinja2 or
        matplotlib is not installed.
    """
    context = context or {}
    _check(results, pictures)
    regions = results["regions"]
    names = [region["name"] for region in regions]
    warnings = groupedByRegion([str(text) for text in results.get("warnings") or []], names)
    assumptions = [str(text) for text in context.get("assumptions") or []]
    tables = ResultTables(results)
    name, identifier = contextTables.patientLine(context.get("patient"))
    protocol = context.get("protocol") or {}
    return _template().render(
        title=protocol.get("title") or "Molecular radiotherapy",
        patientName=name, patientIdentifier=identifier,
        created=dateTimeText(context["created"]) if context.get("created") else NOT_RECORDED,
        softwareVersion=__version__,
        facts=_facts(results, context),
        warnings=warnings, warningsOnFirstPage=_WARNINGS_ON_FIRST_PAGE,
        **therapySection.parts(results, context, chartOf=_therapyChart),
        summary=tables.summary() if regions else None, signatures=signatures(context.get("signOff")),
        absorbedDoseChart=_absorbedDoseChart(regions),
        isChartOnFirstPage=len(regions) <= _REGIONS_WITH_CHART_ON_FIRST_PAGE,
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
        pictures=[Chart(_uri(picture.pngBytes, "png"), picture.title, picture.caption, picture.title)
                  for picture in pictures],
        dvhChart=_dvhChart(context.get("dvhCurves"), regions), doseVolume=tables.doseVolume(),
        engines=_engines(results, context), isodoses=doseTables.isodoses(results), rates=doseTables.rates(results),
        particles=doseTables.particles(results),
        comparison=_table(contextTables.comparison, context.get("comparison")),
        partialVolume=_table(contextTables.partialVolume, context.get("partialVolume")),
        radiobiology=_table(contextTables.radiobiology, context.get("radiobiology")),
        nuclide=_nuclideFacts(results, context.get("nuclide") or {}),
        methods=context.get("methods") or [], assumptions=groupedByRegion(assumptions, names),
        versions=_table(contextTables.versions, context.get("versions")),
        inputs=_table(contextTables.inputs, context.get("inputs")))


def _check(results, pictures):
    faults = Faults()
    regions = results.get("regions") if isinstance(results, dict) else None
    if not regions and not (isinstance(results, dict) and results.get("therapy")):
        faults.add("The results hold no regions", "report", "Compute the results first")
    for index, region in enumerate(regions or []):
        if not region.get("name"):
            faults.add(f"Region {index + 1} has no name", "report")
    for picture in pictures:
        if not bytes(picture.pngBytes).startswith(_PNG_SIGNATURE):
            faults.add("The picture is not a PNG", picture.title)
    faults.raiseIfAny()


def _template():
    try:
        import jinja2
    except ImportError as error:
        raise InputError("The report needs the Python package jinja2", "report",
                         "Install jinja2 into this Python") from error
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(_TEMPLATES), autoescape=True,
                                     undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["cssString"] = _cssString
    return environment.get_template("report.html")


def _cssString(text):
    """Text for a quoted CSS string: HTML escaping does not hold inside a style element, so escape by code point."""
    from markupsafe import Markup

    # only characters that a regular expression let through or that are escaped can be in the result
    return Markup(re.sub(r"[^A-Za-z0-9 .,-]", lambda match: f"\\{ord(match.group()):06x}", str(text)))


def _facts(results, context):
    """The identification block: who, what, when, by which protocol."""
    protocol, patient = context.get("protocol") or {}, context.get("patient") or {}
    administration = context.get("administration") or results.get("administration") or {}
    scans, regions = context.get("timePoints") or [], results["regions"]
    name, identifier = contextTables.patientLine(patient)
    activityMBq, moment = administration.get("activityMBq"), administration.get("dateTime")
    isPrescribing = activityMBq is None and not regions
    hours = [f"{compact(scan['timeHours'])} h" for scan in scans if scan.get("timeHours") is not None]
    source = contextTables.sourceText(administration["source"]) if administration.get("source") else ""
    level = contextTables.levelText(protocol.get("level"))
    therapy = " – ".join(str(part) for part in (protocol.get("therapy"), protocol.get("strategy")) if part)
    return [
        Fact("Patient", name, isMissing=not patient.get("name")),
        Fact("Patient ID", identifier, isMissing=not patient.get("id")),
        *(Fact(title, str(patient[key])) for key, title in _MORE_ON_PATIENT if patient.get(key)),
        _fact("Therapy and strategy", therapy, protocol.get("id") or ""),
        _fact("Dosimetry level", level),
        _fact("Radionuclide", results.get("radionuclide") or (context.get("nuclide") or {}).get("name")),
        Fact("Administered activity", "none: an activity is being prescribed") if isPrescribing else
        _fact("Administered activity", None if activityMBq is None else f"{significant(activityMBq)} MBq",
              f"Source: {source}" if source else "Source not recorded"),
        *_prescription(administration),
        *([] if isPrescribing and not moment else [_fact("Administration", dateTimeText(moment) if moment else None)]),
        _fact("Scans after administration", ", ".join(hours)) if regions else
        Fact("Scans", "none: done without images"),
    ]


def _prescription(administration):
    """Prescribed activity, and what was measured before and after the administration, where they are stated."""
    activityMBq, found = administration.get("activityMBq"), []
    prescribed = administration.get("prescribedActivityMBq")
    if prescribed is not None:
        deviation = "" if activityMBq is None else \
            f"Administered: {signed(100.0 * (activityMBq / prescribed - 1.0), 2)} %"
        found.append(Fact("Prescribed activity", f"{significant(prescribed)} MBq", deviation))
    measured, residual = administration.get("measuredActivityMBq"), administration.get("residualActivityMBq")
    if measured is not None and residual is not None:
        found.append(Fact("Measured before and left over", f"{significant(measured)} and {significant(residual)} MBq"))
    return found


def signatures(signOff):
    """Signature lines: those that hold with name and time, the others to be signed by hand."""
    rows = (signOff or {}).get("report") or [{"title": title} for title in SIGNATURE_TITLES]
    return [{"title": row["title"], "name": row["name"] if row.get("isValid") else "",
             "time": dateTimeText(row["time"]) if row.get("isValid") else ""} for row in rows]


_MORE_ON_PATIENT = (("sex", "Sex"), ("birthDate", "Date of birth"), ("cycle", "Treatment cycle"))


def _fact(title, text, detail=""):
    return Fact(title, str(text), detail) if text else Fact(title, NOT_RECORDED, isMissing=True)


def _nuclideFacts(results, nuclide):
    halfLife, energy = nuclide.get("halfLifeHours"), nuclide.get("energyPerDecayMeV")
    return [
        _fact("Radionuclide", nuclide.get("name") or results.get("radionuclide")),
        _fact("Physical half-life", None if halfLife is None else f"{significant(halfLife, 5)} h"),
        _fact("Locally absorbed energy per decay", None if energy is None else f"{significant(energy, 4)} MeV"),
        _fact("Source", nuclide.get("source")),
    ]


def _table(build, rows):
    """A table of the context, or None where the context says nothing."""
    return build(rows) if rows else None


def _therapyChart(curve):
    return Chart(_uri(therapyChart(curve), "svg+xml"), f"{curve['yTitle']} over {curve['xTitle']}", "", curve["title"])


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
    if any((region.get("fit") or {}).get("planarSeries") for region in shown):
        lines += "; open diamonds: planar series, scaled by the SPECT/CT"
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
