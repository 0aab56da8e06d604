"""Checkpoints: one safetensors file each, whole or absent.

Everything random is drawn from the job's seed and the step's number, so a checkpoint needs no generator's state: the
step says where in the data order, the augmentation and the dropout the run stands.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file  # pyright: ignore[reportUnknownVariableType]

from attune_engine_whisper.events import Events
from attune_engine_whisper.files import FileRecord, sha256_of

_KEPT = 2


@dataclass(frozen=True)
class EpochResult:
    """What one epoch came to; validation figures are absent when nothing validates."""

    epoch: int
    train_loss: float
    validation_wer: float | None
    validation_loss: float | None

    def as_json(self) -> dict[str, object]:
        return asdict(self)


@dataclass
class State:
    """Where a run stands: steps taken, losses of the epoch under way, finished epochs."""

    step: int = 0
    epoch_losses: list[float] = field(default_factory=list[float])
    epochs: list[EpochResult] = field(default_factory=list[EpochResult])
    best_epoch: int | None = None


Tensors = dict[str, torch.Tensor]


class Checkpoints:
    """The checkpoints of one job in one folder."""

    def __init__(self, directory: Path, fingerprint: str, events: Events) -> None:
        self._directory = directory
        self._fingerprint = fingerprint
        self._events = events
        directory.mkdir(parents=True, exist_ok=True)

    def save(self, state: State, tensors: Mapping[str, torch.Tensor]) -> None:
        """Writes a checkpoint and removes all but the newest two."""
        stored = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        metadata = {
            "fingerprint": self._fingerprint,
            "state": json.dumps(asdict(state)),
            "content": _content_digest(stored),
        }
        path = self._directory / f"step-{state.step}.safetensors"
        partial = path.with_suffix(".partial")
        save_file(stored, partial, metadata)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.rename(path)
        for old in self._newest_first()[_KEPT:]:
            old.unlink()
        self._events.checkpoint(FileRecord(str(path), path.stat().st_size, sha256_of(path)), state.step)

    def load(self) -> tuple[State, Tensors] | None:
        """The newest usable checkpoint; damaged and foreign ones are passed over with a warning."""
        for path in self._newest_first():
            loaded = self._read(path)
            if loaded is not None:
                return loaded
            self._events.log("warning", "A checkpoint was ignored: it is damaged or belongs to another job.")
        return None

    def _read(self, path: Path) -> tuple[State, Tensors] | None:
        try:
            opened: Any = safe_open(path, framework="pt")
            with opened as file:
                metadata: dict[str, str] = file.metadata() or {}
                names: list[str] = file.keys()
                if metadata.get("fingerprint") != self._fingerprint:
                    return None
                tensors: Tensors = {name: file.get_tensor(name) for name in names}
            if metadata.get("content") != _content_digest(tensors):
                return None
            state: dict[str, Any] = json.loads(metadata["state"])
            state["epochs"] = [EpochResult(**epoch) for epoch in state["epochs"]]
            return State(**state), tensors
        except (SafetensorError, OSError, ValueError, KeyError, TypeError):
            return None

    def _newest_first(self) -> list[Path]:
        def step_of(path: Path) -> int:
            number = path.stem.removeprefix("step-")
            return int(number) if number.isdecimal() else -1

        return sorted(self._directory.glob("step-*.safetensors"), key=step_of, reverse=True)


def _content_digest(tensors: Mapping[str, torch.Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].contiguous().view(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
