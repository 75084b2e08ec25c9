"""Body outline, chest and abdominal wall, lungs and diaphragm.

Coordinates in mm: x to the patient's right, y to the front, z to the head with 0 at the disc between the twelfth
thoracic and the first lumbar vertebra.
"""

from dataclasses import dataclass

import numpy as np

from .shapes import profile, smoothMax, superellipse

_Z = (-262, -220, -180, -140, -100, -60, -20, 20, 60, 100, 140, 180, 220, 272)
_BODY_HALF_WIDTH = (177, 175, 169, 161, 155, 152, 154, 157, 160, 164, 167, 169, 172, 180)
_BODY_HALF_DEPTH = (112, 109, 105, 102, 101, 101, 103, 105, 108, 111, 112, 110, 105, 96)
_CAVITY_HALF_WIDTH = (122, 122, 121, 119, 117, 118, 124, 128, 131, 132, 130, 121, 100, 52)
_CAVITY_HALF_DEPTH = (60, 62, 62, 62, 62, 65, 70, 75, 79, 81, 80, 77, 68, 52)
_CAVITY_CENTER_Y = (12, 11, 10, 10, 10, 9, 8, 6, 5, 4, 3, 1, -4, -10)
_FAT_THICKNESS = (21, 20, 19, 18, 18, 17, 15, 12, 10, 8.5, 8, 8, 8, 9)
SPINE_Z = (-262, -225, -180, -140, -100, -60, -20, 20, 60, 120, 180, 230, 272)
SPINE_Y = (-30, -24, -14, -8, -6, -9, -15, -21, -26, -33, -38, -39, -35)
_BACK = 0.92  # the back lies flat on the table: part of the half depth at which the outline is cut


@dataclass
class Frame:
    """Fields that most parts need: signed distances to skin and body cavity, normalized radius in the cavity,
    and height above the diaphragm (positive in the chest), all in mm and of the slab's shape."""

    body: np.ndarray
    cavity: np.ndarray
    cavityRadius: np.ndarray
    aboveDiaphragm: np.ndarray


def spineY(z):
    """Anterior-posterior position of the vertebral bodies' centers."""
    return np.interp(z, SPINE_Z, SPINE_Y).astype(np.float32)


def buildFrame(window):
    """Compute the common fields for a window that spans whole slices."""
    x, y, z = window.x, window.y, window.z
    flatZ = z.ravel()
    halfDepth = profile(flatZ, _Z, _BODY_HALF_DEPTH)
    _, body = superellipse(x, y, profile(flatZ, _Z, _BODY_HALF_WIDTH), halfDepth, np.float32(0), 2.35)
    body = smoothMax(body, np.broadcast_to(-_BACK * halfDepth - y, body.shape), 14)
    furrow = 15 - np.sqrt(x * x + (y + _BACK * halfDepth + 10) ** 2)
    body = smoothMax(body, furrow * np.ones_like(body), 8)
    centerY = profile(flatZ, _Z, _CAVITY_CENTER_Y)
    cavityRadius, cavity = superellipse(
        x, y, profile(flatZ, _Z, _CAVITY_HALF_WIDTH), profile(flatZ, _Z, _CAVITY_HALF_DEPTH), centerY, 2.3
    )
    return Frame(body, cavity, cavityRadius, z - diaphragmHeight(x, y, cavityRadius))


def diaphragmHeight(x, y, cavityRadius):
    """Height of the diaphragm in mm: two domes that fall to the cavity's wall, deepest at the back."""
    right = np.clip((x + 25) / 50, 0, 1)
    apex = 82 + 24 * right
    domes = 11 * ((y - 8) / 50) ** 2 + 13 * ((np.abs(x - 4) - 58) / 50) ** 2
    return apex - np.minimum(domes, 40) - (72 - 0.30 * y) * np.minimum(cavityRadius, 1.12) ** 8


def paintWall(slab, window, frame, textures):
    """Skin, subcutaneous fat, muscles of the wall with the fat planes between them."""
    y, z = window.y, window.z
    flatZ = z.ravel()
    hu = slab.tissues
    lobules = textures["fat"].sample(window)
    slab.paint(window, slab.coverage(frame.body), hu["skin"])
    thickness = profile(flatZ, _Z, _FAT_THICKNESS)
    # more fat at the flanks and in front of the abdomen than along the back
    thickness = thickness * (1 + 0.22 * np.clip(y / 90, -0.6, 1) * np.clip(-z / 150 + 0.3, 0, 1)) + 0.9 * lobules
    slab.paint(window, slab.coverage(frame.body + 2.2), hu["fat"] + 6 * lobules)
    muscle = slab.coverage(frame.body + thickness)
    slab.paint(window, muscle, hu["muscle"])
    septa = _fatPlanes(window, frame, textures)
    outside = slab.coverage(-frame.cavity - 1)
    slab.paint(window, muscle * septa * outside, hu["fat"] + 25)


def _fatPlanes(window, frame, textures):
    """Fraction of fat between and within the wall's muscles."""
    x, y, z = window.x, window.y, window.z
    spine = spineY(z.ravel()).reshape(-1, 1, 1)
    erector = np.sqrt(((np.abs(x) - 33) / 30) ** 2 + ((y - spine + 44) / 23) ** 2)
    planes = np.exp(-(((erector - 1) * 26 / 1.3) ** 2))
    planes = np.maximum(planes, np.exp(-((x / 1.5) ** 2)) * (y > 40) * np.ones_like(z))
    # layers of the oblique muscles below the ribs, of pectoralis and latissimus above
    veins = textures["planes"].sample(window)
    depth = frame.cavity + 1.2 * veins
    lateral = np.clip((np.abs(x) - 45) / 30, 0, 1)
    for level in (7.0, 13.5):
        planes = np.maximum(planes, 0.85 * lateral * np.exp(-(((depth - level) / 1.0) ** 2)) * (z < -10))
    for level in (15.0, 24.0):
        broken = np.clip(0.55 + 0.5 * veins, 0, 0.9)
        planes = np.maximum(planes, broken * np.exp(-(((depth - level) / 1.4) ** 2)) * (z > 70))
    shoulder = np.clip((depth - 18) / 12, 0, 1) * np.clip((z - 120) / 60, 0, 1)
    planes = np.maximum(planes, 0.7 * shoulder * np.exp(-((veins / 0.13) ** 2)))
    return np.maximum(planes, 0.35 * np.exp(-((veins / 0.10) ** 2)))


def paintCavity(slab, window, frame, textures):
    """Visceral fat and small bowel below the diaphragm, lungs with vessels and mediastinum above it."""
    hu = slab.tissues
    x, y, z = window.x, window.y, window.z
    inside = slab.coverage(frame.cavity)
    lobules = textures["fat"].sample(window)
    slab.paint(window, inside, hu["visceralFat"] + 7 * lobules)
    _paintSmallBowel(slab, window, frame, textures)
    muscularis = np.abs(frame.aboveDiaphragm + 1.5) - 1.8
    slab.paint(window, slab.coverage(np.maximum(muscularis, frame.cavity)), hu["muscle"])
    pleura = np.maximum(frame.cavity + 2.0, -frame.aboveDiaphragm)
    lung = smoothMax(pleura, -_mediastinum(window), 6)
    cover = slab.coverage(lung)
    if not cover.any():
        return
    slab.paint(window, slab.coverage(pleura) * (1 - cover), hu["fat"] + 30 + 10 * lobules)
    gravity = np.clip(-y / 80, -1, 1)
    parenchyma = hu["lung"] + 38 * gravity + 14 * lobules
    slab.paint(window, cover, parenchyma.astype(np.float32))
    # where two independent textures both vanish runs a line: a branching net like that of the vessels
    first, second = textures["vesselsA"].sample(window), textures["vesselsB"].sample(window)
    hilum = np.clip(1.35 - np.sqrt(((np.abs(x) - 30) / 95) ** 2 + ((z - 130) / 130) ** 2 + (y / 95) ** 2), 0.12, 1)
    vessels = np.clip(1.4 - np.sqrt(first**2 + second**2) / (0.42 * hilum), 0, 1)
    slab.paint(window, cover * vessels * np.clip(0.45 + hilum, 0, 1), hu["blood"])


def _mediastinum(window):
    """Signed distance of heart sac, great vessels and spine, which the lungs leave free."""
    x, y, z = window.x, window.y, window.z
    spine = spineY(z.ravel()).reshape(-1, 1, 1)
    upper = np.sqrt((x / 33) ** 2 + ((y - 16) / np.float32(52)) ** 2)
    upper = (upper - 1) * 33
    heart = np.sqrt(((x + 24) / 68) ** 2 + ((y - 26) / 51) ** 2 + ((z - 108) / 56) ** 2)
    heart = (heart - 1) * 52
    column = np.sqrt(x * x + (y - spine) ** 2) - 25
    return np.minimum(np.minimum(upper, heart), column)


def _paintSmallBowel(slab, window, frame, textures):
    """Loops in the middle of the abdomen, with some gas in the front ones."""
    hu = slab.tissues
    x, y, z = window.x, window.y, window.z
    if window.z.min() > 10:
        return
    loops = textures["loops"].sample(window)
    wavy = 7 * textures["planes"].sample(window)
    upper = z + 52 + 0.5 * np.abs(x) + wavy
    room = smoothMax(smoothMax(frame.cavity + 8, upper, 14), np.abs(x) - 84 + wavy, 14)
    room = smoothMax(room, -2 - y + wavy, 10)
    if room.min() > slab.edgeMM:
        return
    # |texture| is small between two loops: mesenteric fat
    loop = slab.coverage(room) * np.clip((np.abs(loops) - 0.17) / 0.10, 0, 1)
    slab.paint(window, loop, hu["bowel"])
    lumen = slab.coverage(room + 3) * np.clip((np.abs(loops) - 1.05) / 0.15, 0, 1)
    slab.paint(window, lumen, hu["stomach"])
    gas = lumen * np.clip((y - 42) / 4, 0, 1) * np.clip((loops - 1.25) / 0.15, 0, 1)
    slab.paint(window, gas, -880)
