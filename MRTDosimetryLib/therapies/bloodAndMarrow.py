"""Whole body, blood and red marrow of any therapy, wherever a study states their measurements."""

from ..physics.cohorts import ABSORBED_DOSE, COEFFICIENT, TIA_COEFFICIENT
from .bloodPart import bloodLimit, bloodPart, isStated
from .bloodStatements import BLOOD, COUNTER, S_VALUES, SAMPLES
from .bodyStatements import MONITOR, WHOLE_BODY
from .marrowPart import marrowPart
from .registry import Supplement, registerSupplement
from .wholeBodyPart import wholeBody

# Kinds of statements that are taken, in the order in which they are asked for.
STATEMENTS = tuple(f"measurements.{name}" for name in (BLOOD, COUNTER, SAMPLES, WHOLE_BODY, MONITOR, S_VALUES))
# Therapies whose own calculation holds these parts already.
OWN_THERAPIES = ("iodineMibg", "thyroidCancerIodine")
WHOLE_BODY_H, WHOLE_BODY_GY = "wholeBodyTimeIntegratedActivityCoefficientH", "wholeBodyAbsorbedDoseGy"
MARROW_COEFFICIENT = "marrowBloodBasedAbsorbedDoseCoefficientGyPerGBq"
BLOOD_COEFFICIENT = "bloodAbsorbedDoseCoefficientGyPerGBq"
COMPARED = {WHOLE_BODY_H: (TIA_COEFFICIENT, "body", "whole body", ("wholeBody",)),
            WHOLE_BODY_GY: (ABSORBED_DOSE, "body", "whole body", ("wholeBody",)),
            BLOOD_COEFFICIENT: (COEFFICIENT, "blood", "blood", ("blood",)),
            MARROW_COEFFICIENT: (COEFFICIENT, "marrow", "red marrow (blood-based)", ("blood",))}


def evaluate(case):
    """Whole body, blood and red marrow of a case, as far as they were measured.

    Parameters
    ----------
    case : TherapyCase

    Returns
    -------
    TherapyResult or None
        ``None`` where nothing of them is stated, and where the therapy of the protocol computes them itself.
    """
    if (case.protocolId or "").partition(".")[0] in OWN_THERAPIES:
        return None
    return parts(case, *bloodLimit(case))


def parts(case, limitGy=None, limitSource=""):
    """As :func:`evaluate`, for any protocol.

    Parameters
    ----------
    limitGy : float or None
        Limit of the absorbed dose of blood, for the largest activity.
    """
    body, result = None, None
    if case.measurements.get(WHOLE_BODY):
        body, result = wholeBody(case)
    if isStated(case):
        found, bloodResult = bloodPart(case, body, limitGy, limitSource)
        bloodResult = bloodResult.joinedWith(marrowPart(case, found, body))
        result = bloodResult if result is None else result.joinedWith(bloodResult)
    return result


def cohortValues(values, names):
    """What of the values of :func:`parts` is compared with published cohorts, for :func:`.cohorts.evaluate`.

    Parameters
    ----------
    values : dict
    names : sequence of str
        Keys of ``values``, of :data:`COMPARED`. A whole body is compared with whole-body measurements, blood with blood
        samples.
    """
    return [(quantity, tissue, values[key], name, measuredBy)
            for key, (quantity, tissue, name, measuredBy) in COMPARED.items()
            if key in names and values.get(key) is not None]


registerSupplement(Supplement("bloodAndMarrow", STATEMENTS, evaluate))
