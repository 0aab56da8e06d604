"""Where there can be speech at all.

Cutting audio by a voice activity detector's usual thresholds loses a tenth of the words of noisy recordings, so
nothing is cut here: the detector (Silero, which comes with faster-whisper) is asked only whether a stretch can be
speech, at thresholds that real speech passes even in noise. What Whisper writes where there can be none ("You",
"Thank you.") is dropped.
"""

from typing import Any

import numpy as np
from faster_whisper.vad import get_vad_model
from numpy.typing import NDArray

from attune_engine_whisper.audio import RATE, Samples

_FRAME = 512  # samples of one decision of the detector
_LEAST_PROBABILITY = 0.1
_MARGIN_SECONDS = 0.4  # word times are that uncertain
_BLOCK = RATE * 600  # samples given to the detector at once


class VoiceActivity:
    """The detector's probabilities for one recording."""

    def __init__(self, samples: Samples) -> None:
        detector: Any = get_vad_model()
        blocks = [samples[start : start + _BLOCK] for start in range(0, len(samples), _BLOCK)]
        parts: list[NDArray[np.float32]] = [
            detector(np.pad(block, (0, -len(block) % _FRAME))).ravel() for block in blocks
        ]
        self.probabilities = np.concatenate([np.zeros(0, np.float32), *parts])

    def anywhere(self) -> bool:
        """Whether any stretch can be speech."""
        return bool((self.probabilities >= _LEAST_PROBABILITY).any())

    def between(self, start: float, end: float) -> bool:
        """Whether there can be speech from `start` to `end`, in seconds."""
        first = max(0, int((start - _MARGIN_SECONDS) * RATE / _FRAME))
        last = int((end + _MARGIN_SECONDS) * RATE / _FRAME) + 1
        return bool((self.probabilities[first:last] >= _LEAST_PROBABILITY).any())
