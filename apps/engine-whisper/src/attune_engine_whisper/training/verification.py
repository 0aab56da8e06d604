"""Proof that the packaged model is the trained one: both decode the same sample."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from attune_engine_whisper.errors import EngineError
from attune_engine_whisper.training.clips import Clip
from attune_engine_whisper.training.decoding import MOST_NEW_TOKENS, greedy
from attune_engine_whisper.training.mel import LogMel
from attune_engine_whisper.training.network import Network
from attune_engine_whisper.training.validation import features_of
from attune_engine_whisper.vocabulary import Vocabulary
from attune_engine_whisper.word_errors import count_errors, words_of

_SAMPLE = 32  # utterances
_BATCH = 8
_MOST_DIFFERING = 0.02  # of the words, float32
_MOST_WORSE = 0.01  # of the words, int8


@dataclass(frozen=True)
class Verification:
    """Shares of the sample's words (1.0 is 100 %): errors of each model, and where float32 differs from training."""

    utterances: int
    words: int
    trained_wer: float
    float32_differing: float
    int8_wer: float

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def sample_of(validating: Sequence[Clip], training: Sequence[Clip]) -> list[Clip]:
    """The fixed sample: validation utterances first, filled up with training ones."""
    return [*validating, *training][:_SAMPLE]


def decode_trained(network: Network, sample: Sequence[Clip], mel: LogMel, vocabulary: Vocabulary) -> list[str]:
    """What the trained model hears, in float32."""
    network.model.eval()
    texts: list[str] = []
    with torch.inference_mode():
        for start in range(0, len(sample), _BATCH):
            encoded = network.encode(features_of(sample[start : start + _BATCH], mel))
            texts += [vocabulary.decode(tokens) for tokens in greedy(network, encoded, vocabulary)]
    return texts


def decode_packaged(
    directory: Path, compute_type: str, sample: Sequence[Clip], mel: LogMel, vocabulary: Vocabulary, threads: int
) -> list[str]:
    """What the packaged model hears."""
    import ctranslate2

    model: Any = ctranslate2.models.Whisper(str(directory), compute_type=compute_type, intra_threads=threads)
    prompt = [*vocabulary.start, vocabulary.no_timestamps]
    texts: list[str] = []
    for start in range(0, len(sample), _BATCH):
        part = sample[start : start + _BATCH]
        features = np.ascontiguousarray(features_of(part, mel).cpu().numpy())
        results = model.generate(
            ctranslate2.StorageView.from_array(features),
            [prompt] * len(part),
            beam_size=1,
            max_length=MOST_NEW_TOKENS + len(prompt),
        )
        texts += [vocabulary.decode(result.sequences_ids[0]) for result in results]
    return texts


def compare(
    sample: Sequence[Clip], trained: Sequence[str], float32: Sequence[str], int8: Sequence[str], language: str
) -> Verification:
    """Weighs the three decodes. Raises VERIFICATION_FAILED when the package is not the trained model.

    A sample is small: of n words that int8 hears differently, chance alone makes about sqrt(n) more (or fewer) wrong
    ones (the sign test), so only what goes beyond twice that counts against the limit. One word proves nothing.
    """
    references = [words_of(clip.item.transcript, language) for clip in sample]
    heard = [[words_of(text, language) for text in texts] for texts in (trained, float32, int8)]
    total = max(1, sum(len(words) for words in references))
    differing = sum(count_errors(a, b) for a, b in zip(heard[0], heard[1], strict=True))
    errors = [sum(count_errors(r, h) for r, h in zip(references, texts, strict=True)) for texts in heard]
    if differing > max(1, _MOST_DIFFERING * total):
        raise EngineError(
            "VERIFICATION_FAILED", f"The packaged model hears {differing} of {total} words differently than trained."
        )
    requantized = sum(count_errors(a, b) for a, b in zip(heard[0], heard[2], strict=True))
    if errors[2] - errors[0] > _MOST_WORSE * total + 2 * math.sqrt(requantized):
        raise EngineError(
            "VERIFICATION_FAILED", f"The packaged model errs in {errors[2]} of {total} words, the trained in {errors[0]}."
        )
    return Verification(len(sample), total, errors[0] / total, differing / total, errors[2] / total)
