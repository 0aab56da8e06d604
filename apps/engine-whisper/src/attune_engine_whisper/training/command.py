"""The `train` command: load, check, train, package, verify."""

import time
from pathlib import Path

import torch

from attune_engine_whisper.base import folder
from attune_engine_whisper.device import choose_device
from attune_engine_whisper.errors import EngineError, Interrupted
from attune_engine_whisper.events import Events
from attune_engine_whisper.files import digest_of, list_files, whole_directory
from attune_engine_whisper.jobs import read_train_job
from attune_engine_whisper.process import StopRequest
from attune_engine_whisper.training.clips import Clip, check_clips, split
from attune_engine_whisper.training.loop import Loop
from attune_engine_whisper.training.network import Network
from attune_engine_whisper.training.packaging import Packaging
from attune_engine_whisper.vocabulary import Vocabulary


def train(job_file: Path, events: Events, stop: StopRequest) -> None:
    """Runs a train job. Raises EngineError, or Interrupted after a checkpoint."""
    started = time.monotonic()
    job = read_train_job(job_file)
    events.stage("loading")
    base = folder.read(job.base_directory)
    if base.digest != job.base_digest:
        raise EngineError("BASE_UNREADABLE", "The base model is not the one the job was made for.")
    if job.language not in base.languages:
        raise EngineError("BAD_JOB", f"The base model {base.name} does not know the language {job.language}.")
    torch.set_num_threads(job.threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
    # A safeguard that costs a pass over every new tensor.
    torch.utils.deterministic.fill_uninitialized_memory = False  # pyright: ignore[reportAttributeAccessIssue]
    torch.manual_seed(job.seed)  # LoRA's first values
    network = Network(job.base_directory, job.method, choose_device(job.device))
    vocabulary = Vocabulary(job.base_directory / "transformers", job.language, network.is_multilingual)

    events.stage("preparing")
    training, validating = split(check_clips(job.items, vocabulary, events), job.validation_fraction, job.seed)
    _announce(training, validating, events)
    loop = Loop(job, network, vocabulary, training, validating, events, stop)
    loop.run()
    trained = time.monotonic() - started

    def leave_if_asked() -> None:
        if stop.is_set:
            loop.save()
            raise Interrupted

    job.output_directory.parent.mkdir(parents=True, exist_ok=True)
    with whole_directory(job.output_directory) as target:
        Packaging(job, base, network, vocabulary).write(target, loop, training, validating, events, leave_if_asked)
    files = list_files(job.output_directory)
    seconds = {"train_seconds": round(trained, 1), "seconds": round(time.monotonic() - started, 1)}
    events.artifact(str(job.output_directory), files, digest_of(files), {**loop.metrics(), **seconds})


def _announce(training: list[Clip], validating: list[Clip], events: Events) -> None:
    minutes = sum(clip.item.duration_ms for clip in training) / 60_000
    events.log("info", f"Training on {len(training)} recordings, {minutes:.1f} minutes of speech.")
    if validating:
        events.log("info", f"{len(validating)} recordings are kept aside to check each epoch.")
    else:
        events.log("warning", "No recording is kept aside, so the last epoch is taken without checking it.")
