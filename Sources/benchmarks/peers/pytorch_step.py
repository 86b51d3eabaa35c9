"""Training steps of the same algorithm in PyTorch, for `benchmarks peers`.

Reads requests from standard input, one JSON object a line:

    {"shape": "mnist" or "rgb64", "channels": [C, ...], "latents": N, "mode": MODE,
     "passes": 1 or 2, "steps": K}

takes K steps and answers with {"processor": [...], "wall": [...]}, seconds of each step, or with
{"failure": reason}. A mode is "eager", "channels_last" or "compiled": eagerly with the plain layout
or channels_last, or with channels_last through torch.compile, which needs a C++ compiler. The first
line that it writes names the versions, {"torch": ..., "python": ...}. A step is Algorithm 1 on a
batch of 64 images of noise in float32 on one thread: encoder, one sample of the posterior, decoder
under the first gates without gradient (with two passes), decoder under the second, loss, gradients
and Adam in its fused form.
"""

import json
import os
import platform
import sys
import time

# Compiling is not measured; it may not take cores from what is.
os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")

import torch
import torch.nn as nn
import torch.nn.functional as F

BATCH = 64
HIDDEN = 128
STEEPNESS = 7.0
SHAPES = {
    "mnist": (1, 28, [(4, 1), (3, 1), (2, 1)]),
    "rgb64": (3, 64, [(4, 1), (3, 1), (3, 1), (3, 1)]),
}


def leaky(x):
    return F.leaky_relu(x, 0.02)


class Autoencoder(nn.Module):
    def __init__(self, colours, size, channels, kernels, latents):
        super().__init__()
        self.down = nn.ModuleList()
        self.down_norms = nn.ModuleList()
        widths, sizes = [colours] + list(channels), [size]
        for (kernel, padding), before, behind in zip(kernels, widths, channels):
            self.down.append(nn.Conv2d(before, behind, kernel, 2, padding))
            self.down_norms.append(nn.BatchNorm2d(behind, eps=1e-5, momentum=0.2))
            sizes.append((sizes[-1] + 2 * padding - kernel) // 2 + 1)
        self.flat = (channels[-1], sizes[-1], sizes[-1])
        flat = channels[-1] * sizes[-1] ** 2
        self.encoder1, self.encoder2 = nn.Linear(flat, HIDDEN), nn.Linear(HIDDEN, 2 * latents)
        self.decoder1, self.decoder2 = nn.Linear(latents, HIDDEN), nn.Linear(HIDDEN, flat)
        self.up = nn.ModuleList()
        self.up_norms = nn.ModuleList()
        for index in reversed(range(len(channels))):
            kernel, padding = (3, 1) if 2 * sizes[index + 1] == sizes[index] else (2, 0)
            self.up_norms.append(nn.BatchNorm2d(widths[index + 1], eps=1e-5, momentum=0.2))
            self.up.append(nn.Conv2d(widths[index + 1], widths[index], kernel, 1, padding))

    def encode(self, x):
        for convolution, norm in zip(self.down, self.down_norms):
            x = norm(leaky(convolution(x)))
        return self.encoder2(leaky(self.encoder1(x.flatten(1)))).chunk(2, 1)

    def decode(self, z, layout):
        x = leaky(self.decoder2(leaky(self.decoder1(z)))).view(-1, *self.flat)
        x = x.contiguous(memory_format=layout)
        for index, (norm, convolution) in enumerate(zip(self.up_norms, self.up)):
            x = convolution(F.interpolate(norm(x), scale_factor=2, mode="nearest"))
            x = leaky(x) if index + 1 < len(self.up) else torch.sigmoid(x)
        return x

    def keep_statistics(self, keep):
        for norm in self.up_norms:
            norm.momentum = 0.0 if keep else 0.2


class Trainer:
    def __init__(self, shape, channels, latents, mode):
        torch.manual_seed(1)
        colours, size, kernels = SHAPES[shape]
        self.layout = torch.contiguous_format if mode == "eager" else torch.channels_last
        self.network = Autoencoder(colours, size, channels, kernels, latents)
        self.network.to(memory_format=self.layout)
        self.images = torch.rand(BATCH, colours, size, size).contiguous(
            memory_format=self.layout)
        self.logits = torch.full((latents,), 0.42, requires_grad=True)
        self.multiplier = torch.tensor(1.0, requires_grad=True)
        self.optimizer = torch.optim.Adam(
            [*self.network.parameters(), self.logits, self.multiplier], lr=1e-3, fused=True)
        self.average = None
        if mode == "compiled":
            self.network.encode = torch.compile(self.network.encode)
            self.error = torch.compile(self.error)

    def error(self, z):
        return ((self.network.decode(z, self.layout) - self.images) ** 2).sum((1, 2, 3)).mean()

    def step(self, passes):
        uniform = torch.full_like(self.logits, 0.5, requires_grad=False)
        gates = (uniform < torch.sigmoid(STEEPNESS * self.logits.detach())).float()
        mean, log_variance = self.network.encode(self.images)
        z = (mean + torch.exp(log_variance / 2) * torch.randn_like(mean)) * gates
        first = None
        if passes == 2:
            with torch.no_grad():
                self.network.keep_statistics(True)
                first = self.error(z)
                self.network.keep_statistics(False)
        error = self.error(z)
        constraint = error.detach()
        self.average = (
            constraint if self.average is None else 0.99 * self.average + 0.01 * constraint)
        root = F.softplus(self.multiplier.detach())
        weight = (root**2).clamp(1e-5, 5)
        divergence = -0.5 * (1 + log_variance - log_variance.exp() - mean**2).mean(0)
        loss = weight * error + (gates * divergence).sum() / gates.sum().clamp(min=1)
        self.optimizer.zero_grad()
        loss.backward()
        difference = 0 if first is None else first - constraint
        self.logits.grad = weight * STEEPNESS * difference * (uniform - 0.5)
        self.multiplier.grad = (
            -self.average * 2 * root * torch.sigmoid(self.multiplier.detach()))
        self.optimizer.step()


def main():
    torch.set_num_threads(1)
    print(json.dumps({"torch": torch.__version__, "python": platform.python_version()}), flush=True)
    trainers = {}
    for line in sys.stdin:
        request = json.loads(line)
        key = (
            request["shape"], tuple(request["channels"]), request["latents"], request["mode"])
        answer = {"processor": [], "wall": []}
        try:
            if key not in trainers:
                trainers[key] = Trainer(*key)
            for _ in range(request["steps"]):
                processor, wall = time.process_time(), time.perf_counter()
                trainers[key].step(request["passes"])
                answer["processor"].append(time.process_time() - processor)
                answer["wall"].append(time.perf_counter() - wall)
        except Exception as error:
            answer = {"failure": f"{type(error).__name__}: {error}".splitlines()[0]}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
