"""A small study whose second scan lies elsewhere, for the tests of registration and what is shown of it."""

import numpy as np

HOURS = (4.0, 24.0, 96.0)
SHIFT_MM = np.array([10.0, -5.0, 5.0])
_SPACING_MM, _SHAPE = 5.0, (24, 28, 30)
_ORGANS = {"liver": ((12, 14, 9), 27.0, 300.0, 60.0), "kidney left": ((12, 14, 21), 18.0, 120.0, 45.0)}


def matrix():
    """4 x 4 of all images, RAS mm."""
    result = np.diag([_SPACING_MM] * 3 + [1.0])
    result[:3, 3] = -_SPACING_MM * (np.array(_SHAPE[::-1]) - 1) / 2
    return result


def _soft(center, radiusMM, shiftMM):
    """Share of each voxel inside a sphere; its surface crosses one voxel."""
    k, j, i = np.indices(_SHAPE, dtype=float)
    shifted = np.array(center[::-1]) + np.asarray(shiftMM) / _SPACING_MM
    distance = _SPACING_MM * np.sqrt((i - shifted[0]) ** 2 + (j - shifted[1]) ** 2 + (k - shifted[2]) ** 2)
    return np.clip((radiusMM - distance) / _SPACING_MM + 0.5, 0, 1)


def addMovedStudy(scene, name="Moved", scale=(1.0, 1.0, 1.0), administeredMBq=7400.0):
    """Warm spheres in a body with a bone; at the second time point the patient lies ``SHIFT_MM`` away.

    Parameters
    ----------
    scale : sequence of float
        Factor on the image of each time point: a calibration fault.
    """
    from MRTDosimetryLib.imaging.volume import Volume
    from MRTDosimetryLib.scene import volumes
    from MRTDosimetryLib.scene.study import Study
    from MRTDosimetryLib.workflow import protocol, registration, segmentation, timePoints

    study = Study.create(scene, name)
    protocol.setProtocol(study, None, "Lu-177")
    protocol.setAdministration(study, administeredMBq, "2026-05-04T10:00:00")
    registration.setKind(study, "none")
    voxelML = _SPACING_MM**3 / 1000.0
    for index, (hours, factor) in enumerate(zip(HOURS, scale, strict=True)):
        shift = SHIFT_MM if index == 1 else np.zeros(3)
        activity = np.full(_SHAPE, 2e3 * 0.5 ** (hours / 40.0))
        for center, radius, activityMBq, halfLife in _ORGANS.values():
            soft = _soft(center, radius, shift)
            activity += soft * activityMBq * 1e6 * 0.5 ** (hours / halfLife) / (soft.sum() * voxelML)
        body = np.where(_soft((12, 14, 15), 62.0, shift) > 0.5, 40, -1000)
        body[_soft((12, 20, 15), 8.0, shift) > 0.5] = 900
        spect = Volume((factor * activity).astype(np.float32), matrix(), "Bq/mL", f"SPECT {hours:g} h")
        ct = Volume(body.astype(np.int16), matrix(), "[hnsf'U]", f"CT {hours:g} h")
        timePoints.addFromNodes(study, volumes.addVolume(scene, spect, "activityConcentration"),
                                volumes.addVolume(scene, ct, "attenuation"), "Bq/mL", hours)
    labels = np.zeros(_SHAPE, np.uint8)
    for value, (center, radius, *_rest) in enumerate(_ORGANS.values(), start=1):
        labels[_soft(center, radius, np.zeros(3)) >= 0.5] = value
    names = {value: name for value, name in enumerate(_ORGANS, start=1)}
    segmentation.addFromLabels(study, Volume(labels, matrix(), "", "labels"), names, study.timePoints[0])
    return study


def correction():
    """4 x 4 that lays the second time point over the reference."""
    result = np.eye(4)
    result[:3, 3] = -SHIFT_MM
    return result
