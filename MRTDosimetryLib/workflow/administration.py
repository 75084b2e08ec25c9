"""Net administered activity from what was measured in the syringe before and after."""

from ..errors import Faults, InputError
from ..physics.decay import decayFactor
from ..physics.nuclides import nuclide
from .protocol import hoursBetween, parseDateTime, positiveNumber

KEYS = ("activityMBq", "dateTime", "measuredActivityMBq", "measuredDateTime", "residualActivityMBq", "residualDateTime",
        "report", "reason")
_MEASURED = KEYS[2:6]
_REPORTED = {"activityMBq": "administeredActivityMBq", "dateTime": "radiopharmaceuticalStartDateTime",
             "measuredActivityMBq": "measuredActivityMBq", "residualActivityMBq": "residualActivityMBq"}


def netAdministration(description, radionuclide):
    """Net activity at the time of administration: measured before minus measured after, each decayed from its own time.

    Parameters
    ----------
    description : dict
        ``activityMBq`` (net, at ``dateTime``), or ``measuredActivityMBq`` at ``measuredDateTime`` with
        ``residualActivityMBq`` at ``residualDateTime`` (0 where nothing was left); the times default to ``dateTime``.
        ``report``: path of a DICOM Radiopharmaceutical Radiation Dose report, for what is not stated here.
    radionuclide : str or None

    Returns
    -------
    tuple of (float or None, str or None, str)
        Activity in MBq, date and time, and the reason for the record.

    Raises
    ------
    InputError, FaultList
        Both ways at once, a residual without the measured activity or larger than it, times that are none.
    """
    reason = str(description.get("reason") or "")
    if description.get("report") is not None:
        description, words = _withReport(description, radionuclide)
        reason = f"{words}; {reason}" if reason else words
    stated, moment = description.get("activityMBq"), description.get("dateTime")
    if not any(description.get(key) is not None for key in _MEASURED):
        return stated, moment, reason
    where = "administration"
    if stated is not None:
        raise InputError("The administered activity is given twice: net, and as measured", where,
                         "Give activityMBq, or measuredActivityMBq with residualActivityMBq")
    if moment is None:
        raise InputError("A measured activity needs the date and time of administration", f"{where}.dateTime")
    if radionuclide is None:
        raise InputError("A measured activity needs the radionuclide", "radionuclide")
    given = parseDateTime(moment, f"{where}.dateTime")
    half = nuclide(radionuclide).halfLifeHours
    faults, amounts = Faults(), {}
    for kind in ("measured", "residual"):
        value = description.get(f"{kind}ActivityMBq")
        if value is None:
            faults.add(f"The {kind} activity is missing", f"{where}.{kind}ActivityMBq",
                       "Give 0 where nothing was left" if kind == "residual" else "Give it in MBq")
            continue
        with faults.collect():
            if value != 0 or kind == "measured" or isinstance(value, bool):
                value = positiveNumber(value, f"{kind} activity", f"{where}.{kind}ActivityMBq")
            at = description.get(f"{kind}DateTime")
            elapsed = 0.0 if at is None else hoursBetween(
                parseDateTime(at, f"{where}.{kind}DateTime"), given, f"{where}.{kind}DateTime")
            amounts[kind] = float(value) * float(decayFactor(half, elapsed))
    faults.raiseIfAny()
    net = amounts["measured"] - amounts["residual"]
    if net <= 0:
        raise InputError(f"The residual activity ({amounts['residual']:.4g} MBq at the administration) is not below "
                         f"the measured one ({amounts['measured']:.4g} MBq)", where, "Check both")
    before, after = description["measuredActivityMBq"], description["residualActivityMBq"]
    words = f"{before:g} MBq measured minus {after:g} MBq left, each decayed to the administration"
    return net, moment, f"{words}; {reason}" if reason else words


def _withReport(description, radionuclide):
    """The description completed by its report, and the tags that the values come from."""
    from ..dicom.administrationReport import readAdministration

    where = "administration.report"
    path = description["report"]
    if not isinstance(path, str):
        raise InputError("The report is not a path", where)
    facts = readAdministration(path)
    found = facts.get("radionuclide")
    if found is not None and radionuclide is not None and nuclide(found.value).name != nuclide(radionuclide).name:
        raise InputError(f"The report is of {found.value}, the study of {radionuclide}", where, "Give the right report")
    complete, taken = {key: value for key, value in description.items() if key != "report"}, []
    isStated = any(description.get(key) is not None for key in ("activityMBq", "measuredActivityMBq"))
    isNet = "administeredActivityMBq" in facts
    for key, name in _REPORTED.items():
        isActivity = key != "dateTime"
        if complete.get(key) is not None or name not in facts or (isActivity and isStated):
            continue
        if isActivity and (key == "activityMBq") != isNet:
            continue  # the net activity counts before what was measured
        complete[key] = facts[name].value
        taken.append(f"{key} {facts[name].value} from {facts[name].detail}")
    if not taken:
        raise InputError("The report adds nothing to what is stated", where, "Leave it out")
    return complete, "DICOM report: " + ", ".join(taken)
