"""The process among others: it ends with its parent, and SIGTERM asks it to stop at the next safe point."""

import ctypes
import os
import signal

from attune_engine_whisper.errors import ExitCode

_PR_SET_PDEATHSIG = 1


def die_with_parent(signum: signal.Signals) -> None:
    """Has the kernel send `signum` when the parent ends (Linux only; elsewhere nothing happens)."""
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signum))
    except (AttributeError, OSError):
        return
    parent = os.environ.get("ATTUNE_ENGINE_PARENT")
    if parent is not None and int(parent) != os.getppid():
        raise SystemExit(ExitCode.INTERRUPTED)  # it died before prctl was called


class StopRequest:
    """Set by SIGTERM; asked between steps."""

    def __init__(self) -> None:
        self.is_set = False

    def listen(self) -> None:
        signal.signal(signal.SIGTERM, self._on_signal)

    def _on_signal(self, _signum: int, _frame: object) -> None:
        self.is_set = True
