"""Every example study runs from the command line, those with images on the digital patient, coarse."""

import json
import math
import os
import shutil

import pytest
from repositoryTree import REPOSITORY

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.imaging.digitalPatient.kinetics import regionKinetics
from MRTDosimetryLib.physics.nuclides import nuclide
from MRTDosimetryLib.therapies import registry
from MRTDosimetryLib.workflow import demo, studyFile

FOLDER = os.path.join(REPOSITORY, "Resources", "Protocols", "examples")
NAMES = sorted(name for name in os.listdir(FOLDER) if name.endswith(".json"))


def content(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        return json.load(file)


IODINE, EXPOSURE = "iodineMibg.wholeBodyAndSpect.json", "exposure.json"
OF_THE_PATIENT = [name for name in NAMES if content(name).get("timePoints") and not name.startswith("yttrium")]
WITHOUT_IMAGES = [name for name in NAMES if not content(name).get("timePoints")]


def test_thereAreExamplesWithoutImages():
    assert len(WITHOUT_IMAGES) >= 5


@pytest.mark.parametrize("name", NAMES)
def test_exampleCanBeRead(name):
    description, _inputs = studyFile.readStudyFile(os.path.join(FOLDER, name))
    assert description["protocol"] == (None if name == EXPOSURE else name.removesuffix(".json"))


@pytest.mark.parametrize("name", WITHOUT_IMAGES)
def test_exampleRuns(name, tmp_path, capsys):
    assert commandLine.main(["run", os.path.join(FOLDER, name), "--out", str(tmp_path / "out")]) == 0
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    therapy, protocol = results["therapy"], registry.protocol(results["protocol"])
    assert results["regions"] == [] and therapy["recommendation"], "an example shows a recommendation"
    assert therapy["assumptions"][:len(protocol["assumptions"])] == protocol["assumptions"]
    assert therapy["leavesOut"] == protocol["leavesOut"] and therapy["uncertaintyCost"] == protocol["uncertaintyCost"]
    printed = capsys.readouterr().out
    assert therapy["recommendation"] in printed and "treating physician" in printed
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Calculated for the decision" in report and "What is left out" in report


@pytest.fixture(scope="module")
def patients(tmp_path_factory):
    """Folder of the coarse digital patient, by radionuclide; made once."""
    made = {}

    def patient(radionuclide):
        if radionuclide not in made:
            made[radionuclide] = tmp_path_factory.mktemp(radionuclide)
            demo.writePatient(str(made[radionuclide] / demo.PATIENT_FOLDER), "small", radionuclide=radionuclide)
        return made[radionuclide]

    return patient


@pytest.mark.parametrize("name", OF_THE_PATIENT)
def test_exampleOfThePatientRuns(name, patients, tmp_path):
    folder = patients(content(name)["radionuclide"])
    shutil.copy(os.path.join(FOLDER, name), folder)
    assert commandLine.main(["run", str(folder / name), "--out", str(tmp_path / "out")]) == 0
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    truth = json.loads((folder / demo.PATIENT_FOLDER / "truth.json").read_text(encoding="utf-8"))
    assert truth["radionuclide"] == results["radionuclide"]
    # one scan after 4 h with half-lives that the example states made-up is no measurement of the integral
    if len(content(name)["timePoints"]) > 1:
        liver = next(region for region in results["regions"] if region["name"] == "liver")
        assert liver["timeIntegratedActivityMBqH"] == pytest.approx(
            truth["regions"]["liver"]["timeIntegratedActivityMBqH"], rel=0.05)
    if name == EXPOSURE:
        assert results["administration"]["activityMBq"] is None
        assert all(region["absorbedDoseCoefficientGyPerGBq"] is None and region["absorbedDoseGy"] > 0
                   for region in results["regions"])
        # the fast phase before the first reading is missed
        body = results["therapy"]["wholeBodyTimeIntegratedActivityMBqH"] / 7400.0
        assert 0.5 < body / retentionIntegralH() < 1.0
    if name == IODINE:
        assert results["therapy"]["nextActivityMBq"] > 0 and set(results["therapy"]["tumorAbsorbedDosesGy"]) == {
            "lesion 1", "lesion 2", "lesion 3"}
        assert results["therapy"]["wholeBodyTimeIntegratedActivityCoefficientH"] == pytest.approx(
            retentionIntegralH(), rel=0.05)  # by exponentials between readings


def retentionPhases():
    """(fraction, effective half-life in h) of the whole body of the digital patient with 131I: what the regions hold,
    and the rest, half of which the body excretes in 8 h."""
    administered = content(IODINE)["administration"]["activityMBq"]
    held = [(amplitude / administered, halfLife) for kinetics in regionKinetics("I-131").values()
            for amplitude, halfLife in kinetics.phases if amplitude > 0]
    rest = 1.0 - sum(fraction for fraction, _halfLife in held)
    return [*held, (rest, 1.0 / (1.0 / 8.0 + 1.0 / nuclide("I-131").halfLifeHours))]


def retentionIntegralH():
    return sum(fraction * halfLife for fraction, halfLife in retentionPhases()) / math.log(2)


def test_readingsOfTheIodineExampleAreThoseOfThePatient():
    rows = content(IODINE)["measurements"]["wholeBody"]
    geometric = [math.sqrt((row["anteriorCps"] - row["backgroundCps"]) * (row["posteriorCps"] - row["backgroundCps"]))
                 for row in rows]
    for row, rate in zip(rows, geometric, strict=True):
        retained = sum(fraction * 2 ** (-row["timeHours"] / halfLife) for fraction, halfLife in retentionPhases())
        assert rate / geometric[0] == pytest.approx(retained, rel=1e-4)
        inView = sum(kinetics.activityMBq(row["timeHours"]) for kinetics in regionKinetics("I-131").values())
        assert inView <= retained * content(IODINE)["administration"]["activityMBq"]
