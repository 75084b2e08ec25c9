"""Planar series: the course in time alone, scaled by one SPECT/CT (hybrid dosimetry), or activities of their own."""

import dataclasses
import math

import numpy as np

from ...errors import InputError
from .exponentialFit import exponentialModel
from .intervals import interval95
from .selection import AUTO, fit

# A SPECT/CT on the day of the first or last planar image may lie a little beside them.
_BESIDE = 1.2


def fitHybrid(planarCurve, spectTimeHours, spectActivityMBq, decayConstantPerHour, spectUncertaintyMBq=None,
              model=AUTO, options=None):
    """Fit a planar series and scale it so that it passes through the activity of one SPECT/CT.

    The planar values count only relative to each other (their calibration, scatter and attenuation cancel as long as
    they do not change between the scans). Time-integrated activity = A_SPECT x area / f(t_SPECT) of the planar fit f;
    u^2 holds the covariance of the planar fit's parameters in the ratio area / f and the uncertainty of A_SPECT.

    Parameters
    ----------
    planarCurve : TimeActivityCurve
        In MBq or any other unit of activity.
    spectTimeHours, spectActivityMBq : float
        Time after administration and activity of the SPECT/CT.
    decayConstantPerHour : float
    spectUncertaintyMBq : float, optional
        k = 1.
    model, options
        As in :func:`~.selection.fit`; of an automatic average, the best model is used.

    Returns
    -------
    FitResult
        In MBq. ``scanTimeSensitivityPerHour`` is that to the time of the SPECT/CT.

    Raises
    ------
    InputError, CalculationError
    """
    for name, value in (("time", spectTimeHours), ("activity", spectActivityMBq),
                        *((("uncertainty", spectUncertaintyMBq),) if spectUncertaintyMBq is not None else ())):
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
            raise InputError(f"The {name} of the SPECT/CT, {value!r}, is not a number above zero", "hybrid scaling")
    result = _fitOneModel(planarCurve, decayConstantPerHour, model, options)
    time = np.array([float(spectTimeHours)])
    level = float(result.activityMBq(time)[0])
    if not level > 0:
        raise InputError("The fitted planar series has no activity at the time of the SPECT/CT", "hybrid scaling",
                         "Check the times")
    factor = spectActivityMBq / level
    area = factor * result.timeIntegratedActivityMBqH
    warnings, uncertainty = list(result.warnings), None
    relative = _relativeRatioUncertainty(result, time, level, decayConstantPerHour)
    relativeSpect = None if spectUncertaintyMBq is None else spectUncertaintyMBq / spectActivityMBq
    if relative is None or relativeSpect is None:
        missing = "planar fit" if relative is None else "SPECT/CT activity"
        warnings.append(f"The uncertainty is not computed: that of the {missing} is not known.")
    else:
        uncertainty = area * math.hypot(relative, relativeSpect)
    first, last = float(planarCurve.timesHours[0]), float(planarCurve.timesHours[-1])
    if not first / _BESIDE <= spectTimeHours <= last * _BESIDE:
        warnings.append(f"The SPECT/CT at {spectTimeHours:g} h lies beyond the planar series ({first:g} to {last:g} "
                        "h): the scaling rests on its extrapolated curve.")
    degrees = result.degreesOfFreedom if result.covarianceKind == "scaled" else None
    step = 1e-4
    slope = float(np.log(result.activityMBq(time + step)[0]) - np.log(result.activityMBq(time - step)[0])) / (2 * step)
    evaluate, sigmas = result.evaluate, result.activityUncertaintiesMBq
    return dataclasses.replace(
        result, title=f"{result.title}, planar series scaled by one SPECT/CT",
        parameters=_scaledParameters(result, factor), covariance=_scaledCovariance(result, factor),
        timeIntegratedActivityMBqH=area, timeIntegratedActivityUncertaintyMBqH=uncertainty,
        timeIntegratedActivityInterval95MBqH=interval95(area, uncertainty, degrees),
        residualsMBq=[factor * value for value in result.residualsMBq],
        activityUncertaintiesMBq=None if sigmas is None else [factor * value for value in sigmas],
        absorbedDoseRateShape=_scaledShape(result, factor), piecewiseShape=_scaledPieces(result, factor),
        evaluate=lambda timesHours: factor * evaluate(timesHours),
        **_curveSpread(result, time, factor, relativeSpect, decayConstantPerHour), scanTimeSensitivityPerHour=[-slope],
        warnings=warnings, assumptions=[
            *result.assumptions,
            f"The planar series gives the course in time alone; it is scaled by {factor:.4g} to the SPECT/CT at "
            f"{spectTimeHours:g} h. Overlap and background are taken as the same share of the planar activity at all "
            "times."])


def fitAbsolute(planarCurve, decayConstantPerHour, commonRelativeUncertainty=0.0, model=AUTO, options=None):
    """Fit a planar series of activities, whose uncertainties have a part in common.

    Parameters
    ----------
    planarCurve : TimeActivityCurve
        In MBq, with the uncertainties of each point alone.
    decayConstantPerHour : float
    commonRelativeUncertainty : float
        Relative standard uncertainty (k = 1) of all points together (sensitivity, attenuation): more points do not make
        it smaller.
    model, options
        As in :func:`~.selection.fit`; of an automatic average, the best model is used.

    Returns
    -------
    FitResult

    Raises
    ------
    InputError, CalculationError
    """
    result, common = _fitOneModel(planarCurve, decayConstantPerHour, model, options), float(commonRelativeUncertainty)
    area, own = result.timeIntegratedActivityMBqH, result.timeIntegratedActivityUncertaintyMBqH
    uncertainty = None if own is None else math.hypot(own, common * area)
    degrees = result.degreesOfFreedom if result.covarianceKind == "scaled" else None
    evaluate, errors = result.evaluate, result.standardErrors

    def standardErrors(timesHours):
        return np.hypot(errors(timesHours), common * np.asarray(evaluate(timesHours)))

    return dataclasses.replace(
        result, title=f"{result.title}, planar activities", timeIntegratedActivityUncertaintyMBqH=uncertainty,
        timeIntegratedActivityInterval95MBqH=interval95(area, uncertainty, degrees),
        standardErrors=None if errors is None else standardErrors, assumptions=[
            *result.assumptions, f"Activities of the planar views as they are; {common:.2%} (k = 1) of their "
            "uncertainty is common to all of them."])


def _fitOneModel(planarCurve, decayConstantPerHour, model, options):
    """The best single model, with all candidates."""
    result = fit(planarCurve, decayConstantPerHour, model, options=options)
    if result.modelAverage is None:
        return result
    candidates = result.candidates
    result = fit(planarCurve, decayConstantPerHour, result.model, options=options)
    result.candidates = candidates
    return result


def _planarParameters(result):
    """Model, amplitudes, rates and their covariance of the planar fit, or ``None`` without them."""
    model = exponentialModel(result.model)
    if model is None or model.reported is not None or result.covariance is None:
        return None
    inner = [*model.amplitudes, *model.rates]
    values = np.array([result.parameters[name].value for name in inner])
    order = [result.parameterNames.index(name) for name in inner]
    count = len(model.amplitudes)
    return model, values[:count], values[count:], np.array(result.covariance)[np.ix_(order, order)]


def _relativeRatioUncertainty(result, time, level, physicalRate):
    """Relative standard uncertainty of area / f(t), by the covariance of the parameters, or ``None``."""
    planar = _planarParameters(result)
    if planar is None:
        return None
    model, amplitudes, rates, covariance = planar
    gradient = (model.areaGradient(amplitudes, rates, physicalRate) / result.timeIntegratedActivityMBqH
                - model.jacobian(time, amplitudes, rates, physicalRate)[0] / level)
    return math.sqrt(max(float(gradient @ covariance @ gradient), 0.0))


def _curveSpread(result, time, factor, relativeSpect, physicalRate):
    """Standard error of the scaled curve: of f(t) / f(t_SPECT) and, everywhere the same share, of the SPECT/CT."""
    planar = _planarParameters(result)
    if planar is None or relativeSpect is None:
        missing = "planar fit" if planar is None else "SPECT/CT activity"
        return {"standardErrors": None, "band": None, "bandReason": f"The uncertainty of the {missing} is not known."}
    model, amplitudes, rates, covariance = planar
    level = result.activityMBq(time)[0]
    atScan = model.jacobian(time, amplitudes, rates, physicalRate)[0] / level

    def standardErrors(timesHours):
        values = result.activityMBq(timesHours).ravel()
        gradients = model.jacobian(timesHours.ravel(), amplitudes, rates, physicalRate) - values[:, None] * atScan
        variances = np.einsum("tp,pq,tq->t", gradients, covariance, gradients) + (relativeSpect * values) ** 2
        return factor * np.sqrt(np.maximum(variances, 0.0)).reshape(timesHours.shape)

    return {"standardErrors": standardErrors, "band": None, "bandReason": ""}


def _scales(result, factor):
    return [factor if result.parameters[name].unit.startswith("MBq") else 1.0 for name in result.parameterNames]


def _scaledParameters(result, factor):
    scaled = {}
    for name, scale in zip(result.parameterNames, _scales(result, factor), strict=True):
        old = result.parameters[name]
        error = None if old.standardError is None else scale * old.standardError
        scaled[name] = dataclasses.replace(old, value=scale * old.value, standardError=error)
    return scaled


def _scaledCovariance(result, factor):
    if result.covariance is None:
        return None
    scales = np.array(_scales(result, factor))
    return (np.array(result.covariance) * np.outer(scales, scales)).tolist()


def _scaledShape(result, factor):
    shape = result.absorbedDoseRateShape
    return None if shape is None else [(factor * value, rate) for value, rate in shape]


def _scaledPieces(result, factor):
    pieces = result.piecewiseShape
    if pieces is None:
        return None
    return {**pieces, "activitiesMBq": [factor * value for value in pieces["activitiesMBq"]]}
