"""Absorbed doses after an unexpected exposure: no known activity, images and a calibrated whole-body counter alone."""

import json
import math

import pytest
from caseFiles import ORGANS, writeStudy

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.physics.nuclides import nuclide
from MRTDosimetryLib.physics.wholeBodyDose import wholeBodySValue

pytestmark = pytest.mark.usefixtures("allWithoutPictures")

HALF_LIFE_HOURS, START_MBQ = 60.0, 300.0
COUNTED = [{"timeHours": hours, "activityMBq": START_MBQ * 2 ** (-hours / HALF_LIFE_HOURS)} for hours in (20, 44, 92)]


def study(**changes):
    return {"schemaVersion": 1, "protocol": None, "radionuclide": "I-131", "administration": None,
            "patient": {"massKg": 70}, "measurements": {"wholeBodyActivity": COUNTED}, **changes}


def run(path, expected=0):
    out = path.parent / "out"
    assert commandLine.main(["run", str(path), "--out", str(out)]) == expected
    return json.loads((out / "results.json").read_text(encoding="utf-8")) if expected == 0 else None


def write(folder, content):
    path = folder / "exposure.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_wholeBodyOfACounter(tmp_path):
    results = run(write(tmp_path, study()))
    found = results["therapy"]
    integral = START_MBQ * HALF_LIFE_HOURS / math.log(2)
    assert found["wholeBodyTimeIntegratedActivityMBqH"] == pytest.approx(integral, rel=1e-6)
    assert found["wholeBodyAbsorbedDoseGy"] == pytest.approx(wholeBodySValue(70.0, nuclide("I-131")) * integral)
    assert found["wholeBodyTimeIntegratedActivityCoefficientH"] is None
    assert found["wholeBodyAbsorbedDoseCoefficientGyPerGBq"] is None
    assert any("nothing is stated per administered activity" in words for words in results["warnings"])
    known = run(write(tmp_path, study(administration={"activityMBq": 400})))["therapy"]
    assert known["wholeBodyTimeIntegratedActivityCoefficientH"] == pytest.approx(integral / 400)
    assert known["wholeBodyAbsorbedDoseCoefficientGyPerGBq"] == pytest.approx(
        known["wholeBodyAbsorbedDoseGy"] / 0.4)


def test_ofASingleMeasurementPhysicalDecay(tmp_path):
    results = run(write(tmp_path, study(measurements={"wholeBodyActivity": COUNTED[:1]})))
    hours, rate = COUNTED[0]["timeHours"], nuclide("I-131").decayConstantPerHour
    assert results["therapy"]["wholeBodyTimeIntegratedActivityMBqH"] == pytest.approx(
        COUNTED[0]["activityMBq"] * math.exp(rate * hours) / rate)
    assert any("nothing is known of excretion" in words for words in results["warnings"])


def test_otherPhotonEmittersHaveTheirElectronsAlone(tmp_path):
    results = run(write(tmp_path, study(radionuclide="Lu-177")))
    assert results["therapy"]["wholeBodyAbsorbedDoseGy"] is None
    assert results["therapy"]["wholeBodyElectronAbsorbedDoseGy"] > 0
    assert any("only the part of its electrons" in words for words in results["warnings"])


def test_regionsOfImagesWithoutAKnownActivity(tmp_path):
    """An extravasation is a region like any other; what needs the activity is null, with words."""
    def change(description):
        description["administration"] = {"dateTime": "2026-05-04T10:00:00", "reason": "not measured"}
        description["regions"]["names"]["3"] = "extravasation"
        description["measurements"] = {"wholeBodyActivity": [
            {"timeHours": hours, "activityMBq": 700 * 2 ** (-hours / 65), "uncertaintyMBq": 30}
            for hours in (4, 24, 96)]}

    results = run(writeStudy(tmp_path, change=change))
    found = {region["name"]: region for region in results["regions"]}
    organ = ORGANS["kidney left"]
    assert found["extravasation"]["timeIntegratedActivityMBqH"] == pytest.approx(
        organ["startMBq"] * organ["halfLifeHours"] / math.log(2), rel=0.01)
    for region in found.values():
        assert region["absorbedDoseGy"] > 0
        assert region["absorbedDoseCoefficientGyPerGBq"] is None
        assert region["timeIntegratedActivityCoefficientH"] is None
    assert any(words.startswith("No administered activity is stated: coefficients") for words in results["warnings"])
    assert results["therapy"]["wholeBodyTimeIntegratedActivityUncertaintyMBqH"] > 0
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "extravasation" in report and "Activity in the whole body" in report
    assert commandLine.main(["run", str(tmp_path / "out" / "record.json"), "--out", str(tmp_path / "again")]) == 0


@pytest.mark.parametrize(("changes", "words"), [
    ({"measurements": {"wholeBodyActivity": [{"timeHours": 20, "activityMBq": 0}]}}, "has to be above 0"),
    ({"measurements": {"wholeBodyActivity": [{"timeHours": 0, "activityMBq": 20}]}}, "has to be above 0"),
    ({"measurements": {"wholeBodyActivity": [{"activityMBq": 20}]}}, "The time is missing"),
    ({"measurements": {"wholeBodyActivity": list(reversed(COUNTED))}}, "not in order"),
    ({"measurements": {"wholeBodyActivity": [{**COUNTED[0], "uncertaintyMBq": 3.0}, *COUNTED[1:]]}}, "others not"),
    ({"administration": {"activityMBq": 100}}, "more than the 100 MBq that were administered"),
    ({"measurements": {"wholeBodyActivity": COUNTED, "wholeBody": [
        {"timeHours": hours, "anteriorCps": 100, "posteriorCps": 100, "backgroundCps": 1} for hours in (0, 24)]}},
     "by readings of a monitor and by activities"),
    ({"measurements": {"wholeBody": [{"timeHours": hours, "anteriorCps": 100 - hours, "posteriorCps": 90 - hours,
                                      "backgroundCps": 1} for hours in (20, 44)]}}, "the patient had not voided"),
    ({"measurements": {}}, "No time points are given")])
def test_badInputIsRefusedInWords(tmp_path, capfd, changes, words):
    run(write(tmp_path, study(**changes)), expected=2)
    shown = capfd.readouterr().err
    assert words in shown and "Traceback" not in shown
