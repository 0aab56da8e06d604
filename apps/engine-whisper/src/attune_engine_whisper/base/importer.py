"""Any other Whisper as a base: a Transformers folder, or a hub id through Transformers' own loader."""

import os
from pathlib import Path
from typing import Any

from attune_engine_whisper.base import folder
from attune_engine_whisper.base.convert import languages_of, to_ctranslate2
from attune_engine_whisper.errors import EngineError
from attune_engine_whisper.files import whole_directory


def import_base(origin: str, name: str, licence: str, target: Path) -> folder.Base:
    """Makes a base folder from `origin`, a folder or a hub id; an existing whole target is kept."""
    if folder.is_whole(target):
        return folder.read(target)
    if not Path(origin).is_dir():
        os.environ["HF_HUB_OFFLINE"] = "0"  # the one command that may ask a hub, and only when told a hub id
    import transformers

    library: Any = transformers  # typed in parts only
    try:
        model: Any = library.WhisperForConditionalGeneration.from_pretrained(origin, dtype="float32")
        tokenizer: Any = library.WhisperTokenizer.from_pretrained(origin)
        extractor: Any = library.WhisperFeatureExtractor.from_pretrained(origin)
        generation: Any = library.GenerationConfig.from_pretrained(origin)
    except (OSError, ValueError, KeyError) as error:
        raise EngineError("BASE_UNREADABLE", f"{origin} cannot be loaded as a Whisper model: {error}") from error
    target.parent.mkdir(parents=True, exist_ok=True)
    with whole_directory(target) as partial:
        to_train = partial / "transformers"
        for part in (model, tokenizer, extractor, generation):
            part.save_pretrained(to_train)
        to_ctranslate2(to_train, partial / "ctranslate2")
        return folder.seal(partial, name, origin, licence, languages_of(model.config.vocab_size))
