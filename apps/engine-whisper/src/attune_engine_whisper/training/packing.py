"""Packs utterances into Whisper's 30 s windows.

The encoder costs the same for a window of one utterance as for a full one: with utterances of five seconds, packing
saves four fifths of it. Trained on windows without timestamp tokens alone, a model forgets them, and long recordings,
which advance by them, lose speech; so half of the windows carry true ones.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from attune_engine_whisper.audio import RATE
from attune_engine_whisper.training.mel import WINDOW
from attune_engine_whisper.vocabulary import MAX_TOKENS, TIMESTAMP_STEP

_TIMED = 0.5  # share of windows with timestamp tokens
_STRADDLED = 0.3  # share of those whose last utterance is cut by the window's end (Radford et al. 2022, section 2.3)
_PROMPTED = 0.15  # share of windows with the text before as prompt
_PROMPT_TOKENS = 64
_LOOK_AHEAD = 64  # utterances considered for the rest of a window
_GAPS = (0.1, 0.3)  # seconds of silence between utterances
_LEAST_STRADDLE = RATE // 2  # samples of the cut utterance that are heard
_CONTROL_TOKENS = 8  # start, language, task, end, and the straddling utterance's timestamps
_GRID = round(TIMESTAMP_STEP * RATE)


@dataclass(frozen=True)
class Utterance:
    """What packing needs to know of an utterance: its length in samples and its tokens."""

    samples: int
    tokens: Sequence[int]


@dataclass
class Window:
    """Utterances (index, first sample in the window), in order of time."""

    timed: bool
    placed: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    straddling: tuple[int, int] | None = None
    prompt: list[int] = field(default_factory=list[int])


def fits_alone(utterance: Utterance) -> bool:
    """Whether a window can hold the utterance at all."""
    return 0 < utterance.samples <= WINDOW and _cost(utterance) <= _token_limit()


def _cost(utterance: Utterance) -> int:
    return len(utterance.tokens) + 2  # with its two timestamps


def _token_limit() -> int:
    return MAX_TOKENS - _CONTROL_TOKENS - _PROMPT_TOKENS


def plan_epoch(utterances: Sequence[Utterance], seed: int, epoch: int) -> list[Window]:
    """The windows of one epoch, each utterance once, in an order and a packing of its own; same seed, same plan."""
    rng = np.random.default_rng([seed, epoch])
    waiting = deque(int(i) for i in rng.permutation(len(utterances)))
    windows: list[Window] = []
    while waiting:
        window = _fill(waiting, utterances, rng)
        if windows and rng.random() < _PROMPTED:
            before = [token for i, _ in windows[-1].placed for token in utterances[i].tokens]
            window.prompt = before[-_PROMPT_TOKENS:]
        windows.append(window)
    return windows


def plan_plain(utterances: Sequence[Utterance]) -> list[Window]:
    """Windows to decode rather than to learn from: no timestamps, prompts or cut utterances; always the same."""
    return [Window(timed=False, placed=window.placed) for window in plan_epoch(utterances, 0, 0)]


def _fill(waiting: deque[int], utterances: Sequence[Utterance], rng: np.random.Generator) -> Window:
    """Takes the next window's utterances from `waiting`."""
    window = Window(timed=bool(rng.random() < _TIMED))
    straddled = window.timed and rng.random() < _STRADDLED
    at, tokens = 0, 0
    while waiting:
        candidates = islice(waiting, 1 if straddled else _LOOK_AHEAD)
        fitting = next((i for i in candidates if _fits(utterances[i], at, tokens)), None)
        if fitting is None:
            break
        waiting.remove(fitting)
        window.placed.append((fitting, at))
        tokens += _cost(utterances[fitting])
        at += _on_grid(utterances[fitting].samples + rng.uniform(*_GAPS) * RATE)
    if straddled and waiting and at + _LEAST_STRADDLE <= WINDOW < at + utterances[waiting[0]].samples:
        # It begins here and is heard whole in a later window.
        window.straddling = (waiting[0], at)
    return window


def _fits(utterance: Utterance, at: int, tokens: int) -> bool:
    return at + utterance.samples <= WINDOW and tokens + _cost(utterance) <= _token_limit()


def _on_grid(samples: float) -> int:
    return int(samples // _GRID + 1) * _GRID
