"""The parts of training that can be tested without training."""

from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import WhisperFeatureExtractor

from attune_engine_whisper.audio import RATE, Samples, read_audio, write_flac
from attune_engine_whisper.errors import EngineError
from attune_engine_whisper.events import Events
from attune_engine_whisper.jobs import TrainItem
from attune_engine_whisper.training.augmentation import augment
from attune_engine_whisper.training.batches import IGNORED, label_tensors, window_tokens
from attune_engine_whisper.training.checkpoint import Checkpoints, EpochResult, State
from attune_engine_whisper.training.clips import Clip, check_clips, split
from attune_engine_whisper.training.mel import WINDOW, LogMel
from attune_engine_whisper.training.packing import Window
from attune_engine_whisper.vocabulary import Vocabulary
from attune_engine_whisper.word_errors import count_errors, word_error_rate
from speech import DICTATION, speak, telephone, white_noise


@pytest.fixture(scope="module")
def vocabulary(base: Path) -> Vocabulary:
    return Vocabulary(base / "transformers", "en", is_multilingual=False)


@pytest.fixture
def items(pairs: list[dict[str, Any]]) -> list[TrainItem]:
    return [replace(TrainItem(**pair), audio=Path(pair["audio"])) for pair in pairs]


def test_log_mel_equals_the_reference_implementation():
    speech = speak(DICTATION[0])
    extractor: Any = WhisperFeatureExtractor(feature_size=80)
    expected: Samples = extractor(speech, sampling_rate=RATE, return_tensors="np").input_features[0]
    padded = torch.from_numpy(np.pad(speech, (0, WINDOW - len(speech))))[None]
    found = LogMel(80, torch.device("cpu"))(padded)[0].numpy()
    assert np.abs(found - expected).max() < 1e-3


def test_flac_keeps_every_sample(tmp_path: Path):
    speech = speak(DICTATION[0])
    write_flac(tmp_path / "a.flac", speech)
    assert np.array_equal(read_audio(tmp_path / "a.flac"), speech)


def test_timestamps_stand_where_the_utterances_are(items: list[TrainItem], vocabulary: Vocabulary):
    clips = [Clip(item, vocabulary.encode(item.transcript)) for item in items[:3]]
    window = Window(timed=True, placed=[(0, 0), (1, 5 * RATE)], straddling=(2, 28 * RATE), prompt=[11, 12])
    tokens, given = window_tokens(window, clips, vocabulary)
    first = vocabulary.no_timestamps + 1
    times = [(token - first) / 50 for token in tokens if token >= first]
    ends = [clip.item.duration_ms / 1000 for clip in clips]
    assert times == pytest.approx([0, ends[0], 5, 5 + ends[1], 28], abs=0.011)
    assert tokens[:given] == [vocabulary.previous, 11, 12, *vocabulary.start]
    assert tokens[-2:] == [first + 28 * 50, vocabulary.end]
    assert vocabulary.decode(tokens[given:]) == f"{items[0].transcript} {items[1].transcript}"


def test_labels_teach_the_end_but_neither_the_prompt_nor_the_padding(vocabulary: Vocabulary):
    inputs, labels = label_tensors([([1, 2, 3, 4, 9], 2), ([1, 2, 9], 2)], vocabulary)
    assert inputs.tolist() == [[1, 2, 3, 4], [1, 2, vocabulary.end, vocabulary.end]]
    assert labels.tolist() == [[IGNORED, 3, 4, 9], [IGNORED, 9, IGNORED, IGNORED]]


def test_augmentation_keeps_length_and_speech_and_follows_its_seed():
    speech = speak(DICTATION[1])
    variants = [augment(speech, np.random.default_rng(seed)) for seed in range(40)]
    assert all(len(v) == len(speech) and np.abs(v).max() <= 1 for v in variants)
    assert 8 < sum(v is speech for v in variants) < 32
    assert np.array_equal(variants[3], augment(speech, np.random.default_rng(3)))
    band = telephone(speech)
    assert all(np.corrcoef(telephone(v), band)[0, 1] > 0.5 for v in variants)


def test_utterances_of_one_recording_never_fall_on_both_sides(items: list[TrainItem]):
    clips = [Clip(replace(item, recording=f"r{n // 4}"), [1]) for n, item in enumerate(items)]
    training, validating = split(clips, 0.2, 5)
    assert {c.item.recording for c in training}.isdisjoint(c.item.recording for c in validating)
    assert len(training) + len(validating) == len(clips)
    assert len({c.item.recording for c in validating}) == 1
    alone = [Clip(replace(item, recording="one"), [1]) for item in items]
    assert split(alone, 0.2, 5)[1] == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"transcript": " "}, "transcript of item-00 is empty"),
        ({"audio": Path("/nowhere.flac")}, "audio of item-00 is missing"),
        ({"sha256": "sha256:" + "0" * 64}, "audio of item-00 has changed"),
    ],
)
def test_a_bad_item_ends_the_run_with_a_reason_that_names_it(
    items: list[TrainItem], vocabulary: Vocabulary, change: dict[str, Any], message: str
):
    bad = replace(items[0], **change)
    with pytest.raises(EngineError, match=message) as raised:
        check_clips([bad, *items[1:]], vocabulary, Events(StringIO()))
    assert raised.value.exit_code == 65


def test_what_no_window_can_hold_is_left_out_with_a_warning(items: list[TrainItem], vocabulary: Vocabulary):
    log = StringIO()
    wordy = replace(items[0], transcript="word " * 500)
    assert len(check_clips([wordy, *items[1:]], vocabulary, Events(log))) == len(items) - 1
    assert '"level":"warning"' in log.getvalue()
    with pytest.raises(EngineError, match="No recording can be used"):
        check_clips([wordy], vocabulary, Events(log))


def test_a_checkpoint_is_read_back_and_a_damaged_or_foreign_one_is_passed_over(tmp_path: Path):
    log = StringIO()
    checkpoints = Checkpoints(tmp_path, "job-a", Events(log))
    for step in (1, 2, 3):
        checkpoints.save(State(step, [0.5], [EpochResult(1, 0.5, 0.1, 0.2)], 1), {"w": torch.full((4,), float(step))})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-2.safetensors", "step-3.safetensors"]
    newest = tmp_path / "step-3.safetensors"
    data = bytearray(newest.read_bytes())
    data[-2] ^= 1
    newest.write_bytes(data)
    loaded = Checkpoints(tmp_path, "job-a", Events(log)).load()
    assert loaded is not None
    assert loaded[0] == State(2, [0.5], [EpochResult(1, 0.5, 0.1, 0.2)], 1)
    assert loaded[1]["w"].tolist() == [2.0] * 4
    assert "damaged" in log.getvalue()
    assert Checkpoints(tmp_path, "job-b", Events(log)).load() is None


def test_word_errors_are_the_edit_distance():
    assert count_errors(["a", "b", "c", "d"], ["a", "x", "c"]) == 2
    assert count_errors([], ["a", "b"]) == 2
    assert count_errors(["a", "b"], []) == 2
    assert word_error_rate([("Hello, World!", "hello world"), ("one two", "one three two")], "en") == 0.25
    assert word_error_rate([("你好吗", "你好")], "zh") == pytest.approx(1 / 3)


def test_noise_is_not_mistaken_for_a_silent_clip():
    assert augment(white_noise(1), np.random.default_rng(0)).any()
