"""The training loop: steps, validation after each epoch, checkpoints, an early end."""

import math
import time
from collections.abc import Sequence

import numpy as np
import torch

from attune_engine_whisper.device import has_fast_bfloat16
from attune_engine_whisper.errors import Interrupted
from attune_engine_whisper.events import Events
from attune_engine_whisper.jobs import TrainJob
from attune_engine_whisper.process import StopRequest
from attune_engine_whisper.training.batches import make_batch
from attune_engine_whisper.training.checkpoint import Checkpoints, EpochResult, State, Tensors
from attune_engine_whisper.training.clips import Clip
from attune_engine_whisper.training.mel import LogMel
from attune_engine_whisper.training.network import Network
from attune_engine_whisper.training.packing import Window, plan_epoch
from attune_engine_whisper.training.validation import PackedSample, Validation, validate
from attune_engine_whisper.vocabulary import Vocabulary

_WARM_UP = 0.1  # share of the steps in which the learning rate rises
_LAST_RATE = 0.05  # of the peak
_CLIP_NORM = 1.0
_WEIGHT_DECAY = 0.01
_BETAS = (0.9, 0.98)
# A packed window holds about five utterances. A CPU gains little from more of them at once, and steps are what learns.
_BATCH_WINDOWS = {"cpu": 1, "cuda": 8}
# The third pass takes a third of the time and saves a sixth of the errors that two leave: on a CPU people wait for it.
_EPOCHS = {"cpu": 2, "cuda": 3}
# Share of the steps in which the lower half of the encoder learns: low layers settle first, and a step without them
# costs a quarter less (FreezeOut, Brock et al. 2017).
_LOWER_LEARNS = 0.4
_PATIENCE = 1  # epochs without a better validation before training ends
_MOST_REPORTS = 500  # metric events of one kind in an epoch
_DROPOUT_STREAM, _AUGMENT_STREAM = 1, 2


class Loop:
    """One training run, from wherever its last checkpoint stands."""

    def __init__(
        self,
        job: TrainJob,
        network: Network,
        vocabulary: Vocabulary,
        training: Sequence[Clip],
        validating: Sequence[Clip],
        events: Events,
        stop: StopRequest,
    ) -> None:
        self._job, self._network, self._vocabulary = job, network, vocabulary
        self._training = training
        self._validating = PackedSample(validating) if validating else None
        self._events, self._stop = events, stop
        self._mel = LogMel(network.mel_bins, network.device)
        self._bfloat16 = has_fast_bfloat16(network.device)
        self.epochs = job.epochs or _EPOCHS[network.device.type]
        self.batch_windows = job.batch_windows or _BATCH_WINDOWS[network.device.type]
        self._parameters = network.trainable()
        self._optimizer = torch.optim.AdamW(
            list(self._parameters.values()), job.learning_rate, _BETAS, weight_decay=_WEIGHT_DECAY, fused=True
        )
        self._best: Tensors = {}
        self.state = State()
        utterances = [clip.utterance for clip in training]
        self._plans = [self._batches(plan_epoch(utterances, job.seed, epoch)) for epoch in range(self.epochs)]
        self._total = sum(len(plan) for plan in self._plans)
        self._checkpoints = Checkpoints(job.checkpoint_directory, job.fingerprint(), events)
        self._saved_at = time.monotonic()
        self._work_seconds, self._work_steps = 0.0, 0

    @property
    def precision(self) -> str:
        return "bfloat16" if self._bfloat16 else "float32"

    def metrics(self) -> dict[str, object]:
        """Figures of the epoch that was kept."""
        kept = next(epoch for epoch in self.state.epochs if epoch.epoch == self.state.best_epoch)
        return {"epochs": len(self.state.epochs), "best_epoch": kept.epoch} | {
            name: value for name, value in kept.as_json().items() if name != "epoch"
        }

    def _batches(self, windows: Sequence[Window]) -> list[Sequence[Window]]:
        size = self.batch_windows
        return [windows[start : start + size] for start in range(0, len(windows), size)]

    def run(self) -> None:
        """Trains to the end and leaves the best epoch's tensors in the network. Raises Interrupted."""
        self._resume()
        first_of_epoch = 0
        for epoch, plan in enumerate(self._plans, 1):
            if len(self.state.epochs) < epoch:
                self._run_epoch(epoch, plan, first_of_epoch)
            first_of_epoch += len(plan)
            if self._is_stale():
                self._events.log("info", f"Training ended after epoch {epoch}: accuracy no longer improves.")
                break
        if self._work_steps:
            self.save()  # what follows may be interrupted too, and is to begin from here
        if self._best:
            self._network.restore(self._best)

    def _run_epoch(self, epoch: int, plan: Sequence[Sequence[Window]], first_step: int) -> None:
        self._events.stage("training")
        self._events.progress(self.state.step, self._total, self._eta())
        started, seconds = time.monotonic(), 0.0
        report_every = math.ceil(len(plan) / _MOST_REPORTS)
        while self.state.step < first_step + len(plan):
            step_started = time.monotonic()
            seconds += self._step(plan[self.state.step - first_step], epoch, report_every)
            self._work_seconds += time.monotonic() - step_started
            self._work_steps += 1
            if self.state.step % report_every == 0 or self.state.step == first_step + len(plan):
                self._events.progress(self.state.step, self._total, self._eta())
            self._save_if_due()
        if seconds > 0:
            rate = seconds / (time.monotonic() - started)
            self._events.metric("audio_seconds_per_second", round(rate, 2), self.state.step, epoch)
        self._finish_epoch(epoch)

    def _step(self, windows: Sequence[Window], epoch: int, report_every: int) -> float:
        """One optimizer step; returns the seconds of audio in it."""
        step = self.state.step
        seed = self._job.seed
        batch = make_batch(
            windows, self._training, self._vocabulary, np.random.default_rng([seed, step, _AUGMENT_STREAM])
        )
        torch.manual_seed(int(np.random.SeedSequence([seed, step, _DROPOUT_STREAM]).generate_state(1)[0]))
        rate = self._learning_rate(step)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._network.model.train()
        if step >= _LOWER_LEARNS * self._total:
            self._network.rest_lower_encoder()
        device = self._network.device
        with self._autocast():
            loss = self._network.loss(self._mel(batch.samples), batch.inputs.to(device), batch.labels.to(device))
        self._optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(list(self._parameters.values()), _CLIP_NORM)
        self._optimizer.step()
        self.state.step += 1
        self.state.epoch_losses.append(loss.item())
        if self.state.step % report_every == 0:
            self._events.metric("train_loss", self.state.epoch_losses[-1], self.state.step, epoch)
            self._events.metric("learning_rate", rate, self.state.step, epoch)
        return batch.seconds

    def _learning_rate(self, step: int) -> float:
        """Rises linearly, then falls linearly."""
        rising = min(1.0, (step + 1) / (_WARM_UP * self._total))
        return self._job.learning_rate * rising * max(_LAST_RATE, 1 - step / self._total)

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self._network.device.type, torch.bfloat16, enabled=self._bfloat16)

    def _finish_epoch(self, epoch: int) -> None:
        result = self._validate(self._validating) if self._validating else None
        loss = float(np.mean(self.state.epoch_losses))
        wer, validation_loss = (result.wer, result.loss) if result else (None, None)
        earlier = [e for e in self.state.epochs if e.epoch == self.state.best_epoch]
        self.state.epochs.append(EpochResult(epoch, loss, wer, validation_loss))
        self.state.epoch_losses = []
        if result is None or not earlier or (result.wer, result.loss) < (
            earlier[0].validation_wer, earlier[0].validation_loss
        ):  # fmt: skip
            self.state.best_epoch = epoch
            self._best = {name: tensor.detach().clone() for name, tensor in self._parameters.items()}
        if result is None:
            self._events.log("info", f"Epoch {epoch} of {self.epochs} is done; its loss was {loss:.3f}.")
            return
        self._events.metric("validation_wer", result.wer, self.state.step, epoch)
        self._events.metric("validation_loss", result.loss, self.state.step, epoch)
        self._events.log(
            "info",
            f"Epoch {epoch} of {self.epochs} is done: {100 * result.wer:.1f} % word errors on the recordings kept "
            "aside for checking.",
        )

    def _validate(self, sample: PackedSample) -> Validation:
        self._events.stage("validating")
        with self._network.decoding(), self._autocast():
            return validate(self._network, sample, self._mel, self._vocabulary, self._job.language, self._save_if_due)

    def _is_stale(self) -> bool:
        best = self.state.best_epoch
        return best is not None and len(self.state.epochs) - best > _PATIENCE

    def _eta(self) -> float | None:
        if self._work_steps == 0:
            return None
        return self._work_seconds / self._work_steps * (self._total - self.state.step)

    def _resume(self) -> None:
        loaded = self._checkpoints.load()
        if loaded is None:
            return
        self.state, tensors = loaded
        self._network.restore({name: tensors["parameter/" + name] for name in self._parameters})
        if "exp_avg/" + next(iter(self._parameters)) in tensors:
            for name, parameter in self._parameters.items():
                self._optimizer.state[parameter] = {
                    "step": torch.tensor(float(self.state.step)),
                    "exp_avg": tensors["exp_avg/" + name].to(parameter.device),
                    "exp_avg_sq": tensors["exp_avg_sq/" + name].to(parameter.device),
                }
        self._best = {name.removeprefix("best/"): t for name, t in tensors.items() if name.startswith("best/")}
        self._events.log("info", f"Training goes on from step {self.state.step} of {self._total}.")

    def _save_if_due(self) -> None:
        """Saves when it is time, or when the process is asked to end; then raises Interrupted."""
        if self._stop.is_set or time.monotonic() - self._saved_at >= self._job.checkpoint_seconds:
            self.save()
        if self._stop.is_set:
            raise Interrupted

    def save(self) -> None:
        """Writes a checkpoint of this moment."""
        tensors: Tensors = {}
        for name, parameter in self._parameters.items():
            tensors["parameter/" + name] = parameter
            if parameter in self._optimizer.state:
                tensors["exp_avg/" + name] = self._optimizer.state[parameter]["exp_avg"]
                tensors["exp_avg_sq/" + name] = self._optimizer.state[parameter]["exp_avg_sq"]
        self._checkpoints.save(self.state, tensors | {"best/" + name: t for name, t in self._best.items()})
        self._saved_at = time.monotonic()
