"""What a region is, from its name: coded terminology and color of a segment."""

import colorsys
import re

import slicer

from ..resources import loadJSON, resourcePath

_FILE = ("Terminology", "MRTDosimetry.term.json")
_ANATOMY_CONTEXT = "Anatomic codes - DICOM master list"
_LESION_CODE = "49755003"  # morphologically altered structure
_GENERIC_CODE = "85756007"
_LATERALITY = {"Left": {"left", "l", "lt"}, "Right": {"right", "r", "rt"}}
_cache = {}


def termFor(name):
    """Category, type and modifier of a region, from the words of its name.

    Parameters
    ----------
    name : str
        Such as "kidney left", "Left Kidney", "lesion 2 (liver)", "redMarrow".

    Returns
    -------
    dict
        "category", "type" and "modifier" (or None): entries of ``Resources/Terminology``; "color" (0..255, three
        values). A name that says nothing known is "Tissue".
    """
    document = _document()
    words = set(re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower()))
    categories = {item["CodeValue"]: item for item in document["SegmentationCodes"]["Category"]}
    for code in document["matchOrder"]:
        for item in categories[code]["Type"]:
            if words & set(item["matchWords"]):
                return _term(categories[code], item, words)
    generic = next(item for item in categories[_GENERIC_CODE]["Type"] if item["CodeValue"] == _GENERIC_CODE)
    return _term(categories[_GENERIC_CODE], generic, words)


def isLesion(name):
    """Whether the name of a region says that it is a lesion."""
    return termFor(name)["category"]["CodeValue"] == _LESION_CODE


def _document():
    if not _cache:
        _cache.update(loadJSON(resourcePath(*_FILE)))
    return _cache


def _term(category, item, words):
    for modifier in item.get("Modifier", ()):
        if words & _LATERALITY[modifier["CodeMeaning"]]:
            color = modifier.get("recommendedDisplayRGBValue", item["recommendedDisplayRGBValue"])
            return {"category": category, "type": item, "modifier": modifier, "color": color}
    return {"category": category, "type": item, "modifier": None, "color": item["recommendedDisplayRGBValue"]}


def serialized(term):
    """The seven-part text that Slicer keeps as terminology of a segment."""
    parts = [
        _document()["SegmentationCategoryTypeContextName"],
        _triplet(term["category"]),
        _triplet(term["type"]),
        _triplet(term["modifier"]),
        _ANATOMY_CONTEXT,
        _triplet(None),
        _triplet(None),
    ]
    return "~".join(parts)


def _triplet(entry):
    if entry is None:
        return "^^"
    return "^".join((entry["CodingSchemeDesignator"], entry["CodeValue"], entry["CodeMeaning"]))


def applyTo(segmentation, segmentIDs, shade=0):
    """Give segments the terminology and color of their names; several of one kind get distinct colors.

    Parameters
    ----------
    segmentation : vtkSegmentation
    segmentIDs : sequence of str
    shade : int
        How many of the same color there are already.
    """
    seen = {}
    for segmentID in segmentIDs:
        segment = segmentation.GetSegment(segmentID)
        term = termFor(segment.GetName())
        color = tuple(term["color"])
        variant = seen[color] = seen.get(color, shade - 1) + 1
        segment.SetTag(slicer.vtkSegment.GetTerminologyEntryTagName(), serialized(term))
        segment.SetColor(*_variant(color, variant))


# Turns of the hue (of 1) and steps of lightness that keep several lesions apart from each other and from the organs.
_VARIANTS = ((0.0, 0.0), (-0.14, 0.1), (0.07, 0.15), (-0.07, -0.12), (-0.2, 0.2), (0.03, 0.3))


def _variant(color, index):
    """The index-th distinct shade (0..1) of a color (0..255)."""
    turn, step = _VARIANTS[index % len(_VARIANTS)]
    hue, lightness, saturation = colorsys.rgb_to_hls(*(part / 255.0 for part in color))
    return colorsys.hls_to_rgb((hue + turn) % 1.0, min(0.85, max(0.25, lightness + step)), saturation)


def loadTerminology():
    """Make the terminology known to Slicer's own selectors (once per scene)."""
    logic = slicer.modules.terminologies.logic()
    name = _document()["SegmentationCategoryTypeContextName"]
    if not logic.IsTerminologyContextLoaded(name):
        logic.LoadTerminologyFromFile(resourcePath(*_FILE))
    return name
