"""`describe`: what this engine is and can do, without importing what it runs on."""

import json
import platform
import shutil
from importlib.metadata import version
from typing import TextIO

from attune_engine_whisper import PROTOCOL, __version__
from attune_engine_whisper.languages import LANGUAGES

_LIBRARIES = ("torch", "transformers", "peft", "ctranslate2", "faster-whisper", "safetensors", "numpy")


def versions() -> dict[str, str]:
    """Versions of the engine, the interpreter and the libraries that a result depends on."""
    return {
        "engine": __version__,
        "python": platform.python_version(),
        **{library: version(library) for library in _LIBRARIES},
    }


def describe(stream: TextIO) -> None:
    """Writes the description as one line."""
    # A driver library without a card is rare enough; asking CUDA itself would mean importing torch.
    has_cuda = shutil.which("nvidia-smi") is not None
    stream.write(
        json.dumps(
            {
                "protocol": PROTOCOL,
                "engine": "whisper",
                "version": __version__,
                "commands": ["train", "transcribe", "align"],
                "languages": list(LANGUAGES),
                "methods": ["lora", "full", "decoder"],
                "devices": ["cpu", "cuda"] if has_cuda else ["cpu"],
                "versions": versions(),
            }
        )
        + "\n"
    )
