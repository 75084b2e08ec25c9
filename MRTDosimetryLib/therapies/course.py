"""All cycles of a patient, region by region: measured, or estimated from the nearest imaged one; and their sums."""

import math
from dataclasses import dataclass, replace

from ..errors import InputError
from ..physics import radiobiology
from ..physics.decay import LN2
from .tissues import tissueOf

ESTIMATED_WORDS = "estimated from the nearest imaged cycle by the administered activity"


@dataclass(frozen=True)
class CycleDose:
    """Absorbed dose of one region in one cycle.

    Attributes
    ----------
    cycle : int
    activityMBq, absorbedDoseGy : float
    uncertaintyGy : float or None
        k = 1; its relative value is taken as common to all cycles.
    rateShape : tuple of (float, float)
        Empty: not known.
    bedGy : float or None
        As it came with the cycle.
    estimatedFrom : int or None
        The imaged cycle whose coefficient was used.
    variation : float
        Relative standard deviation between cycles, of an estimated one; 0 where none is stated.
    activityRelativeUncertainty : float
        Of the administered activity, k = 1, where it is not part of that of the absorbed dose; 0 where none is stated.
    """

    cycle: int
    activityMBq: float
    absorbedDoseGy: float
    uncertaintyGy: float | None = None
    rateShape: tuple = ()
    bedGy: float | None = None
    estimatedFrom: int | None = None
    variation: float = 0.0
    activityRelativeUncertainty: float = 0.0

    @property
    def coefficientRelativeUncertainty(self):
        """Of the absorbed dose per administered activity, or ``None``."""
        return None if self.uncertaintyGy is None else math.hypot(self.relativeUncertainty,
                                                                  self.activityRelativeUncertainty)

    @property
    def relativeUncertainty(self):
        """Of the common part, or ``None``."""
        return None if self.uncertaintyGy is None else self.uncertaintyGy / self.absorbedDoseGy

    @property
    def coefficientGyPerGBq(self):
        return 1000.0 * self.absorbedDoseGy / self.activityMBq

    def quadraticPerGy(self, parameters, isOverridden=False):
        """q of BED = D + q D^2, or ``None`` where neither course in time nor BED is known.

        A BED that came with the cycle holds the parameters of the table; other parameters need the course in time.
        """
        if parameters is None:
            return None
        if self.bedGy is not None and not isOverridden:
            return max(self.bedGy - self.absorbedDoseGy, 0.0) / self.absorbedDoseGy ** 2
        if self.rateShape:
            return radiobiology.leaCatchesideFactor(self.rateShape, parameters.repairHalfLifeHours) \
                / parameters.alphaBetaGy
        return None


@dataclass(frozen=True)
class RegionCourse:
    """All cycles of one region, in order; ``predicted`` is what images of another radionuclide say of the next one."""

    name: str
    tissue: str | None
    cycles: tuple
    predicted: CycleDose | None = None

    @property
    def known(self):
        """All that is known of it: the cycles, and what images of another radionuclide predict of the next one."""
        return self.cycles if self.predicted is None else (*self.cycles, self.predicted)

    @property
    def absorbedDoseGy(self):
        return sum(item.absorbedDoseGy for item in self.cycles)

    @property
    def uncertaintyGy(self):
        """Common parts add linearly, variations between cycles in quadrature; ``None`` where a cycle has none."""
        if any(item.uncertaintyGy is None for item in self.cycles):
            return None
        common = sum(item.uncertaintyGy for item in self.cycles)
        return math.hypot(common, *(item.variation * item.absorbedDoseGy for item in self.cycles))

    def bedGy(self, parameters, isOverridden=False):
        """BED summed over the cycles, or ``None``."""
        quadratic = [item.quadraticPerGy(parameters, isOverridden) for item in self.cycles]
        if None in quadratic:
            return None
        return sum(item.absorbedDoseGy * (1.0 + q * item.absorbedDoseGy)
                   for item, q in zip(self.cycles, quadratic, strict=True))

    @property
    def latestImaged(self):
        """The measured cycle nearest to the next one, or what is predicted of it."""
        return self.predicted or [item for item in self.cycles if item.estimatedFrom is None][-1]


def courses(case):
    """The course of every region of the images and of the earlier cycles.

    Returns
    -------
    (dict of str to RegionCourse, list of str)
        And warnings.

    Raises
    ------
    InputError
        A cycle number that is used twice, or a results file that was not read.
    """
    given, warnings = _givenCycles(case)
    predicted = _predicted(case, given)
    names = list(dict.fromkeys(name for _c, _a, measured, _v in reversed(given) for name in measured))
    names += [name for name in predicted if name not in names]
    tissues = {region.name: region.tissue for region in case.regions}
    for row in case.earlierCycles:
        for name, values in (row.get("regions") or {}).items():
            tissues.setdefault(name, values.get("tissue") or tissueOf(name))
    unvaried, found = set(), {}
    for name in names:
        cycles = []
        for cycle, activity, measured, variation in given:
            if name in measured:
                cycles.append(measured[name])
                continue
            if not any(name in other for _c, _a, other, _v in given):
                continue  # only predicted
            nearest = min((other[name] for _c, _a, other, _v in given if name in other),
                          key=lambda item: (abs(item.cycle - cycle), item.cycle))
            cycles.append(_scaled(nearest, cycle, activity, variation or 0.0))
            if variation is None:
                unvaried.add(cycle)
            if measured:
                warnings.append(f"{name}: cycle {cycle} was imaged without it; it is {ESTIMATED_WORDS} "
                                f"({nearest.cycle}). Check the name of the region.")
        found[name] = RegionCourse(name, tissues.get(name), tuple(cycles), predicted.get(name))
    only = [name for name, course in found.items() if not course.cycles]
    if only and given:
        warnings.append(f"{', '.join(only)}: predicted alone; no absorbed dose of the {len(given)} earlier cycle(s) is "
                        "known, and none is counted. Check the name of the region.")
    without = [cycle for cycle, _a, measured, _v in given if not measured]
    if found and without:
        warnings.append(f"Cycle {', '.join(map(str, without))} has no images: its absorbed doses are "
                        f"{ESTIMATED_WORDS}.")
    if unvaried:
        warnings.append("No variation between cycles is stated (cycleVariation): the uncertainty of the estimated "
                        f"cycle {', '.join(map(str, sorted(unvaried)))} is that of the imaged one, and too small.")
    return found, warnings


def _predicted(case, given):
    """What images of another radionuclide predict of the next cycle: region -> :class:`CycleDose`."""
    if case.predictedActivityMBq is None:
        return {}
    cycle = case.patient.get("cycle") or max((item[0] for item in given), default=0) + 1
    return {region.name: CycleDose(cycle, case.predictedActivityMBq, region.absorbedDoseGy,
                                   region.absorbedDoseUncertaintyGy, tuple(region.rateShape), region.bedGy)
            for region in case.regions if region.absorbedDoseGy > 0}


def parametersFor(tissue, overrides):
    """Radiobiological parameters of a tissue, with what the prescription states in place of the table.

    Parameters
    ----------
    overrides : dict
        Any of ``alphaBetaGy``, ``repairHalfLifeHours``: tissue (or ``""`` for any) -> value; ``radiobiologySource``.

    Returns
    -------
    (RadiobiologyParameters or None, bool)
        And whether anything was overridden.
    """
    known = radiobiology.parametersFor(tissue)
    ratio, repair = (overrides.get(key, {}).get(tissue, overrides.get(key, {}).get(""))
                     for key in ("alphaBetaGy", "repairHalfLifeHours"))
    if ratio is None and repair is None:
        return known, False
    source = overrides.get("radiobiologySource", "stated by the user")
    if known is None:
        if ratio is None or repair is None:
            return None, False
        return radiobiology.RadiobiologyParameters(tissue, ratio, repair, source, source, False), True
    if ratio is not None:
        known = replace(known, alphaBetaGy=ratio, alphaBetaSource=source, verified=False)
    if repair is not None:
        known = replace(known, repairHalfLifeHours=repair, repairHalfLifeSource=source, verified=False)
    return known, True


def accumulated(found, overrides):
    """Sums over the cycles for results: one dict per region, and warnings.

    ``region``, ``tissue``, ``absorbedDoseGy``, ``absorbedDoseUncertaintyGy`` (k = 1), ``bedGy``, ``cycles``,
    ``estimatedCycles``, and ``byCycle`` with each cycle's part; ``None`` where not known.
    """
    rows, warnings = [], []
    for course in found.values():
        if not course.cycles:
            continue
        parameters, isOverridden = parametersFor(course.tissue, overrides)
        bedGy = course.bedGy(parameters, isOverridden)
        if len(course.cycles) > 1:
            warnings += [f"{course.name}: {words}" for words, isLacking in (
                ("the accumulated absorbed dose has no uncertainty, a cycle states none.",
                 course.uncertaintyGy is None),
                ("the accumulated BED is not computed: parameters of the tissue, or the course in time or BED of a "
                 "cycle, are not known.", bedGy is None)) if isLacking]
        rows.append({"region": course.name, "tissue": course.tissue, "absorbedDoseGy": course.absorbedDoseGy,
                     "absorbedDoseUncertaintyGy": course.uncertaintyGy, "bedGy": bedGy,
                     "cycles": [item.cycle for item in course.cycles],
                     "estimatedCycles": [item.cycle for item in course.cycles if item.estimatedFrom is not None],
                     "byCycle": [_cycleRow(item, parameters, isOverridden) for item in course.cycles]})
    return rows, warnings


def _cycleRow(item, parameters, isOverridden):
    """One cycle of a region for results; its uncertainty holds the variation between cycles where it is estimated."""
    quadratic, spread = item.quadraticPerGy(parameters, isOverridden), item.uncertaintyGy
    return {"cycle": item.cycle, "activityMBq": item.activityMBq, "absorbedDoseGy": item.absorbedDoseGy,
            "absorbedDoseUncertaintyGy":
                None if spread is None else math.hypot(spread, item.variation * item.absorbedDoseGy),
            "bedGy": None if quadratic is None else item.absorbedDoseGy * (1.0 + quadratic * item.absorbedDoseGy),
            "estimatedFrom": item.estimatedFrom}


def _givenCycles(case):
    """``(cycle, activity, region -> CycleDose, variation or None)`` of every cycle, in order; and warnings."""
    common, given, warnings = case.prescription.get("cycleVariation"), [], []
    for row in case.earlierCycles:
        if "results" in row:
            raise InputError(f"The results file {row['results']} of an earlier cycle was not read", "earlierCycles")
        cycle, activity = row["cycle"], row["administeredActivityMBq"]
        measured = {name: CycleDose(cycle, activity, values["absorbedDoseGy"], values.get("absorbedDoseUncertaintyGy"),
                                    _shape(values), values.get("bedGy"))
                    for name, values in (row.get("regions") or {}).items()}
        given.append((cycle, activity, measured, row.get("cycleVariation", common)))
    given.sort(key=lambda item: item[0])
    current, activity = case.patient.get("cycle"), case.administeredActivityMBq
    earlier = [item[0] for item in given]
    if current is None:
        current = max(earlier, default=0) + 1
    elif current in earlier:
        raise InputError(f"Cycle {current} is the present one and among the earlier ones", "earlierCycles",
                         "Correct the number of the cycle")
    spread = case.administeredActivityRelativeUncertainty or 0.0
    if activity is not None and (case.regions or given):
        measured = {region.name: CycleDose(current, activity, region.absorbedDoseGy, region.absorbedDoseUncertaintyGy,
                                           tuple(region.rateShape), region.bedGy,
                                           activityRelativeUncertainty=spread)
                    for region in case.regions if region.absorbedDoseGy > 0}
        given.append((current, activity, measured, common))
        given.sort(key=lambda item: item[0])
    elif case.regions and case.predictedActivityMBq is None:
        warnings.append("No administered activity is stated: the absorbed doses of the images count for no cycle and "
                        "predict none.")
    absent = sorted(set(range(1, max((item[0] for item in given), default=0))) - {item[0] for item in given})
    if given and absent:
        warnings.append(f"Cycle {', '.join(map(str, absent))} is not stated: what it gave is not counted.")
    return given, warnings


def _shape(values):
    if values.get("rateShape"):
        return tuple(tuple(term) for term in values["rateShape"])
    halfLife = values.get("effectiveHalfLifeHours")
    return () if halfLife is None else ((1.0, LN2 / halfLife),)


def _scaled(source, cycle, activityMBq, variation):
    """``source`` for a cycle of another activity. The course in time is the same, and with it q of the BED."""
    factor = activityMBq / source.activityMBq
    bedGy = None
    if source.bedGy is not None:
        dose = factor * source.absorbedDoseGy
        bedGy = dose * (1.0 + max(source.bedGy / source.absorbedDoseGy - 1.0, 0.0) * factor)
    uncertainty = None if source.uncertaintyGy is None else \
        factor * source.absorbedDoseGy * source.coefficientRelativeUncertainty
    return replace(source, cycle=cycle, activityMBq=activityMBq, absorbedDoseGy=factor * source.absorbedDoseGy,
                   uncertaintyGy=uncertainty, bedGy=bedGy, estimatedFrom=source.cycle, variation=variation,
                   activityRelativeUncertainty=0.0)
