"""Therapies from the command line as someone writes them who knows the keys alone: worked examples and bad input.

The numbers are those of the clinical reference of the project (T1, T2, T4, T7, T8, T9, T11), to their printed digits.
"""

import json
import math

import pytest

from MRTDosimetryLib import commandLine

DAYS = (0.25, 1, 2, 5, 8)
UPTAKES = (0.26581, 0.46424, 0.43828, 0.30182, 0.20680)
HOURS = (0, 4, 12, 24, 48, 72, 96)
RETAINED = (1, 0.80, 0.58, 0.40, 0.21, 0.115, 0.066)
PLAN = {"compartments": [{"name": "tumor", "massG": 250}, {"name": "normalLiver", "massG": 1350}],
        "tumorToNormalRatio": 5, "lungShuntFraction": 0.06, "lungMassG": 1000, "doseConstantJPerGBq": 49.67}
KIDNEY_23 = {"tissue": "kidney", "quantity": "absorbedDose", "valueGy": 23}


def run(folder, description, expected=0):
    """Exit status of a run, which has to be ``expected``; the results, or what was said."""
    path, out = folder / "study.json", folder / "out"
    path.write_text(json.dumps({"schemaVersion": 1, **description}), encoding="utf-8")
    status = commandLine.main(["run", str(path), "--out", str(out)])
    assert status == expected
    if expected:
        assert not out.exists() or not list(out.iterdir())
        return None
    return json.loads((out / "results.json").read_text(encoding="utf-8"))


def therapyOf(folder, description):
    return run(folder, description)["therapy"]


def thyroid(rows=None, massG=20, protocol="multipleUptakes", **more):
    rows = rows or [{"timeHours": 24 * day, "uptakeFraction": value}
                    for day, value in zip(DAYS, UPTAKES, strict=True)]
    return {"protocol": f"thyroidIodine.{protocol}", "radionuclide": "I-131", "administration": None,
            "measurements": {"thyroidUptake": rows}, "thyroid": {"massG": massG},
            "prescription": {"absorbedDoseGy": 200}, **more}


def readings(hours=HOURS, retained=RETAINED, background=10, rate=1000):
    return [{"timeHours": hour, "anteriorCps": rate * part + 10, "posteriorCps": rate * part + 10,
             "backgroundCps": background} for hour, part in zip(hours, retained, strict=True)]


def wholeBody(rows=None, activityMBq=10000, patient=None, **more):
    return {"protocol": "iodineMibg.wholeBody", "radionuclide": "I-131", "administration": {"activityMBq": activityMBq},
            "patient": patient or {"massKg": 20}, "measurements": {"wholeBody": rows or readings()},
            "prescription": {"absorbedDoseGy": 4}, **more}


def bloodRows(coefficientHPerML, activityMBq, halfLifeHours=20.0, hours=(2, 6, 24, 48, 96)):
    """Samples of one exponential with the time-integrated activity coefficient per mL."""
    rate = math.log(2) / halfLifeHours
    return [{"timeHours": hour, "activityMBqPerML": activityMBq * coefficientHPerML * rate * math.exp(-rate * hour)}
            for hour in hours]


def blood(patient=None, activityMBq=15, rows=None, protocol="thyroidCancerIodine.bloodDose"):
    hours = (0, 2, 6, 24, 48, 96, 144)
    return {"protocol": protocol, "radionuclide": "I-131", "administration": {"activityMBq": activityMBq},
            "patient": patient or {"massKg": 70},
            "measurements": {"wholeBody": readings(hours, [math.exp(-hour / 24) for hour in hours], rate=1e4),
                             "blood": rows or bloodRows(8e-4, 15)}}


def microspheres(changes=None, administration=None, **more):
    return {"protocol": "yttriumMicrospheres.partition", "radionuclide": "Y-90",
            "administration": administration, "microspheres": {**PLAN, **(changes or {})}, **more}


def cycles(*activities, regions=None):
    regions = regions or {"kidney": {"absorbedDoseGy": 4.07}}
    return [{"administeredActivityMBq": activity, "regions": regions} for activity in activities]


def lutetium(protocol="lutetiumDotatate.multiTimePoint", limits=(KIDNEY_23,), earlierCycles=None, **more):
    return {"protocol": protocol, "radionuclide": "Lu-177", "administration": None,
            "earlierCycles": earlierCycles or cycles(7400, 7400),
            "prescription": {"activityPerCycleMBq": 7400, "limits": list(limits)}, **more}


def test_prescribedActivityAndUptakeIntegral(tmp_path):
    found = therapyOf(tmp_path, thyroid())
    assert found["prescribedActivityMBq"] == pytest.approx(332.04, abs=0.01)
    assert found["uptakeIntegralD"] == pytest.approx(4.29282, abs=1e-4)  # of uptakes with five digits


def test_uptakesByCounts(tmp_path):
    rows = [{"timeHours": 24 * day, "patientCounts": 1000 + value * 1e6, "backgroundCounts": 1000,
             "standardCounts": 1000500, "roomCounts": 500} for day, value in zip(DAYS, UPTAKES, strict=True)]
    results = run(tmp_path, thyroid(rows))
    assert results["therapy"]["uptakeIntegralD"] == pytest.approx(4.29282, abs=1e-4)
    assert any("not stated when the standard was counted" in words for words in results["warnings"])


def test_oneLateUptakeWithoutAHalfLife(tmp_path):
    found = therapyOf(tmp_path, thyroid([{"timeHours": 120, "uptakeFraction": 0.30182}], protocol="lateUptake"))
    assert f"{found['uptakeIntegralD']:.3f}" == "4.102"


@pytest.mark.parametrize("prescription", [
    {"absorbedDoseGy": 4}, {"absorbedDoseGy": 4, "tissue": "whole body"}, {"wholeBodyAbsorbedDoseGy": 4},
    {"limits": [{"tissue": "wholeBody", "quantity": "absorbedDose", "valueGy": 4}]}])
def test_wholeBodyAndNextActivity(tmp_path, prescription):
    found = therapyOf(tmp_path, wholeBody(prescription=prescription))
    assert f"{found['wholeBodyAbsorbedDoseGy']:.4f}" == "2.6065"
    assert f"{found['nextActivityMBq']:.1f}" == "5346.0"


def test_theSmallerOfTotalAndLimitCounts(tmp_path):
    limit = {"tissue": "body", "quantity": "absorbedDose", "valueGy": 3}
    kidney = {"tissue": "kidneys", "quantity": "absorbedDose", "valueGy": 20}
    results = run(tmp_path, wholeBody(prescription={"absorbedDoseGy": 4, "limits": [limit, kidney]}))
    dose = results["therapy"]["wholeBodyAbsorbedDoseGy"]
    assert results["therapy"]["nextActivityMBq"] == pytest.approx(10000 * (3 - dose) / dose)
    assert any("no use of what the prescription states as the limit kidney" in words for words in results["warnings"])


def test_bloodAndMaximumActivity(tmp_path):
    found = therapyOf(tmp_path, blood())
    # the reference prints the sum of its rounded terms, 0.0864 + 0.026565
    assert f"{found['bloodAbsorbedDoseCoefficientGyPerGBq']:.5f}" == "0.11296"
    assert f"{found['maximumActivityGBq']:.2f}" == "17.70"
    assert found["marrowAbsorbedDoseGy"] is None  # the hematocrit is not stated, which a warning says


def test_bloodWithoutAProtocol(tmp_path):
    results = run(tmp_path, blood({"massKg": 70, "heightCm": 170, "sex": "male", "hematocrit": 0.45,
                                   "bloodVolumeML": 5000}, protocol=None))
    found = results["therapy"]
    assert f"{found['bloodAbsorbedDoseCoefficientGyPerGBq']:.5f}" == "0.11296"
    assert found["marrowAbsorbedDoseGy"] > 0 and results["regions"] == []
    assert any(words.startswith("No images are stated") for words in results["warnings"])


def test_marrowOfACycleThatWasNotImaged(tmp_path):
    """Marrow as concentrated as blood: 6.0e-4 h/mL give 0.0483 Gy/GBq."""
    found = therapyOf(tmp_path, {
        "protocol": "lutetiumDotatate.singleTimePoint", "radionuclide": "Lu-177",
        "administration": {"activityMBq": 7400}, "patient": {"massKg": 70, "hematocrit": 0.4},
        "measurements": {"blood": bloodRows(6.0e-4, 7400)}})
    assert f"{found['marrowBloodBasedAbsorbedDoseCoefficientGyPerGBq']:.4f}" == "0.0483"
    assert found["marrowAbsorbedDoseGy"] == pytest.approx(0.0483 * 7.4, rel=1e-3)


@pytest.mark.parametrize("protocol", ["lutetiumDotatate.multiTimePoint", "lutetiumPsma.hybrid", None])
def test_remainingCyclesFromEarlierOnes(tmp_path, protocol):
    results = run(tmp_path, lutetium(protocol))
    found = results["therapy"]
    assert f"{found['remainingActivityMBq'] / 1000:.3f}" == "27.018"
    assert found["limits"][0]["remainingGy"] == pytest.approx(14.86)
    assert found["remainingCycles"] == pytest.approx(14.86 / 4.07)
    assert found["limitProbability"][0]["probability"] is None
    assert any("probability of passing the limit is not computed" in words for words in results["warnings"])
    # the report and the record of a cycle without images
    assert "No images are stated" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    again = ["run", str(tmp_path / "out" / "record.json"), "--out", str(tmp_path / "again")]
    assert commandLine.main(again) == 0
    repeated = json.loads((tmp_path / "again" / "results.json").read_text(encoding="utf-8"))
    assert repeated["therapy"] == found


@pytest.mark.parametrize(("valueGy", "cycleCount"), [(28, "6.35"), (40, "9.07")])
def test_cyclesToALimitInBED(tmp_path, valueGy, cycleCount):
    limit = {"tissue": "kidney", "quantity": "bed", "valueGy": valueGy}
    earlier = cycles(7400, regions={"kidney": {"absorbedDoseGy": 4.07, "effectiveHalfLifeHours": 50}})
    found = therapyOf(tmp_path, lutetium(limits=[limit], earlierCycles=earlier))
    # one of the cycles that the reference counts is given
    assert f"{found['remainingCycles'] + 1:.2f}" == cycleCount


def test_limitProbability(tmp_path):
    regions = {"kidney": {"absorbedDoseGy": 4.07, "absorbedDoseUncertaintyGy": 0.4}}
    found = therapyOf(tmp_path, lutetium(earlierCycles=cycles(7400, 7400, 7400, 7400, regions=regions)))
    probability = found["limitProbability"][0]["probability"]
    # five cycles give 20.35 Gy, with a common relative uncertainty of 9.8 %
    assert 0.05 < probability < 0.2


def test_partition(tmp_path):
    found = therapyOf(tmp_path, microspheres(administration={"activityMBq": 2000}))
    assert f"{found['tumorAbsorbedDoseGy']:.3f}" == "179.576"
    assert f"{found['normalLiverAbsorbedDoseGy']:.3f}" == "35.915"
    assert f"{found['lungAbsorbedDoseGy']:.4f}" == "5.9604"
    assert f"{found['perfusedAbsorbedDoseGy']:.3f}" == "58.362"


@pytest.mark.parametrize(("prescription", "activityGBq"), [
    ({"absorbedDoseGy": 120}, 1.33648),
    ({"limits": [{"tissue": "normalLiver", "quantity": "absorbedDose", "valueGy": 40}]}, 2.22747),
    ({"limits": [{"region": "normal liver", "quantity": "absorbedDose", "valueGy": 40}]}, 2.22747),
    ({"limits": [{"tissue": "lungs", "quantity": "absorbedDose", "valueGy": 30}]}, 10.0664)])
def test_partitionPrescribes(tmp_path, prescription, activityGBq):
    names = {"compartments": [{"name": "tumor", "massG": 250}, {"name": "normal liver", "massG": 1350}]}
    results = run(tmp_path, microspheres(names, prescription=prescription))
    found = results["therapy"]
    assert f"{found['prescribedActivityMBq'] / 1000:.6g}" == f"{activityGBq}"
    assert not any("is above the 30 Gy in use" in words for words in results["warnings"])


def test_monoCompartment(tmp_path):
    changes = {"compartments": [{"name": "liver", "massG": 1200}], "tumorToNormalRatio": None,
               "lungShuntFraction": 0.05, "residualFraction": 0.02}
    found = therapyOf(tmp_path, microspheres(changes, prescription={"absorbedDoseGy": 120}))
    assert f"{found['prescribedActivityMBq'] / 1000:.5f}" == "3.11400"


def test_bodySurfaceAreaForComparison(tmp_path):
    found = therapyOf(tmp_path, microspheres(administration={"activityMBq": 2000},
                                             patient={"massKg": 70, "heightCm": 170}))
    assert f"{found['bsaActivityMBq'] / 1000:.5f}" == "1.76593"
    assert any("no device is stated" in words for words in found["assumptions"])


def test_lungShuntByCounts(tmp_path):
    counts = {"lungAnteriorCounts": 6000, "lungPosteriorCounts": 6000, "liverAnteriorCounts": 94000,
              "liverPosteriorCounts": 94000}
    found = therapyOf(tmp_path, microspheres({"lungShuntFraction": None}, {"activityMBq": 2000},
                                             measurements={"lungShunt": counts}))
    assert found["lungShuntFraction"] == pytest.approx(0.06)
    assert f"{found['lungAbsorbedDoseGy']:.4f}" == "5.9604"


def without(key, rows, positions=None):
    return [{name: value for name, value in row.items() if name != key or (positions and position not in positions)}
            for position, row in enumerate(rows)]


def uptakeRows(timeFactor=24.0, uptakeFactor=1.0):
    return [{"timeHours": timeFactor * day, "uptakeFraction": uptakeFactor * value}
            for day, value in zip(DAYS, UPTAKES, strict=True)]


def counted(**changes):
    row = {"patientCounts": 5000, "backgroundCounts": 200, "standardCounts": 9000, "roomCounts": 100}
    return [{"timeHours": 24 * day, **row, **changes} for day in DAYS]


@pytest.mark.parametrize(("description", "words"), [
    (thyroid(counted(patientCounts=100)), "neck are not above those of the background"),
    (thyroid(counted(roomCounts=9500)), "standard are not above those of the room"),
    (wholeBody(readings(background=2000)), "is not above the background (2000 per second)"),
    (microspheres({"lungShuntFraction": None}, measurements={"lungShunt": {
        "lungAnteriorCounts": 100, "lungPosteriorCounts": 100, "liverAnteriorCounts": 1000,
        "liverPosteriorCounts": 1000, "lungAnteriorBackgroundCounts": 300}}), "not above their background of 300"),
    (blood({"massKg": 70, "hematocrit": 45}), "45 looks like percent, which would be 0.45"),
    (wholeBody(activityMBq=270), "looks like mCi: 270 mCi are 9990 MBq"),
    (blood(activityMBq=0.4), "Read as mCi it would be 14.8 MBq"),
    (thyroid(massG=0), "The mass in g is 0"),
    (microspheres({"lungShuntFraction": 1.06}), "lung shunt fraction is 1.06, but has to be at least 0 and below 1"),
    (microspheres({"lungShuntFraction": 6}), "Give a fraction, 0.05 for 5 %"),
    (wholeBody(without("posteriorCps", readings(), positions=(0, 1, 2, 4, 5, 6))), "posterior count rate is missing"),
    (microspheres({"lungShuntFraction": None}, measurements={"lungShunt": {
        "lungAnteriorCounts": 100, "liverAnteriorCounts": 1000}}), "Give lungPosteriorCounts"),
    (thyroid(uptakeRows(timeFactor=1.0)), "Give the times in hours (5 days are 120)"),
    (wholeBody(readings([hour / 24 for hour in HOURS])), "The times look like days"),
    (thyroid(uptakeRows(uptakeFactor=100.0)), "0.42 for 42 %"),
    (lutetium(limits=[{**KIDNEY_23, "tissue": "kidney left"}]), "a single region is given as region"),
    (lutetium(earlierCycles=cycles(7400, 200)), "one of them seems to be in mCi"),
    (lutetium(regions={"labelmap": "labels.nrrd"}), "No time points are given"),
    ({"protocol": "lutetiumDotatate.singleTimePoint", "radionuclide": "Lu-177", "administration": None,
      "prescription": {"limits": [KIDNEY_23]}}, "No time points are given")])
def test_badInputIsRefusedInWords(tmp_path, capfd, description, words):
    run(tmp_path, description, expected=2)
    shown = capfd.readouterr().err
    assert words in shown and "Traceback" not in shown


@pytest.mark.parametrize(("description", "words"), [
    (wholeBody(without("posteriorCps", readings())), "Single view: the posterior readings are missing"),
    (thyroid(administration={"activityMBq": 10}), "looks as if it were in mCi"),
    (thyroid(administration={"activityMBq": 10}, prescription=None), "looks as if it were in mCi"),
    (microspheres(administration={"activityMBq": 54}), "in mCi it would be 1998 MBq"),
    (microspheres(administration={"activityMBq": 2}), "in GBq it would be 2000 MBq"),
    (lutetium(earlierCycles=cycles(200, 200)), "looks as if it were in mCi"),
    (blood(rows=bloodRows(8e-4, 15, hours=[hour / 24 for hour in (2, 6, 24, 48, 96)])), "give the times in hours")])
def test_unusualInputIsFlaggedInWords(tmp_path, description, words):
    assert any(words in line for line in run(tmp_path, description)["warnings"])
