"""Reads Whisper weights out of a CTranslate2 `model.bin` (binary version 6) as a Transformers state dict."""

import struct
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from attune_engine_whisper.errors import EngineError

Variables = dict[str, NDArray[np.float32]]
# Weights are floats; the integers are single settings such as the number of heads.
_DTYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self, code: str) -> int:
        (value,) = struct.unpack_from("<" + code, self._data, self._at)
        self._at += struct.calcsize(code)
        return value

    def text(self) -> str:
        length = self.number("H")  # counts the closing NUL
        value = self._data[self._at : self._at + length - 1].decode()
        self._at += length
        return value

    def array(self, dtype: type[np.generic], size: int) -> NDArray[np.float32]:
        values = np.frombuffer(self._data, dtype, size // np.dtype(dtype).itemsize, self._at)
        self._at += size
        return values.astype(np.float32)


def read_variables(path: Path) -> Variables:
    """All variables of an unquantized Whisper `model.bin`. Raises BASE_UNREADABLE for any other file."""
    reader = _Reader(path.read_bytes())
    try:
        if reader.number("I") != 6 or reader.text() != "WhisperSpec":
            raise EngineError("BASE_UNREADABLE", "The weights are not a CTranslate2 Whisper model of binary version 6.")
        reader.number("I")  # revision of the specification
        variables: Variables = {}
        for _ in range(reader.number("I")):
            name = reader.text()
            shape = [reader.number("I") for _ in range(reader.number("B"))]
            dtype, size = _DTYPES[reader.number("B")], reader.number("I")
            variables[name] = reader.array(dtype, size).reshape(shape)
    except (struct.error, KeyError, ValueError, UnicodeDecodeError) as error:
        raise EngineError("BASE_UNREADABLE", "The CTranslate2 weights are damaged.") from error
    if any(name.endswith("_scale") for name in variables):
        raise EngineError("BASE_UNREADABLE", "The CTranslate2 weights are quantized; the original ones are needed.")
    return variables


def to_state_dict(variables: Variables) -> dict[str, torch.Tensor]:
    """The same weights under Transformers' names. CTranslate2 fuses q, k, v (and k, v of cross-attention)."""
    state: dict[str, torch.Tensor] = {}

    def tensor(name: str) -> torch.Tensor:
        return torch.from_numpy(variables[name])

    def copy(target: str, source: str) -> None:
        weight, bias = ("gamma", "beta") if source + "/gamma" in variables else ("weight", "bias")
        state[target + ".weight"] = tensor(f"{source}/{weight}")
        state[target + ".bias"] = tensor(f"{source}/{bias}")

    def split(target: str, source: str, names: str) -> None:
        weights = tensor(source + "/weight").chunk(len(names))
        biases = tensor(source + "/bias").chunk(len(names))
        for name, weight, bias in zip(names, weights, biases, strict=True):
            state[f"{target}.{name}_proj.weight"] = weight
            if name != "k":  # Whisper's key projection has no bias
                state[f"{target}.{name}_proj.bias"] = bias

    for side in ("encoder", "decoder"):
        state[f"model.{side}.embed_positions.weight"] = tensor(f"{side}/position_encodings/encodings")
        copy(f"model.{side}.layer_norm", f"{side}/layer_norm")
        for layer in range(layer_count(variables, side)):
            source, target = f"{side}/layer_{layer}", f"model.{side}.layers.{layer}"
            split(target + ".self_attn", source + "/self_attention/linear_0", "qkv")
            copy(target + ".self_attn.out_proj", source + "/self_attention/linear_1")
            copy(target + ".self_attn_layer_norm", source + "/self_attention/layer_norm")
            copy(target + ".fc1", source + "/ffn/linear_0")
            copy(target + ".fc2", source + "/ffn/linear_1")
            copy(target + ".final_layer_norm", source + "/ffn/layer_norm")
            if side == "decoder":
                copy(target + ".encoder_attn.q_proj", source + "/attention/linear_0")
                split(target + ".encoder_attn", source + "/attention/linear_1", "kv")
                copy(target + ".encoder_attn.out_proj", source + "/attention/linear_2")
                copy(target + ".encoder_attn_layer_norm", source + "/attention/layer_norm")
    for convolution in ("conv1", "conv2"):
        copy(f"model.encoder.{convolution}", f"encoder/{convolution}")
    embeddings = tensor("decoder/embeddings/weight")
    state["model.decoder.embed_tokens.weight"] = state["proj_out.weight"] = embeddings
    return state


def layer_count(variables: Variables, side: str) -> int:
    """Number of layers of the encoder or the decoder."""
    count = 0
    while f"{side}/layer_{count}/ffn/linear_0/weight" in variables:
        count += 1
    return count
