"""The same code of numpy on all machines, as far as the last bits of a computation depend on the processor.

On processors with AVX-512, numpy takes other code for exponentials, sines and powers than on those without, with other
last bits. Frozen traces are those without.
"""

import os
from pathlib import Path

WITHOUT = {"avx512vl": "X86_V4", "avx512_vbmi2": "AVX512_ICL", "avx512_fp16": "AVX512_SPR"}
"""What numpy is asked to leave out, by the name in /proc/cpuinfo of a feature that it needs."""


def leave_out_wide_code(cpuinfo=Path("/proc/cpuinfo")):
    """Ask numpy, and that of all child processes, to use no code for AVX-512. Call it before numpy is imported."""
    try:
        words = set(cpuinfo.read_text().split())
    except OSError:
        return
    found = [name for feature, name in WITHOUT.items() if feature in words]
    if found:
        os.environ.setdefault("NPY_DISABLE_CPU_FEATURES", " ".join(found))
