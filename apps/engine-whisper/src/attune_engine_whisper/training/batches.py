"""Turns planned windows into what the model is trained on: samples, tokens and labels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from attune_engine_whisper.audio import RATE, Samples
from attune_engine_whisper.training.augmentation import augment
from attune_engine_whisper.training.clips import Clip
from attune_engine_whisper.training.mel import WINDOW
from attune_engine_whisper.training.packing import Window
from attune_engine_whisper.vocabulary import Vocabulary

IGNORED = -100  # label of positions that teach nothing


@dataclass(frozen=True)
class Batch:
    """Samples (windows, 480,000), decoder inputs and labels (windows, tokens); `seconds` of speech in them."""

    samples: torch.Tensor
    inputs: torch.Tensor
    labels: torch.Tensor
    seconds: float


def window_tokens(window: Window, clips: Sequence[Clip], vocabulary: Vocabulary) -> tuple[list[int], int]:
    """The target tokens of a window, and how many of them at the beginning are given rather than learned."""
    given = [vocabulary.previous, *window.prompt] if window.prompt else []
    given = [*given, *vocabulary.start]
    if not window.timed:
        given.append(vocabulary.no_timestamps)
    target: list[int] = []
    for index, first in window.placed:
        clip = clips[index]
        if window.timed:
            end = (first + clip.utterance.samples) / RATE
            target += [vocabulary.timestamp(first / RATE), *clip.tokens, vocabulary.timestamp(end)]
        else:
            target += clip.tokens
    if window.straddling is not None:
        target.append(vocabulary.timestamp(window.straddling[1] / RATE))
    return [*given, *target, vocabulary.end], len(given)


def make_batch(
    windows: Sequence[Window], clips: Sequence[Clip], vocabulary: Vocabulary, rng: np.random.Generator
) -> Batch:
    """Reads, augments and mixes the audio of some windows."""
    samples = mix_windows(windows, [partial(_augmented, clip, rng) for clip in clips])
    seconds = sum(clips[i].utterance.samples for window in windows for i, _ in window.placed) / RATE
    targets = [window_tokens(window, clips, vocabulary) for window in windows]
    inputs, labels = label_tensors(targets, vocabulary)
    return Batch(samples, inputs, labels, seconds)


def _augmented(clip: Clip, rng: np.random.Generator) -> Samples:
    return augment(clip.read(), rng)


def mix_windows(windows: Sequence[Window], readers: Sequence[Callable[[], Samples]]) -> torch.Tensor:
    """Samples (windows, 480,000); a straddling utterance is heard as far as the window goes."""
    samples = np.zeros((len(windows), WINDOW), np.float32)
    for row, window in zip(samples, windows, strict=True):
        straddling = [window.straddling] if window.straddling is not None else []
        for index, first in [*window.placed, *straddling]:
            speech = readers[index]()[: WINDOW - first]
            row[first : first + len(speech)] = speech
    return torch.from_numpy(samples)


def label_tensors(
    targets: Sequence[tuple[list[int], int]], vocabulary: Vocabulary
) -> tuple[torch.Tensor, torch.Tensor]:
    """Decoder inputs and labels, shifted against each other by one and padded to the longest."""
    longest = max(len(tokens) for tokens, _ in targets) - 1
    inputs = torch.full((len(targets), longest), vocabulary.end)
    labels = torch.full((len(targets), longest), IGNORED)
    for i, (tokens, given) in enumerate(targets):
        inputs[i, : len(tokens) - 1] = torch.tensor(tokens[:-1])
        labels[i, given - 1 : len(tokens) - 1] = torch.tensor(tokens[given:])
    return inputs, labels
