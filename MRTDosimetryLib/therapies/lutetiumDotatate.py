"""177Lu-DOTATATE for neuroendocrine tumors: several SPECT/CT time points, a single one, or planar series and one.

Strategies are derived from the EANM enabling guide (Gear et al., Eur J Nucl Med Mol Imaging 2023;50:1861-1868).
No population half-lives are shipped: a single time point takes the patient's own, or one the user cites.
"""

from .lutetium import lutetiumStrategies
from .registry import Therapy, registerTherapy

THERAPY = Therapy(
    id="lutetiumDotatate",
    title="177Lu-DOTATATE, neuroendocrine tumors",
    radionuclides=("Lu-177",),
    strategies=lutetiumStrategies(),
    tissuesWanted=("kidney", "marrow", "liver", "spleen", "tumor"),
)

registerTherapy(THERAPY)
