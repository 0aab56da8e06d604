"""The job files of the protocol as typed values; what a job leaves out is chosen here."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, cast

from attune_engine_whisper import PROTOCOL
from attune_engine_whisper.errors import EngineError
from attune_engine_whisper.fields import Fields
from attune_engine_whisper.languages import LANGUAGES

Method = Literal["lora", "full", "decoder"]
Device = Literal["auto", "cpu", "cuda"]
METHODS = ("lora", "full", "decoder")
DEVICES = ("auto", "cpu", "cuda")

_LEARNING_RATES: dict[Method, float] = {"lora": 1e-3, "full": 5e-5, "decoder": 5e-5}


@dataclass(frozen=True)
class TrainItem:
    """A pair of audio and transcript."""

    id: str
    audio: Path
    sha256: str
    duration_ms: int
    transcript: str
    recording: str


@dataclass(frozen=True)
class TrainJob:
    """`train`: what to adapt, to what, how and where to write."""

    base_directory: Path
    base_digest: str
    language: str
    method: Method
    seed: int
    threads: int
    device: Device
    epochs: int | None
    batch_windows: int | None
    learning_rate: float
    validation_fraction: float
    checkpoint_seconds: float
    items: list[TrainItem]
    checkpoint_directory: Path
    output_directory: Path

    def fingerprint(self) -> str:
        """Digest of all that decides the result; where files lie and how often they are written does not."""
        places = ("base_directory", "checkpoint_directory", "output_directory", "checkpoint_seconds")
        values = {name: value for name, value in asdict(self).items() if name not in places}
        values["items"] = [{**asdict(item), "audio": None} for item in self.items]
        return "sha256:" + hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class AudioItem:
    """A recording to recognize."""

    id: str
    audio: Path


@dataclass(frozen=True)
class TranscribeJob:
    """`transcribe JOB`: recordings for one model."""

    model_directory: Path
    language: str
    threads: int
    device: Device
    beam_size: int
    word_times: bool
    items: list[AudioItem]
    results: Path


@dataclass(frozen=True)
class AlignItem:
    """A recording with the transcript of all of it."""

    id: str
    audio: Path
    transcript: str


@dataclass(frozen=True)
class AlignJob:
    """`align`: recordings to cut into utterances of at most `max_seconds`."""

    base_directory: Path
    base_digest: str
    language: str
    threads: int
    max_seconds: float
    items: list[AlignItem]
    output_directory: Path
    results: Path


def _language(fields: Fields) -> str:
    return fields.choice("language", LANGUAGES)


def _device(fields: Fields) -> Device:
    return cast(Device, fields.optional("device", lambda name: fields.choice(name, DEVICES), "auto"))


def _threads(fields: Fields) -> int:
    return fields.integer("threads", least=1)


def _count_or_none(fields: Fields, name: str) -> int | None:
    def read(name: str) -> int | None:
        return fields.integer(name, least=1)

    return fields.optional(name, read, None)


def _train_item(fields: Fields) -> TrainItem:
    item = TrainItem(
        id=fields.text("id"),
        audio=fields.path("audio"),
        sha256=fields.text("sha256"),
        duration_ms=fields.integer("duration_ms", least=0),
        transcript=fields.any_text("transcript"),
        recording=fields.text("recording"),
    )
    fields.finish()
    return item


def read_train_job(path: Path) -> TrainJob:
    """Reads a train job; raises BAD_JOB."""
    fields = Fields.of_file(path, "train", PROTOCOL)
    base = fields.object("base")
    method = cast(Method, fields.optional("method", lambda name: fields.choice(name, METHODS), "lora"))
    job = TrainJob(
        base_directory=base.path("directory"),
        base_digest=base.text("digest"),
        language=_language(fields),
        method=method,
        seed=fields.integer("seed", least=0),
        threads=_threads(fields),
        device=_device(fields),
        epochs=_count_or_none(fields, "epochs"),
        batch_windows=_count_or_none(fields, "batch_windows"),
        learning_rate=fields.optional(
            "learning_rate", lambda name: fields.number(name, least=0, below=1), _LEARNING_RATES[method]
        ),
        validation_fraction=fields.optional(
            "validation_fraction", lambda name: fields.number(name, least=0, below=1), 0.1
        ),
        checkpoint_seconds=fields.optional(
            "checkpoint_seconds", lambda name: fields.number(name, least=0, below=float("inf")), 120.0
        ),
        items=[_train_item(item) for item in fields.objects("items")],
        checkpoint_directory=fields.path("checkpoint_directory"),
        output_directory=fields.path("output_directory"),
    )
    base.finish()
    fields.finish()
    ids = {item.id for item in job.items}
    if len(ids) != len(job.items):
        raise EngineError("BAD_JOB", "Two items have the same id.")
    return job


def _audio_item(fields: Fields) -> AudioItem:
    item = AudioItem(fields.text("id"), fields.path("audio"))
    fields.finish()
    return item


def read_transcribe_job(path: Path) -> TranscribeJob:
    """Reads a transcribe job; raises BAD_JOB."""
    fields = Fields.of_file(path, "transcribe", PROTOCOL)
    job = TranscribeJob(
        model_directory=fields.path("model_directory"),
        language=_language(fields),
        threads=_threads(fields),
        device=_device(fields),
        beam_size=fields.optional("beam_size", lambda name: fields.integer(name, least=1), 5),
        word_times=fields.optional("word_times", fields.flag, True),
        items=[_audio_item(item) for item in fields.objects("items")],
        results=fields.path("results"),
    )
    fields.finish()
    return job


def _align_item(fields: Fields) -> AlignItem:
    item = AlignItem(fields.text("id"), fields.path("audio"), fields.any_text("transcript"))
    fields.finish()
    return item


def read_align_job(path: Path) -> AlignJob:
    """Reads an align job; raises BAD_JOB."""
    fields = Fields.of_file(path, "align", PROTOCOL)
    base = fields.object("base")
    job = AlignJob(
        base_directory=base.path("directory"),
        base_digest=base.text("digest"),
        language=_language(fields),
        threads=_threads(fields),
        max_seconds=fields.optional("max_seconds", lambda name: fields.number(name, least=5, below=30.001), 30.0),
        items=[_align_item(item) for item in fields.objects("items")],
        output_directory=fields.path("output_directory"),
        results=fields.path("results"),
    )
    base.finish()
    fields.finish()
    return job
