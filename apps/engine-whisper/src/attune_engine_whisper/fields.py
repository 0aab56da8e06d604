"""Reads a JSON object field by field, with errors that name the field."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

from attune_engine_whisper.errors import EngineError

T = TypeVar("T")


class Fields:
    """One JSON object of a job file. Every reader raises BAD_JOB; `finish` refuses fields nobody asked for."""

    def __init__(self, value: object, place: str) -> None:
        if not isinstance(value, dict):
            raise EngineError("BAD_JOB", f"{place} must be an object.")
        self._values = cast(dict[str, object], value)
        self._place = place
        self._read: set[str] = set()

    @classmethod
    def of_file(cls, path: Path, command: str, protocol: int) -> "Fields":
        """A job file for `command`."""
        try:
            value: object = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise EngineError("BAD_JOB", "The job file is missing or is not JSON.") from error
        fields = cls(value, "The job")
        if fields.integer("protocol", least=1) != protocol or fields.text("command") != command:
            raise EngineError("BAD_JOB", f"The job is not a {command} job of protocol {protocol}.")
        return fields

    def _take(self, name: str) -> object:
        self._read.add(name)
        return self._values.get(name)

    def _wrong(self, name: str, expected: str) -> EngineError:
        return EngineError("BAD_JOB", f"{self._place}: {name} must be {expected}.")

    def text(self, name: str) -> str:
        value = self._take(name)
        if not isinstance(value, str) or not value:
            raise self._wrong(name, "a text that is not empty")
        return value

    def any_text(self, name: str) -> str:
        """A text that may be empty."""
        value = self._take(name)
        if not isinstance(value, str):
            raise self._wrong(name, "a text")
        return value

    def path(self, name: str) -> Path:
        path = Path(self.text(name))
        if not path.is_absolute():
            raise self._wrong(name, "an absolute path")
        return path

    def integer(self, name: str, *, least: int) -> int:
        value = self._take(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise self._wrong(name, f"a whole number of at least {least}")
        return value

    def number(self, name: str, *, least: float, below: float) -> float:
        value = self._take(name)
        if not isinstance(value, int | float) or isinstance(value, bool) or not least <= value < below:
            raise self._wrong(name, f"a number from {least} to below {below}")
        return float(value)

    def flag(self, name: str) -> bool:
        value = self._take(name)
        if not isinstance(value, bool):
            raise self._wrong(name, "true or false")
        return value

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        value = self._take(name)
        if value not in choices:
            raise self._wrong(name, "one of " + ", ".join(choices))
        return cast(str, value)

    def object(self, name: str) -> "Fields":
        return Fields(self._take(name), f"{self._place}: {name}")

    def objects(self, name: str) -> list["Fields"]:
        value = self._take(name)
        if not isinstance(value, list) or not value:
            raise self._wrong(name, "a list that is not empty")
        return [Fields(entry, f"{self._place}: {name}[{i}]") for i, entry in enumerate(cast(list[object], value))]

    def optional(self, name: str, read: Callable[[str], T], default: T) -> T:
        """`read(name)`, or `default` where the field is left out or null."""
        return default if self._take(name) is None else read(name)

    def finish(self) -> None:
        unknown = sorted(set(self._values) - self._read)
        if unknown:
            raise EngineError("BAD_JOB", f"{self._place} has unknown fields: {', '.join(unknown)}.")
