"""LoRA (Hu et al. 2021) through PEFT, made fast on CPUs.

PEFT adds the low-rank path to each layer's output: three products and several passes over the activations, which is
what a CPU is slow at. Here the layer's output is one product with W + s*B*A, a sum of small matrices; A and B get their
gradients by the low-rank path, so that no gradient as large as W is ever computed. It is the same function with the
same gradients (a test compares them), in a third less time for a window. On a GPU the extra memory is not worth it.
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
    bias: torch.Tensor | None = layer.base_layer.bias
    down: torch.Tensor = layer.lora_A[_ADAPTER].weight
    up: torch.Tensor = layer.lora_B[_ADAPTER].weight
    scaling: float = layer.scaling[_ADAPTER]
    with torch.no_grad():
        weight = torch.addmm(linear.weight, up, down, alpha=scaling)
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
