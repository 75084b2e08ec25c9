"""Levels 1 and 2: what a published cohort lets expect of an activity, and where the patient stands in it."""

from ..errors import InputError
from ..physics import cohorts
from . import registry
from .case import Table, TherapyResult
from .inputs import Field, Kind, refuseUnknown, registerKind

# A coefficient so far from every cohort is rather in another unit (Gy/MBq, mGy/MBq, Gy per cycle).
UNIT_FACTOR = 100.0
CONFIRMATION = "deliveryConfirmation"
# What the region of an image is compared with: a value from blood is another quantity.
_OF_IMAGES = ("image", "notStated")


def tracerOf(protocolId):
    """The tracer whose cohorts belong to a protocol, or ``None``."""
    return registry.protocol(protocolId).get("cohort") if protocolId in registry.protocolIds() else None


def evaluate(case, measured=()):
    """Cohort and patient for results: ``cohort`` with ``expected`` (level 1) and ``comparison`` (level 2).

    Parameters
    ----------
    case : TherapyCase
    measured : sequence of tuple
        What was found without images: arguments of :func:`comparisons` from ``quantity`` on, ``measuredBy`` included.

    Returns
    -------
    TherapyResult
        ``cohort``: ``tracer``, ``expected`` and ``comparison`` as of :func:`expected` and :func:`comparisons`;
        ``administeredDeviationPercent`` (from the prescribed activity) and ``isDeliveryConfirmed``.
    """
    tracer, warnings = tracerOf(case.protocolId), []
    values = {"administeredDeviationPercent": _deviationPercent(case),
              "isDeliveryConfirmed": _confirmed(case, warnings)}
    if tracer is None:
        return TherapyResult(values, tuple(warnings))
    rows, compared = expected(tracer, case.basisActivityGBq), []
    for region in case.regions:
        compared += _ofRegion(region, tracer, case.basisActivityGBq)
    for item in measured:
        compared += comparisons(tracer, *item)
    if case.basisActivityGBq is None:
        warnings.append("No administered activity is stated: absorbed doses are neither expected from a cohort nor "
                        "compared with it.")
    warnings += [row["warning"] for row in compared if row["warning"]]
    values["cohort"] = {"tracer": tracer, "expected": rows, "comparison": compared}
    return TherapyResult(values, tuple(dict.fromkeys(warnings)), _assumptions(rows, compared),
                         _tables(case, rows, compared))


def expected(tracer, activityGBq):
    """Level 1: absorbed dose that an activity gave on average in each cohort of a tracer.

    Parameters
    ----------
    activityGBq : float or None

    Returns
    -------
    list of dict
        ``tissue``, ``method``, ``measuredBy``, ``meanGyPerGBq`` (or median), ``sdGyPerGBq``, ``leastGyPerGBq``,
        ``largestGyPerGBq``, ``patients``, ``absorbedDoseGy``, ``low95Gy``, ``high95Gy`` (2.5 and 97.5 % for one more
        patient), ``leastGy``, ``largestGy``, ``source``, ``edition``, ``verified``; ``None`` where not known.
    """
    rows = []
    for cohort in cohorts.cohorts(tracer, cohorts.COEFFICIENT):
        distribution = cohort.distribution
        low, high = (None, None) if distribution is None else distribution.interval95

        def times(value):
            return None if value is None or activityGBq is None else value * activityGBq

        rows.append({
            "tissue": cohort.tissue, "method": cohort.method, "measuredBy": cohort.measuredBy,
            "centerGyPerGBq": cohort.center, "center": "median" if cohort.mean is None else "mean",
            "sdGyPerGBq": cohort.sd, "leastGyPerGBq": cohort.least, "largestGyPerGBq": cohort.largest,
            "patients": cohort.patients, "absorbedDoseGy": times(cohort.center), "low95Gy": times(low),
            "high95Gy": times(high), "leastGy": times(cohort.least), "largestGy": times(cohort.largest),
            "source": cohort.source, "edition": cohort.edition, "verified": cohort.isVerified})
    return rows


def comparisons(tracer, quantity, tissue, value, name, measuredBy=_OF_IMAGES):
    """Level 2: where a value of the patient stands in each cohort of its tissue and quantity.

    Parameters
    ----------
    tracer, quantity, tissue : str
        ``quantity`` as of :mod:`..physics.cohorts`.
    value : float
        In the unit of the quantity.
    name : str
        Of the region, for words.
    measuredBy : tuple of str
        Cohorts to compare with.

    Returns
    -------
    list of dict
        ``region``, ``tissue``, ``quantity``, ``value``, ``unit``, ``zScore`` (of the logarithm), ``percentile``,
        ``isOutside`` (of 2.5 to 97.5 %), ``low95``, ``high95``, ``center``, ``patients``, ``distribution``,
        ``method``, ``source``, ``verified``, ``warning`` (empty or a sentence); ``None`` where a cohort has no spread.
    """
    found = [item for item in cohorts.cohorts(tracer, quantity, tissue) if item.measuredBy in measuredBy]
    hasVerified = any(item.isVerified and item.distribution is not None for item in found)
    isUnit = bool(found) and all(not 1 / UNIT_FACTOR < value / item.center < UNIT_FACTOR for item in found)
    rows = []
    for cohort in found:
        row = {"region": name, "tissue": tissue, "quantity": quantity, "value": value, "unit": cohort.unit,
               "center": cohort.center, "patients": cohort.patients, "method": cohort.method, "source": cohort.source,
               "verified": cohort.isVerified, "warning": "",
               **dict.fromkeys(("zScore", "percentile", "isOutside", "low95", "high95", "distribution"))}
        distribution = cohort.distribution
        if distribution is not None:
            low, high = distribution.interval95
            row |= {"zScore": distribution.zScore(value), "percentile": distribution.percentile(value), "low95": low,
                    "high95": high, "isOutside": not low <= value <= high, "distribution": distribution.basis}
            # what was not checked against its source raises no alarm beside what was
            if row["isOutside"] and (cohort.isVerified or not hasVerified):
                row["warning"] = (f"{name}: {_TITLES[quantity]} {value:.3g} {cohort.unit} is outside of what is "
                                  f"expected of 95 % of patients, {low:.3g} to {high:.3g} {cohort.unit} "
                                  f"({_who(cohort)}).")
        if isUnit:
            row["warning"] = (f"{name}: {_TITLES[quantity]} {value:.3g} {cohort.unit} is {value / cohort.center:.3g} "
                              f"times that of the cohort ({cohort.center:g} {cohort.unit}): check the units of "
                              "absorbed dose and activity.")
        rows.append(row)
    return rows


_TITLES = {cohorts.COEFFICIENT: "absorbed dose per activity", cohorts.ABSORBED_DOSE: "absorbed dose",
           cohorts.HALF_LIFE: "effective half-life",
           cohorts.TIA_COEFFICIENT: "time-integrated activity coefficient"}


def _ofRegion(region, tracer, activityGBq):
    if region.tissue is None:
        return []
    rows = []
    if activityGBq is not None and region.absorbedDoseGy > 0:
        rows += comparisons(tracer, cohorts.COEFFICIENT, region.tissue, region.absorbedDoseGy / activityGBq,
                            region.name)
    if region.effectiveHalfLifeHours is not None:
        # the table of half-lives names the gland that was measured
        for tissue in (region.tissue, *(("parotid gland",) if region.tissue == "salivaryGland" else ())):
            rows += comparisons(tracer, cohorts.HALF_LIFE, tissue, region.effectiveHalfLifeHours, region.name)
    return rows


def _deviationPercent(case):
    given, prescribed = case.administeredActivityMBq, case.prescribedActivityMBq
    return None if given is None or prescribed is None else 100.0 * (given / prescribed - 1.0)


def _confirmed(case, warnings):
    """Whether images confirm the delivery: quantitative ones of the study, or as stated; ``None``: not known."""
    stated = case.measurements.get(CONFIRMATION)
    if stated is not None:
        if not stated["isConfirmed"]:
            warnings.append("The images after the administration do not confirm the delivery"
                            + (f" ({stated['method']})." if stated.get("method") else "."))
        return stated["isConfirmed"]
    return True if case.regions else None


def _who(cohort):
    patients = "" if cohort.patients is None else f"{cohort.patients} patients, "
    return f"{patients}{cohort.source}{'' if cohort.isVerified else '; not verified'}"


def _assumptions(rows, compared):
    if not rows:
        return ()
    words = ["A cohort is a comparison, not a limit: its patients, methods and activities differ from those at hand."]
    if any(not row["verified"] for row in (*rows, *compared)):
        words.append("Figures of cohorts marked as not verified were not checked against their source.")
    if compared:
        words.append("The values of a cohort are taken as log-normal. Where the number of patients is published, "
                     "percentiles are predictions for one more patient by Student's t; cohorts without a published "
                     "spread have none.")
    return tuple(words)


def _tables(case, rows, compared):
    tables = []
    if rows and case.basisActivityGBq is not None:
        tables.append(Table(
            f"Expected of {case.basisActivityGBq:.4g} GBq by published cohorts (level 1)",
            ("Tissue", "Method", "Absorbed dose (Gy)", "2.5 % (Gy)", "97.5 % (Gy)", "Least (Gy)", "Largest (Gy)",
             "Patients", "Checked against the source", "Source"),
            tuple((row["tissue"], row["method"], row["absorbedDoseGy"], row["low95Gy"], row["high95Gy"],
                   row["leastGy"], row["largestGy"], row["patients"], "yes" if row["verified"] else "no",
                   row["source"]) for row in rows)))
    if compared:
        tables.append(Table(
            "The patient beside published cohorts (level 2)",
            ("Region", "Quantity", "Value", "Unit", "Cohort", "z", "Percentile (%)", "2.5 %", "97.5 %", "Patients",
             "Method", "Checked against the source", "Source"),
            tuple((row["region"], _TITLES[row["quantity"]], row["value"], row["unit"], row["center"], row["zScore"],
                   row["percentile"], row["low95"], row["high95"], row["patients"], row["method"],
                   "yes" if row["verified"] else "no", row["source"]) for row in compared)))
    return tuple(tables)


def checkConfirmation(value, where):
    """``isConfirmed`` (true or false) and ``method``: whether images after the administration confirm the delivery."""
    refuseUnknown(value, {"isConfirmed", "method"}, where)
    if not isinstance(value.get("isConfirmed"), bool):
        raise InputError("isConfirmed is neither true nor false", where,
                         "State whether the images confirm the delivery")
    method = value.get("method")
    if method is not None and not isinstance(method, str):
        raise InputError("The method is not a text", where)
    return {"isConfirmed": value["isConfirmed"], **({"method": method.strip()} if method else {})}


registerKind(Kind(
    f"measurements.{CONFIRMATION}", "Confirmation of the delivery", checkConfirmation, fields=(
        Field("isConfirmed", "Images confirm the delivery", "choice", ((True, "yes"), (False, "no")), isRequired=True),
        Field("method", "By", "text", tip="For example planar images after 24 h"),
    )))
