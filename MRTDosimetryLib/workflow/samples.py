"""The sample patient for the guided module: the digital patient, loaded into the user's study."""

import os

from ..progress import noProgress, subProgress
from . import demo, record, report, studyFile


def loadDigitalPatient(study, folder, size="full", progress=noProgress):
    """Make the digital patient in ``folder`` and load it into ``study``, ready to compute.

    Parameters
    ----------
    folder : str
        Where its DICOM files go (a folder of its own).
    size : str
        ``"full"`` or ``"small"``.

    Returns
    -------
    dict
        The truth, for comparison.
    """
    studyPath, truth = demo.writePatient(os.path.join(folder, demo.PATIENT_FOLDER), size,
                                         subProgress(progress, 0.0, 0.6))
    description, _recorded = studyFile.readStudyFile(studyPath)
    studyFile.applyStudy(study, description, subProgress(progress, 0.6, 0.95))
    report.setSource(study, description, record.hashInputs(record.inputFiles(description)))
    progress(1.0, "")
    return truth
