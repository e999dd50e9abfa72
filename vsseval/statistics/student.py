"""Student's t distribution: tails, quantiles, and the power of the two-sided test.

`scipy.special` has both, and takes longer to import than the table of ten runs takes to be made; what is slower here is
done a few times a command. A test holds all to scipy.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

LARGE = 100.0
"""From here on, the series of `_gamma_ratio` is exact to 2e-13; `lgamma` loses digits by cancellation."""
TINY = 1e-300
ROOT_2 = math.sqrt(2)
PRECISION = 3e-16
MANY = 3000
"""Degrees of freedom from which on quantiles follow from the normal distribution's, to 1e-12."""
TERMS = 10_000
"""Of the continued fraction, which takes about the root of the degrees of freedom."""


def two_sided(t: float, degrees: int) -> float:
    """Return the probability that |T| is at least `t` (at least 0), with 1 or more degrees of freedom."""
    if t == 0.0:
        return 1.0
    if math.isinf(t):
        return 0.0
    square = t * t
    far, near = degrees / (degrees + square), square / (degrees + square)
    # Abramowitz and Stegun, 26.5.27: an incomplete beta function, from the side on which its fraction converges.
    if far < (degrees / 2 + 1) / (degrees / 2 + 2.5):
        return _incomplete_beta(degrees / 2, 0.5, far, near)
    return 1.0 - _incomplete_beta(0.5, degrees / 2, near, far)


@lru_cache(maxsize=64)
def quantile(degrees: int, level: float = 0.95) -> float:
    """Return the point beyond which Student's t has (1 - level) / 2, with 1 or more degrees of freedom."""
    if degrees > MANY:
        return _near_normal(degrees, NormalDist().inv_cdf(0.5 + level / 2))
    low, high, tail = 0.0, 1.0, 1.0 - level
    while two_sided(high, degrees) > tail:
        low, high = high, 2 * high
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if two_sided(middle, degrees) > tail else (low, middle)
    return high


def _near_normal(degrees: int, z: float) -> float:
    """Return the quantile that is `z` for the normal distribution (Abramowitz and Stegun, 26.7.5)."""
    square, v = z * z, 1.0 / degrees
    first = (square + 1) / 4
    second = ((5 * square + 16) * square + 3) / 96
    third = (((3 * square + 19) * square + 17) * square - 15) / 384
    return z * (1 + v * (first + v * (second + v * third)))


def power(errors: float, degrees: int, bar: float) -> float:
    """Return the probability that |T| is more than `bar`, where T's numerator is centred on `errors` (noncentral t).

    It is the mean over the standard deviation s that the clips show, of which degrees * s^2 has the chi-square
    distribution, of the two tails of the normal distribution beyond bar * s. The mean is taken in the logarithm of s by
    even steps, which for a function that fades at both ends is exact to all digits once the steps are fine enough.

    Args:
        errors: true difference over its standard error, at least 0.
        degrees: of freedom, at least 1.
        bar: that the test sets, above 0.
    """
    width = 1 / math.sqrt(2 * degrees)
    step = min(width / 4, 0.25 / max(1.0, errors))
    lowest, highest = -max(9 * width, 40.0 / degrees + 0.5), 9 * width
    found = mass = 0.0
    for place in range(math.floor(lowest / step), math.ceil(highest / step) + 1):
        u = place * step
        density = math.exp(degrees * (u - math.expm1(2 * u) / 2))
        level = bar * math.exp(u)
        mass += density
        found += density * 0.5 * (math.erfc((level - errors) / ROOT_2) + math.erfc((level + errors) / ROOT_2))
    return found / mass


def _incomplete_beta(a: float, b: float, x: float, rest: float) -> float:
    """Return I_x(a, b) where one of a and b is 1/2; `rest` is 1 - x, to all its digits."""
    power = a * math.log1p(-rest) if x > 0.5 else a * math.log(x)
    power += b * math.log1p(-x) if rest > 0.5 else b * math.log(rest)
    front = math.exp(power) * _gamma_ratio(max(a, b)) / math.sqrt(math.pi)
    return front / (a * _fraction(a, b, x))


def _gamma_ratio(a: float) -> float:
    """Return gamma(a + 1/2) / gamma(a)."""
    if a < LARGE:
        return math.exp(math.lgamma(a + 0.5) - math.lgamma(a))
    u = 1.0 / a
    return math.sqrt(a) * (1 - u / 8 + u**2 / 128 + 5 * u**3 / 1024 - 21 * u**4 / 32768)


def _fraction(a: float, b: float, x: float) -> float:
    """Return the continued fraction 1 + d1/(1 + d2/(1 + ...)) of DLMF 8.17.22, by Lentz's method."""
    value, c, d = 1.0, 1.0, 0.0
    for term in range(1, TERMS):
        m = term // 2
        if term % 2:
            step = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            step = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1.0 / (1.0 + step * d or TINY)
        c = 1.0 + step / c or TINY
        value *= c * d
        if abs(c * d - 1.0) < PRECISION:
            break
    return value
