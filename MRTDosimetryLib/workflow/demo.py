"""The demo: the built-in digital patient through the whole job, held against its truth."""

import csv
import json
import os

import numpy as np

from ..dicom.writeStudy import writeDigitalPatient
from ..imaging import files
from ..imaging.digitalPatient import patient as digitalPatient
from ..imaging.digitalPatient.truth import RADIONUCLIDE
from ..progress import noProgress, subProgress
from . import job, outputs, report, studyFile

PATIENT_FOLDER = "patient"
SEED = 20260504


def writePatient(folder, size="full", progress=noProgress, seed=SEED, radionuclide=RADIONUCLIDE):
    """Make the digital patient and write it as DICOM with its study file and truth.

    Parameters
    ----------
    radionuclide : str
        Another than 177Lu has no protocol: the study file is one of images alone.

    Returns
    -------
    (str, dict)
        Path of the study file, and the truth as JSON values.
    """
    made = digitalPatient.makeDigitalPatient(seed, subProgress(progress, 0.0, 0.6), size, radionuclide)
    os.makedirs(folder, exist_ok=True)
    scans = writeDigitalPatient(made, folder, subProgress(progress, 0.6, 1.0))
    files.writeImage(made.labels, os.path.join(folder, "regions.nrrd"))
    truth = _truth(made)
    description = {
        "schemaVersion": 1, "name": "Digital patient",
        "protocol": "lutetiumDotatate.multiTimePoint" if truth["radionuclide"] == RADIONUCLIDE else None,
        "radionuclide": truth["radionuclide"], "patient": {"name": "Digital patient", "id": "DIGITAL-PATIENT"},
        "resolutionFWHMMM": truth["resolutionFWHMMM"],
        "administration": {"activityMBq": truth["administeredActivityMBq"],
                           "dateTime": truth["administrationDateTime"]},
        "timePoints": [{"spect": os.path.relpath(scan["spect"], folder).replace(os.sep, "/"),
                        "ct": os.path.relpath(scan["ct"], folder).replace(os.sep, "/")} for scan in scans],
        "regions": {"labelmap": "regions.nrrd", "timePoint": 0,
                    "names": {str(value): name for value, name in made.labelNames.items()}},
        "registration": "rigid", "kinetics": {"model": "auto", "perVoxel": False},
        "dose": {"engine": "localDeposition", "density": "ct"},
    }
    for name, content in (("study.json", description), ("truth.json", truth)):
        with open(os.path.join(folder, name), "w", encoding="utf-8", newline="\n") as file:
            json.dump(content, file, indent=1, allow_nan=False)
            file.write("\n")
    return os.path.join(folder, "study.json"), truth


def runDemo(folder, size="full", progress=noProgress, radionuclide=RADIONUCLIDE, template=None):
    """Make the digital patient, run it, write everything into ``folder``.

    Parameters and errors as of :func:`.digitalPatient.patient.makeDigitalPatient`, and of :func:`.job.runStudyFile` for
    the template.

    Returns
    -------
    (list of dict, list of dict)
        Region comparison (``region``, ``quantity``, ``unit``, ``computed``, ``true``, ``deviationPercent``) and
        registration comparison (``label``, ``errorMM``: largest distance over the regions' centers).
    """
    job.requireTemplate(template)
    with outputs.stagedFolder(folder) as staging:
        studyPath, truth = writePatient(os.path.join(staging, PATIENT_FOLDER), size, subProgress(progress, 0.0, 0.3),
                                        radionuclide=radionuclide)
        description, _inputs = studyFile.readStudyFile(studyPath)
        study, inputs = job.computeStudy(description, subProgress(progress, 0.3, 0.8))
        report.setTemplate(study, template)
        comparison = compare(study.stageRecord("results")["value"], truth)
        registration = compareRegistration(study, truth)
        outputs.writeOutputs(study, staging, description, inputs, comparison, subProgress(progress, 0.8, 1.0))
        with open(os.path.join(staging, "comparison.csv"), "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["region", "quantity", "unit", "computed", "true", "deviation (%)"])
            writer.writerows([row[key] for key in ("region", "quantity", "unit", "computed", "true",
                                                   "deviationPercent")] for row in comparison)
    return comparison, registration


def compare(results, truth):
    """Computed against true volume, time-integrated activity and absorbed dose of each region."""
    table = []
    for region in results["regions"]:
        true = truth["regions"][region["name"]]
        for quantity, unit, key in (("volume", "mL", "volumeML"),
                                    ("time-integrated activity", "MBq h", "timeIntegratedActivityMBqH"),
                                    ("absorbed dose", "Gy", "absorbedDoseGy")):
            table.append({"region": region["name"], "quantity": quantity, "unit": unit, "computed": region[key],
                          "true": true[key], "deviationPercent": 100.0 * (region[key] / true[key] - 1.0)})
    return table


def compareRegistration(study, truth):
    """Distance between computed and true place of the regions' centers, the largest for each time point in mm."""
    table, points = [], study.timePoints
    toScanner = [np.asarray(matrix) for matrix in truth["scannerFromPatient"]]
    for index, timePoint in enumerate(points):
        if timePoint == study.referenceTimePoint:
            continue
        scanFromReference = toScanner[index] @ np.linalg.inv(toScanner[0])
        errors = []
        for region in truth["regions"].values():
            center = np.append(region["centerRASMM"], 1.0)
            found = timePoint.referenceFromTimePoint @ scanFromReference @ center
            errors.append(float(np.linalg.norm((found - center)[:3])))
        table.append({"label": timePoint.label, "errorMM": max(errors)})
    return table


def _truth(made):
    """The truth as JSON values, with the regions' centers in the coordinates of the first scan."""
    truth = made.truth
    regions = {}
    for value, name in made.labelNames.items():
        k, j, i = (axis.mean() for axis in np.nonzero(made.labels.array == value))
        item = truth.regions[name]
        regions[name] = {
            "volumeML": item.volumeML, "massG": item.massG, "absorbedDoseGy": item.absorbedDoseGy,
            "timeIntegratedActivityMBqH": item.timeIntegratedActivityMBqH,
            "effectiveHalfLifeHours": item.effectiveHalfLifeHours, "recovery": list(item.recovery),
            "centerRASMM": (made.labels.ijkToRAS @ [i, j, k, 1.0])[:3].tolist()}
    return {"radionuclide": truth.radionuclide, "administeredActivityMBq": made.administeredActivityMBq,
            "administrationDateTime": made.administrationDateTime, "scanTimesHours": list(truth.scanTimesHours),
            "spatialResolutionFWHMMM": truth.spatialResolutionMM,
            # what a user would take from the recovery of spheres, and what formulas for a Gaussian blur want
            "resolutionFWHMMM": truth.equivalentGaussianFWHMMM, "regions": regions,
            "scannerFromPatient": [matrix.tolist() for matrix in truth.scannerFromPatient]}
