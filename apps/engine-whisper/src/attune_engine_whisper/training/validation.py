"""How well the model does on utterances it is not trained on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from attune_engine_whisper.training.batches import label_tensors
from attune_engine_whisper.training.clips import Clip
from attune_engine_whisper.training.decoding import greedy
from attune_engine_whisper.training.mel import WINDOW, LogMel
from attune_engine_whisper.training.network import Network
from attune_engine_whisper.vocabulary import Vocabulary
from attune_engine_whisper.word_errors import word_error_rate

_BATCH = 16


@dataclass(frozen=True)
class Validation:
    """Word error rate (1.0 is 100 %) and mean cross-entropy per token."""

    wer: float
    loss: float


def features_of(clips: Sequence[Clip], mel: LogMel) -> torch.Tensor:
    """A window for each utterance."""
    samples = np.zeros((len(clips), WINDOW), np.float32)
    for row, clip in zip(samples, clips, strict=True):
        speech = clip.read()
        row[: len(speech)] = speech
    return mel(torch.from_numpy(samples))


def validate(
    network: Network,
    clips: Sequence[Clip],
    mel: LogMel,
    vocabulary: Vocabulary,
    language: str,
    between: Callable[[], None],
) -> Validation:
    """Decodes every utterance. `between` is called between batches and may raise to leave."""
    network.model.eval()
    pairs: list[tuple[str, str]] = []
    losses: list[tuple[float, int]] = []
    # Similar lengths together: a batch decodes as long as its longest.
    ordered = sorted(clips, key=lambda clip: (len(clip.tokens), clip.item.id))
    for start in range(0, len(ordered), _BATCH):
        between()
        part = ordered[start : start + _BATCH]
        encoded = network.encode(features_of(part, mel))
        prompt = [*vocabulary.start, vocabulary.no_timestamps]
        inputs, labels = label_tensors([([*prompt, *c.tokens, vocabulary.end], len(prompt)) for c in part], vocabulary)
        loss = network.decoder_loss(encoded, inputs.to(network.device), labels.to(network.device))
        losses.append((loss.item(), int((labels >= 0).sum())))
        hypotheses = greedy(network, encoded, vocabulary)
        pairs += [(c.item.transcript, vocabulary.decode(h)) for c, h in zip(part, hypotheses, strict=True)]
    tokens = sum(count for _, count in losses)
    return Validation(word_error_rate(pairs, language), sum(loss * count for loss, count in losses) / tokens)
