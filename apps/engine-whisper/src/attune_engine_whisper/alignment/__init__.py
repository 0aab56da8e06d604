"""`align`: cuts recordings that are longer than a window into utterances with their part of the transcript."""
