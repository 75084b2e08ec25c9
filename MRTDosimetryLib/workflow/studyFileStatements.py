"""What a study file states beside images: measurements, patient, prescription, earlier cycles; inline or by file."""

from ..errors import Faults, InputError
from ..therapies import inputs, prediction
from ..therapies import registry as therapies
from . import administrationEntry, counterRecords, earlierResults, statements, statementText

# What a study file says of the patient for the report alone; anything else of the patient is a statement.
IDENTITY_KEYS = (*administrationEntry.PATIENT_KEYS, "birthDate")
_PATIENT, _FILE = "patient", "file"


def topKeys():
    """Keys of a study file that statements stand under."""
    return {key.partition(".")[0] for key in inputs.kinds()}


def givenIn(description):
    """The statements of a study description as they stand there: key of a kind -> value; ``None`` counts as absent."""
    found = {}
    for top in sorted(topKeys() - {_PATIENT}):
        given = description.get(top)
        if given is None:
            continue
        if top == statements.MEASUREMENTS and isinstance(given, dict):
            found |= {f"{top}.{name}": value for name, value in given.items() if value is not None}
        else:
            found[top] = given
    patient = description.get(_PATIENT)
    if isinstance(patient, dict):
        own = {name: value for name, value in patient.items() if name not in IDENTITY_KEYS and value is not None}
        if own:
            found[_PATIENT] = own
    return found


def fileReferences(description):
    """(object, key) of every path that the statements of a study description hold."""
    return [row[1:] for row in namedFileReferences(description)]


def namedFileReferences(description):
    """(name, object, key) of every path that the statements hold; no two names are the same."""
    found = []
    for key, value in givenIn(description).items():
        if isinstance(value, dict) and isinstance(value.get(_FILE), str):
            found.append((key, value, _FILE))
        if counterRecords.isNamed(key, value):
            found.append((f"{key}.{counterRecords.KEY}", value, counterRecords.KEY))
        if key == earlierResults.KEY and isinstance(value, list):
            found += [(f"{key}, row {number}", row, earlierResults.RESULTS) for number, row in enumerate(value, 1)
                      if isinstance(row, dict) and isinstance(row.get(earlierResults.RESULTS), str)]
        if key == prediction.KEY and isinstance(value, dict) and isinstance(value.get(prediction.RESULTS), str):
            found.append((key, value, prediction.RESULTS))
    return found


def requireValid(description, where, faults):
    """Add to ``faults`` everything that is wrong with the statements of a description whose paths are absolute."""
    for key, word in ((statements.MEASUREMENTS, "measurements"), (_PATIENT, "patient")):
        if description.get(key) is not None and not isinstance(description[key], dict):
            faults.add(f"The {word} are not an object with names" if key != _PATIENT else
                       "The patient is not an object with names", f"{where}: {key}", "Give names and values")
            return
    if description.get(statements.MEASUREMENTS, {}) and "planar" in description[statements.MEASUREMENTS] \
            and isinstance(description.get("kinetics"), dict) and description["kinetics"].get("hybrid"):
        faults.add("The planar series are given twice", f"{where}: {statements.PLANAR}",
                   "Give measurements.planar, or kinetics.hybrid")
    with faults.collect():
        resolved(description, where)


def resolved(description, where="study"):
    """The statements of a description, files read.

    Returns
    -------
    dict
        Key of a kind -> (value as stated, name of the file or an empty text).

    Raises
    ------
    InputError, FaultList
        Every fault: unreadable files, and values that cannot be.
    """
    faults, found, known = Faults(), {}, inputs.kinds()
    for key, value in givenIn(description).items():
        place, name = f"{where}: {key}", ""
        with faults.collect():
            if isinstance(value, dict) and _FILE in value:
                value, name = _rowsOfFile(known.get(key), value, place)
            if key == earlierResults.KEY:
                value, names = earlierResults.resolved(value, _radionuclide(description), place)
                name = ", ".join(names)
            if key == prediction.KEY:
                value, name = earlierResults.resolvedPrediction(value, _radionuclide(description), place)
            if counterRecords.isNamed(key, value):
                value, name = counterRecords.resolved(key, value, place)
            inputs.checked({key: value}, where)
            found[key] = (value, name)
    faults.raiseIfAny()
    return found


def apply(study, description):
    """Put the statements and the patient of a description into a study; every fault in one go."""
    for key, (value, name) in resolved(description).items():
        statements.setStatement(study, key, value, "file", detail=name)
    identity = {name: value for name, value in (description.get(_PATIENT) or {}).items() if name in IDENTITY_KEYS}
    if identity:
        study.setChoice(_PATIENT, identity)


def _radionuclide(description):
    """Name of the study's radionuclide: stated, or the protocol's; ``None`` where neither is known."""
    name, identifier = description.get("radionuclide"), description.get("protocol")
    if name is not None:
        return name
    return therapies.protocol(identifier)["radionuclides"][0] if identifier in therapies.protocolIds() else None


def _rowsOfFile(kind, given, where):
    """Rows of a measurement's CSV, and the file's name."""
    if kind is None or not kind.isTable:
        raise InputError("Only a list of measurements can stand in a file", where, "Give the values in the study file")
    if set(given) != {_FILE} or not isinstance(given[_FILE], str):
        raise InputError("The file of the measurements is not named alone", where, 'Give {"file": a path}, or a list')
    return statementText.rowsOfFile(kind.fields, given[_FILE], where)
