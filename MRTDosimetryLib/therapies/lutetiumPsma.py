"""177Lu-PSMA-617 for prostate cancer: several SPECT/CT time points, a single one, or planar series and one.

Strategies are derived from the EANM enabling guide (Gear et al., Eur J Nucl Med Mol Imaging 2023;50:1861-1868).
Effective half-lives of a population come with the program (``data/populationHalfLives.json``); those of marrow and
tumors scatter too much for a single time point.
"""

from .lutetium import lutetiumStrategies
from .registry import Therapy, registerTherapy

THERAPY = Therapy(
    id="lutetiumPsma",
    title="177Lu-PSMA-617, prostate cancer",
    radionuclides=("Lu-177",),
    strategies=lutetiumStrategies(),
    tissuesWanted=("kidney", "salivaryGland", "lacrimalGland", "marrow", "liver", "spleen", "tumor"),
    usesPopulationHalfLives=True,
)

registerTherapy(THERAPY)
