"""Whisper's tokens: text, the control tokens around it, and timestamps."""

from pathlib import Path

from tokenizers import Tokenizer

# Both from the model's architecture: text tokens of one window, and the grid of timestamps in seconds.
MAX_TOKENS = 448
TIMESTAMP_STEP = 0.02


class Vocabulary:
    """The vocabulary of one base model, prompting for one language."""

    def __init__(self, directory: Path, language: str, is_multilingual: bool) -> None:
        self._tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        self.end = self._id("<|endoftext|>")
        self.no_timestamps = self._id("<|notimestamps|>")
        self.previous = self._id("<|startofprev|>")
        start = [self._id("<|startoftranscript|>")]
        # English-only models were trained without language and task.
        self.start = [*start, self._id(f"<|{language}|>"), self._id("<|transcribe|>")] if is_multilingual else start

    def _id(self, token: str) -> int:
        number = self._tokenizer.token_to_id(token)
        if number is None:
            raise KeyError(token)
        return number

    def encode(self, text: str) -> list[int]:
        """Tokens of one utterance, with the leading space that separates it from the one before."""
        return self._tokenizer.encode(" " + text.strip(), add_special_tokens=False).ids

    def decode(self, tokens: list[int]) -> str:
        """Text of the tokens before the first end, without control tokens and timestamps."""
        return self._tokenizer.decode([token for token in tokens if token < self.end]).strip()

    def timestamp(self, seconds: float) -> int:
        """The token of a time from the window's beginning."""
        return self.no_timestamps + 1 + round(seconds / TIMESTAMP_STEP)
