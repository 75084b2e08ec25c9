"""The result files of a study, written aside and moved into place only when all of them are complete."""

import contextlib
import csv
import json
import os
import shutil
import tempfile

from ..errors import InputError
from ..progress import noProgress, subProgress
from ..report import checklist, templateFolder
from ..report.contextTables import patientLine
from ..report.htmlReport import renderReport
from ..report.pdf.document import pdfOf, requirePackage
from ..scene import files
from . import (
    dicomExport,
    engineNodes,
    hashChain,
    measurements,
    pictures,
    protocol,
    radiobiology,
    record,
    recordSeal,
    reportSignOff,
    statements,
    studyDescription,
)
from .reportContext import reportContext
from .results import resultsDict

DICOM_FOLDER, PDF_FILE = "dicom", "report.pdf"
# Choice of a study: folder of the center's template of the report.
TEMPLATE_CHOICE = "reportTemplate"
# Those whose digests go into the log of the study.
_LOGGED_FILES = ("results.json", "report.html", PDF_FILE)


@contextlib.contextmanager
def stagedFolder(folder):
    """A new folder beside ``folder`` to write into; its content moves into ``folder`` only if all went well.

    Raises
    ------
    InputError
        The output folder cannot be made or written.
    """
    folder = os.path.abspath(folder)
    parent = os.path.dirname(folder)
    isNew = not os.path.exists(folder)
    try:
        if isNew:
            os.makedirs(parent, exist_ok=True)
        elif not os.path.isdir(folder):
            raise InputError("The output folder is a file", folder, "Name another folder")
        else:
            # Creating and removing an entry is the only test that holds on every file system.
            os.rmdir(tempfile.mkdtemp(prefix=".mrt-", dir=folder))
        staging = tempfile.mkdtemp(prefix=".mrt-", dir=parent if isNew else folder)
    except OSError as error:
        raise InputError(f"The output folder cannot be written ({error.strerror or error})", folder,
                         "Choose a folder you may write to") from None
    try:
        yield staging
        os.makedirs(folder, exist_ok=True)
        for name in sorted(os.listdir(staging)):
            target = os.path.join(folder, name)
            if os.path.isdir(target) and not os.path.islink(target):
                shutil.rmtree(target)
            os.replace(os.path.join(staging, name), target)
    except OSError as error:
        raise InputError(f"The results cannot be written ({error.strerror or error})", folder,
                         "Check the free space and the rights of the folder") from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def writeOutputs(study, folder, description=None, inputs=(), comparison=None, progress=noProgress):
    """Write every result file of the contract into ``folder`` (which exists); those of images where there are any.

    Parameters
    ----------
    description : dict, optional
        The study description that makes the study, for the record. Left out, it is written from the study as it is
        now, whatever it was made from.
    inputs : sequence of dict
        Hashed input files of ``description``.
    comparison : list of dict, optional
        Computed against true values, for the report of the demo.

    Returns
    -------
    dict
        File name to path.
    """
    paths = {name: os.path.join(folder, name) for name in ("results.json", "report.html", PDF_FILE, "scene.mrb",
                                                            "record.json")}
    results, template = finalResults(study), templateFolder.load(study.choice(TEMPLATE_CHOICE))
    if description is None:
        progress(0.0, "Writing what the study was made from")
        description = studyDescription.describe(study, folder)
        inputs = record.hashInputs(record.inputFiles(description))
    progress(0.0, "Writing tables")
    if protocol.usesImages(study):
        paths |= _writeImageFiles(study, results, folder)
    paths |= _writeMeasurements(study, folder)
    head = hashChain.head(study)
    code = recordSeal.reportCode(head, recordSeal.valueDigests(results))
    results["warnings"] += writeReportFile(study, results, inputs, comparison, paths["report.html"],
                                           subProgress(progress, 0.1, 0.45), paths[PDF_FILE], template, code)
    if not os.path.exists(paths[PDF_FILE]):
        del paths[PDF_FILE]
    choice = description.get("export") or study.choice("export", {})
    results["warnings"] += dicomExport.exportResults(study, folder, description, choice)
    _writeJSON(paths["results.json"], results)
    written = {os.path.basename(item["path"]): item["sha256"]
               for item in record.hashInputs([paths[name] for name in _LOGGED_FILES if name in paths])}
    if hashChain.head(study) != head:
        raise InputError("The log of the study went on while its report was written", "report", "Write it again")
    hashChain.append(study, recordSeal.LOG_KIND, "Results and report written", files=written,
                     **{recordSeal.CODE: code})
    progress(0.5, "Writing the scene")
    files.saveBundle(study.scene, paths["scene.mrb"])
    progress(0.95, "Writing the record")
    content = record.makeRecord(study, description, inputs, folder, [
        "protocol", "measurements", "timePoints", "registration", "regions", "kinetics", "dose", "radiobiology",
        "therapy", "results"])
    content["report"] = template.describe()
    _writeJSON(paths["record.json"], recordSeal.sealed(content, results, folder))
    progress(1.0, "")
    return paths


def finalResults(study):
    """The content of ``results.json``: all numbers, who signed for them, and what is recorded of the checklist."""
    results = signedResults(study)
    results["checklist"] = checklist.content(checklist.evaluate(results, reportContext(study)))
    return results


def checklistSections(study):
    """The checklist of the report as it would be now, of :func:`.checklist.evaluate`."""
    return checklist.evaluate(signedResults(study), reportContext(study))


def signedResults(study):
    """All numbers and who signed for them: :func:`finalResults` without the checklist, for which much is looked up."""
    signed = reportSignOff.resultsOf(study)
    results = {**resultsDict(study), "signOff": signed}
    results["warnings"] += reportSignOff.warnings(study, signed["report"])
    return results


def writeReportFile(study, results, inputs, comparison, path, progress=noProgress, pdfPath=None, template=None,
                    code=""):
    """Write the report alone, as PDF too where ``pdfPath`` is given; without ``code`` (of :func:`.reportCode`) it says
    that it is a draft.

    Returns
    -------
    list of str
        What could not be drawn or written, and why; the report says so as well.
    """
    context, shown, words = reportContext(study, inputs, comparison), [], []
    log = hashChain.entries(study)
    context["record"] = {"code": code, "entries": len(log), "head": hashChain.head(study)} if code else None
    if protocol.usesImages(study):
        progress(0.0, "Drawing pictures")
        shown, words = pictures.reportPictures(study, subProgress(progress, 0.0, 0.8))
        context["enginePictures"] = pictures.enginePictures(study)
    progress(0.8, "Writing the report")
    template = template or templateFolder.load(study.choice(TEMPLATE_CHOICE))
    page, pdf, problem = _rendered(results, context, shown, words, template, pdfPath is not None)
    _writeText(path, page)
    if pdf is not None:
        with open(pdfPath, "wb") as file:
            file.write(pdf)
    return words + problem


def _rendered(results, context, shown, words, template, isPDFWanted):
    """The report as HTML and as PDF (or ``None``), and why there is no PDF; the HTML is there in any case."""
    def page(problem):
        return renderReport({**results, "warnings": results["warnings"] + words + problem}, context, shown,
                            template)

    problem = []
    if isPDFWanted:
        try:
            requirePackage()
        except InputError as error:
            problem = _notWritten(error)
    html = page(problem)
    if problem or not isPDFWanted:
        return html, None, problem
    try:
        code = (context["record"] or {}).get("code", "")
        return html, pdfOf(html, patientLine(context["patient"])[1], template.paper, code), []
    except InputError as error:
        problem = _notWritten(error)
    return page(problem), None, problem


def _notWritten(error):
    return [f"{PDF_FILE} is not written. {fault.what}. {fault.mend}." for fault in error.faults]


def _writeText(path, text):
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)


def _writeJSON(path, content):
    # allow_nan=False: a number that is not one must never reach a file
    _writeText(path, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def _writeCSV(path, header, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(["" if value is None else value for value in row] for row in rows)


def _writeImageFiles(study, results, folder):
    """Tables and maps of a study with images: file name to path."""
    paths = {name: os.path.join(folder, name) for name in ("timeActivity.csv", "dvh.csv")}
    curves = {name: region["curve"] for name, region in study.stageRecord("kinetics")["value"]["regions"].items()}
    _writeTimeActivity(results, curves, paths["timeActivity.csv"])
    curves = study.stageRecord("dose")["value"]["dvhCurves"]
    _writeDVH({region["name"]: curves[region["name"]] for region in results["regions"]}, paths["dvh.csv"])
    for engine, node in engineNodes.mapNodes(study).items():
        isPrimary = node is study.nodeByRole("absorbedDose")
        name = "absorbedDose.nrrd" if isPrimary else f"absorbedDose-{engine}.nrrd"
        paths[name] = os.path.join(folder, name)
        files.writeVolume(node, paths[name])
    return paths | _writeRadiobiology(study, folder)


def _writeRadiobiology(study, folder):
    """Map and histograms of the BED where they are wanted: file name to path."""
    paths, rows = {}, radiobiology.histograms(study)
    if not rows:
        return paths
    for name in ("biologicallyEffectiveDose.nrrd", "bedVolume.csv"):
        paths[name] = os.path.join(folder, name)
    files.writeVolume(radiobiology.bedMapNode(study), paths["biologicallyEffectiveDose.nrrd"])
    _writeCSV(paths["bedVolume.csv"], ["region", "BED (Gy)", "volume receiving at least that BED (%)"],
              [(name, bedGy, percent) for name, row in rows.items()
               for bedGy, percent in zip(row["bedGy"], row["volumePercent"], strict=True)])
    return paths


def _writeMeasurements(study, folder):
    """Each table of measurements as a CSV that a study file can name: file name to path."""
    paths = {}
    for row in measurements.rows(study):
        if row["isTable"] and row["key"].startswith(f"{statements.MEASUREMENTS}."):
            name = f"{row['key']}.csv"
            paths[name] = os.path.join(folder, name)
            # the field names hold their units
            _writeCSV(paths[name], [field for field, *_others in row["columns"]],
                      list(zip(*(values for *_others, values in row["columns"]), strict=True)))
    return paths


def _writeTimeActivity(results, curves, path):
    rows = []
    for region in results["regions"]:
        fitted = curves[region["name"]]["atPoints"]
        points, none = region["timeActivity"], [None] * len(region["timeActivity"])
        rows += [(region["name"], point["timeHours"], point["activityMBq"], point["uncertaintyMBq"], *band,
                  point.get("reason"))
                 for point, *band in zip(points, fitted["activitiesMBq"], fitted["lowMBq"] or none,
                                         fitted["highMBq"] or none, strict=True)]
    _writeCSV(path, ["region", "time after administration (h)", "activity (MBq)", "uncertainty k=1 (MBq)",
                     "fitted activity (MBq)", "95 % band low (MBq)", "95 % band high (MBq)",
                     "excluded from the fit, reason"], rows)


def _writeDVH(curves, path):
    rows = [(name, dose, volume) for name, curve in curves.items()
            for dose, volume in zip(curve["absorbedDoseGy"], curve["volumePercent"], strict=True)]
    _writeCSV(path, ["region", "absorbed dose (Gy)", "volume receiving at least that absorbed dose (%)"], rows)
