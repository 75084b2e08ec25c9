"""Cases into the registry and out of it, the same on an SQLite file and on a PostgreSQL server."""

import dataclasses

import numpy as np
import pytest
from registryExamples import CENTER, caseOf, manyCases, region, results

from MRTDosimetryLib.errors import FaultList, InputError
from MRTDosimetryLib.registry import database, maintenance, queries, store


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    """Where a new registry can be made."""
    if request.param == "sqlite":
        return str(tmp_path / "cohort.sqlite")
    return request.getfixturevalue("postgresServer").newDatabase()


@pytest.fixture
def registry(place):
    with database.createRegistry(place, CENTER) as opened:
        yield opened


def test_aCaseComesBackAsItWas(registry, place):
    case = caseOf()
    assert store.addCase(registry, case).status == "added"
    with database.openRegistry(place) as again:
        assert again.centerId == CENTER
        assert store.readCases(again) == [case]
        assert maintenance.check(again) == []


def test_theSameCaseTwiceChangesNothing(registry):
    store.addCase(registry, caseOf())
    assert store.addCase(registry, caseOf()).status == "unchanged"
    assert len(store.readCases(registry)) == 1 and store.historyOf(registry, "P-001") == []


def test_signedAgainReplacesWithHistory(registry):
    first = caseOf()
    second = caseOf(results(0.58, time="2026-06-01T08:00:00+02:00"))
    store.addCase(registry, first)
    outcome = store.addCase(registry, second)
    assert (outcome.status, outcome.revision) == ("replaced", 2) and "revision 2" in outcome.words
    assert store.readCases(registry) == [second]
    ((revision, _time, kept),) = store.historyOf(registry, "P-001")
    assert revision == 1 and kept == first
    assert len(queries.cohort(registry, "Lu-177", "kidney").values) == 1


def test_anEarlierSignatureDoesNotReplaceALaterOne(registry):
    earlier = caseOf(results(0.58, time="2026-05-01T08:00:00+00:00"))
    store.addCase(registry, caseOf())
    with pytest.raises(InputError, match="A later signature"):
        store.addCase(registry, earlier)
    assert store.readCases(registry)[0].regions[0].absorbedDoseCoefficientGyPerGBq == 0.62
    back = dataclasses.replace(earlier, overrideReason="the later one was of another patient")
    assert store.addCase(registry, back).status == "replaced"


def test_anotherAdministrationIsAnotherCycle(registry):
    store.addCase(registry, caseOf(administrationDigest="a" * 32))
    with pytest.raises(InputError, match="Another administration is in the registry"):
        store.addCase(registry, caseOf(results(0.7, time="2026-09-01T08:00:00+00:00"), administrationDigest="b" * 32))
    assert len(store.readCases(registry)) == 1


def test_theSameResultsAreNotTwoPatients(registry):
    store.addCase(registry, caseOf())
    with pytest.raises(InputError, match="The same results are in the registry as center NUC1, P-001"):
        store.addCase(registry, caseOf(pseudonym="P-002"))
    with pytest.raises(InputError, match="cycle 1"):
        store.addCase(registry, caseOf(cycle=2))
    assert len(store.readCases(registry)) == 1


def test_oneValuePerPatient(registry):
    """Mean over left and right, then over the cycles: (0.6 (1 + 1.1) / 2 + 0.4 (1 + 1.1) / 2) / 2 = 0.525."""
    store.addCase(registry, caseOf(results(0.6)))
    store.addCase(registry, caseOf(results(0.4), cycle=2))
    store.addCase(registry, caseOf(results(1.0), pseudonym="P-002"))
    cohort = queries.cohort(registry, "177Lu", "kidney", protocol="lutetiumDotatate")
    assert sorted(cohort.values) == pytest.approx([0.525, 1.05])
    assert (cohort.patients, cohort.cases) == (2, 3) and "One value per patient" in cohort.notes[0]
    others = queries.cohort(registry, "Lu-177", "kidney", withoutPatient=(CENTER, "P-001"))
    assert list(others.values) == pytest.approx([1.05])


def test_whatAQueryIsNarrowedBy(registry):
    def change(content):
        content.update(protocol=None, engine="monteCarlo")

    store.addCase(registry, caseOf(results(0.5)))
    store.addCase(registry, caseOf(results(0.9, change), pseudonym="P-002", tracer="PSMA-617"))
    both = queries.cohort(registry, "Lu-177", "liver")
    assert both.patients == 2 and both.treatments == {"PSMA-617": 1, "lutetiumDotatate": 1}
    assert any("Treatments are taken together" in note for note in both.notes)
    assert any("engines are taken together" in note for note in both.notes)
    for narrowed in ({"protocol": "lutetiumDotatate.multiTimePoint"}, {"protocol": "lutetiumDotatate"},
                     {"engine": "localDeposition"}):
        assert list(queries.cohort(registry, "Lu-177", "kidney", **narrowed).values) == pytest.approx([0.525])
    for narrowed in ({"tracer": "PSMA-617"}, {"engine": "monteCarlo"}):
        assert list(queries.cohort(registry, "Lu-177", "kidney", **narrowed).values) == pytest.approx([0.945])
    assert queries.cohort(registry, "Lu-177", "kidney", centerId="OTHER").patients == 0
    assert queries.cohort(registry, "I-131", "kidney").patients == 0
    assert queries.tissuesOf(registry) == [("Lu-177", "PSMA-617", "kidney", 1), ("Lu-177", "PSMA-617", "liver", 1),
                                           ("Lu-177", "lutetiumDotatate", "kidney", 1),
                                           ("Lu-177", "lutetiumDotatate", "liver", 1)]
    halfLives = queries.cohort(registry, "Lu-177", "kidney", "effectiveHalfLifeHours")
    assert list(halfLives.values) == [52.25, 52.25] and halfLives.unit == "h"


def test_valuesOfTheTherapy(registry):
    def change(content):
        content["therapy"] = {"wholeBodyAbsorbedDoseGy": 2.28, "marrowAbsorbedDoseGy": None, "note": "text",
                              "bloodAbsorbedDoseCoefficientGyPerGBq": 0.118, "prescribedActivityMBq": 7400.0}
        content["regions"] = []

    store.addCase(registry, caseOf(results(change=change)))
    (case,) = store.readCases(registry)
    assert case.therapyValues == (("bloodAbsorbedDoseCoefficientGyPerGBq", 0.118), ("wholeBodyAbsorbedDoseGy", 2.28))
    assert list(queries.cohort(registry, "Lu-177", quantity="wholeBodyAbsorbedDoseGy").values) == [2.28]
    with pytest.raises(InputError, match="No tissue is stated"):
        queries.cohort(registry, "Lu-177")


def test_distributionOfManyCases(registry):
    cases = manyCases(300, cyclesPerPatient=2)
    assert store.takeOver(registry, cases)["added"] == 300
    cohort = queries.cohort(registry, "Lu-177", "kidney", protocol="lutetiumDotatate.multiTimePoint")
    byPatient = {}
    for case in cases:
        byPatient.setdefault(case.pseudonym, []).append(np.mean(
            [item.absorbedDoseCoefficientGyPerGBq for item in case.regions if item.tissue == "kidney"]))
    expected = [np.mean(values) for values in byPatient.values()]
    assert sorted(cohort.values) == pytest.approx(sorted(expected))
    found = cohort.distribution()
    assert found.n == 150 and found.mean == pytest.approx(np.mean(expected)) and found.normalRange.method == "ranks"
    answer = queries.answer(cohort, float(np.median(expected)))
    assert answer["position"]["percentile"] == pytest.approx(50.0)
    shown = "\n".join(queries.answerLines(answer))
    for words in ("150 patients, 300 cases", "normal range", "90 % confidence", "Gy/GBq", "percentile 50"):
        assert words in shown, shown


def test_takingOverIsAllOrNothing(registry):
    store.addCase(registry, caseOf())
    theirs = [caseOf(results(0.9), pseudonym="P-007"), caseOf(results(0.71, time="2026-07-01T08:00:00+02:00"))]
    with pytest.raises(InputError, match="other content: digest of the results, signatures, regions"):
        store.takeOver(registry, theirs)
    assert len(store.readCases(registry)) == 1
    assert store.takeOver(registry, theirs, "ours") == {"added": 1, "replaced": 0, "unchanged": 0, "kept": 1}
    assert store.takeOver(registry, theirs, "newer") == {"added": 0, "replaced": 1, "unchanged": 1, "kept": 0}
    assert len(store.historyOf(registry, "P-001")) == 1
    assert store.takeOver(registry, theirs) == {"added": 0, "replaced": 0, "unchanged": 2, "kept": 0}


def test_conflictsAreNamedOneByOne(registry):
    store.takeOver(registry, manyCases(3))
    theirs = [dataclasses.replace(case, administeredActivityMBq=7400.5, resultsDigest=f"{9:x}{case.resultsDigest[1:]}")
              for case in manyCases(3)]
    with pytest.raises(FaultList) as caught:
        store.takeOver(registry, theirs)
    assert [fault.where for fault in caught.value.faults] == [case.words for case in theirs]
    doubled = manyCases(5)[3:] + manyCases(5)[3:4]
    with pytest.raises(InputError, match="The case is there twice"):
        store.takeOver(registry, doubled)
    elsewhere = [dataclasses.replace(manyCases(1)[0], centerId="NUC2")]
    with pytest.raises(InputError, match="already those of center NUC1"):
        store.takeOver(registry, elsewhere)


def test_theCentersStayApart(registry, tmp_path):
    store.takeOver(registry, manyCases(4))
    with database.createRegistry(str(tmp_path / "other.sqlite"), "NUC2") as other:
        moved = [dataclasses.replace(case, resultsDigest=f"f{case.resultsDigest[1:]}")
                 for case in manyCases(6, "NUC2", seed=3)]
        store.takeOver(other, moved)
        assert store.takeOver(registry, store.readCases(other), fingerprint=other.keyFingerprint)["added"] == 6
    cohort = queries.cohort(registry, "Lu-177", "kidney")
    assert cohort.centers == {"NUC1": 4, "NUC2": 6}, "P-00000 of two centers are two patients"
    assert queries.cohort(registry, "Lu-177", "kidney", centerId="NUC2").patients == 6


def test_oneCenterWithTwoKeysIsRefused(registry):
    store.addCase(registry, caseOf(), "f" * 16)
    with pytest.raises(InputError, match="different keys"):
        store.takeOver(registry, manyCases(2, first=5), fingerprint="e" * 16)
    with pytest.raises(InputError, match="The key is not that of this registry"):
        store.addCase(registry, caseOf(results(0.8), pseudonym="P-002"), "e" * 16)
    assert len(store.readCases(registry)) == 1


def test_removedIsGoneWithItsHistory(registry):
    store.addCase(registry, caseOf())
    store.addCase(registry, caseOf(results(0.58, time="2026-06-01T08:00:00+02:00")))
    store.addCase(registry, caseOf(results(0.5), pseudonym="P-002"))
    assert store.removePatient(registry, "P-001") == 1
    assert [case.pseudonym for case in store.readCases(registry)] == ["P-002"]
    assert store.historyOf(registry, "P-001") == [] and maintenance.check(registry) == []
    with pytest.raises(InputError, match="has no patient P-001"):
        store.removePatient(registry, "P-001")


def test_anErrorLeavesNothingBehind(registry):
    with pytest.raises(InputError, match="stopped"), registry.writing() as connection:
        store._insert(connection, manyCases(3))
        raise InputError("stopped")
    assert store.readCases(registry) == []


def test_thereIsOneRegistryPerPlace(registry, place):
    with pytest.raises(InputError, match="There is a registry already"):
        database.createRegistry(place, "NUC2")
    with database.openOrCreate(place, "NUC2") as again:
        assert again.centerId == CENTER


def test_aNewerRegistryIsLeftAlone(registry, place):
    from sqlalchemy import text

    store.addCase(registry, caseOf())
    with registry.writing() as connection:
        connection.execute(text("""UPDATE "registryInfo" SET value = '7' WHERE key = 'schemaVersion'"""))
    with pytest.raises(InputError, match="of version 7, newer than this program, which reads up to 1"):
        database.openRegistry(place)


def test_anOlderRegistryIsBroughtUpToDateOrLeftAsItIs(registry, place, monkeypatch):
    """The machinery of migrations, on a version made up here: whole, or not at all."""
    from sqlalchemy import inspect, text

    from MRTDosimetryLib.registry import schema

    def broken(connection):
        connection.execute(text('CREATE TABLE "half" (id INTEGER)'))
        raise InputError("the migration fails")

    store.addCase(registry, caseOf())
    monkeypatch.setattr(schema, "SCHEMA_VERSION", 2)
    monkeypatch.setattr(schema, "MIGRATIONS", {1: broken})
    with pytest.raises(InputError, match="the migration fails"):
        database.openRegistry(place)
    with registry.reading() as connection:
        assert not inspect(connection).has_table("half")
        assert database._version(connection, place) == 1
    monkeypatch.setattr(schema, "MIGRATIONS", {1: lambda connection: connection.execute(
        text('ALTER TABLE "registryCase" ADD COLUMN "later" INTEGER'))})
    with database.openRegistry(place) as again:
        assert len(store.readCases(again)) == 1
        with again.reading() as connection:
            assert database._version(connection, place) == 2


def test_everyVersionHasItsMigration():
    from MRTDosimetryLib.registry import schema

    assert sorted(schema.MIGRATIONS) == list(range(1, schema.SCHEMA_VERSION))


def test_regionsWithoutTissueAreKeptOutOfDistributions(registry):
    def change(content):
        content["regions"].append(region("bowel", None, 0.2))

    store.addCase(registry, caseOf(results(change=change)))
    assert len(store.readCases(registry)[0].regions) == 4
    assert {row[2] for row in queries.tissuesOf(registry)} == {"kidney", "liver"}
