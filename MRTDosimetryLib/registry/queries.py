"""Distributions of the registry: one value per patient, of one tissue, radionuclide and therapy or tracer."""

from collections import Counter
from dataclasses import asdict, dataclass

import numpy as np

from ..errors import InputError
from ..physics import distributions
from ..physics.nuclides import nuclide
from .fields import QUANTITIES, isTherapyQuantity
from .schema import tables

COEFFICIENT = "absorbedDoseCoefficientGyPerGBq"
PER_PATIENT = ("One value per patient: the mean over the regions of the tissue in a cycle (such as left and right), "
               "then the mean over the cycles.")
PER_PATIENT_OF_THERAPY = "One value per patient: the mean over the cycles."


@dataclass(frozen=True)
class Cohort:
    """The values that a query found.

    Attributes
    ----------
    quantity, title, unit : str
        Key as in results.json, and how it is shown.
    tissue : str or None
        ``None`` for a value of the therapy's own calculation.
    radionuclide : str
    values : numpy.ndarray, shape (patients,)
    cases, overridden : int
        How many cases they come from, and how many of these were taken without complete sign-off.
    centers, treatments, engines : dict
        Number of patients, and of cases for the last two, by name.
    notes : tuple of str
    """

    quantity: str
    title: str
    unit: str
    tissue: str | None
    radionuclide: str
    values: np.ndarray
    cases: int
    overridden: int
    centers: dict
    treatments: dict
    engines: dict
    notes: tuple

    @property
    def patients(self):
        return len(self.values)

    def distribution(self):
        """:class:`~..physics.distributions.Distribution` of the values, or ``None`` where there are none."""
        return distributions.describe(self.values) if self.patients else None

    def position(self, value):
        """:class:`~..physics.distributions.Position` of a value, or ``None`` with too few patients."""
        return distributions.position(self.values, value) if self.patients else None


def cohort(registry, radionuclide, tissue=None, quantity=COEFFICIENT, protocol=None, tracer=None, engine=None,
           centerId=None, withoutPatient=None):
    """Values of a quantity over the patients of the registry.

    Parameters
    ----------
    registry : Registry
    radionuclide : str
    tissue : str, optional
        As of results.json; left out for a value of whole body, blood or marrow (``quantity`` is then its key in
        ``therapy``).
    quantity : str
        One of :data:`.fields.QUANTITIES`.
    protocol, tracer, engine, centerId : str, optional
        Only cases of that protocol or therapy, tracer, absorbed-dose engine, center.
    withoutPatient : (str, str), optional
        Center and pseudonym of a patient to leave out: who is compared is not compared with him- or herself.

    Returns
    -------
    Cohort

    Raises
    ------
    InputError
        Unknown radionuclide or quantity.
    """
    radionuclide = nuclide(radionuclide).name
    if tissue is None:
        if not isTherapyQuantity(quantity):
            raise InputError("No tissue is stated", "query", "Give the tissue, such as kidney, or a value of the "
                             "therapy with its unit, such as wholeBodyAbsorbedDoseGy")
        title, unit = quantity, ""
        rows = _therapyRows(quantity, radionuclide, protocol, tracer)
    else:
        if quantity not in QUANTITIES:
            raise InputError(f"'{quantity}' is no quantity of the registry", "query",
                             f"Known are {', '.join(QUANTITIES)}")
        title, unit = QUANTITIES[quantity]
        rows = _regionRows(tissue, quantity, radionuclide, protocol, tracer, engine)
    case = tables().case
    if centerId is not None:
        rows = rows.where(case.c.centerId == centerId)
    with registry.reading() as connection:
        found = connection.execute(rows).all()
    if withoutPatient is not None:
        found = [row for row in found if (row[0], row[1]) != tuple(withoutPatient)]
    return _cohort(quantity, title, unit, tissue, radionuclide, found)


def answer(cohort, value=None):
    """A cohort's distribution, and the place of a value in it, as JSON values with units in the names of their keys."""
    found = cohort.distribution()
    content = {"quantity": cohort.quantity, "title": cohort.title, "unit": cohort.unit, "tissue": cohort.tissue,
               "radionuclide": cohort.radionuclide, "patients": cohort.patients, "cases": cohort.cases,
               "casesWithoutCompleteSignOff": cohort.overridden, "centers": cohort.centers,
               "treatments": cohort.treatments, "engines": cohort.engines,
               "distribution": None if found is None else asdict(found), "value": value, "position": None,
               "notes": list(cohort.notes)}
    if value is not None:
        place = cohort.position(value)
        content["position"] = None if place is None else asdict(place)
        if place is None:
            content["notes"].append(f"The percentile of a value is not stated: {cohort.patients} of at least "
                                    f"{distributions.SMALLEST_NUMBER} patients.")
    content["notes"] += [f"{note}." for note in (found.notes if found else ())]
    return content


def answerLines(content):
    """An :func:`answer` for people, a list of lines."""
    unit = f" {content['unit']}" if content["unit"] else ""
    what = f"{content['tissue']}, {content['title'][0].lower()}{content['title'][1:]}" if content["tissue"] \
        else content["title"]
    lines = [f"{content['radionuclide']}, {what}: {content['patients']} patients, {content['cases']} cases"]
    found = content["distribution"]
    if found:
        sd = "" if found["sd"] is None else f", SD {found['sd']:.4g}"
        lines += [f"  mean {found['mean']:.4g}{sd}{unit}",
                  f"  median {found['median']:.4g}, from {found['minimum']:.4g} to {found['maximum']:.4g}{unit}"]
        percentiles = [f"{percent:g} %: {value:.4g}" for percent, value in found["percentiles"].items()
                       if value is not None]
        lines += [f"  percentiles {', '.join(percentiles)}{unit}"] if percentiles else []
        if found["geometricSD"] is not None:
            lines.append(f"  log-normal: geometric mean {found['geometricMean']:.4g}{unit}, geometric SD "
                         f"{found['geometricSD']:.4g}")
        lines += _rangeLines(found["normalRange"], unit)
    place = content["position"]
    if place:
        low, high = place["percentileInterval90"]
        scores = [f"{name} = {place[key]:+.2f}" for name, key in (("z", "z"), ("z of the logarithms", "zLog"))
                  if place[key] is not None]
        lines.append(f"  {content['value']:.4g}{unit}: percentile {place['percentile']:.3g} (90 % confidence: "
                     f"{low:.3g} to {high:.3g}){''.join(f', {score}' for score in scores)}")
    return lines + [f"  {note}" for note in content["notes"]]


def _rangeLines(normal, unit):
    if normal is None:
        return []
    how = "by ranks" if normal["method"] == "ranks" else "log-normal"
    bounds = [f"{value:.4g} (90 % confidence: {low:.4g} to {high:.4g})"
              for value, (low, high) in ((normal["low"], normal["lowInterval90"]),
                                         (normal["high"], normal["highInterval90"]))]
    return [f"  normal range, 2.5th to 97.5th percentile, {how}: {bounds[0]} to {bounds[1]}{unit}"]


def tissuesOf(registry):
    """(radionuclide, treatment, tissue, number of cases) that the registry holds values of, in order."""
    from sqlalchemy import func, select

    made = tables()
    case, region = made.case.c, made.region.c
    keys = (case.radionuclide, case.treatment, region.tissue)
    query = select(*keys, func.count(case.id.distinct())).join_from(made.case, made.region).where(
        region.tissue.is_not(None)).group_by(*keys).order_by(*keys)
    with registry.reading() as connection:
        return [tuple(row) for row in connection.execute(query)]


def _select(table, value, engine, radionuclide, protocol, tracer):
    """Mean per case: center, pseudonym, treatment, without sign-off, engine, value; whoever asks narrows it down."""
    from sqlalchemy import func, or_, select

    case = tables().case
    query = select(case.c.centerId, case.c.pseudonym, case.c.treatment, case.c.overrideReason.is_not(None),
                   engine, func.avg(value)).join_from(case, table).where(
                       case.c.radionuclide == radionuclide, value.is_not(None)).group_by(case.c.id)
    if protocol is not None:
        query = query.where(or_(case.c.protocol == protocol, case.c.treatment == protocol))
    if tracer is not None:
        query = query.where(case.c.tracer == tracer)
    return query


def _regionRows(tissue, quantity, radionuclide, protocol, tracer, engine):
    from sqlalchemy import func

    region = tables().region
    query = _select(region, region.c[quantity], func.min(region.c.engine), radionuclide, protocol, tracer).where(
        region.c.tissue == tissue)
    return query if engine is None else query.where(region.c.engine == engine)


def _therapyRows(quantity, radionuclide, protocol, tracer):
    from sqlalchemy import null

    therapy = tables().therapy
    return _select(therapy, therapy.c.value, null(), radionuclide, protocol, tracer).where(therapy.c.name == quantity)


def _cohort(quantity, title, unit, tissue, radionuclide, found):
    byPatient = {}
    for center, pseudonym, _treatment, _isOverridden, _engine, value in found:
        byPatient.setdefault((center, pseudonym), []).append(value)
    treatments, engines = Counter(row[2] for row in found), Counter(row[4] for row in found if row[4])
    overridden = sum(bool(row[3]) for row in found)
    notes = [PER_PATIENT if tissue is not None else PER_PATIENT_OF_THERAPY]
    if len(treatments) > 1:
        notes.append(f"Treatments are taken together: {_counted(treatments)}; ask for one by its protocol or tracer.")
    if len(engines) > 1:
        notes.append(f"Absorbed-dose engines are taken together: {_counted(engines)}; ask for one by its name.")
    if overridden:
        notes.append(f"{overridden} of {len(found)} cases were taken without complete sign-off, each with its reason.")
    return Cohort(quantity, title, unit, tissue, radionuclide,
                  np.array([sum(values) / len(values) for values in byPatient.values()]), len(found), overridden,
                  dict(Counter(center for center, _pseudonym in byPatient)), dict(treatments), dict(engines),
                  tuple(notes))


def _counted(counts):
    return ", ".join(f"{name} ({count})" for name, count in sorted(counts.items()))
