"""Write the results of the regions as a structured report (PS3.16 TID 1500, Comprehensive 3D SR)."""

from .attributes import MANUFACTURER, stableUID
from .coding import QUANTITIES, SCHEME, code, unitCode
from .highdicomFiles import finish, requireHighdicom

_TITLE = ("126000", "DCM", "Imaging Measurement Report")
_PROCEDURE = ("MRTDosimetry", SCHEME, "Molecular radiotherapy dosimetry")


def writeReport(regions, segmentations, path, source, seriesInstanceUID, sopInstanceUID, madeAt, seriesNumber=105,
                seriesDescription="Absorbed dose of the regions"):  # fmt: skip
    """Write the report.

    Parameters
    ----------
    regions : sequence of (str, dict, list, pydicom.Dataset, int)
        Name; codes as in :func:`.writeSegmentation.writeSegmentation`; measurements as (quantity, value, unit,
        standard uncertainty or None); segmentation object and number of the segment.
    segmentations : sequence of pydicom.Dataset
        All of those objects.
    path : str
    source : Source
    seriesInstanceUID, sopInstanceUID : str
    madeAt : datetime.datetime

    Returns
    -------
    pydicom.Dataset
    """
    highdicom = requireHighdicom("A structured report")
    sr = highdicom.sr
    images = source.completeImages()
    observer = sr.ObserverContext(
        observer_type=code(("121007", "DCM", "Device")),
        observer_identifying_attributes=sr.DeviceObserverIdentifyingAttributes(
            uid=stableUID(MANUFACTURER, "device"), manufacturer_name=MANUFACTURER, model_name="MRTDosimetry"),
    )  # fmt: skip
    groups = []
    for name, term, measurements, segmentation, number in regions:
        reference = sr.ReferencedSegment(
            segmentation.SOPClassUID, segmentation.SOPInstanceUID, number,
            source_series=sr.SourceSeriesForSegmentation(images[0].SeriesInstanceUID),
        )  # fmt: skip
        site = sr.FindingSite(
            code(term["type"]), laterality=None if term.get("modifier") is None else code(term["modifier"])
        )
        groups.append(sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
            tracking_identifier=sr.TrackingIdentifier(
                uid=segmentation.SegmentSequence[number - 1].TrackingUID, identifier=name),
            referenced_segment=reference, finding_type=code(term["category"]), finding_sites=[site],
            measurements=[_measurement(sr, *entry) for entry in measurements],
        ))  # fmt: skip
    content = sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_device_context=observer),
        procedure_reported=code(_PROCEDURE), imaging_measurements=groups, title=code(_TITLE),
    )  # fmt: skip
    dataset = sr.Comprehensive3DSR(
        evidence=[*segmentations, *images], content=content, series_instance_uid=seriesInstanceUID,
        series_number=seriesNumber, sop_instance_uid=sopInstanceUID, instance_number=1, manufacturer=MANUFACTURER,
        is_complete=True, is_final=False, series_description=seriesDescription,
    )  # fmt: skip
    dataset.ReferencedPerformedProcedureStepSequence = []
    return finish(dataset, path, source, madeAt)


def _measurement(sr, quantity, value, unit, uncertainty):
    properties = None
    if uncertainty is not None:
        properties = sr.MeasurementProperties(
            upper_measurement_uncertainty=float(uncertainty), lower_measurement_uncertainty=float(uncertainty)
        )
    return sr.Measurement(
        name=code(QUANTITIES[quantity]), value=float(value), unit=unitCode(unit), properties=properties
    )
