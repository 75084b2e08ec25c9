"""What a header says for the report alone: preparation, route, patient, corrections; no number depends on it."""

import re

from ..errors import InputError
from .elements import firstItem, number, tagText, text, texts
from .facts import Fact

_SEQUENCE = "RadiopharmaceuticalInformationSequence"
# Names of the facts of the report -> attribute of the image.
_TEXTS = {"modality": "Modality", "referringPhysician": "ReferringPhysicianName", "operator": "OperatorsName",
          "patientSex": "PatientSex", "reconstructionMethod": "ReconstructionMethod",
          "attenuationCorrection": "AttenuationCorrectionMethod", "scatterCorrection": "ScatterCorrectionMethod"}
# Corrected Image (0028,0051) lists what was done; PS3.3 C.8.4.11 and C.8.9.1.
_CORRECTIONS = {"attenuationCorrection": "ATTN", "scatterCorrection": "SCAT"}
_SEXES = {"F": "female", "M": "male", "O": "other"}
_AGE_UNITS = {"D": "days", "W": "weeks", "M": "months", "Y": "years"}
_AGE = re.compile(r"0*(\d+)([DWMY])")


def reportingFacts(dataset):
    """Facts for the report, and warnings of what cannot be read: such a value is left out, the image is used.

    Parameters
    ----------
    dataset : pydicom.Dataset

    Returns
    -------
    (dict of str to Fact, list of str)
        ``modality``, ``referringPhysician``, ``operator``, ``patientSex``, ``patientAge``, ``patientWeightKg``,
        ``patientHeightCm``, ``radiopharmaceutical``, ``route``, ``views``, ``reconstructionMethod``,
        ``attenuationCorrection``, ``scatterCorrection``; only what the header states.
    """
    facts, warnings = {}, []
    for read in (_ofTexts, _ofPatient, _ofPreparation, _ofCorrections, _ofViews):
        try:
            facts = {**read(dataset), **facts}
        except InputError as error:
            warnings += [f"{fault.what}; it is left out of the report" for fault in error.faults]
    return facts, warnings


def _ofTexts(dataset):
    found = {name: (keyword, text(dataset, keyword)) for name, keyword in _TEXTS.items()}
    return {name: _fact(_SEXES.get(value, value) if name == "patientSex" else _personName(value), keyword)
            for name, (keyword, value) in found.items() if value}


def _personName(value):
    """DICOM writes family name^given name^..."""
    return ", ".join(part.strip() for part in value.split("=")[0].split("^") if part.strip())


def _ofPatient(dataset):
    found = {}
    weight, height = number(dataset, "PatientWeight"), number(dataset, "PatientSize")
    if weight:
        found["patientWeightKg"] = _fact(weight, "PatientWeight", "kg")
    if height:
        found["patientHeightCm"] = _fact(100.0 * height, "PatientSize", "cm")
    age = _AGE.fullmatch(text(dataset, "PatientAge"))
    if age:
        found["patientAge"] = _fact(f"{age.group(1)} {_AGE_UNITS[age.group(2)]}", "PatientAge")
    return found


def _ofPreparation(dataset):
    item, found = firstItem(dataset, _SEQUENCE), {}
    if item is None:
        return found
    code = firstItem(item, "AdministrationRouteCodeSequence")
    for name, keyword, value in (
        ("radiopharmaceutical", "Radiopharmaceutical", text(item, "Radiopharmaceutical")),
        ("route", "RadiopharmaceuticalRoute", text(item, "RadiopharmaceuticalRoute")),
        ("route", "AdministrationRouteCodeSequence", text(code, "CodeMeaning") if code is not None else ""),
    ):  # fmt: skip
        if value and name not in found:
            found[name] = Fact(value, "", "DICOM", tagText((_SEQUENCE, 0), keyword))
    return found


def _ofCorrections(dataset):
    done = texts(dataset, "CorrectedImage")
    return {name: _fact("yes" if word in done else f"not listed ({', '.join(done)})", "CorrectedImage")
            for name, word in _CORRECTIONS.items() if done}


def _ofViews(dataset):
    item = firstItem(dataset, "RotationInformationSequence")
    count = None if item is None else number(item, "NumberOfFramesInRotation")
    keyword = ("RotationInformationSequence", 0)
    return {"views": Fact(int(count), "", "DICOM", tagText(keyword, "NumberOfFramesInRotation"))} if count else {}


def _fact(value, keyword, unit=""):
    return Fact(value, unit, "DICOM", tagText(keyword))
