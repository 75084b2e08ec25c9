"""Keys of the study file and long numbers in the messages of a page."""

import pytest

from MRTDosimetryLib.workflow.spokenKeys import spoken


@pytest.mark.parametrize(("text", "words"), [
    ("kinetics.effectiveHalfLifeHours, liver: No half-life is given.",
     "effective half-life, liver: No half-life is given."),
    ("partialVolume.method: 'x' is no method.", "partial-volume correction: 'x' is no method."),
    ("Give the lung shunt (microspheres.lungShuntFraction) or its counts (measurements.lungShunt, patient.massKg).",
     "Give the lung shunt or its counts."),
    ("Give measurements.wholeBody and patient.massKg.", "Give “measurements, whole body” and “patient, mass”."),
    ("The resolution is 4.983192245017243 mm.", "The resolution is 4.98319 mm."),
    ("1.123456789.", "1.12346.")])
def test_keysAreWordsAndNumbersShort(text, words):
    assert spoken(text) == words


@pytest.mark.parametrize("text", [
    "regions.nrrd, measurements.wholeBody.csv: written", "/media/dose.d/patient.old/regions.kept.nrrd: gone",
    "data\\dose.external\\map.mhd", "UID 1.2.840.10008.1.2.25148095103733 and 2.25.375545290310232439142",
    "liver: 20.7% extrapolated, 0.75 Gy/GBq. The kidneys, dose. More"])
def test_filesAndIdentifiersStayAsTheyAre(text):
    assert spoken(text) == text
