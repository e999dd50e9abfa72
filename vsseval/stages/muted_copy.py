"""Decides which media a model may have as they are, and of which it gets a copy: without sound, without the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vsseval import media
from vsseval.store import atomic
from vsseval.types import Medium

if TYPE_CHECKING:
    from vsseval.store.features import FeatureStore


def muted_copy(video: Medium, store: FeatureStore) -> Medium:
    """Return a video without an audio track and without what lies outside its segment: itself, or a copy in the store.

    Videos of data sets carry the ground truth; a model that is handed one could copy it.

    Raises:
        Unmeasurable: the video cannot be read.
        EnvironmentFault: the copy cannot be written.
    """
    whole = video.key == video.sha256
    if whole and not media.probe(video.path).has_audio:
        return video
    target = store.muted_path(video.key)
    if not target.exists():
        with atomic.as_environment_fault(target):
            target.parent.mkdir(parents=True, exist_ok=True)
        media.mute(video.path, target, video.start, video.seconds)
    return Medium(path=target, sha256=media.sha256(target))


def excerpt_copy(sound: Medium, store: FeatureStore) -> Medium:
    """Return a sound of which nothing lies outside its segment: itself, or a copy in the store.

    Raises:
        Unmeasurable: the sound cannot be read.
        EnvironmentFault: the copy cannot be written.
    """
    if sound.key == sound.sha256:
        return sound
    target = store.excerpt_path(sound.key)
    if not target.exists():
        audio = media.load_audio(sound.path, sound.start, sound.seconds)
        with atomic.as_environment_fault(target):
            target.parent.mkdir(parents=True, exist_ok=True)
        media.write_flac(target, audio.samples, audio.sample_rate)
    return Medium(path=target, sha256=media.sha256(target))
