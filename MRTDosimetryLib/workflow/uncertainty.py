"""What the study states about uncertainty, and the budget of each region from it."""

from ..errors import Faults, InputError
from ..physics.uncertainty.budget import METHODS, uncertaintyBudget
from ..physics.uncertainty.chain import ChainInputs
from . import administrationEntry, protocol
from .protocol import positiveNumber

KEYS = ("calibrationRelative", "operatorDiameterMM", "outlineResolutionFWHMMM", "method")
# A relative uncertainty above this is a percentage by mistake.
_LARGEST_RELATIVE = 1.0
_MEND_MM = "Give it in mm, or leave the key out"


def setResolution(study, fwhmMM):
    """State the reconstructed resolution of the SPECT images (``None``: not known).

    Raises
    ------
    InputError
        Not a number above zero.
    """
    if fwhmMM is not None:
        fwhmMM = positiveNumber(fwhmMM, "resolution", "resolutionFWHMMM")
    study.setChoice("resolutionFWHMMM", fwhmMM)


def setUncertainty(study, statement):
    """State what is known of the uncertainties.

    Parameters
    ----------
    statement : dict or None
        Any of ``calibrationRelative`` (u(Q)/Q, 0 only where the calibration is exact), ``operatorDiameterMM``
        (standard uncertainty of a region's diameter beyond voxel size and resolution), ``outlineResolutionFWHMMM``
        (resolution of the image the regions were drawn on, if not that of the SPECT) and ``method`` (``"auto"``,
        ``"analytic"``, ``"monteCarlo"``).

    Raises
    ------
    InputError, FaultList
        Unknown key or method, or a value that cannot be.
    """
    study.setChoice("uncertainty", checkedStatement(statement))


def setStatement(study, key, value):
    """Change one entry of what is stated (see :func:`setUncertainty`); ``None`` takes it back."""
    stated = {name: entry for name, entry in (study.choice("uncertainty") or {}).items() if name != key}
    if value is not None:
        stated[key] = value
    setUncertainty(study, stated or None)


def checkedStatement(statement, where="uncertainty"):
    """The statement with its numbers as floats; every fault in one go."""
    if statement is None:
        return None
    if not isinstance(statement, dict):
        raise InputError("The uncertainty is not an object", where, 'Write e.g. {"calibrationRelative": 0.03}')
    faults, checked = Faults(), {}
    for key in statement:
        if key not in KEYS:
            faults.add(f"The key '{key}' is not known", where, f"Known are {', '.join(sorted(KEYS))}")
    for key, what, largest, mend in (
            ("calibrationRelative", "relative uncertainty of the calibration", _LARGEST_RELATIVE,
             "Give a fraction, 0.03 for 3 %"),
            ("operatorDiameterMM", "operator's uncertainty of the diameter", None, _MEND_MM),
            ("outlineResolutionFWHMMM", "resolution of the outlined image", None, _MEND_MM)):
        if statement.get(key) is not None:
            with faults.collect():
                checked[key] = _notNegative(statement[key], what, f"{where}.{key}", largest, mend)
    method = statement.get("method")
    if method is not None:
        if method not in METHODS:
            faults.add(f"'{method}' is not a method of propagation", f"{where}.method",
                       f"Known are {', '.join(METHODS)}")
        checked["method"] = method
    faults.raiseIfAny()
    return checked


def options(study):
    """What is stated, ``resolutionFWHMMM`` included; ``None`` for what is not."""
    stated = study.choice("uncertainty") or {}
    return {"resolutionFWHMMM": study.choice("resolutionFWHMMM"), **{key: stated.get(key) for key in KEYS},
            "method": stated.get("method") or "auto"}


def regionBudget(study, mass, fit, massScaling, recovery=None):
    """Uncertainty budget of a region.

    Parameters
    ----------
    mass : dict
        Row of the region with ``volumeML`` and ``voxelSizeMM`` (of the outlined image).
    fit : dict
        Of the region, with ``timeIntegratedActivityMBqH`` and its uncertainty, the random part.
    massScaling : MassScaling
        How the absorbed dose follows the mass.
    recovery : FittedRecovery, optional
        By which the activities were divided; left out where they were not.

    Returns
    -------
    UncertaintyBudget
    """
    if not mass.get("voxelSizeMM"):
        raise InputError("The regions were computed without the voxel size of their outline", mass["name"],
                         "Compute the regions again")
    stated = options(study)
    random = fit["timeIntegratedActivityUncertaintyMBqH"]
    resolution = stated["resolutionFWHMMM"]
    inputs = ChainInputs(
        volumeML=mass["volumeML"], voxelSizeMM=tuple(mass["voxelSizeMM"]), imageFWHMMM=resolution,
        outlineFWHMMM=stated["outlineResolutionFWHMMM"], operatorDiameterMM=stated["operatorDiameterMM"] or 0.0,
        recovery=recovery, calibrationRelative=stated["calibrationRelative"],
        fitRelative=None if random is None else random / fit["timeIntegratedActivityMBqH"], massScaling=massScaling)
    return uncertaintyBudget(inputs, stated["method"])


def uncertaintiesOf(budget, timeIntegratedActivityMBqH, absorbedDoseGy):
    """Standard uncertainties (k = 1) of a region's two results.

    Both are ``None`` where the random part of the curve is not known: what is left would look far too small. That of
    the time-integrated activity holds the random part of the fit and the common part of volume and calibration.

    Returns
    -------
    dict
        ``timeIntegratedActivityUncertaintyMBqH`` and ``absorbedDoseUncertaintyGy``.
    """
    isKnown = "curveFit" not in budget.notIncluded
    return {"timeIntegratedActivityUncertaintyMBqH":
            budget.timeIntegratedActivityRelativeUncertainty * timeIntegratedActivityMBqH if isKnown else None,
            "absorbedDoseUncertaintyGy": budget.relativeUncertainty * absorbedDoseGy if isKnown else None}


def warnings(study, budgets):
    """What the uncertainties lack, and where they rest on Monte Carlo; ``budgets`` by region name."""
    stated, words = options(study), []
    if stated["resolutionFWHMMM"] is None:
        words.append("The uncertainties do not include volume and resolution: the study states no resolution of the "
                     "SPECT (resolutionFWHMMM).")
    if stated["calibrationRelative"] is None:
        words.append("The uncertainties do not include the calibration: the study states no relative uncertainty of it "
                     "(uncertainty.calibrationRelative).")
    for name, budget in budgets.items():
        if any("not reliable" in flag for flag in budget.flags):
            words.append(f"{name}: the volume is so uncertain that first-order propagation is not reliable; choose "
                         "Monte Carlo.")
    return words


def assumptions(study, budgets):
    """How the uncertainties came about, for the report."""
    stated = options(study)
    words = ["Uncertainties are standard uncertainties (k = 1); that of the time-integrated activity holds the random "
             "part of the fit and the part that all scans share."]
    if stated["resolutionFWHMMM"] is None:
        words.append("Volume and resolution are not included in the uncertainties, because the resolution is not "
                     "stated.")
    else:
        outline = stated["outlineResolutionFWHMMM"]
        drawn = "the SPECT images, which is assumed to be that of the images the regions were drawn on" \
            if outline is None else f"the SPECT images; the regions were drawn on images of {outline:g} mm"
        words.append("Uncertainty of the volume from voxel size and resolution, of a sphere of the region's volume "
                     f"with activity in the region only. Resolution {stated['resolutionFWHMMM']:.3g} mm, stated for "
                     f"{drawn}.")
        if any(budget["steps"]["recoveryCoefficient"] == 1.0 for budget in budgets.values()):
            words.append("Activity lost to limited resolution is a bias where it is not recovered: it is not part of "
                         "the uncertainties.")
        if stated["operatorDiameterMM"] is None:
            words.append("No further uncertainty of the outline between operators is stated or included.")
    if stated["calibrationRelative"] is None:
        words.append("The calibration is not included in the uncertainties, because its uncertainty is not stated.")
    if any(item["name"] == "deadTime" for budget in budgets.values() for item in budget["components"]):
        words.append("The uncertainty of the camera's dead time, common to all scans that it corrects, is part of the "
                     "uncertainties: what it changes of the time-integrated activity, by fitting again.")
    relative = administrationEntry.relativeUncertainty(study)
    if relative is not None:
        words.append(f"The uncertainty of the administered activity, {relative:.2%}, is part of the uncertainties of "
                     "what is stated per administered activity.")
    elif protocol.administeredActivityMBq(study) is not None:
        words.append("The administered activity is not included in the uncertainties, because its uncertainty is not "
                     "stated.")
    if any(budget["method"] == "monteCarlo" for budget in budgets.values()):
        words.append("Where the relative uncertainty of the volume is above 0.3, where regions are recovered by their "
                     "own shape, or where chosen, the uncertainties are from Monte Carlo propagation with a log-normal "
                     "volume.")
    words.append("Uncertainties of density, registration and nuclear data are not included; those of the "
                 "radiobiological parameters neither.")
    return words


def _notNegative(value, what, where, largest, mend):
    if value == 0 and not isinstance(value, bool):
        return 0.0
    number = positiveNumber(value, what, where)
    if largest is not None and number > largest:
        raise InputError(f"The {what} is {number:g}, more than {largest:g}", where, mend)
    return number
