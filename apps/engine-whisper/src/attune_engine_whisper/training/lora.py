"""LoRA (Hu et al. 2021) through PEFT, made fast on CPUs.

PEFT adds the low-rank path to each layer's output: three products and several passes over the activations, which is
what a CPU is slow at. Here the layer's output is one product with W + s*B*A, a sum of small matrices; A and B get their
gradients by the low-rank path, so that no gradient as large as W is ever computed. It is the same function with the
same gradients (a test compares them), in a third less time for a window. On a GPU the extra memory is not worth it.
"""

from collections.abc import Generator
from contextlib import contextmanager
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


@contextmanager
def summed(model: Any) -> Generator[None, None, None]:
    """For as long as it lasts, adapted layers hold W + s*B*A: one product each for every token that is decoded.

    W itself is put aside, not added to and subtracted from, so that nothing is left of the detour.
    """
    layers: list[Any] = [layer for layer in model.modules() if isinstance(layer, Linear)]
    before = [(layer.base_layer.weight.data, layer.forward) for layer in layers]
    try:
        for layer in layers:
            layer.base_layer.weight.data = _sum(layer)
            layer.forward = layer.base_layer.forward
        yield
    finally:
        for layer, (weight, forward) in zip(layers, before, strict=True):
            layer.base_layer.weight.data = weight
            layer.forward = forward


def _sum(layer: Any) -> torch.Tensor:
    down, up = layer.lora_A[_ADAPTER].weight, layer.lora_B[_ADAPTER].weight
    with torch.no_grad():
        return torch.addmm(layer.base_layer.weight, up, down, alpha=layer.scaling[_ADAPTER])


def _forward(layer: Any, inputs: torch.Tensor) -> torch.Tensor:
    bias: torch.Tensor | None = layer.base_layer.bias
    down: torch.Tensor = layer.lora_A[_ADAPTER].weight
    up: torch.Tensor = layer.lora_B[_ADAPTER].weight
    scaling: float = layer.scaling[_ADAPTER]
    weight = _sum(layer)
    dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else inputs.dtype
    with torch.autocast("cpu", enabled=False):
        output: torch.Tensor = _LowRank.apply(
            inputs.to(dtype), weight.to(dtype), None if bias is None else bias.to(dtype), down, up, scaling
        )
    return output


class _LowRank(torch.autograd.Function):
    """y = x W'^T + b with W' = W + s*B*A already summed; the gradients of A (rank, in) and B (out, rank).

    With g the gradient of y: of x it is g W', of B it is s * g^T (x A^T), of A it is s * (g B)^T x.
    """

    @staticmethod
    def forward(
        ctx: Any,
        inputs: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        down: torch.Tensor,
        up: torch.Tensor,
        scaling: float,
    ) -> torch.Tensor:
        ctx.save_for_backward(inputs, weight, down, up)
        ctx.scaling = scaling
        return torch.nn.functional.linear(inputs, weight, bias)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        inputs, weight, down, up = ctx.saved_tensors
        outward = gradients[0].reshape(-1, weight.shape[0])
        rows = inputs.reshape(-1, weight.shape[1])
        of_inputs = (outward @ weight).view(inputs.shape) if ctx.needs_input_grad[0] else None
        narrow = rows @ down.to(rows.dtype).T
        of_up = (outward.T @ narrow).to(up.dtype) * ctx.scaling
        of_down = ((outward @ up.to(outward.dtype)).T @ rows).to(down.dtype) * ctx.scaling
        return of_inputs, None, None, of_down, of_up, None
