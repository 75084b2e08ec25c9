"""Commissioning of the whole job: the digital patient from DICOM files to absorbed doses, against its truth."""

import math
import os

import numpy as np

from ..dicom.readers import readCTSeries
from ..imaging.registration import register
from ..imaging.resampling import resample
from ..progress import subProgress
from ..scene.headless import separateScene
from . import calibration, demo, job, kineticsOptions, partialVolume, stages, studyFile
from .commissioningCase import Case, Check, worst
from .commissioningCasesCalibration import cameraRecord, sizeOf

_SUBJECT = "Digital patient, whole job"
_ORGANS = ("liver", "spleen", "kidney left", "kidney right")
_LESIONS = ("lesion 1", "lesion 2", "lesion 3")
_SMALL = ("red marrow", *_LESIONS)
_SOURCE = "Truth of the digital patient, times what a noise-free image of its resolution shows inside the true outlines"
_TRUTH = "Truth of the digital patient"
_REASON = "noise, outlines, four points"
# Random uncertainty of one activity.
_POINTS_RELATIVE = 0.03
_VOXEL = "a quarter of a SPECT voxel"


def digitalPatient(job_, progress):
    """DICOM in, absorbed doses out."""
    size = sizeOf(job_)
    studyPath, truth = demo.writePatient(os.path.join(job_.folder, "patient"), size, subProgress(progress, 0.0, 0.4))
    description, _recorded = studyFile.readStudyFile(studyPath)
    scene = separateScene()
    study, _inputs = job.computeStudy(description, subProgress(progress, 0.4, 0.75), scene)
    table = _compared(study, truth)
    expected = {}
    for name in (*_ORGANS, *_SMALL):
        recovery = truth["regions"][name]["recovery"]
        expected[name] = table[name, "absorbed dose"]["true"] * sum(recovery) / len(recovery)
    for name in _ORGANS:
        row = table[name, "absorbed dose"]
        yield Case(f"patient.{size}.{name}", _SUBJECT, f"{name.capitalize()} ({size})", "absorbed dose", "Gy",
                   expected[name], row["computed"], _SOURCE, 0.03, True, _REASON,
                   note=f"truth without the loss to resolution: {row['true']:.4g} Gy")
    yield worst(Case(f"patient.{size}.small", _SUBJECT, f"Lesions and marrow ({size})", "absorbed dose", "Gy",
                     source=_SOURCE, tolerance=0.04 if size == "full" else 0.06, isRelative=True, reason=_REASON),
                [(name, expected[name], table[name, "absorbed dose"]["computed"]) for name in _SMALL])
    yield worst(Case(f"patient.{size}.volumes", _SUBJECT, f"Organs ({size})", "volume", "mL", source=_TRUTH,
                     tolerance=0.01 if size == "full" else 0.03, isRelative=True, reason="voxels of the outlines"),
                [(name, table[name, "volume"]["true"], table[name, "volume"]["computed"]) for name in _ORGANS])
    rows = demo.compareRegistration(study, truth)
    yield worst(Case(f"patient.{size}.registration", _SUBJECT, f"Registration of scans ({size})", "largest error",
                     "mm", source=_TRUTH, tolerance=1.0, reason=_VOXEL),
                [(row["label"], 0.0, row["errorMM"]) for row in rows])
    yield from _recovered(study, truth, size, cameraRecord(job_, subProgress(progress, 0.75, 0.8)),
                          subProgress(progress, 0.8, 0.9))
    ct = readCTSeries(description["timePoints"][0]["ct"]).volume
    yield _knownMovement(ct, truth, size, subProgress(progress, 0.9, 1.0))


def _compared(study, truth):
    """Computed against true values, by region and quantity."""
    return {(row["region"], row["quantity"]): row for row in demo.compare(study.stageRecord("results")["value"], truth)}


def _recovered(study, truth, size, record, progress):
    """Absorbed doses recovered by what phantoms of the same camera showed.

    Of the full patient by the regions' own shapes; the outlines of the small one, of voxels of 6 mm, have no shape to
    go by.
    """
    isFull = size == "full"
    # so that a curve which does not fit is seen: the fast phase of the marrow
    kineticsOptions.setRelativeActivityUncertainty(study, _POINTS_RELATIVE)
    calibration.recover(study, record, None if isFull else [*_ORGANS, *_LESIONS],
                        partialVolume.TRANSFER if isFull else partialVolume.SPHERES)
    stages.runStale(study, progress, job.LAST_COMPUTED)
    table = _compared(study, truth)
    organs = (*_ORGANS, "red marrow") if isFull else _ORGANS
    for key, title, names, tolerance in (("lesions", "Lesions", _LESIONS, 0.15), ("organs", "Organs", organs, 0.05)):
        yield worst(Case(f"patient.{size}.recovered.{key}", _SUBJECT, f"{title}, recovery applied ({size})",
                         "absorbed dose", "Gy", source=_TRUTH, tolerance=tolerance, isRelative=True,
                         reason="noise, outlines, four points"),
                    [(name, table[name, "absorbed dose"]["true"], table[name, "absorbed dose"]["computed"])
                     for name in names])


def _knownMovement(ct, truth, size, progress):
    """A CT moved by a known transform and given new noise is found again."""
    movement = _movement()
    moved = resample(ct, ct, np.linalg.inv(movement), outside=-1000.0)
    noise = np.random.default_rng(demo.SEED).normal(0.0, 15.0, moved.array.shape)
    moved = moved.withArray(np.rint(moved.array + noise).astype(np.int16), name="moved CT")
    found = register(ct, moved, "rigid", progress).referenceFromTimePoint
    values = []
    for name, region in truth["regions"].items():
        center = np.append(region["centerRASMM"], 1.0)
        values.append((name, 0.0, np.linalg.norm((found @ movement @ center - center)[:3])))
    return worst(Case(f"patient.{size}.movement", _SUBJECT, f"CT moved by 9.7 mm and 3.7° ({size})", "largest error",
                      "mm", source="The movement itself, at the centers of the regions", tolerance=1.0,
                      reason=_VOXEL), values)


def _movement():
    """4 x 4 in RAS mm."""
    matrix = np.eye(4)
    for axis, degrees in enumerate((1.5, -1.0, 3.2)):
        first, second = [(1, 2), (2, 0), (0, 1)][axis]
        turn, angle = np.eye(4), math.radians(degrees)
        turn[first, first] = turn[second, second] = math.cos(angle)
        turn[first, second], turn[second, first] = -math.sin(angle), math.sin(angle)
        matrix = matrix @ turn
    matrix[:3, 3] = 6.0, -4.0, 6.5
    return matrix


CHECKS = (
    Check("patient", _SUBJECT, "Digital patient", digitalPatient, 12.0),
)
