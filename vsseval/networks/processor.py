"""What the processor can multiply in, without torch."""

from __future__ import annotations

from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")
_KNOWN = frozenset({"avx512_bf16", "amx_bf16"})


def multiplies_bfloat16(facts: Path = _CPUINFO) -> bool:
    """Say whether the processor has instructions that multiply in bfloat16: AVX512_BF16 or AMX.

    Others emulate it, which is slower than single precision and gives other numbers. Where Linux does not tell, the
    answer is no.
    """
    try:
        lines = facts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    flags = next((line.partition(":")[2].split() for line in lines if line.startswith("flags")), [])
    return not _KNOWN.isdisjoint(flags)
