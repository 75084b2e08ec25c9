"""What the user states of the administration, step by step: prescribed, measured, left over, given; and the patient."""

from ..errors import InputError
from . import protocol, roles
from .administration import netAdministration

# Level 1 of the EANM enabling guide: what is given lies within 10 % of what was meant.
LARGEST_DEVIATION_PERCENT = 10.0
PRESCRIBED = "prescribedActivityMBq"
MEASURED_KEYS = ("measuredActivityMBq", "measuredDateTime", "residualActivityMBq", "residualDateTime")
# Standard uncertainty (k = 1) of the administered activity: in MBq, or as a fraction of it.
UNCERTAINTY_MBQ, UNCERTAINTY_RELATIVE = "activityUncertaintyMBq", "relativeActivityUncertainty"
UNCERTAINTY_KEYS = (UNCERTAINTY_MBQ, UNCERTAINTY_RELATIVE)
KEYS = ("activityMBq", "dateTime", PRESCRIBED, *MEASURED_KEYS, *UNCERTAINTY_KEYS)
_FURTHER = (PRESCRIBED, *MEASURED_KEYS, *UNCERTAINTY_KEYS)
PATIENT_KEYS = ("name", "id", "cycle")
_CHOICE, _WHERE = "administration", "administration"


def change(study, source="user", reason=None, actingAs=None, **values):
    """Change single statements on the administration; ``None`` takes one back.

    Parameters
    ----------
    source : str
        "user", "DICOM" or "file"; what is said of the prescription alone leaves the kept one.
    reason : str, optional
        Why the user says so; the kept one when left out.
    actingAs : str, optional
        Role at the desk: what is measured of the administration is stated by those who state measurements.
    **values
        Of :data:`KEYS`. A measured activity settles the net one: ``activityMBq`` is then computed (see
        :func:`.administration.netAdministration`), and not known until the activity left over and the time of the
        administration are stated as well.

    Raises
    ------
    InputError, FaultList
        A value that cannot be; nothing is changed then.
    """
    if actingAs is not None and set(values) - {PRESCRIBED}:
        roles.require(roles.STATE_MEASUREMENTS, actingAs)
    before = study.choice(_CHOICE, {})
    given = {**{key: before.get(key) for key in KEYS}, **values}
    _check(given)
    kept = {key: given[key] for key in KEYS if given[key] is not None}
    reason = before.get("reason", "") if reason is None else reason
    if before and set(values) == {PRESCRIBED}:
        source = before.get("source", source)
    if given["measuredActivityMBq"] is None:
        if before.get("measuredActivityMBq") is not None and "activityMBq" not in values:
            kept.pop("activityMBq", None)  # it was the difference of what is taken back
    else:
        kept.pop("activityMBq", None)
        if not _lacking(study, given):
            described = {key: value for key, value in kept.items() if key not in (PRESCRIBED, *UNCERTAINTY_KEYS)}
            kept["activityMBq"] = netAdministration(described, study.choice("radionuclide"))[0]
    _checkUncertainty(kept, kept.get("activityMBq"))
    extras = {key: kept[key] for key in _FURTHER if key in kept}
    if not kept:
        study.setChoice(_CHOICE, None)
        return
    study.setChoice(_CHOICE, {"activityMBq": kept.get("activityMBq"), "dateTime": kept.get("dateTime"),
                              "source": source, "reason": reason, **extras,
                              **{key: value for key, value in (("role", actingAs or before.get("role")),) if value}})


def applyDescription(study, description):
    """Take over the key ``administration`` of a study file."""
    stated = {key: value for key, value in description.items() if key not in (PRESCRIBED, *UNCERTAINTY_KEYS)}
    activityMBq, moment, reason = netAdministration(stated, study.choice("radionuclide"))
    protocol.setAdministration(study, activityMBq, moment, "file", reason)
    extras = {key: description[key] for key in _FURTHER if description.get(key) is not None}
    _check({**dict.fromkeys(KEYS), **extras})
    _checkUncertainty(extras, activityMBq)
    if extras:
        study.setChoice(_CHOICE, {"activityMBq": None, "dateTime": None, "source": "file", "reason": "",
                                  **study.choice(_CHOICE, {}), **extras})


def refresh(study):
    """Compute the net activity again, after another radionuclide was chosen."""
    given = study.choice(_CHOICE, {})
    if given.get("measuredActivityMBq") is not None:
        change(study, given.get("source", "user"))


def missing(study):
    """What a measured activity still lacks to give the net one, in words."""
    given = study.choice(_CHOICE, {})
    if given.get("measuredActivityMBq") is None:
        return []
    return _lacking(study, {**dict.fromkeys(KEYS), **given})


def deviationPercent(study):
    """How far the administered activity is from the prescribed one; ``None`` where one of them is not known."""
    given = study.choice(_CHOICE, {})
    prescribed, activity = given.get(PRESCRIBED), given.get("activityMBq")
    if prescribed is None or activity is None:
        return None
    return 100.0 * (activity / prescribed - 1.0)


def statedRelativeUncertainty(study):
    """The relative uncertainty as it was stated, also before the activity is; one in MBq needs the activity."""
    given = study.choice(_CHOICE, {})
    if given.get(UNCERTAINTY_MBQ) is None:
        return given.get(UNCERTAINTY_RELATIVE)
    return None if given.get("activityMBq") is None else given[UNCERTAINTY_MBQ] / given["activityMBq"]


def relativeUncertainty(study):
    """Relative standard uncertainty (k = 1) of the administered activity; ``None`` where none is stated, or no
    activity."""
    return None if study.choice(_CHOICE, {}).get("activityMBq") is None else statedRelativeUncertainty(study)


def warnings(study):
    """What the user has to know about the administered activity."""
    deviation = deviationPercent(study)
    # half a hundredth, so that what is shown as 10.0 % is not flagged for its last bits
    if deviation is None or abs(deviation) <= LARGEST_DEVIATION_PERCENT + 5e-3:
        return []
    given = study.choice(_CHOICE)
    side = "above" if deviation > 0 else "below"
    return [f"The administered activity ({given['activityMBq']:.4g} MBq) is {abs(deviation):.4g} % {side} the "
            f"prescribed {given[PRESCRIBED]:.4g} MBq: more than {LARGEST_DEVIATION_PERCENT:g} %."]


def resultsOf(study):
    """The administration for ``results.json``, or ``None``."""
    given = study.choice(_CHOICE)
    if given is None:
        return None
    found = {"activityMBq": given["activityMBq"], "dateTime": given["dateTime"]}
    found |= {key: given[key] for key in (PRESCRIBED, *MEASURED_KEYS) if given.get(key) is not None}
    relative = relativeUncertainty(study)
    if relative is not None:
        found |= {UNCERTAINTY_MBQ: relative * given["activityMBq"], UNCERTAINTY_RELATIVE: relative}
    if deviationPercent(study) is not None:
        found["deviationFromPrescribedPercent"] = deviationPercent(study)
    return found


def setPatient(study, **values):
    """Change what is stated of the patient: name, id, cycle (a whole number from 1); ``None`` or "" takes it back."""
    unknown = set(values) - set(PATIENT_KEYS)
    if unknown:
        raise InputError(f"'{min(unknown)}' is not kept of a patient", "patient", f"Use {', '.join(PATIENT_KEYS)}")
    cycle = values.get("cycle")
    if cycle is not None and (type(cycle) is not int or cycle < 1):
        raise InputError("The treatment cycle is not a whole number from 1", "patient")
    found = {**study.choice("patient", {}), **values}
    found = {key: value.strip() if isinstance(value, str) else value for key, value in found.items()}
    study.setChoice("patient", {key: value for key, value in found.items() if value not in (None, "")} or None)


def identifierInImages(study):
    """The patient's identifier that the images state, or an empty text where they state none or several."""
    found = {point.factValue("patientId") for point in study.timePoints} - {None, ""}
    return str(found.pop()) if len(found) == 1 else ""


def _check(given):
    for key, what in (("activityMBq", "administered activity"), (PRESCRIBED, "prescribed activity"),
                      ("measuredActivityMBq", "measured activity")):
        if given[key] is not None:
            protocol.positiveNumber(given[key], what, f"{_WHERE}.{key}")
    if given["residualActivityMBq"] not in (None, 0):
        protocol.positiveNumber(given["residualActivityMBq"], "activity left over", f"{_WHERE}.residualActivityMBq")
    for key in ("dateTime", "measuredDateTime", "residualDateTime"):
        if given[key] is not None:
            protocol.parseDateTime(given[key], f"{_WHERE}.{key}")


def _checkUncertainty(given, activityMBq):
    """Refuse an uncertainty that cannot be; of an activity that is not known yet, one in MBq waits for it."""
    inMBq, relative = (given.get(key) for key in UNCERTAINTY_KEYS)
    if inMBq is not None and relative is not None:
        raise InputError("The uncertainty of the administered activity is given in MBq and as a fraction", _WHERE,
                         f"Give {UNCERTAINTY_MBQ}, or {UNCERTAINTY_RELATIVE}")
    if inMBq is not None:
        value = protocol.positiveNumber(inMBq, "uncertainty of the administered activity (MBq)",
                                        f"{_WHERE}.{UNCERTAINTY_MBQ}")
        if activityMBq is not None and value >= activityMBq:
            raise InputError(f"The uncertainty of {value:g} MBq is not below the administered {activityMBq:g} MBq",
                             f"{_WHERE}.{UNCERTAINTY_MBQ}", "Give the standard uncertainty (k = 1) in MBq")
    if relative is not None:
        value = protocol.positiveNumber(relative, "relative uncertainty of the administered activity",
                                        f"{_WHERE}.{UNCERTAINTY_RELATIVE}")
        if value >= 1:
            raise InputError(f"The relative uncertainty of the administered activity is {value:g}",
                             f"{_WHERE}.{UNCERTAINTY_RELATIVE}", "Give a fraction, 0.02 for 2 %")


def _lacking(study, given):
    words = []
    if given["residualActivityMBq"] is None:
        words.append("Give the activity left over after the administration (0 where nothing was left)")
    if given["dateTime"] is None:
        words.append("Give date and time of the administration: a measured activity decays until then")
    if not study.choice("radionuclide"):
        words.append("Choose the protocol or the radionuclide")
    return words
