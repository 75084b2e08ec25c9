"""The fit of one time-activity curve from a CSV file, without a study: what ``mrt-dosimetry fit`` does."""

import csv
import os

import numpy as np

from ..errors import Faults, InputError
from ..physics.kinetics import selection
from ..physics.kinetics.curve import TimeActivityCurve
from ..physics.nuclides import nuclide
from ..report.curveFigure import curveChart
from ..resources import dataPath, loadJSON
from .regionFits import proportionalSigmas

HEADER = ("timeHours", "activityMBq", "uncertaintyMBq")
PICTURES = ("png", "svg")
_SAMPLES = 300


def fitCurveFile(path, radionuclide, model=selection.AUTO, effectiveHalfLifeHours=None, options=None,
                 relativeUncertainty=None):
    """Fit the curve of a CSV file with header ``timeHours,activityMBq[,uncertaintyMBq]``.

    Parameters
    ----------
    options : dict, optional
        As in :func:`~..physics.kinetics.selection.fit`. With ``populationHalfLife`` and automatic choice, one or two
        points take that model.
    relativeUncertainty : float, optional
        Random relative standard uncertainty (k = 1) of every activity, where the curve states none.

    Returns
    -------
    (TimeActivityCurve, FitResult)

    Raises
    ------
    InputError, CalculationError
    """
    curve, chosen = readCurve(path), nuclide(radionuclide)
    if relativeUncertainty is not None:
        curve = _withUncertainties(curve, relativeUncertainty)
    options = dict(options or {})
    if model == selection.AUTO and "populationHalfLife" in options:
        model = "populationHalfLife"
    return curve, selection.fit(curve, chosen.decayConstantPerHour, model, effectiveHalfLifeHours, options)


def _withUncertainties(curve, share):
    where = "--relative-uncertainty"
    if curve.uncertaintiesMBq is not None:
        raise InputError("The curve states uncertainties of its own", where, "Leave one of them out")
    if not 0 < share < 1:
        raise InputError(f"The relative uncertainty is {share:g}, not between 0 and 1", where,
                         "Give a fraction, 0.05 for 5 %")
    return TimeActivityCurve(curve.timesHours, curve.activitiesMBq, proportionalSigmas(share, curve.activitiesMBq))


def readCurve(path):
    """Time-activity curve of a CSV file; :class:`InputError` with the line that cannot be read."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.reader(file) if any(cell.strip() for cell in row)]
    except FileNotFoundError:
        raise InputError("There is no such file", path, "Check the path of the curve") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"The file cannot be read ({error.__class__.__name__})", path) from None
    header = tuple(cell.strip() for cell in rows[0]) if rows else ()
    if header not in (HEADER, HEADER[:2]):
        raise InputError("The header is not timeHours,activityMBq[,uncertaintyMBq]", path)
    columns = [[] for _name in header]
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(header):
            raise InputError(f"The line has {len(row)} instead of {len(header)} values", f"{path}, line {number}")
        for column, name, cell in zip(columns, header, row, strict=True):
            try:
                column.append(float(cell))
            except ValueError:
                raise InputError(f"'{cell.strip()}' is not a number", f"{path}, line {number}, {name}") from None
    return TimeActivityCurve(*columns)


def populationOf(name, radionuclide):
    """``tracer`` and ``tissue`` of an entry ``TRACER:TISSUE`` of the population half-lives that come with the program.

    Raises
    ------
    InputError
        Unknown entry, or one of another radionuclide; the known ones are named.
    """
    wanted = nuclide(radionuclide).name
    entries = [entry for entry in loadJSON(dataPath("populationHalfLives.json"))["halfLives"]
               if entry["radionuclide"] == wanted]
    for entry in entries:
        if f"{entry['tracer']}:{entry['tissue']}".lower() == name.strip().lower():
            return {"tracer": entry["tracer"], "tissue": entry["tissue"]}
    known = ", ".join(f"{entry['tracer']}:{entry['tissue']}" for entry in entries) or "none"
    raise InputError(f"'{name}' is no population of {wanted}", "--population", f"Known are {known}")


def fixedFrom(texts):
    """``{name: value}`` of texts such as ``lambda=0.012``."""
    return _named(texts, "--fix", "lambda=0.012", float)


def boundsFrom(texts):
    """``{name: (least, most)}`` of texts such as ``lambda=0.005:0.02``; a side may be left empty."""
    def pair(text):
        least, colon, most = text.partition(":")
        if not colon:
            raise ValueError
        return tuple(float(side) if side.strip() else None for side in (least, most))
    return _named(texts, "--bounds", "lambda=0.005:0.02", pair)


def _named(texts, where, example, read):
    found, faults = {}, Faults()
    for text in texts:
        name, equals, value = text.partition("=")
        try:
            if not (equals and name.strip()):
                raise ValueError
            entry = read(value)
        except ValueError:
            faults.add(f"'{text}' cannot be read", where, f"Write e.g. {example}")
            continue
        if name.strip() in found:
            faults.add(f"{name.strip()} is given twice", where, "Give it once")
        found[name.strip()] = entry
    faults.raiseIfAny()
    return found


def requirePicture(path):
    """The image format of a picture's path; :class:`InputError` for an unknown one or a folder that is not there."""
    ending = os.path.splitext(path)[1].lstrip(".").lower()
    if ending not in PICTURES:
        raise InputError("The picture has to end in .png or .svg", path)
    if not os.path.isdir(os.path.dirname(os.path.abspath(path))):
        raise InputError("The folder of the picture does not exist", path, "Make it, or choose another one")
    return ending


def writePicture(path, curve, fit, title):
    """Chart of points, fit, 95 % band and residuals as a PNG or SVG file."""
    ending = requirePicture(path)
    times = np.linspace(0.0, 1.25 * float(curve.timesHours[-1]), _SAMPLES)
    band = fit.activityBandMBq(times)
    points = {"timesHours": curve.timesHours, "activitiesMBq": curve.activitiesMBq,
              "uncertaintiesMBq": fit.activityUncertaintiesMBq, "residualsMBq": fit.residualsMBq}
    fitted = {"timesHours": times, "activitiesMBq": fit.activityMBq(times),
              "lowMBq": None if band is None else band[0], "highMBq": None if band is None else band[1]}
    content = curveChart(points, fitted, title, ending)
    try:
        with open(path, "wb") as file:
            file.write(content)
    except OSError as error:
        raise InputError(f"The picture cannot be written ({error.strerror})", path) from None
