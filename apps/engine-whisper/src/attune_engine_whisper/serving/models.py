"""Models in memory: the most recently used ones, within a bound."""

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import ctranslate2
from faster_whisper import WhisperModel

from attune_engine_whisper.errors import RequestError
from attune_engine_whisper.jobs import Device

# What a loaded model holds besides its weights: tokenizer, buffers of a decode (measured with tiny.en).
_OVERHEAD_BYTES = 64 << 20


@dataclass(frozen=True)
class _Identity:
    """A folder's model; another file in the same place is another model."""

    path: str
    inode: int
    modified_ns: int


@dataclass(frozen=True)
class _Loaded:
    model: WhisperModel
    size: int


def uses_cuda(device: Device) -> bool:
    """Whether `device` means a CUDA card here."""
    return device != "cpu" and ctranslate2.get_cuda_device_count() > 0


class ModelStore:
    """Loads models and keeps them until their sizes exceed the limit; the one asked for is always kept.

    A model serves `workers` callers at a time, each on `threads` threads.
    """

    def __init__(self, device: Device, threads: int, limit_bytes: int, workers: int = 1) -> None:
        self._device = device
        self._compute_type = "float16" if uses_cuda(device) else "int8"
        self._threads, self._workers = threads, workers
        self._limit = limit_bytes
        self._models: OrderedDict[_Identity, _Loaded] = OrderedDict()

    @property
    def paths(self) -> list[str]:
        """Folders of the models in memory, least recently used first."""
        return [identity.path for identity in self._models]

    def get(self, directory: Path) -> WhisperModel:
        """The model in a CTranslate2 folder. Raises MODEL_UNREADABLE."""
        try:
            status = (directory / "model.bin").stat()
        except OSError as error:
            raise RequestError("MODEL_UNREADABLE", "The model is missing.") from error
        identity = _Identity(str(directory), status.st_ino, status.st_mtime_ns)
        if identity not in self._models:
            size = status.st_size + _OVERHEAD_BYTES
            self._make_room(size)
            self._models[identity] = _Loaded(self._load(directory), size)
        self._models.move_to_end(identity)
        return self._models[identity].model

    def _make_room(self, size: int) -> None:
        while self._models and sum(loaded.size for loaded in self._models.values()) + size > self._limit:
            self._models.popitem(last=False)

    def _load(self, directory: Path) -> WhisperModel:
        if not (directory / "tokenizer.json").is_file():  # faster-whisper would look for one on a hub
            raise RequestError("MODEL_UNREADABLE", "The model has no tokenizer.")
        try:
            return WhisperModel(
                str(directory),
                device=self._device,
                compute_type=self._compute_type,
                cpu_threads=self._threads,
                num_workers=self._workers,
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise RequestError("MODEL_UNREADABLE", "The model cannot be loaded.") from error
