"""Numbers as the report prints them."""

import numpy as np
import pytest

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.report import numbers


def plain(text):
    """Narrow and no-break spaces as ordinary ones, so that the expected texts can be read."""
    return text.replace("\u202f", " ").replace("\xa0", " ")


@pytest.mark.parametrize(("value", "expected"), [
    (0, "0"), (0.0853234, "0.0853"), (7.4, "7.40"), (9.996, "10.0"), (999.6, "1000"), (7740.3, "7740"),
    (12345, "12 300"), (1234567, "1 230 000"), (12345678, "1.23 × 10⁷"), (0.00123449, "0.00123"),
    (1.23456e-5, "1.23 × 10⁻⁵"), (-4.067, "−4.07"), (np.float32(2.5), "2.50"), (-0.0, "0")])
def test_threeSignificantDigits(value, expected):
    assert plain(numbers.significant(value)) == expected


@pytest.mark.parametrize(("value", "uncertainty", "expected"), [
    (4.0712, 0.2123, "4.07 ± 0.21"), (12.341, 1.52, "12.3 ± 1.5"), (123.4, 4.21, "123.4 ± 4.2"),
    (12348, 452, "12 350 ± 450"), (9104.41, 232.4, "9100 ± 230"), (48.652, 12.34, "49 ± 12"),
    (5346, 495.4, "5350 ± 500"), (9.996, 0.992, "10.00 ± 0.99"), (0.0996, 0.00996, "0.100 ± 0.010"),
    (0.5, 12.0, "0.50 ± 12"), (100.0, 1e-6, "100.000 ± 1.0 × 10⁻⁶"), (1.2345e-5, 5.2e-7, "(1.234 ± 0.052) × 10⁻⁵"),
    (1.2e8, 3e7, "(1.20 ± 0.30) × 10⁸"), (-4.0712, 0.2123, "−4.07 ± 0.21"), (4.07, 0, "4.07 ± 0"),
    (0.0, 0.02, "0 ± 0.020")])
def test_valueAndUncertaintyEndAtTheSamePlace(value, uncertainty, expected):
    assert plain(numbers.plusMinus(value, uncertainty)) == expected


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None, "7", True, np.array([1.0, 2.0])])
def test_whatIsNoFiniteNumberIsRefused(value):
    with pytest.raises(InputError, match="not a finite number"):
        numbers.significant(value)


def test_negativeUncertaintyIsRefused():
    with pytest.raises(InputError, match="negative"):
        numbers.plusMinus(1.0, -0.1)


def test_chosenNumbersHaveNoFussyZeros():
    assert [plain(numbers.compact(value)) for value in (4.0, 24, 100.0, 1500, 0.5, 168.25)] == [
        "4", "24", "100", "1500", "0.5", "168.2"]


def test_deviationsHaveOneDecimalAndNoSignedZero():
    assert [plain(numbers.signedPercent(value)) for value in (6.53, -0.04, 0.04, 0.0, -1.06, 1234.56)] == [
        "+6.5 %", "0.0 %", "0.0 %", "0.0 %", "−1.1 %", "+1234.6 %"]


def test_durationsDatesAndSizes():
    assert numbers.minutesAndSeconds(1500) == "25 min"
    assert numbers.minutesAndSeconds(119.7) == "2 min"
    assert numbers.minutesAndSeconds(90) == "1 min 30 s"
    assert numbers.minutesAndSeconds(12.5) == "12.5 s"
    assert numbers.dateTimeText("2026-05-04T10:00:00") == "2026-05-04 10:00"
    assert numbers.dateTimeText("2026-05-04T10:00:00+02:00") == "2026-05-04 10:00 +0200"
    assert numbers.dateTimeText("2026-05-04") == "2026-05-04"
    assert numbers.dateTimeText("20260504") == "20260504"
    assert numbers.byteSize(13107200) == "13.1 MB"


def test_signsOfDeviationsAndShifts():
    assert numbers.signed(2.94, 2) == "+2.9"
    assert numbers.signed(-2.94, 2) == "−2.9"
    assert numbers.rounded(-0.04) == "0.0"
    assert plain(numbers.percent(0.123)) == "12 %"


def test_keysBecomeWords():
    assert numbers.words("timeAfterAdministrationHours") == "time after administration"
    assert numbers.words("effectiveRatePerHour") == "effective rate"
    assert numbers.words("initialActivityMBq") == "initial activity"
    assert numbers.words("ctSeriesUID") == "ct series UID"
    assert numbers.words("unit") == "unit"
