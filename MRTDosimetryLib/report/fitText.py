"""A fit in plain text, for a terminal."""

from .numbers import percent, significant

_LABEL = 34


def fitLines(result):
    """The lines that describe a fit.

    Parameters
    ----------
    result : dict
        ``FitResult.toDict()``.

    Returns
    -------
    list of str
        Model, parameters, time-integrated activity with its 95 % interval, half-life, candidates and assumptions.
        Warnings are not among them.
    """
    lines = [f"Model: {result['title']} ({result['model']})", ""]
    width = max([len(name) for name in result["parameters"]] + [0])
    for name, parameter in result["parameters"].items():
        unit = "" if parameter["unit"] == "1" else f" {parameter['unit']}"
        error = "(no standard error)" if parameter["standardError"] is None else \
            f"+- {parameter['standardError']:.3g}{unit} (k = 1)"
        lines.append(f"  {name:<{width}} = {parameter['value']:.6g}{unit}  {error}")
    lines += ["", *_totals(result), *_candidates(result["candidates"])]
    if result["assumptions"]:
        lines += ["", "Assumptions:", *(f"  - {text}" for text in result["assumptions"])]
    return lines


def _totals(result):
    area, spread = result["timeIntegratedActivityMBqH"], result["timeIntegratedActivityUncertaintyMBqH"]
    rows = [("Time-integrated activity", f"{area:.6g} MBq h" + (
        "  (no uncertainty, see the warnings)" if spread is None else
        f"  +- {spread:.3g} MBq h (k = 1, {percent(spread / area)})"))]
    interval = result["timeIntegratedActivityInterval95MBqH"]
    if interval is not None:
        rows.append(("  95 % interval", f"{interval[0]:.5g} to {interval[1]:.5g} MBq h"))
    half = result["effectiveHalfLifeHours"]
    rows.append(("Effective half-life, last phase", "none" if half is None else f"{half:.4g} h"))
    rows.append(("Extrapolated part", f"{percent(result['extrapolatedFraction'])} "
                 f"({percent(result['extrapolatedBeforeFraction'])} before the first, "
                 f"{percent(result['extrapolatedAfterFraction'])} after the last point)"))
    if result["chiSquare"] is not None:
        rows.append(("Chi-square / degrees of freedom",
                     f"{significant(result['chiSquare'])} / {result['degreesOfFreedom']}"))
    rows.append(("Covariance", {"absolute": "from the given uncertainties", "scaled": "scaled by the scatter",
                                "none": "none"}[result["covarianceKind"]]))
    rows.append(("AICc", "not defined" if result["aicc"] is None else f"{result['aicc']:.2f}"))
    if result["scanTimeSensitivityPerHour"]:
        rows.append(("Sensitivity to the scan time", ", ".join(
            f"{100.0 * value:+.2g} %/h" for value in result["scanTimeSensitivityPerHour"])))
    average = result["modelAverage"]
    if average:
        rows.append(("Average of", ", ".join(
            f"{name} {percent(weight)}" for name, weight in zip(average["models"], average["weights"], strict=True))))
    return [f"{label:<{_LABEL}}{text}" for label, text in rows]


def _candidates(rows):
    fitted = [row for row in rows if row["timeIntegratedActivityMBqH"] is not None]
    absent = [row for row in rows if row["timeIntegratedActivityMBqH"] is None]
    if len(rows) < 2:
        return []
    lines = ["", "Candidates:", f"  {'model':<33}{'AICc':>9}{'weight':>9}{'MBq h':>12}{'u (MBq h)':>12}  result"]
    for row in fitted:
        aicc = "-" if row["aicc"] is None else f"{row['aicc']:.2f}"
        weight = "-" if row["akaikeWeight"] is None else percent(row["akaikeWeight"])
        spread = row["timeIntegratedActivityUncertaintyMBqH"]
        spread = "-" if spread is None else f"{spread:.3g}"
        chosen = "chosen: " if row["isChosen"] else ""
        lines.append(f"  {row['model']:<33}{aicc:>9}{weight:>9}{row['timeIntegratedActivityMBqH']:>12.5g}{spread:>12}  "
                     f"{chosen}{row['reason']}")
    return lines + [f"  {row['model']}: {row['reason']}" for row in absent]
