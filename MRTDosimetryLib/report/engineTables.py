"""The absorbed-dose engines side by side: absorbed dose of each region by each, energy balance, agreement."""

from .numbers import percent, signedPercent, significant
from .prose import readable
from .tables import NOT_COMPUTED, Cell, Column, Table

_NONE = "\N{EN DASH}"
# Differences beyond this are marked: the choice of the engine then matters as much as most other uncertainties.
DIFFERENCE_FLAG_PERCENT = 5.0
_DENSE_ABOVE = 12


def titles(results):
    """Name to title of all engines, the primary one first; empty where the results name none."""
    return {name: engine["title"] for name, engine in (results.get("engines") or {}).items()}


def byRegion(results):
    """One row per region, one column per engine; below the others' values the difference from the primary one.

    Returns
    -------
    Table or None
        ``None`` with fewer than two engines.
    """
    engines = titles(results)
    if len(engines) < 2:
        return None
    primary = next(iter(engines))
    table = Table([Column("Region", isNumber=False)] + [
        Column(f"{title} (primary)" if name == primary else title, "Gy") for name, title in engines.items()],
        css="engines dense" if len(results["regions"]) > _DENSE_ABOVE else "engines")
    for region in results["regions"]:
        found = region.get("engines") or {}
        table.rows.append([Cell(region["name"]), *(_doseCell(found.get(name)) for name in engines)])
    return table


def histograms(results):
    """Differences of D98, D50 and D2 of the other engines from the primary one, in percent; None with one engine."""
    engines = titles(results)
    if len(engines) < 2:
        return None
    primary, *others = engines
    keys = ("D98Gy", "D50Gy", "D2Gy")
    table = Table([Column("Region", isNumber=False)] + [
        Column(f"{key[:-2]}, {engines[name]}", "Gy") for name in others for key in keys], css="engines")
    for region in results["regions"]:
        found = region.get("engines") or {}
        table.rows.append([Cell(region["name"]), *(
            _histogramCell(found.get(name), found.get(primary), key) for name in others for key in keys)])
    return table


def balances(results, details=None):
    """One row per engine: where the energy went, how well the maps agree, how long it took.

    Parameters
    ----------
    results : dict
    details : dict, optional
        Engine name to what results.json leaves out: ``seconds``.

    Returns
    -------
    Table or None
        ``None`` where the results name no engine.
    """
    engines = results.get("engines") or {}
    if not engines:
        return None
    isCompared = len(engines) > 1
    columns = [Column("Engine", isNumber=False), Column("Deposited"), Column("Escaped"), Column("Sum"),
               Column("Time", "s")]
    if isCompared:
        columns.insert(4, Column("Gamma pass rate"))
    table = Table(columns)
    for name, engine in engines.items():
        balance, gamma = engine.get("energyBalance"), engine.get("gamma") or {}
        cells = [Cell(engine["title"], badge="primary" if engine.get("isPrimary") and isCompared else "")]
        if balance:
            emitted = balance["emittedMeV"]
            total = (balance["depositedMeV"] + balance["escapedMeV"]) / emitted
            cells += [Cell(percent(balance["depositedMeV"] / emitted)), Cell(percent(balance["escapedMeV"] / emitted)),
                      Cell(f"{100.0 * total:.2f}\N{NARROW NO-BREAK SPACE}%")]
        else:
            cells += [Cell("not followed", isMissing=True), Cell(_NONE), Cell(_NONE)]
        if isCompared:
            rate = gamma.get("passPercent")
            cells.append(Cell(_NONE) if rate is None else Cell(percent(rate / 100.0)))
        seconds = ((details or {}).get(name) or {}).get("seconds")
        cells.append(Cell(_NONE) if seconds is None else Cell("< 0.1" if seconds < 0.05 else f"{seconds:.1f}"))
        table.rows.append(cells)
    return table


def gammaWords(results):
    """The criteria of the gamma index in one sentence; empty without a comparison."""
    found = next((engine["gamma"] for engine in (results.get("engines") or {}).values() if engine.get("gamma")), None)
    if found is None:
        return ""
    return (f"Gamma index: {found['absorbedDosePercent']:g} % of the local absorbed dose or {found['distanceMM']:g} "
            "mm, against the primary engine, over all voxels of the regions above "
            f"{found['thresholdPercent']:g} % of the maximum. Local, because organs and lesions differ by orders of "
            "magnitude.")


def largestDifference(results):
    """The region and engine that differ most from the primary one, in one sentence; empty without a comparison."""
    engines = titles(results)
    found = [(abs(content["differenceFromPrimaryPercent"]), content["differenceFromPrimaryPercent"], region["name"],
              engines[name]) for region in results["regions"] for name, content in (region.get("engines") or {}).items()
             if name in engines and content.get("differenceFromPrimaryPercent") is not None]
    if not found:
        return ""
    _size, difference, region, title = max(found)
    return f"Largest difference from the primary engine: {signedPercent(difference)} ({region}, {title})."


def notes(results):
    """(title, notes) of each engine beside the primary one, whose notes stand under Methods."""
    return [(engine["title"], [readable(text) for text in engine.get("notes") or []])
            for engine in list((results.get("engines") or {}).values())[1:]]


def _doseCell(content):
    if content is None or content.get("absorbedDoseGy") is None:
        return Cell(NOT_COMPUTED, isMissing=True)
    value, error = content["absorbedDoseGy"], content.get("statisticalStandardErrorGy")
    difference, gamma = content.get("differenceFromPrimaryPercent"), content.get("gammaPassPercent")
    details = [] if difference is None else [signedPercent(difference)]
    if gamma is not None:
        details.append(f"\N{GREEK SMALL LETTER GAMMA} {gamma:.0f}\N{NARROW NO-BREAK SPACE}%")
    if error and value > 0:
        # beside the value it would lend it digits that its other uncertainties do not leave
        details.append(f"\N{PLUS-MINUS SIGN} {percent(error / value)}")
    return Cell(significant(value), detail=" \N{MIDDLE DOT} ".join(details),
                isFlagged=difference is not None and abs(difference) > DIFFERENCE_FLAG_PERCENT)


def _histogramCell(content, primary, key):
    if content is None or primary is None:
        return Cell(NOT_COMPUTED, isMissing=True)
    value, reference = content["dvh"][key], primary["dvh"][key]
    return Cell(significant(value), detail=signedPercent(100.0 * (value / reference - 1.0)) if reference > 0 else "")
