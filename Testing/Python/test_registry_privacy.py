"""The registry knows no names: pseudonyms, their key, and what is refused as a code."""

import os
import stat
from types import SimpleNamespace

import pytest
from registryExamples import CENTER, caseOf, results

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.registry import database, patients, pseudonyms, store

KEY = bytes(range(32))


@pytest.mark.parametrize("code, words", [
    ("Bee^Ann", "looks like a patient's name"), ("Bee, Ann", "looks like a patient's name"),
    ("Bee Ann 1", "not a code"), ("Bee", "may be a name"), ("", "not a code"), ("-1", "not a code"),
    ("x" * 65, "not a code"), ("19601224", "date of birth"), ("P-24.12.1960", "date of birth"),
    ("P1960-12-24", "date of birth"), ("24121960", "date of birth"), ("1234567", "a number of 7 digits"),
    ("Bé-1", "not a code")])
def test_codesThatTellTooMuch(code, words):
    with pytest.raises(InputError, match=words):
        pseudonyms.checkCode(code)


@pytest.mark.parametrize("code", ["P-001", "LUT1-2026-017", "00012", "a1", f"h-{'0' * 32}", "S.3_b"])
def test_codesOfAStudy(code):
    assert pseudonyms.checkCode(code) == code


@pytest.mark.parametrize("code, name, identifier", [
    ("bee-01", "Bee^Ann", ""), ("X12345Y", "", "12345"), ("P-annbee-1", "Ann Bee", ""), ("A.B.1234", "", "AB-1234")])
def test_aCodeMayNotHoldTheIdentity(code, name, identifier):
    with pytest.raises(InputError, match="holds the patient's name or identifier"):
        pseudonyms.requireForeignCode(code, name, identifier)
    assert pseudonyms.requireForeignCode("P-001", name, identifier) == "P-001"


def test_pseudonymsAreKeyedHashes():
    """HMAC-SHA-256 (RFC 2104) of purpose and identifier; checked against the standard library's one-shot function."""
    import hmac

    found = pseudonyms.pseudonymOf(KEY, " 4711 ")
    assert found == "h-" + hmac.digest(KEY, b"patient\x004711", "sha256").hex()[:32]
    assert found != pseudonyms.pseudonymOf(KEY, "4712") and found != pseudonyms.pseudonymOf(KEY[::-1], "4711")
    assert pseudonyms.checkCode(found) == found


@pytest.mark.parametrize("identifier", ["", None, "  ", "0000", "Anonymous", "ANON", "unknown", "Patient ID", "n/a"])
def test_identifiersOfManyPatients(identifier):
    with pytest.raises(InputError, match="identifies no patient|has no identifier"):
        pseudonyms.pseudonymOf(KEY, identifier)


def test_keyFiles(tmp_path):
    path = str(tmp_path / "a.key")
    pseudonyms.makeKey(path)
    assert len(pseudonyms.readKey(path)) == 32
    if os.name == "posix":
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    with pytest.raises(InputError, match="never overwritten"):
        pseudonyms.makeKey(path)
    (tmp_path / "b.key").write_text("no key\n", encoding="ascii")
    with pytest.raises(InputError, match="not a key of a registry"):
        pseudonyms.readKey(str(tmp_path / "b.key"))
    with pytest.raises(InputError, match="The key of the registry is missing"):
        pseudonyms.readKey(str(tmp_path / "c.key"))


def test_theKeyOfAFileIsMadeBesideItOnce(tmp_path, monkeypatch):
    monkeypatch.delenv(pseudonyms.KEY_ENVIRONMENT, raising=False)
    path = str(tmp_path / "cohort.sqlite")
    final = results()
    with database.createRegistry(path, CENTER) as registry:
        assert patients.registryKey(registry) is None, "a look makes no key"
        pseudonym, digest, fingerprint = patients.patientIn(registry, "4711", {}, final, None, None)
        store.addCase(registry, caseOf(final, pseudonym, administrationDigest=digest), fingerprint)
    with database.openRegistry(path) as registry:
        assert registry.keyFingerprint == fingerprint
        assert patients.knownPseudonym(registry, "4711") == (CENTER, pseudonym)
        assert patients.knownPseudonym(registry, "anonymous") is None
        other = str(tmp_path / "other.key")
        pseudonyms.makeKey(other)
        with pytest.raises(InputError, match="The key is not that of this registry"):
            patients.patientIn(registry, "4711", {}, final, None, other)
        os.remove(f"{path}.key")
        with pytest.raises(InputError, match="The key of the registry is missing"):
            patients.patientIn(registry, "4711", {}, final, None, None)


def test_aServerNeedsItsKeyNamed(monkeypatch):
    monkeypatch.delenv(pseudonyms.KEY_ENVIRONMENT, raising=False)
    server = SimpleNamespace(place="postgresql://a@b/c", isFile=False, keyFingerprint=None)
    with pytest.raises(InputError, match=f"Set {pseudonyms.KEY_ENVIRONMENT}"):
        patients.patientIn(server, "4711", {}, results(), None, None)
    assert patients.patientIn(server, "4711", {}, results(), "P-001", None) == ("P-001", None, None)


def test_nothingInTheFileNamesThePatient(tmp_path):
    """Neither identifier, name of a signer, nor date of the administration, in any byte of file and log."""
    path = tmp_path / "cohort.sqlite"
    final = results()
    with database.createRegistry(str(path), CENTER) as registry:
        pseudonym, digest, fingerprint = patients.patientIn(registry, "ID-4711", {"name": "Cee^Dee"}, final, None, None)
        store.addCase(registry, caseOf(final, pseudonym, administrationDigest=digest), fingerprint)
    content = path.read_bytes()
    assert pseudonym.encode() in content
    for secret in (b"4711", b"Cee", b"A. Bee", b"2026-05-04", pseudonyms.readKey(f"{path}.key")):
        assert secret not in content


@pytest.mark.parametrize("change", [
    lambda content: content["regions"][0].update(name="Cee^Dee"),
    lambda content: content.update(tracer="Cee^Dee", protocol=None)])
def test_textsThatLookLikeANameAreRefused(change):
    with pytest.raises(InputError, match="looks like a patient's name in DICOM"):
        caseOf(results(change=change))


def test_whoThePatientOfARecordIs():
    def record(patient, *identifiers):
        return {"choices": {"patient": patient},
                "timePoints": [{"facts": {"patientId": {"value": value}}} for value in identifiers] + [{"facts": {}}]}

    assert patients.patientOf(record({"id": "7", "cycle": 2}, "8")) == ("7", {"id": "7", "cycle": 2})
    assert patients.patientOf(record(None, "8", "8"))[0] == "8"
    assert patients.patientOf(record({}, "8", "9"))[0] == "", "two patients are none"
    assert patients.patientOf(None) == ("", {})
