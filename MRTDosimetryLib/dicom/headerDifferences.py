"""What differs between the headers of two DICOM files, tag by tag."""

from .elements import readDataset

# Longer values are cut in words; all of a value counts in the comparison.
_SHOWN_CHARACTERS = 80


def headerDifferences(first, second):
    """Attributes with different values; pixels are left out.

    Parameters
    ----------
    first, second : str
        DICOM files.

    Returns
    -------
    list of dict
        ``tag`` (with the tags and item numbers of the sequences around it), ``keyword``, ``from``, ``to`` (text, or
        ``None`` where the attribute is absent).

    Raises
    ------
    InputError
        A file that cannot be read.
    """
    one, other = (_flat(readDataset(path, stop_before_pixels=True)) for path in (first, second))
    return [{"tag": tag, "keyword": (one.get(tag) or other.get(tag))[0], "from": _shown(one.get(tag)),
             "to": _shown(other.get(tag))}
            for tag in sorted({*one, *other}) if one.get(tag) != other.get(tag)]


def _flat(dataset, above=""):
    found = {}
    for element in dataset:
        tag = f"{above}({element.tag.group:04X},{element.tag.element:04X})"
        if element.VR == "SQ":
            for number, item in enumerate(element.value, 1):
                found |= _flat(item, f"{tag}[{number}]")
        else:
            found[tag] = (element.keyword or element.name, str(element.value))
    return found


def _shown(entry):
    if entry is None:
        return None
    text = entry[1]
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."
