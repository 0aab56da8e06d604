"""LoRA's fast path is PEFT's own function."""

from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from peft.tuners.lora.layer import Linear
from torch import nn

from attune_engine_whisper.training.lora import ALPHA, RANK, add_lora, summed


class Layers(nn.Module):
    """Two layers by names that LoRA targets, the second without a bias."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(48, 96)
        self.k_proj = nn.Linear(96, 24, bias=False)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.k_proj(torch.nn.functional.gelu(self.fc1(inputs)))


def adapted(fast: bool) -> Any:
    torch.manual_seed(3)
    layers: Any = Layers()
    if fast:
        add_lora(layers, torch.device("cpu"))
    else:
        get_peft_model(layers, LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=["fc1", "k_proj"]))
    torch.manual_seed(4)
    for name, parameter in layers.named_parameters():
        if "lora_B" in name:  # zeros at first, which would hide A's gradient
            nn.init.normal_(parameter, std=0.05)
    return layers


def run(layers: Any, inputs: torch.Tensor) -> dict[str, torch.Tensor]:
    output = layers(inputs)
    output.float().square().sum().backward()
    gradients = {name: p.grad for name, p in layers.named_parameters() if p.grad is not None}
    assert inputs.grad is not None
    return {"output": output.detach(), "inputs": inputs.grad, **gradients}


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_outputs_and_all_gradients_are_those_of_peft(precision: torch.dtype):
    torch.manual_seed(5)
    inputs = torch.randn(2, 7, 48)
    results: list[dict[str, torch.Tensor]] = []
    for fast in (True, False):
        with torch.autocast("cpu", precision, enabled=precision is torch.bfloat16):
            results.append(run(adapted(fast), inputs.clone().requires_grad_()))
    ours, theirs = results
    assert ours.keys() == theirs.keys() and len(ours) == 6
    tolerance = 1e-4 if precision is torch.float32 else 0.05
    for name, expected in theirs.items():
        assert ours[name].dtype == expected.dtype
        assert torch.linalg.norm((ours[name] - expected).float()) <= tolerance * torch.linalg.norm(expected.float())


def test_frozen_layers_below_cost_no_gradient():
    layers = adapted(fast=True)
    assert isinstance(layers.fc1, Linear)
    layers(torch.randn(3, 48)).sum().backward()
    assert layers.fc1.base_layer.weight.grad is None


@pytest.mark.parametrize("fast", [True, False])
def test_layers_hold_their_sums_while_decoding_and_are_bit_for_bit_what_they_were_afterwards(fast: bool):
    layers, inputs = adapted(fast), torch.randn(3, 48)
    before = {name: tensor.clone() for name, tensor in layers.state_dict().items()}
    trained = layers(inputs).detach()
    with summed(layers), torch.inference_mode():
        assert not torch.equal(layers.fc1.base_layer.weight, before["fc1.base_layer.weight"])
        assert torch.allclose(layers(inputs), trained, atol=1e-5)
    assert all(torch.equal(tensor, before[name]) for name, tensor in layers.state_dict().items())
    assert torch.equal(layers(inputs), trained)
