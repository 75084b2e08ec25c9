"""What the therapies with 177Lu have in common: three strategies, their statements, and the three levels."""

from . import bloodAndMarrow, cycles, levels, planar, prescription  # noqa: F401 - some register kinds of statements
from .levels import STATEMENTS
from .registry import Strategy

PLANAR = "measurements.planar"
# Blood is asked for beside the images: red marrow from blood is another quantity than that from images.
_ASKED = ("patient", *STATEMENTS, *bloodAndMarrow.STATEMENTS)
# What a cycle without images is calculated from.
_STAND_INS = ("earlierCycles", *bloodAndMarrow.STATEMENTS)


def evaluate(case):
    """The three levels, with whole body, blood and red marrow from blood where they were measured.

    Parameters
    ----------
    case : TherapyCase

    Returns
    -------
    TherapyResult
    """
    found = bloodAndMarrow.evaluate(case)
    if found is None:
        return levels.evaluate(case)
    measured = bloodAndMarrow.cohortValues(found.values, (bloodAndMarrow.MARROW_COEFFICIENT,))
    return levels.evaluate(case, measured).joinedWith(found)


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
