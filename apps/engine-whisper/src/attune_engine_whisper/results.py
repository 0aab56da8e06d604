"""A results file: one JSON object a line, kept over interruptions."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self


class Results:
    """Appends lines; `ids` are those of the whole lines that were there already."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.ids: set[str] = set()
        whole = b""
        for line in path.read_bytes().splitlines(keepends=True) if path.exists() else []:
            try:
                entry: Any = json.loads(line)
            except ValueError:
                break
            if not line.endswith(b"\n"):
                break
            self.ids.add(entry["id"])
            whole += line
        # An interruption may have left half a line.
        self._file = path.open("r+b" if path.exists() else "w+b")
        self._file.truncate(len(whole))
        self._file.seek(0, 2)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def append(self, entry: Mapping[str, object]) -> None:
        self._file.write((json.dumps(entry, ensure_ascii=False) + "\n").encode())
        self._file.flush()
