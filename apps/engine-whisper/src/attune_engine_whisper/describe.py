"""`describe`: what this engine is and can do, without importing what it runs on."""

import json
import platform
import shutil
from importlib.metadata import PackageNotFoundError, version
from typing import TextIO

from attune_engine_whisper import PROTOCOL, __version__
from attune_engine_whisper.languages import LANGUAGES

_LIBRARIES = ("torch", "transformers", "peft", "ctranslate2", "faster-whisper", "safetensors", "numpy")


def versions() -> dict[str, str]:
    """Versions of the engine, the interpreter and the installed libraries that a result depends on."""
    found = {library: _version(library) for library in _LIBRARIES}
    return {
        "engine": __version__,
        "python": platform.python_version(),
        **{library: number for library, number in found.items() if number is not None},
    }


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:  # an environment that only serves has no torch
        return None


def describe(stream: TextIO) -> None:
    """Writes the description as one line."""
    # A driver library without a card is rare enough; asking CUDA itself would mean importing torch.
    has_cuda = shutil.which("nvidia-smi") is not None
    installed = versions()
    stream.write(
        json.dumps(
            {
                "protocol": PROTOCOL,
                "engine": "whisper",
                "version": __version__,
                "commands": [*(["train"] if "torch" in installed else []), "transcribe", "align"],
                "languages": list(LANGUAGES),
                "methods": ["lora", "full", "decoder"],
                "devices": ["cpu", "cuda"] if has_cuda else ["cpu"],
                "versions": installed,
            }
        )
        + "\n"
    )
