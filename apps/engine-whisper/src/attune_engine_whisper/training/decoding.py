"""Greedy decoding with the model in training, for validation and verification."""

from typing import Any, cast

import torch
from transformers import DynamicCache, EncoderDecoderCache

from attune_engine_whisper.training.network import Network
from attune_engine_whisper.vocabulary import Vocabulary

MOST_NEW_TOKENS = 224  # half of the decoder's context, as everywhere in Whisper


def greedy(network: Network, encoded: torch.Tensor, vocabulary: Vocabulary) -> list[list[int]]:
    """The likeliest token after token for each encoded window, without timestamps and without the end token.

    In float32: autocast would convert all weights anew for every token.
    """
    decoder: Any = network.model.model.decoder
    cache: Any = EncoderDecoderCache(DynamicCache(), DynamicCache())
    prompt = [*vocabulary.start, vocabulary.no_timestamps]
    tokens = torch.tensor([prompt] * len(encoded), device=encoded.device)
    ended = torch.zeros(len(encoded), dtype=torch.bool, device=encoded.device)
    found: list[torch.Tensor] = []
    for step in range(MOST_NEW_TOKENS):
        with torch.autocast(encoded.device.type, enabled=False):
            hidden = decoder(
                input_ids=tokens, encoder_hidden_states=encoded.float(), past_key_values=cache, use_cache=True
            ).last_hidden_state
            logits = network.model.proj_out(hidden[:, -1])
        logits[:, network.suppressed] = -torch.inf
        if step == 0:
            logits[:, network.suppressed_first] = -torch.inf
        likeliest = logits.argmax(-1).masked_fill(ended, vocabulary.end)
        found.append(likeliest)
        ended |= likeliest == vocabulary.end
        if ended.all():
            break
        tokens = likeliest[:, None]
    rows = cast(list[list[int]], torch.stack(found, 1).tolist())
    return [row[: row.index(vocabulary.end)] if vocabulary.end in row else row for row in rows]
