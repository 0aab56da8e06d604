"""`transcribe`: recognition with CTranslate2. Nothing here imports torch."""
