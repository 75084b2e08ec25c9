"""131I for benign thyroid disease: activity for a wanted absorbed dose from one late uptake, or from several.

Strategies are derived from the EANM enabling guide (Gear et al., Eur J Nucl Med Mol Imaging 2023;50:1861-1868) and the
EANM standard operational procedure (Haenscheid et al., Eur J Nucl Med Mol Imaging 2013;40:1126-1134). No effective
half-life of a population is shipped: one is stated with its source, or the form without a half-life is used.
"""

import functools

from ..errors import InputError
from ..physics.nuclides import nuclide
from ..physics.thyroidKinetics import fitUptakes
from ..physics.thyroidLateUptake import lateUptake, lateUptakeWithoutHalfLife
from ..physics.units import HOURS_PER_DAY
from ..resources import dataPath, loadJSON
from .prescription import ABSORBED_DOSE
from .registry import Strategy, Therapy, registerTherapy
from .thyroidPoints import IODINE, statedHalfLife, statedPool, targetMass, uptakePoints
from .thyroidResult import thyroidResult
from .thyroidStatements import PROBE, UPTAKE, VERIFICATION

STATEMENTS = ("thyroid", f"measurements.{UPTAKE}", f"measurements.{PROBE}", "prescription",
              f"measurements.{VERIFICATION}")
LATE, MULTIPLE = "lateUptake", "multipleUptakes"
USED_OF_PRESCRIPTION = ("absorbedDoseGy", "quantity", "region", "tissue")
# Without a half-life the uptake has to lie within this window of the table.
WIDEST = "lateWindowWithoutHalfLifeDays"
# An effective half-life needs points this far apart, in hours.
LEAST_SPAN_HOURS = 48.0


def timing():
    """Recommended times of the uptakes (``data/thyroidIodine.json``)."""
    return loadJSON(dataPath("thyroidIodine.json"))["timing"]


def missing(case, strategy):
    """What the user still has to give, in the user's words."""
    words = []
    if not {"massG", "volumeML", "target"} & set(case.thyroid):
        words.append("State the mass of the target, its volume, or the axes of lobes or nodule by ultrasound")
    elif "target" in case.thyroid and not any(
            key in case.thyroid for key in ("massG", "volumeML", "leftLobeLengthMM", "rightLobeLengthMM",
                                            "noduleLengthMM")):
        words.append("State the mass of the target, its volume or its axes")
    rows = case.measurements.get(UPTAKE) or []
    if not rows:
        words.append("State the uptake of the thyroid, measured at "
                     + ("5 to 8 days" if strategy == LATE else "4 to 6 h, 1 to 2 days and 5 to 8 days"))
    elif strategy == MULTIPLE and len(rows) < 2:
        words.append("Add an uptake: several uptakes are at least two, better three; for a single one choose the "
                     "protocol of one late uptake")
    elif strategy == LATE and not _isLate(rows[-1]["timeHours"], WIDEST) and statedHalfLife(case.thyroid) is None:
        words.append(f"State the effective half-life with its source: without one the uptake has to be a late one, and "
                     f"{rows[-1]['timeHours']:g} h is not within {_window(WIDEST)}")
    if "absorbedDoseGy" not in case.prescription and case.administeredActivityMBq is None:
        words.append("State the wanted absorbed dose (prescription.absorbedDoseGy), or the administered activity")
    if case.measurements.get(VERIFICATION) and case.administeredActivityMBq is None:
        words.append("State the administered activity: the uptakes after therapy need it")
    return words


def evaluate(case, strategy):
    """Activity for the wanted absorbed dose, with its uncertainty, and the absorbed dose that was achieved.

    Parameters
    ----------
    case : TherapyCase
    strategy : {"lateUptake", "multipleUptakes"}

    Returns
    -------
    TherapyResult

    Raises
    ------
    InputError
        Something is missing or cannot be used.
    CalculationError
        The uptakes do not determine the fit.
    """
    lacking = missing(case, strategy)
    if lacking:
        raise InputError(lacking[0], f"protocol thyroidIodine.{strategy}", "; ".join(lacking[1:]))
    if case.prescription.get("quantity", ABSORBED_DOSE) != ABSORBED_DOSE:
        raise InputError("A BED is wanted, but the activity is computed for an absorbed dose", "prescription.quantity",
                         f"Set it to '{ABSORBED_DOSE}', or leave it out")
    points = uptakePoints(case)
    integral = _late(points, case.thyroid) if strategy == LATE else _multiple(points, case.thyroid)
    warnings = list(points.warnings) + _warningsOfTimes(points, strategy)
    unused = sorted(key for key, value in case.prescription.items() if key not in USED_OF_PRESCRIPTION and value)
    if unused:
        warnings.append(f"This protocol makes no use of what the prescription states as {' and '.join(unused)}.")
    for prefix, title in (("effectiveHalfLife", "thyroid"), ("poolHalfLife", "iodide pool")):
        isStated = any(key.startswith(prefix) for key in case.thyroid)
        if isStated and not case.thyroid.get(f"{prefix}Source"):
            warnings.append(f"The stated effective half-life of the {title} has no source.")
    achieved = None
    if case.measurements.get(VERIFICATION):
        afterwards = uptakePoints(case, VERIFICATION)
        achieved = (afterwards, _verification(afterwards, case.thyroid, integral))
    return thyroidResult(case, points, integral, targetMass(case.thyroid), achieved, warnings)


def _physicalRate():
    return nuclide(IODINE).decayConstantPerHour


def _late(points, thyroid):
    time, fraction = points.timesHours[-1], points.fractions[-1]
    uncertainty = None if points.uncertainties is None else points.uncertainties[-1]
    halfLife = statedHalfLife(thyroid)
    if halfLife is None:
        return lateUptakeWithoutHalfLife(time, fraction, uncertainty, _halfLifeRange())
    return lateUptake(time, fraction, uncertainty, _physicalRate(), halfLife, statedPool(thyroid))


def _multiple(points, thyroid):
    return fitUptakes(points.timesHours, points.fractions, points.uncertainties, _physicalRate(),
                      statedHalfLife(thyroid), statedPool(thyroid))


def _verification(points, thyroid, planned):
    """Integral of the uptake after therapy; what it does not show is as found before therapy, or as stated."""
    thyroid, source = dict(thyroid), "as measured before therapy"
    for prefix, unit, isMeasured, hours, spread, factor in (
            ("effectiveHalfLife", "Days", planned.isHalfLifeMeasured, planned.effectiveHalfLifeHours,
             planned.effectiveHalfLifeUncertaintyHours, 1.0 / HOURS_PER_DAY),
            ("poolHalfLife", "Hours", planned.isPoolMeasured, planned.poolHalfLifeHours,
             planned.poolHalfLifeUncertaintyHours, 1.0)):
        if isMeasured and (len(points.timesHours) == 1 or prefix == "poolHalfLife"):
            thyroid |= {f"{prefix}{unit}": hours * factor, f"{prefix}Source": source,
                        f"{prefix}Uncertainty{unit}": None if spread is None else spread * factor}
    if len(points.timesHours) > 1:
        return _multiple(points, thyroid)
    if "effectiveHalfLifeDays" not in thyroid and not _isLate(points.timesHours[-1], WIDEST):
        raise InputError(f"The single uptake after therapy, at {points.timesHours[-1]:g} h, is not within "
                         f"{_window(WIDEST)}, and no effective half-life is stated", f"measurements.{VERIFICATION}",
                         "State an effective half-life with its source, or add an uptake")
    return _late(points, thyroid)


def _halfLifeRange():
    entry = timing()["halfLifeRangeDays"]
    return entry["least"] * HOURS_PER_DAY, entry["largest"] * HOURS_PER_DAY


def _isLate(timeHours, window="lateWindowDays"):
    entry = timing()[window]
    return entry["least"] <= timeHours / HOURS_PER_DAY <= entry["largest"]


def _window(name="lateWindowDays"):
    entry = timing()[name]
    return f"{entry['least']:g} to {entry['largest']:g} days after administration"


def _warningsOfTimes(points, strategy):
    times, words = points.timesHours, []
    if not _isLate(times[-1]):
        words.append(f"The latest uptake, at {times[-1]:g} h, is not within {_window()}: the integral depends more on "
                     "the effective half-life.")
    if strategy == LATE and len(times) > 1:
        words.append(f"{len(times)} uptakes are given; this protocol uses the latest alone. Choose the protocol of "
                     "several uptakes to use them all.")
    if strategy == MULTIPLE:
        if times[-1] - times[0] < LEAST_SPAN_HOURS:
            words.append(f"The uptakes span {times[-1] - times[0]:g} h: too little for a sure effective half-life.")
        if len(times) < 3:
            words.append("Two uptakes alone: nothing shows whether the model fits.")
    return words


def _strategy(identifier, title):
    return Strategy(identifier, title, minimumTimePoints=0, defaultModel=None, statements=STATEMENTS,
                    missing=functools.partial(missing, strategy=identifier),
                    evaluate=functools.partial(evaluate, strategy=identifier), usesImages=False)


THERAPY = Therapy(
    id="thyroidIodine",
    title="131I, benign thyroid disease",
    radionuclides=(IODINE,),
    strategies=(
        _strategy(LATE, "One late uptake"),
        _strategy(MULTIPLE, "Several uptakes"),
    ),
    tissuesWanted=("thyroid",),
)

registerTherapy(THERAPY)
