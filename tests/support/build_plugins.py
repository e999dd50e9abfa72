"""Metrics and extractors by name, as a run builds them."""

from vsseval import plugins
from vsseval.extractors.base import AnyExtractor
from vsseval.metrics.base import Metric


def build_metric(name: str) -> Metric:
    return plugins.load("metrics", name)()


def build_extractor(name: str) -> AnyExtractor:
    return plugins.load("extractors", name)()
