"""Bases: the default one, and any other Whisper from a folder."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    GenerationConfig,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperTokenizer,
)

from attune_engine_whisper.files import digest_of, list_files
from engine import run, run_job
from speech import speak, write_pair


def test_the_default_base_is_reproducible_sealed_and_names_its_origin(base: Path):
    description = json.loads((base / "base.json").read_text())
    files = list_files(base, ["base.json"])
    assert description["digest"] == digest_of(files)
    assert description["digest"] == "sha256:29860c3cd1f188eca0631c55e9e89d05b1a34313dc50cb89cc77aadb58a10f44"
    assert description["licence"] == "MIT" and "Whisper tiny.en" in description["source"]
    assert description["languages"] == ["en"]


def test_making_it_again_changes_nothing(base: Path):
    before = (base / "base.json").stat().st_mtime_ns
    assert run("base", "default", "--output", base).returncode == 0
    assert (base / "base.json").stat().st_mtime_ns == before


@pytest.fixture(scope="module")
def multilingual(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A multilingual Whisper of random weights: the English vocabulary with one more token, as OpenAI's has."""
    directory = tmp_path_factory.mktemp("multilingual") / "hub"
    tokenizers: Any = WhisperTokenizer
    tokenizer = tokenizers.from_pretrained(base / "transformers")
    tokenizer.save_pretrained(directory)
    path = directory / "tokenizer.json"
    vocabulary = json.loads(path.read_text())
    end = 50256
    vocabulary["model"]["vocab"] = {
        token: number if number < end else number + 1 for token, number in vocabulary["model"]["vocab"].items()
    } | {"": end}  # the empty token by which CTranslate2 knows a multilingual model
    for added in vocabulary["added_tokens"]:
        added["id"] += 1
    path.write_text(json.dumps(vocabulary))
    torch.manual_seed(0)
    config = WhisperConfig(
        vocab_size=51865, d_model=64, encoder_layers=1, decoder_layers=2, encoder_attention_heads=1,
        decoder_attention_heads=1, encoder_ffn_dim=64, decoder_ffn_dim=64, decoder_start_token_id=50258,
        eos_token_id=50257, bos_token_id=50257, pad_token_id=50257,
    )  # fmt: skip
    model: Any = WhisperForConditionalGeneration(config)
    model.save_pretrained(directory)
    WhisperFeatureExtractor(feature_size=80).save_pretrained(directory)
    GenerationConfig(
        decoder_start_token_id=50258, eos_token_id=50257, pad_token_id=50257, is_multilingual=True,
        alignment_heads=[[1, 0]], suppress_tokens=[1], begin_suppress_tokens=[220, 50257],
    ).save_pretrained(directory)  # fmt: skip
    return directory


def test_a_multilingual_base_from_a_folder_trains_and_serves_its_languages(multilingual: Path, tmp_path: Path):
    base = tmp_path / "base"
    done = run("base", "import", "--from", multilingual, "--name", "random", "--licence", "none", "--output", base)
    assert done.returncode == 0, done.stderr
    description = json.loads((base / "base.json").read_text())
    assert "de" in description["languages"] and "yue" not in description["languages"]
    text = "der Patient klagt über Schmerzen"
    items = [write_pair(tmp_path / "pairs", f"i{n}", speak(text, "rms"), text) for n in range(4)]
    job: dict[str, object] = {
        "base": {"directory": str(base), "digest": description["digest"]},
        "language": "de",
        "seed": 1,
        "threads": 2,
        "epochs": 1,
        "validation_fraction": 0,
        "items": items,
        "checkpoint_directory": str(tmp_path / "checkpoints"),
        "output_directory": str(tmp_path / "artifact"),
    }
    outcome = run_job("train", job, tmp_path)
    assert outcome.of("artifact"), outcome.events
    request = {"model_directory": str(tmp_path / "artifact/ctranslate2"), "audio": items[0]["audio"], "beam_size": 1}
    lines = [json.dumps(request | {"id": language, "language": language}) for language in ("de", "yue")]
    answers = [
        json.loads(line) for line in run("transcribe", "--serve", stdin="\n".join(lines)).stdout.splitlines()[1:]
    ]
    by_id = {answer["id"]: answer for answer in answers}
    assert by_id["de"]["language"] == "de"
    assert by_id["yue"]["error"]["code"] == "UNSUPPORTED_LANGUAGE"


def test_what_is_no_whisper_is_refused(tmp_path: Path):
    (tmp_path / "config.json").write_text("{}")
    done = run("base", "import", "--from", tmp_path, "--name", "x", "--output", tmp_path / "out")
    assert done.returncode == 70
    assert json.loads(done.stdout)["code"] == "BASE_UNREADABLE"
    assert not (tmp_path / "out").exists()
