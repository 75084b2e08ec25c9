"""Absorbed dose per activity of every compartment of a radioembolization, and the activity under every constraint."""

import math
from dataclasses import dataclass, field

from ..errors import InputError
from ..physics import microspheres
from ..physics.microspheres import LUNGS
from ..physics.nuclides import nuclide
from ..physics.uncertainty.firstOrder import propagateFirstOrder
from .microsphereInputs import NORMAL, NOT_PERFUSED, TUMOR, resolveLungShunt
from .tissues import tissueOf

CONCENTRATIONS, ACTIVITIES = "ratio of concentrations (MIRD)", "ratio of activities (Kao et al. 2013)"
ADMINISTERED, STATED, COMPUTED = "administered", "prescribed, as stated", "prescribed, as computed here"
# A stated shunt further from the measured one than so many standard uncertainties is worth a word.
_COVERAGE = 2.0
# A mean of the perfused volume below this part of the least published one is no treatment.
_LEAST_PART = 1.0 / 3.0


@dataclass(frozen=True)
class Coefficient:
    """Mean absorbed dose per activity that reaches the patient: ``gyPerMBq`` and its relative standard uncertainty
    (k = 1), ``None`` where none can be stated."""

    gyPerMBq: float
    relativeUncertainty: float | None = None


@dataclass(frozen=True)
class Shunt:
    """The lung shunt fraction that counts, its uncertainty (``None``: not stated), where it is from, and warnings."""

    fraction: float
    uncertainty: float | None
    origin: str
    warnings: tuple = ()


@dataclass(frozen=True)
class Group:
    """Compartments that an absorbed dose is stated of together."""

    title: str
    names: tuple
    coefficient: Coefficient | None


@dataclass
class Plan:
    """What absorbed doses follow from, per activity.

    Attributes
    ----------
    groups : dict of str to Group
        ``tumor``, ``normalLiver`` (perfused or not), ``perfusedNormalLiver``, ``perfused`` and ``lung``; without
        those that hold no compartment.
    compartments : list of dict
        ``name``, ``role``, ``massG``, ``share`` of the activity, ``coefficient``.
    notIncluded : list of str
        What has no stated uncertainty.
    """

    groups: dict
    compartments: list
    model: str
    constant: microspheres.DoseConstant
    lungShuntFraction: float
    ratios: dict = field(default_factory=dict)
    notIncluded: list = field(default_factory=list)


def constantOf(case):
    """The constant to compute with; that of the nuclide table where images count, which the engines use."""
    stated = case.microspheres.get("doseConstantJPerGBq")
    if stated is None and case.protocolId.endswith(".voxel"):
        return microspheres.DoseConstant(microspheres.tableConstantJPerGBq(case.radionuclide),
                                         "nuclide table, as the absorbed-dose engines take it",
                                         nuclide(case.radionuclide).isVerified)
    return microspheres.doseConstant(case.radionuclide, stated)


def shuntOf(case):
    """The lung shunt fraction: the stated one, else the measured one; ``None`` where there is neither.

    Returns
    -------
    Shunt or None
    """
    stated, measured = case.microspheres.get("lungShuntFraction"), case.measurements.get("lungShunt")
    if measured is None:
        return None if stated is None else Shunt(stated, case.microspheres.get("lungShuntFractionUncertainty"),
                                                 "stated")
    found = resolveLungShunt(measured)
    words = []
    if "planar" in measured:
        words.append("Planar images overestimate the lung shunt fraction: attenuation differs between lungs and liver "
                     "(PMC9793490).")
    elif not measured["spect"].get("isAttenuationCorrected"):
        words.append("The lung shunt fraction is from a SPECT that is not stated to be corrected for attenuation "
                     "(isAttenuationCorrected).")
    if stated is None:
        return Shunt(found.fraction, found.uncertainty, f"measured, {found.method}: {found.lungCounts:.6g} net counts "
                     f"in the lungs, {found.liverCounts:.6g} in the liver", tuple(words))
    if abs(stated - found.fraction) > _COVERAGE * found.uncertainty:
        words.append(f"The stated lung shunt fraction of {stated:.4g} counts; the counts give {found.fraction:.4g} "
                     f"(u = {found.uncertainty:.2g}).")
    return Shunt(stated, case.microspheres.get("lungShuntFractionUncertainty"), "stated", tuple(words))


def missingForPartition(case):
    """What the partition model lacks, in words."""
    given, words = case.microspheres, []
    roles = [item["role"] for item in given.get("compartments", ())]
    if TUMOR not in roles and NORMAL not in roles:
        return ["Give the compartments with their masses: tumors and perfused normal liver (microspheres.compartments)"]
    if "tumorToNormalActivityRatio" in given:
        return []
    if shuntOf(case) is None:
        words.append("Give the lung shunt fraction (microspheres.lungShuntFraction) or the counts it follows from "
                     "(measurements.lungShunt)")
    if TUMOR in roles and NORMAL in roles and "tumorToNormalRatio" not in given:
        without = [item["name"] for item in given["compartments"] if item["role"] == TUMOR
                   and "tumorToNormalRatio" not in item and not ("counts" in item and _normalCounts(given) is not None)]
        if without:
            words.append("Give the tumor-to-normal ratio (microspheres.tumorToNormalRatio), or counts of tumors and "
                         f"normal liver, needed for {', '.join(without)}")
    return words


def partitionPlan(case):
    """The partition model of the stated compartments.

    Returns
    -------
    Plan

    Raises
    ------
    InputError
        Statements that contradict each other.
    """
    given, constant = case.microspheres, constantOf(case)
    compartments = given["compartments"]
    isByActivity = "tumorToNormalActivityRatio" in given
    values, uncertainties, notIncluded = _quantities(case, constant, isByActivity)

    def distributionOf(quantities):
        masses = {item["name"]: quantities[f"mass of {item['name']}"] for item in compartments}
        lungMassG, k = quantities.get("mass of the lungs"), quantities["absorbed-dose constant"]
        if isByActivity:
            tumor, normal = (next(item["name"] for item in compartments if item["role"] == role)
                             for role in (TUMOR, NORMAL))
            return microspheres.activityRatioPartition(
                tumor, normal, masses, given["tumorToNormalActivityRatio"], given["tumorLungShuntFraction"], lungMassG,
                k)
        ratios = _ratios(compartments, quantities, masses)
        return microspheres.concentrationPartition(masses, ratios, quantities["lung shunt fraction"], lungMassG, k)

    groups = _groupNames(compartments)
    singles = {item["name"]: (item["name"],) for item in compartments}

    def coefficients(quantities):
        distribution = distributionOf(quantities)
        return {("group", key): distribution.absorbedDoseGy(1.0, *names) for key, (_title, names) in groups.items()} | {
            ("single", name): distribution.absorbedDoseGy(1.0, *names) for name, names in singles.items()}

    found = propagateFirstOrder(coefficients, values, uncertainties)
    distribution = distributionOf(values)

    def coefficientOf(key):
        if key not in found:
            return None
        item = found[key]
        # None of zero: nothing that it depends on has a stated uncertainty.
        return Coefficient(item.value, item.uncertainty / item.value if item.uncertainty > 0 else None)

    masses = {item["name"]: item["massG"] for item in compartments}
    ratios = {} if isByActivity else _ratios(compartments, values, masses)
    return Plan(
        groups={key: Group(title, names, coefficientOf(("group", key))) for key, (title, names) in groups.items()},
        compartments=[{"name": item["name"], "role": item["role"], "massG": item["massG"],
                       "share": distribution.shares[item["name"]],
                       "coefficient": coefficientOf(("single", item["name"]))} for item in compartments],
        model=ACTIVITIES if isByActivity else CONCENTRATIONS, constant=constant,
        lungShuntFraction=distribution.shares[LUNGS],
        ratios={item["name"]: ratios[item["name"]] for item in compartments if item["role"] == TUMOR and ratios},
        notIncluded=notIncluded)


def _quantities(case, constant, isByActivity):
    """Values, stated standard uncertainties, and names without one, of what the model computes with."""
    given = case.microspheres
    values, relative, notIncluded = {"absorbed-dose constant": constant.valueJPerGBq}, {}, []
    relative["absorbed-dose constant"] = given.get("relativeConstantUncertainty")
    for item in given["compartments"]:
        values[f"mass of {item['name']}"] = item["massG"]
        relative[f"mass of {item['name']}"] = item.get("relativeMassUncertainty")
    if given.get("lungMassG") is not None:
        values["mass of the lungs"] = given["lungMassG"]
        relative["mass of the lungs"] = given.get("relativeLungMassUncertainty")
    absolute = {}
    if not isByActivity:
        shunt = shuntOf(case)
        values["lung shunt fraction"], absolute["lung shunt fraction"] = shunt.fraction, shunt.uncertainty
        _addRatios(given, values, relative, absolute)
    uncertainties = {}
    for name, value in values.items():
        uncertainty = absolute[name] if name in absolute else None if relative.get(name) is None else \
            relative[name] * value
        if uncertainty is None:
            notIncluded.append(name)
        else:
            uncertainties[name] = uncertainty
    if isByActivity:
        notIncluded.append("ratios of the activities")
    return values, uncertainties, notIncluded


def _addRatios(given, values, relative, absolute):
    """Ratios of the tumors among the quantities, or the counts that they follow from."""
    compartments = given["compartments"]
    tumors = [item for item in compartments if item["role"] == TUMOR]
    if not tumors or not any(item["role"] == NORMAL for item in compartments):
        return  # nothing to compare the tumors with: all tumors alike
    counts = _normalCounts(given)
    for item in tumors:
        if "tumorToNormalRatio" in item:
            name = f"tumor-to-normal ratio of {item['name']}"
            values[name], relative[name] = item["tumorToNormalRatio"], given.get("relativeRatioUncertainty")
            if "counts" in item and counts is not None:
                raise InputError("Ratio and counts of a tumor are given", f"microspheres: {item['name']}", "Give one")
        elif "tumorToNormalRatio" in given:
            if "counts" in item and counts is not None:
                raise InputError("The ratio and counts of tumor and normal liver are given",
                                 f"microspheres: {item['name']}", "Give one of them")
            values["tumor-to-normal ratio"] = given["tumorToNormalRatio"]
            relative["tumor-to-normal ratio"] = given.get("relativeRatioUncertainty")
        else:
            values[f"counts of {item['name']}"] = item["counts"]
            absolute[f"counts of {item['name']}"] = math.sqrt(item["counts"])
            values["counts of the normal liver"] = counts
            absolute["counts of the normal liver"] = math.sqrt(counts)


def _ratios(compartments, quantities, masses):
    """Concentration ratio of every compartment to the perfused normal liver."""
    normal = [item["name"] for item in compartments if item["role"] == NORMAL]
    found = {}
    for item in compartments:
        name = item["name"]
        if item["role"] != TUMOR:
            found[name] = 1.0 if item["role"] == NORMAL else 0.0
        elif f"counts of {name}" in quantities:
            concentration = quantities["counts of the normal liver"] / math.fsum(masses[other] for other in normal)
            found[name] = quantities[f"counts of {name}"] / masses[name] / concentration
        else:
            found[name] = quantities.get(f"tumor-to-normal ratio of {name}",
                                         quantities.get("tumor-to-normal ratio", 1.0))
    return found


def _normalCounts(given):
    """Counts of all perfused normal liver, ``None`` where a part has none."""
    counts = [item.get("counts") for item in given["compartments"] if item["role"] == NORMAL]
    return None if not counts or None in counts else math.fsum(counts)


def _groupNames(compartments):
    """Group -> (title, names of its compartments)."""
    byRole = {role: tuple(item["name"] for item in compartments if item["role"] == role)
              for role in (TUMOR, NORMAL, NOT_PERFUSED)}
    found = {"tumor": ("tumors", byRole[TUMOR]),
             "normalLiver": ("whole normal liver", byRole[NORMAL] + byRole[NOT_PERFUSED]),
             "perfusedNormalLiver": ("perfused normal liver", byRole[NORMAL]),
             "perfused": ("perfused volume", byRole[TUMOR] + byRole[NORMAL]), "lung": ("lungs", (LUNGS,))}
    return {key: (title, names) for key, (title, names) in found.items() if names}


def groupOf(plan, text, where):
    """The group or compartment that a text names.

    Returns
    -------
    (str, Coefficient or None)
        Title and absorbed dose per activity.

    Raises
    ------
    InputError
        Nothing of the plan is named so.
    """
    for item in plan.compartments:
        if item["name"] == text:
            return text, item["coefficient"]
    key = text if text in plan.groups else None
    if key is None:
        words = str(text).lower()
        tissue = {"liver": "normalLiver", "tumor": "tumor", "lung": "lung"}.get(tissueOf(text))
        key = tissue if "perfused" not in words else \
            "perfusedNormalLiver" if "normal" in words else "perfused"
    if key not in plan.groups:
        known = [item["name"] for item in plan.compartments] + list(plan.groups)
        raise InputError(f"'{text}' is not a compartment", where, f"Known are {', '.join(dict.fromkeys(known))}")
    return plan.groups[key].title, plan.groups[key].coefficient


def magnitudeWords(perfusedGy, activityMBq):
    """A word on an activity far below that of any treatment, by the mean absorbed dose of the perfused volume."""
    published = microspheres.table()["publishedPerfusedMean"]
    if perfusedGy is None or perfusedGy >= _LEAST_PART * published["least"]:
        return []
    likely = [f"in {unit} it would be {activityMBq * factor:.4g} MBq" for unit, factor in (("mCi", 37.0), ("GBq", 1e3))
              if published["least"] <= perfusedGy * factor <= published["largest"] / _LEAST_PART]
    return [f"The activity of {activityMBq:.4g} MBq gives the perfused volume {perfusedGy:.3g} Gy, far below the "
            f"{published['least']:g} to {published['largest']:g} Gy of published treatments: check its unit"
            + (f" ({'; '.join(likely)})." if likely else ".")]


def relativeActivityUncertainty(case):
    """As stated for the microspheres or for the administration, or ``None``."""
    own, ofAdministration = (case.microspheres.get("relativeActivityUncertainty"),
                             case.administeredActivityRelativeUncertainty)
    if None not in (own, ofAdministration) and not math.isclose(own, ofAdministration, rel_tol=1e-6):
        raise InputError(f"The uncertainty of the activity is stated twice, as {own:g} and as {ofAdministration:g} of "
                         "the activity", "microspheres.relativeActivityUncertainty",
                         "State it with the administration, or with the microspheres")
    return ofAdministration if own is None else own
