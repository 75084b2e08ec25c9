"""131I-mIBG for neuroblastoma and other neuroendocrine tumors: whole body by an external monitor, and a next activity.

The first administration is measured; the second brings the whole-body absorbed dose to a wanted total (Buckley et al.,
J Nucl Med 2009;50:1518-1524; EANM standard operational procedure, PMC7060302). Strategies are derived from the EANM
enabling guide (Gear et al., Eur J Nucl Med Mol Imaging 2023;50:1861-1868).
"""

import functools

from ..errors import InputError
from ..numberText import plusMinus, significant
from ..physics.bodyConstants import constants, originOf, sourceWords
from ..physics.wholeBodyDose import nextActivityMBq
from . import cohorts, cycles, prescription  # noqa: F401 - which register the kinds of their statements
from .bloodAndMarrow import WHOLE_BODY_GY, WHOLE_BODY_H, cohortValues, parts
from .bloodPart import bloodLimit
from .bloodStatements import BLOOD, COUNTER, S_VALUES, SAMPLES
from .bodyStatements import MONITOR, WHOLE_BODY
from .case import Table, TherapyResult
from .prescription import ABSORBED_DOSE, limitTitle
from .registry import Strategy, Therapy, registerTherapy
from .tissues import tissueOf

WHOLE_BODY_ALONE, WITH_SPECT = "wholeBody", "wholeBodyAndSpect"
WANTED, PLAIN = "wholeBodyAbsorbedDoseGy", "absorbedDoseGy"
# What of a prescription is used; limits are those of the whole body, and of blood for its largest activity.
_USED = (WANTED, PLAIN, "quantity", "region", "tissue", "limits")
STATEMENTS = ("patient", f"measurements.{WHOLE_BODY}", f"measurements.{MONITOR}", "prescription", "earlierCycles",
              f"measurements.{BLOOD}", f"measurements.{COUNTER}", f"measurements.{SAMPLES}", f"measurements.{S_VALUES}",
              f"measurements.{cohorts.CONFIRMATION}")
_MBQ_PER = {"mCi": 37.0, "GBq": 1000.0}
# Activities per body mass below this part of the least published one are no therapy.
_LEAST_PART = 1.0 / 3.0


def missing(case):
    """What the user still has to give, in the user's words."""
    words = []
    if case.administeredActivityMBq is None:
        words.append("State the administered activity")
    if case.patient.get("massKg") is None:
        words.append("State the body mass of the patient: the whole-body S value depends on it")
    if not case.measurements.get(WHOLE_BODY):
        words.append("State the whole-body readings, the first one before the patient voids")
    return words


def evaluate(case, strategy):
    """Whole-body absorbed dose, and the next activity where a total is wanted.

    Parameters
    ----------
    case : TherapyCase
        ``prescription`` may hold ``wholeBodyAbsorbedDoseGy``, the wanted total of all administrations; or the same as
        ``absorbedDoseGy``, without region and tissue or with those of the whole body.
    strategy : {"wholeBody", "wholeBodyAndSpect"}

    Returns
    -------
    TherapyResult

    Raises
    ------
    InputError, FaultList
        Something is missing or cannot be used.
    """
    lacking = missing(case)
    if lacking:
        raise InputError(lacking[0], f"protocol iodineMibg.{strategy}", "; ".join(lacking[1:]))
    massWarnings = _checkActivity(case) + _unusedWords(case)
    result = parts(case, *bloodLimit(case))
    compared = cohorts.evaluate(case, cohortValues(result.values, (WHOLE_BODY_H, WHOLE_BODY_GY)))
    result = result.joinedWith(_next(case, result.values)).joinedWith(_byMass(case, massWarnings)).joinedWith(compared)
    return result.joinedWith(_images(case)) if strategy == WITH_SPECT else result


def _checkActivity(case):
    """Refuse an activity that is one of another unit; words on one outside of what was published."""
    record, massKg, activity = constants("mibgActivityPerMass"), case.patient["massKg"], case.administeredActivityMBq
    perKg = activity / massKg
    if record["least"] <= perKg <= record["largest"]:
        return []
    if perKg < _LEAST_PART * record["least"]:
        for unit, factor in _MBQ_PER.items():
            if record["least"] <= perKg * factor <= record["largest"]:
                raise InputError(
                    f"The administered activity of {activity:g} MBq is {perKg:.3g} MBq per kg of body mass, far below "
                    f"any therapy with 131I-mIBG", "administration.activityMBq",
                    f"It looks like {unit}: {activity:g} {unit} are {activity * factor:g} MBq")
    return [f"The administered activity is {perKg:.4g} MBq/kg, outside of the {record['least']:g} to "
            f"{record['largest']:g} MBq/kg that 42 patients received (Matthay et al. 2001): check activity and body "
            "mass."]


def _isBody(entry):
    """Whether what a prescription or a limit names is the whole body; so it is where it names nothing."""
    return entry.get("tissue") == "body" if "tissue" in entry else tissueOf(entry.get("region", "body")) == "body"


def _bodyLimits(case):
    return [limit for limit in case.prescription.get("limits") or ()
            if _isBody(limit) and limit["quantity"] == ABSORBED_DOSE]


def _wantedTotal(case):
    """The wanted total of the whole body in Gy, or ``None``; not above its limits."""
    stated = case.prescription
    plain = stated.get(PLAIN) if _isBody(stated) else None
    if plain is not None and stated.get("quantity", ABSORBED_DOSE) != ABSORBED_DOSE:
        raise InputError("A BED of the whole body is wanted, but the activity is computed for an absorbed dose",
                         "prescription.quantity", f"Set it to '{ABSORBED_DOSE}', or leave it out")
    if plain is not None and stated.get(WANTED, plain) != plain:
        raise InputError(f"Two totals of the whole body are wanted, {stated[WANTED]:g} Gy and {plain:g} Gy",
                         "prescription", f"Give {WANTED} alone")
    totals = [value for value in (stated.get(WANTED, plain), *(item["valueGy"] for item in _bodyLimits(case)))
              if value is not None]
    return min(totals, default=None)


def _unusedWords(case):
    """What of the prescription this therapy makes no use of, in words: nothing is lost in silence."""
    stated = case.prescription
    unused = [key for key in stated if key not in _USED and stated[key]]
    if stated.get(PLAIN) is not None and not _isBody(stated):
        unused.append(f"a wanted absorbed dose of {stated.get('region') or stated.get('tissue')}")
    used = [*_bodyLimits(case), *(limit for limit in stated.get("limits") or () if limit.get("tissue") == "blood"
                                  and limit["quantity"] == ABSORBED_DOSE)]
    unused += [f"the limit {limitTitle(limit)}" for limit in stated.get("limits") or () if limit not in used]
    return [f"This protocol makes no use of what the prescription states as {' and '.join(unused)}."] if unused else []


def _next(case, values):
    """The next activity to the wanted total, with what stands against it."""
    wanted, dose = _wantedTotal(case), values["wholeBodyAbsorbedDoseGy"]
    found = {"wholeBodyWantedTotalGy": wanted, "wholeBodyAbsorbedDoseOfEarlierCyclesGy": None, "nextActivityMBq": None,
             "nextActivityUncertaintyMBq": None}
    earlierGy, without = _earlier(case)
    if without:
        return TherapyResult(found, (
            f"No whole-body absorbed dose is stated for {without}: neither the total nor a next activity is computed. "
            "Give it in earlierCycles, as a region named 'whole body'.",))
    found["wholeBodyAbsorbedDoseOfEarlierCyclesGy"] = earlierGy
    total = earlierGy + dose
    found["wholeBodyTotalAbsorbedDoseGy"] = total
    warnings = _passedLimits(total)
    if wanted is None:
        return TherapyResult(found, (*warnings, "No total of the whole-body absorbed dose is prescribed "
                                     f"(prescription.{PLAIN}): a next activity is not computed."))
    if total >= wanted:
        return TherapyResult(found, (*warnings,
                                     f"The wanted total of {wanted:g} Gy is already reached with {total:.4g} Gy: no "
                                     "next activity follows from it."))
    activity, spread = nextActivityMBq(case.administeredActivityMBq, dose, wanted,
                                       values["wholeBodyAbsorbedDoseUncertaintyGy"], earlierGy,
                                       case.administeredActivityRelativeUncertainty or 0.0)
    found |= {"nextActivityMBq": activity, "nextActivityUncertaintyMBq": spread}
    words = f"{significant(activity)} MBq" if spread is None else f"{plusMinus(activity, spread)} MBq (k = 1)"
    return TherapyResult(found, tuple(warnings), (
        "The next administration has the kinetics of the measured one: same retention per activity, same body mass.",),
        recommendation=f"A next administration of {words} would bring the whole-body absorbed dose from "
                       f"{significant(total)} Gy to the wanted total of {wanted:g} Gy.")


def _earlier(case):
    """Whole-body absorbed dose of earlier cycles in Gy, and the name of a cycle for which none is stated."""
    total = 0.0
    for position, cycle in enumerate(case.earlierCycles, 1):
        regions = cycle.get("regions") or {}
        found = [values["absorbedDoseGy"] for name, values in regions.items()
                 if (values.get("tissue") or tissueOf(name)) == "body"]
        if len(found) != 1:
            return None, f"cycle {cycle.get('cycle') or position}"
        total += found[0]
    return total, ""


def _passedLimits(totalGy):
    return [f"The whole-body absorbed dose of {totalGy:.3g} Gy is above {limit.value:g} Gy, {limit.scope} "
            f"({sourceWords(limit.source, limit.isVerified)})."
            for limit in THERAPY.limitsFor("body") if totalGy > limit.value]


def _byMass(case, warnings):
    record, massKg = constants("mibgActivityPerMass"), case.patient["massKg"]
    table = Table("Activity by body mass, as published: shown, not applied",
                  ("First administration (MBq/kg)", "For this body mass (MBq)", "Administered (MBq/kg)"),
                  ((record["value"], record["value"] * massKg, case.administeredActivityMBq / massKg),),
                  originOf(record))
    return TherapyResult({"administeredActivityPerMassMBqPerKg": case.administeredActivityMBq / massKg},
                         tuple(warnings), tables=(table,))


def _images(case):
    """Regions of the SPECT images beside the whole body."""
    if not case.regions:
        return TherapyResult({}, ("No absorbed doses of lesions and organs: there are no regions of SPECT images.",))
    activity = case.administeredActivityGBq
    rows = tuple((region.name, region.tissue, region.massG, region.absorbedDoseGy, region.absorbedDoseUncertaintyGy,
                  region.absorbedDoseGy / activity) for region in case.regions)
    lesions = {region.name: region.absorbedDoseGy for region in case.regions if region.tissue == "tumor"}
    return TherapyResult(
        {"tumorAbsorbedDosesGy": lesions},
        () if lesions else ("No region is named as a lesion or tumor.",),
        ("Lesions and organs are from SPECT images, the whole body from the external monitor: they are independent of "
         "each other.",),
        (Table("Lesions and organs by SPECT", ("Region", "Tissue", "Mass (g)", "Absorbed dose (Gy)",
                                               "Standard uncertainty (Gy)", "Per activity (Gy/GBq)"), rows),))


THERAPY = Therapy(
    id="iodineMibg",
    title="131I-mIBG, neuroblastoma and neuroendocrine tumors",
    radionuclides=("I-131",),
    strategies=(
        Strategy(WHOLE_BODY_ALONE, "Whole body by an external monitor", minimumTimePoints=0, defaultModel=None,
                 statements=STATEMENTS, missing=missing, usesImages=False,
                 evaluate=functools.partial(evaluate, strategy=WHOLE_BODY_ALONE)),
        Strategy(WITH_SPECT, "Whole body by an external monitor, lesions and organs by SPECT", minimumTimePoints=1,
                 defaultModel="auto", statements=STATEMENTS, missing=missing,
                 evaluate=functools.partial(evaluate, strategy=WITH_SPECT)),
    ),
    tissuesWanted=("tumor", "liver", "marrow"),
)

registerTherapy(THERAPY)
