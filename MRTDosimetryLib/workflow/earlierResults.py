"""Earlier cycles of a patient, and predictions of a therapy, taken from their results.json."""

import json
import os

from ..digests import digestOf
from ..errors import Faults, InputError
from ..physics.nuclides import nuclide
from ..therapies import cycles, prediction

KEY, RESULTS = "earlierCycles", "results"


def resolved(rows, radionuclide, where):
    """Rows of ``earlierCycles`` with each that names a results file replaced by the cycle it holds.

    Parameters
    ----------
    rows : list
        As stated; what is no such row stays as it is, to be checked where all of them are.
    radionuclide : str or None
        Of the study.

    Returns
    -------
    (list, list of str)
        The rows, and the names of the files.

    Raises
    ------
    InputError, FaultList
        A file that cannot be read, is no result, is of another radionuclide, or is named twice.
    """
    if not isinstance(rows, list):
        return rows, []
    faults, found, names, seen = Faults(), [], [], {}
    for position, row in enumerate(rows):
        if not (isinstance(row, dict) and RESULTS in row):
            found.append(row)
            continue
        with faults.collect():
            place = f"{where}, row {position + 1}"
            cycles.checkRow(row, place)
            content = _read(row[RESULTS], place)
            _requireRadionuclide(content, radionuclide, row[RESULTS], place)
            earlier = seen.setdefault(digestOf(content), position)
            if earlier != position:
                raise InputError(f"The results are those of row {earlier + 1}: one cycle would count twice", place,
                                 "Name the results of each cycle once")
            # numbered as they are listed, where they are not numbered
            cycle = row.get("cycle") or position + 1
            found.append(json.loads(json.dumps(cycles.rowFromResults(content, cycle, place))))
            names.append(os.path.basename(row[RESULTS]))
    faults.raiseIfAny()
    return found, names


def resolvedPrediction(value, radionuclide, where):
    """The statement ``prediction`` with a results file replaced by what it predicted.

    Returns
    -------
    (object, str)
        The statement, and the name of the file or an empty text.

    Raises
    ------
    InputError
        A file that cannot be read, or that predicts nothing of this radionuclide.
    """
    if not (isinstance(value, dict) and RESULTS in value):
        return value, ""
    prediction.check(value, where)
    if radionuclide is None:
        raise InputError("The radionuclide of the study is not known", where, "Choose the protocol or the radionuclide")
    name = os.path.basename(value[RESULTS])
    return prediction.fromResults(_read(value[RESULTS], where), nuclide(radionuclide).name, name, where), name


def _read(path, where):
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
    except FileNotFoundError:
        raise InputError("There is no such file", path, f"It is named under {where}") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"The file cannot be read ({error.__class__.__name__})", path) from None
    if not isinstance(content, dict) or not isinstance(content.get("regions"), list) or "radionuclide" not in content:
        raise InputError("This is not the results.json of a study", path, f"It is named under {where}")
    return content


def _requireRadionuclide(content, radionuclide, path, where):
    if radionuclide is None:
        raise InputError("The radionuclide of the study is not known", where, "Choose the protocol or the radionuclide")
    name = nuclide(radionuclide).name
    if content["radionuclide"] != name:
        raise InputError(f"The earlier cycle is of {content['radionuclide']}, the study of {name}", where,
                         f"Take {os.path.basename(path)} out, or give results of the same radionuclide")
