"""mrt-dosimetry registry: from results to distributions on the command line."""

import json

import pytest
from registryExamples import manyCases, results

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.registry import database, places, pseudonyms, store


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.delenv(places.ENVIRONMENT, raising=False)
    monkeypatch.delenv(pseudonyms.KEY_ENVIRONMENT, raising=False)


@pytest.fixture
def run(capfd):
    """Run a command; returns its exit status, standard output and standard error."""
    def function(*arguments):
        status = commandLine.main(["registry", *map(str, arguments)])
        shown = capfd.readouterr()
        assert "Traceback" not in shown.err
        return status, shown.out, shown.err
    return function


def writeRun(folder, content, patient=None):
    """A folder as a run leaves it, with its record."""
    folder.mkdir()
    (folder / "results.json").write_text(json.dumps(content), encoding="utf-8")
    record = {"versions": {"MRTDosimetry": "1.2.3"}, "choices": {"patient": patient or {}}, "timePoints": []}
    (folder / "record.json").write_text(json.dumps(record), encoding="utf-8")
    return folder


@pytest.fixture
def file(run, tmp_path):
    path = tmp_path / "cohort.sqlite"
    assert run("create", "--center", "NUC1", "--file", path)[0] == 0
    return path


def test_fromResultsToDistribution(run, file, tmp_path, monkeypatch):
    folder = writeRun(tmp_path / "out", results(), {"id": "4711", "name": "Cee^Dee", "cycle": 1})
    status, out, _err = run("add", folder, "--file", file)
    assert status == 0 and "added to the registry" in out and "4711" not in out and "Cee" not in out
    assert run("add", folder / "results.json", "--file", file)[1].count("unchanged") == 1
    monkeypatch.setenv(places.ENVIRONMENT, str(file))
    status, out, _err = run("list")
    assert "1 cases of 1 patients" in out and "lutetiumDotatate Lu-177, cycle 1, 7400 MBq, 3 regions, signed" in out
    (case,) = json.loads(run("list", "--json")[1])
    assert case["softwareVersion"] == "1.2.3" and case["pseudonym"].startswith("h-")
    status, out, _err = run("query", "--tissue", "kidney", "--radionuclide", "Lu-177")
    assert status == 0 and "1 patients, 1 cases" in out and "mean 0.651 Gy/GBq" in out
    assert "normal range is not stated: 1 of at least 10 patients" in out
    assert run("check")[:2] == (0, f"{file}: sound\n")


def test_queryOfManyPatients(run, file):
    with database.openRegistry(str(file)) as registry:
        store.takeOver(registry, manyCases(130))
    status, out, _err = run("query", "--tissue", "kidney", "--radionuclide", "Lu-177", "--protocol",
                            "lutetiumDotatate", "--value", "0.9", "--json", "--file", file)
    answer = json.loads(out)
    assert status == 0 and answer["patients"] == 130 and answer["unit"] == "Gy/GBq"
    assert answer["distribution"]["normalRange"]["method"] == "ranks"
    assert 80 < answer["position"]["percentile"] < 100
    status, out, _err = run("query", "--tissue", "spleen", "--radionuclide", "Lu-177", "--file", file)
    assert status == 0 and "0 patients" in out and "Lu-177 lutetiumDotatate kidney (130 cases)" in out


def test_aCodeInPlaceOfTheIdentifier(run, file, tmp_path):
    folder = writeRun(tmp_path / "out", results(), {"id": "4711", "name": "Cee^Dee"})
    assert "center NUC1, P-017" in run("add", folder, "--code", "P-017", "--cycle", 1, "--file", file)[1]
    assert not (tmp_path / "cohort.sqlite.key").exists()
    for code, words in (("Cee^Dee", "patient's name"), ("x4711", "name or identifier"), ("cee1", "name or identifier")):
        status, _out, err = run("add", folder, "--code", code, "--cycle", 1, "--file", file)
        assert status == 2 and words in err, err


def test_exportImportMergeBackupRemove(run, file, tmp_path):
    with database.openRegistry(str(file)) as registry:
        store.takeOver(registry, manyCases(5))
    table, other = tmp_path / "cohort.csv", tmp_path / "other.sqlite"
    assert "5 cases are in" in run("export", "--out", table, "--file", file)[1]
    run("create", "--center", "NUC2", "--file", other)
    assert run("import", table, "--file", other)[1] == "5 added, 0 replaced, 0 unchanged, 0 kept\n"
    assert run("merge", other, "--file", file)[1] == "0 added, 0 replaced, 5 unchanged, 0 kept\n"
    assert run("backup", "--out", tmp_path / "copy.sqlite", "--file", file)[0] == 0
    assert run("remove", "P-00003", "--file", file)[1].startswith("1 cases removed")
    assert run("merge", tmp_path / "copy.sqlite", "--file", file)[1].startswith("1 added")


@pytest.mark.parametrize("change, options, words", [
    (None, [], "has no identifier"), (None, ["--code", "P-1"], "treatment cycle is not stated"),
    (lambda content: content.pop("signOff"), ["--code", "P-1", "--cycle", "1"], "treatingPhysician: not signed"),
    (lambda content: content.pop("regions"), ["--code", "P-1", "--cycle", "1"], "no list of regions")])
def test_casesThatAreRefused(run, file, tmp_path, change, options, words):
    folder = writeRun(tmp_path / "out", results(change=change))
    status, out, err = run("add", folder, *options, "--file", file)
    assert (status, out) == (2, "") and words in err
    assert "0 cases" in run("list", "--file", file)[1]


def test_theCycleMayNotContradictTheRecord(run, file, tmp_path):
    folder = writeRun(tmp_path / "out", results(), {"id": "4711", "cycle": 2})
    status, _out, err = run("add", folder, "--cycle", 1, "--file", file)
    assert status == 2 and "The record of the run says cycle 2" in err
    other = writeRun(tmp_path / "other", results())
    status, _out, err = run("add", other, "--code", "P-1", "--cycle", 0, "--file", file)
    assert status == 2 and "whole number from 1" in err


def test_anUnsignedCaseWithItsReason(run, file, tmp_path):
    folder = writeRun(tmp_path / "out", results(roles=()))
    options = ["--code", "P-1", "--cycle", 1, "--file", file]
    assert run("add", folder, *options)[0] == 2
    assert run("add", folder, *options, "--reason", "signed on paper")[0] == 0
    assert "taken without complete sign-off" in run("list", "--file", file)[1]
    assert "1 of 1 cases were taken without complete sign-off" in run(
        "query", "--tissue", "liver", "--radionuclide", "Lu-177", "--file", file)[1]


def test_placesThatAreRefused(run, file, tmp_path):
    for arguments, words in (
            (["list"], "Nothing says where the registry is"),
            (["list", "--file", tmp_path / "none.sqlite"], "There is no such registry"),
            (["list", "--file", file, "--url", "postgresql://a@b/c"], "Both a file and a URL"),
            (["list", "--url", "mysql://a:secretWord@b/c"], "'mysql' is not a kind of server"),
            (["create", "--center", "Clinic of Cee", "--file", tmp_path / "new.sqlite"], "The center is not a code"),
            (["create", "--center", "NUC1", "--file", file], "There is a registry already"),
            (["query", "--tissue", "kidney", "--radionuclide", "Xx-1", "--file", file], "Xx-1"),
            (["query", "--tissue", "kidney", "--radionuclide", "Lu-177", "--quantity", "x", "--file", file],
             "'x' is no quantity"),
            (["add", tmp_path / "none", "--file", file], "There is no such file"),
            (["remove", "P-1", "--file", file], "has no patient P-1")):
        status, out, err = run(*arguments)
        assert (status, out) == (2, "") and words in err and "secretWord" not in err, err


def test_keysAreMadeOnce(run, tmp_path):
    assert run("key", tmp_path / "center.key")[0] == 0
    status, _out, err = run("key", tmp_path / "center.key")
    assert status == 2 and "never overwritten" in err


def test_faultsOfACheckAreAnExitStatus(run, file):
    import sqlite3

    with database.openRegistry(str(file)) as registry:
        store.takeOver(registry, manyCases(2))
    with sqlite3.connect(file) as connection:
        connection.execute('UPDATE "registryRegion" SET "massG" = 1 WHERE "caseId" = 1 AND position = 0')
    connection.close()
    status, out, _err = run("check", "--file", file)
    assert status == 1 and "its content is not what was written" in out and "1 faults" in out
