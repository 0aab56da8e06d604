"""The `align` command: recognize with word times, pair with the transcript, cut at silences."""

import re
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from faster_whisper import WhisperModel

from attune_engine_whisper.alignment.cuts import HeardWord, Utterance, cut
from attune_engine_whisper.alignment.words import normalize, pair_words
from attune_engine_whisper.audio import RATE, Samples, UnreadableAudio, read_audio, write_flac
from attune_engine_whisper.base import folder
from attune_engine_whisper.errors import EngineError, Interrupted, RequestError
from attune_engine_whisper.events import Events
from attune_engine_whisper.files import sha256_of
from attune_engine_whisper.jobs import AlignItem, AlignJob, read_align_job
from attune_engine_whisper.process import StopRequest
from attune_engine_whisper.results import Results
from attune_engine_whisper.serving.models import ModelStore
from attune_engine_whisper.serving.recognizer import Transcript, recognize

_BEAM_SIZE = 2  # the words are known; only their times are wanted


def align(job_file: Path, events: Events, stop: StopRequest) -> None:
    """Runs an align job. Raises EngineError, or Interrupted with everything finished so far in the results."""
    job = read_align_job(job_file)
    events.stage("loading")
    if folder.read(job.base_directory).digest != job.base_digest:
        raise EngineError("BASE_UNREADABLE", "The base model is not the one the job was made for.")
    try:
        model = ModelStore("auto", job.threads, 0).get(job.base_directory / "ctranslate2")
    except RequestError as error:
        raise EngineError("BASE_UNREADABLE", error.message) from error
    job.output_directory.mkdir(parents=True, exist_ok=True)
    events.stage("aligning")
    started = time.monotonic()
    with Results(job.results) as results:
        waiting = [item for item in job.items if item.id not in results.ids]
        for done, item in enumerate(waiting):
            eta = (time.monotonic() - started) / done * (len(waiting) - done) if done else None
            events.progress(len(job.items) - len(waiting) + done, len(job.items), eta)
            results.append(_align(model, job, item, events, stop))
    events.progress(len(job.items), len(job.items), 0)


def _align(model: WhisperModel, job: AlignJob, item: AlignItem, events: Events, stop: StopRequest) -> dict[str, object]:
    try:
        samples = read_audio(item.audio)
    except UnreadableAudio as error:
        raise EngineError("BAD_DATA", f"The audio of {item.id} is missing or damaged; upload it again.") from error
    transcript = _listen(model, samples, job, stop)
    words = item.transcript.split()
    heard = [HeardWord(word.start, word.end) for word in transcript.words]
    pairs = pair_words([normalize(word) for word in words], [normalize(word.word) for word in transcript.words])
    utterances, unmatched = cut(len(words), pairs, heard, transcript.duration, job.max_seconds)
    for stretch in unmatched:
        events.log("warning", f"{item.id}, {stretch.start:.1f} to {stretch.end:.1f} s: {stretch.reason}")
    return {
        "id": item.id,
        "utterances": _write(item.id, samples, words, utterances, job.output_directory),
        "unmatched": [asdict(stretch) for stretch in unmatched],
    }


def _listen(model: WhisperModel, samples: Samples, job: AlignJob, stop: StopRequest) -> Transcript:
    work = recognize(model, samples, job.language, _BEAM_SIZE)
    try:
        while True:
            if stop.is_set:
                raise Interrupted
            next(work)
    except StopIteration as end:
        return end.value
    except RequestError as error:
        raise EngineError("BAD_JOB", error.message) from error


def _write(
    identity: str, samples: Samples, words: Sequence[str], utterances: Sequence[Utterance], directory: Path
) -> list[dict[str, object]]:
    """Writes each utterance's audio; the results line that names the files comes after them."""
    written: list[dict[str, object]] = []
    name = re.sub(r"[^\w.-]", "_", identity)
    for number, utterance in enumerate(utterances, 1):
        path = directory / f"{name}-{number:04d}.flac"
        write_flac(path, samples[round(utterance.start * RATE) : round(utterance.end * RATE)])
        written.append(
            {
                "audio": str(path),
                "sha256": sha256_of(path),
                "start": utterance.start,
                "end": utterance.end,
                "transcript": " ".join(words[utterance.first : utterance.last]),
            }
        )
    return written
