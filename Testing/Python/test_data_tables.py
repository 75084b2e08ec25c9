"""Every number of a shipped table says where it comes from, of which edition, in what unit and whether verified."""

import json

import pytest

from MRTDosimetryLib.resources import dataPath, resourcePath
from MRTDosimetryLib.therapies.registry import protocolIds

TABLES = [dataPath(name) for name in ("nuclides.json", "ctDensity.json", "radiobiology.json", "limits.json",
                                       "cohorts.json", "doseResponse.json", "populationHalfLives.json",
                                       "bloodAndWholeBody.json", "cameraSensitivity.json", "microspheres.json",
                                       "thyroidIodine.json")]
TABLES += [resourcePath("Protocols", f"{name}.json") for name in protocolIds()]
# Counts of the program, no figures of the literature.
COUNTS = {"schemaVersion", "minimumTimePoints"}
FIELDS = ("source", "edition", "unit", "verified")


def unfounded(value, known=(), place="", key=""):
    """Places of numbers for which a field is missing in the record that holds them and in those around it."""
    if isinstance(value, dict):
        known = {*known, *(field for field in FIELDS if field in value)}
        unit = value.get("unit")
        found = []
        for name, item in value.items():
            if name in COUNTS or name in FIELDS:
                continue
            found += unfounded(item, known, f"{place}.{name}", name)
            isNumber = isinstance(item, (int, float)) and not isinstance(item, bool)
            if isNumber and isinstance(unit, dict) and name not in unit:
                found.append(f"{place}.{name}: no unit")
        return found
    if isinstance(value, list):
        return [fault for index, item in enumerate(value) for fault in unfounded(item, known, f"{place}[{index}]")]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return [f"{place}: no {field}" for field in FIELDS if field not in known]
    return []


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


@pytest.mark.parametrize("path", TABLES)
def test_everyNumberHasItsOrigin(path):
    assert unfounded(load(path)) == []


def records(value):
    if isinstance(value, dict):
        if "verified" in value:
            yield value
        for item in value.values():
            yield from records(item)
    elif isinstance(value, list):
        for item in value:
            yield from records(item)


@pytest.mark.parametrize("path", TABLES)
def test_originsAreStatedInFull(path):
    found = list(records(load(path)))
    assert found or "Protocols" in path  # a protocol may state no figure at all
    for record in found:
        assert isinstance(record["verified"], bool) and len(record["source"]) > 10 and record["edition"], record
        assert record["unit"], record
        if "not checked" in record["source"] or "Derived" in record["source"]:
            assert record["verified"] is False, record


def test_theCheckFindsWhatIsMissing():
    assert unfounded({"value": 1.0, "unit": "Gy", "source": "x", "edition": "1"}) == [".value: no verified"]
    assert unfounded({"rows": [{"value": 2}]})[0].startswith(".rows[0].value: no source")
    assert not unfounded({"schemaVersion": 1, "note": "text", "isOn": True})


def test_nuclideTableIsWhatTheGeneratorWrites():
    """With the developers' package at hand the table is generated again and compared."""
    pytest.importorskip("icrp107_database", reason="icrp107-database is a developers' package")
    import importlib.util
    import os

    import icrp107_database

    if importlib.util.find_spec("radioactivedecay") is None:
        pytest.skip("radioactivedecay is a developers' package")
    path = os.path.join(os.path.dirname(__file__), "..", "..", "Utilities", "generateNuclideTable.py")
    spec = importlib.util.spec_from_file_location("generateNuclideTable", path)
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    folder = os.path.join(os.path.dirname(icrp107_database.__file__), "icrp107")
    shipped = load(dataPath("nuclides.json"))["nuclides"]
    assert shipped == [generator.entryFor(name, folder) for name in generator.tableNames()]
