"""The registry as CSV: what is written is read again to the last digit, and every fault of every line is told."""

import csv
import dataclasses

import pytest
from registryExamples import CENTER, caseOf, manyCases, results

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.registry import database, store, tableFile


def withTherapy(content):
    content["therapy"] = {"wholeBodyAbsorbedDoseGy": 0.1 + 0.2}


@pytest.fixture
def path(tmp_path):
    """A file of three patients, one with values of the therapy, one taken without sign-off."""
    path = str(tmp_path / "cohort.csv")
    cases = [caseOf(results(0.1 + 0.2, withTherapy)), caseOf(results(1 / 3, roles=()), "P-002", reason="trial of 2019"),
             *manyCases(1, first=7)]
    tableFile.writeTable(cases, path)
    return path


def changed(path, line, **cells):
    """Change cells of a line (the first after the header is 2) by a part of their column's title."""
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    for part, value in cells.items():
        (column,) = [index for index, title in enumerate(rows[0]) if part.replace("_", " ") in title]
        rows[line - 1][column] = value
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def test_roundTrip(path):
    cases = tableFile.readTable(path)
    assert [case.pseudonym for case in cases] == ["P-001", "P-002", "P-00007"]
    assert cases[0].regions == caseOf(results(0.1 + 0.2)).regions, "to the last digit"
    assert cases[0].therapyValues == (("wholeBodyAbsorbedDoseGy", 0.1 + 0.2),)
    assert cases[1].overrideReason == "trial of 2019" and cases[1].signatures == ()


def test_fromRegistryToRegistry(path, tmp_path):
    with database.createRegistry(str(tmp_path / "one.sqlite"), CENTER) as one, \
            database.createRegistry(str(tmp_path / "two.sqlite"), "NUC2") as two:
        store.takeOver(one, tableFile.readTable(path))
        again = str(tmp_path / "again.csv")
        tableFile.writeTable(store.readCases(one), again)
        assert store.takeOver(two, tableFile.readTable(again))["added"] == 3
        assert store.readCases(two) == store.readCases(one)
        tableFile.writeTable(store.readCases(two), str(tmp_path / "last.csv"))
    assert (tmp_path / "last.csv").read_bytes() == (tmp_path / "again.csv").read_bytes()


def test_titlesHoldTheUnits(path):
    with open(path, encoding="utf-8") as file:
        header = file.readline()
    for title in ("administered activity (MBq)", "mass (g)", "volume (mL)", "absorbed dose (Gy)",
                  "absorbed dose coefficient (Gy/GBq)", "effective half-life (h)", "BED (Gy)",
                  "time-integrated activity coefficient (h)"):
        assert title in header


@pytest.mark.parametrize("cells, words", [
    ({"mass_(g)": "0.15"}, "Mass and volume do not fit: 0.00104 g/mL"),
    ({"mass_(g)": "150 g"}, "'150 g' is no number"), ({"mass_(g)": "-1"}, "has to be above zero"),
    ({"mass_(g)": ""}, "mass .g. is missing"), ({"volume_(mL)": "nan"}, "no finite number"),
    ({"absorbed_dose_coefficient": "620"}, "absorbed dose over administered activity is"),
    ({"center": "Clinic of Cee"}, "The center is not a code"),
    ({"mass_(g)": "1,5"}, "'1,5' is no number"),
    ({"format": "MRTDosimetry registry 9"}, "this version reads 'MRTDosimetry registry 1'"),
    ({"therapy_value": "3", "therapy_quantity": "bloodG"}, "holds a region and a value of the therapy")])
def test_faultsOfALine(path, cells, words):
    changed(path, 2, **cells)
    with pytest.raises(InputError, match=words) as caught:
        tableFile.readTable(path)
    assert "cohort.csv, line 2" in str(caught.value)


@pytest.mark.parametrize("cells, words", [
    ({"administered_activity": "7.4"}, "administered activity .* differ from line 2|Check their units"),
    ({"radionuclide": "Lu177"}, "differ|Write Lu-177"), ({"pseudonym": "Cee^Dee"}, "looks like a patient's name"),
    ({"cycle": "1.0"}, "no whole number"), ({"cycle": "0"}, "whole number from 1"),
    ({"registered": "yesterday"}, "not a date and time"),
    ({"signed_roles": "boss 2026-05-12T09:30:00+02:00"}, "'boss' is not a role"),
    ({"signed_roles": "preparedBy"}, "is no role and time"),
    ({"signed_roles": ""}, "sign-off is not complete: preparedBy, medicalPhysicsExpert, treatingPhysician")])
def test_faultsOfACase(path, cells, words):
    for line in (10, 11, 12):  # the last case
        changed(path, line - 1, **cells)
    with pytest.raises(InputError, match=words):
        tableFile.readTable(path)


def test_everyFaultIsTold(path):
    changed(path, 2, **{"mass_(g)": "heavy"})
    changed(path, 3, **{"volume_(mL)": "big"})
    changed(path, 6, pseudonym="Cee^Dee")
    with pytest.raises(InputError) as caught:
        tableFile.readTable(path)
    assert [fault.where.rpartition("line ")[2] for fault in caught.value.faults] == ["2", "3", "6", "6"]


def test_veryManyFaultsAreCounted(tmp_path):
    path = str(tmp_path / "cohort.csv")
    tableFile.writeTable([dataclasses.replace(case, cycle=0) for case in manyCases(60)], path)
    with pytest.raises(InputError) as caught:
        tableFile.readTable(path)
    assert len(caught.value.faults) == 51 and "There are 10 more faults" in str(caught.value.faults[-1])


def test_aReasonTakesUnsignedCases(path):
    for line in (9, 10, 11):
        changed(path, line, signed_roles="")
    cases = tableFile.readTable(path, "cases of before the registry")
    assert [case.overrideReason for case in cases] == [None, "trial of 2019", "cases of before the registry"]


@pytest.mark.parametrize("change, words", [
    (lambda text: text.replace("mass (g)", "mass (kg)"), "column 'mass .g.' is there 0 times"),
    (lambda text: text.replace("mass (g)", "mass (kg)"), "column 'mass .kg.' is not known"),
    (lambda text: text.replace("liver,liver", "liver"), "cells for"),
    (lambda text: text.splitlines()[0] + "\n", "holds no case"), (lambda text: "", "is there 0 times"),
    (lambda text: '"' + text, "cannot be read as CSV|is there 0 times")])
def test_whatIsNoSuchTable(path, change, words):
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(change(text))
    with pytest.raises(InputError) as caught:
        tableFile.readTable(path)
    import re

    assert re.search(words, str(caught.value)), str(caught.value)


def test_filesThatAreNone(tmp_path):
    with pytest.raises(InputError, match="There is no such file"):
        tableFile.readTable(str(tmp_path / "none.csv"))
    (tmp_path / "image.csv").write_bytes(b"\xff\xd8\xff\xe0\x00")
    with pytest.raises(InputError, match="cannot be read as CSV"):
        tableFile.readTable(str(tmp_path / "image.csv"))
    with pytest.raises(InputError, match="cannot be written"):
        tableFile.writeTable(manyCases(1), str(tmp_path / "none" / "cohort.csv"))
