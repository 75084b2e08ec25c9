"""What is stated for the report alone (``reporting`` of a study file): each with where it comes from.

No number depends on it, so that stating it leaves results and signatures as they are; the report is written anew.
"""

import copy

from ..errors import Faults, InputError
from ..therapies.inputs import Field, number
from . import roles

KEY = "reporting"
SOURCES = ("user", "file", "DICOM")
FIELDS = (
    Field("indication", "Clinical indication", "text"),
    Field("referringPhysician", "Referring physician", "text"),
    Field("responsiblePhysician", "Responsible physician", "text"),
    Field("medicalPhysicsExpert", "Medical physics expert", "text"),
    Field("technologist", "Technologist", "text"),
    Field("compound", "Compound", "text", tip="For example [177Lu]Lu-DOTATATE"),
    Field("batch", "Batch", "text"),
    Field("activityMeter", "Activity meter", "text"),
    Field("activityMeterGeometry", "Geometry in the activity meter", "text", tip="Vial or syringe, volume, insert"),
    Field("activityMeterTraceability", "Traceability of the activity meter", "text"),
    Field("route", "Route of the administration", "text"),
    Field("durationMinutes", "Duration of the administration (min)"),
    Field("extravasation", "Extravasation", "text", tip="None seen, or what was seen"),
    Field("organProtection", "Protection of kidneys or other organs", "text", tip="For example amino acids"),
    Field("coMedication", "Co-medication", "text"),
    Field("bodySurfaceAreaM2", "Body surface area (m²)"),
    Field("renalFunction", "Renal function", "text", tip="With its unit and date"),
    Field("organMassMethod", "How masses were found", "text", tip="For example ultrasound, CT"),
    Field("modality", "Modality", "text"),
    Field("camera", "Camera", "text"),
    Field("probe", "Probe, monitor or counter", "text"),
    Field("probeGeometry", "Geometry of probe or monitor", "text", tip="Distance, posture, marks"),
    Field("countingSeconds", "Counting time (s)"),
    Field("collimator", "Collimator", "text"),
    Field("energyWindow", "Energy windows", "text"),
    Field("views", "Views", "text"),
    Field("background", "Background", "text"),
    Field("sampleVolumes", "Sample volumes", "text", tip="With their unit"),
    Field("reconstruction", "Reconstruction", "text", tip="Algorithm, iterations, subsets, filter"),
    Field("attenuationCorrection", "Correction of attenuation", "text"),
    Field("scatterCorrection", "Correction of scatter", "text"),
    Field("deadTimeCorrection", "Correction of dead time", "text"),
    Field("calibrationFactor", "Calibration factor", "text", tip="With its unit"),
    Field("calibrationDate", "Date of the calibration", "text"),
    Field("segmentationMethod", "How regions were drawn", "text"),
    Field("segmentationOperator", "Who drew the regions", "text"),
    Field("conclusion", "Conclusion", "text"),
)
_BY_NAME = {field.name: field for field in FIELDS}
# Whose business a field is, where it is not that of everybody who states measurements.
_ACTS = {"conclusion": "treatingPhysician"}
_LONGEST_TEXT = 2000
_LARGEST = {"durationMinutes": 10000.0, "bodySurfaceAreaM2": 5.0, "countingSeconds": 86400.0}


def statements(study):
    """Name -> ``{"value", "source", "detail", "reason"}`` (a copy), and ``role`` where it was stated at a desk; empty
    where nothing is stated."""
    return study.choice(KEY, {})


def stated(study):
    """Name -> value."""
    return {name: entry["value"] for name, entry in statements(study).items()}


def field(name):
    """The field of a name."""
    return _BY_NAME[name]


def refusal(name, role):
    """Why a role may not state a field, in words; an empty text where it may.

    Raises
    ------
    InputError, FaultList
        Rules of the roles that cannot be read.
    """
    act = _ACTS.get(name, roles.STATE_MEASUREMENTS)
    allowed = roles.rules()["mayDo"][act]
    if role in allowed:
        return ""
    whose = f"This is for the {' or the '.join(allowed)}" if allowed else "By the rules of the center nobody does"
    return f"The {role} does not state '{_BY_NAME[name].title}'. {whose}."


def stateAtDesk(study, role, name, value):
    """State one field by the user in a role; ``None`` takes it back.

    Raises
    ------
    InputError, FaultList
        A field that is not the role's business, or a value that cannot be; nothing is changed then.
    """
    words = refusal(name, role)
    if words:
        raise InputError(words.split(". ")[0], KEY, words.split(". ", 1)[1].rstrip("."))
    change(study, role=role, **{name: value})


def change(study, source="user", reason="", detail="", role=None, **values):
    """State values for the report; ``None`` or an empty text takes one back.

    Parameters
    ----------
    source : str
        Of :data:`SOURCES`.
    reason, detail : str
        Why, and where from (name of a file, tag ...).
    role : str, optional
        At the desk where it was stated.
    **values
        By the names of :data:`FIELDS`.

    Raises
    ------
    InputError, FaultList
        Unknown names, or values that cannot be; nothing is changed then.
    """
    if source not in SOURCES:
        raise InputError(f"'{source}' is not a source", KEY, f"Use {', '.join(SOURCES)}")
    found, kept = checked(values), statements(study)
    for name in values:
        kept.pop(name, None)
    origin = {"source": source, "detail": str(detail), "reason": str(reason)}
    origin |= {} if role is None else {"role": role}
    kept |= {name: {"value": copy.deepcopy(value), **origin} for name, value in found.items()}
    study.setChoice(KEY, kept or None)


def checked(values, where=KEY):
    """The values that state something.

    Raises
    ------
    InputError, FaultList
        Every fault.
    """
    if not isinstance(values, dict):
        raise InputError("This is not an object with named values", where, f"Give any of {', '.join(_BY_NAME)}")
    faults, found = Faults(), {}
    for name, value in values.items():
        place = f"{where}.{name}"
        if name not in _BY_NAME:
            faults.add(f"The key '{name}' is not known", where, f"Known are {', '.join(_BY_NAME)}")
        elif value is None or (isinstance(value, str) and not value.strip()):
            continue
        else:
            with faults.collect():
                found[name] = _checkText(value, place) if _BY_NAME[name].kind == "text" else \
                    number(value, _BY_NAME[name].title.lower(), place, low=0.0, isLowIncluded=False,
                           high=_LARGEST[name])
    faults.raiseIfAny()
    return found


def _checkText(value, where):
    if not isinstance(value, str):
        raise InputError(f"This is not a text ({value!r})", where, "Write it in quotation marks, with its unit")
    if len(value) > _LONGEST_TEXT:
        raise InputError(f"The text has {len(value)} letters", where, f"Give at most {_LONGEST_TEXT}")
    return value.strip()
