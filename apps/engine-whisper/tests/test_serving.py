"""Recognition: nothing invented, nothing lost, any length, many models."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from attune_engine_whisper.audio import RATE, Samples, write_flac
from attune_engine_whisper.serving.models import ModelStore
from attune_engine_whisper.serving.recognizer import recognize
from attune_engine_whisper.serving.voice_activity import VoiceActivity
from attune_engine_whisper.word_errors import word_error_rate
from engine import PROGRAM, Outcome, Served, run, run_job
from speech import GENERAL, VOICES, hum, join, noisy, pink_noise, silence, speak, telephone, white_noise


@pytest.fixture
def model_directory(base: Path) -> str:
    return str(base / "ctranslate2")


def written(directory: Path, samples: Samples) -> str:
    path = directory / f"{len(list(directory.iterdir()))}.flac"
    write_flac(path, samples)
    return str(path)


@pytest.mark.parametrize(
    "samples",
    [silence(20), hum(20), white_noise(20), pink_noise(20), white_noise(40, 0.3), pink_noise(20, 0.002), silence(0.01)],
    ids=["silence", "hum", "white noise", "pink noise", "loud noise, 40 s", "faint noise", "almost nothing"],
)
def test_nothing_is_invented_where_nobody_speaks(
    served: Served, model_directory: str, tmp_path: Path, samples: Samples
):
    answer = served.ask(model_directory=model_directory, audio=written(tmp_path, samples))
    assert (answer["text"], answer["words"]) == ("", [])


def test_nothing_is_invented_in_the_pauses_of_a_recording(served: Served, model_directory: str, tmp_path: Path):
    speech = [speak(text) for text in GENERAL[:2]]
    recording = np.concatenate([white_noise(32, 0.01), speech[0], hum(45), speech[1], silence(35)])
    answer = served.ask(model_directory=model_directory, audio=written(tmp_path, recording))
    assert word_error_rate([(" ".join(GENERAL[:2]), answer["text"])], "en") < 0.15
    assert 30 < answer["words"][0]["start"] < 34
    assert answer["duration"] == pytest.approx(len(recording) / RATE, abs=0.01)


def clean(speech: Samples) -> Samples:
    return speech


def faint(speech: Samples) -> Samples:
    return speech * np.float32(0.01)


def noisy_telephone(speech: Samples) -> Samples:
    return telephone(noisy(speech, 8))


CONDITIONS: dict[str, Callable[[Samples], Samples]] = {
    "clean": clean,
    "noise at 10 dB": partial(noisy, snr_db=10),
    "noise at 0 dB": partial(noisy, snr_db=0),
    "telephone": telephone,
    "noisy telephone": noisy_telephone,
    "faint": faint,
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_no_speech_is_taken_for_silence(condition: str):
    for number, text in enumerate(GENERAL):
        speech = CONDITIONS[condition](speak(text, VOICES[number % 3])).astype(np.float32)
        assert VoiceActivity(speech).anywhere(), text


def test_voice_activity_loses_no_word_of_a_noisy_recording(base: Path):
    """Against the same model without any voice activity detection."""
    conditions = [CONDITIONS[name] for name in ("noise at 10 dB", "noisy telephone", "telephone")]
    texts = GENERAL[:8]
    recording = join([conditions[n % 3](speak(text, VOICES[n % 2])) for n, text in enumerate(texts)])
    model = ModelStore("cpu", 2, 0).get(base / "ctranslate2")
    plain, _ = model.transcribe(recording, language="en", beam_size=5, condition_on_previous_text=False)
    expected = " ".join(segment.text for segment in plain)
    found = ""
    try:
        work = recognize(model, recording, "en", 5)
        while True:
            next(work)
    except StopIteration as end:
        found = end.value.text
    said = " ".join(texts)
    assert word_error_rate([(said, found)], "en") <= word_error_rate([(said, expected)], "en") + 0.02


def test_a_long_recording_is_heard_as_well_as_its_parts(unbroken: tuple[Outcome, Path], served: Served, tmp_path: Path):
    """With an adapted model: training on packed windows must not cost it its timestamps."""
    texts = [*GENERAL, *GENERAL[:6]]
    parts = [speak(text, VOICES[n % 3]) for n, text in enumerate(texts)]
    model = str(unbroken[1] / "ctranslate2")
    answer = served.ask(model_directory=model, audio=written(tmp_path, join(parts)))
    assert word_error_rate([(" ".join(texts), answer["text"])], "en") < 0.12
    starts = [word["start"] for word in answer["words"]]
    assert starts == sorted(starts)
    assert all(word["end"] >= word["start"] and 0 <= word["confidence"] <= 1 for word in answer["words"])
    # Every sentence's first word is where its sentence begins.
    begins = np.cumsum([0, *(len(part) / RATE + 0.5 for part in parts)])[:-1]
    near = [min(abs(begin + 0.1 - start) for start in starts) for begin in begins]
    assert np.mean(np.array(near) < 0.5) > 0.9


def test_a_clip_does_not_wait_for_the_hour_before_it(served: Served, model_directory: str, tmp_path: Path):
    long = written(tmp_path, join([speak(text) for text in GENERAL] * 2))
    clip = written(tmp_path, speak(GENERAL[0]))
    served.send(id="long", model_directory=model_directory, audio=long, language="en")
    served.send(id="clip", model_directory=model_directory, audio=clip, language="en")
    assert [served.read()["id"], served.read()["id"]] == ["clip", "long"]


def test_bad_requests_are_answered_and_the_process_lives_on(served: Served, model_directory: str, tmp_path: Path):
    (tmp_path / "not-audio.wav").write_text("hello")
    clip = written(tmp_path, speak(GENERAL[0]))

    def code(**request: object) -> str:
        return served.ask(**({"model_directory": model_directory, "audio": clip} | request))["error"]["code"]

    assert code(audio=str(tmp_path / "not-audio.wav")) == "BAD_AUDIO"
    assert code(audio="/nowhere.wav") == "BAD_AUDIO"
    assert code(language="de") == "UNSUPPORTED_LANGUAGE"
    assert code(model_directory=str(tmp_path)) == "MODEL_UNREADABLE"
    assert code(beam_size="many") == "INTERNAL"
    shutil.copytree(model_directory, tmp_path / "damaged")
    with (tmp_path / "damaged" / "model.bin").open("r+b") as file:
        file.truncate(1_000_000)
    assert code(model_directory=str(tmp_path / "damaged")) == "MODEL_UNREADABLE"
    served.send()
    assert served.read()["error"]["code"] == "INTERNAL"
    answer = served.ask(model_directory=model_directory, audio=clip, hotwords="platform, coast")
    assert "train" in answer["text"] and answer["engine_ms"] > 0


def test_the_least_recently_used_model_leaves_first(model_directory: str, tmp_path: Path):
    directories = [tmp_path / name for name in ("a", "b", "c")]
    for directory in directories:
        shutil.copytree(model_directory, directory)
    a, b, c = directories
    store = ModelStore("cpu", 1, 300 << 20)  # two of them, not three
    first = store.get(a)
    store.get(b)
    assert store.get(a) is first
    store.get(c)
    assert store.paths == [str(a), str(c)]
    shutil.copytree(model_directory, tmp_path / "new")
    (tmp_path / "new" / "model.bin").replace(a / "model.bin")
    assert store.get(a) is not first, "another model in the same place is another model"
    tiny = ModelStore("cpu", 1, 1)
    assert tiny.get(a) and tiny.get(b) and tiny.paths == [str(b)]


def test_a_serving_engine_ends_with_its_parent():
    """The parent is killed while the pipe to the engine stays open elsewhere."""
    script = f"{PROGRAM} transcribe --serve <&0 & echo $!; wait"
    parent = subprocess.Popen(["bash", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None and parent.stdin is not None
    lines = [parent.stdout.readline(), parent.stdout.readline()]
    engine = int(next(line for line in lines if line.strip().isdecimal()))
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 5
    while Path(f"/proc/{engine}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    alive = Path(f"/proc/{engine}").exists()
    parent.stdin.close()
    parent.stdout.close()
    if alive:
        os.kill(engine, signal.SIGKILL)
    assert not alive


def test_a_transcribe_job_keeps_what_was_done_before_an_interruption(base: Path, tmp_path: Path):
    items = [{"id": f"i{n}", "audio": written(tmp_path, speak(text))} for n, text in enumerate(GENERAL[:3])]
    results = tmp_path / "results.jsonl"
    done_before = json.dumps({"id": "i0", "text": "kept as it was"})
    results.write_text(done_before + '\n{"id": "i1", "te')
    job: dict[str, object] = {
        "model_directory": str(base / "ctranslate2"),
        "language": "en",
        "threads": 2,
        "items": items,
        "results": str(results),
    }
    outcome = run_job("transcribe", job, tmp_path)
    assert outcome.code == 0, outcome.stderr
    lines = results.read_text().splitlines()
    assert lines[0] == done_before
    entries: list[dict[str, Any]] = [json.loads(line) for line in lines]
    texts = {entry["id"]: entry["text"] for entry in entries}
    assert len(entries) == 3
    pairs = [(GENERAL[n], texts[f"i{n}"]) for n in (1, 2)]
    assert word_error_rate(pairs, "en") < 0.15
    assert outcome.of("progress")[-1]["done"] == 3


def test_a_job_without_word_times_hears_the_same_text(base: Path, tmp_path: Path):
    """In clips, and beyond one window, where the next begins at the last word's end."""
    recordings = [speak(GENERAL[0]), join([speak(text) for text in GENERAL * 2])]
    assert len(recordings[1]) / RATE > 35
    heard: dict[bool, dict[str, Any]] = {}
    for word_times in (True, False):
        results = tmp_path / f"{word_times}.jsonl"
        job: dict[str, object] = {
            "model_directory": str(base / "ctranslate2"),
            "language": "en",
            "threads": 2,
            "word_times": word_times,
            "items": [{"id": str(n), "audio": written(tmp_path, samples)} for n, samples in enumerate(recordings)],
            "results": str(results),
        }
        assert run_job("transcribe", job, tmp_path).code == 0
        heard[word_times] = {entry["id"]: entry for entry in map(json.loads, results.read_text().splitlines())}
    assert {i: e["text"] for i, e in heard[True].items()} == {i: e["text"] for i, e in heard[False].items()}
    assert all(entry["words"] for entry in heard[True].values())
    assert not any(entry["words"] for entry in heard[False].values())


def test_a_damaged_recording_in_a_job_is_65_and_named(base: Path, tmp_path: Path):
    (tmp_path / "bad.flac").write_bytes(b"fLaC" + bytes(100))
    job: dict[str, object] = {
        "model_directory": str(base / "ctranslate2"),
        "language": "en",
        "threads": 1,
        "items": [{"id": "broken", "audio": str(tmp_path / "bad.flac")}],
        "results": str(tmp_path / "results.jsonl"),
    }
    outcome = run_job("transcribe", job, tmp_path)
    assert outcome.code == 65 and "broken" in outcome.error["message"]


def test_requests_on_a_closed_pipe_are_all_answered(model_directory: str, tmp_path: Path):
    clip = written(tmp_path, speak(GENERAL[0]))
    request = json.dumps({"id": "x", "model_directory": model_directory, "audio": clip, "language": "en"})
    done = run("transcribe", "--serve", stdin=request + "\nnot json\n")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert lines[0]["type"] == "ready"
    assert sorted(str(line["id"]) for line in lines[1:]) == ["None", "x"]


def test_fast_speech_is_not_cut_by_the_limit_that_stops_loops(served: Served, model_directory: str, tmp_path: Path):
    """A window may hold 224 tokens, with hotwords as without."""
    quick = np.concatenate([speak(text, stretch=0.65) for text in GENERAL])
    assert len(quick) / RATE < 31
    for hotwords in (None, "platform, orchestra, " * 60):
        answer = served.ask(
            model_directory=model_directory, audio=written(tmp_path, quick), hotwords=hotwords, beam_size=1
        )
        assert len(answer["text"].split()) > 0.85 * len(" ".join(GENERAL).split())
