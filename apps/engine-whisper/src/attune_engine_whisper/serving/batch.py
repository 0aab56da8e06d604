"""`transcribe JOB`: many recordings with one model, into a results file that survives an interruption."""

import time
from pathlib import Path

from faster_whisper import WhisperModel

from attune_engine_whisper.audio import UnreadableAudio, read_audio
from attune_engine_whisper.errors import EngineError, Interrupted, RequestError
from attune_engine_whisper.events import Events
from attune_engine_whisper.jobs import AudioItem, TranscribeJob, read_transcribe_job
from attune_engine_whisper.process import StopRequest
from attune_engine_whisper.results import Results
from attune_engine_whisper.serving.models import ModelStore
from attune_engine_whisper.serving.recognizer import Transcript, recognize


def transcribe(job_file: Path, events: Events, stop: StopRequest) -> None:
    """Runs a transcribe job. Raises EngineError, or Interrupted with everything finished so far in the results."""
    job = read_transcribe_job(job_file)
    events.stage("loading")
    try:
        model = ModelStore(job.device, job.threads, 0).get(job.model_directory)
    except RequestError as error:
        raise EngineError("BASE_UNREADABLE", error.message) from error
    events.stage("transcribing")
    started, seconds = time.monotonic(), 0.0
    with Results(job.results) as results:
        waiting = [item for item in job.items if item.id not in results.ids]
        for done, item in enumerate(waiting):
            spent = time.monotonic() - started
            eta = spent / done * (len(waiting) - done) if done else None
            events.progress(len(job.items) - len(waiting) + done, len(job.items), eta)
            transcript = _recognize(model, job, item, stop)
            results.append({"id": item.id, **transcript.as_json()})
            seconds += transcript.duration
    events.progress(len(job.items), len(job.items), 0)
    if seconds:
        rate = seconds / (time.monotonic() - started)
        events.metric("audio_seconds_per_second", round(rate, 2), len(job.items), 0)


def _recognize(model: WhisperModel, job: TranscribeJob, item: AudioItem, stop: StopRequest) -> Transcript:
    try:
        work = recognize(model, read_audio(item.audio), job.language, job.beam_size)
        while True:
            if stop.is_set:
                raise Interrupted
            next(work)
    except StopIteration as end:
        return end.value
    except UnreadableAudio as error:
        raise EngineError("BAD_DATA", f"The audio of {item.id} is missing or damaged; upload it again.") from error
    except RequestError as error:
        raise EngineError("BAD_JOB", error.message) from error
