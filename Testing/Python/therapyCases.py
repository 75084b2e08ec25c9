"""Cases of lutetium therapy for tests: two kidneys, marrow and a lesion."""

import math

from MRTDosimetryLib.therapies.case import RegionDose, TherapyCase

SHAPE = ((1.0, math.log(2) / 50.0),)


def regionDose(name, tissue, absorbedDoseGy=4.07, uncertainty=None, halfLifeHours=50.0, shape=SHAPE, bedGy=None):
    return RegionDose(name, tissue, 150.0, absorbedDoseGy, uncertainty, halfLifeHours, None, shape, bedGy)


def case(regions=(), protocolId="lutetiumDotatate.multiTimePoint", activityMBq=7400.0, **content):
    return TherapyCase(protocolId, "Lu-177", activityMBq, content.pop("prescribed", None), regions=tuple(regions),
                       **content)


def earlier(cycle, absorbedDoseGy=4.07, activityMBq=7400.0, region="kidney left", **values):
    return {"cycle": cycle, "administeredActivityMBq": activityMBq, "isImaged": True,
            "regions": {region: {"absorbedDoseGy": absorbedDoseGy, **values}}}


def unimaged(cycle, activityMBq=7400.0, **values):
    return {"cycle": cycle, "administeredActivityMBq": activityMBq, "isImaged": False, **values}


def limit(valueGy=23.0, quantity="absorbedDose", source="stated for the test", **place):
    return {**(place or {"tissue": "kidney"}), "quantity": quantity, "valueGy": valueGy, "source": source}
