"""177Lu-DOTATATE for neuroendocrine tumors: several SPECT/CT time points, or a single one.

Strategies are derived from the EANM enabling guide (Gear et al., Eur J Nucl Med Mol Imaging 2023;50:1861-1868).
No population half-lives are shipped: a single time point takes the patient's own, or one the user cites.
"""

from .registry import Strategy, Therapy, registerTherapy

THERAPY = Therapy(
    id="lutetiumDotatate",
    title="177Lu-DOTATATE, neuroendocrine tumors",
    radionuclides=("Lu-177",),
    strategies=(
        Strategy("multiTimePoint", "Several SPECT/CT time points", minimumTimePoints=2, defaultModel="auto"),
        Strategy("singleTimePoint", "A single SPECT/CT time point", minimumTimePoints=1,
                 defaultModel="singleTimePoint"),
    ),
    tissuesWanted=("kidney", "marrow", "liver", "spleen", "tumor"),
)

registerTherapy(THERAPY)
