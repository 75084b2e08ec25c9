"""What the therapies with 177Lu have in common: three strategies, their statements, and the three levels."""

from . import (  # noqa: F401 - some register kinds of statements
    bloodAndMarrow,
    bodyActivity,
    cycles,
    levels,
    planar,
    prediction,
    prescription,
)
from .levels import STATEMENTS
from .registry import Strategy

PLANAR = "measurements.planar"
# Blood is asked for beside the images: red marrow from blood is another quantity than that from images.
_ASKED = ("patient", *STATEMENTS, *bloodAndMarrow.STATEMENTS, prediction.KEY)
# What a cycle without images is calculated from.
_STAND_INS = ("earlierCycles", *bloodAndMarrow.STATEMENTS)


def evaluate(case):
    """The three levels, with whole body, blood and red marrow from blood where they were measured, and what images of
    another radionuclide predict or predicted.

    Parameters
    ----------
    case : TherapyCase

    Returns
    -------
    TherapyResult
    """
    found, beside = bloodAndMarrow.evaluate(case), prediction.evaluate(case)
    if found is None:
        result = levels.evaluate(case)
        return result if beside is None else result.joinedWith(beside)
    measured = bloodAndMarrow.cohortValues(found.values, (bloodAndMarrow.MARROW_COEFFICIENT,))
    result = levels.evaluate(case, measured).joinedWith(found)
    return result if beside is None else result.joinedWith(beside)


def lutetiumStrategies():
    """The strategies, several time points first."""
    return (
        Strategy("multiTimePoint", "Several SPECT/CT time points", minimumTimePoints=2, defaultModel="auto",
                 statements=_ASKED, evaluate=evaluate, standIns=_STAND_INS),
        Strategy("singleTimePoint", "A single SPECT/CT time point", minimumTimePoints=1,
                 defaultModel="singleTimePoint", statements=_ASKED, evaluate=evaluate, standIns=_STAND_INS),
        Strategy("hybrid", "A planar series scaled by one SPECT/CT", minimumTimePoints=1, defaultModel="auto",
                 statements=(PLANAR, *_ASKED), evaluate=evaluate, standIns=_STAND_INS),
    )
