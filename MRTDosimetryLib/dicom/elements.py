"""Single values of a DICOM data set: right, absent, or refused with the name of the tag; never guessed."""

import contextlib
import math
import struct

from ..errors import InputError

_DECODING_ERRORS = (ValueError, TypeError, KeyError, IndexError, AttributeError, NotImplementedError, OverflowError,
                    struct.error)  # fmt: skip


def decodingErrors():
    """What pydicom raises when the bytes of an element are not what its value representation says."""
    from pydicom.errors import BytesLengthException

    return (BytesLengthException, *_DECODING_ERRORS)


def tagText(*path):
    """Tag path in words of the standard: ``tagText(("RadiopharmaceuticalInformationSequence", 0), "...")``."""
    from pydicom.datadict import tag_for_keyword

    parts = []
    for step in path:
        keyword, index = step if isinstance(step, tuple) else (step, None)
        tag = tag_for_keyword(keyword)
        parts.append(f"({tag >> 16:04X},{tag & 0xFFFF:04X})" + ("" if index is None else f"[{index}]"))
    return ".".join(parts)


def tagName(keyword):
    """Name and number for messages: ``"Pixel Spacing (0028,0030)"``."""
    from pydicom.datadict import dictionary_description

    return f"{dictionary_description(keyword)} {tagText(keyword)}"


def value(dataset, keyword):
    """Value of an attribute, or None where it is absent or empty.

    Raises
    ------
    InputError
        When its bytes cannot be decoded; the tag is named.
    """
    try:
        found = dataset.get(keyword)
    except (OSError, *decodingErrors()) as error:  # the items of a cut sequence are missed only now
        raise InputError(f"{tagName(keyword)} cannot be decoded", _place(dataset), "Export the images again") from error
    if found is None or isinstance(found, str | bytes) and not found.strip():
        return None
    return found


def text(dataset, keyword):
    """Stripped text of an attribute, empty where it is absent or empty; several values joined as in the file."""
    found = value(dataset, keyword)
    if found is None:
        return ""
    parts = found if isinstance(found, list) or hasattr(found, "append") else [found]
    return "\\".join(str(part).strip().strip("\0") for part in parts)


def number(dataset, keyword):
    """Finite number of an attribute, or None where it is absent or empty.

    Raises
    ------
    InputError
        When something is there that is not one finite number.
    """
    found = value(dataset, keyword)
    if found is None or hasattr(found, "__len__") and not isinstance(found, str | bytes) and len(found) == 0:
        return None
    try:
        result = float(found)
    except decodingErrors() as error:
        raise _noNumber(dataset, keyword, "a number") from error
    if not math.isfinite(result):
        raise _noNumber(dataset, keyword, "a number")
    return result


def wholeNumber(dataset, keyword, low=0, high=2**31 - 1):
    """Whole number from ``low`` to ``high``, or None where it is absent or empty."""
    found = number(dataset, keyword)
    if found is None:
        return None
    if found != int(found) or not low <= found <= high:
        raise _noNumber(dataset, keyword, f"a whole number from {low} to {high}")
    return int(found)


def numbers(dataset, keyword, count):
    """List of ``count`` finite numbers, or None where the attribute is absent or empty.

    Raises
    ------
    InputError
        When something else is there.
    """
    found = value(dataset, keyword)
    if found is None or not isinstance(found, str | bytes | int | float) and len(found) == 0:
        return None
    try:
        result = [float(item) for item in ([found] if isinstance(found, str | bytes | int | float) else found)]
    except decodingErrors() as error:
        raise _noNumber(dataset, keyword, f"{count} numbers") from error
    if len(result) != count or not all(map(math.isfinite, result)):
        raise _noNumber(dataset, keyword, f"{count} numbers")
    return result


def items(dataset, keyword):
    """Items of a sequence, empty where it is absent."""
    found = value(dataset, keyword)
    if found is None:
        return []
    if not all(hasattr(item, "file_tag") or hasattr(item, "get") for item in _listed(dataset, keyword, found)):
        raise InputError(f"{tagName(keyword)} holds no items", _place(dataset), "Export the images again")
    return list(found)


def _listed(dataset, keyword, found):
    if isinstance(found, str | bytes) or not hasattr(found, "__iter__"):
        raise InputError(f"{tagName(keyword)} holds no items", _place(dataset), "Export the images again")
    return found


def firstItem(dataset, keyword):
    """First item of a sequence, or None."""
    found = items(dataset, keyword)
    return found[0] if found else None


def texts(dataset, keyword):
    """Values of a text attribute as a tuple of stripped strings, empty where it is absent."""
    found = text(dataset, keyword)
    return tuple(part.strip() for part in found.split("\\")) if found else ()


def _noNumber(dataset, keyword, wanted):
    found = str(value(dataset, keyword))
    shown = found if len(found) <= 40 else f"{found[:37]}..."
    return InputError(f"{tagName(keyword)} is '{shown}', but has to be {wanted}", _place(dataset),
                      "Export the images again")  # fmt: skip


def _place(dataset):
    return str(getattr(dataset, "filename", None) or "")


@contextlib.contextmanager
def inFile(path):
    """Names the file in errors that come from deep inside of its sequences; keeps pydicom's remarks to itself."""
    import warnings

    try:
        with warnings.catch_warnings():
            # pydicom warns of values that break the standard's length limits; vendors write them every day.
            warnings.simplefilter("ignore", UserWarning)
            yield
    except InputError as error:
        if error.where or len(error.faults) > 1:
            raise
        raise InputError(error.what, str(path), error.mend) from error


def readDataset(path, **options):
    """Read a DICOM file, or say in words why not.

    Raises
    ------
    InputError
        When the file is missing, unreadable or no DICOM.
    """
    import pydicom
    from pydicom.errors import InvalidDicomError

    try:
        with inFile(path):
            return pydicom.dcmread(path, **options)
    except FileNotFoundError as error:
        raise InputError("The file does not exist", str(path)) from error
    except (InvalidDicomError, IsADirectoryError) as error:
        raise InputError("The file is not DICOM", str(path)) from error
    except (EOFError, RecursionError, MemoryError, *decodingErrors()) as error:
        raise InputError("The DICOM file is damaged", str(path), "Export it again") from error
    except OSError as error:
        raise InputError(f"The file cannot be read ({error.strerror or error})", str(path)) from error
