"""What the therapies with 177Lu have in common: three strategies, their statements, and the three levels."""

from . import cycles, planar, prescription  # noqa: F401 - which register the kinds of their statements
from .levels import STATEMENTS, evaluate
from .registry import Strategy

PLANAR = "measurements.planar"
# Blood is asked for beside the images: red marrow from blood is another quantity than that from images.
_ASKED = ("patient", *STATEMENTS, "measurements.blood")


def lutetiumStrategies():
    """The strategies, several time points first."""
    return (
        Strategy("multiTimePoint", "Several SPECT/CT time points", minimumTimePoints=2, defaultModel="auto",
                 statements=_ASKED, evaluate=evaluate),
        Strategy("singleTimePoint", "A single SPECT/CT time point", minimumTimePoints=1,
                 defaultModel="singleTimePoint", statements=_ASKED, evaluate=evaluate),
        Strategy("hybrid", "A planar series scaled by one SPECT/CT", minimumTimePoints=1, defaultModel="auto",
                 statements=(PLANAR, *_ASKED), evaluate=evaluate),
    )
