"""Alignment: long recordings become utterances with their own text."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from attune_engine_whisper.alignment.cuts import HeardWord, cut
from attune_engine_whisper.alignment.words import pair_words
from attune_engine_whisper.audio import RATE, read_audio, write_flac
from attune_engine_whisper.files import sha256_of
from engine import run_job
from speech import GENERAL, VOICES, join, speak


def heard_words(count: int, gaps: dict[int, float], length: float = 0.3) -> list[HeardWord]:
    """Words one after the other, with a silence before some."""
    words: list[HeardWord] = []
    at = 0.0
    for number in range(count):
        at += gaps.get(number, 0.0)
        words.append(HeardWord(at, at + length))
        at += length
    return words


def test_words_are_paired_in_order_around_what_differs():
    given = ["the", "quick", "brown", "fox", "jumps", "over", "the", "lazy", "dog", "and", "runs", "far", "away"]
    heard = ["the", "quick", "brown", "box", "jumps", "over", "the", "lazy", "dog", "uh", "and", "runs", "far", "away"]
    pairs = pair_words(given, heard)
    assert all(given[i] == heard[j] for i, j in pairs)
    assert pairs == sorted(pairs) and len(pairs) == 12


def test_pairing_an_hour_of_words_is_quick():
    rng = np.random.default_rng(0)
    given = [f"w{n}" for n in rng.zipf(1.3, 9000) % 3000]
    heard = [word if rng.random() > 0.2 else "x" for word in given]
    assert len(pair_words(given, heard)) > 7000


def test_cuts_fall_into_silences_and_utterances_stay_short():
    heard = heard_words(200, dict.fromkeys(range(20, 200, 20), 0.6))
    utterances, unmatched = cut(200, [(n, n) for n in range(200)], heard, heard[-1].end + 1, 30)
    assert unmatched == []
    assert utterances[0].first == 0 and utterances[-1].last == 200
    assert all(u.end - u.start <= 15 for u in utterances)
    assert all(a.last == b.first and a.end <= b.start for a, b in pairwise(utterances))


def test_speech_that_the_transcript_lacks_is_reported_with_its_times():
    heard = heard_words(60, {20: 0.5, 40: 0.5})
    pairs = [(n, n) for n in range(20)] + [(n - 20, n) for n in range(40, 60)]
    utterances, unmatched = cut(40, pairs, heard, heard[-1].end, 30)
    assert [(u.first, u.last) for u in utterances] == [(0, 20), (20, 40)]
    (stretch,) = unmatched
    assert stretch.start == pytest.approx(heard[20].start, abs=0.5)
    assert stretch.end == pytest.approx(heard[39].end, abs=0.5)


def test_text_that_was_not_spoken_belongs_to_no_utterance():
    heard = heard_words(40, {20: 0.5})
    pairs = [(n, n) for n in range(20)] + [(n + 15, n) for n in range(20, 40)]
    utterances, unmatched = cut(55, pairs, heard, heard[-1].end, 30)
    assert [(u.first, u.last) for u in utterances] == [(0, 20), (35, 55)]
    assert len(unmatched) == 1 and "not heard" in unmatched[0].reason


def test_a_stretch_without_silence_is_reported_rather_than_cut_in_a_word():
    heard = heard_words(200, {})
    utterances, unmatched = cut(200, [(n, n) for n in range(200)], heard, 60, 30)
    assert utterances == [] and "silence" in unmatched[0].reason


def test_a_recording_of_something_else_is_reported_whole():
    assert cut(10, [], [], 45.0, 30)[1][0].end == 45.0


def test_align_cuts_a_real_recording_into_its_sentences(base_reference: dict[str, str], tmp_path: Path):
    spoken = [*GENERAL, GENERAL[3]]
    recording = join([speak(text, VOICES[n // 4]) for n, text in enumerate(spoken)], 0.6)
    write_flac(tmp_path / "long.flac", recording)
    transcript = " ".join([*GENERAL[:4], *GENERAL[5:], GENERAL[3]])  # the fifth sentence is missing
    job: dict[str, object] = {
        "base": base_reference,
        "language": "en",
        "threads": 2,
        "items": [{"id": "long/1", "audio": str(tmp_path / "long.flac"), "transcript": transcript}],
        "output_directory": str(tmp_path / "cuts"),
        "results": str(tmp_path / "cuts.jsonl"),
    }
    outcome = run_job("align", job, tmp_path)
    assert outcome.code == 0, outcome.stderr
    entry: dict[str, Any] = json.loads((tmp_path / "cuts.jsonl").read_text())
    utterances = entry["utterances"]
    texts = " ".join(utterance["transcript"] for utterance in utterances).split()
    assert len(texts) >= 0.8 * len(transcript.split())
    missing = len(join([speak(t, VOICES[n // 4]) for n, t in enumerate(GENERAL[:4])], 0.6)) / RATE
    assert not any(u["start"] < missing + 1 and u["end"] > missing + 3 for u in utterances), "unspoken text was matched"
    assert any(stretch["start"] < missing + 2 < stretch["end"] for stretch in entry["unmatched"])
    for utterance in utterances:
        path = Path(utterance["audio"])
        assert path.parent == tmp_path / "cuts" and sha256_of(path) == utterance["sha256"]
        assert len(read_audio(path)) / RATE == pytest.approx(utterance["end"] - utterance["start"], abs=0.01)
        assert utterance["end"] - utterance["start"] <= 30
