"""What is to be prescribed, as a study file states it (``prescription``): a wanted absorbed dose, limits, cycles."""

from ..errors import Faults, InputError
from .inputs import Field, Kind, Rows, number, optionalNumber, refuseUnknown, registerKind
from .tissues import tissueNamed, tissueNames

ABSORBED_DOSE, BED = "absorbedDose", "bed"
QUANTITIES = {ABSORBED_DOSE: "absorbed dose", BED: "BED"}
BY_TISSUE = ("alphaBetaGy", "alphaBetaUncertaintyGy", "repairHalfLifeHours")
KEYS = {"absorbedDoseGy", "quantity", "region", "tissue", "wholeBodyAbsorbedDoseGy", "limits", "probability",
        "cyclesPlanned", "activityPerCycleMBq", "cycleVariation", "radiobiologySource", *BY_TISSUE}
LIMIT_KEYS = {"tissue", "region", "quantity", "valueGy", "source"}
# Above these a value is rather in cGy or mGy; tumors of radioembolization receive some hundred Gy.
LARGEST_LIMIT_GY, LARGEST_TARGET_GY = 500.0, 3000.0
_EXAMPLE = '{"tissue": "kidney", "quantity": "absorbedDose", "valueGy": 23, "source": "..."}'

# What a form asks of one limit.
LIMIT_FIELDS = (
    Field("tissue", "Tissue", "text", tip="Each of its regions is held to the limit, e.g. kidney"),
    Field("region", "Region", "text", tip="In place of a tissue: one region by its name"),
    Field("quantity", "Quantity", "choice", tuple(QUANTITIES.items()), isRequired=True),
    Field("valueGy", "Limit (Gy)", isRequired=True, tip="Of all cycles together"),
    Field("source", "Source", "text", tip="Guideline, trial, or who set it"),
)


def check(value, where):
    """A prescription as the calculations take it.

    Parameters
    ----------
    value : dict
        ``absorbedDoseGy`` with ``quantity`` and ``region`` or ``tissue``: what is wanted over all cycles.
        ``limits``: list of ``tissue`` or ``region``, ``quantity``, ``valueGy``, ``source``. ``probability`` of passing
        a limit that is accepted. ``cyclesPlanned`` in all, ``activityPerCycleMBq``. ``cycleVariation``: relative
        standard deviation of the absorbed dose per activity from cycle to cycle. ``alphaBetaGy``,
        ``alphaBetaUncertaintyGy``, ``repairHalfLifeHours`` (a number, or by tissue) with ``radiobiologySource``.
        ``wholeBodyAbsorbedDoseGy``.

    Returns
    -------
    dict
        The same; the parameters by tissue, with ``""`` for any tissue.
    """
    refuseUnknown(value, KEYS, where)
    found, faults = {}, Faults()

    def take(key, what, **bounds):
        with faults.collect():
            given = optionalNumber(value.get(key), what, where, **bounds)
            if given is not None:
                found[key] = given

    take("absorbedDoseGy", "wanted absorbed dose (Gy)", low=0, isLowIncluded=False, high=LARGEST_TARGET_GY,
         mend="Give it in Gy")
    take("wholeBodyAbsorbedDoseGy", "whole-body absorbed dose (Gy)", low=0, isLowIncluded=False, high=50.0,
         mend="Give it in Gy")
    take("probability", "accepted probability of passing a limit", low=0, isLowIncluded=False, high=0.5,
         mend="Give 0.05 for 5 %")
    take("activityPerCycleMBq", "activity per cycle (MBq)", low=0, isLowIncluded=False, high=1e6,
         mend="Give it in MBq")
    take("cycleVariation", "variation between cycles", low=0, high=1, isHighIncluded=False, mend="Give 0.15 for 15 %")
    if value.get("cyclesPlanned") is not None:
        if type(value["cyclesPlanned"]) is not int or not 1 <= value["cyclesPlanned"] <= 20:
            faults.add(f"The number of planned cycles, {value['cyclesPlanned']!r}, is not a whole number from 1 to 20",
                       where)
        else:
            found["cyclesPlanned"] = value["cyclesPlanned"]
    _takeTarget(value, where, found, faults)
    with faults.collect():
        found["limits"] = _checkLimits(value.get("limits"), where)
    _takeRadiobiology(value, where, found, faults)
    faults.raiseIfAny()
    return found


def limitTitle(limit):
    """For example ``"kidney, absorbed dose 23 Gy"``."""
    return f"{limit.get('region') or limit['tissue']}, {QUANTITIES[limit['quantity']]} {limit['valueGy']:g} Gy"


def _takeTarget(value, where, found, faults):
    if value.get("quantity") is not None:
        with faults.collect():
            found["quantity"] = _checkQuantity(value["quantity"], where)
    if value.get("region") is not None or value.get("tissue") is not None:
        with faults.collect():
            found |= _checkPlace(value, where)
        if value.get("absorbedDoseGy") is None:
            faults.add("A region or tissue is named, but no wanted absorbed dose", where, "Give absorbedDoseGy, too")


def _checkLimits(limits, where):
    if limits is None:
        return []
    if not isinstance(limits, list):
        raise InputError("The limits are not a list", where, f"Write e.g. [{_EXAMPLE}]")
    faults, found = Faults(), []
    for position, limit in enumerate(limits):
        with faults.collect():
            found.append(_checkLimit(limit, f"{where}, limit {position + 1}"))
    faults.raiseIfAny()
    return found


def _checkLimit(limit, where):
    refuseUnknown(limit, LIMIT_KEYS, where)
    faults, found = Faults(), {}
    with faults.collect():
        found |= _checkPlace(limit, where)
    with faults.collect():
        found["quantity"] = _checkQuantity(limit.get("quantity"), where)
    with faults.collect():
        found["valueGy"] = number(limit.get("valueGy"), "limit (Gy)", where, low=0, isLowIncluded=False,
                                  high=LARGEST_LIMIT_GY, mend="Give it in Gy, over all cycles")
    source = limit.get("source")
    if source is not None and not isinstance(source, str):
        faults.add("The source of the limit is not a text", where)
    found["source"] = (source or "").strip() if isinstance(source, str) or source is None else ""
    faults.raiseIfAny()
    return found


def _checkPlace(entry, where):
    region, tissue = entry.get("region"), entry.get("tissue")
    if (region is None) == (tissue is None):
        raise InputError("Neither a region nor a tissue is named" if region is None
                         else "Both a region and a tissue are named", where, f"Write e.g. {_EXAMPLE}")
    if region is not None:
        if not (isinstance(region, str) and region.strip()):
            raise InputError("The region is not named by a text", where)
        return {"region": region}
    named = tissueNamed(tissue)
    if named is None:
        raise InputError(f"'{tissue}' is not a tissue", where,
                         f"Known are {', '.join(tissueNames())}; a single region is given as region")
    return {"tissue": named}


def _checkQuantity(quantity, where):
    if quantity not in QUANTITIES:
        raise InputError(f"The quantity {quantity!r} is not known" if quantity is not None
                         else "The quantity is not stated", where,
                         f"Known are {', '.join(QUANTITIES)}: 23 Gy of absorbed dose are another limit than 23 Gy of "
                         "BED")
    return quantity


def _takeRadiobiology(value, where, found, faults):
    stated = [key for key in BY_TISSUE if value.get(key) is not None]
    for key in stated:
        with faults.collect():
            found[key] = _byTissue(value[key], key, where)
    source = value.get("radiobiologySource")
    if source is not None and not (isinstance(source, str) and source.strip()):
        faults.add("The source of the radiobiological parameters is not a text", where)
    elif source is not None:
        found["radiobiologySource"] = source.strip()
    elif stated:
        faults.add(f"{', '.join(stated)} is stated without its source", where, "Give radiobiologySource, too")


def _byTissue(given, key, where):
    place = f"{where}, {key}"
    if not isinstance(given, dict):
        return {"": number(given, key, place, low=0, isLowIncluded=False, high=1000)}
    faults, found = Faults(), {}
    for tissue, value in given.items():
        if tissue not in tissueNames():
            faults.add(f"'{tissue}' is not a tissue", place, f"Known are {', '.join(tissueNames())}")
            continue
        with faults.collect():
            found[tissue] = number(value, f"{key} of {tissue}", place, low=0, isLowIncluded=False, high=1000)
    faults.raiseIfAny()
    return found


registerKind(Kind("prescription", "Prescription", check, lists=(Rows("limits", "Limits", LIMIT_FIELDS),), fields=(
    Field("absorbedDoseGy", "Wanted absorbed dose (Gy)", tip="Over all cycles, of the region or tissue below"),
    Field("quantity", "Quantity", "choice", tuple(QUANTITIES.items())),
    Field("region", "Region", "text"),
    Field("tissue", "Tissue", "text", tip="In place of a region"),
    Field("wholeBodyAbsorbedDoseGy", "Whole-body absorbed dose (Gy)"),
    Field("probability", "Accepted probability of passing a limit", tip="0.05 for 5 %; empty: best estimate alone"),
    Field("cyclesPlanned", "Cycles planned in all", "integer"),
    Field("activityPerCycleMBq", "Activity per cycle (MBq)"),
    Field("cycleVariation", "Variation between cycles", tip="Relative standard deviation, 0.15 for 15 %"),
    Field("alphaBetaGy", "alpha/beta (Gy)", tip="In place of that of the table"),
    Field("alphaBetaUncertaintyGy", "Uncertainty of alpha/beta (Gy)"),
    Field("repairHalfLifeHours", "Repair half-life (h)"),
    Field("radiobiologySource", "Source of these parameters", "text"),
)))
