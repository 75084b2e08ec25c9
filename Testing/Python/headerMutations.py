"""Seeded mutations of DICOM headers: every element of small objects removed, emptied, mistyped, made absurd.

A case is right when the reader gives what it gives for the untouched object, or what the changed header says (checked
against plain arithmetic on the header), or refuses with a message that names the tag. Everything else is a fault.
"""

import os
import random
import shutil
from dataclasses import dataclass

import numpy as np
import pydicom
from dicomExamples import (
    writeCTExample,
    writePETExample,
    writePlanarExample,
    writeSegmentationExample,
    writeSpectExample,
    writeStructureSetExample,
)
from pydicom.dataelem import DataElement, RawDataElement

from MRTDosimetryLib.dicom.planar import readPlanar
from MRTDosimetryLib.dicom.readers import readCTSeries, readSpect
from MRTDosimetryLib.dicom.regions import readRegions
from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.imaging.volume import RAS_FROM_LPS

KINDS = ("removed", "emptied", "mistyped", "broken", "word", "huge", "negative", "zero", "doubled")
_NUMERIC = {"DS": "{:g}", "IS": "{:.0f}"}
_BINARY = {"US": 2, "SS": 2, "UL": 4, "SL": 4, "FD": 8, "FL": 4, "AT": 4}
_HUGE = {"DS": "1e30", "IS": "2147483647", "US": 65535, "SS": 32767, "UL": 2**32 - 1, "SL": 2**31 - 1, "FD": 1e30,
         "FL": 1e30}  # fmt: skip
# What cannot be checked by arithmetic on the header: the drawing itself.
_DRAWN = {"ContourData"}
# What only names views and energy windows: titles follow it.
_NAMING = {"(0054,0010)", "(0054,0012)", "(0054,0220)", "(0054,0022)"}


@dataclass(frozen=True)
class Template:
    """A small object (or series) and how it is read."""

    name: str
    folder: str
    mutated: str
    read: object


@dataclass(frozen=True)
class Case:
    template: Template
    path: tuple  # of (tag, item index or None)
    kind: str

    @property
    def title(self):
        steps = ".".join(_tagText(tag) + ("" if index is None else f"[{index}]") for tag, index in self.path)
        return f"{self.template.name} {steps} {pydicom.datadict.keyword_for_tag(self.path[-1][0])} {self.kind}"


def templates(folder):
    """All templates, written into a folder (pathlib.Path)."""
    made = []
    spect = folder / "spect"
    spect.mkdir()
    made.append(Template("NM", str(spect), writeSpectExample(spect / "spect.dcm"), readSpect))
    ct = writeCTExample(folder / "ct")
    made.append(Template("CT", str(folder / "ct"), ct[2], readCTSeries))
    pet = writePETExample(folder / "pet")
    made.append(Template("PET", str(folder / "pet"), pet[1], readSpect))
    planar = folder / "planar"
    planar.mkdir()
    path = writePlanarExample(planar / "planar.dcm")
    made.append(Template("planar", str(planar), path, lambda folder, path=path: readPlanar(path)))
    for name, write in (("SEG", writeSegmentationExample), ("RTSTRUCT", writeStructureSetExample)):
        own = folder / name
        own.mkdir()
        path, grid = write(own / "regions.dcm")
        made.append(Template(name, str(own), path,
                             lambda folder, path=path, grid=grid: readRegions(path, grid, None, ["2.25.1003"])))
    return made


def cases(template):
    """Every mutation of every element of a template's file."""
    found = []

    def walk(dataset, prefix):
        for element in dataset:
            tag = int(element.tag)
            if element.keyword == "PixelData":
                found.extend(Case(template, (*prefix, (tag, None)), kind) for kind in ("removed", "emptied", "broken"))
                continue
            found.extend(Case(template, (*prefix, (tag, None)), kind) for kind in KINDS
                         if _value(element, kind) is not None)
            if element.VR == "SQ":
                for index, item in enumerate(element.value[:2]):
                    walk(item, (*prefix, (tag, index)))

    dataset = pydicom.dcmread(template.mutated)
    walk(dataset, ())
    found += [Case(template, ((int(element.tag), None),), kind) for element in dataset.file_meta
              for kind in ("removed", "emptied", "word") if element.tag == 0x00020010]
    return found


def sample(folder, count, seed=5):
    """``count`` cases over all templates, and every template's count of truncations."""
    rng = random.Random(seed)
    listed = [case for template in templates(folder) for case in cases(template)]
    return rng.sample(listed, min(count, len(listed)))


def _value(element, kind):
    """The element that replaces ``element``; the string "removed"; None where the kind makes no sense."""
    tag, vr = element.tag, element.VR
    if kind == "removed":
        return "removed"
    if kind == "emptied":
        return RawDataElement(tag, vr, 0, b"", 0, False, True) if vr != "SQ" else DataElement(tag, "SQ", [])
    if kind == "mistyped":
        return DataElement(tag, "LO", "abc") if vr != "LO" else DataElement(tag, "US", 7)
    if kind == "broken":
        if vr in _BINARY:
            return RawDataElement(tag, vr, 1, b"\x01", 0, False, True)
        return None if vr == "SQ" else RawDataElement(tag, vr, 6, b"\xff\xfe\\abc", 0, False, True)
    if kind == "word" and vr in ("CS", "LO", "SH", "UI", "DA", "TM", "DT", "PN", "ST", "LT"):
        return RawDataElement(tag, vr, 8, b"NONSENSE", 0, False, True)
    if vr not in _HUGE:
        return None
    count = max(element.VM, 1)
    values = [_HUGE[vr]] * count
    if kind == "zero":
        values = [0] * count
    elif kind == "negative":
        if vr in ("US", "UL", "AT"):
            return None
        old = element.value if element.VM > 1 else [element.value]
        values = [-abs(float(part or 1)) if vr != "IS" else -abs(int(part or 1)) for part in old]
        values = [int(part) for part in values] if vr in ("SS", "SL") else values
    elif kind == "doubled":
        old = element.value if element.VM > 1 else [element.value]
        values = [part for part in old if part is not None] * 2
        if not values:
            return None
    elif kind != "huge":
        return None
    if vr in _NUMERIC:
        text = "\\".join(str(part) for part in values).encode()
        return RawDataElement(tag, vr, len(text) + len(text) % 2, text + b" " * (len(text) % 2), 0, False, True)
    return DataElement(tag, vr, values if len(values) > 1 else values[0])


def write(case, path):
    """The template's file with the mutation."""
    dataset = pydicom.dcmread(case.template.mutated)
    tag = case.path[-1][0]
    if tag >> 16 == 2:
        _writeMeta(case, path)
        return
    holder = dataset
    for step, index in case.path[:-1]:
        holder = holder[step].value[index]
    replacement = _value(holder[tag], case.kind)
    if holder[tag].keyword == "PixelData" and case.kind == "broken":
        dataset.PixelData = dataset.PixelData[:-10]
    elif isinstance(replacement, str):
        del holder[tag]
    elif isinstance(replacement, RawDataElement):
        del holder[tag]
        holder._dict[pydicom.tag.Tag(tag)] = replacement
    else:
        holder[tag] = replacement
    pydicom.dcmwrite(path, dataset, enforce_file_format=False)


def _writeMeta(case, path):
    """The transfer syntax is changed in the bytes: pydicom would not write a file without."""
    with open(case.template.mutated, "rb") as file:
        data = file.read()
    old = b"1.2.840.10008.1.2.1\0"
    new = {"removed": None, "emptied": b"\0" * len(old), "word": b"NONSENSE".ljust(len(old), b"\0")}[case.kind]
    start = data.index(old)
    # removed: the tag becomes one that nobody knows
    data = data[:start - 8] + b"\x02\x00\xf0\x0f" + data[start - 4:] if new is None else data.replace(old, new, 1)
    with open(path, "wb") as file:
        file.write(data)


class Referee:
    """Reads mutated objects and judges what comes."""

    def __init__(self, folder):
        self.folder = folder
        self.references = {}

    def judge(self, case):
        """``(outcome, words)``; outcome is "right", "as the header says", "refused" or begins with "FAULT"."""
        template = case.template
        if template.name not in self.references:
            self.references[template.name] = template.read(template.folder)
        backup = os.path.join(self.folder, f"{template.name}.backup")
        if not os.path.exists(backup):
            shutil.copy(template.mutated, backup)
        try:
            write(Case(Template(template.name, template.folder, backup, template.read), case.path, case.kind),
                  template.mutated)
            return self._read(case)
        finally:
            shutil.copy(backup, template.mutated)

    def truncated(self, template, length):
        """Judgment of a file that ends early: nothing but a refusal, or the same image, is right."""
        reference = template.read(template.folder)
        with open(template.mutated, "rb") as file:
            data = file.read()
        try:
            with open(template.mutated, "wb") as file:
                file.write(data[:length])
            try:
                found = template.read(template.folder)
            except InputError as error:
                return "refused", str(error)
            return ("right", "") if isSame(found, reference, set()) else ("FAULT silently different", "")
        finally:
            with open(template.mutated, "wb") as file:
                file.write(data)

    def _read(self, case):
        template = case.template
        try:
            found = template.read(template.folder)
        except InputError as error:
            words = str(error)
            isNamed = any(_tagText(tag) in words for tag, _ in case.path) or _isWhole(case, words)
            return ("refused" if isNamed else "FAULT refused without the tag"), words
        changed = {_tagText(tag) for tag, _ in case.path}
        if isSame(found, self.references[template.name], changed):
            return "right", ""
        keyword = pydicom.datadict.keyword_for_tag(case.path[-1][0])
        if keyword in _DRAWN or keyword in ("ROIName", "SegmentLabel"):
            return "as the header says", ""
        if hasattr(found, "volume") and followsHeader(template, found):
            return "as the header says", ""
        return "FAULT silently different", difference(found, self.references[template.name])


def _isWhole(case, words):
    """Some elements decide whether there is a DICOM object at all, or to which series it belongs."""
    keyword = pydicom.datadict.keyword_for_tag(case.path[-1][0])
    if keyword in ("SeriesInstanceUID", "SOPClassUID"):
        return any(text in words for text in ("more than one", "missing", "There is no", "of 6 slices", "only one"))
    return keyword == "TransferSyntaxUID" or "damaged" in words


def _tagText(tag):
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def isSame(found, reference, changed):
    """Whether two results are equal; facts that come from a changed tag, and warnings, may differ."""
    if hasattr(found, "volume"):
        a, b = found.volume, reference.volume
        if a.array.shape != b.array.shape or a.unit != b.unit or not np.array_equal(a.array, b.array):
            return False
        if not np.allclose(a.ijkToRAS, b.ijkToRAS, atol=1e-6):
            return False
    elif hasattr(found, "views"):
        if len(found.views) != len(reference.views) or found.kind != reference.kind:
            return False
        if not changed & _NAMING and [view.title for view in found.views] != [view.title for view in reference.views]:
            return False
        if not all(np.array_equal(a.counts, b.counts) and a.pixelSpacingMM == b.pixelSpacingMM
                   for a, b in zip(found.views, reference.views, strict=True)):
            return False
    else:
        if found.names != reference.names or len(found.layers) != len(reference.layers):
            return False
        if not all(np.array_equal(a.array, b.array) and np.allclose(a.ijkToRAS, b.ijkToRAS, atol=1e-6)
                   for (a, _), (b, _) in zip(found.layers, reference.layers, strict=True)):
            return False
        return True
    shared = [(fact, reference.facts[name]) for name, fact in found.facts.items() if name in reference.facts]
    return all(fact.value == other.value for fact, other in shared
               if not _isFrom(fact, changed) and not _isFrom(other, changed))


def _isFrom(fact, changed):
    return any(tag in fact.detail for tag in changed)


def difference(found, reference):
    """A few words on what differs."""
    if hasattr(found, "volume"):
        a, b = found.volume, reference.volume
        facts = [name for name, fact in found.facts.items()
                 if name in reference.facts and fact.value != reference.facts[name].value]
        off = np.abs(a.ijkToRAS - b.ijkToRAS).max()
        return f"{a.array.shape} {b.array.shape} {a.unit} facts {facts} matrix {off:g}"
    return f"{getattr(found, 'names', '')} {getattr(found, 'facts', '')} {getattr(found, 'views', '')}"


def followsHeader(template, found):
    """Whether an image is what plain arithmetic on the header of the file(s) gives (positions and values)."""
    paths = [os.path.join(template.folder, name) for name in sorted(os.listdir(template.folder))]
    volume = found.volume
    expected = []
    for path in paths:
        dataset = pydicom.dcmread(path)
        isNM = template.name == "NM"
        holder = dataset.DetectorInformationSequence[0] if isNM else dataset
        position = np.array([float(part) for part in holder.ImagePositionPatient])
        cosines = np.array([float(part) for part in holder.ImageOrientationPatient])
        frames = dataset.pixel_array if isNM else dataset.pixel_array[None]
        normal = np.cross(cosines[:3], cosines[3:])
        step = float(dataset.SpacingBetweenSlices) if isNM else 0.0
        slope, intercept = _scale(dataset)
        vector = dataset.get("SliceVector") or range(1, len(frames) + 1)
        for frame, number in zip(frames, vector if isNM else (1,), strict=True):
            expected.append((position + (number - 1) * step * normal, frame * slope + intercept, cosines,
                             [float(part) for part in dataset.PixelSpacing]))
    if len(expected) != volume.array.shape[0]:
        return False
    matrix = RAS_FROM_LPS @ volume.ijkToRAS
    for position, values, cosines, spacing in expected:
        index = np.linalg.solve(matrix, [*position, 1.0])
        k = int(round(index[2]))
        if np.abs(index[:3] - [0, 0, k]).max() > 1e-3 or not 0 <= k < volume.array.shape[0]:
            return False
        if not np.allclose(matrix[:3, 0], cosines[:3] * spacing[1], atol=1e-3):
            return False
        if not np.allclose(matrix[:3, 1], cosines[3:] * spacing[0], atol=1e-3):
            return False
        if not np.allclose(volume.array[k], values, rtol=1e-5, atol=1e-5 * np.abs(values).max()):
            return False
    return True


def _scale(dataset):
    mapping = dataset.get("RealWorldValueMappingSequence")
    if mapping and mapping[0].MeasurementUnitsCodeSequence[0].CodeValue == "Bq/ml":
        return float(mapping[0].RealWorldValueSlope), float(mapping[0].RealWorldValueIntercept)
    return float(dataset.get("RescaleSlope") or 1), float(dataset.get("RescaleIntercept") or 0)


