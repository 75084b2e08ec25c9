"""Organs of chest and abdomen, vessels and lesions.

The sizes of liver, spleen and kidneys carry one factor each (``_LIVER_EDGE_MM``, ``_SPLEEN_SCALE``, ``_KIDNEYS``) that
was adjusted so that their masses are those of the table in ``data/digitalPatient.json``; a test checks them.
"""

import numpy as np

from .shapes import ellipsoid, rotationAbout, smoothMax, tube, tubeBox
from .torso import spineY

_LIVER_EDGE_MM = -35.87
_SPLEEN_SCALE = 1.2515
# center in mm, scale, tilt of the axis in degrees (upper poles toward the spine and back)
_KIDNEYS = {"kidney right": ((66, -22, -40), 0.9790, 12), "kidney left": ((-65, -20, -24), 1.0002, -12)}
_KIDNEY_AXES_MM = (29.0, 26.0, 49.0)

# Ellipsoids of 2.5, 8 and 18 mL: center and semi-axes in mm, and whether the lesion lies in the liver.
LESIONS = {
    "lesion 1": ((-26.0, 24.0, -72.0), (9.0, 8.2, 8.0868), False),
    "lesion 2": ((22.0, 44.0, 52.0), (13.2, 12.0, 12.0573), True),
    "lesion 3": ((84.0, 4.0, 30.0), (17.5, 16.0, 15.3472), True),
}
_AORTA = (
    ((-6, 34, 150), (-4, 36, 185), (-8, 16, 212), (-22, -12, 205), (-25, -22, 170), (-23, -14, 110), (-14, 2, 60),
     (-8, 12, 10), (-6, 20, -60), (-6, 22, -118)),
    (15, 15, 13.5, 13, 12.5, 12, 11.5, 10.5, 9.5, 9),
)  # fmt: skip
_CAVA = (
    ((24, 14, 104), (26, 8, 70), (24, 4, 30), (19, 10, -30), (17, 16, -118)),
    (13, 12.5, 12, 11.5, 11),
)
_MORE_VESSELS = (
    (((22, 18, 125), (24, 16, 180), (22, 12, 240)), (12, 9.5, 8)),  # superior vena cava
    (((-6, 22, -116), (-32, 2, -176), (-52, 12, -250)), (7.5, 6.5, 5.5)),
    (((-6, 22, -116), (24, 2, -176), (46, 12, -250)), (7.5, 6.5, 5.5)),
    (((17, 16, -116), (32, -4, -178), (52, 4, -250)), (8, 7, 6)),
    (((17, 16, -116), (-22, -6, -178), (-46, 4, -250)), (8, 7, 6)),
    (((2, 30, -60), (4, 32, -20), (8, 26, 6), (30, 18, 28)), (5, 5.5, 6.5, 6)),  # mesenteric and portal vein
    (((-10, 20, -25), (-38, -12, -24)), (4, 3.5)),  # renal veins
    (((20, 10, -36), (42, -14, -40)), (4, 3.5)),
)  # fmt: skip
_STOMACH = (
    ((-34, 18, 64), (-46, 32, 46), (-46, 46, 12), (-24, 54, -14), (6, 44, -10), (22, 34, -6)),
    (25, 26, 22, 20, 15, 10),
)
_COLON = (
    ((94, 12, -190), (100, 6, -150), (100, 4, -104), (84, 36, -92), (46, 54, -106), (0, 58, -112), (-46, 54, -84),
     (-84, 34, -44), (-104, 4, -26), (-106, -8, -70), (-104, -6, -130), (-98, 2, -200)),
    (24, 23, 21, 19, 18, 17, 17, 17, 16, 15, 14, 15),
)  # fmt: skip
_PANCREAS = (
    ((28, 22, -34), (27, 24, -14), (6, 30, -4), (-24, 22, 6), (-52, 2, 14), (-72, -12, 22)),
    (11, 13, 8.5, 9, 9, 8),
)


def paintChest(slab):
    """Heart, great vessels, trachea and bronchi, esophagus."""
    hu = slab.tissues
    axes = np.array([[-0.72, 0.52, -0.46], [0.56, 0.83, 0.06], [0.41, -0.21, -0.89]])
    center = (-24, 26, 110)
    window = slab.window((-100, -40, 48), (60, 90, 175))
    if window is not None:
        sac = ellipsoid(window, center, (70, 52, 54), axes)
        slab.paint(window, slab.coverage(sac), hu["fat"] + 12)
        wall = ellipsoid(window, center, (64, 46, 48), axes)
        slab.paint(window, slab.coverage(wall), hu["myocardium"])
        chambers = np.minimum(
            ellipsoid(window, (-40, 26, 96), (35, 22, 24), axes),
            np.minimum(
                ellipsoid(window, (2, 34, 112), (24, 27, 34)),
                ellipsoid(window, (-20, 2, 138), (33, 17, 17)),
            ),
        )
        chambers = np.maximum(chambers, wall + 3)
        slab.paint(window, slab.coverage(chambers), hu["blood"])
        slab.fill(window, slab.coverage(chambers))
    for points, radii in (_AORTA, _CAVA, *_MORE_VESSELS):
        _paintVessel(slab, points, radii)
    air = (((0, -8, 290), (0, -10, 178), (34, -14, 142)), (9, 8.5, 5.5)), (((0, -10, 178), (-40, -16, 146)), (8, 5))
    for points, radii in air:
        window = slab.window(*tubeBox(points, radii))
        if window is not None:
            distance, _ = tube(window, points, radii)
            slab.paint(window, slab.coverage(distance - 1.6), hu["cartilage"] - 40)
            slab.paint(window, slab.coverage(distance), hu["air"] + 20)
    gullet = (((0, -18, 290), (-4, -16, 190), (-10, 0, 110), (-24, 4, 78)), (7, 7, 8, 9))
    window = slab.window(*tubeBox(*gullet))
    if window is not None:
        distance, _ = tube(window, *gullet)
        slab.paint(window, slab.coverage(distance), hu["bowel"])


def _paintVessel(slab, points, radii):
    window = slab.window(*tubeBox(points, radii))
    if window is None:
        return
    distance, _ = tube(window, points, radii)
    cover = slab.coverage(distance)
    slab.paint(window, cover, slab.tissues["blood"])
    slab.fill(window, cover)
    wall = np.clip(1 - np.abs(distance + 0.6) / 1.2, 0, 1)
    slab.paint(window, wall * 0.5, slab.tissues["muscle"] + 8)


def paintAbdomen(slab, textures):
    """Psoas, stomach, colon, pancreas, adrenals and gallbladder."""
    hu = slab.tissues
    _paintPsoas(slab)
    window = slab.window(*tubeBox(*_PANCREAS, marginMM=8))
    if window is not None:
        distance, _ = tube(window, *_PANCREAS)
        lobes = textures["lobules"].sample(window)
        slab.paint(window, slab.coverage(distance + 1.6 * lobes), hu["pancreas"] - 6 * np.abs(lobes))
    for side in (-1, 1):
        limbs = (((side * 36, -14, 22), (side * 46, -22, 14), (side * 50, -34, 4)), (2.6, 3.2, 2.4))
        window = slab.window(*tubeBox(*limbs))
        if window is not None:
            slab.paint(window, slab.coverage(tube(window, *limbs)[0]), hu["pancreas"] - 8)
    window = slab.window(*tubeBox(*_STOMACH))
    if window is not None:
        distance, _ = tube(window, *_STOMACH)
        folds = textures["lobules"].sample(window)
        slab.paint(window, slab.coverage(distance), hu["bowel"] + 8)
        lumen = slab.coverage(distance + 4.5 + 1.2 * folds)
        content = np.where(window.y > 42, np.float32(-940), hu["stomach"] + 10 * folds).astype(np.float32)
        slab.paint(window, lumen, content)
    window = slab.window(*tubeBox(*_COLON, marginMM=6))
    if window is not None:
        distance, height = tube(window, *_COLON)
        texture = textures["loops"].sample(window)
        haustra = distance + 2.2 * texture
        slab.paint(window, slab.coverage(haustra), hu["bowel"] + 4)
        crumbs = textures["lobules"].sample(window)
        stool = hu["bowel"] - 15 + 30 * crumbs - 420 * np.clip(crumbs - 1.2, 0, 1)
        content = np.where(height + 3 * texture > 5, np.float32(-930), stool).astype(np.float32)
        slab.paint(window, slab.coverage(haustra + 2.6), content)


def _paintPsoas(slab):
    hu = slab.tissues
    window = slab.window((-80, -70, -1e4), (80, 30, 6))
    if window is None:
        return
    z = window.z
    spine = spineY(z.ravel()).reshape(-1, 1, 1)
    size = 7 + 17 * np.clip(-z / 150, 0, 1)
    psoas = np.sqrt(((np.abs(window.x) - 24 - 0.75 * size) / size) ** 2 + ((window.y - spine + 2) / (1.15 * size)) ** 2)
    psoas = np.maximum((psoas - 1) * size, z - 2)
    slab.paint(window, slab.coverage(psoas - 1.2), hu["fat"])
    slab.paint(window, slab.coverage(psoas), hu["muscle"] + 2)
    back = np.sqrt(((np.abs(window.x) - 58) / 24) ** 2 + ((window.y - spine + 34) / 9) ** 2)
    slab.paint(window, slab.coverage((back - 1) * 10) * (z < -15), hu["muscle"])


def kidneyDistance(window, name):
    """Signed distance of a kidney (bean with its sinus open toward the aorta), and of the sinus."""
    center, scale, tilt = _KIDNEYS[name]
    rotation = rotationAbout(1, -tilt) @ rotationAbout(0, -9)
    x, y, z = (axis - np.float32(c) for axis, c in zip((window.x, window.y, window.z), center, strict=True))
    medial = -np.sign(center[0])
    # the hilum looks forward as much as inward
    turned = rotationAbout(2, 28 * np.sign(center[0]))
    matrix = (turned @ rotation.T).astype(np.float32)
    u = medial * (matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2] * z)
    v = matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2] * z
    w = matrix[2, 0] * x + matrix[2, 1] * y + matrix[2, 2] * z
    a, b, c = (np.float32(axis * scale) for axis in _KIDNEY_AXES_MM)
    bent = u + 5 - np.float32(0.0042) * w * w
    radius = np.sqrt((bent / a) ** 2 + (v / b) ** 2 + (w / c) ** 2)
    gradient = np.sqrt((bent / a**2) ** 2 + (v / b**2) ** 2 + (w / c**2) ** 2)
    outline = radius * (radius - 1) / np.maximum(gradient, np.float32(1e-3))
    sinus = np.sqrt(((u - 21 * scale) / 12) ** 2 + (v / 6) ** 2 + (w / 12) ** 2)
    sinus = (sinus - 1) * 8
    return smoothMax(outline, -sinus, 3), sinus


def paintKidneys(slab, textures):
    hu = slab.tissues
    for name, (center, _, _) in _KIDNEYS.items():
        window = slab.window(np.asarray(center) - (60, 50, 75), np.asarray(center) + (60, 50, 75))
        if window is None:
            continue
        distance, sinus = kidneyDistance(window, name)
        cover = slab.coverage(distance)
        slab.paint(window, slab.coverage(distance - 5), hu["visceralFat"])
        texture = textures["parenchyma"].sample(window)
        slab.paint(window, cover, hu["kidney"] + 2.5 * texture)
        pelvis = slab.coverage(sinus + 5.5)
        slab.paint(window, pelvis * (1 - cover), hu["gallbladder"])
        slab.claim(window, cover, name)


def liverDistance(window, frame):
    """Signed distance of the liver: under the right dome of the diaphragm, above a slanting lower surface."""
    x, y, z = window.x, window.y, window.z
    lower = _LIVER_EDGE_MM - 0.56 * x + 0.35 * np.clip(-8 - y, 0, 60) + 8 * np.exp(-(((x - 30) / 22) ** 2))
    below = (lower - z) * np.float32(0.85)
    left = (-12 - 0.55 * (y - 10) - x) * np.float32(0.87)  # the left lobe lies in front
    left = np.minimum(left, ellipsoid(window, (0, 46, 58), (76, 27, 40)))
    liver = smoothMax(smoothMax(frame.cavity + 5, frame.aboveDiaphragm + 3.6, 8), below, 9)
    liver = smoothMax(liver, left, 10)
    spine = spineY(z.ravel()).reshape(-1, 1, 1)
    column = 33 - np.sqrt(x * x + (y - spine) ** 2)
    liver = smoothMax(liver, column, 6)
    kidney, _ = kidneyDistance(window, "kidney right")
    return smoothMax(liver, 5 - kidney, 4)


def paintLiverAndSpleen(slab, window, frame, textures):
    """Liver with hypodense vessels, gallbladder, spleen and lesions, with their shares of every voxel."""
    hu = slab.tissues
    part = slab.window((-90, -90, -110), (140, 100, 125))
    if part is not None:
        surface = 0.8 * textures["loops"].sample(part)
        distance = liverDistance(part, _cropped(frame, part, window)) + surface
        cover = slab.coverage(distance)
        texture = textures["parenchyma"].sample(part)
        slab.paint(part, cover, hu["liver"] + 2.5 * texture)
        net = np.sqrt(textures["vesselsA"].sample(part) ** 2 + textures["vesselsB"].sample(part) ** 2)
        deep = np.clip((-distance - 8) / 10, 0, 1)
        slab.paint(part, deep * np.clip(1.3 - net / 0.21, 0, 1), hu["blood"] - 4)
        gallbladder = ellipsoid(part, (48, 46, -24), (14, 15, 26), rotationAbout(0, 25))
        slab.claim(part, cover, "liver")
        slab.paint(part, slab.coverage(gallbladder - 1.5), hu["bowel"])
        slab.paint(part, slab.coverage(gallbladder), hu["gallbladder"])
        slab.claim(part, slab.coverage(gallbladder - 1.5))
    part = slab.window((-140, -90, -30), (-30, 40, 115))
    if part is not None:
        scale = np.float32(_SPLEEN_SCALE)
        spleen = ellipsoid(part, (-83, -32, 43), np.array((31, 35, 38)) * scale, rotationAbout(1, -10))
        local = _cropped(frame, part, window)
        spleen = smoothMax(smoothMax(spleen, local.cavity + 5, 5), local.aboveDiaphragm + 5, 5)
        stomach, _ = tube(part, *_STOMACH)
        spleen = smoothMax(spleen, 3 - stomach, 5)
        kidney, _ = kidneyDistance(part, "kidney left")
        spleen = smoothMax(spleen, 4 - kidney, 4) + 1.0 * textures["loops"].sample(part)
        texture = textures["parenchyma"].sample(part)
        slab.paint(part, slab.coverage(spleen), hu["spleen"] + 2.5 * texture)
        slab.claim(part, slab.coverage(spleen), "spleen")
    for name, (center, axes, isInLiver) in LESIONS.items():
        reach = np.full(3, max(axes) + 6)
        part = slab.window(np.asarray(center) - reach, np.asarray(center) + reach)
        if part is None:
            continue
        cover = slab.coverage(ellipsoid(part, center, axes))
        texture = textures["parenchyma"].sample(part)
        slab.paint(part, cover, hu["lesion"] - (4 if isInLiver else 0) + 3 * texture)
        slab.claim(part, cover, name)


def _cropped(frame, part, window):
    """The common fields inside a part of the window they were computed for."""
    return type(frame)(*(field[part.slices] for field in vars(frame).values()))
