"""The utterances of a job: checked, split into training and validation, read when they are needed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from attune_engine_whisper.audio import RATE, Samples, UnreadableAudio, read_audio
from attune_engine_whisper.errors import EngineError
from attune_engine_whisper.events import Events
from attune_engine_whisper.files import sha256_of
from attune_engine_whisper.jobs import TrainItem
from attune_engine_whisper.training.packing import Utterance, fits_alone
from attune_engine_whisper.vocabulary import Vocabulary

# Validation is greedy decoding of every utterance after every epoch: more than this costs more than it tells.
_MOST_VALIDATION_MS = 15 * 60_000
_SHORTEST_MS = 100


@dataclass(frozen=True)
class Clip:
    """One utterance with its tokens."""

    item: TrainItem
    tokens: list[int]

    @property
    def utterance(self) -> Utterance:
        return Utterance(round(self.item.duration_ms * RATE / 1000), self.tokens)

    def read(self) -> Samples:
        """Its samples, cut or filled to the length the job states (they differ by rounding only)."""
        try:
            samples = read_audio(self.item.audio)
        except UnreadableAudio as error:
            raise _unreadable(self.item) from error
        length = self.utterance.samples
        if abs(len(samples) - length) > RATE // 10:
            raise EngineError("BAD_DATA", f"The audio of {self.item.id} is not as long as was recorded for it.")
        return np.pad(samples[:length], (0, max(0, length - len(samples))))


def _unreadable(item: TrainItem) -> EngineError:
    return EngineError("BAD_DATA", f"The audio of {item.id} is missing or damaged; upload it again.")


def check_clips(items: Sequence[TrainItem], vocabulary: Vocabulary, events: Events) -> list[Clip]:
    """The job's usable utterances. Raises BAD_DATA for files that are not what the job says, or when none is usable."""
    clips: list[Clip] = []
    left_out = 0
    for item in items:
        if not item.transcript.strip():
            raise EngineError("BAD_DATA", f"The transcript of {item.id} is empty.")
        try:
            intact = sha256_of(item.audio) == item.sha256
        except OSError as error:
            raise _unreadable(item) from error
        if not intact:
            raise EngineError("BAD_DATA", f"The audio of {item.id} has changed since it was checked; upload it again.")
        clip = Clip(item, vocabulary.encode(item.transcript))
        if item.duration_ms >= _SHORTEST_MS and fits_alone(clip.utterance):
            clips.append(clip)
        else:
            left_out += 1
    if left_out:
        events.log(
            "warning",
            f"{left_out} of {len(items)} recordings were left out: they are longer than 30 seconds, shorter than "
            "0.1 seconds, or their transcript is too long for one window.",
        )
    if not clips:
        raise EngineError("BAD_DATA", "No recording can be used: cut them into utterances of at most 30 seconds.")
    return clips


def split(clips: Sequence[Clip], fraction: float, seed: int) -> tuple[list[Clip], list[Clip]]:
    """Training and validation utterances; the utterances of one recording stay together.

    About `fraction` of the audio validates, at most 15 minutes; with a single recording, none does.
    """
    recordings = sorted({clip.item.recording for clip in clips})
    wanted = min(fraction * sum(clip.item.duration_ms for clip in clips), _MOST_VALIDATION_MS)
    lengths = dict.fromkeys(recordings, 0)
    for clip in clips:
        lengths[clip.item.recording] += clip.item.duration_ms
    chosen: set[str] = set()
    taken = 0
    order: list[int] = np.random.default_rng([seed, 0x5711]).permutation(len(recordings)).tolist()
    for i in order:
        length = lengths[recordings[i]]
        # A recording that would overshoot by more than it helps is passed over.
        if taken + length / 2 <= wanted and len(chosen) + 1 < len(recordings):
            chosen.add(recordings[i])
            taken += length
    validation = [clip for clip in clips if clip.item.recording in chosen]
    return [clip for clip in clips if clip.item.recording not in chosen], validation
