"""One recording to text with word times and confidences."""

from collections.abc import Generator
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

from ctranslate2 import set_random_seed
from faster_whisper import WhisperModel

from attune_engine_whisper.audio import RATE, Samples
from attune_engine_whisper.errors import RequestError
from attune_engine_whisper.languages import LANGUAGES
from attune_engine_whisper.serving.voice_activity import VoiceActivity

# Tokens a window may have, by seconds of audio in it: no one speaks faster, and a model that loops stops sooner.
_TOKENS_PER_SECOND, _LEAST_TOKENS, _MOST_TOKENS = 10, 40, 224
_LONGEST_PROMPT = 3
_WINDOW_SECONDS = 30
# The first is greedy or beam search; the others sample, when that one loops or is most improbable.
_TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True)
class Word:
    """Times in seconds; confidence from 0 to 1."""

    word: str
    start: float
    end: float
    confidence: float


@dataclass
class Transcript:
    """What was recognized; `duration` in seconds."""

    text: str
    language: str
    duration: float
    words: list[Word] = field(default_factory=list[Word])

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def recognize(
    model: WhisperModel,
    samples: Samples,
    language: str,
    beam_size: int,
    hotwords: str | None = None,
    *,
    word_times: bool = True,
) -> Generator[None, None, Transcript]:
    """Recognizes a recording of any length, giving way after every segment. Raises UNSUPPORTED_LANGUAGE.

    Without `word_times` there are no words in the transcript, and a fifth less work for a clip; the text is the same.
    """
    check_language(model, language)
    transcript = Transcript("", language, round(len(samples) / RATE, 3))
    activity = VoiceActivity(samples)
    if not activity.anywhere():
        return transcript
    set_random_seed(0)
    segments, _ = model.transcribe(
        samples,
        language=language,
        beam_size=beam_size,
        temperature=_TEMPERATURES,
        hotwords=hotwords,
        # Beyond one window, the next begins where the last word ended.
        word_timestamps=word_times or len(samples) > _WINDOW_SECONDS * RATE,
        max_new_tokens=None if hotwords else _token_limit(transcript.duration),
        condition_on_previous_text=False,  # a loop in one window would go on in the next
        vad_filter=False,
    )
    texts: list[str] = []
    for segment in segments:
        if activity.between(segment.start, segment.end):
            texts.append(segment.text.strip())
            transcript.words += [_word(word) for word in segment.words or []] if word_times else []
        yield
    transcript.text = " ".join(texts)
    _keep_order(transcript.words)
    return transcript


def _token_limit(seconds: float) -> int:
    """The limit in faster-whisper's terms: it adds the prompt (1 or 3 tokens without hotwords), CTranslate2 halves."""
    return 2 * min(_MOST_TOKENS, _LEAST_TOKENS + int(_TOKENS_PER_SECOND * seconds)) - _LONGEST_PROMPT


def check_language(model: WhisperModel, language: str) -> None:
    """Raises UNSUPPORTED_LANGUAGE."""
    # English-only vocabularies hold the other languages' tokens too.
    in_vocabulary = language in LANGUAGES and model.hf_tokenizer.token_to_id(f"<|{language}|>") is not None
    if not in_vocabulary or (language != "en" and not model.model.is_multilingual):
        raise RequestError("UNSUPPORTED_LANGUAGE", f"The model does not know the language {language}.")


def _word(word: Any) -> Word:
    start, end, confidence = float(word.start), float(word.end), float(word.probability)
    return Word(word.word.strip(), round(start, 2), round(end, 2), round(confidence, 3))


def _keep_order(words: list[Word]) -> None:
    """Times never run backwards: at a border of windows a word may be given twice the same stretch."""
    for i, (before, word) in enumerate(pairwise(words), 1):
        if word.start < before.start:
            words[i] = Word(word.word, before.end, max(before.end, word.end), word.confidence)
