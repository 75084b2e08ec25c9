"""Write a map (absorbed dose, time-integrated activity) as a Parametric Map of single-precision numbers."""

import numpy as np

from ..errors import InputError
from .attributes import axialGeometry, rightHanded
from .coding import QUANTITIES, UNITS, code, unitCode
from .highdicomFiles import equipment, finish, requireHighdicom


def writeParametricMap(volume, path, source, quantity, unit, seriesInstanceUID, sopInstanceUID, madeAt,
                       seriesDescription, seriesNumber, label):  # fmt: skip
    """Write a map.

    Parameters
    ----------
    volume : Volume
    path : str
    source : Source
    quantity : str
        Key of :data:`.coding.QUANTITIES`.
    unit : str
        UCUM code of the values, key of :data:`.coding.UNITS`.
    seriesInstanceUID, sopInstanceUID : str
    madeAt : datetime.datetime
    label : str
        Content Label: capital letters, digits and underscores, at most 16.

    Returns
    -------
    pydicom.Dataset

    Raises
    ------
    InputError
        highdicom is missing, values that are not finite, or the file cannot be written.
    """
    highdicom = requireHighdicom("A parametric map")
    volume = rightHanded(volume)
    values = np.ascontiguousarray(volume.array, np.float32)
    low, high = float(values.min()), float(values.max())
    if not np.isfinite(low) or not np.isfinite(high):
        raise InputError("The map holds values that are not finite", volume.name)
    orientation, first, normal, pixelSpacing, stepMM = axialGeometry(volume)
    positions = [
        highdicom.PlanePositionSequence("PATIENT", tuple(float(part) for part in first + index * stepMM * normal))
        for index in range(len(values))
    ]
    mapping = highdicom.pm.RealWorldValueMapping(
        lut_label=UNITS[unit][:16], lut_explanation=QUANTITIES[quantity][2], unit=unitCode(unit),
        value_range=(low, high), slope=1.0, intercept=0.0, quantity_definition=code(QUANTITIES[quantity]),
    )  # fmt: skip
    sources = source.completeImages()
    for image in sources:
        # Compared plane by plane with those of the map: an IndexError where both begin alike and the map has more.
        image.ImagePositionPatient = [float(part) + 1.0 for part in image.ImagePositionPatient]
    dataset = highdicom.pm.ParametricMap(
        source_images=sources, pixel_array=values, series_instance_uid=seriesInstanceUID,
        series_number=seriesNumber, sop_instance_uid=sopInstanceUID, instance_number=1,
        contains_recognizable_visual_features=False, real_world_value_mappings=[mapping],
        window_center=(low + high) / 2.0, window_width=max(high - low, 1e-6), content_label=label,
        content_description=QUANTITIES[quantity][2], series_description=seriesDescription,
        pixel_measures=highdicom.PixelMeasuresSequence(
            pixel_spacing=tuple(float(part) for part in pixelSpacing), slice_thickness=stepMM,
            spacing_between_slices=stepMM),
        plane_orientation=highdicom.PlaneOrientationSequence("PATIENT", tuple(float(part) for part in orientation)),
        plane_positions=positions, **equipment(),
    )  # fmt: skip
    dataset.Laterality = ""  # type 2C: of paired organs
    return finish(dataset, path, source, madeAt)
