"""Color maps: perceptually uniform ones for absorbed dose and SPECT, as color nodes that are saved with the scene."""

import numpy as np

_ROLE = "MRTDosimetry.colorMap"
_COUNT = 256

# "inferno" by N. J. Smith and S. van der Walt (2015), released as CC0: every eighth color, red green blue 0..255.
# Linear interpolation between them deviates by less than 5 of 255 from the 256 colors.
_INFERNO = (
    (0, 0, 4), (4, 3, 18), (11, 7, 36), (21, 11, 55), (33, 12, 74), (47, 10, 91), (61, 9, 101), (74, 12, 107),
    (87, 16, 110), (100, 21, 110), (113, 25, 110), (125, 30, 109), (138, 34, 106), (151, 39, 102), (163, 44, 97),
    (176, 49, 91), (188, 55, 84), (199, 62, 76), (210, 70, 68), (219, 80, 59), (228, 90, 49), (235, 102, 40),
    (241, 115, 29), (246, 128, 19), (249, 142, 9), (251, 157, 7), (252, 172, 17), (251, 188, 33), (249, 203, 53),
    (245, 219, 76), (242, 234, 105), (243, 246, 138), (252, 255, 164),
)  # fmt: skip

# For SPECT over gray CT: black through red and orange to white, rising steadily in lightness.
_WARM = ((0, 0, 0), (90, 10, 0), (180, 50, 0), (235, 120, 10), (255, 195, 80), (255, 255, 240))

# "viridis" by the same authors, CC0: every 17th color.
_VIRIDIS = (
    (68, 1, 84), (72, 26, 108), (71, 47, 125), (65, 68, 135), (57, 86, 140), (49, 104, 142), (42, 120, 142),
    (35, 136, 142), (31, 152, 139), (34, 168, 132), (53, 183, 121), (84, 197, 104), (122, 209, 81), (165, 219, 54),
    (210, 226, 27), (253, 231, 37),
)  # fmt: skip

# For residuals: pale where there is little to see, falling steadily in lightness.
_RESIDUAL = ((245, 243, 236), (250, 214, 140), (240, 150, 62), (203, 74, 44), (104, 18, 40))

# For differences: blue over white to red, equally dark on both sides.
_DIFFERENCE = ((12, 44, 110), (92, 142, 208), (246, 246, 246), (216, 112, 84), (118, 14, 28))

_MAPS = {
    # Without the almost black start: black over CT looks like air.
    "absorbedDose": ("Absorbed dose (Inferno)", _INFERNO[5:]),
    "absorbedDoseDifference": ("Difference of absorbed dose (blue, white, red)", _DIFFERENCE),
    "activity": ("Activity (warm)", _WARM),
    "effectiveHalfLife": ("Effective half-life (Viridis)", _VIRIDIS),
    "fitQuality": ("Fit quality (pale is close)", _RESIDUAL),
    "invertedGray": ("Activity (inverted gray)", ((255, 255, 255), (0, 0, 0))),
}


def colors(key):
    """256 colors, shape (256, 3), values 0..1, of the map ``key`` of ``_MAPS``, such as "absorbedDose"."""
    points = np.asarray(_MAPS[key][1], dtype=float) / 255.0
    positions = np.linspace(0.0, 1.0, len(points))
    return np.stack([np.interp(np.linspace(0.0, 1.0, _COUNT), positions, part) for part in points.T], axis=1)


def colorNode(scene, key):
    """The color node of a map in a scene, added at the first call."""
    count = scene.GetNumberOfNodesByClass("vtkMRMLColorTableNode")
    for index in range(count):
        node = scene.GetNthNodeByClass(index, "vtkMRMLColorTableNode")
        if node.GetAttribute(_ROLE) == key:
            return node
    node = scene.AddNewNodeByClass("vtkMRMLColorTableNode", _MAPS[key][0])
    wasModifying = node.StartModify()
    node.SetTypeToUser()
    node.SetAttribute(_ROLE, key)
    node.SetAttribute("Category", "MRTDosimetry")
    node.SetHideFromEditors(False)  # a hidden color node is not saved with the scene
    node.SetNumberOfColors(_COUNT)
    for index, color in enumerate(colors(key)):
        node.SetColor(index, f"{index}", *color, 1.0)
    node.EndModify(wasModifying)
    return node
