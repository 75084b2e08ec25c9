"""Write regions as a DICOM Segmentation (binary; regions may overlap)."""

import numpy as np

from ..errors import InputError
from ..imaging.volume import RAS_FROM_LPS
from .attributes import MANUFACTURER, axialGeometry, rightHanded
from .coding import code
from .highdicomFiles import equipment, finish, requireHighdicom


def writeSegmentation(regions, path, source, seriesInstanceUID, sopInstanceUID, madeAt, seriesNumber=102,
                      seriesDescription="Regions"):  # fmt: skip
    """Write regions.

    Parameters
    ----------
    regions : sequence of (str, Volume, dict)
        Name, boolean mask (all on one grid), and ``{"category", "type", "modifier" or None}``, each a code as
        (value, scheme, meaning).
    path : str
    source : Source
    seriesInstanceUID, sopInstanceUID : str
    madeAt : datetime.datetime

    Returns
    -------
    pydicom.Dataset
        The object, for references to its segments (numbered from 1 in the order of ``regions``).

    Raises
    ------
    InputError
        highdicom is missing, a region is empty, the grids differ, or the file cannot be written.
    """
    highdicom = requireHighdicom("A DICOM Segmentation")
    if not regions:
        raise InputError("There is no region to write", path)
    first = rightHanded(regions[0][1])
    stack = np.zeros((*first.array.shape, len(regions)), np.uint8)
    descriptions = []
    for index, (name, mask, term) in enumerate(regions):
        mask = rightHanded(mask)
        if not mask.hasSameGridAs(first) or not mask.array.any():
            raise InputError("The region is empty or lies on another grid than the others", name)
        stack[..., index] = mask.array
        modifier = term.get("modifier")
        anatomic = code(term["type"])
        if modifier is not None:
            anatomic.SegmentedPropertyTypeModifierCodeSequence = [code(modifier)]
        descriptions.append(highdicom.seg.SegmentDescription(
            segment_number=index + 1, segment_label=name[:64], segmented_property_category=code(term["category"]),
            segmented_property_type=anatomic, algorithm_type="MANUAL", tracking_id=name[:64],
            tracking_uid=_trackingUID(seriesInstanceUID, name),
        ))  # fmt: skip
    volume = highdicom.Volume(
        stack, affine=affineLPS(first), coordinate_system="PATIENT",
        frame_of_reference_uid=source.frameOfReferenceUID,
        channels={"SegmentNumber": list(range(1, len(regions) + 1))},
    )  # fmt: skip
    dataset = highdicom.seg.Segmentation(
        source_images=source.completeImages(), pixel_array=volume, segmentation_type="BINARY",
        segment_descriptions=descriptions, series_instance_uid=seriesInstanceUID, series_number=seriesNumber,
        sop_instance_uid=sopInstanceUID, instance_number=1, content_label="REGIONS",
        content_description="Regions of the absorbed dose", series_description=seriesDescription, **equipment(),
    )  # fmt: skip
    return finish(dataset, path, source, madeAt)


def affineLPS(volume):
    """4 x 4 from array indices (k, j, i) to LPS mm, as highdicom has it; perpendicular axes are required."""
    axialGeometry(volume)
    return (RAS_FROM_LPS @ volume.ijkToRAS)[:, [2, 1, 0, 3]]


def _trackingUID(seriesInstanceUID, name):
    from .attributes import stableUID

    return stableUID(MANUFACTURER, seriesInstanceUID, name)
