"""The registry as the wizard meets it: a study of the scene, signed, registered and compared."""

import os

import pytest
from caseFiles import writeStudy
from registryExamples import manyCases

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.registry import database, pseudonyms, store
from MRTDosimetryLib.workflow import administrationEntry, cohortRegistry, job, outputs, reportSignOff


@pytest.fixture(scope="module")
def runStudy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    path = writeStudy(folder, change=lambda study: study.update(protocol="lutetiumDotatate.multiTimePoint"))
    return job.runStudyFile(str(path), str(folder / "out"))


@pytest.fixture
def study(runStudy, monkeypatch):
    """The computed study with its patient, not signed."""
    monkeypatch.delenv(pseudonyms.KEY_ENVIRONMENT, raising=False)
    administrationEntry.setPatient(runStudy, name="Cee^Dee", id="ID-4711", cycle=1)
    for role, _title in reportSignOff.ROLES:
        reportSignOff.withdraw(runStudy, role)
    return runStudy


def sign(study, time="2026-05-12T09:30:00+02:00"):
    for role, _title in reportSignOff.ROLES:
        reportSignOff.sign(study, role, "A. Bee", time)


def test_registeredOnceSignedThenReplaced(study, tmp_path):
    path = str(tmp_path / "cohort.sqlite")
    with pytest.raises(InputError, match="not signed"):
        cohortRegistry.register(study, path)
    assert os.listdir(tmp_path) == [], "neither registry nor key is made for a case that is refused"
    sign(study)
    found = cohortRegistry.register(study, path)
    assert (found["status"], found["revision"]) == ("added", 1) and found["pseudonym"].startswith("h-")
    assert cohortRegistry.register(study, path)["status"] == "unchanged"
    sign(study, "2026-05-13T09:30:00+02:00")
    assert cohortRegistry.register(study, path)["status"] == "replaced"
    administrationEntry.setPatient(study, cycle=None)
    sign(study)
    with pytest.raises(InputError, match="The treatment cycle is not stated"):
        cohortRegistry.register(study, path)
    with database.openRegistry(path) as registry:
        (case,) = store.readCases(registry)
    rows = {row["name"]: row for row in study.stageRecord("results")["value"]["regions"]}
    assert {region.name: region.absorbedDoseGy for region in case.regions} == \
        {name: row["absorbedDoseGy"] for name, row in rows.items()}
    content = (tmp_path / "cohort.sqlite").read_bytes()
    assert not [secret for secret in (b"4711", b"Cee", b"A. Bee") if secret in content]


def test_theCommandLineKnowsThePatientOfTheWizard(study, tmp_path):
    """Record and results of the run, and the open study, are one patient and one case."""
    from MRTDosimetryLib import commandLine

    path, folder = str(tmp_path / "cohort.sqlite"), tmp_path / "out"
    sign(study)
    folder.mkdir()
    outputs.writeOutputs(study, str(folder))
    first = cohortRegistry.register(study, path)
    assert commandLine.main(["registry", "add", str(folder), "--file", path]) == 0
    with database.openRegistry(path) as registry:
        (case,) = store.readCases(registry)
    assert case.pseudonym == first["pseudonym"] and case.cycle == 1


def test_percentilesAmongTheCentersOwnPatients(study, tmp_path):
    path = str(tmp_path / "cohort.sqlite")
    sign(study)
    cohortRegistry.register(study, path)
    with database.openRegistry(path) as registry:
        center = registry.centerId
        store.takeOver(registry, manyCases(20, center) + manyCases(5, "NUC2", first=100))
    found = cohortRegistry.compare(study, path)
    rows = {row["name"]: row for row in study.stageRecord("results")["value"]["regions"]}
    assert set(found) == set(rows) == {"liver", "kidney left"}
    values = [sum(region.absorbedDoseCoefficientGyPerGBq for region in case.regions[:2]) / 2
              for case in manyCases(20, center)]
    own = rows["kidney left"]["absorbedDoseCoefficientGyPerGBq"]
    kidney = found["kidney left"]
    assert kidney["cohortPatients"] == 20, "neither the patient nor another center"
    assert kidney["cohortPercentile"] == pytest.approx(100.0 * sum(value < own for value in values) / 20)
    low, high = kidney["cohortPercentileInterval90"]
    assert low <= kidney["cohortPercentile"] <= high and "Among 20 patients" in kidney["cohortWords"]


def test_tooFewPatientsGiveNoPercentile(study, tmp_path):
    path = str(tmp_path / "cohort.sqlite")
    database.createRegistry(path, "NUC1").close()
    found = cohortRegistry.compare(study, path)
    assert found["liver"]["cohortPercentile"] is None and "too few" in found["liver"]["cohortWords"]
    assert sorted(os.listdir(tmp_path)) == ["cohort.sqlite"], "to compare makes no key"


def test_aPatientWhoIsNotIdentifiedIsTold(study, tmp_path):
    path = str(tmp_path / "cohort.sqlite")
    with database.createRegistry(path, "NUC1") as registry:
        store.takeOver(registry, manyCases(12))
    administrationEntry.setPatient(study, id=None)
    assert "may be among them" in cohortRegistry.compare(study, path)["liver"]["cohortWords"]
    sign(study)
    with pytest.raises(InputError, match="has no identifier"):
        cohortRegistry.register(study, path)
    assert cohortRegistry.register(study, path, code="P-777")["pseudonym"] == "P-777"


def test_compareMakesNoRegistry(study, tmp_path):
    with pytest.raises(InputError, match="There is no such registry"):
        cohortRegistry.compare(study, str(tmp_path / "none.sqlite"))
    assert os.listdir(tmp_path) == []
