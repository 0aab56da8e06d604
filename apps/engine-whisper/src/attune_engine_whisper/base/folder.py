"""The base folder: written once, then only read."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from attune_engine_whisper.errors import EngineError
from attune_engine_whisper.files import digest_of, list_files, make_readable, write_json


@dataclass(frozen=True)
class Base:
    """`base.json`."""

    name: str
    engine: str
    source: str
    licence: str
    languages: list[str]
    digest: str


def seal(directory: Path, name: str, source: str, licence: str, languages: list[str]) -> Base:
    """Writes `base.json` into a folder whose other files are complete."""
    base = Base(name, "whisper", source, licence, languages, digest_of(list_files(directory, ["base.json"])))
    write_json(directory / "base.json", asdict(base))
    make_readable(directory)
    return base


def read(directory: Path) -> Base:
    """The description in `base.json`; raises BASE_UNREADABLE."""
    try:
        base = Base(**json.loads((directory / "base.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise EngineError("BASE_UNREADABLE", "The base model is missing or its description is damaged.") from error
    if base.engine != "whisper":
        raise EngineError("BASE_UNREADABLE", f"The base model belongs to another engine: {base.engine}.")
    return base


def is_whole(directory: Path) -> bool:
    """Whether the folder holds exactly what its description says."""
    if not (directory / "base.json").is_file():
        return False
    return read(directory).digest == digest_of(list_files(directory, ["base.json"]))
