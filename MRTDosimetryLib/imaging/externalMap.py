"""Maps computed elsewhere (GATE, TOPAS, another dosimetry program) that enter a study at their stage.

The quantity, and the unit unless the file states it, come from the user: nothing is guessed from the values.
"""

import hashlib
import math
import os
import re
from dataclasses import dataclass, field

import numpy as np

from ..errors import InputError
from .checks import requireFinite
from .files import readImage
from .grid import gridOf, isSameGrid
from .mapUnits import CANONICAL_UNITS, QUANTITIES, isMapUnit, mapUnit, requireQuantity
from .volume import Volume

UNCERTAINTIES = ("relative", "absolute")
DECAYS_PER_MBQ_H = 3.6e9
# Header fields in which programs say what unit the values have.
_UNIT_KEYS = ("unit", "units", "voxelunit", "voxelunits", "doseunits", "intent_name")
# Spacing may be rounded in a header: as much as moves the last of 500 voxels by a quarter of one.
_SPACING_TOLERANCE = 5e-4


@dataclass(frozen=True)
class ExternalMap:
    """A map from elsewhere, checked and in the unit of its stage, on its own grid.

    Attributes
    ----------
    quantity : str
        A key of :data:`~.mapUnits.QUANTITIES`.
    volume : Volume
        Float32 or float64 in Gy, Gy/h, or MBq h in each voxel.
    unit : str
        As stated.
    unitSource : str
        ``"user"``, or the place in the file.
    standardError : Volume or None
        Statistical standard error (k = 1) of each voxel, in the unit of ``volume``.
    timeHours : float or None
        Of an absorbed-dose rate: h after administration.
    files : tuple of str
        All files that hold the map (header, voxels, uncertainty).
    digest : str
        SHA-256 of values, geometry and scaling: another map, unit or factor gives another digest.
    notes : list of str
        What the reader of the result has to know.
    frameOfReferenceUID : str
        Of DICOM; empty where the file has none.
    """

    quantity: str
    volume: Volume
    unit: str
    unitSource: str
    standardError: Volume | None = None
    timeHours: float | None = None
    files: tuple = ()
    digest: str = ""
    notes: list = field(default_factory=list)
    frameOfReferenceUID: str = ""

    @property
    def title(self):
        """What the map is, in words."""
        return QUANTITIES[self.quantity]

    @property
    def total(self):
        """Sum over all voxels; of a time-integrated activity that of the whole map in MBq h."""
        return float(self.volume.array.sum(dtype=np.float64))


def readMapImage(path, quantity, unit=None, **stated):
    """Read a map from a NRRD, NIfTI or MetaImage file; parameters as :func:`externalMap`.

    ``uncertainty`` may be a path. For DICOM RT Dose as well see
    :func:`MRTDosimetryLib.dicom.externalMapFiles.readExternalMap`.
    """
    path = os.fspath(path)
    volume = readImage(path)
    files = list(_filesOf(path))
    uncertainty = stated.pop("uncertainty", None)
    if isinstance(uncertainty, (str, os.PathLike)):
        files += _filesOf(os.fspath(uncertainty))
        uncertainty = readImage(uncertainty)
    return externalMap(volume, quantity, unit, headerUnit=_headerUnit(path), uncertainty=uncertainty,
                       files=tuple(files), **stated)


def externalMap(volume, quantity, unit=None, *, headerUnit=("", ""), timeHours=None, primaries=None, decays=None,
                activityMBq=None, uncertainty=None, uncertaintyKind=None, gridFrom=None, files=(), notes=(),
                frameOfReferenceUID=""):
    """Check a map and bring it to the unit of its stage.

    Parameters
    ----------
    volume : Volume
        Values as in the file; ``name`` is used in messages.
    quantity : {"absorbedDose", "absorbedDoseRate", "timeIntegratedActivity"}
    unit : str, optional
        As stated by the user; may be left out where the file states it, and has to agree with the file.
    headerUnit : tuple of (str, str)
        Unit and place in the file; empty where it says none.
    timeHours : float, optional
        Needed for an absorbed-dose rate: h after administration at which it holds.
    primaries, decays : float, optional
        A Monte Carlo code gives the absorbed dose of as many simulated decays (``primaries``); the map is then
        multiplied by ``decays / primaries``, with ``decays`` the decays in the whole map, the time-integrated activity
        (1 MBq h = 3.6e9). Both or none.
    activityMBq : float, optional
        With ``primaries`` and a unit of absorbed dose, of an absorbed-dose rate: the activity in the whole map at that
        time, so that Gy per simulated decay become Gy/h.
    uncertainty : Volume, optional
        Statistical standard error (k = 1) of each voxel, on the grid of the map.
    uncertaintyKind : {"relative", "absolute"}
        Needed with ``uncertainty``: fractions of the value, or numbers in the unit of the map.
    gridFrom : Volume or Grid, optional
        The map is meant on this grid, of the same size and voxel size, and the position in its file is not used (many
        Monte Carlo codes write one relative to their world). The user has to state that.
    files : tuple of str
    notes : sequence of str
        What reading the file already told.

    Returns
    -------
    ExternalMap

    Raises
    ------
    InputError
        Unit missing, unknown or against the file; values that are not finite, below zero or all zero; a scaling that
        is not complete; grids that differ.
    """
    requireQuantity(quantity)
    name = volume.name or "external map"
    notes = list(notes)
    unit, unitSource = _statedUnit(unit, headerUnit, name)
    factor, isPerML, scalingNotes = _factor(quantity, unit, primaries, decays, activityMBq, name)
    notes += scalingNotes
    timeHours = _checkedTime(quantity, timeHours, name)
    _requireMeaningful(volume, QUANTITIES[quantity])
    if gridFrom is not None:
        volume = _onStatedGrid(volume, gridFrom, name)
        notes.append(f"{name}: the position in the file is not used; the map is taken to lie on the voxels of the "
                     "study's image, as stated.")
    if isPerML:
        factor *= volume.voxelVolumeML
    canonical = CANONICAL_UNITS[quantity]
    values = _scaledValues(volume.array, factor)
    standardError = None
    if uncertainty is not None:
        standardError = _standardError(uncertainty, uncertaintyKind, volume, values, factor, canonical, gridFrom)
        notes.append(f"{name}: statistical uncertainty per voxel from a map of its own ({uncertaintyKind}).")
    elif uncertaintyKind is not None:
        raise InputError("The kind of an uncertainty map is stated, but there is none", name, "Give the map")
    result = volume.withArray(values, unit=canonical)
    return ExternalMap(quantity, result, unit, unitSource, standardError, timeHours, tuple(files),
                       _digest(result, standardError, quantity, timeHours), notes, frameOfReferenceUID)


def _statedUnit(unit, headerUnit, name):
    inFile, place = headerUnit
    if unit is None or not str(unit).strip():
        return inFile, place
    if inFile and _normalized(inFile) != _normalized(unit):
        raise InputError(f"The file states the unit {inFile} ({place}), but {unit} is given", name,
                         "Give the unit of the file, or mend its header")
    return str(unit).strip(), "user"


def _normalized(unit):
    """Quantity, factor and volume of a unit, so that other spellings of it compare as equal."""
    quantity = next((quantity for quantity in QUANTITIES if isMapUnit(unit, quantity)), None)
    return (quantity, mapUnit(quantity, unit)) if quantity else ("", str(unit).strip())


def _factor(quantity, unit, primaries, decays, activityMBq, name):
    """Factor to the canonical unit, whether values are per mL, and notes on the scaling."""
    where = f"{name}: primaries"
    if primaries is None:
        if decays is not None or activityMBq is not None:
            raise InputError("A number of decays or an activity is given without the number of simulated decays", where,
                             "Give primaries as well, or leave both out when the map is absolute")
        return (*mapUnit(quantity, unit), [])
    _positive(primaries, "number of simulated decays", where)
    if quantity == "timeIntegratedActivity":
        raise InputError("A time-integrated activity is not scaled by simulated decays", where, "Leave primaries out")
    gray, _ = mapUnit("absorbedDose", unit)
    if quantity == "absorbedDose":
        if decays is None or activityMBq is not None:
            raise InputError("An absorbed dose per simulated decays needs the decays in the whole map, and no activity",
                             where, "Give decays: time-integrated activity in MBq h x 3.6e9")
        scale = _positive(decays, "number of decays", where) / primaries
        return gray * scale, False, [f"{name}: scaled by {decays:.6g} decays / {primaries:.6g} simulated ones = "
                                     f"{scale:.6g}, as stated."]
    if activityMBq is None or decays is not None:
        raise InputError("An absorbed-dose rate from simulated decays needs the activity in the whole map at its time, "
                         "and no number of decays", where, "Give activityMBq")
    scale = _positive(activityMBq, "activity (MBq)", where) * DECAYS_PER_MBQ_H / primaries
    return gray * scale, False, [f"{name}: absorbed-dose rate from {primaries:.6g} simulated decays and the stated "
                                 f"activity of {activityMBq:.6g} MBq."]


def _positive(value, what, where):
    isNumber = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not isNumber or not math.isfinite(value) or value <= 0:
        raise InputError(f"The {what} is {value!r}, but has to be a number above zero", where)
    return float(value)


def _checkedTime(quantity, timeHours, name):
    if quantity == "absorbedDoseRate":
        if timeHours is None:
            raise InputError("The time of an absorbed-dose rate is not given", name,
                             "State the hours after administration at which it holds")
        return _positive(timeHours, "time after administration (h)", name)
    if timeHours is not None:
        raise InputError(f"A time is given for {QUANTITIES[quantity]}, which belongs to no single time", name,
                         "Leave the time out, or give the map as absorbed-dose rate")
    return None


def _requireMeaningful(volume, title):
    if volume.array.dtype.kind not in "iuf":
        raise InputError("The map does not hold real numbers", volume.name)
    requireFinite(volume)
    low, high = volume.array.min(), volume.array.max()
    if low < 0:
        count = int(np.count_nonzero(volume.array < 0))
        raise InputError(f"{count} voxels of the map of {title} are below zero, down to {float(low):g}", volume.name,
                         "Export the map again, without noise subtraction or smoothing that overshoots")
    if high == 0:
        raise InputError(f"The map of {title} is zero everywhere", volume.name, "Check what was exported")


def _onStatedGrid(volume, gridFrom, name):
    grid = gridOf(gridFrom)
    spacing = np.abs(volume.spacingMM / grid.spacingMM - 1)
    if volume.sizeIJK != grid.sizeIJK or spacing.max() > _SPACING_TOLERANCE:
        raise InputError(f"The map ({_gridWords(volume)}) is not on the voxels of the study's image "
                         f"({_gridWords(grid)})", name, "Use the position in the file, or export on that grid")
    return Volume(volume.array, grid.ijkToRAS, volume.unit, volume.name)


def _gridWords(grid):
    return f"{' x '.join(map(str, grid.sizeIJK))} voxels of {' x '.join(f'{s:.4g}' for s in grid.spacingMM)} mm"


def _scaledValues(array, factor):
    dtype = np.float64 if array.dtype == np.float64 or array.dtype.itemsize > 4 else np.float32
    values = np.multiply(array, factor, dtype=np.float64).astype(dtype, copy=False)
    if not math.isfinite(float(values.max())):
        raise InputError("The scaled values of the map are too large to be numbers", "external map",
                         "Check unit and scaling")
    return values


def _standardError(uncertainty, kind, volume, values, factor, unit, gridFrom):
    name = uncertainty.name or "uncertainty map"
    if kind not in UNCERTAINTIES:
        raise InputError("It is not stated whether the uncertainty map is relative or absolute", name,
                         f"State {' or '.join(UNCERTAINTIES)}")
    requireFinite(uncertainty)
    if float(uncertainty.array.min()) < 0:
        raise InputError("The uncertainty map holds values below zero", name)
    sameSize = uncertainty.sizeIJK == volume.sizeIJK
    if not sameSize or (gridFrom is None and not isSameGrid(uncertainty, volume, 0.05)):
        raise InputError("The uncertainty map is not on the grid of the map", name, "Export both from one run")
    scaled = values * uncertainty.array if kind == "relative" else _scaledValues(uncertainty.array, factor)
    return volume.withArray(scaled.astype(values.dtype, copy=False), unit=unit, name=name)


def _digest(volume, standardError, quantity, timeHours):
    digest = hashlib.sha256(f"{quantity} {volume.unit} {timeHours} {volume.array.shape} {volume.array.dtype.str}"
                            .encode("ascii"))
    for item in (volume, standardError):
        if item is not None:
            digest.update(np.ascontiguousarray(np.round(item.ijkToRAS, 6) + 0.0).tobytes())
            digest.update(np.ascontiguousarray(item.array).data)
    return digest.hexdigest()


def _headerUnit(path):
    """Unit and place that the header of an image file states, or empty texts."""
    import SimpleITK as sitk

    reader = sitk.ImageFileReader()
    reader.SetFileName(path)
    reader.ReadImageInformation()
    for key in reader.GetMetaDataKeys():
        if key.lower() in _UNIT_KEYS:
            value = reader.GetMetaData(key).strip()
            # the intent of a NIfTI file may be any text, and is a unit only by habit of some programs
            if value and (key.lower() != "intent_name" or isMapUnit(value)):
                return value, f"header field {key}"
    return "", ""


def _filesOf(path):
    """The file, and the one with its voxels where header and voxels are apart."""
    yield path
    if not path.lower().endswith((".mhd", ".nhdr")):
        return
    with open(path, encoding="latin-1") as file:
        found = re.search(r"^\s*(?:ElementDataFile\s*=|data ?file:)\s*(\S.*?)\s*$", file.read(), re.MULTILINE | re.I)
    if found:
        other = os.path.join(os.path.dirname(path), found.group(1))
        if os.path.isfile(other):
            yield other
