"""Between Transformers and CTranslate2 folders."""

from pathlib import Path
from typing import Any

from ctranslate2.converters import TransformersConverter

from attune_engine_whisper.languages import LANGUAGES

# Vocabularies below this size belong to the English-only models, as in OpenAI's and CTranslate2's own code.
_MULTILINGUAL_VOCABULARY = 51865


def languages_of(vocabulary_size: int) -> list[str]:
    """Languages a model of this vocabulary serves; the 100th (Cantonese) has one more token."""
    if vocabulary_size < _MULTILINGUAL_VOCABULARY:
        return ["en"]
    return list(LANGUAGES if vocabulary_size > _MULTILINGUAL_VOCABULARY else LANGUAGES[:-1])


def to_ctranslate2(transformers_directory: Path, target: Path, *, precise: bool = False) -> None:
    """Converts a Transformers folder: float16 on disk (loaded as int8 or float32), or float32 if `precise`."""
    converter: Any = TransformersConverter(
        str(transformers_directory), copy_files=["tokenizer.json", "preprocessor_config.json"]
    )
    converter.convert(str(target), quantization=None if precise else "float16", force=True)
