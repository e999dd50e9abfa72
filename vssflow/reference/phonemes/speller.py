"""Phones of a word that no dictionary has, from its letters.

A recurrent network with gated units (Cho et al., EMNLP 2014) reads the letters and writes phones until it writes the
end, always the likeliest one. The weights are those of g2p_en 2.1.0 in full precision: at 16 bits one word in 2,500
comes out differently.
"""

from __future__ import annotations

import math
from functools import cache, lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from vssflow.reference.phonemes.tables import read_table

LETTERS = ("<pad>", "<unk>", "</s>", *"abcdefghijklmnopqrstuvwxyz")
PHONES = tuple(
    (
        "<pad> <unk> <s> </s> "
        "AA0 AA1 AA2 AE0 AE1 AE2 AH0 AH1 AH2 AO0 AO1 AO2 AW0 AW1 AW2 AY0 AY1 AY2 B CH D DH EH0 EH1 "
        "EH2 ER0 ER1 ER2 EY0 EY1 EY2 F G HH IH0 IH1 IH2 IY0 IY1 IY2 JH K L M N NG OW0 OW1 OW2 OY0 OY1 OY2 P R S SH T "
        "TH UH0 UH1 UH2 UW UW0 UW1 UW2 V W Y Z ZH"
    ).split()
)
WIDTH = 256
MOST_PHONES = 20
"""A word is cut after so many phones, as the authors' front end does."""
_IDS = {letter: place for place, letter in enumerate(LETTERS)}


class Cell(NamedTuple):
    """Weights of a gated recurrent unit; reset, update and new state stand one below the other."""

    inputs: Tensor
    """(3 * WIDTH, WIDTH)"""
    states: Tensor
    """(3 * WIDTH, WIDTH)"""
    input_bias: Tensor
    """(3 * WIDTH,)"""
    state_bias: Tensor
    """(3 * WIDTH,)"""

    def step(self, vector: Tensor, state: Tensor) -> Tensor:
        """Next state; all three are (1, WIDTH)."""
        return torch.gru_cell(vector, state, self.inputs, self.states, self.input_bias, self.state_bias)


class Speller(NamedTuple):
    """Weights of the network."""

    letters: Tensor
    """(letters, WIDTH)"""
    reader: Cell
    phones: Tensor
    """(phones, WIDTH)"""
    writer: Cell
    choice: Tensor
    """(phones, WIDTH)"""
    choice_bias: Tensor
    """(phones,)"""


@lru_cache(maxsize=4096)
def spell(word: str) -> tuple[str, ...]:
    """ARPAbet phones with stress of one lower-case word, at most `MOST_PHONES`; a sign in it is an unknown letter."""
    network = shipped_speller()
    state = torch.zeros(1, WIDTH)
    for letter in (*word, "</s>"):
        state = network.reader.step(network.letters[None, _IDS.get(letter, _IDS["<unk>"])], state)
    phone, written = PHONES.index("<s>"), []
    for _ in range(MOST_PHONES):
        state = network.writer.step(network.phones[None, phone], state)
        phone = int((state @ network.choice.T + network.choice_bias).argmax())
        if PHONES[phone] == "</s>":
            break
        written.append(PHONES[phone])
    return tuple(written)


@cache
def shipped_speller() -> Speller:
    """The network with the weights that are shipped."""
    cell = ((3 * WIDTH, WIDTH), (3 * WIDTH, WIDTH), (3 * WIDTH,), (3 * WIDTH,))
    shapes = ((len(LETTERS), WIDTH), *cell, (len(PHONES), WIDTH), *cell, (len(PHONES), WIDTH), (len(PHONES),))
    numbers = torch.split(from_planes(read_table("speller.f32.xz")), [math.prod(shape) for shape in shapes])
    parts = [part.view(shape) for part, shape in zip(numbers, shapes, strict=True)]
    return Speller(parts[0], Cell(*parts[1:5]), parts[5], Cell(*parts[6:10]), parts[10], parts[11])


def from_planes(content: bytes) -> Tensor:
    """Join numbers whose first bytes are stored first, then all second bytes, and so on (they pack better so).

    Returns:
        float32, one number for each four bytes.
    """
    planes = torch.frombuffer(bytearray(content), dtype=torch.uint8).view(4, -1)
    return planes.t().contiguous().view(torch.float32).flatten()
