"""Who was treated with what, by which protocol, and who signs: the identification block of a report."""

import dataclasses
from dataclasses import dataclass

from ..digests import grouped
from . import contextTables
from .numbers import compact, dateTimeText, signed, significant
from .tables import NOT_RECORDED

SIGNATURE_TITLES = ("Prepared by", "Medical physics expert", "Treating physician")
# Letters of a report's code on the first page and in the footers; the whole of it is in the section on the record.
SHORT_CODE = 16
_MORE_ON_PATIENT = (("sex", "Sex"), ("birthDate", "Date of birth"), ("cycle", "Treatment cycle"))


@dataclass(frozen=True)
class Fact:
    """One entry of the identification block."""

    title: str
    text: str
    detail: str = ""
    isMissing: bool = False
    isWide: bool = False
    isWidest: bool = False


def facts(results, context):
    """The identification block: who, what, when, by which protocol."""
    protocol, patient = context.get("protocol") or {}, context.get("patient") or {}
    administration = context.get("administration") or results.get("administration") or {}
    scans, regions = context.get("timePoints") or [], results["regions"]
    name, identifier = contextTables.patientLine(patient)
    activityMBq, moment = administration.get("activityMBq"), administration.get("dateTime")
    isPrescribing = activityMBq is None and not regions
    hours = [f"{compact(scan['timeHours'])} h" for scan in scans if scan.get("timeHours") is not None]
    predicted = results.get("prediction")
    source = contextTables.sourceText(administration["source"]) if administration.get("source") else ""
    level = contextTables.levelText(protocol.get("level"))
    therapy = " – ".join(str(part) for part in (protocol.get("therapy"), protocol.get("strategy")) if part)
    return [
        Fact("Patient", name, isMissing=not patient.get("name")),
        Fact("Patient ID", identifier, isMissing=not patient.get("id")),
        *(Fact(title, str(patient[key])) for key, title in _MORE_ON_PATIENT if patient.get(key)),
        _fact("Therapy and strategy", therapy, protocol.get("id") or "", isWide=True),
        _fact("Dosimetry level", level, isWide=True),
        _fact("Radionuclide", results.get("radionuclide") or (context.get("nuclide") or {}).get("name")),
        *([_predicted(predicted)] if predicted else []),
        Fact("Administered activity", "none: an activity is being prescribed") if isPrescribing else
        Fact("Administered activity", "none: predicted") if predicted else
        _fact("Administered activity", None if activityMBq is None else f"{significant(activityMBq)} MBq",
              f"Source: {source}" if source else "Source not recorded"),
        *_prescription(administration),
        *([] if isPrescribing and not moment else [_fact("Administration", dateTimeText(moment) if moment else None)]),
        _fact("Scans after administration", ", ".join(hours), isWide=True) if regions else
        Fact("Scans", "none: done without images"),
    ]


def _predicted(made):
    """What a prediction rests on, and the activity that it is made for."""
    imaged = f"{significant(made['imagedActivityMBq'])} MBq of {made['imagedRadionuclide']}, imaged"
    activity = f"{significant(made['activityMBq'])} MBq of {made['radionuclide']}" if made["isActivityPlanned"] else \
        f"1 GBq of {made['radionuclide']}: none is planned"
    return Fact("Predicted for", activity, f"From {imaged}", isWide=True)


def _prescription(administration):
    """Prescribed activity, and what was measured before and after the administration, where they are stated."""
    activityMBq, found = administration.get("activityMBq"), []
    prescribed = administration.get("prescribedActivityMBq")
    if prescribed is not None:
        deviation = "" if activityMBq is None else \
            f"Administered: {signed(100.0 * (activityMBq / prescribed - 1.0), 2)} %"
        found.append(Fact("Prescribed activity", f"{significant(prescribed)} MBq", deviation))
    measured, residual = administration.get("measuredActivityMBq"), administration.get("residualActivityMBq")
    if measured is not None and residual is not None:
        found.append(Fact("Measured before and left over", f"{significant(measured)} and {significant(residual)} MBq"))
    return found


def recordWords(record):
    """Code of the report and its beginning, in groups to be compared by eye, and the state of the log; ``None`` for a
    draft."""
    return record and {"code": grouped(record["code"]), "short": grouped(record["code"], SHORT_CODE),
                       "entries": record["entries"], "head": record["head"]}


def signatures(signOff):
    """Signature lines: those that hold with name and time, the others to be signed by hand."""
    rows = (signOff or {}).get("report") or [{"title": title} for title in SIGNATURE_TITLES]
    return [{"title": row["title"], "name": row["name"] if row.get("isValid") else "",
             "time": dateTimeText(row["time"]) if row.get("isValid") else ""} for row in rows]


def _fact(title, text, detail="", isWide=False):
    return Fact(title, str(text), detail, isWide=isWide) if text else \
        Fact(title, NOT_RECORDED, isMissing=True, isWide=isWide)


def nuclideFacts(results, nuclide):
    """The radionuclide with what the absorbed dose takes of it."""
    halfLife, energy = nuclide.get("halfLifeHours"), nuclide.get("energyPerDecayMeV")
    return [
        _fact("Radionuclide", nuclide.get("name") or results.get("radionuclide")),
        _fact("Physical half-life", None if halfLife is None else f"{significant(halfLife, 5)} h"),
        _fact("Locally absorbed energy per decay", None if energy is None else f"{significant(energy, 4)} MeV"),
        dataclasses.replace(_fact("Source", nuclide.get("source")), isWidest=True),
    ]
