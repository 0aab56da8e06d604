"""How well the model does on utterances it is not trained on.

They share windows as in training, which costs a fifth of a window each: the rate is a yardstick for epochs of one run.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch

from attune_engine_whisper.training.batches import label_tensors, mix_windows, window_tokens
from attune_engine_whisper.training.clips import Clip
from attune_engine_whisper.training.decoding import greedy
from attune_engine_whisper.training.mel import LogMel
from attune_engine_whisper.training.network import Network
from attune_engine_whisper.training.packing import Window, plan_plain
from attune_engine_whisper.vocabulary import Vocabulary
from attune_engine_whisper.word_errors import word_error_rate

_BATCH = 8  # windows


@dataclass(frozen=True)
class Validation:
    """Word error rate (1.0 is 100 %) and mean cross-entropy per token."""

    wer: float
    loss: float


class PackedSample:
    """Utterances packed into windows, always the same way, read batch by batch."""

    def __init__(self, clips: Sequence[Clip]) -> None:
        self.clips = clips
        self._windows = plan_plain([clip.utterance for clip in clips])
        self.references = [" ".join(clips[i].item.transcript for i, _ in window.placed) for window in self._windows]

    def batches(self, mel: LogMel) -> Iterator[tuple[Sequence[Window], torch.Tensor]]:
        """Some windows and their features (windows, bins, 3,000), in the order of `references`."""
        readers = [clip.read for clip in self.clips]
        for start in range(0, len(self._windows), _BATCH):
            windows = self._windows[start : start + _BATCH]
            yield windows, mel(mix_windows(windows, readers))


def validate(
    network: Network,
    sample: PackedSample,
    mel: LogMel,
    vocabulary: Vocabulary,
    language: str,
    between: Callable[[], None],
) -> Validation:
    """Decodes every window; the network is decoding. `between` is called between batches and may raise to leave."""
    heard: list[str] = []
    losses: list[tuple[float, int]] = []
    for windows, features in sample.batches(mel):
        between()
        encoded = network.encode(features)
        targets = [window_tokens(window, sample.clips, vocabulary) for window in windows]
        inputs, labels = label_tensors(targets, vocabulary)
        loss = network.decoder_loss(encoded, inputs.to(network.device), labels.to(network.device))
        losses.append((loss.item(), int((labels >= 0).sum())))
        heard += [vocabulary.decode(tokens) for tokens in greedy(network, encoded, vocabulary)]
    tokens = sum(count for _, count in losses)
    pairs = list(zip(sample.references, heard, strict=True))
    return Validation(word_error_rate(pairs, language), sum(loss * count for loss, count in losses) / tokens)
