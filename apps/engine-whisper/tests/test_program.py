"""The program itself: describe, set-up, bad jobs."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from engine import PROGRAM, run, run_job

APP = PROGRAM.parent.parent


def test_describe_answers_within_a_second_and_names_what_the_protocol_asks_for():
    run("describe")  # the file cache may be cold
    started = time.monotonic()
    done = run("describe")
    assert time.monotonic() - started < 1
    description = json.loads(done.stdout)
    assert (description["protocol"], description["engine"]) == (1, "whisper")
    assert description["methods"] == ["lora", "full", "decoder"]
    assert "en" in description["languages"] and len(description["languages"]) == 100


def test_neither_describe_nor_serving_pays_for_torch():
    code = (
        "import sys; import attune_engine_whisper.cli, attune_engine_whisper.serving.serve, "
        "attune_engine_whisper.serving.batch, attune_engine_whisper.alignment.command; "
        "sys.exit('torch' in sys.modules)"
    )
    env = os.environ | {"PYTHONPATH": str(APP / "src")}
    assert subprocess.run([sys.executable, "-c", code], env=env, check=False).returncode == 0


def test_a_missing_environment_is_one_clear_line_and_exit_70(tmp_path: Path):
    done = run("describe", env={"ATTUNE_CACHE_DIR": str(tmp_path)})
    assert done.returncode == 70
    assert done.stdout == ""
    assert "setup.sh" in done.stderr and done.stderr.count("\n") == 1


def test_a_clone_elsewhere_uses_the_same_environment(tmp_path: Path):
    clone = tmp_path / "clone"
    shutil.copytree(APP, clone, ignore=shutil.ignore_patterns("__pycache__"))
    assert subprocess.run([clone / "setup.sh"], capture_output=True, check=True).stdout == (
        b"engine-whisper: environment is ready\n"
    )
    assert subprocess.run([clone / "bin/engine-whisper", "describe"], capture_output=True, check=True).stdout


def test_a_job_that_is_not_json_or_misses_fields_or_has_unknown_ones_is_bad_job(tmp_path: Path):
    (tmp_path / "broken.json").write_text("{")
    assert run("transcribe", tmp_path / "broken.json").returncode == 70
    assert run_job("transcribe", {"language": "en"}, tmp_path).error["code"] == "BAD_JOB"
    job: dict[str, object] = {
        "model_directory": "/m",
        "language": "en",
        "threads": 1,
        "items": [{"id": "a", "audio": "/a.flac"}],
        "results": str(tmp_path / "r.jsonl"),
        "beams": 3,
    }
    assert "beams" in run_job("transcribe", job, tmp_path).error["message"]
    assert "klingon" not in run_job("transcribe", job | {"language": "klingon"}, tmp_path).error["message"]
