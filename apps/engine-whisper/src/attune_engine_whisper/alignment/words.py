"""Pairs the words of a transcript with the words that were recognized, in order. Pure.

Runs of words that occur exactly once on both sides anchor the pairing (patience difference); between two anchors the
pairing of least edit distance is taken. So an hour's transcript costs about as much as its differences.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

_RUN = 3  # words of an anchor

Pairs = list[tuple[int, int]]


def normalize(word: str) -> str:
    """A word for comparison: without case and punctuation."""
    return re.sub(r"[^\w']", "", word.casefold())


def pair_words(given: Sequence[str], heard: Sequence[str]) -> Pairs:
    """Indices (given, heard) of equal words, increasing on both sides."""
    pairs: Pairs = []
    at_given = at_heard = 0
    for i, j in [*_anchors(given, heard), (len(given), len(heard))]:
        matcher = SequenceMatcher(None, given[at_given:i], heard[at_heard:j], autojunk=False)
        for block in matcher.get_matching_blocks():
            pairs += [(at_given + block.a + k, at_heard + block.b + k) for k in range(block.size)]
        if i < len(given):
            pairs.append((i, j))
        at_given, at_heard = i + 1, j + 1
    return pairs


def _anchors(given: Sequence[str], heard: Sequence[str]) -> Pairs:
    """Starts of runs that occur once on each side; the longest chain of them that increases on both."""
    there = _unique_runs(heard)
    common = [(i, there[run]) for run, i in sorted(_unique_runs(given).items(), key=lambda r: r[1]) if run in there]
    return _longest_increasing(common)


def _unique_runs(words: Sequence[str]) -> dict[tuple[str, ...], int]:
    runs = [tuple(words[i : i + _RUN]) for i in range(len(words) - _RUN + 1)]
    counts = Counter(runs)
    return {run: i for i, run in enumerate(runs) if counts[run] == 1}


def _longest_increasing(pairs: Pairs) -> Pairs:
    """The longest part of `pairs` (sorted by the first index) whose second indices increase."""
    tails: list[int] = []  # second index of the last pair of the best chain of each length
    chain_ends: list[int] = []  # position in `pairs` of that pair
    before: list[int | None] = []
    for position, (_, j) in enumerate(pairs):
        length = bisect_left(tails, j)
        before.append(chain_ends[length - 1] if length else None)
        tails[length : length + 1] = [j]
        chain_ends[length : length + 1] = [position]
    chain: Pairs = []
    at = chain_ends[-1] if chain_ends else None
    while at is not None:
        chain.append(pairs[at])
        at = before[at]
    return chain[::-1]
