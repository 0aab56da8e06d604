"""Word errors, as the engine's own yardstick while it trains; reported scores are packages/scoring's."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

import numpy as np

# Written without spaces between words: every character counts as one.
_UNSPACED = frozenset({"zh", "ja", "th", "lo", "my", "km", "yue"})


def words_of(text: str, language: str) -> list[str]:
    """Words without case and punctuation (Unicode NFKC)."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    kept = re.sub(r"[^\w\s']", " ", folded)
    return [c for c in kept if not c.isspace()] if language in _UNSPACED else kept.split()


def count_errors(reference: Sequence[str], hypothesis: Sequence[str]) -> int:
    """Levenshtein distance: substitutions, deletions and insertions."""
    ids = {word: i for i, word in enumerate({*reference, *hypothesis})}
    columns = np.array([ids[word] for word in hypothesis], np.int64)
    steps = np.arange(len(columns) + 1)
    row = steps.copy()
    for i, word in enumerate(reference, 1):
        best = np.concatenate(([i], np.minimum(row[:-1] + (columns != ids[word]), row[1:] + 1)))
        row = np.minimum.accumulate(best - steps) + steps  # insertions, from left to right
    return int(row[-1])


def word_error_rate(pairs: Iterable[tuple[str, str]], language: str) -> float:
    """Errors over reference words of (reference, hypothesis) pairs; 1.0 is 100 %, and more is possible."""
    errors = total = 0
    for reference, hypothesis in pairs:
        words = words_of(reference, language)
        errors += count_errors(words, words_of(hypothesis, language))
        total += len(words)
    return errors / total if total else 0.0
