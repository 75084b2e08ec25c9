"""Radiobiological parameters that the study states in place of the table's, checked in words.

They are stated for a tissue (``"kidney"``) or for one region (``"kidney left"``), whose statement goes first; what is
not stated comes from the table. ``"remainder"`` is what lies outside all regions.
"""

import math
from dataclasses import dataclass, replace

from ..errors import Faults, InputError
from ..physics import doseResponse, radiobiology
from ..report.radiobiologyText import VALUES, textOf
from ..therapies.tissues import tissueNames
from . import hashChain, radiobiologyNodes
from .kineticsOptions import REMAINDER
from .protocol import positiveNumber
from .radiobiologyCurves import checkedCurves

CHOICE = "radiobiology"
KEYS = ("parameters", "gEUD", "doseResponse", "perVoxelBED")
PARAMETER_KEYS = ("alphaBetaGy", "repairHalfLifeHours", "repair", "alphaPerGy", "repopulation", "source", "reason")
_REPOPULATION_KEYS = ("overallTimeHours", "averageDoublingTimeHours", "kickOffTimeHours")
_EXAMPLE = '{"kidney": {"alphaBetaGy": 2.5, "source": "..."}}'
# Beyond these a number is one of another unit by mistake.
_LARGEST = {"alphaBetaGy": (100.0, "Give it in Gy"), "repairHalfLifeHours": (1000.0, "Give it in h"),
            "alphaPerGy": (10.0, "Give it in 1/Gy"), "a": (100.0, "Give a plain number such as 2, not a percentage")}


@dataclass(frozen=True)
class RegionParameters:
    """What the BED of a region is computed with.

    Attributes
    ----------
    table : RadiobiologyParameters
        alpha/beta and repair, with their sources.
    alphaPerGy : float or None
    repopulation : dict or None
        ``overallTimeHours``, ``averageDoublingTimeHours``, ``kickOffTimeHours``.
    overrides : tuple of dict
        ``statedFor`` (tissue or region), ``keys``, ``source``, ``reason``: what is stated by the study.
    """

    table: radiobiology.RadiobiologyParameters
    alphaPerGy: float | None = None
    repopulation: dict | None = None
    overrides: tuple = ()

    @property
    def repopulationGy(self):
        """BED that repopulation makes up for; 0 where none is stated."""
        stated = self.repopulation
        return 0.0 if not stated else radiobiology.repopulationGy(
            stated["overallTimeHours"], stated["averageDoublingTimeHours"], self.alphaPerGy,
            stated.get("kickOffTimeHours", 0.0))


def options(study):
    """All that is stated: ``parameters``, ``gEUD``, ``doseResponse`` and ``perVoxelBED``."""
    return {"parameters": {}, "gEUD": {}, "doseResponse": {}, "perVoxelBED": False, **(study.choice(CHOICE) or {})}


def isStated(study):
    """Whether the study states anything beyond the table."""
    return bool(study.choice(CHOICE))


def inputs(study):
    """What is stated as an input of a stage; empty where nothing is, so that an earlier study stays up to date."""
    return {CHOICE: study.choice(CHOICE)} if isStated(study) else {}


def setRadiobiology(study, description, names=()):
    """State everything at once, as a study file does.

    Parameters
    ----------
    description : dict or None
        Any of ``parameters`` (by tissue or region: :data:`PARAMETER_KEYS`), ``gEUD`` (by tissue or region: the
        exponent a), ``doseResponse`` (by curve: see :mod:`.radiobiologyCurves`) and ``perVoxelBED``.
    names : sequence of str
        Regions of the study; empty when they are not known, then names are not checked.

    Raises
    ------
    InputError, FaultList
        Unknown keys, names or values: every fault found.
    """
    kept = {} if description is None else checked(description, names=names)
    before = {row["what"]: row for row in overrides(study)}
    study.setChoice(CHOICE, {key: value for key, value in kept.items() if value} or None)
    after = {row["what"]: row for row in overrides(study)}
    for what in dict.fromkeys([*before, *after]):
        if before.get(what) != after.get(what):
            old, new = before.get(what) or after[what], after.get(what)
            hashChain.append(study, "override", what, before=old["to"] if what in before else old["from"],
                             after=old["from"] if new is None else new["to"],
                             reason="taken back" if new is None else new["reason"])
    # Without its statement no stage would take them back.
    if not isStated(study):
        radiobiologyNodes.remove(study)
    elif not kept["perVoxelBED"]:
        radiobiologyNodes.remove(study, (radiobiologyNodes.MAP, radiobiologyNodes.HISTOGRAMS))


def change(study, names=(), **changes):
    """Replace some of :data:`KEYS`; everything is checked again."""
    setRadiobiology(study, {**options(study), **changes}, names)


def setParameters(study, name, values, names=()):
    """State the parameters of a tissue or region in place of what was stated for it; ``None`` returns to the table."""
    stated = {other: given for other, given in options(study)["parameters"].items() if other != name}
    change(study, names, parameters=stated if values is None else {**stated, name: values})


def setExponent(study, name, a, names=()):
    """State the exponent of the gEUD of a tissue or region; ``None`` takes it back."""
    stated = {other: given for other, given in options(study)["gEUD"].items() if other != name}
    change(study, names, gEUD=stated if a is None else {**stated, name: a})


def setCurve(study, identifier, values):
    """State the parameters of a curve of effect; ``None`` takes them back."""
    stated = {other: given for other, given in options(study)["doseResponse"].items() if other != identifier}
    change(study, doseResponse=stated if values is None else {**stated, identifier: values})


def checked(description, where=CHOICE, names=()):
    """The description as it is kept; every fault in one go."""
    if not isinstance(description, dict):
        raise InputError("The radiobiology is not an object", where, f'Write e.g. {{"parameters": {_EXAMPLE}}}')
    faults, kept = Faults(), {}
    for key in description:
        if key not in KEYS:
            faults.add(f"The key '{key}' is not known", where, f"Known are {', '.join(sorted(KEYS))}")
    for key, check in (("parameters", _checkedParameters), ("gEUD", _checkedExponent)):
        given, place = description.get(key) or {}, f"{where}.{key}"
        if not isinstance(given, dict):
            faults.add("The statement is not an object with tissues or regions", place, f"Write e.g. {_EXAMPLE}")
            continue
        found = {}
        for name, value in given.items():
            with faults.collect():
                _requireName(name, names, place, isRemainderKnown=key == "parameters")
            with faults.collect():
                found[name] = check(value, f"{place}, {name}")
        kept[key] = found
    with faults.collect():
        kept["doseResponse"] = checkedCurves(description.get("doseResponse") or {}, f"{where}.doseResponse")
    perVoxel = description.get("perVoxelBED", False)
    if not isinstance(perVoxel, bool):
        faults.add(f"{perVoxel!r} is neither true nor false", f"{where}.perVoxelBED", "Give true or false")
    kept["perVoxelBED"] = perVoxel
    faults.raiseIfAny()
    return kept


def unknownNames(study, names):
    """What is stated for names that are neither a region nor a tissue (a region may have been renamed), in words."""
    stated, words = options(study), []
    for key in ("parameters", "gEUD"):
        for name in stated[key]:
            try:
                _requireName(name, names, f"{CHOICE}.{key}", isRemainderKnown=key == "parameters")
            except InputError as error:
                words.append(str(error))
    return words


def parametersOf(study, name, tissue):
    """Parameters of a region: as stated for it, else for its tissue, else of the table.

    Returns
    -------
    (RegionParameters or None, str)
        ``None`` with what is lacking, in words, where there is no BED.
    """
    stated = options(study)["parameters"]
    known = radiobiology.parametersFor(tissue) if tissue else None
    values, overrides = {}, []
    for place in dict.fromkeys(key for key in (name, tissue) if key in stated):
        given = stated[place]
        keys = [key for key in VALUES if key in given and not _isSettled(key, values)]
        values |= {key: given[key] for key in keys}
        if keys:
            overrides.append({"statedFor": place, "keys": keys, "source": given["source"],
                              "reason": given.get("reason", "")})
    if known is None and not overrides:
        return None, "no radiobiological parameters are known for this tissue"
    ratio, repair = values.get("alphaBetaGy"), _repairOf(values)
    if known is None:
        lacking = [words for value, words in ((ratio, "alpha/beta"), (repair, "the repair half-life")) if value is None]
        if lacking:
            return None, f"{' and '.join(lacking)} of this tissue {'is' if len(lacking) == 1 else 'are'} not known"
        known = radiobiology.RadiobiologyParameters(tissue or name, ratio, repair, _sourceOf(overrides, "alphaBetaGy"),
                                                    _sourceOf(overrides, "repairHalfLifeHours", "repair"), False)
    if ratio is not None:
        known = replace(known, alphaBetaGy=ratio, alphaBetaSource=_sourceOf(overrides, "alphaBetaGy"), verified=False)
    if repair is not None:
        known = replace(known, repairHalfLifeHours=repair, verified=False,
                        repairHalfLifeSource=_sourceOf(overrides, "repairHalfLifeHours", "repair"))
    repopulation = values.get("repopulation")
    if repopulation and "alphaPerGy" not in values:
        return None, "repopulation is stated without alpha"
    return RegionParameters(known, values.get("alphaPerGy"), repopulation, tuple(overrides)), ""


def rows(study, tissues):
    """What BED is computed with, for a list to edit: every tissue of the regions, and each name with statements.

    Parameters
    ----------
    tissues : dict of str to str or None
        Tissue of each region.

    Returns
    -------
    list of dict
        ``name``, ``isTissue``, ``parameters`` (:class:`RegionParameters` or ``None``), ``lacking`` (words), ``stated``
        (the statement for this very name, empty where there is none), ``a`` (stated exponent of the gEUD, or
        ``None``).
    """
    stated, found = options(study), []
    own = [name for key in ("parameters", "gEUD") for name in stated[key]]
    for name in dict.fromkeys([*(tissue for tissue in tissues.values() if tissue), *own]):
        isTissue = name in tissueNames()
        parameters, lacking = parametersOf(study, name, name if isTissue else tissues.get(name))
        found.append({"name": name, "isTissue": isTissue, "parameters": parameters, "lacking": lacking,
                      "stated": stated["parameters"].get(name, {}), "a": stated["gEUD"].get(name)})
    return found


def exponentOf(study, name, tissue):
    """Exponent a of the gEUD of a region, or ``None``."""
    stated = options(study)["gEUD"]
    return stated.get(name, stated.get(tissue))


def forPrescription(study, prescription):
    """The prescription with the study's parameters of tissues where it states none of its own.

    Only what a prescription can hold: one alpha/beta and one repair half-life for each tissue.
    """
    merged, sources = dict(prescription), []
    for name, given in options(study)["parameters"].items():
        if name not in tissueNames():
            continue
        for key in ("alphaBetaGy", "repairHalfLifeHours"):
            own = merged.get(key) or {}
            if key in given and name not in own and "" not in own:
                merged[key] = {**own, name: given[key]}
                sources.append(given["source"])
    if sources:
        own = [merged["radiobiologySource"]] if merged.get("radiobiologySource") else []
        merged["radiobiologySource"] = "; ".join(dict.fromkeys([*own, *sources]))
    return merged


def overrides(study):
    """What replaces the table and why, as rows of the record: ``what``, ``from``, ``to``, ``reason``."""
    rows, stated = [], options(study)
    for name, given in stated["parameters"].items():
        known = radiobiology.parametersFor(name)
        for key, title in VALUES.items():
            if key in given:
                before = getattr(known, "repairHalfLifeHours" if key == "repair" else key, None)
                rows.append({"what": f"{name}: {title}", "from": None if before is None else textOf(key, before),
                             "to": textOf(key, given[key]), "reason": _reasonOf(given)})
    rows += [{"what": f"{name}: exponent of the gEUD", "from": None, "to": a, "reason": "choice of the study"}
             for name, a in stated["gEUD"].items()]
    for name, given in stated["doseResponse"].items():
        known = doseResponse.doseResponses().get(name)
        for key, title, unit in (("d50Gy", "value of 50 % probability", " Gy"), ("slope", "slope", "")):
            if key in given:
                before = getattr(known, key, None)
                rows.append({"what": f"{name}: {title}", "from": None if before is None else f"{before:g}{unit}",
                             "to": f"{given[key]:g}{unit}", "reason": _reasonOf(given)})
    return rows


def _reasonOf(given):
    return given.get("reason") or f"source: {given['source']}"


def _isSettled(key, values):
    """Whether a closer statement has said it: one repair half-life and components of repair are two ways to say it."""
    ways = ("repairHalfLifeHours", "repair")
    return key in values or (key in ways and any(way in values for way in ways))


def _repairOf(values):
    if "repair" in values:
        return tuple((item["share"], item["halfLifeHours"]) for item in values["repair"])
    return values.get("repairHalfLifeHours")


def _sourceOf(overrides, *keys):
    return next(item["source"] for item in overrides if set(keys) & set(item["keys"]))


def _requireName(name, names, where, isRemainderKnown):
    known = [*names, *tissueNames(), *([REMAINDER] if isRemainderKnown else [])]
    if names and name not in known:
        raise InputError(f"'{name}' is neither a region nor a tissue", where, f"Known are {', '.join(known)}")


def _checkedParameters(given, where):
    if not isinstance(given, dict):
        raise InputError("The parameters are not an object", where, f"Write e.g. {_EXAMPLE}")
    faults, found = Faults(), {}
    for key in given:
        if key not in PARAMETER_KEYS:
            faults.add(f"The key '{key}' is not known", where, f"Known are {', '.join(sorted(PARAMETER_KEYS))}")
    for key in ("alphaBetaGy", "repairHalfLifeHours", "alphaPerGy"):
        if given.get(key) is not None:
            with faults.collect():
                found[key] = _number(given[key], VALUES[key], key, where)
    for key, check in (("repair", _checkedRepair), ("repopulation", _checkedRepopulation)):
        if given.get(key) is not None:
            with faults.collect():
                found[key] = check(given[key], f"{where}, {key}")
    if given.get("repair") is not None and given.get("repairHalfLifeHours") is not None:
        faults.add("Repair is stated twice", where, "Give repairHalfLifeHours, or the components under repair")
    if not faults and not found:
        faults.add("No parameter is stated", where, f"Write e.g. {_EXAMPLE}")
    if given.get("repopulation") is not None and given.get("alphaPerGy") is None:
        faults.add("Repopulation is stated without alpha", where, "Give alphaPerGy, too")
    for key, isNeeded in (("source", True), ("reason", False)):
        text = given.get(key)
        if isinstance(text, str) and text.strip():
            found[key] = text.strip()
        elif isNeeded or text not in (None, ""):
            faults.add("The parameters are stated without their source" if isNeeded else "The reason is not a text",
                       where, "Give \"source\": where they come from" if isNeeded else "Give it in words")
    faults.raiseIfAny()
    return found


def _number(value, what, key, where):
    number = positiveNumber(value, what, where)
    largest, mend = _LARGEST[key]
    if number > largest:
        raise InputError(f"The {what} is {number:g}, more than {largest:g}", where, mend)
    return number


def _checkedRepair(given, where):
    if not isinstance(given, list) or not given or not all(
            isinstance(item, dict) and set(item) == {"share", "halfLifeHours"} for item in given):
        raise InputError("The components of repair are not a list of shares and half-lives", where,
                         'Write e.g. [{"share": 0.5, "halfLifeHours": 0.3}, {"share": 0.5, "halfLifeHours": 4}]')
    faults, found = Faults(), []
    for item in given:
        with faults.collect():
            found.append({"share": positiveNumber(item["share"], "share of repair", where),
                          "halfLifeHours": _number(item["halfLifeHours"], "repair half-life", "repairHalfLifeHours",
                                                   where)})
    faults.raiseIfAny()
    total = math.fsum(item["share"] for item in found)
    if abs(total - 1.0) > 1e-6:
        raise InputError(f"The shares of repair add up to {total:g} instead of 1", where,
                         "Give fractions, 0.5 for 50 %")
    return found


def _checkedRepopulation(given, where):
    if not isinstance(given, dict) or not set(given) <= set(_REPOPULATION_KEYS) \
            or not set(_REPOPULATION_KEYS[:2]) <= set(given):
        raise InputError("The repopulation is not an object with its times", where,
                         f"Give {' and '.join(_REPOPULATION_KEYS[:2])}, and {_REPOPULATION_KEYS[2]} where there is one")
    faults, found = Faults(), {}
    for key, value in given.items():
        with faults.collect():
            isZero = key == "kickOffTimeHours" and value == 0 and not isinstance(value, bool)
            found[key] = 0.0 if isZero else positiveNumber(value, key, where)
    faults.raiseIfAny()
    return found


def _checkedExponent(value, where):
    if isinstance(value, str) or isinstance(value, bool) or not isinstance(value, (int, float)) \
            or not math.isfinite(value) or value == 0:
        raise InputError(f"The exponent a of the gEUD is {value!r}, but has to be a number other than zero", where,
                         _LARGEST["a"][1])
    largest, mend = _LARGEST["a"]
    if abs(value) > largest:
        raise InputError(f"The exponent a of the gEUD is {value:g}, beyond {largest:g}", where, mend)
    return float(value)
