"""Which CT belongs to which emission image, by what both state; where that leaves a doubt it is said, never guessed."""

from dataclasses import dataclass

# A CT further away than this from the emission image is of another visit of the patient.
CT_HOURS = 12.0
# Where neither frame of reference nor study says it, a CT of the same patient this close is that of the scan.
SAME_VISIT_HOURS = 2.0
# Emission images closer than this are two images of one scan, or two positions of the bed.
SAME_SCAN_HOURS = 1.0


@dataclass(frozen=True)
class Identity:
    """What an image states about itself; empty texts and None where it is silent.

    Attributes
    ----------
    title : str
    moment : datetime.datetime or None
        Start of the acquisition.
    """

    title: str
    patientId: str = ""
    studyUID: str = ""
    seriesUID: str = ""
    frameUID: str = ""
    moment: object = None


@dataclass(frozen=True)
class Pair:
    """The CT of an emission image.

    Attributes
    ----------
    ct : int or None
        Position in the list of CTs.
    isCertain : bool
        False where the user has to choose.
    words : str
        What it rests on, or why it is open.
    """

    ct: object
    isCertain: bool
    words: str


def isOtherPatient(one, other):
    """Whether two images state different patients."""
    return bool(one.patientId and other.patientId and one.patientId != other.patientId)


def hoursApart(one, other):
    """Hours between two images, or None where one does not state its time (or one its time zone alone)."""
    if one.moment is None or other.moment is None:
        return None
    if (one.moment.tzinfo is None) != (other.moment.tzinfo is None):
        return None
    return abs((one.moment - other.moment).total_seconds()) / 3600.0


def pair(emission, cts):
    """Find the CT of an emission image.

    Of the CTs of this patient that are not hours away: the one in the same frame of reference; else the one of the
    same DICOM study; else the only one of that time.

    Parameters
    ----------
    emission : Identity
    cts : list of Identity

    Returns
    -------
    Pair
    """
    own = [place for place, ct in enumerate(cts) if not isOtherPatient(emission, ct)]
    near = [place for place in own if not (hoursApart(emission, cts[place]) or 0.0) > CT_HOURS]
    sameFrame = [place for place in near if emission.frameUID and cts[place].frameUID == emission.frameUID]
    sameStudy = [place for place in near if emission.studyUID and cts[place].studyUID == emission.studyUID]
    timed = [place for place in near if emission.patientId and cts[place].patientId == emission.patientId
             and (hoursApart(emission, cts[place]) or 0.0) < SAME_VISIT_HOURS
             and hoursApart(emission, cts[place]) is not None]
    for places, words in ((sameFrame, "same frame of reference"), (sameStudy, "same DICOM study"),
                          (timed, "taken at the same time")):
        if len(places) > 1:
            both = [place for place in places if place in sameStudy]
            places = both if len(both) == 1 else places
        if len(places) == 1:
            return Pair(places[0], True, f"CT: {words}")
        if places:
            names = ", ".join(f'"{cts[place].title}"' for place in places)
            return Pair(None, False, f"{len(places)} CTs fit ({words}): {names}. Choose one")
    if near:
        return Pair(None, False, "No CT states that it belongs to this scan. Choose one, or none")
    if own:
        return Pair(None, False, f"Every CT was taken more than {CT_HOURS:g} h away. Choose one, or none")
    return Pair(None, True, "No CT was found")


def companions(identities):
    """For each image, the places of the others that were acquired within the same hour."""
    return [[place for place, other in enumerate(identities) if place != number and not isOtherPatient(one, other)
             and (hoursApart(one, other) is not None and hoursApart(one, other) < SAME_SCAN_HOURS)]
            for number, one in enumerate(identities)]
