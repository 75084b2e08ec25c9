"""Curves of tumor control and complication as the study states them: those of the table, and further ones."""

from ..errors import Faults, InputError
from ..physics import doseResponse
from ..therapies.tissues import tissueNames
from .protocol import positiveNumber

CONTROL, COMPLICATION = "control", "complication"
# Quantity of a curve -> key of a region's value.
QUANTITIES = {"absorbedDose": "absorbedDoseGy", "bed": "bedGy", "eqd2": "eqd2Gy", "gEUD": "gEUDGy", "EUD": "eudGy",
              "EUBED": "eubedGy"}
TITLES = {"absorbedDose": "Absorbed dose", "bed": "BED", "eqd2": "EQD2", "gEUD": "gEUD", "EUD": "EUD",
          "EUBED": "EUBED"}
# Which of them holds the uncertainty of a value.
UNCERTAINTIES = {"absorbedDose": "absorbedDoseUncertaintyGy", "bed": "bedUncertaintyGy", "eqd2": "eqd2UncertaintyGy"}
_DEFINITION = ("tissue", "endpoint", "effect", "quantity", "model")
_NUMBERS = ("d50Gy", "slope")
_KEYS = (*_NUMBERS, "source", "reason", *_DEFINITION)
_LARGEST_SLOPE = {doseResponse.LYMAN: 2.0, doseResponse.LOGISTIC: 20.0}
_LARGEST_D50_GY = 1.0e5


def checkedCurves(given, where):
    """The stated curves as they are kept, by their names; every fault in one go.

    A curve of the table takes ``d50Gy`` and ``slope``, another one is described by ``tissue``, ``endpoint``,
    ``effect``, ``quantity`` and ``model`` as well; all need their ``source``.
    """
    if not isinstance(given, dict):
        raise InputError("The curves are not an object with their names", where,
                         'Write e.g. {"kidneyComplication.bed": {"d50Gy": 40, "slope": 0.15, "source": "..."}}')
    faults, found, known = Faults(), {}, doseResponse.doseResponses()
    for name, values in given.items():
        with faults.collect():
            found[name] = _checkedCurve(values, known.get(name), f"{where}, {name}")
    faults.raiseIfAny()
    return found


def curves(stated):
    """All curves, id -> :class:`~.doseResponse.DoseResponse`: those of the table with what is stated, then others."""
    found = dict(doseResponse.doseResponses())
    for name, values in stated.items():
        numbers = {key: values.get(key) for key in _NUMBERS}
        if name not in found:
            found[name] = doseResponse.DoseResponse(
                name, values["endpoint"], values["tissue"], values["effect"], values["quantity"], values["model"],
                None, None, "", "", False)
        found[name] = found[name].stated(**numbers, source=values["source"])
    return found


def applied(stated, tissue, effect, therapyName):
    """The complete curves of a tissue and effect, those of another therapy left out."""
    return [curve for curve in curves(stated).values() if curve.tissue == tissue and curve.effect == effect
            and not curve.lacking and not _isForeign(curve, therapyName)]


def notAppliedWords(stated, therapyName):
    """Why stated curves give no probability, one sentence each."""
    words = []
    for name in stated:
        curve = curves(stated)[name]
        if curve.lacking:
            words.append(f"{name}: there is no probability without {' and '.join(curve.lacking)}.")
        elif _isForeign(curve, therapyName):
            words.append(f"{name}: the curve is of another therapy ({curve.therapy}) and is not applied.")
    return words


def probabilities(stated, region, tissue, effect, therapyName):
    """Probabilities of a region by all curves of an effect.

    Parameters
    ----------
    region : dict
        Values of the region, see :data:`QUANTITIES`.

    Returns
    -------
    (list of dict or None, list of str)
        By curve ``probability``, ``interval68`` (at the value less and plus its standard uncertainty, ``None`` where
        that is not known), ``curve``, ``endpoint``, ``quantity``, ``valueGy``, ``model``, ``d50Gy``, ``slope``,
        ``source``, ``verified``; ``None`` where there is none, and words on values that a curve lacks.
    """
    rows, words = [], []
    for curve in applied(stated, tissue, effect, therapyName):
        value = region.get(QUANTITIES[curve.quantity])
        if value is None:
            words.append(f"{region['name']}: no probability by {curve.id}, its {TITLES[curve.quantity]} is not known.")
            continue
        spread = region.get(UNCERTAINTIES.get(curve.quantity))
        source = curve.d50Source if curve.d50Source == curve.slopeSource else \
            f"50 %: {curve.d50Source}; slope: {curve.slopeSource}"
        rows.append({"probability": curve.probability(value), "interval68": None if spread is None else [
            curve.probability(max(value - spread, 0.0)), curve.probability(value + spread)],
            "curve": curve.id, "endpoint": curve.endpoint, "quantity": curve.quantity, "valueGy": value,
            "model": curve.model, "d50Gy": curve.d50Gy, "slope": curve.slope, "source": source,
            "verified": curve.isVerified})
    return rows or None, words


def _isForeign(curve, therapyName):
    return None not in (curve.therapy, therapyName) and curve.therapy != therapyName


def _checkedCurve(values, known, where):
    if not isinstance(values, dict):
        raise InputError("The curve is not an object", where, 'Write e.g. {"d50Gy": 40, "slope": 0.15, "source": ...}')
    faults = Faults()
    allowed = _KEYS if known is None else tuple(key for key in _KEYS if key not in _DEFINITION)
    for key in values:
        if key not in allowed:
            faults.add(f"The key '{key}' is not known" if key not in _KEYS else
                       f"The {key} of a curve of the table is given", where, f"Known are {', '.join(allowed)}")
    found = {key: values[key] for key in _KEYS if values.get(key) not in (None, "") and key in allowed}
    if known is None:
        _requireDefinition(values, where, faults)
    model = known.model if known is not None else values.get("model")
    largest = {"d50Gy": (_LARGEST_D50_GY, "Give it in Gy"),
               "slope": (_LARGEST_SLOPE.get(model, 20.0), "Give a fraction, 0.15 for 15 %")}
    for key, what in (("d50Gy", "value of 50 % probability"), ("slope", "slope of the curve")):
        if key in found:
            with faults.collect():
                found[key] = positiveNumber(found[key], what, where)
                if found[key] > largest[key][0]:
                    raise InputError(f"The {what} is {found[key]:g}, more than {largest[key][0]:g}", where,
                                     largest[key][1])
    wanted = _NUMBERS if known is None else ()
    if any(key not in found for key in wanted) or not any(key in found for key in _NUMBERS):
        faults.add("The curve lacks its numbers", where, "Give d50Gy and slope")
    if not (isinstance(values.get("source"), str) and values["source"].strip()):
        faults.add("The curve is stated without its source", where, 'Give "source": where the numbers come from')
    if values.get("reason") is not None and not isinstance(values["reason"], str):
        faults.add("The reason is not a text", where, "Give it in words")
    faults.raiseIfAny()
    return found


def _requireDefinition(values, where, faults):
    choices = {"tissue": tissueNames(), "effect": (CONTROL, COMPLICATION), "quantity": tuple(QUANTITIES),
               "model": (doseResponse.LYMAN, doseResponse.LOGISTIC)}
    ids = ", ".join(doseResponse.doseResponses())
    for key, allowed in choices.items():
        if values.get(key) not in allowed:
            faults.add(f"The {key} of the curve, {values.get(key)!r}, is not known", where,
                       f"Use {', '.join(allowed)}; curves of the table are {ids}")
    if not (isinstance(values.get("endpoint"), str) and values["endpoint"].strip()):
        faults.add("The endpoint of the curve is not stated", where, "Say in words what the probability is of")
