"""What the images of a study show: its own radionuclide, or another one whose images predict it (``prediction``)."""

from ..errors import InputError
from ..physics.nuclides import nuclide
from ..physics.predictedActivity import conversionFactor, decayRatio
from ..therapies import prediction
from ..therapies import registry as therapies
from . import protocol

# Beyond the first, noise and errors of the image grow so much that it is said; beyond the second, too much to predict.
FLAGGED_RATIO, LARGEST_RATIO = 10.0, 100.0
FACT = "predictedActivityFactor"
_STATEMENTS = "statements"
# What is measured of the therapy itself, or of the tracer: not known which, so not taken.
_MEASURED = "measurements."
_TAKEN = ("measurements.deliveryConfirmation",)


def statedPrediction(study):
    """The checked statement of what was imaged in place of the study's radionuclide, or ``None``."""
    entry = (study.choice(_STATEMENTS) or {}).get(prediction.KEY)
    if entry is None or not isinstance(entry.get("value"), dict):
        return None
    value = entry["value"]
    return prediction.check(value, prediction.KEY) if prediction.isImaged(value) else None


def imagedNuclide(study):
    """The radionuclide of the images."""
    stated = statedPrediction(study)
    return protocol.studyNuclide(study) if stated is None else nuclide(stated[prediction.RADIONUCLIDE])


def imagedActivityMBq(study):
    """Administered activity of what the images show, or ``None``."""
    stated = statedPrediction(study)
    return protocol.administeredActivityMBq(study) if stated is None else stated[prediction.ACTIVITY]


def imagedDateTime(study):
    """Date and time from which the scans count, or ``None``."""
    stated = statedPrediction(study)
    if stated is None:
        return protocol.administrationDateTime(study)
    text = stated.get(prediction.DATE_TIME)
    return protocol.parseDateTime(text, prediction.DATE_TIME) if text else None


def plannedActivityMBq(study):
    """The activity that a prediction is made for, and where it is from; 1 GBq where none is planned."""
    administration = study.choice("administration") or {}
    prescription = ((study.choice(_STATEMENTS) or {}).get("prescription") or {}).get("value") or {}
    for value, origin in ((administration.get("activityMBq"), "administration.activityMBq"),
                          (administration.get("prescribedActivityMBq"), "administration.prescribedActivityMBq"),
                          (prescription.get("activityPerCycleMBq"), "prescription.activityPerCycleMBq")):
        if value is not None:
            return float(value), origin
    return prediction.UNIT_ACTIVITY_MBQ, ""


def isActivityKnown(study):
    """Whether absorbed doses are those of an activity that is given or planned, and not of 1 GBq by prediction."""
    return statedPrediction(study) is None or bool(plannedActivityMBq(study)[1])


def basisActivityMBq(study):
    """The activity that the values of the regions are of: administered, or that of the prediction; or ``None``."""
    return protocol.administeredActivityMBq(study) if statedPrediction(study) is None else plannedActivityMBq(study)[0]


def inputs(study):
    """What images of another radionuclide depend on beside them, for the inputs of a stage; empty without any."""
    stated = statedPrediction(study)
    return {} if stated is None else {"prediction": {**stated, "activity": plannedActivityMBq(study)}}


def converted(study, timePoint, image):
    """An image in Bq/mL of the study's radionuclide, as it would be at the same time after its administration."""
    stated = statedPrediction(study)
    return image if stated is None else image.withArray(image.array * _row(study, stated, timePoint)["factor"])


def faults(study):
    """What stands against the prediction by the study's images; (what, how to mend) each."""
    stated, words = statedPrediction(study), []
    if stated is None:
        isStated = prediction.KEY in (study.choice(_STATEMENTS) or {})
        return [("Regions of images are compared with a prediction, and the study has no images",
                 f"Leave '{prediction.KEY}' out")] if isStated and protocol.studyStrategy(study) is not None \
            and not protocol.studyStrategy(study).usesImages else words
    name, strategy = stated[prediction.RADIONUCLIDE], protocol.studyStrategy(study)
    if name == study.choice("radionuclide"):
        words.append((f"The imaged radionuclide is that of the study, {name}: nothing is predicted",
                      f"Leave '{prediction.KEY}' out, or give the radionuclide of the therapy as that of the study"))
    if strategy is not None and prediction.KEY not in strategy.statements:
        able = [identifier for identifier in therapies.protocolIds()
                if prediction.KEY in therapies.strategy(identifier).statements]
        words.append((f"Protocol {study.choice('protocol')} makes no use of images of another radionuclide",
                      f"Take {', '.join(able)}, or a study without a protocol"))
    measured = sorted(key for key in study.choice(_STATEMENTS) or {} if key.startswith(_MEASURED) and key not in _TAKEN)
    if measured or ((study.choice("kinetics") or {}).get("hybrid")):
        what = " and ".join(measured) or "kinetics.hybrid"
        words.append((f"{what} is stated beside images of another radionuclide, and it is not known of which of the "
                      "two it is", "State it in a study of its own"))
    return words


def faultWords(study):
    """As :func:`faults`, one sentence each."""
    return [f"{what}. {mend}" for what, mend in faults(study)]


def requireUsable(study):
    """Every fault of the prediction at once.

    Raises
    ------
    InputError, FaultList
    """
    from ..errors import Faults

    found = Faults()
    for what, mend in faults(study):
        found.add(what, prediction.KEY, mend)
    found.raiseIfAny()


def settle(study, included):
    """What the images of another radionuclide become, kept as a fact of each time point; and warnings.

    Returns
    -------
    (dict or None, list of str)
        ``imagedRadionuclide``, ``imagedActivityMBq``, ``imagedDateTime``, ``radionuclide``, ``activityMBq`` that is
        predicted for, ``activityOrigin`` and ``isActivityPlanned``, ``timePoints``, ``assumption``, ``leavesOut``.

    Raises
    ------
    InputError, FaultList
        A prediction that cannot be made.
    """
    stated = statedPrediction(study)
    if stated is None:
        for timePoint in included:
            if timePoint.fact(FACT):
                timePoint.setFact(FACT, None, "", "user", "taken back")
        return None, []
    requireUsable(study)
    activityMBq, origin = plannedActivityMBq(study)
    rows, words = [], []
    imaged, own = stated[prediction.RADIONUCLIDE], protocol.studyNuclide(study).name
    amount = f"{activityMBq:.6g} MBq ({origin})" if origin else "1 GBq, for no activity is planned"
    for timePoint in included:
        row = _row(study, stated, timePoint)
        rows.append(row)
        timePoint.setFact(FACT, row["factor"], "1", "user",
                          f"{imaged} as imaged, {stated[prediction.ACTIVITY]:g} MBq, to {amount} of {own}: decay of "
                          f"both over {row['timeHours']:g} h and the ratio of the activities")
        if row["decayRatio"] > FLAGGED_RATIO:
            words.append(f"{timePoint.label}: {imaged} decayed {row['decayRatio']:.3g} times more than {own} does "
                         "until then. Noise, background and errors of scatter correction count that much more.")
    first = [f"Predicted, not measured: images of {imaged} stand for {own}, by the decay of both, for {amount}."]
    if not origin:
        first.append("No activity is planned: absorbed doses and time-integrated activities are those of 1 GBq, that "
                     "is coefficients, and BED is not computed.")
    first.append(f"The prediction leaves out: {prediction.LEAVES_OUT[0].lower()}{prediction.LEAVES_OUT[1:]}")
    return {**{key: stated.get(key) for key in prediction.IMAGED_KEYS}, "radionuclide": own, "activityMBq": activityMBq,
            "activityOrigin": origin or None, "isActivityPlanned": bool(origin), "timePoints": rows,
            "assumption": prediction.ASSUMPTION, "leavesOut": prediction.LEAVES_OUT}, first + words


def _row(study, stated, timePoint):
    imaged, own = nuclide(stated[prediction.RADIONUCLIDE]), protocol.studyNuclide(study)
    ratio = decayRatio(imaged, own, timePoint.timeHours)
    if ratio > LARGEST_RATIO:
        halfLives = timePoint.timeHours / imaged.halfLifeHours
        raise InputError(f"The image at {timePoint.timeHours:g} h is {halfLives:.3g} half-lives of {imaged.name} after "
                         f"its administration: {own.name} keeps {ratio:.3g} times more of its activity until then, too "
                         "much for a prediction", timePoint.label,
                         f"Exclude it, or use a tracer that lives longer (at most {LARGEST_RATIO:g} times)")
    return {"label": timePoint.label, "timeHours": timePoint.timeHours, "decayRatio": ratio,
            "factor": conversionFactor(imaged, own, timePoint.timeHours, stated[prediction.ACTIVITY],
                                       plannedActivityMBq(study)[0])}
