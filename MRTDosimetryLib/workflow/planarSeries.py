"""Planar views to planar series: net counts, or activities by attenuation and sensitivity, of every region over time.

Counts are those of the main window less scatter by the windows beside it, less background, as the geometric mean of
both views; per second for static images, per scan speed for whole-body scans. The file is that of :mod:`.planarFile`.
"""

import csv
import io
import math
import os

from ..dicom.planar import readPlanar
from ..errors import Faults, InputError
from ..therapies import planar as planarTable
from . import planarChecks, planarLines, planarQuantities, planarViews
from .jointKinetics import UNCERTAINTY_COLUMN
from .planarCounts import counted, projectionOf
from .planarFile import SIDES

COUNTS, ACTIVITY = "counts", "MBq"


def planarSeries(content, patient=None, radionuclide=None, start=None, patientIds=()):
    """Net counts, and activities where they are asked for, of every region in every image.

    Parameters
    ----------
    content : dict
        Of :func:`.planarFile.readPlanarStudy`.
    patient : Patient, optional
        CT and regions of a study; left out, those that the content names.
    radionuclide : str, optional
        Of the study.
    start : datetime, optional
        Administration of the study, by which stated times are compared with those of the files.
    patientIds : sequence of str
        Of the study's images.

    Returns
    -------
    list of dict
        ``timeHours``, ``region``, ``counts``, ``uncertaintyCounts`` (k = 1), as the study key
        ``measurements.planar`` takes them; with activities also ``activityMBq``, ``uncertaintyMBq`` (of counting and
        position), ``components`` (relative, k = 1) and ``attenuation``.
    list of str
        Warnings, each without a full stop.

    Raises
    ------
    InputError, FaultList
    """
    faults, rows, warnings, scans, cache = Faults(), [], [], [], {}
    radionuclide = _radionuclide(content, radionuclide)
    if patient is None:
        patient = planarQuantities.patientOfFiles(content)
    settings = planarQuantities.settingsOf(content, patient, radionuclide, warnings)
    for position, item in enumerate(content["images"]):
        name = f"image {position + 1} ({item['hoursAfterAdministration']:g} h)"
        with faults.collect():
            image = readPlanar(item["file"])
            planarQuantities.requireNuclide(image, radionuclide, name)
            warnings += [f"{name}: {words}" for words in image.warnings]
            views = _views(content, image, name)
            scans.append((name, item, image, views))
            warnings += planarChecks.pairWords(image, item, views, name)
            found, words = _rows(content, item, image, views, patient, settings, name, cache)
            rows += found
            warnings += words
    with faults.collect():
        warnings += planarChecks.seriesWords(scans, any(
            projectionOf(content, region) is None for region in content["regions"]), start, patientIds)
    faults.raiseIfAny()
    if (content.get("alignment") or {}).get("uncertaintyMM") is None and any(
            projectionOf(content, region) is not None for region in content["regions"]):
        warnings.append("The uncertainty of the position of the planar views is not stated: it is not part of their "
                        "values'")
    if len({image.kind for _name, _item, image, _views in scans}) > 1:
        raise InputError("Static images and whole-body scans do not make up one series", "planar images",
                         "Give images of one kind")
    rows.sort(key=lambda row: (row["region"], row["timeHours"]))
    if len(content["images"]) > 1:
        planarTable.check([{key: row[key] for key in planarTable.KEYS} for row in rows], "planar series")
    return rows, list(dict.fromkeys(warnings))


def _radionuclide(content, ofStudy):
    stated = content.get("radionuclide")
    if stated is not None and ofStudy is not None and stated != ofStudy:
        raise InputError(f"The planar views are of {stated}, the study is of {ofStudy}", "planar views: radionuclide",
                         "Correct it, or leave it out")
    return stated or ofStudy


def _views(content, image, name):
    detectors = content.get("detectors") or {}
    return {side: planarViews.chosen(image, detectors.get(side), content.get("windows"), name, side)
            for side in SIDES}


def _rows(content, item, image, views, patient, settings, name, cache):
    """Rows of one image, and warnings."""
    scale, letters = _scale(image, item, name), planarLines.orientations(content, views, name)
    isMirrored, lines, words, alignment = planarLines.isPosteriorMirrored(content, letters), None, [], None
    planarChecks.requireOpposed(views, isMirrored, name)
    shift = tuple(item.get("shiftPixels") or (0.0, 0.0))
    if patient is not None and _needsLines(content):
        energyKeV = planarLines.emissionKeV(content.get("attenuation"), settings.radionuclide,
                                            views["anterior"]["main"], name)
        lines, words, alignment = planarLines.linesOf(content, item, views, patient, energyKeV / 1000.0, name, cache)
        shift = planarLines.shiftPixels(item, lines.projection.geometry)
    elif item.get("shiftMM"):
        raise InputError("A shift in mm needs alignment and a CT", name, "Give shiftPixels")
    words += planarQuantities.calibrationWords(image, views["anterior"]["main"], settings.record, name)
    nets, areas, said = counted(content, views, lines, shift, name, isMirrored)
    spreads, found, faults = {}, [], Faults()
    if lines is not None:
        spreads = _positionSpreads(content, views, lines, nets, areas, patient, energyKeV / 1000.0, name, cache)
    for region in content["regions"]:
        net = nets[region["name"]]
        row = {"timeHours": float(item["hoursAfterAdministration"]), "region": region["name"],
               "counts": net.counts * scale, "uncertaintyCounts": scale * math.hypot(
                   net.uncertainty, net.counts * spreads.get(region["name"], 0.0))}
        if settings.sensitivity is not None:
            if lines is not None and content["attenuation"]["from"] == planarQuantities.CT:
                drawn = areas[region["name"]].fractions
                said += planarChecks.cutWords(region["name"], lines.projection, drawn and drawn["anterior"])
            with faults.collect():
                row |= planarQuantities.activityOf(content, region, item, image, net, areas[region["name"]], lines,
                                                   settings, views["anterior"]["main"], name,
                                                   spreads.get(region["name"], 0.0))
        if alignment:
            row["alignment"] = {**alignment, "misfit": areas[region["name"]].misfit}
        found.append(row)
    faults.raiseIfAny()
    return found, [*words, *said]


def _positionSpreads(content, views, lines, nets, areas, patient, energyMeV, name, cache):
    """Relative uncertainty of each projected region's activity by that of the position: root mean square of what it
    changes by where the views lie by that much elsewhere, along both axes."""
    spread = (content.get("alignment") or {}).get("uncertaintyMM")
    projected = [region["name"] for region in content["regions"] if projectionOf(content, region) is not None]
    if spread is None or not projected:
        return {}
    variances = dict.fromkeys(projected, 0.0)
    only = {**content, "regions": [region for region in content["regions"] if region["name"] in projected]}
    for offset in ((spread, 0.0), (-spread, 0.0), (0.0, spread), (0.0, -spread)):
        other = planarLines.moved(lines, offset, patient, energyMeV, cache)
        found, others, _words = counted(only, views, other, (0.0, 0.0), name, lines.isPosteriorMirrored)
        for own in projected:
            ratio = planarQuantities.unattenuated(found[own], others[own], other, own) \
                / planarQuantities.unattenuated(nets[own], areas[own], lines, own)
            variances[own] += (ratio - 1.0) ** 2 / 2.0
    return {own: math.sqrt(value) for own, value in variances.items()}


def _needsLines(content):
    attenuation = content.get("attenuation") or {}
    return attenuation.get("from") == planarQuantities.CT or any(
        projectionOf(content, region) is not None for region in content["regions"])


def _scale(image, item, name):
    """What one image's counts are multiplied by to be comparable with another's."""
    if image.kind == "WHOLE BODY":
        return planarQuantities.speedMMPerSecond(image, name)
    return 1.0 / planarQuantities.durationSeconds(image, item, name)


def seriesByRegion(rows, content):
    """The series as the kinetics take them: region -> ``timesHours``, ``values``, ``uncertainties``, ``unit``,
    ``source``, and of activities what is common to all images."""
    found, isActivity = {}, all("activityMBq" in row for row in rows)
    source = content.get("source") or "planar views"
    for row in rows:
        series = found.setdefault(row["region"], {
            "timesHours": [], "values": [], "uncertainties": [], "unit": ACTIVITY if isActivity else COUNTS,
            "source": source})
        series["timesHours"].append(row["timeHours"])
        series["values"].append(row["activityMBq"] if isActivity else row["counts"])
        series["uncertainties"].append(row["uncertaintyMBq"] if isActivity else row["uncertaintyCounts"])
        if isActivity:
            series["use"] = content.get("use", "scaled")
            series["commonRelativeUncertainty"] = max(series.get("commonRelativeUncertainty", 0.0),
                                                      row["commonRelativeUncertainty"])
        further = {key: row[key] for key in ("components", "attenuation", "alignment") if key in row}
        if further:
            series.setdefault("details", []).append(further)
    return found


def rowWords(row):
    """What a row holds, for a user to read."""
    words = [f"{row['region']}: {row['timeHours']:g} h, {row['counts']:.5g} +- {row['uncertaintyCounts']:.2g}"]
    if "activityMBq" in row:
        found, common = row["attenuation"], row["commonRelativeUncertainty"]
        words += [f"{row['activityMBq']:.5g} MBq, +- {row['uncertaintyMBq']:.2g} of its own and {common:.2%} common "
                  f"to all images", f"mu T {found['bodyMuT']:.3g}, source {found['sourceThicknessMM']:.3g} mm thick, "
                  f"factor {found['factor']:.3g}"]
    return words


def tableText(rows):
    """The series as the CSV text that ``kinetics.hybrid`` reads: activities where there are any, else counts."""
    names = list(dict.fromkeys(row["region"] for row in rows))
    keys = ("activityMBq", "uncertaintyMBq") if "activityMBq" in rows[0] else ("counts", "uncertaintyCounts")
    table = {(row["timeHours"], row["region"]): row for row in rows}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["timeHours", *(cell for name in names for cell in (name, name + UNCERTAINTY_COLUMN))])
    for hours in sorted({row["timeHours"] for row in rows}):
        cells = [table.get((hours, name)) for name in names]
        writer.writerow([hours, *(value for row in cells for value in (
            ("", "") if row is None else tuple(row[key] for key in keys)))])
    return text.getvalue()


def writeTable(rows, path):
    """Write :func:`tableText`; nothing half-written stays behind."""
    partial = f"{path}.partial"
    try:
        with open(partial, "w", encoding="utf-8", newline="") as file:
            file.write(tableText(rows))
        os.replace(partial, path)
    except OSError as error:
        if os.path.exists(partial):
            os.remove(partial)
        raise InputError(f"The series cannot be written ({error.strerror or error})", str(path),
                         "Choose a folder you may write to") from None
