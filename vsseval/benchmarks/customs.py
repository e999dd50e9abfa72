"""Metrics that are customary for a task, by the names of the published recipes; the embedded ones stand behind them."""

__all__ = ["AVBENCH", "AVBENCH_TEXT", "DUBBING", "JOINT", "LIPS", "NO_REFERENCE", "SPEECH"]

AVBENCH = (
    "fd_passt@avbench", "fd_panns@avbench", "fd_vggish@avbench", "kl_passt@avbench", "kl_panns@avbench",
    "is_panns@avbench", "ib_score@avbench", "desync@synchformer", "fad@logmel", "desync@onset",
)  # fmt: skip
"""Video-to-sound against a reference, as MMAudio and its successors print it."""

AVBENCH_TEXT = (*AVBENCH, "clap_score@laion", "clap_score@mini")
"""The same, where clips have captions that say what sounds."""

NO_REFERENCE = (
    "ib_score@avbench", "desync@synchformer", "clap_score@laion", "is_panns@avbench", "clap_score@mini", "desync@onset",
)  # fmt: skip
"""What can be said of sound under videos that have none of their own."""

SPEECH = ("wer@seedtts", "spk_sim@seedtts", "utmos@f5", "wer@sphinx-lm", "spk_sim@ge2e")
"""Plain text-to-speech."""

LIPS = ("lse_c@wav2lip-real", "lse_d@wav2lip-real")
"""Agreement of lips and speech."""

DUBBING = (
    "wer@v2c", "spk_sim@v2c", "mcd@v2c", "mcd_dtw@v2c", "mcd_dtw_sl@v2c", *LIPS, "utmos@f5", "spk_sim@ge2e",
)  # fmt: skip
"""Dubbing, as StyleDubber and its successors print it; the recogniser of the language comes on top."""

JOINT = (
    "wer@vssflow", "spk_sim@vssflow", "fd_vggish@avbench", "desync@synchformer", "clap_score@laion",
    "wer@sphinx-lm", "fad@logmel", "desync@onset",
)  # fmt: skip
"""Sound and speech together."""
