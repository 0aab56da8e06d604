"""The model in training: the base with what the method may change."""

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, cast

import torch
from safetensors.torch import save_file  # pyright: ignore[reportUnknownVariableType]
from transformers import WhisperForConditionalGeneration

from attune_engine_whisper.errors import EngineError
from attune_engine_whisper.files import write_json
from attune_engine_whisper.jobs import Method
from attune_engine_whisper.training.lora import add_lora, summed

Tensors = dict[str, torch.Tensor]


class Network:
    """Whisper with some of its tensors trainable."""

    def __init__(self, base: Path, method: Method, device: torch.device) -> None:
        try:
            model: Any = WhisperForConditionalGeneration.from_pretrained(base / "transformers", dtype=torch.float32)
        except (OSError, ValueError, json.JSONDecodeError) as error:
            raise EngineError("BASE_UNREADABLE", "The base model cannot be loaded.") from error
        self.method: Method = method
        self.model = model.to(device)
        self.device = device
        self.is_multilingual: bool = model.config.vocab_size >= 51865
        self.mel_bins: int = model.config.num_mel_bins
        self.suppressed: list[int] = list(model.generation_config.suppress_tokens or [])
        self.suppressed_first: list[int] = list(model.generation_config.begin_suppress_tokens or [])
        self._peft: Any = None
        self._prepare()
        self._trainable = {name: tensor for name, tensor in self.model.named_parameters() if tensor.requires_grad}

    def _prepare(self) -> None:
        if self.method == "lora":
            self._peft = add_lora(self.model, self.device)
        elif self.method == "decoder":
            self.model.model.encoder.requires_grad_(False)
        # Sinusoids by construction, in every released model.
        self.model.model.encoder.embed_positions.requires_grad_(False)

    def trainable(self) -> dict[str, torch.nn.Parameter]:
        """The tensors that training changes, in a fixed order."""
        return self._trainable

    def rest_lower_encoder(self) -> None:
        """From now on the lower half of the encoder's layers learns no more, and no gradient is computed through it."""
        for layer in self.model.model.encoder.layers[: self.model.config.encoder_layers // 2]:
            layer.requires_grad_(False)

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """Sets the trainable tensors."""
        with torch.no_grad():
            for name, parameter in self.trainable().items():
                parameter.copy_(tensors[name])

    @contextmanager
    def decoding(self) -> Generator[None, None, None]:
        """While it lasts the network only listens: no dropout, no gradients, adapters summed into their layers."""
        self.model.eval()
        with nullcontext() if self._peft is None else summed(self.model), torch.inference_mode():
            yield

    def encode(self, features: torch.Tensor) -> torch.Tensor:
        return self.model.model.encoder(features).last_hidden_state

    def loss(self, features: torch.Tensor, inputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Mean cross-entropy of the labels that are to be learned."""
        return self.decoder_loss(self.encode(features), inputs, labels)

    def decoder_loss(self, encoded: torch.Tensor, inputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        hidden = self.model.model.decoder(
            input_ids=inputs, encoder_hidden_states=encoded, use_cache=False
        ).last_hidden_state
        # The vocabulary is wide: only positions with a label are worth its product.
        learned = labels >= 0
        logits = self.model.proj_out(hidden[learned])
        return torch.nn.functional.cross_entropy(logits.float(), labels[learned])

    def save_adapter(self, target: Path, base_digest: str) -> None:
        """Writes what training changed: PEFT's format for LoRA, the tensors themselves otherwise."""
        target.mkdir(parents=True)
        if self._peft is not None:
            self._peft.peft_config["default"].base_model_name_or_path = base_digest
            self._peft.save_pretrained(target)
            (target / "README.md").unlink(missing_ok=True)  # PEFT's template; model-card.json is the card
            _sort_lists(target / "adapter_config.json")
            return
        changed = {name: tensor.detach().cpu().contiguous() for name, tensor in self.trainable().items()}
        save_file(changed, target / "adapter_model.safetensors")
        write_json(target / "adapter_config.json", {"method": self.method, "base_model_name_or_path": base_digest})

    def save_merged(self, target: Path) -> None:
        """Writes the whole adapted model as a Transformers folder; training cannot go on afterwards."""
        if self._peft is not None:
            self.model = self._peft.merge_and_unload()
            self._peft = None
        self.model.save_pretrained(target)


def _sort_lists(path: Path) -> None:
    """PEFT writes sets in an order that changes from run to run; equal adapters are to have equal bytes."""
    config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    write_json(path, {key: _sorted(value) for key, value in config.items()})


def _sorted(value: object) -> object:
    return sorted(cast(list[str], value)) if isinstance(value, list) else value
