"""What is stated of patient, whole-body readings, blood samples and gamma counter: checks in words."""

import pytest

from MRTDosimetryLib.errors import FaultList, InputError
from MRTDosimetryLib.therapies.inputs import kinds

READINGS = [{"timeHours": 0.0, "anteriorCps": 1605.0, "posteriorCps": 905.0, "backgroundCps": 5.0},
            {"timeHours": 24.0, "anteriorCps": 645.0, "posteriorCps": 365.0, "backgroundCps": 5.0}]
SAMPLES = [{"timeHours": 2.0, "countedAtHours": 30.0, "volumeML": 1.0, "counts": 9000, "countingSeconds": 60.0},
           {"timeHours": 24.0, "countedAtHours": 30.5, "volumeML": 1.0, "counts": 4000, "countingSeconds": 60.0}]
COUNTER = {"standard": {"activityKBq": 2.0, "counts": 30000, "countingSeconds": 60.0, "relativeUncertainty": 0.03},
           "background": {"counts": 600, "countingSeconds": 60.0}, "samples": SAMPLES}
S_VALUES = [{"source": "total body", "sValueGyPerMBqH": 2e-7, "massKg": 73.0},
            {"source": "liver", "sValueGyPerMBqH": 3e-7, "massKg": 1.8, "timeIntegratedActivityCoefficientH": 2.0}]


def check(key, value):
    return kinds()[key].check(value, f"study: {key}")


def test_whatIsRightComesBack():
    patient = {"massKg": 70, "heightCm": 165, "sex": "female", "ageYears": 40, "hematocrit": 0.4,
               "bloodVolumeML": 4000}
    assert check("patient", patient) == patient and check("patient", {}) == {}
    assert check("measurements.wholeBody", READINGS) == READINGS
    rows = [{"timeHours": 2.0, "activityMBqPerML": 1e-3, "uncertaintyMBqPerML": 1e-4}]
    assert check("measurements.blood", rows) == rows
    assert check("measurements.wellCounter", COUNTER) == COUNTER
    assert check("measurements.wellCounterSamples", SAMPLES) == SAMPLES
    assert check("measurements.marrowSValues", S_VALUES) == S_VALUES
    monitor = {"firstReading": "beforeVoiding", "tail": "physical", "tailReadings": 3, "relativeReproducibility": 0.03,
               "deadTimeMicroseconds": 6.0, "deadTimeModel": "paralyzable"}
    assert check("measurements.wholeBodyMonitor", monitor) == monitor


def test_theCounterAsAFormWithoutGroups():
    flat = {"standardActivityKBq": 2.0, "standardCounts": 30000, "standardSeconds": 60.0,
            "standardRelativeUncertainty": 0.03, "backgroundCounts": 600, "backgroundSeconds": 60.0}
    found = check("measurements.wellCounter", flat)
    assert found == {key: value for key, value in COUNTER.items() if key != "samples"}
    with pytest.raises(InputError, match="stated twice, also as standardCounts"):
        check("measurements.wellCounter", COUNTER | {"standardCounts": 1})


@pytest.mark.parametrize(("patient", "words"), [
    ({"massKg": 0}, "body mass .* is 0, but has to be at least"),
    ({"massKg": 20000}, "20000 looks like grams, which would be 20 kg"),
    ({"massKg": "twenty"}, "body mass .* is not a number"),
    ({"heightCm": 1.65}, "looks like meters, which would be 165 cm"),
    ({"hematocrit": 45}, "45 looks like percent, which would be 0.45"),
    ({"hematocrit": 0.0}, "hematocrit is 0"),
    ({"bloodVolumeML": 4.1}, "4.1 looks like liters, which would be 4100 mL"),
    ({"sex": "F"}, "sex 'F' is not known.*female, male"),
    ({"ageYears": -1}, "age"),
    ({"weight": 70}, "key 'weight' is not known"),
    ([70], "not an object with named values")])
def test_badPatients(patient, words):
    with pytest.raises(InputError, match=words):
        check("patient", patient)


def test_allFaultsOfAPatientAtOnce():
    with pytest.raises(FaultList) as caught:
        check("patient", {"massKg": 0, "hematocrit": 45, "heightCm": 1.7})
    assert len(caught.value.faults) == 3


@pytest.mark.parametrize(("change", "words"), [
    ({"timeHours": None}, "row 2: The time of the reading is missing"),
    ({"timeHours": 86400.0}, "not minutes or seconds"),
    ({"timeHours": 0.0}, "not in order"),
    ({"anteriorCps": -1.0}, "anterior count rate"),
    ({"anteriorCps": None}, "The anterior count rate is missing"),
    ({"backgroundCps": None}, "background count rate is missing.*without the patient"),
    ({"countingSeconds": 0}, "counting time"),
    ({"cps": 3}, "key 'cps' is not known")])
def test_badReadings(change, words):
    with pytest.raises(InputError, match=words):
        check("measurements.wholeBody", [READINGS[0], READINGS[1] | change])


def test_tooFewReadings():
    with pytest.raises(InputError, match="1 measurements are given, at least 2"):
        check("measurements.wholeBody", READINGS[:1])
    with pytest.raises(InputError, match="not a list"):
        check("measurements.wholeBody", READINGS[0])


@pytest.mark.parametrize(("monitor", "words"), [
    ({"firstReading": "later"}, "'later' is not known for firstReading.*beforeVoiding"),
    ({"tail": "long"}, "effective, physical"), ({"tailReadings": 1}, "whole number from 2"),
    ({"deadTimeMicroseconds": 6}, "not its model.*paralyzable"), ({"deadTimeModel": "paralyzable"}, "no dead time"),
    ({"deadTimeMicroseconds": 6, "deadTimeModel": "x"}, "'x'"), ({"deadTimeMicroseconds": 6000}, "microseconds"),
    ({"relativeReproducibility": 3}, "0.03 for 3 %")])
def test_badMonitors(monitor, words):
    with pytest.raises(InputError, match=words):
        check("measurements.wholeBodyMonitor", monitor)


@pytest.mark.parametrize(("row", "words"), [
    ({"timeHours": 0, "activityMBqPerML": 1e-3}, "time of the draw"),
    ({"timeHours": 2, "activityMBqPerML": 0}, "activity concentration"),
    ({"timeHours": 2, "activityMBqPerML": 600.0}, "kBq/mL are thousandths"),
    ({"timeHours": 2}, "activity concentration is missing"),
    ({"timeHours": 2, "activityMBqPerML": 1e-3, "uncertaintyMBqPerML": 0}, "uncertainty"),
    ({"timeHours": 2, "activityMBqPerML": 1e-3, "uncertaintyMBqPerML": 1}, "uncertainty")])
def test_badSamples(row, words):
    with pytest.raises(InputError, match=words):
        check("measurements.blood", [row])


def test_someUncertaintiesAlone():
    rows = [{"timeHours": 2.0, "activityMBqPerML": 1e-3, "uncertaintyMBqPerML": 1e-4},
            {"timeHours": 4.0, "activityMBqPerML": 1e-3}]
    with pytest.raises(InputError, match="row 2: Some samples have an uncertainty"):
        check("measurements.blood", rows)


@pytest.mark.parametrize(("change", "words"), [
    ({"standard": None}, "standard: This is missing"), ({"background": None}, "background: This is missing"),
    ({"standard": {"counts": 1, "countingSeconds": 1}}, "activity is missing"),
    ({"samples": [SAMPLES[0] | {"countedAtHours": 1.0}]}, "before it was drawn"),
    ({"samples": [SAMPLES[0] | {"volumeML": 0}]}, "volume"), ({"samples": []}, "at least 1"),
    ({"samples": [SAMPLES[1], SAMPLES[0]]}, "not in order"), ({"gain": 2}, "key 'gain'")])
def test_badCounters(change, words):
    with pytest.raises(InputError, match=words):
        check("measurements.wellCounter", COUNTER | change)


@pytest.mark.parametrize(("rows", "words"), [
    (S_VALUES[1:], "total body is missing"), ([S_VALUES[0], S_VALUES[0]], "stated twice"),
    ([S_VALUES[0] | {"timeIntegratedActivityCoefficientH": 3}], "that of the whole-body readings"),
    ([S_VALUES[0], {"source": "liver", "sValueGyPerMBqH": 3e-7, "massKg": 1.8}], "coefficient is missing"),
    ([{"source": "", "sValueGyPerMBqH": 3e-7, "massKg": 1.8}], "no name")])
def test_badSValues(rows, words):
    with pytest.raises(InputError, match=words):
        check("measurements.marrowSValues", rows)
