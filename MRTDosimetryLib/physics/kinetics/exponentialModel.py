"""What a sum of exponentials is: amplitudes, effective rates, and which term belongs to which amplitude.

A model is data: for every amplitude a list of (sign, rate). Everything else (curve, area, derivatives, fit) follows.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ..decay import LN2

PHYSICAL, MIXING = "physical", "mixing"
# Mixing with the blood right after the injection, as in the f4a and f4d functions: half-life 1 min.
MIXING_RATE_PER_HOUR = LN2 * 60.0


@dataclass(frozen=True)
class ExponentialModel:
    """A sum of exponentials with effective rates.

    Attributes
    ----------
    name, title : str
    terms : dict of str to list of (float, str)
        Amplitude name -> its terms (sign, rate), the rate being a name of ``rates``, ``"physical"`` (physical decay
        alone) or ``"mixing"`` (blood mixing of 1 min half-life and physical decay). Amplitudes are not negative.
    rates : tuple of str
        Effective rates (1/h), at or above the physical one, in increasing order.
    reported : callable, optional
        (amplitudes, rates, physicalRate) -> (names, units, values), for a model whose customary parameters are not
        its amplitudes.
    assumption : str
        What the model takes for granted, as a sentence.
    """

    name: str
    title: str
    terms: dict
    rates: tuple = ()
    reported: Callable | None = field(default=None, repr=False)
    assumption: str = ""

    @property
    def amplitudes(self):
        return tuple(self.terms)

    @property
    def parameterNames(self):
        """Amplitudes and rates in turns: A1, lambda1, A2, lambda2 ..."""
        names = []
        for index in range(max(len(self.terms), len(self.rates))):
            names += self.amplitudes[index:index + 1] + self.rates[index:index + 1]
        return tuple(names)

    @property
    def isRisingFromZero(self):
        """Whether the activity is zero at administration: the signs of every amplitude add to none."""
        return all(sum(sign for sign, _rate in terms) == 0 for terms in self.terms.values())

    def rateTable(self, rates, physicalRate):
        """Name -> rate (1/h) of every rate a term may name."""
        return {PHYSICAL: physicalRate, MIXING: MIXING_RATE_PER_HOUR + physicalRate,
                **dict(zip(self.rates, rates, strict=True))}

    def exponentials(self, amplitudes, rates, physicalRate):
        """The curve as [(coefficient in MBq, rate in 1/h)], terms of one rate added up, slowest first."""
        table, total = self.rateTable(rates, physicalRate), {}
        for amplitude, terms in zip(amplitudes, self.terms.values(), strict=True):
            for sign, rate in terms:
                total[rate] = total.get(rate, 0.0) + sign * float(amplitude)
        return sorted(((value, float(table[rate])) for rate, value in total.items() if value != 0.0),
                      key=lambda term: term[1])

    def design(self, times, rates, physicalRate):
        """Basis functions for many sets of rates at once.

        Parameters
        ----------
        times : numpy.ndarray
            (N,)
        rates : numpy.ndarray
            (G, R)

        Returns
        -------
        basis : numpy.ndarray
            (G, N, M), each taken from the first time: times exp(slowest rate of the column x first time).
        exponents : numpy.ndarray
            (G, M) slowest rate x first time of each column.
        """
        table = self.rateTable(np.asarray(rates, float).T[:, :, None], physicalRate)
        columns, exponents = [], []
        for terms in self.terms.values():
            own = [np.broadcast_to(table[rate], (len(rates), 1)) for _sign, rate in terms]
            slowest = np.min(own, axis=0)
            columns.append(sum(sign * np.exp(slowest * times[0] - rate * times)
                               for (sign, _name), rate in zip(terms, own, strict=True)))
            exponents.append(slowest[:, 0] * times[0])
        return np.stack(columns, axis=-1), np.stack(exponents, axis=-1)

    def designOne(self, times, rates, physicalRate):
        """:meth:`design` for one set of rates (R,), several times as fast: (N, M) and (M,)."""
        table = self.rateTable(rates, physicalRate)
        columns, exponents = [], []
        for terms in self.terms.values():
            slowest = min(table[rate] for _sign, rate in terms) * times[0]
            columns.append(sum(sign * np.exp(slowest - table[rate] * times) for sign, rate in terms))
            exponents.append(slowest)
        return np.stack(columns, axis=1), np.array(exponents)

    def jacobian(self, times, amplitudes, rates, physicalRate):
        """Derivatives of the activity by amplitudes, then rates: (N, M + R)."""
        table = self.rateTable(rates, physicalRate)
        result = np.zeros((times.size, len(self.terms) + len(self.rates)))
        for column, (amplitude, terms) in enumerate(zip(amplitudes, self.terms.values(), strict=True)):
            for sign, rate in terms:
                shape = sign * np.exp(-table[rate] * times)
                result[:, column] += shape
                if rate in self.rates:
                    result[:, len(self.terms) + self.rates.index(rate)] -= amplitude * times * shape
        return result

    def areaGradient(self, amplitudes, rates, physicalRate):
        """Derivatives of the area from 0 to infinity by amplitudes, then rates: (M + R,)."""
        table = self.rateTable(rates, physicalRate)
        gradient = np.zeros(len(self.terms) + len(self.rates))
        for column, (amplitude, terms) in enumerate(zip(amplitudes, self.terms.values(), strict=True)):
            for sign, rate in terms:
                gradient[column] += sign / table[rate]
                if rate in self.rates:
                    gradient[len(self.terms) + self.rates.index(rate)] -= sign * amplitude / table[rate] ** 2
        return gradient


def evaluateExponentials(exponentials, timesHours):
    """Activity (MBq) of [(coefficient, rate)] at times (h), array in, array of the same shape out."""
    timesHours = np.asarray(timesHours, float)
    total = np.zeros_like(timesHours)
    for coefficient, rate in exponentials:
        total += coefficient * np.exp(-rate * timesHours)
    return total


def areaOfExponentials(exponentials, fromHours=0.0):
    """Area (MBq h) from a time to infinity."""
    return math.fsum(coefficient * math.exp(-rate * fromHours) / rate for coefficient, rate in exponentials)
