"""Tables made from what is known about a study beside its results: facts, scans, registration, record."""

from .numbers import (
    byteSize,
    compact,
    dateTimeText,
    finite,
    minutesAndSeconds,
    percent,
    rounded,
    signedTenths,
    significant,
    words,
)
from .tables import NOT_COMPUTED, NOT_RECORDED, Cell, Column, Footnotes, Table, numberCell, textCell

_LEVELS = {
    "1": "Level 1: activity-based prescription and patient-averaged dosimetry",
    "2": "Level 2: activity-based prescription and patient-specific dosimetry",
    "3": "Level 3: dosimetry-guided patient-specific prescription and verification",
}
_FACT_TITLES = {
    "timeAfterAdministrationHours": "Time after administration", "unit": "Unit of the image values",
    "acquisitionDateTime": "Acquisition start", "durationSeconds": "Acquisition time",
    "radiopharmaceuticalStartDateTime": "Start of the administration",
    "calibrationFactorBqPerCps": "Calibration factor", "decayCorrectedTo": "Decay corrected to",
}
_SOURCE_NAMES = {"dicom": "DICOM", "file": "file", "user": "user", "study": "study file", "protocol": "protocol"}
_MAXIMUM_SCANS_PER_TABLE = 4
# A recovered part below this is worth a word: the absorbed dose is then more than a tenth too low.
RECOVERY_FLAG = 0.9


def patientLine(patient):
    """(name, identifier) of the patient, or the words for their absence."""
    patient = patient or {}
    # DICOM writes family name^given name^...
    name = ", ".join(part.strip() for part in str(patient.get("name") or "").split("^") if part.strip())
    return name or NOT_RECORDED, patient.get("id") or NOT_RECORDED


def levelText(level):
    """Level of the protocol as the position paper names it."""
    if level in (None, ""):
        return None
    return _LEVELS.get(str(level).lower().removeprefix("level").strip(), str(level))


def sourceText(source):
    """Where a fact came from, as it is printed."""
    return _SOURCE_NAMES.get(str(source).lower(), str(source))


def timePoints(scans):
    """The scans in the order of the study."""
    table = Table([Column("Time point", isNumber=False), Column("Time after administration", "h"),
                   Column("Acquisition time"), Column("Image values", isNumber=False),
                   Column("Total activity in the image", "MBq")])
    for scan in scans:
        table.rows.append([
            Cell(str(scan.get("label") or NOT_RECORDED), isMissing=not scan.get("label"),
                 detail="excluded by the user" if scan.get("isExcluded") else ""),
            numberCell(scan.get("timeHours"), compact), numberCell(scan.get("durationSeconds"), minutesAndSeconds),
            textCell(scan.get("unit")),
            numberCell(scan.get("totalActivityMBq"), significant, NOT_COMPUTED)])
    return table


def provenance(scans):
    """Facts of the scans with their sources: one row per fact, one column per scan, split when there are many."""
    tables = []
    for start in range(0, len(scans), _MAXIMUM_SCANS_PER_TABLE):
        part = scans[start:start + _MAXIMUM_SCANS_PER_TABLE]
        names = list(dict.fromkeys(name for scan in part for name in _facts(scan)))
        if not names:
            continue
        table = Table([Column("Fact", isNumber=False),
                       *(Column(str(scan.get("label") or "scan"), isNumber=False) for scan in part),
                       Column("Where it is written", isNumber=False)], css="facts")
        for name in names:
            facts = [_facts(scan).get(name) for scan in part]
            places = dict.fromkeys(str(fact["detail"]) for fact in facts if fact and fact.get("detail"))
            table.rows.append([Cell(_factTitle(name)), *(_factCell(fact) for fact in facts),
                               textCell("; ".join(places))])
        tables.append(table)
    return tables


def registration(rows):
    """Movement found between the scans and how well they agree afterwards."""
    table = Table([Column("Time point", isNumber=False), Column("Shift R, A, S", "mm"),
                   Column("Rotation R, A, S", "degrees"), Column("Body overlap (Dice)", "before"),
                   Column("Body overlap (Dice)", "after"), Column("Quality", isNumber=False)])
    for row in rows:
        quality = row.get("quality")
        notes = [text for key, text in (("isManuallyCorrected", "corrected by hand"), ("isAccepted", "accepted"))
                 if row.get(key)]
        table.rows.append([
            textCell(row.get("label")), _triple(row.get("translationMM")), _triple(row.get("rotationDegrees")),
            numberCell(row.get("diceBefore"), significant, NOT_COMPUTED),
            numberCell(row.get("diceAfter"), significant, NOT_COMPUTED),
            Cell(", ".join([quality, *notes]), detail="; ".join(str(reason) for reason in row.get("reasons") or []),
                 isFlagged=quality == "check") if quality else textCell(None)])
    return table


def organDrift(rows):
    """Where the activity of each region lies against the reference scan, and what one voxel of shift would change: one
    row per region, one column per scan."""
    labels = list(dict.fromkeys(row.get("label") for row in rows))
    table = Table([Column("Region", isNumber=False), *(Column(str(label or NOT_RECORDED), "mm") for label in labels)])
    for region in dict.fromkeys(row.get("region") for row in rows):
        found = {row.get("label"): row for row in rows if row.get("region") == region}
        table.rows.append([textCell(region), *(_driftCell(found.get(label)) for label in labels)])
    return table


def _driftCell(row):
    if row is None:
        return Cell(NOT_COMPUTED, isMissing=True)
    change = row.get("oneVoxelChangePercent")
    detail = "" if change is None else f"one voxel: {percent(change / 100.0)}"
    drift = row.get("driftMM")
    if drift is None:
        return Cell("reference" if row.get("isReference") else NOT_COMPUTED, detail=detail, isMissing=True)
    place = f"({_triple(row['driftRASMM']).text})" if row.get("driftRASMM") else ""
    return Cell(rounded(drift, 1), detail="; ".join(filter(None, (place, detail))),
                isFlagged=bool(row.get("isDriftLarge")))


def partialVolume(rows):
    """How much of the activity of each region the resolution leaves in it."""
    table = Table([Column("Region", isNumber=False), Column("Volume", "mL"), Column("Resolution, FWHM", "mm"),
                   Column("Recovery coefficient"), Column("Factor needed"), Column("Meaning", isNumber=False)])
    notes = Footnotes()
    for row in rows:
        recovery = row.get("recovery")
        isLow = recovery is not None and finite(recovery) < RECOVERY_FLAG
        if recovery is None:
            meaning = textCell(None, "not evaluated")
        elif isLow:
            meaning = Cell(f"about {percent(1 - recovery, 2)} too low", isFlagged=True)
        else:
            meaning = Cell(f"less than {percent(1 - RECOVERY_FLAG)} too low")
        table.rows.append([
            textCell(row.get("region")), numberCell(row.get("volumeML"), significant, NOT_COMPUTED),
            _resolutionCell(row, notes), numberCell(recovery, significant, NOT_COMPUTED),
            numberCell(row.get("neededFactor"), significant, NOT_COMPUTED), meaning])
    table.footnotes = notes.entries()
    return table


def comparison(rows):
    """Computed values beside the known truth of the digital patient."""
    table = Table([Column("Region", isNumber=False), Column("Quantity", isNumber=False), Column("Computed"),
                   Column("True"), Column("Deviation", "%")])
    for row in rows:
        quantity = " ".join(filter(None, [row.get("quantity"), f"({row['unit']})" if row.get("unit") else ""]))
        table.rows.append([
            textCell(row.get("region")), textCell(quantity),
            numberCell(row.get("computed"), significant, NOT_COMPUTED), numberCell(row.get("true"), significant),
            numberCell(row.get("deviationPercent"), signedTenths, NOT_COMPUTED)])
    return table


def overrides(rows):
    """What a user changed, from what to what, and why."""
    table = Table([Column("What", isNumber=False), Column("From", isNumber=False), Column("To", isNumber=False),
                   Column("Reason", isNumber=False)])
    for row in rows:
        reason = textCell(row.get("reason"), "no reason given")
        table.rows.append([textCell(_whatText(row.get("what"))), textCell(_valueText(row.get("from")), "nothing"),
                           textCell(_valueText(row.get("to")), "nothing"),
                           Cell(reason.text, isMissing=reason.isMissing, isFlagged=reason.isMissing)])
    return table


def versions(versionByName):
    """Software by name, in one row."""
    return Table([Column(str(name), isNumber=False) for name in versionByName],
                 [[textCell(version) for version in versionByName.values()]], css="dense versions")


def inputs(rows):
    """Input files by checksum; folders of slices arrive as many files, so the table is set small."""
    table = Table([Column("File", isNumber=False), Column("SHA-256", isNumber=False), Column("Size")], css="files")
    for row in rows:
        table.rows.append([textCell(row.get("path")), textCell(row.get("sha256")),
                           numberCell(row.get("bytes"), byteSize)])
    return table


def _facts(scan):
    """Facts of a scan; the short form ``sources`` stands in where the long one is absent."""
    facts = scan.get("facts") or {}
    if facts:
        return facts
    return {name: {"value": scan.get(name), "source": source} for name, source in (scan.get("sources") or {}).items()}


def _factCell(fact):
    if not fact or fact.get("value") is None:
        return Cell(NOT_RECORDED, isMissing=True)
    source = sourceText(fact.get("source") or "source not recorded")
    reason = f": {fact['reason']}" if fact.get("reason") else ""
    value, unit = _valueText(fact["value"]), fact.get("unit") or ""
    return Cell(f"{value} {unit}".strip(), detail=f"{source}{reason}", isFlagged=source == "user")


def _valueText(value):
    """A recorded value: numbers rounded for reading, dates without their T, lists with commas."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return compact(value, 6)
    if isinstance(value, (list, tuple)):
        return ", ".join(str(_valueText(item)) for item in value)
    return dateTimeText(value)


def _resolutionCell(row, notes):
    if row.get("resolutionFWHMMM") is None:
        return textCell(None)
    mark = notes.mark("Assumed: the study does not state its resolution.") if row.get("isResolutionAssumed") else ""
    return Cell(significant(row["resolutionFWHMMM"]), mark)


def _triple(values):
    if not values:
        return Cell(NOT_COMPUTED, isMissing=True)
    return Cell(", ".join(rounded(value, 1) for value in values))


def _factTitle(name):
    text = _FACT_TITLES.get(name) or words(name)
    return text[:1].upper() + text[1:]


def _whatText(what):
    """``"4 h: durationSeconds"`` in words; other texts stay as they are."""
    scan, separator, name = str(what or "").rpartition(": ")
    if not separator or not name.isidentifier():
        return what
    title = _factTitle(name)
    return f"{scan}: {title[:1].lower()}{title[1:]}"
