"""Red marrow of a case, from blood and from images: never mixed, the method always named."""

import math

from ..physics import marrow
from ..physics.bodyConstants import constants, constantsOf, originOf
from ..physics.nuclides import nuclide
from .bloodStatements import S_VALUES, TOTAL_BODY
from .case import Table, TherapyResult

BLOOD_BASED, IMAGE_BASED = "blood-based", "image-based"


def marrowPart(case, found, body=None):
    """Absorbed dose of red marrow.

    Where a region of marrow was imaged, the image-based value is reported as the one of marrow; the blood-based value
    always stands beside it under its own name.

    Parameters
    ----------
    case : TherapyCase
    found : Blood
    body : WholeBody or None

    Returns
    -------
    TherapyResult
    """
    coefficient, spread, terms, warnings, assumptions = _bloodBased(case, found, body)
    given = case.administeredActivityGBq
    # the part of the samples does not go with the administered activity, that of the body's readings does
    samples = terms[0][1] if terms else 0.0
    total = None if coefficient is None else case.withActivityUncertainty(spread, coefficient - samples)
    spread = case.withActivityUncertainty(spread, samples)
    blood = _times(coefficient, given)
    image, imageSpread = _imageBased(case)
    values = {"marrowMethod": IMAGE_BASED if image is not None else BLOOD_BASED if coefficient is not None else None,
              "marrowAbsorbedDoseGy": blood if image is None else image,
              "marrowAbsorbedDoseUncertaintyGy": _times(total, given) if image is None else imageSpread,
              "marrowBloodBasedAbsorbedDoseCoefficientGyPerGBq": coefficient,
              "marrowBloodBasedAbsorbedDoseCoefficientUncertaintyGyPerGBq": spread,
              "marrowBloodBasedAbsorbedDoseGy": blood,
              "marrowImageBasedAbsorbedDoseGy": image}
    tables = []
    if terms:
        tables.append(Table("Red marrow from blood", ("Part", "Absorbed dose per activity (Gy/GBq)"), tuple(terms)))
    warnings += _methodWords(blood, image)
    return TherapyResult(values, tuple(warnings), tuple(assumptions), tuple(tables))


def _bloodBased(case, found, body):
    """Coefficient (Gy/GBq), its uncertainty, rows of its parts, warnings and assumptions."""
    chosen, hematocrit = nuclide(case.radionuclide), case.patient.get("hematocrit")
    if chosen.progeny:
        return None, None, [], [f"The absorbed dose of red marrow from blood is not computed: the radioactive progeny "
                                f"of {chosen.name} ({chosen.progeny}) move on their own."], []
    isOne = chosen.name in constants("marrowToBloodRatioOne")["radionuclides"]
    if hematocrit is None and not isOne:
        return None, None, [], ["The absorbed dose of red marrow from blood is not computed: it needs the hematocrit "
                                "(patient.hematocrit)."], []
    ratio = marrow.ratioFor(chosen.name, hematocrit)
    own = marrow.selfDoseCoefficient(found.coefficientH, ratio.ratio, chosen)
    origin = constants("marrowToBloodRatioOne" if isOne else "marrowExtracellularFraction")
    assumptions = [f"Red marrow, blood-based: {ratio.words}: {originOf(origin)}.",
                   "Electrons stay in the marrow; what reaches bone is not taken off."]
    if isOne and hematocrit is not None:
        other = marrow.ratioByHematocrit(hematocrit).ratio
        assumptions.append(f"By the hematocrit the ratio would be {other:.4g}, the absorbed dose from marrow itself "
                           f"{own * other / ratio.ratio:.4g} Gy/GBq.")
    terms = [("Activity in marrow", own)]
    cross, crossSpread, crossTerms, warnings, crossWords = _cross(case, found, body, chosen, ratio)
    spread = None
    if found.uncertaintyH is not None and crossSpread is not None:
        spread = math.hypot(own * found.uncertaintyH / found.coefficientH, crossSpread)
    return own + cross, spread, terms + crossTerms, warnings, assumptions + crossWords


def _cross(case, found, body, chosen, ratio):
    """Absorbed dose from the rest of the body: value, uncertainty, rows, warnings, assumptions."""
    massKg, rows = case.patient.get("massKg"), case.measurements.get(S_VALUES)
    isKnown = body is not None and massKg is not None
    if rows and not isKnown:
        return 0.0, 0.0, [], ["The S values of red marrow are not used: they need whole-body readings and body "
                              "mass."], []
    if rows:
        return _bySValues(found, body, ratio, massKg, rows)
    law = constantsOf("bloodAbsorbedDose", chosen.name)
    if law is not None and isKnown:
        factor = law["perWholeBodyCoefficient"] / massKg ** law["bodyMassExponent"]
        value = factor * body.integral.timeIntegratedActivityCoefficientH
        spread = None if body.uncertaintyH is None else factor * body.uncertaintyH
        return value, spread, [("Photons of the whole body, as for blood", value)], [], [
            "Photons of the whole body reach red marrow as they reach blood; organs near the marrow are not taken "
            f"apart: {originOf(law)}."]
    return 0.0, 0.0, [], [
        f"The blood-based absorbed dose of red marrow holds the electrons of {chosen.name} in marrow alone. The part "
        "from organs and the rest of the body, found significant for 177Lu peptides, is not in it: it is a lower "
        f"bound. S values (measurements.{S_VALUES}) would add it."], []


def _bySValues(found, body, ratio, massKg, rows):
    total = next(row for row in rows if row["source"] == TOTAL_BODY)
    sources = [marrow.Source(row["source"], row["sValueGyPerMBqH"], row["massKg"],
                             row["timeIntegratedActivityCoefficientH"]) for row in rows if row is not total]
    reference, density = constants("redMarrowMass"), constants("bloodDensity")["value"]
    marrowMassG = 1000.0 * reference["value"] * massKg / total["massKg"]
    own = found.coefficientH / density * ratio.ratio * marrowMassG
    wholeBodyH = body.integral.timeIntegratedActivityCoefficientH
    organs, rest = marrow.crossDoseCoefficient(sources, total["sValueGyPerMBqH"], total["massKg"], wholeBodyH, own,
                                               massKg)
    spread = None
    if body.uncertaintyH is not None:
        # linear in the whole-body coefficient
        _organs, more = marrow.crossDoseCoefficient(sources, total["sValueGyPerMBqH"], total["massKg"],
                                                    wholeBodyH + body.uncertaintyH, own, massKg)
        spread = more - rest
    return organs + rest, spread, [("Organs", organs), ("Remainder of the body", rest)], [], [
        "Organs and remainder of the body by the stated S values of a phantom, scaled by phantom mass / body mass; red "
        f"marrow of {reference['value']:g} kg in the phantom ({originOf(reference)}) holds its share of the activity. "
        "The uncertainty holds that of the whole-body readings, not those of the organs."]


def _imageBased(case):
    """Mean over the regions of marrow by their masses: absorbed dose and uncertainty in Gy, or ``None``."""
    regions = [region for region in case.regions if region.tissue == "marrow"]
    if not regions:
        return None, None
    mass = sum(region.massG for region in regions)
    dose = sum(region.massG * region.absorbedDoseGy for region in regions) / mass
    if any(region.absorbedDoseUncertaintyGy is None for region in regions):
        return dose, None
    # Calibration and kinetics are common to all regions: their uncertainties add up.
    return dose, sum(region.massG * region.absorbedDoseUncertaintyGy for region in regions) / mass


def _methodWords(blood, image):
    if image is None:
        return [] if blood is None else [
            "The absorbed dose of red marrow is blood-based: marrow that binds activity would receive more. "
            + _cohortWords()]
    words = ["The absorbed dose of red marrow is image-based, the mean of the regions of marrow by their masses."]
    if blood is not None:
        words.append(f"Image-based ({image:.4g} Gy) and blood-based ({blood:.4g} Gy) absorbed doses of red marrow "
                     f"differ by a factor of {image / blood:.3g}; they are two methods and are not mixed. "
                     + _cohortWords())
    return words


def _cohortWords():
    cohort = constants("marrowImageAgainstBlood")
    ratio = cohort["imageBased"]["mean"] / cohort["bloodBased"]["mean"]
    return (f"In {cohort['patients']} patients with 177Lu-DOTATATE the image-based value was about {ratio:.1f} times "
            f"the blood-based one ({originOf(cohort)}).")


def _times(value, factor):
    return None if value is None or factor is None else value * factor
