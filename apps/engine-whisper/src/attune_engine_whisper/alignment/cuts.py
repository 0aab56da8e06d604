"""Where to cut a recording, and what could not be matched. Pure.

A cut lies in a silence between two words of the transcript that were both recognized, so that its place is known on
both sides. What lies between two cuts is an utterance; one whose words were hardly recognized, or that no cut makes
short enough, is reported instead of trained on. Speech that the transcript lacks, and text that was not spoken, fall
into a cut of their own where silence surrounds them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from attune_engine_whisper.alignment.words import Pairs

_LEAST_SILENCE = 0.12  # seconds that a cut needs
_MOST_EDGE = 0.2  # seconds of silence kept before and after an utterance
_WANTED = (
    4.0,
    15.0,
)  # seconds of an utterance, where there is a choice: what cannot be matched is lost with its utterance
_LEAST_MATCHED = 0.6  # share of an utterance's words that were recognized
_FASTEST = 8.0  # words per second that can be spoken
_FEW = 3  # words in a row that a recognizer may miss or make up
_LONG = 1.5  # seconds outside utterances that are worth reporting

_NOT_GIVEN = "Nothing in the transcript belongs to this part."
_NOT_HEARD = "The transcript has words here that were not heard."


@dataclass(frozen=True)
class HeardWord:
    """A recognized word, times in seconds."""

    start: float
    end: float


@dataclass(frozen=True)
class Utterance:
    """Words [first, last) of the transcript, heard from `start` to `end` seconds."""

    first: int
    last: int
    start: float
    end: float


@dataclass(frozen=True)
class Unmatched:
    """A stretch, in seconds, that yields no utterance, and why, in the customer's words."""

    start: float
    end: float
    reason: str


@dataclass(frozen=True)
class _Cut:
    """The utterance before ends at word `last` and second `end`; the one after begins at `first` and `start`."""

    last: int
    first: int
    end: float
    start: float
    silence: float  # seconds, the shorter side's


def cut(
    words: int, pairs: Pairs, heard: Sequence[HeardWord], duration: float, max_seconds: float
) -> tuple[list[Utterance], list[Unmatched]]:
    """Utterances of at most `max_seconds` for a transcript of `words` words, and the stretches left over."""
    if not pairs:
        return [], [Unmatched(0.0, duration, "Nothing of the transcript was heard in the recording.")]
    cuts = _possible_cuts(words, pairs, heard, duration)
    doubtful = _doubtful_words(pairs, heard)
    matched = {i for i, _ in pairs}
    utterances: list[Utterance] = []
    unmatched: list[Unmatched] = []
    at = 0
    while True:
        unmatched += _inside(cuts[at])
        if at == len(cuts) - 1:
            return utterances, unmatched
        chosen = _choose(cuts, at, max_seconds)
        utterance = _between(cuts[at], cuts[chosen])
        reason = _objection(utterance, matched, doubtful, max_seconds)
        if reason is None:
            utterances.append(utterance)
        else:
            unmatched.append(Unmatched(utterance.start, utterance.end, reason))
        at = chosen


def _possible_cuts(words: int, pairs: Pairs, heard: Sequence[HeardWord], duration: float) -> list[_Cut]:
    (first, first_heard), (last, last_heard) = pairs[0], pairs[-1]
    silence_before = heard[0].start if first_heard == 0 else heard[first_heard].start - heard[first_heard - 1].end
    cuts = [_Cut(0, first, 0.0, heard[first_heard].start - _edge(silence_before), silence_before)]
    for (i, j), (next_i, next_j) in pairwise(pairs):
        after, before = heard[j + 1].start - heard[j].end, heard[next_j].start - heard[next_j - 1].end
        skipped, made_up = next_i - i - 1, next_j - j - 1
        clean = skipped == 0 or (made_up == 0 and skipped > _FEW)
        if clean and min(after, before) >= _LEAST_SILENCE:
            end, start = heard[j].end + _edge(after), heard[next_j].start - _edge(before)
            cuts.append(_Cut(i + 1, next_i, end, start, min(after, before)))
    end = heard[last_heard].end
    silence_after = (heard[last_heard + 1].start if last_heard + 1 < len(heard) else duration) - end
    cuts.append(_Cut(last + 1, words, end + _edge(silence_after), duration, silence_after))
    return cuts


def _edge(silence: float) -> float:
    """How much of a silence an utterance at its side takes."""
    return max(0.0, min(_MOST_EDGE, silence / 2))


def _doubtful_words(pairs: Pairs, heard: Sequence[HeardWord]) -> set[int]:
    """Words of the transcript next to a stretch whose text and speech cannot be the same."""
    doubtful: set[int] = set()
    for (i, j), (next_i, next_j) in pairwise(pairs):
        skipped, made_up = next_i - i - 1, next_j - j - 1
        room = heard[next_j].start - heard[j].end
        if skipped > _FEW + _FASTEST * room or made_up > _FEW + 3 * skipped:
            doubtful.add(i)
    return doubtful


def _choose(cuts: Sequence[_Cut], at: int, max_seconds: float) -> int:
    """The cut in the longest silence that makes an utterance of the wanted length; else the furthest that fits."""
    wanted: int | None = None
    furthest = at + 1
    for end in range(at + 1, len(cuts)):
        utterance = _between(cuts[at], cuts[end])
        seconds = utterance.end - utterance.start
        if seconds > max_seconds:
            break
        furthest = end
        if _WANTED[0] <= seconds <= _WANTED[1] and (wanted is None or cuts[end].silence > cuts[wanted].silence):
            wanted = end
        if cuts[end].first != cuts[end].last or cuts[end].start - cuts[end].end > _LONG:
            return end  # what is missing here must not fall into an utterance
    return furthest if wanted is None else wanted


def _between(before: _Cut, after: _Cut) -> Utterance:
    return Utterance(before.first, after.last, round(before.start, 3), round(after.end, 3))


def _inside(cut: _Cut) -> list[Unmatched]:
    """What a cut leaves out."""
    if cut.first > cut.last:
        return [Unmatched(round(cut.end, 3), round(cut.start, 3), _NOT_HEARD)]
    if cut.start - cut.end > _LONG:
        return [Unmatched(round(cut.end, 3), round(cut.start, 3), _NOT_GIVEN)]
    return []


def _objection(utterance: Utterance, matched: set[int], doubtful: set[int], max_seconds: float) -> str | None:
    words = range(utterance.first, utterance.last)
    if utterance.end - utterance.start > max_seconds:
        return "No silence was found where this part could be cut."
    heard_here = sum(word in matched for word in words)
    if heard_here < _LEAST_MATCHED * len(words) or doubtful.intersection(words[:-1]):
        return "The transcript does not match what is heard here."
    return None
