"""Phones to the rows of the authors' embedding table.

Row 0 stands for "no speech here"; rows 1 to 70 are 69 phones and <blank>, in the order of the authors' token list,
which has no system; the rest of the table's 200 rows is unused. Whatever has no row of its own, above all
punctuation, is <blank>.
"""

from __future__ import annotations

from typing import Final

BLANK: Final = "<blank>"
SILENCE: Final = 0
"""Row of the frames in which nobody speaks."""
TOKENS: Final = tuple(
    (
        "AA0 DH AY0 V F AH2 D P EH1 AW1 ER0 OW0 TH UH1 OW2 IY2 HH UW0 CH AH1 JH OY2 Z AO2 IH0 NG UH0 AE1 AO0 IH2 IY0 "
        "EH0 AY2 T OY1 ER2 AA2 Y AW0 UH2 M UW2 IH1 R SH G S AE0 EH2 W UW1 AW2 EY1 ZH OY0 OW1 EY0 L <blank> ER1 N AA1 "
        "AY1 AO1 B EY2 K AH0 IY1 AE2"
    ).split()
)
"""The token of row 1, of row 2 and so on."""
_ROWS = {token: place + 1 for place, token in enumerate(TOKENS)}


def between_blanks(phones: list[str]) -> list[str]:
    """The tokens of a sentence: its phones between two <blank>s."""
    return [BLANK, *phones, BLANK]


def rows(tokens: list[str]) -> list[int]:
    """Row of each token, 1 to 70."""
    return [_ROWS.get(token, _ROWS[BLANK]) for token in tokens]
