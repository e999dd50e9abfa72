"""Which captions the small text-audio encoder can read: those made of the words that it was trained on.

A caption is read where each of its words is known and one of them names what sounds. That reads all of the 84 captions
of the mini benchmarks, twelve of VGGSound's 309 classes, each of them one of the encoder's own, and 1.5 % of 4,875
captions of AudioCaps, which tell of an engine, speech, rain, wind, a bell, a tap or a siren. How near a caption comes
to the classes in the text tower is no better a guard: where it reads 95 % of the same 84, it reads 1.6 % of VGGSound's.
"""

from __future__ import annotations

import re

SOURCES = frozenset(
    """
    ball basketball bounce bounces bouncing bouncy dribble dribbles dribbling
    bell bells clapper tolling ring rings ringing
    drip drips dripping drop drops tap faucet leaking
    drum drums drumming drummer drumsticks bongo tom snare
    engine motor revving revs accelerates accelerating car van tractor
    footsteps steps stepping shoes walks walking
    glass bottle shatters shattering smashes breaking
    hammer hammers hammering anvil
    knock knocks knocking
    rain rainfall raining
    siren sirens wailing ambulance police
    wind windy breeze gusts howls
    speaking speaks talking speech says
    """.split()
)
"""Words that name one of the twelve kinds of sounding object, or speech."""

OTHERS = frozenset(
    """
    a an the one and its it of on in into at to by with from for up down onto across around through against under over
    is are being can be hear heard you while as
    sound sounds noise audio recording background close
    someone somebody something person man woman hand fist young deep voice accent scottish
    small little big large heavy light bright hollow soft worn hard orange yellow
    fast slow quickly slowly briskly steadily strong changing strength
    wooden wood concrete stone tiled gravel snow metal floor door nail block roof street lake road basin
    bucket sink water
    tree bare leafy bending swaying blowing full shelf pieces wine blacksmith blacksmith's church
    falls fall falling breaks rung swings tolls beating played playing hitting strikes striking struck sticks
    driving running runs speeding slowing single pouring shower grows slackens rising flashing lights tones two
    fire truck
    rubber tennis ping pong rapping emergency alarm blow break crash bass weather
    """.split()
)
"""The other words of the makers' captions and of their paraphrases; alone they name nothing."""


def unread(caption: str) -> str | None:
    """Return why the encoder cannot read a caption, or None where it can.

    >>> unread("a dog barks")
    'the encoder was not trained on the words barks, dog'
    """
    words = re.findall(r"[a-z0-9]+(?:'[a-z]+)?", caption.lower())
    strange = sorted({word for word in words if word not in SOURCES and word not in OTHERS})
    if strange:
        return f"the encoder was not trained on the words {', '.join(strange)}"
    if SOURCES.isdisjoint(words):
        return "the caption names none of the encoder's twelve classes, nor speech"
    return None
