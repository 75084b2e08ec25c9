"""Uptakes and blood by a calibrated probe or counter: the activity behind the counts, and what is refused."""

import datetime
import math

import pytest

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.physics.decay import decayFactor
from MRTDosimetryLib.physics.nuclides import nuclide
from MRTDosimetryLib.therapies import counterCalibration, inputs
from MRTDosimetryLib.therapies.bloodPart import concentrations
from MRTDosimetryLib.therapies.case import TherapyCase
from MRTDosimetryLib.therapies.thyroidPoints import uptakePoints

IODINE = nuclide("I-131")
CPS_PER_BQ, RELATIVE = 2.0e-5, 0.03
TRACER_MBQ, SECONDS = 2.0, 300.0
UPTAKES = {5.0: 0.30, 36.0: 0.48, 156.0: 0.25}  # of the administered activity, as present
THIGH_CPS = 1.5


def record(instrument="thyroidProbe", **changes):
    content = {"camera": "Probe 1", "radionuclide": "I-131", "date": "2026-05-01", "validUntil": "2027-05-01",
               "digest": "0" * 64, "counter": {"instrument": instrument, "cpsPerBq": CPS_PER_BQ,
                                               "relativeUncertainty": RELATIVE, "volumeML": None}, **changes}
    return counterCalibration.kept(content, "probe.json", instrument, "test")


def rows(**changes):
    perUptake = TRACER_MBQ * 1e6 * CPS_PER_BQ
    return [{"timeHours": hours, "patientCounts": round((fraction * perUptake + THIGH_CPS) * SECONDS),
             "backgroundCounts": round(THIGH_CPS * SECONDS), "patientSeconds": SECONDS, "backgroundSeconds": SECONDS,
             **changes} for hours, fraction in UPTAKES.items()]


def case(uptakes=None, probe=None, **changes):
    probe = {"calibration": record(), "tracerActivityMBq": TRACER_MBQ, "probeName": "probe 1", "testDate": "2026-05-10",
             **(probe or {})}
    stated = inputs.checked({"measurements.thyroidUptake": uptakes or rows(), "measurements.thyroidProbe": {
        key: value for key, value in probe.items() if value is not None}, **changes.pop("further", {})})
    return TherapyCase("thyroidIodine.multipleUptakes", "I-131", measurements={
        key.partition(".")[2]: value for key, value in stated.items()}, **changes)


def test_countsBecomeUptake():
    found = uptakePoints(case())
    assert found.fractions == pytest.approx(tuple(UPTAKES.values()), rel=2e-3)
    # Poisson statistics of neck and thigh, each its own
    counts = rows()[0]["patientCounts"], rows()[0]["backgroundCounts"]
    own = math.sqrt(sum(counts)) / SECONDS / (CPS_PER_BQ * TRACER_MBQ * 1e6)
    assert found.uncertainties[0] == pytest.approx(own, rel=1e-9)
    assert found.commonRelative == pytest.approx(RELATIVE)
    assert found.standardFactor is None and found.rows[0][3] == "calibrated probe"
    assert any("2e-05 counts per second and Bq ± 3.00% (k = 1) of Probe 1" in text for text in found.assumptions)
    assert not [text for text in found.warnings if "Calibration" in text], found.warnings
    # beside what is stated of phantom, depth and size of the gland
    more = uptakePoints(case(probe={"calibrationRelativeUncertainty": 0.04}))
    assert more.commonRelative == pytest.approx(0.05)


def test_theSameAsByTheStandardThatCalibratedIt():
    """Countings of a standard of the tracer's activity beside the patient, and the record made by the same standard."""
    full = CPS_PER_BQ * TRACER_MBQ * 1e6 * SECONDS
    standard = [{**row, "standardCounts": full * decayFactor(IODINE.halfLifeHours, row["timeHours"]) + 300.0,
                 "roomCounts": 300.0, "standardSeconds": SECONDS, "roomSeconds": SECONDS,
                 "standardTimeHours": row["timeHours"]} for row in rows()]
    byStandard = uptakePoints(case(standard, {"calibration": None, "tracerActivityMBq": None}))
    assert uptakePoints(case()).fractions == pytest.approx(byStandard.fractions, rel=1e-9)


def test_theDeadTimeOfTheRecord():
    slow = {"deadTime": {"model": "paralyzable", "microseconds": 500.0}}
    found = uptakePoints(case(probe={"calibration": record(**slow)}))
    assert found.fractions[1] > 1.005 * uptakePoints(case()).fractions[1]
    own = uptakePoints(case(probe={"calibration": record(**slow), "deadTimeMicroseconds": 0.0}))
    assert own.fractions == uptakePoints(case()).fractions, "what is stated counts"


def test_verificationRestsOnTheAdministeredActivity():
    after = {"measurements.thyroidUptakeVerification": [
        {"timeHours": 48.0, "patientCounts": (0.4 * 500e6 * CPS_PER_BQ + THIGH_CPS) * SECONDS,
         "backgroundCounts": THIGH_CPS * SECONDS, "patientSeconds": SECONDS, "backgroundSeconds": SECONDS}]}
    start = datetime.datetime(2027, 4, 30, 10)
    found = uptakePoints(case(further=after, administeredActivityMBq=500.0, administrationDateTime=start),
                         "thyroidUptakeVerification")
    assert found.fractions == pytest.approx((0.4,), rel=1e-6)
    assert any("it expired on 2027-05-01, 1 days before the measurement" in text for text in found.warnings)


@pytest.mark.parametrize("probe, words", [
    ({"calibration": record(radionuclide="I-123")}, "is for I-123, what was counted is I-131"),
    ({"tracerActivityMBq": None}, "administered activity of the tracer is not stated"),
    ({"calibration": None, "tracerActivityMBq": None}, "no calibration of the probe is named"),
    ({"tracerActivityMBq": 0.5}, "more than all that was administered"),
    ({"calibration": {**record(), "cpsPerBq": 1e-3}}, "What is stated of the calibration record was changed"),
    ({"calibration": record("gammaCounter")}, "not of a thyroid probe"),
    ({"calibration": "probe.json"}, "was not read"), ({"testDate": "10.5.2026"}, "is not a date")])
def test_refusedInWords(probe, words):
    with pytest.raises(InputError, match=words):
        uptakePoints(case(probe=probe))


def test_standardAndCalibrationTogether():
    standard = {"standardCounts": 9e5, "roomCounts": 100.0, "standardSeconds": SECONDS, "roomSeconds": SECONDS}
    with pytest.raises(InputError, match="no counting rests on it"):
        uptakePoints(case(rows(**standard)))
    mixed = [{**rows()[0], **standard}, *rows()[1:]]
    with pytest.raises(InputError, match="some countings have a standard"):
        uptakePoints(case(mixed))
    with pytest.raises(InputError, match="needs the counting times of neck and thigh"):
        uptakePoints(case([{key: value for key, value in row.items() if "Seconds" not in key} for row in rows()]))
    with pytest.raises(InputError, match="counts of the room without the standard are missing"):
        case(rows(standardCounts=9e5))


@pytest.mark.parametrize("probe, words", [
    ({"probeName": "Probe 2"}, "the instrument is 'Probe 2', the calibration is for 'Probe 1'"),
    ({"testDate": "2027-05-01"}, "expired on 2027-05-01, 6 days before the measurement"),
    ({"testDate": "2026-01-01"}, "before the calibration of 2026-05-01"), ({"testDate": None}, "is not known"),
    ({"calibration": record(validUntil=None)}, "states no end of its validity"),
    ({"calibration": record(counter={"instrument": "thyroidProbe", "cpsPerBq": CPS_PER_BQ,
                                     "relativeUncertainty": None})}, "its uncertainty is not known")])
def test_flaggedInWords(probe, words):
    found = uptakePoints(case(probe=probe))
    assert any(words in text for text in found.warnings), found.warnings


BLOOD_CPS_PER_BQ = 0.3
CONCENTRATIONS = {2.0: 0.02, 24.0: 0.005}  # MBq/mL


def counterCase(calibration=None, hasStandard=False, **changes):
    rates = {hours: value * 1e6 * decayFactor(IODINE.halfLifeHours, 48.0 - hours) * BLOOD_CPS_PER_BQ + 5.0
             for hours, value in CONCENTRATIONS.items()}
    samples = [{"timeHours": hours, "countedAtHours": 48.0, "volumeML": 1.0, "countingSeconds": 60.0,
                "counts": rate * 60.0} for hours, rate in rates.items()]
    content = {"background": {"counts": 300, "countingSeconds": 60}, "samples": samples,
               "calibration": calibration or record("gammaCounter", camera="Counter 2", counter={
                   "instrument": "gammaCounter", "cpsPerBq": BLOOD_CPS_PER_BQ, "relativeUncertainty": 0.02,
                   "volumeML": 1.0}), "counterName": "Counter 2", **changes}
    if hasStandard:
        content["standard"] = {"activityKBq": 10, "counts": 180300, "countingSeconds": 60}
    stated = inputs.checked({"measurements.wellCounter": {key: value for key, value in content.items()
                                                          if value is not None}})
    return TherapyCase(None, "I-131", 1100.0, patient={"massKg": 70.0},
                       measurements={"wellCounter": stated["measurements.wellCounter"]},
                       administrationDateTime=datetime.datetime(2026, 5, 10, 10))


def test_bloodByACalibratedCounter():
    found = concentrations(counterCase())
    assert found.valuesMBqPerML == pytest.approx(tuple(CONCENTRATIONS.values()), rel=1e-9)
    assert found.commonRelative == pytest.approx(0.02) and found.warnings == ()
    assert "of Counter 2 for I-131" in found.assumptions[0]


@pytest.mark.parametrize("changes, words", [
    ({"hasStandard": True}, "counts of a standard are stated, and a calibration of the counter is named"),
    ({"calibration": record("thyroidProbe")}, "of another instrument"),
    ({"calibration": record("gammaCounter", radionuclide="Lu-177")}, "is for Lu-177, what was counted is I-131"),
    ({"background": None}, "background")])
def test_countersRefused(changes, words):
    with pytest.raises(InputError, match=words):
        concentrations(counterCase(**changes))


def test_countersFlagged():
    old = record("gammaCounter", camera="Counter 1", validUntil="2026-05-11", counter={
        "instrument": "gammaCounter", "cpsPerBq": BLOOD_CPS_PER_BQ, "relativeUncertainty": None, "volumeML": 5.0})
    found = concentrations(counterCase(old))
    told = " ".join(found.warnings)
    for words in ("the instrument is 'Counter 2', the calibration is for 'Counter 1'", "expired on 2026-05-11, 1 days",
                  "its uncertainty is not known", "differs in volume from the standard"):
        assert words in told
    assert found.commonRelative is None
