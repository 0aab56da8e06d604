"""Where to compute, and in which precision."""

from pathlib import Path

import torch

from attune_engine_whisper.errors import EngineError
from attune_engine_whisper.jobs import Device


def choose_device(wanted: Device) -> torch.device:
    """CUDA where there is any, unless the job says otherwise. Raises BAD_JOB for a CUDA that is not there."""
    if wanted == "cuda" and not torch.cuda.is_available():
        raise EngineError("BAD_JOB", "The job asks for CUDA, and this machine has none.")
    return torch.device("cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu")


def has_fast_bfloat16(device: torch.device) -> bool:
    """Whether matrix products in bfloat16 are faster than in float32: by the processor's own instructions."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="ignore")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags
