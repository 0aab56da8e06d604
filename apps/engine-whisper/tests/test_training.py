"""Training as a whole: real fine-tuning on a minute and a half of speech."""

import json
import os
import shutil
import signal
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from attune_engine_whisper.files import digest_of, list_files
from engine import Outcome, events_until, run_job, started, write_job

Unbroken = tuple[Outcome, Path]


def places(directory: Path) -> dict[str, object]:
    return {"checkpoint_directory": str(directory / "checkpoints"), "output_directory": str(directory / "artifact")}


def test_training_learns_and_reports_every_step(unbroken: Unbroken):
    outcome, _ = unbroken
    losses = list(outcome.metrics("train_loss").values())
    # One step's windows are easier than another's: halves of the run are compared, not single steps.
    half = len(losses) // 2
    assert fmean(losses[half:]) < 0.6 * fmean(losses[:half]), losses
    stages = [event["stage"] for event in outcome.of("stage")]
    assert stages[:3] == ["loading", "preparing", "training"] and stages[-2:] == ["packaging", "verifying"]
    progress = outcome.of("progress")
    assert progress[-1]["done"] == progress[-1]["total"] == len(losses)
    assert len(outcome.metrics("validation_wer")) == 2
    assert outcome.events[-1]["type"] == "artifact"


def test_the_artifact_is_what_the_event_says_and_holds_no_pickle(unbroken: Unbroken):
    outcome, artifact = unbroken
    (event,) = outcome.of("artifact")
    files = list_files(artifact)
    assert [file.as_json() for file in files] == event["files"]
    assert digest_of(files) == event["digest"]
    assert {file.path for file in files} >= {
        "adapter/adapter_model.safetensors",
        "adapter/adapter_config.json",
        "ctranslate2/model.bin",
        "ctranslate2/tokenizer.json",
        "model-card.json",
    }
    assert {Path(file.path).suffix for file in files} <= {".safetensors", ".json", ".bin"}


def test_the_card_says_where_the_model_comes_from_and_names_no_place(
    unbroken: Unbroken, base_reference: dict[str, str], pairs: list[dict[str, Any]]
):
    _, artifact = unbroken
    text = (artifact / "model-card.json").read_text()
    card = json.loads(text)
    assert card["base"]["digest"] == base_reference["digest"]
    assert (card["seed"], card["method"]) == (17, "lora")
    hashes = {item["audio"] for part in card["data"].values() for item in part["items"]}
    assert hashes == {pair["sha256"] for pair in pairs}
    assert card["verification"]["float32_differing"] <= 0.02
    assert str(artifact.parent) not in text and "/" not in json.dumps(card["data"])


def test_a_run_killed_and_resumed_ends_as_the_unbroken_one(
    unbroken: Unbroken, train_job: dict[str, object], tmp_path: Path
):
    job = train_job | places(tmp_path) | {"checkpoint_seconds": 0}
    with started("train", write_job("train", job, tmp_path)) as process:
        before = events_until(process, "checkpoint", 4)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        # It may have gone a step further before it died.
        assert process.stdout is not None
        before += [json.loads(line) for line in process.stdout if line.endswith("\n")]
    resumed = run_job("train", job, tmp_path)
    assert resumed.code == 0, resumed.stderr
    assert any("goes on from step" in event["message"] for event in resumed.of("log"))
    losses = Outcome(0, before, "").metrics("train_loss") | resumed.metrics("train_loss")
    assert losses == unbroken[0].metrics("train_loss")
    assert min(resumed.metrics("train_loss")) > 2
    assert resumed.of("artifact")[0]["digest"] == unbroken[0].of("artifact")[0]["digest"]


def test_sigterm_leaves_a_checkpoint_and_75_and_the_run_goes_on_from_it(
    unbroken: Unbroken, train_job: dict[str, object], tmp_path: Path
):
    job = train_job | places(tmp_path)
    with started("train", write_job("train", job, tmp_path)) as process:
        events_until(process, "metric")
        process.terminate()
        rest = events_until(process, "checkpoint")
        assert process.wait(30) == 75
    assert Path(rest[-1]["path"]).is_file()
    assert not (tmp_path / "artifact").exists()
    resumed = run_job("train", job, tmp_path)
    assert resumed.of("artifact")[0]["digest"] == unbroken[0].of("artifact")[0]["digest"]


def test_bad_data_is_65_with_a_reason(train_job: dict[str, Any], tmp_path: Path):
    shutil.copy(train_job["items"][0]["audio"], tmp_path / "a.flac")
    with (tmp_path / "a.flac").open("ab") as file:
        file.write(b"!")
    items = [train_job["items"][0] | {"audio": str(tmp_path / "a.flac")}, *train_job["items"][1:]]
    outcome = run_job("train", train_job | places(tmp_path) | {"items": items}, tmp_path)
    assert outcome.code == 65
    assert outcome.error["code"] == "BAD_DATA" and "item-00" in outcome.error["message"]
    assert str(tmp_path) not in outcome.error["message"]


@pytest.mark.parametrize("method", ["full", "decoder"])
def test_the_other_methods_train_and_pass_verification(method: str, train_job: dict[str, Any], tmp_path: Path):
    job = train_job | places(tmp_path) | {"method": method, "epochs": 3, "validation_fraction": 0}
    job |= {"items": train_job["items"][:8]}
    outcome = run_job("train", job, tmp_path)
    assert outcome.code == 0, outcome.stderr
    card = json.loads((tmp_path / "artifact" / "model-card.json").read_text())
    losses = [epoch["train_loss"] for epoch in card["epochs"]]
    assert losses[-1] < losses[0]
