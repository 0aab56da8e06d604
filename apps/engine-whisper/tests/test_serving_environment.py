"""What requirements-serving.lock installs is enough to serve: nothing of it needs torch."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from attune_engine_whisper.audio import write_flac
from attune_engine_whisper.word_errors import word_error_rate
from engine import PROGRAM, Served, run, started
from speech import DICTATION, speak

APP = PROGRAM.parent.parent
LOCK = str(APP / "requirements-serving.lock")


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """Made as an image makes it."""
    environment = {"ATTUNE_ENGINE_LOCK": LOCK}
    subprocess.run([APP / "setup.sh"], env=os.environ | environment, capture_output=True, check=True)
    return environment


@pytest.fixture
def serving(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setenv("ATTUNE_ENGINE_LOCK", environment["ATTUNE_ENGINE_LOCK"])
    with started("transcribe", "--serve", "--threads", "2") as process:
        yield Served(process)


def test_the_serving_environment_transcribes_without_torch(serving: Served, base: Path, tmp_path: Path):
    assert "ctranslate2" in serving.ready["versions"]
    assert not {"torch", "transformers", "peft"} & set(serving.ready["versions"])
    write_flac(tmp_path / "speech.flac", speak(DICTATION[0]))
    answer = serving.ask(model_directory=str(base / "ctranslate2"), audio=str(tmp_path / "speech.flac"))
    assert word_error_rate([(DICTATION[0], answer["text"])], "en") < 0.3


def test_an_engine_that_only_serves_does_not_offer_to_train(environment: dict[str, str]):
    description = json.loads(run("describe", env=environment).stdout)
    assert description["commands"] == ["transcribe", "align"]
    assert "train" in json.loads(run("describe").stdout)["commands"]


@pytest.mark.parametrize("lock", ["requirements-serving.lock", "requirements-cuda.lock"])
def test_what_serves_is_what_was_trained_with(lock: str):
    """The same version of every package that both locks name."""
    full, other = pins("requirements.lock"), pins(lock)
    shared = full.keys() & other.keys()
    assert {name: other[name] for name in shared} == {name: full[name] for name in shared}
    assert "ctranslate2" in shared


def pins(lock: str) -> dict[str, set[str]]:
    lines = (APP / lock).read_text().splitlines()
    found: dict[str, set[str]] = {}
    for line in lines:
        if "==" in line and not line.startswith(" "):
            found.setdefault(line.split("==")[0], set()).add(line.rstrip("\\").strip())
    return found
