"""Spine with marrow, ribs, sternum, shoulder blades and pelvis."""

import numpy as np

from .shapes import ellipsoid, rotationAbout, smoothMax
from .torso import spineY

# Lower and upper end of every vertebral body in mm, from the fifth lumbar vertebra upward; discs lie between.
_BODY_ENDS = (
    ("L5", -180, -153), ("L4", -143, -116), ("L3", -106, -79), ("L2", -69, -42), ("L1", -32, -5), ("T12", 3, 28),
    ("T11", 33, 56), ("T10", 61, 83), ("T9", 87, 109), ("T8", 113, 134), ("T7", 138, 158), ("T6", 162, 182),
    ("T5", 186, 205), ("T4", 209, 228), ("T3", 232, 250), ("T2", 254, 272), ("T1", 276, 293),
)  # fmt: skip
_MARROW_LEVELS = ("L5", "L4", "L3", "L2", "L1", "T12", "T11")
# Height at which each pair of ribs, from the twelfth to the first, leaves the spine, and how far round it goes
# (radians from the back).
_RIB_HEIGHTS = (24, 52, 79, 105, 130, 154, 178, 201, 224, 246, 268, 290)
_RIB_ENDS = (1.05, 1.6, 2.2, 2.3, 2.35, 2.45, 2.5, 2.5, 2.5, 2.5, 2.5, 2.5)
_CORTEX_MM = 1.5


def paintRibs(slab, window, frame):
    """Ribs as oblique bands in the wall of the chest, their cartilage, and the sternum."""
    hu = slab.tissues
    x, y, z = window.x, window.y, window.z
    angle = np.arctan2(np.abs(x), -(y - 4) * 1.25)  # 0 at the back, pi in front
    height = z + 84 * (1 - np.cos(angle)) / 2
    rank = np.interp(height, _RIB_HEIGHTS, np.arange(12)).astype(np.float32)
    nearest = np.rint(rank)
    levels, ends = np.asarray(_RIB_HEIGHTS, np.float32), np.asarray(_RIB_ENDS, np.float32)
    index = nearest.astype(np.int8)
    vertical = (height - levels[index]) * 0.86
    beyond = (angle - ends[index]) * 90
    radial = frame.cavity - 6.5
    band = np.sqrt((vertical / 6.6) ** 2 + (radial / 4.2) ** 2)
    band = (band - 1) * 4.6
    free = np.maximum(24 - np.abs(x), 0)  # the ribs' heads lie beside the vertebrae
    rib = np.maximum(np.maximum(band, beyond), free)
    slab.paint(window, slab.coverage(rib), hu["ribCortical"])
    slab.paint(window, slab.coverage(rib + _CORTEX_MM), hu["ribMarrow"])
    hasCartilage = (index >= 2) & (angle < 2.95)
    cartilage = np.maximum(np.maximum(band, -beyond), np.where(hasCartilage, -1.0, 9.0)).astype(np.float32)
    slab.paint(window, slab.coverage(cartilage), hu["cartilage"])
    width = 17 + 6 * np.clip((z - 200) / 30, 0, 1)
    plate = np.maximum(np.abs(x) - width, np.abs(frame.cavity - 6) - 5.5)
    sternum = np.maximum(plate, np.maximum(np.where(y > 20, -9.0, 9.0), 96 - z)).astype(np.float32)
    slab.paint(window, slab.coverage(sternum), hu["ribCortical"] - 140)
    slab.paint(window, slab.coverage(sternum + _CORTEX_MM), hu["ribMarrow"] - 60)


def paintShoulderAndPelvis(slab):
    """Shoulder blades, iliac wings and sacrum: thin curved plates and a wedge, with cortex and spongiosa."""
    hu = slab.tissues
    plates = []
    for side in (-1, 1):
        blade = rotationAbout(2, -side * 24) @ rotationAbout(1, side * 8)
        plates.append(((side * 102, -72, 205), (38, 4.2, 62), blade))
        spineOfBlade = rotationAbout(2, -side * 40)
        plates.append(((side * 118, -78, 236), (34, 5, 7), spineOfBlade))
        wing = rotationAbout(2, side * 52) @ rotationAbout(0, 10)
        plates.append(((side * 92, -14, -232), (56, 6.5, 74), wing))
    plates.append(((0, -34, -236), (48, 24, 52), rotationAbout(0, 22)))
    for center, axes, rotation in plates:
        reach = np.full(3, max(axes) + 4)
        window = slab.window(np.asarray(center) - reach, np.asarray(center) + reach)
        if window is None:
            continue
        distance = ellipsoid(window, center, axes, rotation.T)
        slab.paint(window, slab.coverage(distance), hu["cortical"])
        slab.paint(window, slab.coverage(distance + 1.7), hu["spongiosa"] + 30)


def paintSpine(slab, textures):
    """Vertebral bodies with cortex and marrow, discs, spinal canal, arches and processes."""
    hu = slab.tissues
    window = slab.window((-48, -105, -1e4), (48, 30, 1e4))
    x, y, z = window.x, window.y, window.z
    flatZ = z.ravel()
    lows = np.array([low for _, low, _ in _BODY_ENDS], np.float32)
    highs = np.array([high for _, _, high in _BODY_ENDS], np.float32)
    level = np.argmin(np.abs(flatZ[:, None] - (lows + highs) / 2), axis=1)
    center = ((lows + highs) / 2)[level].reshape(-1, 1, 1)
    half = ((highs - lows) / 2)[level].reshape(-1, 1, 1)
    growth = np.clip((120 - flatZ) / 300, -0.3, 1).reshape(-1, 1, 1)  # vertebrae become larger downward
    halfWidth, halfDepth = 17.5 + 7.0 * growth, 14.5 + 3.5 * growth
    spine = spineY(flatZ).reshape(-1, 1, 1)
    phase = (z - center) / half
    waist = 1 - 0.09 * np.clip(1 - phase**2, 0, 1)
    # kidney-shaped section: flattened toward the canal
    ring = np.sqrt((x / halfWidth) ** 2 + ((y - spine) / halfDepth) ** 2)
    flat = (spine - 0.86 * halfDepth) - y
    beside = smoothMax((ring / waist - 1) * halfDepth, flat, 3)
    vertical = np.abs(z - center) - half
    disc = np.maximum(smoothMax((ring - 1) * halfDepth, flat, 3), np.float32(-9.0))
    hasDisc = slab.coverage(np.where(flatZ < -191, 9.0, -9.0).astype(np.float32)).reshape(-1, 1, 1)
    slab.paint(window, slab.coverage(disc) * hasDisc, hu["disc"])
    slab.claim(window, slab.coverage(disc) * hasDisc)
    canalY = spine - halfDepth - 7.5
    _paintArch(slab, window, spine, canalY, center, half)
    body = np.maximum(beside, vertical)
    texture = textures["trabeculae"].sample(window)
    slab.paint(window, slab.coverage(body), hu["cortical"])
    marrow = slab.coverage(body + _CORTEX_MM)
    slab.paint(window, marrow, hu["spongiosa"] + 18 * texture)
    isMarrowLevel = np.array([_BODY_ENDS[index][0] in _MARROW_LEVELS for index in level]).reshape(-1, 1, 1)
    slab.claim(window, marrow * isMarrowLevel, "red marrow")
    canal = np.sqrt((x / 11) ** 2 + ((y - canalY) / 8) ** 2)
    canal = (canal - 1) * 9
    slab.paint(window, slab.coverage(canal), hu["canal"])
    cord = (np.sqrt((x / 6) ** 2 + ((y - canalY) / 4.4) ** 2) - 1) * 5
    slab.paint(window, slab.coverage(cord) * (z > -25), hu["cord"])


def _paintArch(slab, window, spine, canalY, center, half):
    hu = slab.tissues
    x, y, z = window.x, window.y, window.z
    offset = z - center
    ring = (np.sqrt((x / 17.5) ** 2 + ((y - canalY) / 14) ** 2) - 1) * 15
    arch = np.maximum(ring, np.abs(offset + 1) - half * 0.86)
    # the spinous process points backward and down, more so in the chest
    slope = np.clip((z - 20) / 120, 0.12, 0.75)
    behind = canalY - 9 - y
    process = np.maximum(np.abs(x) - 3.4, np.abs(offset + 5 + slope * behind) - 8.5)
    process = np.maximum(process, np.maximum(-behind, behind - 29))
    transverse = np.maximum(np.abs(offset - 2) - 5.5, np.abs(y - (canalY - 1) + 0.25 * (np.abs(x) - 16)) - 4.2)
    transverse = np.maximum(transverse, np.maximum(12 - np.abs(x), np.abs(x) - 37))
    joint = ((np.abs(x) - 17) / 8) ** 2 + ((y - canalY + 5) / 7) ** 2 + ((np.abs(offset) - half - 3) / 10) ** 2
    facets = (np.sqrt(joint) - 1) * 7.5
    for part in (arch, process, transverse, facets):
        slab.paint(window, slab.coverage(part), hu["cortical"] - 60)
        slab.paint(window, slab.coverage(part + 1.9), hu["spongiosa"] + 120)
