"""Turns planned windows into what the model is trained on: samples, tokens and labels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from attune_engine_whisper.audio import RATE
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
    """Reads and mixes the audio of some windows."""
    samples = np.zeros((len(windows), WINDOW), np.float32)
    seconds = 0.0
    for row, window in zip(samples, windows, strict=True):
        straddling = [window.straddling] if window.straddling is not None else []
        for index, first in [*window.placed, *straddling]:
            speech = augment(clips[index].read(), rng)[: WINDOW - first]
            row[first : first + len(speech)] = speech
            seconds += len(speech) / RATE
    targets = [window_tokens(window, clips, vocabulary) for window in windows]
    inputs, labels = label_tensors(targets, vocabulary)
    return Batch(torch.from_numpy(samples), inputs, labels, seconds)


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
