"""What a header says for the report: read where it is there, left out in words where it cannot be read."""

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from MRTDosimetryLib.dicom.reportingFacts import reportingFacts


def dataset(**values):
    found = Dataset()
    for keyword, value in values.items():
        setattr(found, keyword, value)
    return found


def item(**values):
    return Sequence([dataset(**values)])


def test_factsOfTheHeader():
    header = dataset(
        Modality="NM", ReferringPhysicianName="Family^Given^^Dr.", OperatorsName="Family^Other", PatientSex="F",
        PatientAge="061Y", PatientWeight="73.5", PatientSize="1.76", CorrectedImage=["ATTN", "NORM"],
        RadiopharmaceuticalInformationSequence=item(Radiopharmaceutical="Lutetium (177Lu) oxodotreotide",
                                                    RadiopharmaceuticalRoute="Intravenous"),
        RotationInformationSequence=item(NumberOfFramesInRotation=60))
    facts, warnings = reportingFacts(header)
    values = {name: (fact.value, fact.unit) for name, fact in facts.items()}
    assert not warnings
    assert values.pop("patientHeightCm") == (pytest.approx(176.0), "cm")
    assert values == {
        "modality": ("NM", ""), "referringPhysician": ("Family, Given, Dr.", ""), "operator": ("Family, Other", ""),
        "patientSex": ("female", ""), "patientAge": ("61 years", ""), "patientWeightKg": (73.5, "kg"),
        "attenuationCorrection": ("yes", ""), "scatterCorrection": ("not listed (ATTN, NORM)", ""),
        "radiopharmaceutical": ("Lutetium (177Lu) oxodotreotide", ""), "route": ("Intravenous", ""), "views": (60, "")}
    assert facts["patientWeightKg"].detail == "(0010,1030)" and facts["patientWeightKg"].source == "DICOM"


def test_whatIsNotStatedIsNotThere():
    assert reportingFacts(Dataset()) == ({}, [])
    assert "scatterCorrection" not in reportingFacts(dataset(PatientWeight="0"))[0]
    assert "patientWeightKg" not in reportingFacts(dataset(PatientWeight="0"))[0], "0 kg is no weight"


def test_methodOfPETCountsBeforeTheList():
    facts, _warnings = reportingFacts(dataset(CorrectedImage=["SCAT"], AttenuationCorrectionMethod="measured,CT",
                                              ScatterCorrectionMethod="Model-based", ReconstructionMethod="OSEM"))
    assert facts["attenuationCorrection"].value == "measured,CT" and facts["scatterCorrection"].value == "Model-based"
    assert facts["reconstructionMethod"].value == "OSEM"


def test_damagedValueIsTold():
    header = dataset(Modality="NM")
    header.add_new("PatientWeight", "LO", "heavy")
    facts, warnings = reportingFacts(header)
    assert facts["modality"].value == "NM" and "patientWeightKg" not in facts
    assert len(warnings) == 1 and "Patient's Weight" in warnings[0] and "left out of the report" in warnings[0]
