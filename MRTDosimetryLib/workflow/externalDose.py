"""A map from elsewhere (Monte Carlo code, another dosimetry program) beside the study's engines, or in their place."""

import dataclasses
import os

import numpy as np

from ..errors import Faults, InputError
from ..imaging.externalMap import UNCERTAINTIES, externalMap
from ..imaging.mapPlacement import placeMap, regionCoverage, regionStandardError, requireRegionsCovered
from ..imaging.mapUnits import QUANTITIES
from ..progress import noProgress
from ..scene import volumes
from . import doseEngines, doseOptions
from .protocol import positiveNumber

ROLE = "externalMap"
KEYS = ("file", "volume", "quantity", "unit", "hoursAfterAdministration", "primaries", "decays", "activityMBq",
        "uncertainty", "uncertaintyKind", "useStudyGrid")
_NUMBERS = {"hoursAfterAdministration": "time after administration", "primaries": "number of simulated decays",
            "decays": "number of decays", "activityMBq": "activity"}
_TITLES = {"absorbedDose": "External absorbed dose", "absorbedDoseRate": "External absorbed-dose rate",
           "timeIntegratedActivity": "External time-integrated activity"}


def checked(description, where="dose.external"):
    """The statement on the map with every fault found in one go.

    Parameters
    ----------
    description : dict
        ``file`` (a path), or ``volume``: true (the volume of the scene given by :func:`setVolume`); ``quantity``
        (``"absorbedDose"``, ``"absorbedDoseRate"``, ``"timeIntegratedActivity"``), ``unit`` unless the file states
        it, ``hoursAfterAdministration`` of an absorbed-dose rate, ``primaries`` with ``decays`` or ``activityMBq``
        for values per simulated decays, ``uncertainty`` (a path) with ``uncertaintyKind``, and ``useStudyGrid`` where
        the position in the file is not to be used.
    """
    if not isinstance(description, dict):
        raise InputError("The external map is not an object", where,
                         'Write e.g. {"file": "map.nrrd", "quantity": "absorbedDose", "unit": "Gy"}')
    faults, content = Faults(), {}
    for key in description:
        if key not in KEYS:
            faults.add(f"The key '{key}' is not known", where, f"Known are {', '.join(sorted(KEYS))}")
    for key, value in description.items():
        if value is None or key not in KEYS:
            continue
        with faults.collect():
            content[key] = _checkedValue(key, value, where)
    if ("file" in description) == bool(description.get("volume")):
        faults.add("The external map is not named", where, 'Give either "file": a path, or a volume of the scene')
    if description.get("quantity") is None:
        faults.add("The quantity of the external map is not stated", f"{where}.quantity",
                   f"Use {', '.join(QUANTITIES)}")
    elif content.get("quantity") == "absorbedDoseRate" and "hoursAfterAdministration" not in content:
        faults.add("The time of the absorbed-dose rate is not stated", f"{where}.hoursAfterAdministration",
                   "Give the hours after administration at which it holds")
    faults.raiseIfAny()
    return content


def _checkedValue(key, value, where):
    place = f"{where}.{key}"
    if key in _NUMBERS:
        return positiveNumber(value, _NUMBERS[key], place)
    if key in ("volume", "useStudyGrid"):
        if not isinstance(value, bool):
            raise InputError(f"{value!r} is neither true nor false", place, "Give true or false")
        return value
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"The {key} is not a text", place)
    if key in ("file", "uncertainty") and not os.path.exists(value):
        raise InputError("There is no such file", value, "Check the path of the external map")
    if key == "quantity" and value not in QUANTITIES:
        raise InputError(f"'{value}' is not a quantity of an external map", place, f"Use {', '.join(QUANTITIES)}")
    if key == "uncertaintyKind" and value not in UNCERTAINTIES:
        raise InputError(f"'{value}' is not a kind of uncertainty map", place, f"Use {' or '.join(UNCERTAINTIES)}")
    return value


def setVolume(study, node, quantity, unit="", hoursAfterAdministration=None):
    """Use a volume of the scene as the external map."""
    if node is None:
        raise InputError("The external map is not chosen", "Absorbed dose", "Choose a volume of the scene, or a file")
    doseOptions.change(study, external=_description("volume", True, quantity, unit, hoursAfterAdministration))
    study.setNodeForRole(ROLE, node)


def setFile(study, path, quantity, unit="", hoursAfterAdministration=None):
    """Use a file as the external map."""
    doseOptions.change(study, external=_description("file", path, quantity, unit, hoursAfterAdministration))
    study.setNodeForRole(ROLE, None)


def remove(study):
    """Leave the external map out again."""
    names = [name for name in doseOptions.engineNames(study) if name != doseOptions.EXTERNAL]
    doseOptions.change(study, external=None, engine=names or doseOptions.DEFAULT_ENGINE)
    study.setNodeForRole(ROLE, None)


def _description(key, value, quantity, unit, hoursAfterAdministration):
    content = {key: value, "quantity": quantity, "unit": unit or None}
    if quantity == "absorbedDoseRate":
        content["hoursAfterAdministration"] = hoursAfterAdministration or None
    return {name: entry for name, entry in content.items() if entry is not None}


def files(description):
    """Files that a checked statement names."""
    return [description[key] for key in ("file", "uncertainty") if description.get(key)]


def inputs(study):
    """What the result depends on: the statement, and the state of its file or volume."""
    stated = doseOptions.stated(study)["external"]
    if not stated:
        return None
    if stated.get("volume"):
        node = study.nodeByRole(ROLE)
        return {"statement": stated, "volume": volumes.contentDigest(node) if node else None}
    found = []
    for path in files(stated):
        # Time and size tell a changed file at once; its SHA-256 goes into the record.
        state = os.stat(path) if os.path.isfile(path) else None
        found.append([path, None if state is None else [state.st_mtime_ns, state.st_size]])
    return {"statement": stated, "files": found}


def missing(study):
    """What the user still has to give, in words."""
    stated = doseOptions.stated(study)["external"]
    if doseOptions.EXTERNAL not in doseOptions.engineNames(study):
        return []
    if not stated:
        return ["Choose the external map, or leave it out"]
    if stated.get("volume") and study.nodeByRole(ROLE) is None:
        return ["The volume of the external map was removed: choose it again"]
    return [f"The external map is missing: {path}" for path in files(stated) if not os.path.exists(path)]


def result(study, grid, density, nuclide, occupancies, kinetics, progress=noProgress):
    """The external map as absorbed dose on the grid of the study.

    Parameters
    ----------
    grid : Volume
        Time-integrated activity of the study.
    density : numpy.ndarray
        g/mL, shape (k, j, i).
    kinetics : dict
        Value of the kinetics stage: an absorbed-dose rate is integrated by the kinetics of each region.

    Returns
    -------
    (EngineResult, dict)
        And where the map comes from: ``quantity``, ``unit``, ``unitSource``, ``digest``, ``files``.

    Raises
    ------
    InputError
        A map that cannot be read or does not cover a region.
    """
    stated = doseOptions.stated(study)["external"]
    progress(0.0, "External map")
    found = _read(study, stated, grid)
    placed = _onGrid(found, grid, occupancies)
    notes, onGrid = list(placed.notes), placed.volume.array
    origin = {"quantity": found.quantity, "unit": found.unit, "unitSource": found.unitSource, "digest": found.digest,
              "files": [os.path.basename(path) for path in found.files]}
    title = _TITLES[found.quantity]
    if found.quantity == "timeIntegratedActivity":
        own = next((name for name in doseOptions.engineNames(study) if name != doseOptions.EXTERNAL),
                   doseOptions.DEFAULT_ENGINE)
        computed = doseEngines.run(study, own, onGrid, grid, density, nuclide, occupancies, progress)
        notes.insert(0, f"Time-integrated activity from elsewhere ({found.total:.5g} MBq h in the map); absorbed dose "
                        f"by: {computed.title}. Activities and kinetics of the regions are those of the study.")
        computed.name, computed.title, computed.isExternal = doseOptions.EXTERNAL, title, True
        computed.notes = notes + computed.notes
        return computed, origin
    absorbedDose = onGrid
    if found.quantity == "absorbedDoseRate":
        factor, words = _hoursPerRate(grid, occupancies, kinetics, found.timeHours)
        absorbedDose = onGrid * factor
        notes += words
    else:
        notes.insert(0, "Absorbed dose computed elsewhere; what it rests on is not known here.")
    volume = grid.withArray(np.asarray(absorbedDose, np.float32), "Gy", "Absorbed dose")
    errors = _regionErrors(placed, found, grid, density, occupancies)
    if found.standardError is not None and not errors:
        notes.append("Its statistical uncertainty is per voxel of another grid and not carried to the regions.")
    progress(1.0, "")
    return doseEngines.EngineResult(doseOptions.EXTERNAL, title, volume, False, notes, errors, isExternal=True), origin


def _read(study, stated, grid):
    options = {key: stated[key] for key in ("primaries", "decays", "activityMBq", "uncertaintyKind") if key in stated}
    if "hoursAfterAdministration" in stated:
        options["timeHours"] = stated["hoursAfterAdministration"]
    if stated.get("useStudyGrid"):
        options["gridFrom"] = grid
    if stated.get("volume"):
        volume = volumes.volumeFromNode(study.nodeByRole(ROLE))
        inScene = (volume.unit, "the volume") if volume.unit else ("", "")
        return externalMap(volume, stated["quantity"], stated.get("unit"), headerUnit=inScene, **options)
    from ..dicom.externalMapFiles import readExternalMap

    if stated.get("uncertainty"):
        options["uncertainty"] = stated["uncertainty"]
    frame = (study.referenceTimePoint.fact("frameOfReferenceUID") or {}).get("value") or ""
    return readExternalMap(stated["file"], stated["quantity"], stated.get("unit"), frameOfReferenceUID=frame,
                           patientId=(study.choice("patient") or {}).get("id") or "", **options)


def _onGrid(found, grid, occupancies):
    """The map on the voxels of the study; refused where it misses part of a region."""
    placed = placeMap(found, grid)
    coverage = regionCoverage(placed.covered, _insideImage(occupancies))
    requireRegionsCovered(coverage, found.volume.name or "external map")
    return placed


def _insideImage(occupancies):
    """The regions as far as the images of the study show them: what lies beyond is said by the stage of the regions."""
    return {name: dataclasses.replace(item, fractionOutside=0.0) for name, item in occupancies.items()}


def _hoursPerRate(grid, occupancies, kinetics, timeHours):
    """Absorbed dose per absorbed-dose rate in h for each voxel: time-integrated activity over activity at the time."""
    factor, occupied = np.zeros(grid.array.shape, np.float32), np.zeros(grid.array.shape, np.float32)
    for name, region in kinetics["regions"].items():
        hours = region["fit"]["timeIntegratedActivityMBqH"] / _activityAt(region, kinetics["timesHours"], timeHours,
                                                                          name)
        item = occupancies[name]
        factor[item.slices] += np.float32(hours) * item.fraction
        occupied[item.slices] += item.fraction
    words = [f"Absorbed-dose rate at {timeHours:g} h integrated by the fitted kinetics of each region."]
    remainder = kinetics["remainder"]
    activity = float(np.interp(timeHours, kinetics["timesHours"], remainder["activitiesMBq"]))
    if remainder["timeIntegratedActivityMBqH"] and activity > 0:
        factor += np.float32(remainder["timeIntegratedActivityMBqH"] / activity) * np.maximum(1.0 - occupied, 0.0)
        words.append("Outside the regions it follows the common kinetics of the remainder.")
    else:
        words.append("Outside the regions no kinetics are known, and no absorbed dose is given.")
    return factor, words


def _activityAt(region, timesHours, timeHours, name):
    """Activity of the fitted function in MBq."""
    shape = region["fit"]["absorbedDoseRateShape"]
    if shape:
        activity = float(sum(amplitude * np.exp(-rate * timeHours) for amplitude, rate in shape))
    elif timeHours <= max(timesHours):
        activity = float(np.interp(timeHours, region["curve"]["timesHours"], region["curve"]["activitiesMBq"]))
    else:
        raise InputError(f"The absorbed-dose rate at {timeHours:g} h lies after the last scan, where the fit gives no "
                         "activity", name, "Choose a model with exponentials, or a map within the scans")
    if not activity > 0:
        raise InputError(f"The fitted activity is zero at {timeHours:g} h, so the absorbed-dose rate cannot be "
                         "integrated", name, "Give a map at a time with activity")
    return activity


def _regionErrors(placed, found, grid, density, occupancies):
    """Standard error of the regions' means from independent voxels, where the map is on the grid of the study."""
    if found.standardError is None or found.quantity != "absorbedDose" or not found.volume.hasSameGridAs(grid):
        return {}
    return {name: regionStandardError(placed.standardError.array[item.slices], item.fraction * density[item.slices])
            for name, item in occupancies.items()}
