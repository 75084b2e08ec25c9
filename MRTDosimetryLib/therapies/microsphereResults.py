"""What a radioembolization reports: absorbed doses, activities under constraints, comparisons, published targets."""

import dataclasses
import math
import statistics

from ..errors import InputError
from ..numberText import compact, plusMinus, significant
from ..physics import microspheres, radiobiology
from ..physics.nuclides import nuclide
from . import microspherePlan as plans
from .case import Table, TherapyResult
from .microsphereInputs import DEVICES, NORMAL, NOT_PERFUSED, TUMOR
from .tissues import tissueOf

_KEYS = ("tumor", "normalLiver", "lung", "perfused")
# An activity computed for a limit meets it to the last digits.
_ROUNDING = 1e-9


@dataclasses.dataclass(frozen=True)
class Activity:
    """The activity that absorbed doses are stated for: ``netMBq`` reaches the patient; ``basis`` in words;
    ``relativeUncertainty`` (k = 1) or ``None``."""

    netMBq: float
    basis: str
    relativeUncertainty: float | None


def netActivityMBq(case):
    """Activity that reaches the patient: the administered one, which is net, or the prescribed one less the residual;
    ``None`` where neither is stated."""
    if case.administeredActivityMBq is not None:
        return case.administeredActivityMBq
    if case.prescribedActivityMBq is None:
        return None
    return case.prescribedActivityMBq * (1.0 - case.microspheres.get("residualFraction", 0.0))


def activityOf(case, plan, mayCompute=True):
    """The :class:`Activity` to state absorbed doses for, or ``None``: administered, prescribed, or what the wanted
    absorbed dose and the limits allow."""
    relative = plans.relativeActivityUncertainty(case)
    net = netActivityMBq(case)
    if net is not None:
        basis = plans.ADMINISTERED if case.administeredActivityMBq is not None else plans.STATED
        return Activity(net, basis, relative)
    rows = _constraints(case, plan) if mayCompute else []
    if not rows:
        return None
    least = min(rows, key=lambda row: row["netMBq"])
    return Activity(least["netMBq"], plans.COMPUTED, relative)


def constants(case, plan):
    """The constant and the lung shunt fraction with where they come from."""
    shunt = plans.shuntOf(case)
    isDerived = shunt is None or plan.model == plans.ACTIVITIES
    found = {"doseConstantJPerGBq": plan.constant.valueJPerGBq, "doseConstantOrigin": plan.constant.origin,
             "isDoseConstantVerified": plan.constant.isVerified,
             "lungShuntFraction": plan.lungShuntFraction,
             "lungShuntFractionUncertainty": None if isDerived else shunt.uncertainty,
             "lungShuntFractionOrigin": "follows from the ratios of the activities" if plan.model == plans.ACTIVITIES
             else None if shunt is None else shunt.origin}
    if plan.ratios:
        ratios = set(plan.ratios.values())
        found["tumorToNormalRatio"] = ratios.pop() if len(ratios) == 1 else dict(plan.ratios)
    return found


def absorbedDoses(case, plan, activity, areUncertaintiesFromImages=False):
    """Values, tables and warnings on the absorbed doses of a plan.

    Returns
    -------
    (dict, list of Table, list of str)
    """
    warnings = list(_shuntWords(case, plan))
    if activity is None:
        values = {f"{key}AbsorbedDoseGy": None for key in _KEYS} | {"activityMBq": None}
        return values, [], [*warnings, "No activity is known, so that no absorbed doses are computed."]
    values = {"activityMBq": activity.netMBq, "activityBasis": activity.basis}
    for key in _KEYS:
        group = plan.groups.get(key)
        doseGy, uncertaintyGy = _absorbedDose(None if group is None else group.coefficient, activity,
                                              areUncertaintiesFromImages)
        values[f"{key}AbsorbedDoseGy"], values[f"{key}AbsorbedDoseUncertaintyGy"] = doseGy, uncertaintyGy
    if "normalLiver" in plan.groups and plan.groups["normalLiver"].names != plan.groups.get(
            "perfusedNormalLiver", plan.groups["normalLiver"]).names:
        coefficient = plan.groups["perfusedNormalLiver"].coefficient
        values["perfusedNormalLiverAbsorbedDoseGy"] = _absorbedDose(coefficient, activity, False)[0]
    values["compartments"] = [_compartmentValues(case, item, activity, areUncertaintiesFromImages)
                              for item in plan.compartments]
    if plan.lungShuntFraction is not None:
        values["lungActivityMBq"] = activity.netMBq * plan.lungShuntFraction
    warnings += _doseWords(case, plan, values)
    if values["tumorAbsorbedDoseUncertaintyGy"] is None and values["normalLiverAbsorbedDoseUncertaintyGy"] is None:
        warnings.append("The uncertainties of the absorbed doses are not computed: none is stated."
                        if not areUncertaintiesFromImages else
                        "The uncertainties of the absorbed doses are not known: those of the images are not stated.")
    elif plan.notIncluded or activity.relativeUncertainty is None:
        lacking = plan.notIncluded + ([] if activity.relativeUncertainty is not None or areUncertaintiesFromImages
                                      else ["activity"])
        if lacking:
            warnings.append(f"The uncertainties of the absorbed doses do not include: {', '.join(lacking)}.")
    return values, [_compartmentTable(values, activity)], warnings


def _absorbedDose(coefficient, activity, isActivityIncluded):
    """Absorbed dose and its standard uncertainty in Gy; that of images holds the activity's already."""
    if coefficient is None:
        return None, None
    doseGy = coefficient.gyPerMBq * activity.netMBq
    parts = [coefficient.relativeUncertainty, None if isActivityIncluded else activity.relativeUncertainty]
    known = [part for part in parts if part is not None]
    return doseGy, doseGy * math.hypot(*known) if known else None


def _compartmentValues(case, item, activity, isActivityIncluded):
    doseGy, uncertaintyGy = _absorbedDose(item["coefficient"], activity, isActivityIncluded)
    tissue = {TUMOR: "tumor", NORMAL: "liver"}.get(item["role"])
    return {"name": item["name"], "role": item["role"], "massG": item["massG"],
            "activityMBq": None if item["share"] is None else activity.netMBq * item["share"],
            "absorbedDoseGy": doseGy, "absorbedDoseUncertaintyGy": uncertaintyGy,
            "bedGy": None if tissue is None or doseGy is None else _bedGy(case, tissue, doseGy)}


def _bedGy(case, tissue, doseGy):
    """BED of physical decay alone; ``None`` without parameters of the tissue."""
    alphaBetaGy, repairHours = _radiobiology(case, tissue)
    if alphaBetaGy is None or repairHours is None:
        return None
    return radiobiology.bed(doseGy, _protraction(case, repairHours), alphaBetaGy)


def _compartmentTable(values, activity):
    rows = [(item["name"], item["massG"], item["activityMBq"], item["absorbedDoseGy"],
             item["absorbedDoseUncertaintyGy"], item["bedGy"]) for item in values["compartments"]]
    rows.append(("lungs", None, values.get("lungActivityMBq"), values["lungAbsorbedDoseGy"],
                 values["lungAbsorbedDoseUncertaintyGy"], None))
    return Table(f"Absorbed doses of {compact(activity.netMBq)} MBq ({activity.basis})",
                 ("Compartment", "Mass (g)", "Activity (MBq)", "Mean absorbed dose (Gy)", "u, k = 1 (Gy)", "BED (Gy)"),
                 tuple(rows), "BED: data/radiobiology.json, parameters not verified against their source")


def _shuntWords(case, plan):
    shunt = plans.shuntOf(case)
    if shunt is not None and plan.model != plans.ACTIVITIES:
        yield from shunt.warnings
    if plan.lungShuntFraction is not None and case.microspheres.get("device") == "resin":
        reduction = microspheres.lungShuntReduction(plan.lungShuntFraction)
        if reduction >= 1.0:
            yield (f"The lung shunt fraction of {plan.lungShuntFraction:.3g} is above 0.2, which counts as a "
                   "contraindication for resin microspheres (not verified against its source).")


def _doseWords(case, plan, values):
    """Warnings on masses and on what the lungs get."""
    words, lungGy = [], values["lungAbsorbedDoseGy"]
    tumorsG = math.fsum(item["massG"] for item in plan.compartments if item["role"] == TUMOR)
    liverG = math.fsum(item["massG"] for item in plan.compartments if item["role"] in (NORMAL, NOT_PERFUSED))
    if 0 < liverG < tumorsG:
        words.append(f"The tumors are heavier than the normal liver ({tumorsG:.4g} g and {liverG:.4g} g): check the "
                     "masses.")
    light = [item["name"] for item in plan.compartments if item["role"] == TUMOR and item["massG"] < 1.0]
    if light:
        words.append(f"The mass of {', '.join(light)} is below 1 g: check that it is in g. In so small a tumor a part "
                     "of the electrons' energy leaves it.")
    words += plans.magnitudeWords(values["perfusedAbsorbedDoseGy"], values["activityMBq"])
    if lungGy is None:
        words.append("The absorbed dose of the lungs is not computed: " + (
            "the mass of the lungs is not stated (microspheres.lungMassG); 1000 g is a usual assumption, the patient's "
            "CT gives a better one." if plan.lungShuntFraction is not None else "no lung shunt fraction is stated."))
    else:
        words += [f"The absorbed dose of the lungs of {lungGy:.4g} Gy is above the {limit.value:g} Gy in use "
                  f"({limit.scope}; {limit.source})."
                  for limit in _limits(case) if lungGy > limit.value * (1.0 + _ROUNDING)]
    if case.microspheres.get("device") == "glass" and "lungActivityMBq" in values:
        limitMBq = microspheres.lungActivityLimitMBq()
        if values["lungActivityMBq"] > limitMBq:
            words.append(f"{values['lungActivityMBq']:.4g} MBq go to the lungs, more than the {limitMBq:.4g} MBq of "
                         "the instructions for use of glass microspheres.")
    return words


def _limits(case):
    from .registry import therapy

    return therapy(case.protocolId.partition(".")[0]).limitsFor("lung")


def _constraints(case, plan):
    """One row for the wanted absorbed dose and for every limit: the activity that meets it.

    Returns
    -------
    list of dict
        ``title``, ``isLimit``, ``absorbedDoseGy``, ``netMBq``, ``bestMBq`` and ``activityMBq`` in the vial (by best
        estimate, and with the accepted probability of passing a limit), ``uncertaintyMBq``, ``words`` or "".
    """
    given, wanted = case.prescription, []
    if given.get("absorbedDoseGy") is not None:
        default = "tumor" if "tumor" in plan.groups else "perfused"
        wanted.append((given.get("tissue") or given.get("region") or default, given.get("quantity"),
                       given["absorbedDoseGy"], False))
    wanted += [(item.get("tissue") or item.get("region"), item["quantity"], item["valueGy"], True)
               for item in given.get("limits") or ()]
    kept, rows = 1.0 - case.microspheres.get("residualFraction", 0.0), []
    for name, quantity, valueGy, isLimit in wanted:
        title, coefficient = plans.groupOf(plan, name, "prescription")
        if coefficient is None:
            raise InputError(f"The activity for an absorbed dose of {title} cannot be computed: their mass is not "
                             "known", "prescription", "Give microspheres.lungMassG")
        if not coefficient.gyPerMBq > 0:
            if isLimit:
                continue  # what gets no activity limits nothing
            raise InputError(f"No activity reaches {title}", "prescription", "Choose another compartment")
        doseGy = _absorbedDoseOfBed(case, name, valueGy) if quantity == "bed" else valueGy
        best, relative = doseGy / coefficient.gyPerMBq / kept, coefficient.relativeUncertainty
        factor, words = _safetyFactor(given.get("probability"), relative, title) if isLimit else (1.0, "")
        rows.append({"title": f"{valueGy:g} Gy {'of BED ' if quantity == 'bed' else ''}to {title}", "isLimit": isLimit,
                     "absorbedDoseGy": doseGy, "netMBq": best * factor * kept, "bestMBq": best,
                     "activityMBq": best * factor, "uncertaintyMBq": None if relative is None else best * relative,
                     "words": words})
    return rows


def _safetyFactor(probability, relative, title):
    """Share of the best-estimate activity at which a limit is passed with the accepted probability, and words.

    The absorbed dose per activity is log-normal about its best estimate.
    """
    if probability is None:
        return 1.0, ""
    if relative is None:
        return 1.0, (f"The accepted probability of passing the limit of {title} cannot be kept: the uncertainty is not "
                     "known. The best estimate is used.")
    width = math.sqrt(math.log1p(relative ** 2))
    return math.exp(-statistics.NormalDist().inv_cdf(1.0 - probability) * width), ""


def _radiobiology(case, tissue):
    """alpha/beta and repair half-life of a tissue: as the prescription states them, else of the table."""
    parameters, found = radiobiology.parametersFor(tissue), []
    for key in ("alphaBetaGy", "repairHalfLifeHours"):
        stated = case.prescription.get(key) or {}
        found.append(stated.get(tissue, stated.get("", getattr(parameters, key, None))))
    return found


def _protraction(case, repairHalfLifeHours):
    """Lea-Catcheside factor of physical decay alone."""
    return radiobiology.leaCatchesideFactor([(1.0, nuclide(case.radionuclide).decayConstantPerHour)],
                                            repairHalfLifeHours)


def _absorbedDoseOfBed(case, name, bedGy):
    """Absorbed dose by physical decay alone that has a BED: the positive root of D + G D^2 / (alpha/beta) = BED."""
    tissue = tissueOf(name) or name
    alphaBetaGy, repairHours = _radiobiology(case, tissue)
    if alphaBetaGy is None or repairHours is None:
        raise InputError(f"No alpha/beta and repair half-life of {tissue} are known", "prescription",
                         "State alphaBetaGy and repairHalfLifeHours, or a limit of absorbed dose")
    factor = _protraction(case, repairHours) / alphaBetaGy
    return (math.sqrt(1.0 + 4.0 * factor * bedGy) - 1.0) / (2.0 * factor)


def activities(case, plan):
    """The activity for the wanted absorbed dose and under each limit; the smallest one counts.

    Returns
    -------
    TherapyResult
        Activities are those in the vial at the administration, what stays in vial and tubes included.
    """
    rows = _constraints(case, plan)
    if not rows:
        return TherapyResult({"prescribedActivityMBq": None}, (
            "No absorbed dose is wanted and no limit is stated (prescription), so that no activity is computed.",))
    least, probability = min(rows, key=lambda row: row["activityMBq"]), case.prescription.get("probability")
    values = {
        "prescribedActivityMBq": least["activityMBq"], "prescribedActivityUncertaintyMBq": least["uncertaintyMBq"],
        "bindingConstraint": least["title"], "isLimitBinding": least["isLimit"],
        "limitProbability": probability,
        "activitiesForConstraints": [{
            "constraint": row["title"], "isLimit": row["isLimit"], "activityMBq": row["activityMBq"],
            "bestEstimateActivityMBq": row["bestMBq"], "activityUncertaintyMBq": row["uncertaintyMBq"]}
            for row in rows]}
    if probability is None:
        del values["limitProbability"]
    warnings = [row["words"] for row in rows if row["words"]]
    if case.microspheres.get("device") == "glass" and plan.lungShuntFraction:
        kept = 1.0 - case.microspheres.get("residualFraction", 0.0)
        limitMBq = microspheres.lungActivityLimitMBq() / plan.lungShuntFraction / kept
        values["lungLimitActivityMBq"] = limitMBq
        if least["activityMBq"] > limitMBq:
            warnings.append(f"The activity of {significant(least['activityMBq'])} MBq is above the "
                            f"{significant(limitMBq)} MBq that the instructions for use of glass microspheres allow "
                            "for the lungs.")
    if least["uncertaintyMBq"] is None:
        warnings.append("The uncertainty of the activity is not computed: none is stated.")
    table = Table("Activities for the wanted absorbed dose and the limits",
                  ("Constraint", "Kind", "Activity in the vial (MBq)", "By best estimate (MBq)", "u, k = 1 (MBq)"),
                  tuple((row["constraint"], "limit" if row["isLimit"] else "wanted", row["activityMBq"],
                         row["bestEstimateActivityMBq"], row["activityUncertaintyMBq"])
                        for row in values["activitiesForConstraints"]))
    words = f"{significant(least['activityMBq'])} MBq" if least["uncertaintyMBq"] is None else \
        f"{plusMinus(least['activityMBq'], least['uncertaintyMBq'])} MBq (k = 1)"
    chance = "" if probability is None or not least["isLimit"] or least["uncertaintyMBq"] is None else \
        f", which is passed with a probability of {probability:.3g}"
    recommendation = (f"{words} in the vial at the administration, "
                      f"{'limited' if least['isLimit'] else 'given'} by {least['title']}{chance}.")
    return TherapyResult(values, tuple(warnings), (), (table,), (), recommendation)


def comparison(case, plan):
    """What the simpler methods give: mono-compartment, and body surface area for resin microspheres, or for comparison
    where no device is stated and the body is known."""
    perfused = plan.groups.get("perfused")
    values, warnings, given = {}, [], case.microspheres
    massG = math.fsum(item["massG"] for item in plan.compartments if item["role"] in (TUMOR, NORMAL))
    kept = given.get("residualFraction", 0.0)
    wantedGy = case.prescription.get("absorbedDoseGy")
    if perfused is not None and wantedGy is not None:
        values["monoCompartmentActivityMBq"] = microspheres.monoCompartmentActivityMBq(
            wantedGy, massG, plan.constant.valueJPerGBq, plan.lungShuntFraction, kept)
    massKg, heightCm = case.patient.get("massKg"), case.patient.get("heightCm")
    isForComparison = "device" not in given and case.radionuclide == "Y-90" and None not in (massKg, heightCm)
    if given.get("device") != "resin" and not isForComparison:
        return TherapyResult(values)
    values |= {"bsaActivityMBq": None, "bsaReducedActivityMBq": None}
    if massKg is None or heightCm is None:
        return TherapyResult(values, (
            "The activity by body surface area is not computed: give mass and height of the patient "
            "(patient.massKg, patient.heightCm).",))
    liverG = math.fsum(item["massG"] for item in plan.compartments)
    tumorsG = math.fsum(item["massG"] for item in plan.compartments if item["role"] == TUMOR)
    surfaceM2 = microspheres.bodySurfaceAreaM2(heightCm, massKg)
    values["bodySurfaceAreaM2"] = surfaceM2
    values["bsaActivityMBq"] = microspheres.bodySurfaceActivityMBq(surfaceM2, tumorsG / liverG, massG / liverG)
    reduction = microspheres.lungShuntReduction(plan.lungShuntFraction)
    values["bsaReducedActivityMBq"] = values["bsaActivityMBq"] * (1.0 - reduction)
    if reduction:
        warnings.append(f"By the lung shunt the activity by body surface area is reduced by {reduction:.0%}; the steps "
                        "of the reduction are not verified against their source.")
    return TherapyResult(values, tuple(warnings), (
        "The activity by body surface area is for comparison only: it knows neither the uptake of tumors nor the "
        "absorbed dose; its formula is not verified against its source. Shares of the liver by mass."
        + (" It is made for resin microspheres, and no device is stated." if isForComparison else ""),))


def targets(case):
    """The published targets of device and indication as tables, shown and never applied."""
    device, indication, tables = case.microspheres.get("device"), case.microspheres.get("indication"), []
    for group in microspheres.table()["publishedTargets"]:
        rows = tuple((row["device"], row["indication"], row["approach"], row["volume"], row["text"],
                      row.get("note", "")) for row in group["rows"]
                     if device in (None, row["device"]) and indication in (None, row["indication"]))
        if rows:
            tables.append(Table("Published targets (not applied)", (
                "Microspheres", "Indication", "Approach", "Volume", "Mean absorbed dose (Gy)", "Note"), rows,
                group["source"]))
    words = ()
    if device is not None and not tables:
        words = (f"No published targets are known to the program for {dict(DEVICES)[device]} microspheres.",)
    return TherapyResult({}, (), words, tuple(tables))


def retitled(tables, form):
    """The tables under other titles."""
    return [dataclasses.replace(table, title=form.format(table.title)) for table in tables]


def assumptions(case, plan):
    """What the calculation takes for granted, in sentences."""
    words = [
        "Microspheres stay where they lodge (permanent trapping) and decay there by physical decay alone.",
        f"Electrons are absorbed where they are emitted: {plan.constant.valueJPerGBq:.4g} J/GBq "
        f"({plan.constant.origin}).",
        "99mTc-MAA is taken to distribute as the microspheres do.",
        "Planning is by the mean absorbed dose of the whole normal liver, but for super-selective treatments."]
    if plan.model == plans.CONCENTRATIONS:
        words.append("The tumor-to-normal ratio is one of concentrations: activity per mass of the tumor over that of "
                     "the perfused normal liver (MIRD). Within a compartment the activity is uniform.")
    if plan.model == plans.ACTIVITIES:
        words.append("Ratios of activities after Kao et al. 2013, which are not the ratio of concentrations of MIRD.")
    if case.microspheres.get("residualFraction"):
        words.append("An administered activity is net; what stays in vial and tubes is added to a prescribed one.")
    if case.radionuclide == "Ho-166":
        words.append("Photons of 166Ho are left out.")
    if "relativeRatioUncertainty" in case.microspheres or any(
            "relativeMassUncertainty" in item for item in case.microspheres.get("compartments", ())):
        words.append("Uncertainties (k = 1) by first-order propagation, all quantities independent.")
    return tuple(words)
