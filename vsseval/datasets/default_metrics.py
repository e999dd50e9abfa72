"""Metrics that are customary for a task, as published recipes; those that need no download stand behind them."""

__all__ = [
    "AESTHETICS",
    "AVBENCH",
    "AVBENCH_TEXT",
    "DUBBING",
    "GRID",
    "JOINT",
    "LIPS",
    "LIP_TO_SPEECH",
    "NO_REFERENCE",
    "SPEECH",
]

AVBENCH = (
    "fd_passt@avbench", "fd_panns@avbench", "fd_vggish@avbench", "kl_passt@avbench", "kl_panns@avbench",
    "is_panns@avbench", "ib_score@avbench", "desync@synchformer", "fad@aisfx", "kl@aisfx", "sound_sim@aisfx",
    "fad@logmel", "desync@onset",
)  # fmt: skip
"""Video-to-sound against a reference, as MMAudio and its successors print it."""

AVBENCH_TEXT = (*AVBENCH, "clap_score@laion")
"""The same, where clips have captions that say what sounds."""

AESTHETICS = ("aes_pq@audiobox", "aes_pc@audiobox", "aes_ce@audiobox", "aes_cu@audiobox")
"""What HunyuanVideo-Foley and Verse-Bench print of quality without a reference."""

NO_REFERENCE = (
    *AESTHETICS, "ib_score@avbench", "desync@synchformer", "clap_score@laion", "desync@onset",
)  # fmt: skip
"""What can be said of sound under videos that have none of their own."""

_NATURAL = "utmos@utmos22-strong"

SPEECH = ("wer@seedtts", "spk_sim@seedtts", _NATURAL, "wer@whisper-tiny.en", "spk_sim@ge2e", "mos@distillmos")
"""Plain text-to-speech."""

_WARPED = ("mcd@pymcd", "mcd_dtw@pymcd", "mcd_dtw_sl@pymcd")
LIPS = ("lse_c@wav2lip-real", "lse_d@wav2lip-real")
"""Agreement of lips and speech, on the tracks of faces."""

_EMBEDDED = ("spk_sim@ge2e", "mos@distillmos", "lip_sync@landmarks")

DUBBING = ("wer@v2c", *_WARPED, *LIPS, _NATURAL, "wer@whisper-tiny.en", *_EMBEDDED)
"""Dubbing, as StyleDubber and its successors print it; their speaker encoder is GE2E."""

GRID = (
    "wer@v2c-grid", *_WARPED, "lse_c@syncnet-track50", "lse_d@syncnet-track50", _NATURAL, "wer@sphinx-grid",
    *_EMBEDDED,
)  # fmt: skip
"""The same for GRID: its recogniser is small, its clips are too short for the usual tracks of faces."""

LIP_TO_SPEECH = (
    "wer@aligndit", "spk_sim@seedtts", "lse_c@wav2lip-lrs", "lse_d@wav2lip-lrs", _NATURAL, "stoi@pystoi",
    "estoi@pystoi", "wer@whisper-tiny.en", "mos@distillmos", "lip_sync@landmarks",
)  # fmt: skip
"""LRS2 and LRS3, as AlignDiT and lip-to-speech systems before it print it."""

JOINT = (
    "wer@vssflow", "fd_vggish@avbench", "ib_score@avbench", "desync@synchformer", "wer@whisper-tiny.en", "fad@aisfx",
    "kl@aisfx", "sound_sim@aisfx", "fad@logmel", "desync@onset",
)  # fmt: skip
"""Sound and speech together, against a reference."""
