"""Runs the engine program as its driver does."""

import json
import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).parent.parent / "bin" / "engine-whisper"


@dataclass
class Outcome:
    code: int
    events: list[dict[str, Any]]
    stderr: str

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == kind]

    def metrics(self, name: str) -> dict[int, float]:
        return {event["step"]: event["value"] for event in self.of("metric") if event["name"] == name}

    @property
    def error(self) -> dict[str, Any]:
        (error,) = self.of("error")
        return error


def run(*arguments: str | Path, stdin: str = "", env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        env=os.environ | (env or {}),
        check=False,
    )


def run_job(command: str, job: dict[str, object], directory: Path) -> Outcome:
    path = write_job(command, job, directory)
    done = run(command, path)
    return Outcome(done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr)


def write_job(command: str, job: dict[str, object], directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{command}.json"
    path.write_text(json.dumps({"protocol": 1, "command": command} | job))
    return path


@contextmanager
def started(*arguments: str | Path) -> Generator[subprocess.Popen[str]]:
    """A running engine, ended with the block."""
    process = subprocess.Popen(
        [PROGRAM, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            assert stream is not None
            stream.close()


def events_until(process: subprocess.Popen[str], kind: str, count: int = 1) -> list[dict[str, Any]]:
    """Reads events until `count` of a kind have come."""
    assert process.stdout is not None
    events: list[dict[str, Any]] = []
    for line in process.stdout:
        events.append(json.loads(line))
        count -= events[-1]["type"] == kind
        if count == 0:
            break
    return events


class Served:
    """A serving engine: one request, one answer."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.ready = self.read()

    def read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def send(self, **request: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()

    def ask(self, **request: object) -> dict[str, Any]:
        self.send(**({"id": "1", "language": "en"} | request))
        return self.read()
