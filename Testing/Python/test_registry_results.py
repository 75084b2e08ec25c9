"""From results.json to a case: what is taken, and what is refused in words."""

import copy
import dataclasses
import json

import pytest
from registryExamples import SIGNED, caseOf, region, results

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.registry import case, fields, fromResults


def test_whatIsKept():
    found, notes = fromResults.caseFromResults(results(), "NUC1", "P-001", 2, softwareVersion="1.2.3")
    assert (found.treatment, found.strategy, found.level) == ("lutetiumDotatate", "multiTimePoint", "2")
    assert (found.radionuclide, found.administeredActivityMBq, found.cycle) == ("Lu-177", 7400.0, 2)
    assert found.signatures == tuple((role, "2026-05-12T09:30:00+02:00") for role in SIGNED)
    assert found.regions[0] == case.RegionValues(
        "kidney left", "kidney", 150.0, 150.0 / 1.04, 9000.0 / 7400.0, 52.25, 0.62 * 7.4, 0.62, 0.31, None,
        "biExponential", "localDeposition")
    assert notes == []


def test_theListOfFieldsIsThatOfTheCase():
    scalars = {field.name for field in dataclasses.fields(case.Case)} - {"signatures", "regions", "therapyValues"}
    assert scalars == {field.name for field in fields.CASE_FIELDS}
    assert [field.name for field in dataclasses.fields(case.RegionValues)] == \
        [field.name for field in fields.REGION_FIELDS]


def test_agreesWithTheReport():
    from MRTDosimetryLib.workflow import reportSignOff
    from MRTDosimetryLib.workflow import results as workflowResults

    assert case.ROLES == tuple(role for role, _title in reportSignOff.ROLES)
    assert fromResults.RESULTS_SCHEMA_VERSION == workflowResults.RESULTS_SCHEMA_VERSION


def test_theDigestIsThatOfTheNumbers():
    content = results()
    other = copy.deepcopy(content)
    other["warnings"].append("more")
    other["signOff"]["report"][0]["time"] = "2026-06-01T00:00:00+00:00"
    other["regions"][0]["cohortPercentile"] = 40.0
    assert fromResults.resultsDigest(json.loads(json.dumps(other))) == fromResults.resultsDigest(content)
    other["regions"][0]["massG"] += 1e-9
    assert fromResults.resultsDigest(other) != fromResults.resultsDigest(content)


@pytest.mark.parametrize("content, words", [
    (results(roles=SIGNED[:2]), "treatingPhysician: not signed"), (results(roles=()), "preparedBy: not signed"),
    (results(isValid=False), "the signature, which no longer holds"),
    (results(change=lambda content: content.pop("signOff")), "not signed"),
    (results(change=lambda content: content["signOff"]["regions"][0].update(state="stale")),
     "Changed since verified: liver")])
def test_onlySignedCasesAreTaken(content, words):
    with pytest.raises(InputError) as caught:
        caseOf(content)
    assert words in str(caught.value)
    taken = caseOf(content, reason="signed on paper in 2019")
    assert taken.overrideReason == "signed on paper in 2019"


def withRegions(*regions):
    return results(change=lambda content: content.update(regions=list(regions)))


@pytest.mark.parametrize("content, words", [
    ({}, "schemaVersion of the results is None"), ({"schemaVersion": 1}, "no list of regions"),
    ({"schemaVersion": 1, "regions": []}, "state no radionuclide"), ({"schemaVersion": 2}, "this version reads 1"),
    (withRegions(region("bowel", None, 0.2), region("3", None, 0.2)), "No region states its tissue"),
    (withRegions(), "neither regions nor values"),
    (withRegions({key: value for key, value in region("liver", "liver", 0.2).items() if key != "tissue"}),
     "The region lacks tissue"),
    (withRegions(region("liver", "liver", 0.2), region("liver", "liver", 0.3)), "'liver' is there twice"),
    (withRegions({**region("liver", "liver", 0.2), "massG": 1.8}), "Mass and volume do not fit|Check"),
    (withRegions({**region("liver", "liver", 0.2), "absorbedDoseGy": float("nan")}), "no finite number"),
    (withRegions({**region("liver", "liver", 0.2), "effectiveHalfLifeHours": -3.0}), "has to be above zero"),
    (withRegions({**region("liver", "liver", 0.2), "absorbedDoseCoefficientGyPerGBq": 200.0}),
     "Check their units, Gy and MBq"),
    (results(change=lambda content: content.update(radionuclide="Xx-1")), "Xx-1"),
    (results(change=lambda content: content.update(administration=None)), "no administered activity")])
def test_resultsThatCannotBeTaken(content, words):
    import re

    with pytest.raises(InputError) as caught:
        caseOf(content)
    assert re.search(words, str(caught.value)), str(caught.value)


def test_aCycleIsStated():
    with pytest.raises(InputError, match="The treatment cycle is not stated"):
        caseOf(cycle=None)
    with pytest.raises(InputError, match="whole number from 1"):
        caseOf(cycle=0)


def test_whatHasToBeKnown():
    def change(content):
        content.update(protocol=None, administration=None)
        for item in content["regions"]:
            item.update(absorbedDoseCoefficientGyPerGBq=None, timeIntegratedActivityCoefficientH=None)
        content["regions"].append(region("bowel", None, 0.2) | {"absorbedDoseCoefficientGyPerGBq": None})

    found, notes = fromResults.caseFromResults(results(change=change), "NUC1", "P-001", 1)
    assert found.treatment == "imaging"
    for words in ("bowel: its tissue is not known", "No protocol and no tracer", "No administered activity",
                  "version of the program"):
        assert any(words in note for note in notes), notes


def test_protocolsOfOtherVersionsKeepTheirNames():
    found = caseOf(results(change=lambda content: content.update(protocol="someTherapy.someStrategy")))
    assert (found.treatment, found.strategy, found.level) == ("someTherapy", "someStrategy", None)


@pytest.mark.parametrize("name, isKept", [
    ("wholeBodyAbsorbedDoseGy", True), ("bloodAbsorbedDoseCoefficientGyPerGBq", True), ("marrowAbsorbedDoseGy", True),
    ("wholeBodyNote", False), ("prescribedActivityMBq", False), ("uptakeIntegralD", False)])
def test_therapyQuantities(name, isKept):
    assert fields.isTherapyQuantity(name) == isKept
