"""Stage 8: the result files in a folder of the user's choice."""

from ..errors import InputError
from ..progress import noProgress, subProgress
from . import outputs, record
from .stage import Stage, digestOf


def setFolder(study, folder):
    """Choose where the result files go."""
    if not str(folder).strip():
        raise InputError("No folder is given", "Report", "Choose a folder")
    study.setChoice("outputFolder", str(folder))


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
    source = study.stageRecord("source") or {}
    with outputs.stagedFolder(folder) as staging:
        paths = outputs.writeOutputs(study, staging, source.get("description"), source.get("inputs") or [],
                                     comparison, subProgress(progress, 0.0, 0.98))
    return sorted(paths)


def _missing(study):
    missing = []
    results = study.stageRecord("results")
    if results is None or results["value"] is None:
        missing.append("Compute the results first")
    if not study.choice("outputFolder"):
        missing.append("Choose the folder for report and result files")
    return missing


def _inputs(study):
    return {"folder": study.choice("outputFolder"),
            "results": digestOf((study.stageRecord("results") or {}).get("value")),
            "overrides": record.overrides(study)}


def _compute(study, progress=noProgress):
    names = writeReport(study, study.choice("outputFolder"), None, progress)
    return {"folder": study.choice("outputFolder"), "files": names}, []


STAGE = Stage("report", "Report", _missing, _inputs, _compute, needs=("results",))
