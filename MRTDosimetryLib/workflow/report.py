"""Stage 10: the result files in a folder of the user's choice."""

import os

from ..errors import InputError, PackageError
from ..progress import noProgress, subProgress
from ..report import preview, templateFolder
from . import outputs, record, reporting, reportSignOff, statements
from .reportContext import reportSummary
from .stage import Stage


def setFolder(study, folder):
    """Choose where the result files go."""
    if not str(folder).strip():
        raise InputError("No folder is given", "Report", "Choose a folder")
    study.setChoice("outputFolder", str(folder))


def setExport(study, isWanted, isDeidentified=False):
    """Choose whether the results are written as DICOM objects as well, and whether without the patient's identity."""
    study.setChoice("export", {"dicom": True, "deidentified": bool(isDeidentified)} if isWanted else None)


def setTemplate(study, folder):
    """Choose the center's template of the report (``None`` or empty: the shipped one).

    Raises
    ------
    InputError, FaultList
        A folder that is no template; nothing is changed then.
    """
    if folder:
        templateFolder.load(folder)
    study.setChoice(outputs.TEMPLATE_CHOICE, os.path.abspath(folder) if folder else None)


def setSource(study, description, inputs):
    """Note the study description and the hashed inputs the study was made from, for the record."""
    study.setStageRecord("source", {"description": description, "inputs": list(inputs)})


def writeReport(study, folder, comparison=None, progress=noProgress):
    """Write all result files into ``folder``; nothing is left there when it fails.

    Returns
    -------
    list of str
        Names of the files.
    """
    with outputs.stagedFolder(folder) as staging:
        # Described as it is now, whatever it was made from: running the record repeats this study.
        paths = outputs.writeOutputs(study, staging, comparison=comparison, progress=subProgress(progress, 0.0, 0.98))
        if os.path.isdir(os.path.join(staging, outputs.DICOM_FOLDER)):
            paths[f"{outputs.DICOM_FOLDER}/"] = os.path.join(staging, outputs.DICOM_FOLDER)
    return sorted(paths)


def previewHTML(study):
    """What is signed, in short, as simple HTML."""
    return preview.previewHTML(outputs.signedResults(study), reportSummary(study))


def writePreview(study, folder, progress=noProgress):
    """Write a draft of the report into ``folder``, with all that is known by now; returns its path."""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "preview.html")
    source = study.stageRecord("source") or {}
    outputs.writeReportFile(study, outputs.finalResults(study), source.get("inputs") or [], None, path, progress)
    return path


def _missing(study):
    missing = []
    if not study.hasStageValue("results"):
        missing.append("Compute the results first")
    if not study.choice("outputFolder"):
        missing.append("Choose the folder for report and result files")
    return missing


def _inputs(study):
    return {"folder": study.choice("outputFolder"),
            "results": study.stageValueDigest("results"),
            "overrides": record.overrides(study), "export": study.choice("export"),
            "patient": study.choice("patient"), "administration": study.choice("administration"),
            "signOff": reportSignOff.statements(study),
            # left out while there are none, so that an earlier study stays up to date
            **({"statements": statements.statements(study)} if statements.stated(study) else {}),
            **_template(study), **({"reporting": reporting.statements(study)} if reporting.stated(study) else {})}


def _template(study):
    """Digest of the center's template, so that a report of another one is told to be out of date."""
    folder = study.choice(outputs.TEMPLATE_CHOICE)
    if not folder:
        return {}
    try:
        return {"template": templateFolder.load(folder).digest}
    except (InputError, PackageError):
        return {"template": "broken"}  # told when the report is written


def _compute(study, progress=noProgress):
    names = writeReport(study, study.choice("outputFolder"), None, progress)
    return {"folder": study.choice("outputFolder"), "files": names}, []


STAGE = Stage("report", "Report", _missing, _inputs, _compute, needs=("results",))
