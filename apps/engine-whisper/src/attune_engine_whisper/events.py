"""Events on stdout, one JSON object a line (the protocol's table)."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Literal, TextIO

from attune_engine_whisper.errors import ErrorCode
from attune_engine_whisper.files import FileRecord

Stage = Literal["loading", "preparing", "training", "validating", "packaging", "verifying", "transcribing", "aligning"]
MetricName = Literal["train_loss", "learning_rate", "validation_wer", "validation_loss", "audio_seconds_per_second"]


def claim_stdout() -> TextIO:
    """The stream for protocol lines; anything a library prints to stdout goes to stderr from now on."""
    protocol = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return protocol


class Events:
    """Writes the events of one job."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def _write(self, event: Mapping[str, object]) -> None:
        self._stream.write(json.dumps(event, ensure_ascii=False, separators=(",", ":")) + "\n")
        self._stream.flush()

    def stage(self, stage: Stage) -> None:
        self._write({"type": "stage", "stage": stage})

    def progress(self, done: int, total: int, eta_seconds: float | None) -> None:
        eta = None if eta_seconds is None else round(eta_seconds, 1)
        self._write({"type": "progress", "done": done, "total": total, "eta_seconds": eta})

    def metric(self, name: MetricName, value: float, step: int, epoch: int) -> None:
        self._write({"type": "metric", "name": name, "value": value, "step": step, "epoch": epoch})

    def log(self, level: Literal["info", "warning", "error"], message: str) -> None:
        self._write({"type": "log", "level": level, "message": message})

    def checkpoint(self, record: FileRecord, step: int) -> None:
        self._write({"type": "checkpoint", "step": step, **record.as_json()})

    def artifact(self, directory: str, files: Sequence[FileRecord], digest: str, metrics: Mapping[str, object]) -> None:
        listed = [record.as_json() for record in files]
        self._write(
            {"type": "artifact", "directory": directory, "files": listed, "digest": digest, "metrics": dict(metrics)}
        )

    def error(self, code: ErrorCode, message: str) -> None:
        self._write({"type": "error", "code": code, "message": message})
