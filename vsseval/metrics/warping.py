"""Dynamic time warping of two sequences of vectors, nearly in linear time.

FastDTW (Salvador and Chan, Intelligent Data Analysis 11, 2007): the path of two halved sequences, widened by a radius,
bounds that of the whole. The path is not always the best one, and other implementations of the same idea find others:
this one takes the steps, and where they cost the same the order of the steps, of the package fastdtw 0.3.4.
"""

from __future__ import annotations

import math

import numpy as np

Window = tuple[np.ndarray, np.ndarray]
"""First and last column + 1 of every row, (n,) each; neither ever decreases."""

_UP, _LEFT = 0, 1
"""Steps: from the row before in the same column, from the column before in the same row; else from both before."""


def warping_path(x: np.ndarray, y: np.ndarray, radius: int = 1) -> np.ndarray:
    """Return the path that aligns two sequences under the Euclidean distance.

    Args:
        x: shape (n, d), n >= 1.
        y: shape (m, d), m >= 1.
        radius: how far the path may leave that of the halved sequences.

    Returns:
        Pairs of places in x and y, int, shape (k, 2), from (0, 0) to (n - 1, m - 1); each next pair is a step in one
        of the two, or in both.
    """
    if min(len(x), len(y)) < radius + 2:
        return _path(x, y, (np.zeros(len(x), int), np.full(len(x), len(y))))
    coarse = warping_path(_halved(x), _halved(y), radius)
    return _path(x, y, _around(coarse, len(x), len(y), radius))


def _halved(x: np.ndarray) -> np.ndarray:
    """Return the means of neighbours; an odd last one is dropped."""
    even = len(x) - len(x) % 2
    return np.asarray((x[0:even:2] + x[1:even:2]) / 2)


def _around(path: np.ndarray, rows: int, columns: int, radius: int) -> Window:
    """Return the cells of the whole within `radius` cells of the path of the halves."""
    coarse_rows = -(-rows // 2)
    first, last = np.full(coarse_rows, columns), np.full(coarse_rows, -1)
    for shift in range(-radius, radius + 1):
        row = path[:, 0] + shift
        inside = (row >= 0) & (row < coarse_rows)
        np.minimum.at(first, row[inside], path[inside, 1] - radius)
        np.maximum.at(last, row[inside], path[inside, 1] + radius)
    starts, stops = np.maximum(2 * first, 0), np.minimum(2 * last + 2, columns)
    return np.repeat(starts, 2)[:rows], np.repeat(stops, 2)[:rows]


def _path(x: np.ndarray, y: np.ndarray, window: Window) -> np.ndarray:
    """Return the cheapest path through a window."""
    starts, stops = window
    distances = _distances(x, y, starts, stops)
    moves: list[list[int]] = []
    before: list[float] = []
    for row, (start, stop, costs) in enumerate(zip(starts.tolist(), stops.tolist(), distances, strict=True)):
        # What lies before the first cell costs nothing; everything else outside of the window costs infinitely much.
        above = _shifted(before, start - int(starts[row - 1]), stop - start) if row else [math.inf] * (stop - start + 1)
        if not row:
            above[0] = 0.0
        here, steps = _row(above, costs)
        moves.append(steps)
        before = here
    return _traced(moves, starts.tolist(), len(x), len(y))


def _shifted(before: list[float], offset: int, count: int) -> list[float]:
    """Return the row above from the column before a row's first to its last; infinite where there is none."""
    padded = [math.inf, *before] if offset == 0 else before[offset - 1 :]
    return (padded + [math.inf] * (count + 1))[: count + 1]


def _row(above: list[float], costs: list[float]) -> tuple[list[float], list[int]]:
    """Return the costs of a row's cells, and the steps that lead to them; of equal ones the first counts."""
    here: list[float] = []
    steps: list[int] = []
    left = math.inf
    for place, cost in enumerate(costs):
        best, step = above[place + 1] + cost, _UP
        other = left + cost
        if other < best:
            best, step = other, _LEFT
        other = above[place] + cost
        if other < best:
            best, step = other, _LEFT + 1
        here.append(best)
        steps.append(step)
        left = best
    return here, steps


def _distances(x: np.ndarray, y: np.ndarray, starts: np.ndarray, stops: np.ndarray) -> list[list[float]]:
    """Return the distances of a window's cells, row by row."""
    widths = stops - starts
    ends = np.cumsum(widths)
    rows = np.repeat(np.arange(len(x)), widths)
    columns = np.arange(ends[-1]) - np.repeat(ends - widths - starts, widths)
    flat = np.sqrt(np.square(x[rows] - y[columns]).sum(axis=1))
    return [part.tolist() for part in np.split(flat, ends[:-1])]


def _traced(moves: list[list[int]], starts: list[int], rows: int, columns: int) -> np.ndarray:
    """Return the path that ends in the last cell."""
    row, column = rows - 1, columns - 1
    path = [(row, column)]
    while row or column:
        step = moves[row][column - starts[row]]
        row, column = (row if step == _LEFT else row - 1), (column if step == _UP else column - 1)
        path.append((row, column))
    return np.array(path[::-1])
