"""Training by the engine against the usual recipe, on the same data.

The usual recipe is Transformers' Seq2SeqTrainer with PEFT and every utterance padded to 30 s, as tutorials for Whisper
have it: features computed once beforehand, dynamic padding of the labels. Same base, utterances, LoRA, learning rate,
epochs, threads and precision, and as many utterances in a step: five for the usual recipe, a window of about five for
the engine. Nothing validates on either side. What counts is the training loop, from the first step to the last, with
features on both sides; loading and packaging are left out.

usage: see README.md ("Bench"). Prints one JSON line.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ctranslate2.converters import TransformersConverter
from peft import LoraConfig, get_peft_model
from torch.utils.data import Dataset
from transformers import (
    Seq2SeqTrainer,
    Seq2SeqTrainingArguments,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
)

from attune_engine_whisper.audio import RATE, read_audio
from attune_engine_whisper.device import has_fast_bfloat16
from attune_engine_whisper.files import sha256_of
from attune_engine_whisper.training import lora as lora_settings
from attune_engine_whisper.vocabulary import Vocabulary
from attune_engine_whisper.word_errors import word_error_rate

APP = Path(__file__).resolve().parent.parent
ENGINE = APP / "bin" / "engine-whisper"
SEED, BATCH, RATE_OF_LEARNING = 17, 5, 1e-3
KEPT = ("tokenizer.json", "preprocessor_config.json", "generation_config.json")


def pairs_in(directory: Path, work: Path) -> list[dict[str, Any]]:
    """Pairs NAME.<audio> + NAME.txt as the items of a job, decoded to FLAC as ingestion would."""
    work.mkdir(parents=True, exist_ok=True)
    items: list[dict[str, Any]] = []
    for text in sorted(directory.glob("*.txt")):
        audio = next(path for path in directory.glob(text.stem + ".*") if path.suffix != ".txt")
        target = work / f"{text.stem}.flac"
        command = [
            "ffmpeg",
            "-v",
            "error",
            "-y",
            "-i",
            audio,
            "-ac",
            "1",
            "-ar",
            str(RATE),
            "-sample_fmt",
            "s16",
            target,
        ]
        subprocess.run(list(map(str, command)), check=True)
        items.append(
            {
                "id": text.stem,
                "audio": str(target),
                "sha256": sha256_of(target),
                "duration_ms": round(len(read_audio(target)) / RATE * 1000),
                "transcript": text.read_text(encoding="utf-8").strip(),
                "recording": text.stem,
            }
        )
    return items


def train_with_engine(base: Path, items: list[dict[str, Any]], work: Path, threads: int, epochs: int) -> float:
    """Seconds of the training loop."""
    digest = json.loads((base / "base.json").read_text())["digest"]
    job = {
        "protocol": 1, "command": "train", "base": {"directory": str(base), "digest": digest}, "language": "en",
        "method": "lora", "seed": SEED, "threads": threads, "device": "cpu", "epochs": epochs, "batch_windows": 1,
        "learning_rate": RATE_OF_LEARNING, "validation_fraction": 0, "items": items, "checkpoint_seconds": 3600,
        "checkpoint_directory": str(work / "checkpoints"), "output_directory": str(work / "artifact"),
    }  # fmt: skip
    (work / "train.json").write_text(json.dumps(job))
    began = ended = 0.0
    with subprocess.Popen([ENGINE, "train", work / "train.json"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            event = json.loads(line)
            if event["type"] == "stage" and event["stage"] == "training" and not began:
                began = time.monotonic()
            if event["type"] == "stage" and event["stage"] == "packaging":
                ended = time.monotonic()
    assert process.returncode == 0
    return ended - began


class PaddedUtterances(Dataset[dict[str, Any]]):
    """One window an utterance."""

    def __init__(self, items: list[dict[str, Any]], base: Path) -> None:
        vocabulary = Vocabulary(base / "transformers", "en", is_multilingual=False)
        extractor: Any = WhisperFeatureExtractor.from_pretrained(base / "transformers")
        self._rows: list[dict[str, Any]] = []
        for item in items:
            features = extractor(read_audio(Path(item["audio"])), sampling_rate=RATE, return_tensors="np")
            labels = [vocabulary.no_timestamps, *vocabulary.encode(item["transcript"]), vocabulary.end]
            self._rows.append({"input_features": features.input_features[0], "labels": labels})

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self._rows[index]


def collate(rows: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
    """Stacks features and pads labels, as the tutorials' collator does."""
    longest = max(len(row["labels"]) for row in rows)
    labels = [row["labels"] + [-100] * (longest - len(row["labels"])) for row in rows]
    return {
        "input_features": torch.from_numpy(np.stack([row["input_features"] for row in rows])),
        "labels": torch.tensor(labels),
    }


def train_usual(base: Path, items: list[dict[str, Any]], work: Path, threads: int, epochs: int) -> float:
    """Seconds of features and training; leaves a CTranslate2 model in `work`/model."""
    torch.set_num_threads(threads)
    torch.manual_seed(SEED)
    whisper: Any = WhisperForConditionalGeneration.from_pretrained(base / "transformers", dtype=torch.float32)
    lora = LoraConfig(
        r=lora_settings.RANK, lora_alpha=lora_settings.ALPHA, lora_dropout=lora_settings.DROPOUT,
        target_modules=lora_settings.TARGETS,
    )  # fmt: skip
    model: Any = get_peft_model(whisper, lora)
    started = time.monotonic()
    data = PaddedUtterances(items, base)
    arguments = Seq2SeqTrainingArguments(
        output_dir=str(work / "trainer"), per_device_train_batch_size=BATCH, num_train_epochs=epochs,
        learning_rate=RATE_OF_LEARNING, warmup_steps=0.1, lr_scheduler_type="linear", weight_decay=0.01,
        adam_beta2=0.98, bf16=has_fast_bfloat16(torch.device("cpu")), use_cpu=True, seed=SEED, save_strategy="no",
        report_to="none", remove_unused_columns=False, label_names=["labels"], disable_tqdm=True,
        dataloader_num_workers=0, logging_steps=1000,
    )  # fmt: skip
    trainer: Any = Seq2SeqTrainer(model=model, args=arguments, train_dataset=data, data_collator=collate)
    trainer.train()
    seconds = time.monotonic() - started
    merged = work / "merged"
    model.merge_and_unload().save_pretrained(merged)
    for name in KEPT:
        (merged / name).write_bytes((base / "transformers" / name).read_bytes())
    converter = TransformersConverter(str(merged), copy_files=["tokenizer.json", "preprocessor_config.json"])
    converter.convert(str(work / "model"), quantization="float16", force=True)
    return seconds


def hear(model: Path, items: list[dict[str, Any]], work: Path, threads: int) -> list[tuple[str, str]]:
    """Reference and hypothesis of each recording, by a CTranslate2 model (int8, greedy)."""
    job = {
        "protocol": 1, "command": "transcribe", "model_directory": str(model), "language": "en", "threads": threads,
        "device": "cpu", "beam_size": 1, "word_times": False,
        "items": [{"id": item["id"], "audio": item["audio"]} for item in items],
        "results": str(work / f"{items[0]['id']}.jsonl"),
    }  # fmt: skip
    (work / "transcribe.json").write_text(json.dumps(job))
    subprocess.run([ENGINE, "transcribe", work / "transcribe.json"], stdout=subprocess.DEVNULL, check=True)
    lines = [json.loads(line) for line in Path(str(job["results"])).read_text().splitlines()]
    heard = {line["id"]: line["text"] for line in lines}
    return [(item["transcript"], heard[item["id"]]) for item in items]


def word_errors(model: Path, sets: dict[str, list[dict[str, Any]]], work: Path, threads: int) -> dict[str, float]:
    """Word error rate in percent on each set that nobody trained on, and on all of their words together."""
    pairs = {name: hear(model, items, work, threads) for name, items in sets.items()}
    pairs["all"] = [pair for of_set in pairs.values() for pair in of_set]
    return {name: round(100 * word_error_rate(of_set, "en"), 2) for name, of_set in pairs.items()}


def main() -> None:
    """Runs both sides one after the other."""
    parser = argparse.ArgumentParser(description="Engine training against Seq2SeqTrainer with padded utterances.")
    parser.add_argument("--base", type=Path, required=True, help="a base folder")
    parser.add_argument("--data", type=Path, required=True, help="a folder of pairs in train, test, unseen, general")
    parser.add_argument("--work", type=Path, required=True, help="an empty folder")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=2)
    options = parser.parse_args()
    sides = {side: options.work / side for side in ("engine", "usual")}
    for directory in sides.values():
        directory.mkdir(parents=True, exist_ok=True)
    train = pairs_in(options.data / "train", options.work / "train")
    sets = {name: pairs_in(options.data / name, options.work / name) for name in ("test", "unseen", "general")}
    run = (options.threads, options.epochs)
    engine_seconds = train_with_engine(options.base, train, sides["engine"], *run)
    print(f"engine: {engine_seconds:.0f} s", file=sys.stderr, flush=True)
    usual_seconds = train_usual(options.base, train, sides["usual"], *run)
    print(f"usual recipe: {usual_seconds:.0f} s", file=sys.stderr, flush=True)
    models = {"engine": sides["engine"] / "artifact" / "ctranslate2", "usual": sides["usual"] / "model"}
    result = {
        "minutes": round(sum(item["duration_ms"] for item in train) / 60_000, 1),
        "epochs": options.epochs,
        "threads": options.threads,
        "engine_seconds": round(engine_seconds, 1),
        "usual_seconds": round(usual_seconds, 1),
        "ratio": round(usual_seconds / engine_seconds, 2),
    } | {f"{side}_wer": word_errors(models[side], sets, sides[side], options.threads) for side in sides}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
