"""Configuration of a whole model: read from TOML, kept in the header of the weights."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

from vsseval.errors import UsageError
from vsseval.text.readers import file_text, toml_tables
from vssflow.conditions import ConditionConfig
from vssflow.dit import DiTConfig
from vssflow.sampling.guidance import GUIDANCE, THROUGHOUT, Times
from vssflow.small.vision import VisionConfig

UNSAID = (None, "paper")
"""Settings of the conditions that the header of weights leaves out, for they are the usual ones: the file is kept under
20 MB, and has 2 bytes left."""


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """Shapes of every part of the small model, and how it is sampled."""

    latent: int
    dit: DiTConfig
    conditions: ConditionConfig
    vision: VisionConfig
    guidance: float = GUIDANCE
    """Weight of classifier-free guidance that the weights are sampled with, unless another is asked for."""
    guided: Times = THROUGHOUT
    """Flow times between which there is guidance."""

    def __post_init__(self) -> None:
        needed = self.latent + self.conditions.channels
        if self.dit.channels != needed:
            raise ValueError(f"dit.channels is {self.dit.channels}, latent and conditions need {needed}")
        if not 0 <= self.guided[0] < self.guided[1] <= 1:
            raise ValueError(f"sampling.guided is {self.guided}: two flow times from 0 to 1, the first one less")

    @classmethod
    def from_tables(cls, tables: dict[str, Any]) -> ModelConfig:
        """Build from the tables `latent`, `dit`, `conditions`, `vision` and, if any, `sampling` of a configuration."""
        vision = dict(tables["vision"])
        vision["labels"] = tuple(vision.get("labels", ()))
        sampling = tables.get("sampling", {})
        first, last = sampling.get("guided", THROUGHOUT)
        return cls(
            latent=tables["latent"]["channels"],
            dit=DiTConfig(**tables["dit"]),
            conditions=ConditionConfig(**tables["conditions"]),
            vision=VisionConfig(**vision),
            guidance=float(sampling.get("guidance", GUIDANCE)),
            guided=(float(first), float(last)),
        )

    @classmethod
    def from_file(cls, path: Path) -> ModelConfig:
        """Read a TOML file."""
        return cls.from_tables(toml_tables(file_text(path)))

    @classmethod
    def named(cls, name: str) -> ModelConfig:
        """Read a configuration that ships in `vssflow/configs`."""
        return cls.from_tables(toml_tables((resources.files("vssflow") / "configs" / f"{name}.toml").read_text()))

    def with_scheme(self, scheme: str) -> ModelConfig:
        """Return the same with other conditions on the channel axis (`vssflow.conditions.SCHEMES`).

        Raises:
            UsageError: there is no such scheme.
        """
        conditions = replace(self.conditions, scheme=scheme)
        return replace(self, conditions=conditions, dit=replace(self.dit, channels=self.latent + conditions.channels))

    def of_size(self, *, width: int | None = None, layers: int | None = None) -> ModelConfig:
        """Return the same with a transformer of another width or number of blocks; None keeps what there is.

        Raises:
            UsageError: the width is no multiple of twice the heads twice over, whose halves are turned in pairs.
        """
        dit = replace(self.dit, width=width or self.dit.width, layers=layers or self.dit.layers)
        if dit.width % (4 * dit.heads):
            raise UsageError(f"--width {dit.width}: {dit.heads} heads need a multiple of {4 * dit.heads}")
        return replace(self, dit=dit)

    def to_json(self) -> str:
        """Write the tables as JSON, as `from_tables` reads them."""
        tables = {
            "latent": {"channels": self.latent},
            "dit": asdict(self.dit),
            "conditions": {key: value for key, value in asdict(self.conditions).items() if value not in UNSAID},
            "vision": asdict(self.vision),
            "sampling": {"guidance": self.guidance, "guided": self.guided},
        }  # fmt: skip
        return json.dumps(tables, separators=(",", ":"))
