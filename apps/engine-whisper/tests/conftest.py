import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import Outcome, Served, run, run_job, started
from speech import DICTATION, VOICES, noisy, speak, telephone, write_pair


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default base."""
    directory = tmp_path_factory.mktemp("base") / "tiny.en"
    done = run("base", "default", "--output", directory)
    assert done.returncode == 0, done.stdout + done.stderr
    return directory


@pytest.fixture(scope="session")
def base_reference(base: Path) -> dict[str, str]:
    description: dict[str, Any] = json.loads((base / "base.json").read_text())
    return {"directory": str(base), "digest": description["digest"]}


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, object]]:
    """About a minute and a half of dictation: clean, noisy and by telephone."""
    directory = tmp_path_factory.mktemp("pairs")
    items: list[dict[str, object]] = []
    for number, text in enumerate([*DICTATION, *DICTATION]):
        speech = speak(text, VOICES[(number + number // len(DICTATION)) % len(VOICES)])
        heard = (speech, noisy(speech, 20), telephone(speech))[number % 3]
        items.append(write_pair(directory, f"item-{number:02d}", heard, text))
    return items


@pytest.fixture(scope="session")
def train_job(base_reference: dict[str, str], pairs: list[dict[str, object]]) -> dict[str, object]:
    """A small job; a test adds its own directories."""
    return {
        "base": base_reference,
        "language": "en",
        "seed": 17,
        "threads": 2,
        "epochs": 2,
        "batch_windows": 1,
        "items": pairs,
    }


@pytest.fixture(scope="session")
def unbroken(train_job: dict[str, object], tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, Path]:
    """One training run from its beginning to its end, and its artifact."""
    directory = tmp_path_factory.mktemp("unbroken")
    places = {"checkpoint_directory": str(directory / "checkpoints"), "output_directory": str(directory / "artifact")}
    outcome = run_job("train", train_job | places, directory)
    assert outcome.code == 0, outcome.stderr
    return outcome, directory / "artifact"


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with started("transcribe", "--serve", "--threads", "2") as process:
        yield Served(process)
