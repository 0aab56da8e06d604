"""Files, digests and writes that are whole or absent."""

import hashlib
import json
import os
import shutil
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FileRecord:
    """A file as the protocol lists it. `path` is relative inside a folder, absolute for a checkpoint."""

    path: str
    bytes: int
    sha256: str

    def as_json(self) -> dict[str, object]:
        return {"path": self.path, "bytes": self.bytes, "sha256": self.sha256}


def sha256_of(path: Path) -> str:
    """`sha256:<64 hex>` of a file's bytes."""
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


def list_files(directory: Path, leave_out: Iterable[str] = ()) -> list[FileRecord]:
    """Every file below `directory`, sorted by its relative path."""
    left_out = set(leave_out)
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return [
        FileRecord(name, path.stat().st_size, sha256_of(path))
        for path in files
        if (name := path.relative_to(directory).as_posix()) not in left_out
    ]


def digest_of(files: Iterable[FileRecord]) -> str:
    """The digest of a folder: sha256 over its sorted `path sha256` lines."""
    lines = sorted(f"{record.path} {record.sha256}\n" for record in files)
    return "sha256:" + hashlib.sha256("".join(lines).encode()).hexdigest()


def write_json(path: Path, value: Mapping[str, object]) -> None:
    """Writes JSON with sorted keys, so that equal content has equal bytes."""
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def make_readable(directory: Path) -> None:
    """Gives all below `directory` the usual modes: some libraries write files that only their owner may read."""
    for path in directory.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


@contextmanager
def whole_directory(target: Path) -> Generator[Path]:
    """Yields a folder beside `target` that takes its place when the block ends well; an earlier target is replaced."""
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        if target.exists():
            shutil.rmtree(target)
        partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
