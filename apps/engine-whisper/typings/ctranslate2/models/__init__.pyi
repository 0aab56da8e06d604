from ctranslate2 import StorageView

class WhisperGenerationResult:
    sequences_ids: list[list[int]]

class Whisper:
    is_multilingual: bool
    def __init__(self, model_path: str, compute_type: str = "default", intra_threads: int = 0) -> None: ...
    def generate(
        self, features: StorageView, prompts: list[list[int]], *, beam_size: int = 5, max_length: int = 448
    ) -> list[WhisperGenerationResult]: ...
