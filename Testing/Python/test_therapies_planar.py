"""Planar series row by row, as a study file states them."""

import pytest

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.therapies import inputs
from MRTDosimetryLib.therapies.planar import seriesByRegion


def rows(*values, region="kidney left", **more):
    return [{"timeHours": time, "region": region, "counts": counts, **more} for time, counts in values]


def check(value):
    return inputs.checked({"measurements.planar": value})["measurements.planar"]


def test_seriesByRegion():
    found = seriesByRegion(check(rows((4, 100), (24, 80), (96, 20), uncertaintyCounts=5)
                                 + rows((4, 300), (96, 0), region="liver")))
    assert found["kidney left"] == {"timesHours": [4.0, 24.0, 96.0], "values": [100.0, 80.0, 20.0],
                                    "uncertainties": [5.0, 5.0, 5.0], "unit": "counts",
                                    "source": "planar counts of the study"}
    assert found["liver"]["uncertainties"] is None and found["liver"]["values"] == [300.0, 0.0]


@pytest.mark.parametrize(("value", "words"), [
    (rows((4, 100)), "at least 2"), (rows((4, 100)) + rows((4, 10), region="liver"), "at least two times"),
    (rows((24, 100), (4, 80)), "not in order"), (rows((4, 100), (4, 80)), "not in order"),
    (rows((4, -100), (24, 80)), "below the background"), (rows((-4, 100), (24, 80)), "at least 0"),
    (rows((4, 0), (24, 0)), "nothing above zero"), (rows((4, 100), (24, 80), uncertaintyCounts=0), "above 0"),
    (rows((4, 100), uncertaintyCounts=3) + rows((24, 80)), "others have none"),
    (rows((4, 100), (24, 80), unit="cps"), "'unit' is not known"), (rows((4, 100), (24, 80), region=""), "not named"),
    (rows((4, "100"), (24, 80)), "not a number")])
def test_badSeries(value, words):
    with pytest.raises(InputError) as caught:
        check(value)
    assert words in str(caught.value)
