"""Every example study runs from the command line and is repeated by its record to the last bit; those with images on
the digital patient, coarse."""

import contextlib
import io
import json
import math
import os
import shutil

import microsphereFiles
import pytest
from recordCases import numbersAlone, recordOf, requireSameNumbers, withoutPictures
from repositoryTree import REPOSITORY

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.imaging.digitalPatient.kinetics import regionKinetics
from MRTDosimetryLib.physics.nuclides import nuclide
from MRTDosimetryLib.scene.headless import newScene
from MRTDosimetryLib.scene.study import Study
from MRTDosimetryLib.therapies import registry
from MRTDosimetryLib.workflow import demo, stages, studyDescription, studyFile

pytestmark = pytest.mark.usefixtures("allWithoutPictures")
FOLDER = os.path.join(REPOSITORY, "Resources", "Protocols", "examples")
NAMES = sorted(name for name in os.listdir(FOLDER) if name.endswith(".json"))


def content(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        return json.load(file)


IODINE, EXPOSURE = "iodineMibg.wholeBodyAndSpect.json", "exposure.json"
WITH_IMAGES = [name for name in NAMES if content(name).get("timePoints")]
# One whole report is enough for all.
WITH_PICTURES = "lutetiumDotatate.multiTimePoint.json"
OF_THE_PATIENT = [name for name in WITH_IMAGES if not name.startswith("yttrium")]
WITHOUT_IMAGES = [name for name in NAMES if not content(name).get("timePoints")]


def test_thereAreExamplesWithoutImages():
    assert len(WITHOUT_IMAGES) >= 5


@pytest.mark.parametrize("name", NAMES)
def test_exampleCanBeRead(name):
    description, _inputs = studyFile.readStudyFile(os.path.join(FOLDER, name))
    assert description["protocol"] == (None if name == EXPOSURE else name.removesuffix(".json"))


@pytest.fixture(scope="module")
def placed(tmp_path_factory):
    """placed(name): path of an example beside its images, which are made once for each kind."""
    made = {}

    def place(name):
        kind = "plain" if name in WITHOUT_IMAGES else content(name)["radionuclide"]
        if kind not in made:
            made[kind] = tmp_path_factory.mktemp(kind)
            if name in OF_THE_PATIENT:
                demo.writePatient(str(made[kind] / demo.PATIENT_FOLDER), "small", radionuclide=kind)
            elif name in WITH_IMAGES:
                microsphereFiles.writeImages(str(made[kind]))
        shutil.copy(os.path.join(FOLDER, name), made[kind])
        return made[kind] / name

    return place


@pytest.fixture(scope="module")
def ran(placed):
    """ran(name): folder of results and printed words of an example, each run once."""
    made = {}

    def run(name):
        if name not in made:
            path, printed = placed(name), io.StringIO()
            with contextlib.redirect_stdout(printed), pytest.MonkeyPatch.context() as monkeypatch:
                if name in WITH_IMAGES and name != WITH_PICTURES:
                    withoutPictures(monkeypatch)
                assert commandLine.main(["run", str(path), "--out", str(path.with_suffix("") / "run")]) == 0
            made[name] = path.with_suffix("") / "run", printed.getvalue()
        return made[name]

    return run


@pytest.mark.parametrize("name", WITHOUT_IMAGES)
def test_exampleRuns(name, ran):
    folder, printed = ran(name)
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    therapy, protocol = results["therapy"], registry.protocol(results["protocol"])
    assert results["regions"] == [] and therapy["recommendation"], "an example shows a recommendation"
    assert therapy["assumptions"][:len(protocol["assumptions"])] == protocol["assumptions"]
    assert therapy["leavesOut"] == protocol["leavesOut"] and therapy["uncertaintyCost"] == protocol["uncertaintyCost"]
    # in letters that every terminal shows
    plain = therapy["recommendation"].replace("\xa0", " ").replace("\u202f", "").replace("±", "+-")
    assert plain in printed and "treating physician" in printed
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert "Calculated for the decision" in report and "What is left out" in report


@pytest.mark.parametrize("name", OF_THE_PATIENT)
def test_exampleOfThePatientRuns(name, ran, placed):
    folder, _printed = ran(name)
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    truth = json.loads((placed(name).parent / demo.PATIENT_FOLDER / "truth.json").read_text(encoding="utf-8"))
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


@pytest.mark.parametrize("name", NAMES)
def test_exampleIsRepeatedByItsRecordBitForBit(name, ran, tmp_path, monkeypatch):
    folder, _printed = ran(name)
    numbersAlone(monkeypatch)
    assert commandLine.main(["run", str(folder / "record.json"), "--out", str(tmp_path / "again")]) == 0
    files = requireSameNumbers(folder, tmp_path / "again")
    assert ("absorbedDose.nrrd" in files) == (name in WITH_IMAGES)
    # nobody signed: every byte
    assert (folder / "results.json").read_bytes() == (tmp_path / "again" / "results.json").read_bytes()
    first, second = (recordOf(item) for item in (folder, tmp_path / "again"))
    assert first["values"] == second["values"] and first["choices"] == second["choices"]
    assert [item["sha256"] for item in first["inputs"]] == [item["sha256"] for item in second["inputs"]]


@pytest.mark.parametrize("name", NAMES)
def test_exampleBuiltInTheModuleIsDescribedAsItIs(name, placed, tmp_path):
    """The study file written from the scene makes every stage's inputs again: the numbers follow from these alone."""
    first = Study.create(newScene(), "Study")
    studyFile.applyStudy(first, studyFile.readStudyFile(str(placed(name)))[0])
    described = {"kind": "record", "study": studyDescription.describe(first, str(tmp_path / "kept"))}
    found = inputsOfStages(first)
    (tmp_path / "record.json").write_text(json.dumps(described), encoding="utf-8")
    second = Study.create(newScene(), "Study")
    studyFile.applyStudy(second, studyFile.readStudyFile(str(tmp_path / "record.json"))[0])
    assert inputsOfStages(second) == found


def inputsOfStages(study):
    """What each stage's result depends on, nothing computed yet, and the facts of the scans."""
    names = [item.name for item in stages.stages() if item.name != "report" and item.isNeeded(study)]
    return {name: stages.stage(name).inputs(study) for name in names}, [point.facts for point in study.timePoints]


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
