"""What all objects written with highdicom have in common."""

from .. import __version__
from ..errors import InputError
from .attributes import MANUFACTURER, dateAndTime, save, stableUID


def requireHighdicom(what):
    """The package highdicom with the parts that are used, or a refusal in words."""
    try:
        import highdicom
        import highdicom.pm
        import highdicom.seg
        import highdicom.sr
    except ImportError as error:
        raise InputError(f"{what} needs the Python package highdicom, which is not installed", "DICOM export",
                         "Install highdicom, or export the RT Dose alone") from error  # fmt: skip
    return highdicom


def equipment():
    """Equipment module as keywords of highdicom's constructors."""
    return {
        "manufacturer": MANUFACTURER, "manufacturer_model_name": "MRTDosimetry", "software_versions": __version__,
        "device_serial_number": "0",
    }  # fmt: skip


def finish(dataset, path, source, madeAt):
    """Replace what highdicom takes from the clock and the version, so that the same results give the same file."""
    source.mendReferences(dataset)
    date, time = dateAndTime(madeAt)
    for kind in ("Series", "Content", "InstanceCreation"):
        if f"{kind}Date" in dataset:
            setattr(dataset, f"{kind}Date", date)
            setattr(dataset, f"{kind}Time", time)
    dataset.SeriesDate, dataset.SeriesTime = date, time
    for item in dataset.get("ContributingEquipmentSequence", ()):
        if "ContributionDateTime" in item:
            item.ContributionDateTime = date + time
    dataset.file_meta.ImplementationClassUID = stableUID("implementation", MANUFACTURER)
    dataset.file_meta.ImplementationVersionName = "MRTDOSIMETRY"
    save(dataset, path)
    return dataset
