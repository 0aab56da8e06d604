"""What can go wrong, as the protocol names it."""

from enum import IntEnum
from typing import Literal

ErrorCode = Literal["BAD_DATA", "BAD_JOB", "BASE_UNREADABLE", "VERIFICATION_FAILED", "OUT_OF_MEMORY", "INTERNAL"]
RequestErrorCode = Literal["BAD_AUDIO", "UNSUPPORTED_LANGUAGE", "MODEL_UNREADABLE", "INTERNAL"]


class ExitCode(IntEnum):
    """Exit codes of the protocol."""

    DONE = 0
    DATA = 65
    ENGINE = 70
    INTERRUPTED = 75


class EngineError(Exception):
    """Ends a command. The message is in the customer's words: no paths, no stack."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code: ErrorCode = code
        self.message = message

    @property
    def exit_code(self) -> ExitCode:
        return ExitCode.DATA if self.code == "BAD_DATA" else ExitCode.ENGINE


class RequestError(Exception):
    """Ends one recognition request; the process lives on."""

    def __init__(self, code: RequestErrorCode, message: str) -> None:
        super().__init__(message)
        self.code: RequestErrorCode = code
        self.message = message


class Interrupted(Exception):
    """SIGTERM was received and everything worth keeping is on disk."""
