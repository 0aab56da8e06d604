"""Proof that the packaged model is the trained one: both decode the same sample."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from ctranslate2 import StorageView
from ctranslate2.models import Whisper

from attune_engine_whisper.errors import EngineError
from attune_engine_whisper.training.clips import Clip
from attune_engine_whisper.training.decoding import MOST_NEW_TOKENS, greedy
from attune_engine_whisper.training.mel import LogMel
from attune_engine_whisper.training.network import Network
from attune_engine_whisper.training.validation import PackedSample
from attune_engine_whisper.vocabulary import Vocabulary
from attune_engine_whisper.word_errors import count_errors, words_of

_SAMPLE = 32  # utterances
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


class Sample:
    """The fixed sample: validation utterances first, filled up with training ones."""

    def __init__(
        self, validating: Sequence[Clip], training: Sequence[Clip], mel: LogMel, vocabulary: Vocabulary
    ) -> None:
        sample = PackedSample([*validating, *training][:_SAMPLE])
        self.utterances = len(sample.clips)
        self.references = sample.references
        self._features = [features for _, features in sample.batches(mel)]
        self._vocabulary = vocabulary

    def decode_trained(self, network: Network) -> list[str]:
        """What the trained model hears, in float32."""
        with network.decoding():
            return [
                self._vocabulary.decode(tokens)
                for features in self._features
                for tokens in greedy(network, network.encode(features), self._vocabulary)
            ]

    def decode_packaged(self, directory: Path, compute_type: str, threads: int) -> list[str]:
        """What the packaged model hears."""
        model = Whisper(str(directory), compute_type=compute_type, intra_threads=threads)
        prompt = [*self._vocabulary.start, self._vocabulary.no_timestamps]
        texts: list[str] = []
        for features in self._features:
            view = StorageView.from_array(np.ascontiguousarray(features.cpu().numpy()))
            # CTranslate2 gives the text half of max_length, as Whisper does with its context.
            results = model.generate(view, [prompt] * len(features), beam_size=1, max_length=2 * MOST_NEW_TOKENS)
            texts += [self._vocabulary.decode(result.sequences_ids[0]) for result in results]
        return texts


def compare(
    sample: Sample, trained: Sequence[str], float32: Sequence[str], int8: Sequence[str], language: str
) -> Verification:
    """Weighs the three decodes. Raises VERIFICATION_FAILED when the package is not the trained model.

    A sample is small: of n words that int8 hears differently, chance alone makes about sqrt(n) more (or fewer) wrong
    ones (the sign test), so only what goes beyond twice that counts against the limit. One word proves nothing.
    """
    references = [words_of(text, language) for text in sample.references]
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
            "VERIFICATION_FAILED",
            f"The packaged model errs in {errors[2]} of {total} words, the trained in {errors[0]}.",
        )
    return Verification(sample.utterances, total, errors[0] / total, differing / total, errors[2] / total)
