"""From the content of results.json to a case of the registry."""

import json
import math
import os
from datetime import datetime

from ..digests import digestOf
from ..errors import Faults, InputError
from ..therapies import registry as therapies
from .case import ROLES, Case, RegionValues, requireCase
from .fields import isTherapyQuantity

RESULTS_SCHEMA_VERSION = 1
_RESULTS, _RECORD = "results.json", "record.json"
_REGION_KEYS = ("name", "tissue", "massG", "volumeML", "timeIntegratedActivityCoefficientH", "effectiveHalfLifeHours",
                "absorbedDoseGy", "absorbedDoseCoefficientGyPerGBq", "absorbedDoseUncertaintyGy", "bedGy")
# Not part of what was computed: who signed, what was said, and how it compares with a cohort that grows.
_BESIDE_THE_NUMBERS = ("signOff", "warnings")


def caseFromResults(results, centerId, pseudonym, cycle, tracer=None, softwareVersion=None, administrationDigest=None,
                    reason=None, where="results"):
    """A case of the registry, checked, from the content of results.json with its sign-off.

    Parameters
    ----------
    results : dict
        ``signOff`` holds the signatures of the report (``report``: role, name, time, isValid) and the state of the
        regions (``regions``).
    cycle : int or None
        Treatment cycle from 1.
    reason : str, optional
        Why a case is taken whose sign-off is not complete or no longer valid.

    Returns
    -------
    (Case, list of str)
        The case, and what has to be known about it.

    Raises
    ------
    InputError, FaultList
        Not the content of a results.json, not signed, no tissue, or values that cannot be: every fault found.
    """
    requireShape(results, where)
    faults = Faults()
    if results.get("prediction"):
        faults.add("The results are predicted by images of another radionuclide, not measured", where,
                   "Register the results of the therapy's own images")
    signatures = _signatures(results, reason, where, faults)
    if cycle is None:
        faults.add("The treatment cycle is not stated", where,
                   "State it (1 for the first or only one): a case that is signed again replaces that of its cycle")
    regions = [_region(region, results, f"{where}, region {region.get('name')}", faults)
               for region in results["regions"]]
    notes = [f"{region.name}: its tissue is not known by its name; it is kept, but is in no distribution"
             for region in regions if region and region.tissue is None]
    if regions and all(region is not None and region.tissue is None for region in regions):
        faults.add("No region states its tissue", where, "Name the regions by their organs, such as 'kidney left'")
    faults.raiseIfAny()
    protocol = results.get("protocol")
    therapy, strategy, level = _ofProtocol(protocol)
    tracer = tracer or results.get("tracer")
    if therapy is None and tracer is None:
        notes.append("No protocol and no tracer are stated: the case is compared with others of that kind only")
    case = Case(
        centerId=centerId, pseudonym=pseudonym, treatment=therapy or tracer or "imaging",
        radionuclide=results["radionuclide"], cycle=cycle, protocol=protocol, strategy=strategy, tracer=tracer,
        level=level, administeredActivityMBq=(results.get("administration") or {}).get("activityMBq"),
        administrationDigest=administrationDigest, softwareVersion=softwareVersion,
        resultsDigest=resultsDigest(results), overrideReason=str(reason).strip() or None if reason else None,
        registeredTime=datetime.now().astimezone().isoformat(timespec="seconds"), signatures=tuple(signatures),
        regions=tuple(regions), therapyValues=tuple(_therapyValues(results)))
    if case.administeredActivityMBq is None:
        notes.append("No administered activity is stated: there are no coefficients per administered activity")
    if softwareVersion is None:
        notes.append("The version of the program that computed it is not known")
    requireCase(case, where)
    return case, notes


def requireShape(results, where):
    """Refuse what is not the content of a results.json of this version."""
    mend = "Name the results.json of a study that was run to its end"
    version = results.get("schemaVersion")
    if version != RESULTS_SCHEMA_VERSION:
        raise InputError(f"The schemaVersion of the results is {version!r}; this version reads "
                         f"{RESULTS_SCHEMA_VERSION}", where, mend)
    regions = results.get("regions")
    if not isinstance(regions, list) or not all(isinstance(region, dict) for region in regions):
        raise InputError("These are no results: there is no list of regions", where, mend)
    if not isinstance(results.get("radionuclide"), str):
        raise InputError("The results state no radionuclide", where, mend)


def resultsDigest(results):
    """Digest of what was computed, whoever signed for it and whatever it was compared with."""
    kept = {key: value for key, value in results.items() if key not in _BESIDE_THE_NUMBERS}
    kept["regions"] = [{key: value for key, value in region.items() if not key.startswith("cohort")}
                       for region in results["regions"]]
    return digestOf(kept)


def readResults(path):
    """Content of results.json and of the record beside it.

    Parameters
    ----------
    path : str
        A results.json, or the folder that holds one.

    Returns
    -------
    (dict, dict or None)
        Results, and the record that was written with them.

    Raises
    ------
    InputError
        Missing or unreadable file.
    """
    path = os.path.join(path, _RESULTS) if os.path.isdir(path) else path
    beside = os.path.join(os.path.dirname(os.path.abspath(path)), _RECORD)
    return _readJSON(path), _readJSON(beside) if os.path.isfile(beside) else None


def _readJSON(path):
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
    except FileNotFoundError:
        raise InputError("There is no such file", str(path),
                         "Name a results.json, or the folder that holds it") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The file cannot be read ({error.__class__.__name__})", str(path)) from None
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"This is not valid JSON ({getattr(error, 'msg', 'nested too deep')})", str(path)) from None
    if not isinstance(content, dict):
        raise InputError("The file does not hold results", str(path))
    return content


def _signatures(results, reason, where, faults):
    """(role, time) of the signatures that hold; without a reason all of them have to."""
    signOff = results.get("signOff")
    signOff = signOff if isinstance(signOff, dict) else {}
    rows = {row.get("role"): row for row in signOff.get("report") or []}
    found = []
    for role in ROLES:
        row = rows.get(role) or {}
        title = row.get("title") or role
        if row.get("name") and row.get("isValid") is True:
            found.append((role, row.get("time")))
        elif not reason:
            faults.add(f"{title}: the results changed after the signature, which no longer holds" if row.get("name")
                       else f"{title}: not signed", where, "Only signed cases are taken: sign the report")
    stale = [row.get("region") for row in signOff.get("regions") or [] if row.get("state") == "stale"]
    if stale and not reason:
        faults.add(f"Changed since verified: {', '.join(map(str, stale))}", where, "Verify the regions again")
    return found


def _region(region, results, where, faults):
    missing = [key for key in _REGION_KEYS if key not in region]
    if missing:
        faults.add(f"The region lacks {', '.join(missing)}", where,
                   "Compute the study again with this version of the program")
        return None
    return RegionValues(**{key: region[key] for key in _REGION_KEYS}, model=(region.get("fit") or {}).get("model"),
                        engine=results.get("engine"))


def _ofProtocol(protocol):
    """Therapy, strategy and level of a protocol; those of an unknown one from its name alone."""
    if protocol is None:
        return None, None, None
    if protocol in therapies.protocolIds():
        content = therapies.protocol(protocol)
        return content["therapy"], content["strategy"], content.get("level")
    therapy, _dot, strategy = str(protocol).partition(".")
    return therapy, strategy or None, None


def _therapyValues(results):
    values = results.get("therapy")
    for name, value in sorted((values if isinstance(values, dict) else {}).items()):
        isNumber = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        if isNumber and isTherapyQuantity(name):
            yield name, float(value)
