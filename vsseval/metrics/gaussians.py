"""Fréchet distance between two sets of feature vectors, from additive sums or straight from the vectors.

Fréchet distance of two Gaussians (Dowson and Landau, J. Multivariate Analysis 12, 1982), used for sound by
Kilgour et al., "Fréchet Audio Distance", Interspeech 2019: |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)). The trace of
the root is the sum of the roots of the eigenvalues of R^T C2 R, where R R^T = C1, which is symmetric: in float64 it
agrees with a general matrix root to 4e-12 and is free of imaginary remainders. Where a side has fewer vectors than
dimensions it is the sum of the singular values of A B^T, of the centred vectors themselves: no d x d matrix is made.
"""

from __future__ import annotations

import numpy as np

from vsseval.metrics.base import Sums, Unmeasurable
from vsseval.metrics.vector_sets import check_vectors


def moments(vectors: np.ndarray) -> Sums:
    """Return additive statistics of vectors, float64: `n` (), `x` (d,), `xx` (d, d).

    Args:
        vectors: shape (n, d), centred near zero (large offsets cost digits).
    """
    x = np.asarray(vectors, np.float64)
    return {"n": np.asarray(float(len(x))), "x": x.sum(axis=0), "xx": x.T @ x}


def gaussian(sums: Sums) -> tuple[np.ndarray, np.ndarray]:
    """Return mean (d,) and covariance (d, d) with n - 1 in the denominator.

    Raises:
        Unmeasurable: fewer than two vectors.
    """
    n = float(sums["n"])
    if n < 2:
        raise Unmeasurable(f"a covariance needs at least two vectors, there are {n:.0f}")
    mean = sums["x"] / n
    return mean, (sums["xx"] - n * np.outer(mean, mean)) / (n - 1)


def frechet_distance(mean1: np.ndarray, cov1: np.ndarray, mean2: np.ndarray, cov2: np.ndarray) -> float:
    """Return the Fréchet distance of two Gaussians; rounding below zero is cut to 0.

    Args:
        mean1: shape (d,).
        cov1: shape (d, d), symmetric, positive semidefinite.
        mean2: shape (d,).
        cov2: shape (d, d).

    Raises:
        ValueError: the shapes differ.
        Unmeasurable: NaN or infinity among the values.
    """
    if mean1.shape != mean2.shape or cov1.shape != cov2.shape:
        raise ValueError(f"the sides have different dimensions: {mean1.shape} and {mean2.shape}")
    if not all(np.isfinite(part).all() for part in (mean1, cov1, mean2, cov2)):
        raise Unmeasurable("the features hold NaN or infinite values")
    cross = _cross(cov1, cov2).sum()
    distance = np.square(mean1 - mean2).sum() + np.trace(cov1) + np.trace(cov2) - 2 * cross
    return max(0.0, float(distance))


def frechet_of_vectors(x: np.ndarray, y: np.ndarray) -> float:
    """Return the Fréchet distance of two sets of vectors, at least 0, in float64.

    Args:
        x: shape (n, d).
        y: shape (m, d).

    Raises:
        Unmeasurable: fewer than two vectors in a set, vectors of different length, or NaN or infinite values.
    """
    check_vectors(x, y)
    (mean1, a), (mean2, b) = _centred(x), _centred(y)
    if len(a) > a.shape[1] and len(b) > b.shape[1]:
        return frechet_distance(mean1, a.T @ a, mean2, b.T @ b)
    if len(a) > len(b):
        a, b = b, a
    with np.errstate(over="ignore"):
        traces = np.square(mean1 - mean2).sum() + np.square(a).sum() + np.square(b).sum()
    if not np.isfinite(traces):
        raise Unmeasurable("the features are too large for a covariance")
    # The roots of the eigenvalues of A^T A B^T B are the singular values of A B^T. Centred rows add up to zero, so that
    # the least eigenvalue is zero; left in, its rounding of 1e-16 would have a root of 1e-8.
    wide = len(b) <= b.shape[1]
    roots = np.linalg.svd(a @ b.T, compute_uv=False) if wide else _roots(a @ (b.T @ b) @ a.T)[1:]
    return max(0.0, float(traces - 2 * roots.sum()))


def _centred(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean (d,), and vectors (n, d) less their mean over sqrt(n - 1): their products are covariances."""
    if len(vectors) < 2:
        raise Unmeasurable(f"a covariance needs at least two vectors, there are {len(vectors)}")
    x = np.asarray(vectors, np.float64)
    mean = x.mean(axis=0)
    return mean, (x - mean) / np.sqrt(len(x) - 1)


def _roots(product: np.ndarray) -> np.ndarray:
    """Return the roots of the eigenvalues of a matrix that is symmetric but for rounding; negative ones are 0."""
    return np.asarray(np.sqrt(np.maximum(np.linalg.eigvalsh((product + product.T) / 2), 0.0)))


def _cross(cov1: np.ndarray, cov2: np.ndarray) -> np.ndarray:
    """Return the roots of the eigenvalues of the product of two covariances.

    They are those of R^T C R for any R R^T = the other covariance: Cholesky's, by LAPACK's `sygv`, or, where both
    covariances are singular, the symmetric one.
    """
    from scipy.linalg import eigh

    for one, other in ((cov2, cov1), (cov1, cov2)):
        try:
            # the stubs do not know that a generalised problem has drivers
            found = eigh(one, other, type=2, eigvals_only=True, driver="gv", check_finite=False)  # type: ignore[call-overload]
        except np.linalg.LinAlgError:
            continue
        return np.asarray(np.sqrt(np.maximum(found, 0.0)))
    spread, axes = np.linalg.eigh((cov1 + cov1.T) / 2)
    root = axes * np.sqrt(np.maximum(spread, 0.0)) @ axes.T
    return _roots(root.T @ cov2 @ root)
