"""Makes the golden runs with which NarrowingTests compares the trainer.

    python3 -m venv .venv && .venv/bin/pip install -r Tests/Outsider/requirements.txt
    .venv/bin/python Tests/Outsider/make_golden.py

writes Tests/NarrowingTests/Golden/*.safetensors: ten steps of Algorithm 1 on a tiny network, in
double precision. The product stores parameters and running statistics as float. They are rounded
to float between steps, so that both sides start each step from the same bits.

The first axis of every tensor is the step: length 10 for values of a step, and 11 for state (before
the first step, ..., after the last). Parameters, running statistics and gradients (`gradient.` plus
the parameter's name) are F32, gates are U8, other results F64. The inputs are `images` (U8,
[pool, H, W, C]), `batches` (I64, [10, B], indices into the pool), `noise` (epsilon) and `uniforms`
(u). The metadata `run` is JSON with the network's channels and the trial's settings.
"""

import copy
import json
import pathlib

import numpy as np
import torch
from safetensors.numpy import save_file

from twin import Network, Settings, Twin

STEPS, LATENTS = 10, 5
FOLDER = pathlib.Path(__file__).parent.parent / "NarrowingTests" / "Golden"


class WatchedNetwork(Network):
    """Records the smallest absolute input of a leaky ReLU in passes with gradients."""

    nearest = float("inf")

    def leaky(self, x):
        if torch.is_grad_enabled():
            self.nearest = min(self.nearest, x.detach().abs().min().item())
        return super().leaky(x)


def draw_images(generator, count, size, channels):
    """Ellipses filled with waves, of random position, size, direction and colour. Images with large
    flat parts would give equal activations, which nearly cancel in batch norms."""
    rows, columns = np.mgrid[0:size, 0:size] / size
    images = np.zeros((count, size, size, channels), np.uint8)
    for image in images:
        top, left = generator.uniform(0.25, 0.75, 2)
        height, width = generator.uniform(0.3, 0.8, 2)
        inside = ((rows - top) / height) ** 2 + ((columns - left) / width) ** 2 < 1
        across, down = generator.uniform(-12, 12, 2)
        wave = 0.5 + 0.5 * np.sin(across * rows + down * columns + generator.uniform(0, 6))
        image[:] = (inside * wave)[..., None] * generator.integers(60, 256, channels)
    return images


def initialise(generator, network):
    """Uniform weights and biases. Scales and shifts differ from 1 and 0, so that tests can tell them
    apart. The decoder's first weights are large, so that E1 - E2 is larger than rounding errors."""
    for name, parameter in network.named_parameters():
        layer = network.get_submodule(name.rpartition(".")[0])
        if isinstance(layer, torch.nn.BatchNorm2d):
            centre, bound = float(name.endswith("weight")), 0.1
        else:
            gain = 8 if name == "decoder.linear1.weight" else 1
            centre, bound = 0.0, gain * layer.weight[0].numel() ** -0.5
        values = generator.uniform(centre - bound, centre + bound, parameter.shape)
        parameter.data.copy_(torch.tensor(values))
    # Pixels are positive. If all activations of a channel had one sign, its bias would have no gradient.
    first = network.encoder["conv1"]
    first.bias.data.copy_(-0.25 * first.weight.data.sum((1, 2, 3)))


def round_to_float(network):
    for value in network.tensors().values():
        value.copy_(value.to(torch.float32))


def single_precision_error(single, exact, inputs):
    """The largest relative error of a layer's gradient if PyTorch computes the step in single
    precision. `single` is the twin before the step, in single precision; `exact` is the twin after
    the step, in double precision."""
    parameters = list(single.network.named_parameters())
    single.optimizer = torch.optim.Adam(
        [*single.network.parameters(), single.logits, single.multiplier]
    )
    single.step(*inputs)
    layers = {}
    for (key, found), expected in zip(parameters, exact.network.parameters()):
        pair = (found.grad.flatten().double(), expected.grad.flatten())
        layers.setdefault(key.rpartition(".")[0], []).append(pair)
    worst = 0
    for pairs in layers.values():
        found, expected = (torch.cat(side) for side in zip(*pairs))
        worst = max(worst, ((found - expected).norm() / expected.norm()).item())
    return worst


def make(name, size, image_channels, channels, batch_size, tolerance, seed, **changes):
    settings = Settings(
        tolerance=tolerance, learning_rate=5e-3, initial_gate_logit=0.25, **changes
    )
    generator = np.random.default_rng(seed)
    images = draw_images(generator, 3 * batch_size, size, image_channels)
    network = WatchedNetwork(image_channels, size, channels, LATENTS, settings)
    initialise(generator, network)
    round_to_float(network)
    twin = Twin(network, settings)
    pixels = (images.astype(np.float64) / 255).astype(np.float32)

    golden = {"images": images}
    steps = {}

    def record(name, value):
        value = value.detach().numpy() if isinstance(value, torch.Tensor) else np.asarray(value)
        steps.setdefault(name, []).append(value.copy())

    def record_state():
        for name, value in network.tensors().items():
            record(name, value.to(torch.float32))
        record("gates.logit", twin.logits)
        record("multiplier.raw", twin.multiplier)

    record_state()
    error = 0
    for _ in range(STEPS):
        batch = generator.choice(len(images), batch_size, replace=False)
        uniforms = generator.integers(0, 1 << 24, LATENTS) / 2.0**24
        noise = generator.standard_normal((batch_size, LATENTS)).astype(np.float32)
        inputs = (
            torch.tensor(pixels[batch].astype(np.float64)).permute(0, 3, 1, 2).contiguous(),
            torch.tensor(uniforms),
            torch.tensor(noise.astype(np.float64)),
        )
        single = copy.deepcopy(twin)
        single.network.float()
        report = twin.step(*inputs)
        floats = (inputs[0].float(), inputs[1], inputs[2].float())
        error = max(error, single_precision_error(single, twin, floats))
        round_to_float(network)
        record("batches", batch.astype(np.int64))
        record("uniforms", uniforms)
        record("noise", noise)
        for key, value in report.items():
            record(key, value.to(torch.uint8) if key.endswith("gates") else value)
        for key, parameter in network.named_parameters():
            record(f"gradient.{key}", parameter.grad.to(torch.float32))
        record("gates.gradient", twin.logits.grad)
        record("multiplier.gradient", twin.multiplier.grad)
        record("mse", twin.mse)
        record_state()
    golden |= {key: np.ascontiguousarray(np.stack(values)) for key, values in steps.items()}

    differing = (golden["first_gates"] != golden["second_gates"]).any(axis=1).tolist()
    missed = golden["squared_error"] > tolerance
    hit = twin.first_hit or STEPS
    print(f"{name}: first hit in step {twin.first_hit}; gates differ {differing};")
    print(f"  squared errors {golden['squared_error'].round(2).tolist()}")
    print(f"  smallest leaky ReLU input {network.nearest:.1e}; single-precision error {error:.1e}")
    assert network.nearest > 4e-6, "float rounding could change the sign of this leaky ReLU input"
    assert error < 2e-5, "the terms of a gradient nearly cancel, so a test with it would prove little"
    biases = [v for k, v in golden.items() if k.startswith("gradient.") and k.endswith(".bias")]
    smallest = min(np.abs(value[value != 0]).min() for value in biases)
    assert smallest > 1e-6, "Adam would divide by a gradient that is only rounding error"
    effect = np.abs(golden["first_squared_error"] / golden["squared_error"] - 1)
    assert effect[differing].min(initial=1) > 5e-3, "E1 - E2 is as small as rounding errors"
    assert 3 <= hit <= 6, "the first hit must be in steps 3 to 6"
    assert sum(differing[hit:]) >= 3 and not all(differing[hit:]), "after the hit, gates must differ in at least 3 steps and agree in at least 1"
    assert missed[hit:].any(), "a step after the hit must miss the tolerance"

    trainer = {key: value for key, value in vars(settings).items() if key != "tolerance"}
    if settings.posterior == Settings.posterior:
        del trainer["posterior"]  # a configuration omits the default
    run = {
        "channels": channels,
        "first_hit_step": twin.first_hit,
        "tolerance": tolerance,
        "torch": torch.__version__,
        "trainer": trainer | {"batch_size": batch_size},
    }
    # The writer does not keep the order of keys, so a single key holds everything.
    metadata = {"run": json.dumps(run, sort_keys=True)}
    save_file(golden, FOLDER / f"{name}.safetensors", metadata)


if __name__ == "__main__":
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    FOLDER.mkdir(exist_ok=True)
    make("28x28", 28, 1, [6, 5, 3], batch_size=8, tolerance=100.0, seed=768)
    make(
        "28x28-equation-14",
        28,
        1,
        [4, 3, 5],
        batch_size=8,
        tolerance=100.0,
        seed=603,
        kl_reduction="sum",
        posterior="equation-14",
    )
    make("64x64", 64, 3, [2, 3, 2, 3], batch_size=4, tolerance=1700.0, seed=828, kl_reduction="sum")
