"""Images of one radionuclide that predict the absorbed doses of another, and what a therapy then gave beside them.

The key ``prediction`` of a study: what was imaged in place of the study's own radionuclide; or, in the study of the
therapy itself, the results that predicted it.
"""

import math
from datetime import datetime

from ..errors import Faults, InputError
from ..physics.nuclides import nuclide, nuclideNames
from .case import Table, TherapyResult
from .inputs import Field, Kind, number, refuseUnknown, registerKind
from .registry import Supplement, registerSupplement

KEY, RESULTS = "prediction", "results"
RADIONUCLIDE, ACTIVITY, DATE_TIME = "imagedRadionuclide", "imagedActivityMBq", "imagedDateTime"
# What a results file is replaced by once it is read.
PREDICTED, UNCERTAINTY, FILE = "predictedGyPerGBq", "predictedUncertaintyGyPerGBq", "resultsFile"
IMAGED_KEYS = (RADIONUCLIDE, ACTIVITY, DATE_TIME, "reason")
COMPARED_KEYS = (PREDICTED, UNCERTAINTY, FILE, RADIONUCLIDE)
LARGEST_ACTIVITY_MBQ = 1e6
# A measured coefficient further than this from the predicted one is worth a word.
UNUSUAL_RATIO = 1.5
ASSUMPTION = ("The pharmaceutical behaves alike with both radionuclides: the same fraction of the administered "
              "activity is in a region at the same time after administration, but for decay.")
LEAVES_OUT = ("Differences between the imaged and the given pharmaceutical: chelate and carrier, administered mass and "
              "saturation of receptors, free radionuclide, and changes of the patient between the two.")
# Values of 1 GBq where no activity is planned.
UNIT_ACTIVITY_MBQ = 1000.0


def check(value, where):
    """The key ``prediction``: what was imaged, or the results that predicted this study.

    Parameters
    ----------
    value : dict
        ``imagedRadionuclide``, ``imagedActivityMBq`` (net, at its administration), ``imagedDateTime`` (of its
        administration, where the times of the scans follow from dates) and ``reason``; or ``results``, a path; or what
        was read from it.

    Returns
    -------
    dict
        The same.
    """
    if isinstance(value, dict) and RESULTS in value:
        if set(value) != {RESULTS} or not (isinstance(value[RESULTS], str) and value[RESULTS].strip()):
            raise InputError("The results of the prediction are not named alone", where, 'Give {"results": a path}')
        return value
    if isinstance(value, dict) and PREDICTED in value:
        return _checkCompared(value, where)
    refuseUnknown(value, IMAGED_KEYS, where)
    faults, found = Faults(), {}
    with faults.collect():
        if value.get(RADIONUCLIDE) is None:
            raise InputError("The imaged radionuclide is missing", where, f"Give {RADIONUCLIDE}, e.g. I-124")
        found[RADIONUCLIDE] = nuclide(value[RADIONUCLIDE]).name
    with faults.collect():
        if value.get(ACTIVITY) is None:
            raise InputError("The administered activity of the imaged radionuclide is missing", where,
                             f"Give {ACTIVITY}, net, at its administration")
        found[ACTIVITY] = number(value[ACTIVITY], "administered activity of the imaged radionuclide (MBq)", where,
                                 low=0.0, isLowIncluded=False, high=LARGEST_ACTIVITY_MBQ, mend="Give it in MBq")
    if value.get(DATE_TIME) is not None:
        with faults.collect():
            try:
                datetime.fromisoformat(str(value[DATE_TIME]))
            except ValueError:
                raise InputError(f"'{value[DATE_TIME]}' is not a date and time", where,
                                 "Write e.g. 2026-05-04T10:00:00") from None
            found[DATE_TIME] = value[DATE_TIME]
    if value.get("reason") is not None:
        found["reason"] = str(value["reason"])
    faults.raiseIfAny()
    return found


def _checkCompared(value, where):
    refuseUnknown(value, COMPARED_KEYS, where)
    for key in (PREDICTED, UNCERTAINTY):
        rows = value.get(key) or {}
        if not isinstance(rows, dict) or (key == PREDICTED and not rows):
            raise InputError("The predicted values are not named by their regions", where, 'Give {"results": a path}')
        for name, item in rows.items():
            number(item, f"predicted value of {name} (Gy/GBq)", where, low=0.0)
    return value


def fromResults(content, radionuclide, name, where):
    """What a study of the therapy keeps of the results that predicted it.

    Parameters
    ----------
    content : dict
        Of results.json.
    radionuclide : str
        Of the therapy.
    name : str
        Of the file.

    Raises
    ------
    InputError
        Results that are no prediction, or one of another radionuclide.
    """
    made = content.get(KEY) or content.get("plannedActivity")
    if not made:
        raise InputError(f"{name} holds the results of a study that predicts nothing", where,
                         "Name the results of a study with the key 'prediction', or of a plan")
    if content["radionuclide"] != radionuclide:
        raise InputError(f"{name} predicts {content['radionuclide']}, the study is of {radionuclide}", where,
                         "Name the prediction of this therapy")
    values, spreads = {}, {}
    for region in content["regions"]:
        coefficient, dose = region.get("absorbedDoseCoefficientGyPerGBq"), region.get("absorbedDoseGy")
        if coefficient is None:
            continue
        values[region["name"]] = coefficient
        if region.get("absorbedDoseUncertaintyGy") is not None and dose:
            spreads[region["name"]] = coefficient * region["absorbedDoseUncertaintyGy"] / dose
    if not values:
        raise InputError(f"{name} holds no absorbed dose per activity", where, "Name other results")
    return {PREDICTED: values, UNCERTAINTY: spreads, FILE: name,
            **({RADIONUCLIDE: made[RADIONUCLIDE]} if made.get(RADIONUCLIDE) else {})}


def isImaged(value):
    """Whether a checked statement says what was imaged (and so makes a prediction)."""
    return bool(value) and RADIONUCLIDE in value and PREDICTED not in value


def evaluate(case):
    """What images predict, or how a therapy compares with what was predicted.

    Parameters
    ----------
    case : TherapyCase
        ``prediction`` with ``timePoints`` as the kinetics settled them, where images predict.

    Returns
    -------
    TherapyResult or None
    """
    if isImaged(case.prediction):
        return _predicted(case)
    return _compared(case) if case.prediction.get(PREDICTED) else None


def _predicted(case):
    stated = case.prediction
    rows = tuple((row["label"], row["timeHours"], row["decayRatio"], row["factor"])
                 for row in stated.get("timePoints") or ())
    table = Table(f"Predicted: {stated[RADIONUCLIDE]} as imaged to {case.radionuclide}",
                  ("Time point", "Time after administration (h)", "Ratio of the decays (1)",
                   f"Activity of {case.radionuclide} over that imaged (1)"), rows)
    return TherapyResult({"predictedFromRadionuclide": stated[RADIONUCLIDE],
                          "predictedForActivityMBq": case.predictedActivityMBq},
                         assumptions=(ASSUMPTION, f"Left out by the prediction: {LEAVES_OUT}"), tables=(table,))


def _compared(case):
    predicted, spreads = case.prediction[PREDICTED], case.prediction.get(UNCERTAINTY) or {}
    activityGBq, warnings, rows = case.administeredActivityGBq, [], []
    if activityGBq is None:
        return TherapyResult({"predictedAgainstMeasured": []}, (
            "The prediction is compared with nothing: no administered activity is stated.",))
    for region in case.regions:
        if region.name in predicted:
            rows.append(_row(region, predicted[region.name], spreads.get(region.name), activityGBq))
    measured = {region.name for region in case.regions}
    for words, names in (("no prediction of it", sorted(measured - set(predicted))),
                         ("predicted, and no region of this study", sorted(set(predicted) - measured))):
        if names:
            warnings.append(f"Prediction: {', '.join(names)}: {words}. Regions belong together by their names.")
    warnings += [f"{row['region']}: {row['measuredGyPerGBq']:.3g} Gy/GBq were measured and "
                 f"{row['predictedGyPerGBq']:.3g} Gy/GBq predicted, a ratio of {row['ratio']:.2f}."
                 for row in rows if row["ratio"] is not None
                 and not 1.0 / UNUSUAL_RATIO <= row["ratio"] <= UNUSUAL_RATIO]
    of = case.prediction.get(RADIONUCLIDE)
    table = Table("Measured against predicted" + (f" by {of}" if of else ""),
                  ("Region", "Predicted (Gy/GBq)", "u, k = 1, predicted (Gy/GBq)", "Measured (Gy/GBq)",
                   "u, k = 1, measured (Gy/GBq)", "Measured over predicted (1)", "u, k = 1, of it (1)"),
                  tuple(tuple(row.values()) for row in rows), str(case.prediction.get(FILE) or ""))
    return TherapyResult({"predictedAgainstMeasured": rows}, tuple(warnings), (
        "The uncertainty of measured over predicted takes the two as independent; errors that they share, such as that "
        "of the volume, are smaller in the ratio.",), (table,))


def _row(region, predicted, spread, activityGBq):
    measured = region.absorbedDoseGy / activityGBq
    own = None if region.absorbedDoseUncertaintyGy is None else region.absorbedDoseUncertaintyGy / activityGBq
    ratio = measured / predicted if predicted > 0 else None
    isKnown = ratio is not None and None not in (spread, own) and measured > 0
    return {"region": region.name, "predictedGyPerGBq": predicted, "predictedUncertaintyGyPerGBq": spread,
            "measuredGyPerGBq": measured, "measuredUncertaintyGyPerGBq": own, "ratio": ratio,
            "ratioUncertainty": ratio * math.hypot(spread / predicted, own / measured) if isKnown else None}


registerKind(Kind(KEY, "Prediction by images of another radionuclide", check, fields=(
    Field(RADIONUCLIDE, "Imaged radionuclide", "choice", tuple((name, name) for name in nuclideNames()),
          tip="In place of the radionuclide of the study, which is that of the therapy", isRequired=True),
    Field(ACTIVITY, "Its administered activity (MBq)", tip="Net, at its administration", isRequired=True),
    Field(DATE_TIME, "Its administration", "text", tip="Date and time, 2026-05-04T10:00:00; the scans count from it"),
    Field("reason", "Remark", "text"),
    Field(RESULTS, "Results that predicted this study", "text",
          tip="In place of the above, in the study of the therapy: results.json of the prediction"))))
registerSupplement(Supplement(KEY, (KEY,), evaluate))
