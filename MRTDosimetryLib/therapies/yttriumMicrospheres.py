"""Radioembolization with 90Y (or 166Ho) microspheres: partition model, and voxel dosimetry on 99mTc-MAA SPECT or PET.

Strategies are derived from the EANM enabling guide (Gear et al., Eur J Nucl Med Mol Imaging 2023;50:1861-1868) and
the EANM standard operational procedure on SIRT dosimetry (Chiesa et al., EJNMMI Phys 2021,
10.1186/s40658-021-00394-3).
"""

import math

from ..physics import microspheres
from . import microspherePlan as plans
from . import microsphereResults as results
from .case import TherapyResult
from .microsphereInputs import ABSOLUTE, BREMSSTRAHLUNG, MAA, NORMAL, PET, RELATIVE, TUMOR
from .microspherePlan import Coefficient, Group, Plan
from .registry import Strategy, Therapy, registerTherapy

STATEMENTS = ("patient", "microspheres", "measurements.lungShunt", "prescription")
_QUALITATIVE = ("The images show bremsstrahlung of 90Y: they are typically not quantitative, and good for a "
                "qualitative check of the delivery only. Their absorbed doses are not taken as verified.")
# Absorbed doses of images and partition model further apart than this are worth a word.
_NOTABLE_DIFFERENCE = 0.2
# Rounding of a constant to two decimals is no other constant.
_NEGLIGIBLE = 1e-4


def calibrationOf(case):
    """How the images become activity: ``"patientRelative"`` or ``"absolute"``; ``None`` where nothing says so."""
    given = case.microspheres
    return given.get("calibration") or {MAA: RELATIVE, PET: ABSOLUTE, BREMSSTRAHLUNG: ABSOLUTE}.get(given.get("images"))


def missingPartition(case):
    """What the user still has to state for the partition model."""
    words = plans.missingForPartition(case)
    if case.administeredActivityMBq is None and case.prescribedActivityMBq is None and not _isWanted(case):
        words.append("Give the activity (administered or prescribed), or a wanted absorbed dose or limits "
                     "(prescription)")
    return words


def missingVoxel(case):
    """What the user still has to state beside the images."""
    words = []
    if "images" not in case.microspheres:
        words.append("Say what the images show (microspheres.images): maaSPECT, yttriumPET or bremsstrahlungSPECT")
    if calibrationOf(case) == RELATIVE:
        if case.administeredActivityMBq is None and case.prescribedActivityMBq is None:
            words.append("Give the planned activity (administration.prescribedActivityMBq): counts alone have no scale")
        if plans.shuntOf(case) is None:
            words.append("Give the lung shunt fraction (microspheres.lungShuntFraction) or the counts it follows from "
                         "(measurements.lungShunt)")
    elif case.administeredActivityMBq is None:
        words.append("Give the administered activity (administration.activityMBq): images after the treatment verify "
                     "it")
    return words


def evaluatePartition(case):
    """Absorbed doses by the partition model, and the activity for what is wanted."""
    plan = plans.partitionPlan(case)
    activity = results.activityOf(case, plan)
    values, tables, warnings = results.absorbedDoses(case, plan, activity)
    wanted = results.activities(case, plan)
    compared = results.comparison(case, plan)
    result = TherapyResult({"method": plan.model, **results.constants(case, plan), **values}, tuple(warnings),
                           results.assumptions(case, plan), tuple(tables))
    return result.joinedWith(wanted).joinedWith(compared).joinedWith(results.targets(case))


def evaluateVoxel(case):
    """Absorbed doses of tumors, normal liver and lungs from the images, beside the partition model's."""
    plan, warnings, isPlanned = _imagePlan(case), [], calibrationOf(case) == RELATIVE
    isQualitative = case.microspheres.get("images") == BREMSSTRAHLUNG
    activity = results.activityOf(case, plan, mayCompute=False)
    values, tables, words = results.absorbedDoses(case, plan, activity, areUncertaintiesFromImages=True)
    warnings += words
    values |= {"isVerified": not isPlanned and not isQualitative, "images": case.microspheres.get("images"),
               "calibration": calibrationOf(case)}
    if isQualitative:
        warnings.append(_QUALITATIVE)
    byTable = microspheres.tableConstantJPerGBq(case.radionuclide)
    values["imageDoseConstantJPerGBq"] = byTable
    if abs(plan.constant.valueJPerGBq / byTable - 1.0) > _NEGLIGIBLE:
        warnings.append(f"The absorbed doses of the images are by the {byTable:.5g} J/GBq of the nuclide table; the "
                        f"chosen {plan.constant.valueJPerGBq:g} J/GBq holds for the lungs by their shunt and for the "
                        "partition model.")
    if "tumor" in plan.groups and "perfusedNormalLiver" in plan.groups:
        values["imageTumorToNormalRatio"] = (plan.groups["tumor"].coefficient.gyPerMBq
                                             / plan.groups["perfusedNormalLiver"].coefficient.gyPerMBq)
    else:
        warnings.append("The images have no region of a tumor or none of normal liver: name them so, for their "
                        "absorbed doses to be reported.")
    words = ["Mean absorbed doses of the regions drawn in the images; a region named liver is taken as the normal "
             "liver without its tumors."]
    if isPlanned:
        words.append("The images are a plan: activity by each voxel's share of the counts in the perfused liver, "
                     "times planned activity, times one minus the lung shunt fraction; not measured.")
    result = TherapyResult({"method": "images", **results.constants(case, plan), **values}, tuple(warnings),
                           (*words, *results.assumptions(case, plan)), tuple(tables))
    result = result.joinedWith(results.activities(case, plan)) if isPlanned else result
    return _withPartition(case, result, activity).joinedWith(results.targets(case))


def _withPartition(case, result, activity):
    """The partition model's absorbed doses beside those of the images, where its statements are there."""
    if not case.microspheres.get("compartments"):
        return result
    lacking = plans.missingForPartition(case)
    if lacking:
        return result.joinedWith(TherapyResult({"partition": None}, tuple(
            f"The partition model is not computed beside the images: {words}." for words in lacking)))
    plan = plans.partitionPlan(case)
    values, tables, warnings = results.absorbedDoses(case, plan, activity)
    for key, title in (("tumorAbsorbedDoseGy", "tumors"), ("normalLiverAbsorbedDoseGy", "normal liver"),
                       ("lungAbsorbedDoseGy", "lungs")):
        byImages, byModel = result.values.get(key), values.get(key)
        if byImages and byModel and abs(byImages / byModel - 1.0) > _NOTABLE_DIFFERENCE:
            warnings.append(f"Absorbed dose of {title}: {byImages:.4g} Gy by the images, {byModel:.4g} Gy by the "
                            "partition model.")
    return result.joinedWith(TherapyResult({"partition": {"method": plan.model, **values}}, tuple(warnings), (), tuple(
        results.retitled(tables, "Partition model: {}"))))


def _imagePlan(case):
    """A :class:`Plan` of the regions of the images: absorbed doses per activity that reaches the patient."""
    constant, shunt = plans.constantOf(case), plans.shuntOf(case)
    netMBq = results.netActivityMBq(case)
    byTissue = {tissue: [region for region in case.regions if region.tissue == tissue]
                for tissue in ("tumor", "liver", "lung")}
    lungMassG = case.microspheres.get("lungMassG") or math.fsum(region.massG for region in byTissue["lung"]) or None
    groups = {}
    for key, title, regions in (
            ("tumor", "tumors", byTissue["tumor"]), ("normalLiver", "normal liver", byTissue["liver"]),
            ("perfusedNormalLiver", "normal liver", byTissue["liver"]),
            ("perfused", "tumors and normal liver", byTissue["tumor"] + byTissue["liver"])):
        if regions:
            groups[key] = Group(title, tuple(region.name for region in regions), _meanCoefficient(regions, netMBq))
    if calibrationOf(case) == RELATIVE or not byTissue["lung"]:
        # Lungs by the shunt: a plan's own definition, and images seldom show all of them.
        coefficient = None if shunt is None or lungMassG is None else Coefficient(
            constant.valueJPerGBq * shunt.fraction / lungMassG,
            None if shunt.uncertainty is None or not shunt.fraction > 0 else shunt.uncertainty / shunt.fraction)
        groups["lung"] = Group("lungs", (microspheres.LUNGS,), coefficient)
    else:
        groups["lung"] = Group("lungs", tuple(region.name for region in byTissue["lung"]),
                               _meanCoefficient(byTissue["lung"], netMBq))
    compartments = [{"name": region.name, "role": TUMOR if region.tissue == "tumor" else NORMAL, "massG": region.massG,
                     "share": None, "coefficient": _meanCoefficient([region], netMBq)}
                    for region in byTissue["tumor"] + byTissue["liver"]]
    return Plan(groups, compartments, "images", constant, None if shunt is None else shunt.fraction)


def _meanCoefficient(regions, netMBq):
    """Energy over mass of several regions, per activity; their uncertainties are taken as fully correlated."""
    massG = math.fsum(region.massG for region in regions)
    mean = math.fsum(region.massG * region.absorbedDoseGy for region in regions) / massG
    spreads = [region.absorbedDoseUncertaintyGy for region in regions]
    if None in spreads or not mean > 0:
        return Coefficient(mean / netMBq)
    uncertainty = math.fsum(region.massG * spread for region, spread in zip(regions, spreads, strict=True)) / massG
    return Coefficient(mean / netMBq, uncertainty / mean)


def _isWanted(case):
    return bool(case.prescription.get("absorbedDoseGy") or case.prescription.get("limits"))


THERAPY = Therapy(
    id="yttriumMicrospheres",
    title="Microspheres, liver cancer (radioembolization)",
    radionuclides=("Y-90", "Ho-166"),
    strategies=(
        Strategy("partition", "Partition model with the lung shunt, without images", minimumTimePoints=0,
                 defaultModel=None, statements=STATEMENTS, missing=missingPartition, evaluate=evaluatePartition,
                 usesImages=False),
        Strategy("voxel", "Voxel dosimetry on 99mTc-MAA SPECT/CT or 90Y PET/CT", minimumTimePoints=1,
                 defaultModel="physicalDecay", statements=STATEMENTS, missing=missingVoxel, evaluate=evaluateVoxel),
    ),
    tissuesWanted=("tumor", "liver", "lung"),
)

registerTherapy(THERAPY)
