"""Write the digital patient's scans as a clinic would have them: NM and CT files in one folder per scan."""

import os
from datetime import datetime, timedelta

from ..errors import InputError
from ..imaging.digitalPatient.scanner import VIEW_SECONDS, VIEWS
from ..physics.nuclides import nuclide
from ..progress import noProgress
from .attributes import PatientDescription, stableUID
from .coding import radionuclideCode
from .writeComputedTomography import writeCTSeries
from .writeNuclearMedicine import LUTETIUM_177, LUTETIUM_177_DOTATATE, Administration, writeSpect

_PATIENT = PatientDescription(
    "Digital^Patient", "DIGITAL-PATIENT", "M", 73.0, 1.76, True, "Computed: no person stands behind these images"
)
_CT_LEAD = timedelta(minutes=3)


def writeDigitalPatient(patient, folder, progress=noProgress):
    """Write every scan of a digital patient.

    Parameters
    ----------
    patient : imaging.digitalPatient.patient.DigitalPatient
    folder : str
        Made when it does not exist; gets one subfolder per scan with ``spect.dcm`` and a folder ``ct``.
    progress : callable

    Returns
    -------
    list of dict
        For every scan ``{"timeHours", "folder", "spect" (path), "ct" (folder)}``.

    Raises
    ------
    InputError
        When the folder cannot be written.
    """
    radionuclide = nuclide(patient.radionuclide)
    isLutetium = radionuclide.name == "Lu-177"
    pharmaceutical = (LUTETIUM_177, LUTETIUM_177_DOTATATE, "Lutetium (177Lu) oxodotreotide") if isLutetium else \
        (radionuclideCode(radionuclide.name),)
    administration = Administration(
        datetime.fromisoformat(patient.administrationDateTime), patient.administeredActivityMBq,
        radionuclide.halfLifeHours * 3600.0, *pharmaceutical,
    )  # fmt: skip
    window = {} if isLutetium else {"window": None}
    # of the same patient with another radionuclide nothing but the anatomy is the same
    own = () if isLutetium else (radionuclide.name,)
    written = []
    for index, scan in enumerate(patient.scans):
        progress(index / len(patient.scans), f"Writing the scan at {scan.timeHours:g} h")
        scanFolder = os.path.join(folder, f"scan{index + 1}_{scan.timeHours:03.0f}h")
        ctFolder = os.path.join(scanFolder, "ct")
        try:
            os.makedirs(ctFolder, exist_ok=True)
        except OSError as error:
            raise InputError(f"The folder cannot be made ({error.strerror or error})", ctFolder) from error
        key = (patient.seed, patient.size, index, *own)
        acquisition = datetime.fromisoformat(scan.acquisitionDateTime)
        common = {
            "patient": _PATIENT,
            "studyInstanceUID": stableUID("study", *key),
            "frameOfReferenceUID": stableUID("frame of reference", *key),
            "studyDateTime": acquisition - _CT_LEAD,
            "studyDescription": f"SPECT/CT {scan.timeHours:g} h after "
                                f"{'177Lu-DOTATATE' if isLutetium else radionuclide.name}",
        }
        writeCTSeries(
            scan.ct, ctFolder, seriesInstanceUID=stableUID("ct", *key), acquisition=acquisition - _CT_LEAD,
            seriesDescription="CT for attenuation correction", seriesNumber=1, **common,
        )  # fmt: skip
        spectPath = os.path.join(scanFolder, "spect.dcm")
        writeSpect(
            scan.spect, spectPath, seriesInstanceUID=stableUID("spect", *key), acquisition=acquisition,
            administration=administration, views=VIEWS, viewSeconds=VIEW_SECONDS,
            seriesDescription=f"SPECT {scan.timeHours:g} h", seriesNumber=2, **common, **window,
        )  # fmt: skip
        written.append({"timeHours": scan.timeHours, "folder": scanFolder, "spect": spectPath, "ct": ctFolder})
    progress(1.0, "")
    return written
