"""A whole study without a window: from a study file to the folder of results."""

from ..progress import noProgress, subProgress
from ..report import templateFolder
from ..scene.headless import newScene
from ..scene.study import Study
from . import outputs, record, report, stages, studyFile

LAST_COMPUTED = "results"


def runStudyFile(path, folder, progress=noProgress, template=None):
    """Run a study file, or repeat a record, and write all result files.

    Parameters
    ----------
    path : str
        STUDY.json or record.json.
    folder : str
        Output folder; it stays as it was when anything fails.
    template : str, optional
        Folder of the center's template of the report.

    Returns
    -------
    Study
        In its scene, computed.

    Raises
    ------
    DosimetryError
    """
    requireTemplate(template)
    description, recorded = studyFile.readStudyFile(path)
    with outputs.stagedFolder(folder) as staging:
        record.requireSameInputs(recorded)
        study, inputs = computeStudy(description, subProgress(progress, 0.0, 0.7))
        report.setTemplate(study, template)
        outputs.writeOutputs(study, staging, description, inputs, progress=subProgress(progress, 0.7, 1.0))
    return study


def requireTemplate(template):
    """Refuse a folder that is no template of the report before anything is computed."""
    if template:
        templateFolder.load(template)


def computeStudy(description, progress=noProgress, scene=None):
    """A new scene with the study, all stages computed.

    Parameters
    ----------
    description : dict
    progress : callable
    scene : vtkMRMLScene, optional
        Gets the study in place of the new scene.

    Returns
    -------
    (Study, list of dict)
        The study and its hashed input files.
    """
    study = Study.create(newScene() if scene is None else scene, description.get("name") or "Study")
    studyFile.applyStudy(study, description, subProgress(progress, 0.0, 0.3))
    progress(0.3, "Hashing the input files")
    inputs = record.hashInputs(record.inputFiles(description))
    stages.runStale(study, subProgress(progress, 0.35, 1.0), upTo=LAST_COMPUTED)
    return study, inputs
