"""LoRA (Hu et al. 2021) through PEFT, made fast on CPUs.

PEFT adds the low-rank path to each layer's output: three products and several passes over the activations, which is
what a CPU is slow at. The same function is one product with W + s*B*A, a sum of small matrices; its gradient reaches A
and B through the weight. A training step takes a sixth less. On a GPU the extra memory is not worth it.
"""

from types import MethodType
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from peft.tuners.lora.layer import Linear

RANK = 32
ALPHA = 64
DROPOUT = 0.0  # its masks cost a quarter of a step on a CPU; augmentation regularizes instead
TARGETS = ["q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"]  # every linear layer but the tied vocabulary

_ADAPTER = "default"


def add_lora(model: Any, device: torch.device) -> Any:
    """Adds trainable adapters to a Whisper model, in place; returns PEFT's wrapper, which saves and merges them."""
    config = LoraConfig(r=RANK, lora_alpha=ALPHA, lora_dropout=DROPOUT, target_modules=TARGETS)
    wrapper: Any = get_peft_model(model, config)
    if device.type == "cpu":
        for layer in model.modules():
            if isinstance(layer, Linear):
                layer.forward = MethodType(_forward, layer)
    return wrapper


def _forward(layer: Any, inputs: torch.Tensor) -> torch.Tensor:
    if not torch.is_grad_enabled():  # decoding: one token after the other is no work for summing weights
        return Linear.forward(layer, inputs)
    linear: torch.nn.Linear = layer.base_layer
    with torch.autocast("cpu", enabled=False):
        down: torch.Tensor = layer.lora_A[_ADAPTER].weight
        up: torch.Tensor = layer.lora_B[_ADAPTER].weight
        weight = torch.addmm(linear.weight, up, down, alpha=layer.scaling[_ADAPTER])
    return torch.nn.functional.linear(inputs, weight, linear.bias)
