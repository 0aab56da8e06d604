"""`transcribe JOB`: many recordings with one model, into a results file that survives an interruption."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from pathlib import Path

from faster_whisper import WhisperModel

from attune_engine_whisper.audio import UnreadableAudio, read_audio
from attune_engine_whisper.errors import EngineError, Interrupted, RequestError
from attune_engine_whisper.events import Events
from attune_engine_whisper.jobs import AudioItem, TranscribeJob, read_transcribe_job
from attune_engine_whisper.process import StopRequest
from attune_engine_whisper.results import Results
from attune_engine_whisper.serving.models import ModelStore, uses_cuda
from attune_engine_whisper.serving.recognizer import Transcript, recognize


def transcribe(job_file: Path, events: Events, stop: StopRequest) -> None:
    """Runs a transcribe job. Raises EngineError, or Interrupted with everything finished so far in the results."""
    job = read_transcribe_job(job_file)
    events.stage("loading")
    # Recordings side by side, each on its share of the threads: what cannot be split between threads costs one core.
    workers = 1 if uses_cuda(job.device) else min(job.threads, len(job.items))
    try:
        model = ModelStore(job.device, job.threads // workers, 0, workers).get(job.model_directory)
    except RequestError as error:
        raise EngineError("BASE_UNREADABLE", error.message) from error
    events.stage("transcribing")
    started, seconds = time.monotonic(), 0.0
    with Results(job.results) as results:
        waiting = [item for item in job.items if item.id not in results.ids]
        before = len(job.items) - len(waiting)
        events.progress(before, len(job.items), None)
        for done, (item, transcript) in enumerate(_recognize_all(model, job, waiting, workers, stop), 1):
            results.append({"id": item.id, **transcript.as_json()})
            seconds += transcript.duration
            eta = (time.monotonic() - started) / done * (len(waiting) - done)
            events.progress(before + done, len(job.items), eta)
    if seconds:
        rate = seconds / (time.monotonic() - started)
        events.metric("audio_seconds_per_second", round(rate, 2), len(job.items), 0)


def _recognize_all(
    model: WhisperModel, job: TranscribeJob, items: Sequence[AudioItem], workers: int, stop: StopRequest
) -> Iterator[tuple[AudioItem, Transcript]]:
    """Recordings as they are done; no more of them are in memory than there are workers."""
    waiting = iter(items)
    with ThreadPoolExecutor(workers) as pool:

        def begin(item: AudioItem) -> Future[tuple[AudioItem, Transcript]]:
            return pool.submit(lambda: (item, _recognize(model, job, item, stop)))

        running = {begin(item) for item in islice(waiting, workers)}
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            running |= {begin(item) for item in islice(waiting, len(done))}
            for future in done:
                yield future.result()


def _recognize(model: WhisperModel, job: TranscribeJob, item: AudioItem, stop: StopRequest) -> Transcript:
    try:
        work = recognize(model, read_audio(item.audio), job.language, job.beam_size, word_times=job.word_times)
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
