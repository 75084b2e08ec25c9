"""What the results show in the views: the full table, the uncertainty budgets, and the histograms that are wanted."""

from ..scene import tables
from . import engineNodes, radiobiologyNodes, studyNodes

RESULTS, BUDGETS, HISTOGRAMS, CHART = "resultsTable", "uncertaintyTable", "dvhTable", "dvhChart"
_NUMBERS = (
    ("Volume", "mL", "volumeML"), ("Mass", "g", "massG"),
    ("Time-integrated activity", "MBq h", "timeIntegratedActivityMBqH"),
    ("u(time-integrated activity)", "MBq h", "timeIntegratedActivityUncertaintyMBqH"),
    ("Time-integrated activity coefficient", "h", "timeIntegratedActivityCoefficientH"),
    ("Effective half-life", "h", "effectiveHalfLifeHours"),
    ("Absorbed dose", "Gy", "absorbedDoseGy"), ("u(absorbed dose)", "Gy", "absorbedDoseUncertaintyGy"),
    ("Absorbed dose coefficient", "Gy/GBq", "absorbedDoseCoefficientGyPerGBq"), ("BED", "Gy", "bedGy"))
_HISTOGRAM_KEYS = ("D98Gy", "D50Gy", "D2Gy")
# Only where a therapy has a cohort to compare with.
COHORT_KEY = "cohortPercentile"


def write(study, regions):
    """Fill the table of all results and that of the uncertainty budgets.

    Parameters
    ----------
    regions : list of dict
        Of ``results.json``.
    """
    if not regions and study.nodeByRole(RESULTS) is None:
        return
    columns = [tables.Column("Region", "", [region["name"] for region in regions], "string")]
    columns += [tables.Column(title, unit, [region[key] for region in regions]) for title, unit, key in _NUMBERS]
    columns += [tables.Column(key[:-2], "Gy", [region["dvh"][key] for region in regions]) for key in _HISTOGRAM_KEYS]
    if any(region.get(COHORT_KEY) is not None for region in regions):
        columns.append(tables.Column("Percentile of the cohort", "%", [region.get(COHORT_KEY) for region in regions]))
    studyNodes.putTable(study, RESULTS, "Absorbed dose results", columns)
    rows = [(region["name"], line) for region in regions for line in budgetRows(region)]
    studyNodes.putTable(study, BUDGETS, "Uncertainty budgets", [
        tables.Column("Region", "", [name for name, _line in rows], "string"),
        tables.Column("Component", "", [line["title"] for _name, line in rows], "string"),
        tables.Column("Status", "", [line["status"] for _name, line in rows], "string"),
        tables.Column("Relative standard uncertainty", "%", [line["uncertaintyPercent"] for _name, line in rows]),
        tables.Column("Share of the variance", "%", [line["sharePercent"] for _name, line in rows])])


def budgetRows(region):
    """Lines of a region's uncertainty budget, the combined one last.

    Returns
    -------
    list of dict
        ``title``, ``status`` ("included", "not stated", "combined" ...), ``uncertaintyPercent`` (k = 1) and
        ``sharePercent`` of the variance, ``None`` where there is none.
    """
    budget = region.get("uncertaintyBudget")
    if not budget:
        return []
    lines = [_line(item["title"], item["status"], item["relativeUncertainty"], item["sharePercent"])
             for item in budget["components"] if item["status"] != "not applied"]
    total = budget["relativeUncertainty"]
    return [*lines, _line("Absorbed dose, combined", "combined" if total is not None else "not computed", total,
                          None if not total else 100.0)]


def _line(title, status, relative, share):
    isShown = status in ("included", "combined")
    return {"title": title, "status": status, "sharePercent": share if isShown else None,
            "uncertaintyPercent": 100.0 * relative if isShown and relative is not None else None}


def tablesToShow(study):
    """(role, title) of the tables that the table view can show."""
    choices = ((RESULTS, "All results"), (HISTOGRAMS, "Dose-volume values"), (BUDGETS, "Uncertainty budgets"),
               (radiobiologyNodes.TABLE, "Radiobiology"), (engineNodes.TABLE, "Absorbed-dose engines"),
               (engineNodes.RATE_TABLE, "Absorbed-dose rates"))
    return [(role, title) for role, title in choices if study.nodeByRole(role) is not None]


def chartsToShow(study):
    """(role, title) of the charts that the plot view can show."""
    choices = ((CHART, "Dose-volume histograms"), (engineNodes.CHART, "Histograms of all engines"),
               (radiobiologyNodes.HISTOGRAMS, "BED-volume histograms"),
               (radiobiologyNodes.CURVES, "Tumor control and complication"),
               ("timeActivityChart", "Time-activity curves"))
    return [(role, title) for role, title in choices if study.nodeByRole(role) is not None]


def setHistogramShown(study, region, isShown):
    """Show or hide the histogram of a region in the scene's chart."""
    hidden = [name for name in studyNodes.hiddenHistograms(study) if name != region]
    study.setChoice(studyNodes.HIDDEN_CHOICE, (hidden if isShown else [*hidden, region]) or None)
    value = (study.stageRecord("dose") or {}).get("value")
    if value:
        studyNodes.writeDVHChart(study, value["dvhCurves"])
