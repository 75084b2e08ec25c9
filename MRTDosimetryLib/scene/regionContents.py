"""What is drawn in each region: its voxels, their number and a fingerprint, kept up to date at the cost of the change.

While the user draws, everything that depends on a region is asked for again and again. The labels of the last time are
kept, so that only the regions in which voxels really changed are looked at again.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field

import numpy as np

from ..imaging.volume import Volume
from . import volumes
from .labelLayers import arrayOf, boundingBox, imageToRAS, layersOf

# Labels kept to compare with; beyond this a changed layer is looked at as a whole.
_MEMORY_BYTES = 400_000_000
_snapshots = OrderedDict()


@dataclass(frozen=True)
class RegionContent:
    """The voxels of one drawn region; good until the next change of the segmentation.

    Attributes
    ----------
    segmentID, name : str
    voxelCount : int
        0 where nothing is drawn.
    volumeML : float
    digest : str
        Of shape and place in the coordinates of the segmentation; empty where nothing is drawn.
    """

    segmentID: str
    name: str
    voxelCount: int = 0
    volumeML: float = 0.0
    digest: str = ""
    _layer: object = field(default=None, repr=False)
    _label: int = 0

    @property
    def box(self):
        """Slices (k, j, i) around the region in the array of its label image."""
        return self._layer.boxes[self._label][0]

    def mask(self, worldFromNode=None):
        """The region alone, cut to what is drawn: :class:`~..imaging.volume.Volume` of 0 and 1 (uint8).

        Parameters
        ----------
        worldFromNode : numpy.ndarray, optional
            4 x 4 that is applied to the geometry.
        """
        box = self.box
        array = (self._layer.array[box] == self._label).view(np.uint8)
        matrix = self._layer.boxToRAS(box)
        return Volume(array, matrix if worldFromNode is None else worldFromNode @ matrix, "", self.name)


class _Layer:
    """Copy of the labels of a layer, with the box, number of voxels and digest of each label."""

    def __init__(self, array, start, matrix):
        self.array, self.start, self.matrix, self.time = array, start, matrix, None
        self.boxes = {}  # label: (box, number of voxels, digest)

    def boxToRAS(self, box):
        start = np.eye(4)
        start[:3, 3] = [first + part.start for first, part in zip(self.start, reversed(box), strict=True)]
        return self.matrix @ start

    def look(self, label, within):
        """Look at a label again, which is nowhere outside the box ``within``."""
        mask = self.array[within] == label
        inner = boundingBox(mask)
        mask = mask[inner]
        count = int(np.count_nonzero(mask))
        if not count:
            self.boxes.pop(label, None)
            return
        box = tuple(slice(outer.start + part.start, outer.start + part.stop)
                    for outer, part in zip(within, inner, strict=True))
        digest = hashlib.blake2b(volumes.geometryBytes(self.boxToRAS(box)), digest_size=16)
        digest.update(np.array(mask.shape, "<i4").tobytes())
        digest.update(np.packbits(mask).tobytes())
        self.boxes[label] = (box, count, digest.hexdigest())

    def lookAtAll(self):
        self.boxes = {}
        present = np.flatnonzero(np.bincount(self.array.ravel())) if self.array.size else []
        whole = tuple(slice(0, size) for size in self.array.shape)
        for label in present:
            if label:
                self.look(int(label), whole)

    def follow(self, array):
        """Take over what changed; ``array`` has the same place and size."""
        changed = array != self.array
        box = boundingBox(changed)
        if not changed[box].any():
            return
        before, now = self.array[box][changed[box]], array[box][changed[box]]
        self.array[box] = array[box]
        for label in {*np.unique(before).tolist(), *np.unique(now).tolist()} - {0}:
            known = self.boxes.get(label)
            self.look(label, box if known is None else _union(box, known[0]))

    def onGrid(self, start, shape):
        """This layer on another part of the same grid; what does not fit is left out."""
        shift = [a - b for a, b in zip(reversed(self.start), reversed(start), strict=True)]
        array = np.zeros(shape, self.array.dtype)
        into, source = [], []
        for offset, size, target in zip(shift, self.array.shape, shape, strict=True):
            first, last = max(offset, 0), min(offset + size, target)
            into.append(slice(first, max(last, first)))
            source.append(slice(first - offset, max(last, first) - offset))
        array[tuple(into)] = self.array[tuple(source)]
        moved = _Layer(array, start, self.matrix)
        whole = tuple(slice(0, size) for size in shape)
        for label, (box, count, digest) in self.boxes.items():
            there = tuple(slice(part.start + offset, part.stop + offset)
                          for part, offset in zip(box, shift, strict=True))
            if all(part.start >= 0 and part.stop <= size for part, size in zip(there, shape, strict=True)):
                moved.boxes[label] = (there, count, digest)
            else:
                moved.look(label, whole)
        return moved


def contents(node):
    """What is drawn in each region of a segmentation that holds label images.

    Parameters
    ----------
    node : vtkMRMLSegmentationNode

    Returns
    -------
    dict of str to RegionContent
        By segment ID, in the order of the segmentation.
    """
    segmentation = node.GetSegmentation()
    drawn, used = {}, []
    for index, image, members in layersOf(segmentation):
        layer = _layerOf((segmentation.GetAddressAsString(""), index), image)
        used.append(layer)
        for label, (segmentID, name) in members.items():
            if label in layer.boxes:
                _box, count, digest = layer.boxes[label]
                volumeML = count * abs(np.linalg.det(layer.matrix[:3, :3])) / 1000.0
                drawn[segmentID] = RegionContent(segmentID, name, count, volumeML, digest, layer, label)
    _forget(used)
    names = {segmentID: segmentation.GetSegment(segmentID).GetName() for segmentID in segmentation.GetSegmentIDs()}
    return {segmentID: drawn.get(segmentID) or RegionContent(segmentID, name) for segmentID, name in names.items()}


def _layerOf(key, image):
    array, matrix, start = arrayOf(image), imageToRAS(image), tuple(image.GetExtent()[0::2])
    # Counted through all objects of VTK, so that two images never share it.
    time = (image.GetMTime(), image.GetPointData().GetScalars().GetMTime())
    layer = _snapshots.get(key)
    if layer is not None and layer.array.dtype == array.dtype and np.allclose(layer.matrix, matrix, atol=1e-9):
        if layer.time == time:
            _snapshots.move_to_end(key)
            return layer
        if layer.start != start or layer.array.shape != array.shape:
            layer = layer.onGrid(start, array.shape)
        layer.follow(array)
    else:
        layer = _Layer(array.copy(), start, matrix)
        layer.lookAtAll()
    layer.time = time
    _snapshots[key] = layer
    _snapshots.move_to_end(key)
    return layer


def _forget(used):
    """Let go of the oldest labels when too many are kept; those in use stay."""
    for key in list(_snapshots):
        if sum(layer.array.nbytes for layer in _snapshots.values()) <= _MEMORY_BYTES:
            return
        if not any(_snapshots[key] is layer for layer in used):
            del _snapshots[key]


def _union(first, second):
    return tuple(slice(min(a.start, b.start), max(a.stop, b.stop)) for a, b in zip(first, second, strict=True))
