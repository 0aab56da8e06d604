"""The artifact: adapter, merged model ready to serve, model card; verified before it is handed out."""

import hashlib
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from attune_engine_whisper.base.convert import to_ctranslate2
from attune_engine_whisper.base.folder import Base
from attune_engine_whisper.describe import versions
from attune_engine_whisper.events import Events
from attune_engine_whisper.files import make_readable, write_json
from attune_engine_whisper.jobs import TrainJob
from attune_engine_whisper.training import lora
from attune_engine_whisper.training.clips import Clip
from attune_engine_whisper.training.loop import Loop
from attune_engine_whisper.training.mel import LogMel
from attune_engine_whisper.training.network import Network
from attune_engine_whisper.training.verification import Sample, Verification, compare
from attune_engine_whisper.vocabulary import Vocabulary

_KEPT_FROM_BASE = ("tokenizer.json", "tokenizer_config.json", "preprocessor_config.json", "generation_config.json")
_PRECISE = "ctranslate2-float32"  # for verification only


class Packaging:
    """Packs one trained network."""

    def __init__(self, job: TrainJob, base: Base, network: Network, vocabulary: Vocabulary) -> None:
        self._job, self._base, self._network, self._vocabulary = job, base, network, vocabulary

    def write(
        self,
        target: Path,
        loop: Loop,
        training: Sequence[Clip],
        validating: Sequence[Clip],
        events: Events,
        between: Callable[[], None],
    ) -> None:
        """Fills `target`. `between` is called between its parts and may raise to leave. Raises VERIFICATION_FAILED."""
        events.stage("packaging")
        between()
        self._network.save_adapter(target / "adapter", self._job.base_digest)
        mel = LogMel(self._network.mel_bins, self._network.device)
        sample = Sample(validating, training, mel, self._vocabulary)
        trained = sample.decode_trained(self._network)
        between()
        self._convert(target)
        between()
        events.stage("verifying")
        float32 = sample.decode_packaged(target / _PRECISE, "float32", self._job.threads)
        shutil.rmtree(target / _PRECISE)
        int8 = sample.decode_packaged(target / "ctranslate2", "int8", self._job.threads)
        verification = compare(sample, trained, float32, int8, self._job.language)
        write_json(target / "model-card.json", self._card(loop, training, validating, verification))
        make_readable(target)

    def _convert(self, target: Path) -> None:
        merged = target / "merged"
        self._network.save_merged(merged)
        for name in _KEPT_FROM_BASE:
            shutil.copyfile(self._job.base_directory / "transformers" / name, merged / name)
        to_ctranslate2(merged, target / "ctranslate2")
        # Rounding to float16 alone changes words where a model is unsure; merging and conversion are proven without it.
        to_ctranslate2(merged, target / _PRECISE, precise=True)
        shutil.rmtree(merged)

    def _card(
        self, loop: Loop, training: Sequence[Clip], validating: Sequence[Clip], verification: Verification
    ) -> dict[str, object]:
        """Where the model comes from and how good it is. No clock and no path: equal runs have equal cards."""
        job = self._job
        hyperparameters: dict[str, object] = {
            "epochs": loop.epochs,
            "batch_windows": loop.batch_windows,
            "learning_rate": job.learning_rate,
            "validation_fraction": job.validation_fraction,
            "precision": loop.precision,
            "threads": job.threads,
        }
        if job.method == "lora":
            hyperparameters["lora"] = {
                "rank": lora.RANK,
                "alpha": lora.ALPHA,
                "dropout": lora.DROPOUT,
                "target_modules": lora.TARGETS,
            }
        return {
            "base": {"name": self._base.name, "digest": self._base.digest, "licence": self._base.licence},
            "language": job.language,
            "method": job.method,
            "seed": job.seed,
            "versions": versions(),
            "hyperparameters": hyperparameters,
            "data": {"training": _hashes(training), "validation": _hashes(validating)},
            "epochs": [epoch.as_json() for epoch in loop.state.epochs],
            "metrics": loop.metrics(),
            "verification": verification.as_json(),
        }


def _hashes(clips: Sequence[Clip]) -> dict[str, object]:
    pairs = [
        {
            "audio": clip.item.sha256,
            "transcript": "sha256:" + hashlib.sha256(clip.item.transcript.encode()).hexdigest(),
        }
        for clip in clips
    ]
    return {"milliseconds": sum(clip.item.duration_ms for clip in clips), "items": pairs}
