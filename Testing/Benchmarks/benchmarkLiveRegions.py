"""How quickly the numbers of the regions follow a stroke of the brush, on 512 x 512 x 200 voxels.

    python Testing/Benchmarks/benchmarkLiveRegions.py

Nine regions in one label image, a SPECT of 128 x 128 x 100 voxels of 4.8 mm. After each change of a segment: what the
page of the regions asks for (volume, mean activity and recovery of every region, sign-off), and the digest by which
later steps know that they are out of date.

Figures: README.md beside this file. The page waits 150 ms for the end of a stroke before.
"""

import os
import sys
import time

import numpy as np

sys.path.insert(0, os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..")))

from MRTDosimetryLib.imaging.volume import Volume
from MRTDosimetryLib.scene import headless, regionContents, segments, volumes
from MRTDosimetryLib.scene.study import Study
from MRTDosimetryLib.workflow import liveRegions, regionHelpers, signOff, timePoints

SHAPE = (200, 512, 512)
ORGANS = {  # center (k, j, i) and radius in voxels of the plane
    "liver": ((120, 230, 160), 85), "spleen": ((125, 280, 380), 50), "kidney left": ((90, 320, 350), 38),
    "kidney right": ((88, 320, 170), 38), "red marrow": ((100, 370, 256), 22), "lesion 1": ((140, 190, 150), 12),
    "lesion 2": ((110, 250, 190), 8), "lesion 3": ((60, 260, 256), 15)}


def makeStudy():
    ctMatrix = np.diag([0.977, 0.977, 2.4, 1.0])
    labels = np.zeros(SHAPE, np.uint8)
    k, j, i = np.ogrid[:SHAPE[0], :SHAPE[1], :SHAPE[2]]
    labels[(((j - 256) / 256.5) ** 2 + ((i - 256) / 256.5) ** 2 + 0 * k) <= 1] = len(ORGANS) + 1
    for label, (center, radius) in enumerate(ORGANS.values(), 1):
        distance = ((k - center[0]) * 2.456) ** 2 + (j - center[1]) ** 2 + (i - center[2]) ** 2
        labels[distance <= radius**2] = label
    study = Study.create(headless.newScene(), "Benchmark")
    spect = Volume(np.random.default_rng(1).gamma(2.0, 1e5, (100, 128, 128)).astype(np.float32),
                   np.diag([4.8, 4.8, 4.8, 1.0]), "Bq/mL", "SPECT")
    ct = Volume(np.full(SHAPE, 40, np.int16), ctMatrix, "[hnsf'U]", "CT")
    spectNode = volumes.addVolume(study.scene, spect, "activityConcentration")
    ctNode = volumes.addVolume(study.scene, ct, "attenuation")
    timePoints.addFromNodes(study, spectNode, ctNode, "Bq/mL", 24.0)
    names = dict(enumerate([*ORGANS, "body"], 1))
    node = segments.segmentationFromLabels(study.scene, Volume(labels, ctMatrix, "", "labels"), names, "Regions")
    study.setNodeForRole("segmentation", node)
    return study, node


def timed(function):
    """(clock, processor) in seconds: the processor's is what the clock shows on a machine that does nothing else."""
    start, startCPU = time.perf_counter(), time.process_time()
    function()
    return time.perf_counter() - start, time.process_time() - startCPU


def paint(node, label, size, rng):
    """A block of a label painted into the shared image, with the events of the Segment Editor."""
    image = node.GetSegmentation().GetLayerDataObject(0, segments.BINARY_LABELMAP)
    array = regionContents.arrayOf(image)
    array = array.base if array.base is not None else array
    writable = np.lib.stride_tricks.as_strided(array, writeable=True)
    start = [rng.integers(size, extent - 2 * size) for extent in writable.shape]
    writable[tuple(slice(first, first + size) for first in start)] = label
    image.GetPointData().GetScalars().Modified()
    image.Modified()


def report(title, seconds):
    clock, processor = zip(*seconds, strict=True)
    print(f"{title:58s} {1000 * min(clock):6.0f} to {1000 * max(clock):6.0f} ms, processor "
          f"{1000 * min(processor):6.0f} to {1000 * max(processor):6.0f} ms, {len(seconds)} times", flush=True)


def main():
    study, node = makeStudy()

    def page():
        liveRegions.rows(study)
        signOff.rows(study)

    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    report("first look at all regions", [timed(page)])
    for segmentID in segments.regionNames(node):
        signOff.sign(study, segmentID, "verified", "physician", "Benchmark")
    rng = np.random.default_rng(3)
    for label, title in ((6, "a lesion"), (1, "the liver"), (len(ORGANS) + 1, "the body (whole field)")):
        seconds, digests = [], []
        for _round in range(5):
            paint(node, label, 10, rng)
            seconds.append(timed(page))
            digests.append(timed(lambda: segments.segmentationDigest(node)))
        report(f"brush of 10 x 10 x 10 voxels in {title}: page", seconds)
        report("    digest for the later steps after that", digests)
    seconds = []
    for volumeML in (2.0, 8.0, 20.0):
        seconds.append(timed(lambda size=volumeML: regionHelpers.drawSphere(study, "lesion_2", (150, 200, 240), size)))
    report("sphere of 2, 8, 20 mL drawn, taking voxels from others", seconds)


if __name__ == "__main__":
    main()
