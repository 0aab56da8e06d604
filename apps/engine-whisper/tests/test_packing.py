"""Packing: what the model sees is what was said, where it was said."""

import numpy as np
import pytest

from attune_engine_whisper.audio import RATE
from attune_engine_whisper.training.mel import WINDOW
from attune_engine_whisper.training.packing import Utterance, Window, fits_alone, plan_epoch
from attune_engine_whisper.vocabulary import MAX_TOKENS


def utterances(count: int = 300) -> list[Utterance]:
    rng = np.random.default_rng(1)
    return [Utterance(int(n), [7] * (int(n) // 4000)) for n in rng.integers(RATE, 12 * RATE, count)]


@pytest.fixture(scope="module")
def plan() -> list[Window]:
    return plan_epoch(utterances(), 17, 0)


def test_every_utterance_is_heard_whole_exactly_once_an_epoch(plan: list[Window]):
    assert sorted(i for window in plan for i, _ in window.placed) == list(range(300))


def test_utterances_neither_overlap_nor_leave_the_window(plan: list[Window]):
    items = utterances()
    for window in plan:
        ends = [first + items[i].samples for i, first in window.placed]
        starts = [first for _, first in window.placed]
        assert all(end < start for end, start in zip(ends, starts[1:], strict=False))
        assert ends[-1] <= WINDOW
        if window.straddling is not None:
            index, first = window.straddling
            assert window.timed and ends[-1] < first < WINDOW < first + items[index].samples


def test_a_window_never_exceeds_the_decoders_context(plan: list[Window]):
    wordy = [Utterance(3 * RATE, [7] * 90) for _ in range(50)]
    for items, windows in ((utterances(), plan), (wordy, plan_epoch(wordy, 1, 0))):
        for window in windows:
            tokens = sum(len(items[i].tokens) + 2 for i, _ in window.placed)
            assert tokens + len(window.prompt) + 8 <= MAX_TOKENS


def test_windows_are_nearly_full(plan: list[Window]):
    speech = sum(utterance.samples for utterance in utterances())
    assert speech / (len(plan) * WINDOW) > 0.9


def test_about_half_of_the_windows_teach_timestamps_and_some_a_cut_utterance_or_a_prompt():
    windows = [window for epoch in range(8) for window in plan_epoch(utterances(), 17, epoch)]
    assert 0.4 < np.mean([window.timed for window in windows]) < 0.6
    assert 0.1 < np.mean([window.straddling is not None for window in windows]) < 0.2
    assert 0.1 < np.mean([bool(window.prompt) for window in windows]) < 0.2


def test_the_same_seed_gives_the_same_plan_and_each_epoch_its_own():
    assert plan_epoch(utterances(), 17, 0) == plan_epoch(utterances(), 17, 0)
    assert plan_epoch(utterances(), 17, 0) != plan_epoch(utterances(), 17, 1)


def test_what_no_window_can_hold_is_told_apart():
    assert not fits_alone(Utterance(WINDOW + 1, [7]))
    assert not fits_alone(Utterance(RATE, [7] * MAX_TOKENS))
    assert fits_alone(Utterance(WINDOW, [7] * 300))
