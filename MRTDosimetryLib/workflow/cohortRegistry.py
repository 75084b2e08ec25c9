"""The center's registry of signed cases, as the wizard meets it: register after the sign-off, compare at any time."""

import dataclasses
import secrets

from .. import __version__
from ..registry import database, fromResults, patients, queries, store
from ..therapies import registry as therapies
from . import administrationEntry, outputs, results
from .resultsTables import COHORT_KEY

# What stands in the results beside the percentile.
Z_KEY, NUMBER_KEY, INTERVAL_KEY, WORDS_KEY = "cohortZ", "cohortPatients", "cohortPercentileInterval90", "cohortWords"


def register(study, pathOrUrl, code=None, keyPath=None, reason=None, tracer=None):
    """Add the signed study to the registry; signed again, it replaces its entry.

    Parameters
    ----------
    pathOrUrl : str
        SQLite file or URL of a PostgreSQL database. A registry that is not there is made, with a random code for the
        center.
    code : str, optional
        The center's own code of the patient; without one the patient's identifier is hashed with the registry's key.
    keyPath : str, optional
        Of the key; see :func:`..registry.pseudonyms.keyPath`.
    reason : str, optional
        Why a case is taken whose sign-off is not complete.
    tracer : str, optional
        Of a study without a protocol.

    Returns
    -------
    dict
        ``status`` ("added", "replaced", "unchanged"), ``revision``, ``pseudonym``, ``words`` (one sentence) and
        ``notes`` (list of str).

    Raises
    ------
    InputError, FaultList
        Not signed, no patient identifier or cycle, or a registry that cannot be used.
    """
    final, patient = outputs.finalResults(study), study.choice("patient", {})
    # checked before any registry is made; who the patient is, only an open registry can say
    case, notes = fromResults.caseFromResults(
        final, "center", "patient-0", patient.get("cycle"), tracer=tracer,
        softwareVersion=__version__, reason=reason)
    with database.openOrCreate(pathOrUrl, f"center-{secrets.token_hex(4)}") as registry:
        pseudonym, digest, fingerprint = patients.patientIn(registry, _identifier(study), patient, final, code, keyPath)
        case = dataclasses.replace(case, centerId=registry.centerId, pseudonym=pseudonym, administrationDigest=digest)
        outcome = store.addCase(registry, case, fingerprint)
    return {"status": outcome.status, "revision": outcome.revision, "pseudonym": pseudonym, "words": outcome.words,
            "notes": notes}


def compare(study, pathOrUrl, code=None, keyPath=None, tracer=None):
    """Percentile of each region's absorbed dose coefficient among the center's own patients.

    The patients are those of the registry's own center with the same tissue, radionuclide and therapy (without a
    protocol: ``tracer``); this patient is left out where the registry knows him or her.

    Returns
    -------
    dict
        Region name -> ``cohortPercentile`` (%, ``None`` where it cannot be stated), ``cohortPercentileInterval90``
        (two percentages), ``cohortZ`` (of the logarithms), ``cohortPatients`` (their number) and ``cohortWords``
        (what it is compared with, or why not).

    Raises
    ------
    InputError
        A registry that cannot be used.
    """
    rows = results.rows(study)
    with database.openRegistry(pathOrUrl) as registry:
        treatment = _therapy(study) or tracer
        own = patients.knownPseudonym(registry, _identifier(study), code, keyPath)
        cohorts = {tissue: queries.cohort(registry, study.choice("radionuclide"), tissue, protocol=treatment,
                                          centerId=registry.centerId, withoutPatient=own)
                   for tissue in {row["tissue"] for row in rows} - {None}} if treatment else {}
    return {row["name"]: _compared(row, cohorts.get(row["tissue"]), treatment, own is not None) for row in rows}


def _identifier(study):
    return study.choice("patient", {}).get("id") or administrationEntry.identifierInImages(study)


def _therapy(study):
    protocol = study.choice("protocol")
    return therapies.protocol(protocol)["therapy"] if protocol else None


def _compared(row, cohort, treatment, isOwnLeftOut):
    found = {COHORT_KEY: None, INTERVAL_KEY: None, Z_KEY: None, NUMBER_KEY: 0 if cohort is None else cohort.patients}
    value = row["absorbedDoseCoefficientGyPerGBq"]
    if treatment is None:
        words = "Neither protocol nor tracer is stated: it is not known which patients are alike."
    elif row["tissue"] is None:
        words = "The tissue is not known by the region's name."
    elif value is None:
        words = "There is no coefficient without an administered activity."
    else:
        position = cohort.position(value)
        if position is None:
            words = f"{cohort.patients} patients in the registry are too few to compare with."
        else:
            found |= {COHORT_KEY: position.percentile, INTERVAL_KEY: list(position.percentileInterval90),
                      Z_KEY: position.zLog}
            words = f"Among {cohort.patients} patients of the center, {row['tissue']}, {treatment}."
            if not isOwnLeftOut:
                words += " Earlier cases of this patient may be among them: the patient is not identified."
    return {**found, WORDS_KEY: words}
