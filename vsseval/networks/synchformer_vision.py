"""Synchformer's visual half: frames at 25 a second to eight vectors per segment of 16 frames.

Iashin et al., 'Synchformer: efficient synchronization from sparse cues', 2024: a Motionformer with divided attention,
and one layer that gathers the patches of each pair of frames into a token. Segments overlap by half.
"""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vsseval.errors import UsageError
from vsseval.networks.clip import Attention
from vsseval.networks.skip_initial_weights import SkipInitialWeights
from vsseval.networks.state_dict import read_state_dict, require_fit

WIDTH, HEADS, LAYERS = 768, 12, 12
EPSILON = 1e-6
"""Of every layer normalisation."""
PATCH, SPACE = 16, 196
"""Pixels along a patch, and patches to a picture."""
SEGMENT, HOP, PAIR = 16, 8, 2
"""Frames to a segment, from one segment to the next, and to a token."""
TIME = SEGMENT // PAIR
"""Tokens of a segment at the same place."""
AT_ONCE = 2
"""Segments to a batch on a processor, where more is no faster and needs more memory."""
AT_ONCE_ON_DEVICE = 30
PREFIX = "vfeat_extractor."


class DividedAttention(nn.Module):
    """Attention of each patch to the class token and to those at its place, or those of its moment."""

    def __init__(self, *, over_time: bool) -> None:
        super().__init__()
        self.over_time = over_time
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.proj = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, 1 + 8 * 196, 768) to the same shape; the class token attends to every token."""
        q, k, v = self.qkv(x).view(*x.shape[:2], 3, HEADS, -1).unbind(2)
        class_asks = (part.transpose(1, 2) for part in (q[:, :1], k, v))
        summary = F.scaled_dot_product_attention(*class_asks).transpose(1, 2)
        keys, values = self._with_class(k), self._with_class(v)
        patches = F.scaled_dot_product_attention(self._groups(q[:, 1:]), keys, values)
        out: Tensor = self.proj(torch.cat([summary, self._tokens(patches, len(x))], dim=1).flatten(2))
        return out

    def _groups(self, patches: Tensor) -> Tensor:
        """Sort (n, 8 * 196, heads, 64) into (n * groups, heads, patches that see each other, 64)."""
        grid = patches.view(-1, TIME, SPACE, *patches.shape[2:])
        if self.over_time:
            grid = grid.transpose(1, 2)
        return grid.flatten(0, 1).transpose(1, 2)

    def _with_class(self, part: Tensor) -> Tensor:
        """Put the class token before each group: (n * groups, heads, 1 + patches, 64)."""
        groups = self._groups(part[:, 1:])
        first = part[:, :1].repeat_interleave(len(groups) // len(part), dim=0).transpose(1, 2)
        return torch.cat([first, groups], dim=2)

    def _tokens(self, groups: Tensor, count: int) -> Tensor:
        """Undo `_groups`: (n, 8 * 196, heads, 64)."""
        grid = groups.transpose(1, 2)
        grid = grid.reshape(count, -1, *grid.shape[1:])
        if self.over_time:
            grid = grid.transpose(1, 2)
        return grid.flatten(1, 2)


class _MLP(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(WIDTH, 4 * WIDTH)
        self.fc2 = nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.fc2(F.gelu(self.fc1(x)))
        return out


class Block(nn.Module):
    """Attention over time, attention over space, and a feed-forward network."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(WIDTH, EPSILON)
        self.attn = DividedAttention(over_time=False)
        self.timeattn = DividedAttention(over_time=True)
        self.norm2 = nn.LayerNorm(WIDTH, EPSILON)
        self.mlp = _MLP()
        self.norm3 = nn.LayerNorm(WIDTH, EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, 1 + 8 * 196, 768) to the same shape."""
        x = x + self.timeattn(self.norm3(x))
        x = x + self.attn(self.norm1(x))
        out: Tensor = x + self.mlp(self.norm2(x))
        return out


class Gather(nn.Module):
    """One transformer layer whose class token gathers a group of patches."""

    def __init__(self) -> None:
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, WIDTH))
        self.self_attn = Attention(WIDTH, HEADS)
        self.linear1 = nn.Linear(WIDTH, 4 * WIDTH)
        self.linear2 = nn.Linear(4 * WIDTH, WIDTH)
        self.norm1 = nn.LayerNorm(WIDTH, EPSILON)
        self.norm2 = nn.LayerNorm(WIDTH, EPSILON)

    def forward(self, patches: Tensor) -> Tensor:
        """Map (groups, patches, 768) to (groups, 768): only the class token's way is computed."""
        x = torch.cat([self.cls_token.expand(len(patches), -1, -1), patches], dim=1)
        token = (x[:, :1] + self.self_attn(self.norm1(x), 1))[:, 0]
        out: Tensor = token + self.linear2(F.gelu(self.linear1(self.norm2(token))))
        return out


class _PatchEmbedding(nn.Module):
    def __init__(self, proj: nn.Conv2d | nn.Conv3d) -> None:
        super().__init__()
        self.proj = proj


class SynchformerVision(nn.Module):
    """The visual encoder, with the parameter names of Synchformer's checkpoint under `vfeat_extractor.`."""

    def __init__(self) -> None:
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, WIDTH))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + SPACE, WIDTH))
        self.temp_embed = nn.Parameter(torch.zeros(1, TIME, WIDTH))
        # in every checkpoint, for still pictures: nothing here uses it
        self.patch_embed = _PatchEmbedding(nn.Conv2d(3, WIDTH, PATCH, PATCH))
        tube = (PAIR, PATCH, PATCH)
        self.patch_embed_3d = _PatchEmbedding(nn.Conv3d(3, WIDTH, tube, tube))
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(WIDTH, EPSILON)
        self.spatial_attn_agg = Gather()

    def embed(self, segments: Tensor) -> Tensor:
        """Cut segments (n, 16, 3, 224, 224) into tokens with their positions (n, 1 + 8 * 196, 768), class first."""
        patches = self.patch_embed_3d.proj(segments.transpose(1, 2)).flatten(2).transpose(1, 2)
        place, moment = self.pos_embed[:, 1:].repeat(1, TIME, 1), self.temp_embed.repeat_interleave(SPACE, 1)
        first = (self.cls_token + self.pos_embed[:, :1]).expand(len(segments), -1, -1)
        tokens: Tensor = torch.cat([first, patches + (place + moment)], dim=1)
        return tokens

    def forward(self, segments: Tensor) -> Tensor:
        """Encode segments, each alone: (n, 16, 3, 224, 224) in [-1, 1] to (n, 8, 768)."""
        x = self.embed(segments)
        for block in self.blocks:
            x = block(x)
        tokens: Tensor = self.spatial_attn_agg(self.norm(x[:, 1:]).reshape(-1, SPACE, WIDTH))
        return tokens.view(-1, TIME, WIDTH)

    @torch.no_grad()
    def encode(self, frames: Tensor) -> Tensor:
        """Encode a video: segments of 16 frames, one every 8; what is left over at the end is not seen.

        A segment equal to the one before it (padding, a still picture) is not computed again.

        Args:
            frames: shape (T, 3, 224, 224), or (B, T, 3, 224, 224), on any device, T of 16 or more; as
                `vssflow.reference.frames.sync_frames` gives them.

        Returns:
            Shape (segments, 8, 768), or (B, segments, 8, 768), on the network's device; segments is
            (T - 16) // 8 + 1, 30 for ten seconds.
        """
        if frames.ndim == 5:
            return torch.stack([self.encode(video) for video in frames])
        todo, which = different_segments(frames)
        kind = self.cls_token
        step = AT_ONCE if kind.device.type == "cpu" else AT_ONCE_ON_DEVICE
        parts = []
        for first in range(0, len(todo), step):
            segments = torch.stack([frames[at : at + SEGMENT] for at in todo[first : first + step]])
            parts.append(self(segments.to(kind)))
        return torch.cat(parts)[which.to(kind.device)]


def different_segments(frames: Tensor) -> tuple[list[int], Tensor]:
    """Find the segments of a video that are not equal to the one before: padding, a still picture.

    Args:
        frames: shape (T, 3, 224, 224), T of 16 or more.

    Returns:
        First frames of those that are to be computed, and for each segment, (T - 16) // 8 + 1 of them, the number of
        the one that stands for it.

    Raises:
        ValueError: the shape is another.
    """
    if frames.ndim != 4 or frames.shape[1:] != (3, PATCH * 14, PATCH * 14) or len(frames) < SEGMENT:
        raise ValueError(f"frames must be (T, 3, 224, 224) with T of 16 or more, not {tuple(frames.shape)}")
    starts = range(0, len(frames) - SEGMENT + 1, HOP)
    same = (frames[HOP:] == frames[:-HOP]).flatten(1).all(1)
    new = torch.tensor([at == 0 or not bool(same[at - HOP : at + HOP].all()) for at in starts])
    return [at for at, is_new in zip(starts, new.tolist(), strict=True) if is_new], new.cumsum(0) - 1


def load_synchformer(path: Path) -> SynchformerVision:
    """Load the visual encoder from Synchformer's weights; the other parts in the file are left out.

    Numbers of half precision are widened to float32.

    Raises:
        UsageError: the file cannot be read, or its keys or shapes are not those of Synchformer's visual encoder.
    """
    state = {key.removeprefix(PREFIX): value for key, value in read_state_dict(path).items() if key.startswith(PREFIX)}
    if not state:
        raise UsageError(f"{path}: no key starts with {PREFIX[:-1]}: these are not the weights of Synchformer")
    with SkipInitialWeights():
        network = SynchformerVision()
    shapes = {key: value.shape for key, value in network.state_dict().items()}
    require_fit(state, shapes, path, "Synchformer's visual encoder", PREFIX)
    network.load_state_dict({key: value.float() for key, value in state.items()}, assign=True)
    return network.requires_grad_(requires_grad=False).eval()
