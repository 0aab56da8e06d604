"""`transcribe --serve`: requests on stdin, responses on stdout, many models, one decoder.

All cores decode one window at a time, which is fastest; the recordings under way take turns, so that a clip of ten
seconds does not wait for the hour that came before it.
"""

import json
import queue
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass
from typing import TextIO, cast

from attune_engine_whisper.audio import UnreadableAudio, read_audio
from attune_engine_whisper.describe import versions
from attune_engine_whisper.errors import EngineError, RequestError
from attune_engine_whisper.fields import Fields
from attune_engine_whisper.jobs import Device
from attune_engine_whisper.serving.models import ModelStore
from attune_engine_whisper.serving.recognizer import Transcript, recognize

_MOST_UNDER_WAY = 4  # recordings in memory at once; the others wait as lines


@dataclass
class _Task:
    """One request under way; `busy` is the time spent on it alone."""

    id: object
    work: Generator[None, None, Transcript]
    busy: float = 0.0


class Server:
    """Answers requests from one store of models."""

    def __init__(self, stream: TextIO, models: ModelStore) -> None:
        self._stream = stream
        self._models = models
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._under_way: deque[_Task] = deque()
        self._ended = False

    def run(self, requests: TextIO) -> None:
        """Serves until `requests` ends and all are answered."""
        self._write({"type": "ready", "versions": versions()})
        threading.Thread(target=self._read, args=(requests,), daemon=True).start()
        while True:
            self._accept()
            if self._under_way:
                self._advance(self._under_way.popleft())
            elif self._ended:
                return

    def _read(self, requests: TextIO) -> None:
        for line in requests:
            if line.strip():
                self._lines.put(line)
        self._lines.put(None)

    def _accept(self) -> None:
        """Takes what waits; sleeps only when there is nothing to do."""
        while not self._ended and len(self._under_way) < _MOST_UNDER_WAY:
            try:
                line = self._lines.get(block=not self._under_way)
            except queue.Empty:
                return
            if line is None:
                self._ended = True
            else:
                self._begin(line)

    def _begin(self, line: str) -> None:
        try:
            parsed: object = json.loads(line)
        except ValueError:
            parsed = None
        request = cast(dict[str, object], parsed) if isinstance(parsed, dict) else {}
        self._under_way.append(_Task(request.get("id"), self._answer(Fields(request, "The request"))))

    def _answer(self, fields: Fields) -> Generator[None, None, Transcript]:
        fields.text("id")
        directory, audio, language = fields.path("model_directory"), fields.path("audio"), fields.text("language")
        beam_size = fields.optional("beam_size", lambda name: fields.integer(name, least=1), 5)
        hotwords = fields.optional("hotwords", fields.any_text, "")
        fields.finish()
        model = self._models.get(directory)
        return (yield from recognize(model, read_audio(audio), language, beam_size, hotwords or None))

    def _advance(self, task: _Task) -> None:
        started = time.monotonic()
        try:
            next(task.work)
            task.busy += time.monotonic() - started
            self._under_way.append(task)
        except StopIteration as end:
            transcript: Transcript = end.value
            busy = task.busy + time.monotonic() - started
            self._write({"id": task.id, **transcript.as_json(), "engine_ms": round(1000 * busy)})
        except RequestError as error:
            self._fail(task, error.code, error.message)
        except UnreadableAudio as error:
            self._fail(task, "BAD_AUDIO", str(error))
        except EngineError as error:  # a request that is no request: the caller's mistake
            self._fail(task, "INTERNAL", error.message)
        except Exception:
            traceback.print_exc(file=sys.stderr)
            self._fail(task, "INTERNAL", "The recording could not be recognized; the engine's log has the details.")

    def _fail(self, task: _Task, code: str, message: str) -> None:
        self._write({"id": task.id, "error": {"code": code, "message": message}})

    def _write(self, value: dict[str, object]) -> None:
        self._stream.write(json.dumps(value, ensure_ascii=False) + "\n")
        self._stream.flush()


def serve(stream: TextIO, device: Device, threads: int, memory_limit_mb: int) -> None:
    """Runs a server on this process's stdin."""
    Server(stream, ModelStore(device, threads, memory_limit_mb << 20)).run(sys.stdin)
