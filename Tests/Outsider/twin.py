"""The network and Algorithm 1 in PyTorch, written only from the documentation. Autograd and
torch.optim.Adam replace the gradients and updates that the product writes out by hand.

Sources: De Boom, Wauthier, Verbelen, Dhoedt, "Dynamic Narrowing of VAE Bottlenecks Using GECO and
L0 Regularization", section IV and Algorithm 1. Trainer.swift documents the numbering of the steps
and how the paper is interpreted.
"""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F


@dataclass
class Settings:
    """The constants of a trial that the twin needs, with the product's defaults."""

    tolerance: float
    learning_rate: float = 1e-3
    adam_beta1: float = 0.9
    adam_beta2: float = 0.999
    adam_epsilon: float = 1e-8
    gate_steepness: float = 7.0
    initial_gate_logit: float = 0.42
    constraint_smoothing: float = 0.99
    initial_multiplier: float = 1.0
    multiplier_minimum: float = 1e-5
    multiplier_maximum: float = 5.0
    kl_reduction: str = "mean-open"
    posterior: str = "log-variance"
    leaky_slope: float = 0.02
    batch_norm_momentum: float = 0.8
    batch_norm_epsilon: float = 1e-5
    mse_smoothing: float = 0.95

    @classmethod
    def of(cls, configuration):
        """The settings of a trial's configuration, the JSON that a checkpoint carries."""
        trainer = configuration["trainer"]
        known = {key: trainer[key] for key in cls.__dataclass_fields__ if key in trainer}
        return cls(tolerance=configuration["tolerance"], **known)


class Network(nn.Module):
    """The autoencoder for 28x28 or 64x64 images; its modules have the names of the product's tensors."""

    def __init__(self, image_channels, image_size, channels, latents, settings):
        super().__init__()
        small = image_size == 28
        kernels = [(4, 1), (3, 1), (2, 1)] if small else [(4, 1), (3, 1), (3, 1), (3, 1)]
        widths = [image_channels, *channels]
        self.depth, self.latents, self.slope = len(kernels), latents, settings.leaky_slope
        flat, hidden = 16 * widths[-1], 128

        def norm(width):
            # PyTorch's momentum is the weight of the new batch.
            return nn.BatchNorm2d(
                width, eps=settings.batch_norm_epsilon, momentum=1 - settings.batch_norm_momentum
            )

        self.encoder, self.decoder = nn.ModuleDict(), nn.ModuleDict()
        for index, (kernel, padding) in enumerate(kernels):
            inputs, outputs = widths[index], widths[index + 1]
            self.encoder[f"conv{index + 1}"] = nn.Conv2d(inputs, outputs, kernel, 2, padding)
            self.encoder[f"norm{index + 1}"] = norm(outputs)
        self.encoder["linear1"] = nn.Linear(flat, hidden)
        self.encoder["linear2"] = nn.Linear(hidden, 2 * latents)
        self.decoder["linear1"] = nn.Linear(latents, hidden)
        self.decoder["linear2"] = nn.Linear(hidden, flat)
        for index in range(self.depth):
            inputs, outputs = widths[-1 - index], widths[-2 - index]
            # An unpadded 2x2 kernel turns 4x4, upsampled to 8x8, into 7x7.
            kernel, padding = (2, 0) if small and index == 0 else (3, 1)
            self.decoder[f"norm{index + 1}"] = norm(inputs)
            self.decoder[f"conv{index + 1}"] = nn.Conv2d(inputs, outputs, kernel, 1, padding)

    def leaky(self, x):
        return F.leaky_relu(x, self.slope)

    def encode(self, x):
        """The posterior of images [B, C, H, W]: its mean and log variance, each [B, n]."""
        for index in range(1, self.depth + 1):
            x = self.encoder[f"norm{index}"](self.leaky(self.encoder[f"conv{index}"](x)))
        x = self.leaky(self.encoder["linear1"](x.flatten(1)))
        x = self.encoder["linear2"](x)
        return x[:, : self.latents], x[:, self.latents :]

    def decode(self, z):
        """The reconstructions [B, C, H, W] of latents [B, n]."""
        x = self.leaky(self.decoder["linear1"](z))
        x = self.leaky(self.decoder["linear2"](x)).view(len(z), -1, 4, 4)
        for index in range(1, self.depth + 1):
            x = F.interpolate(self.decoder[f"norm{index}"](x), scale_factor=2)
            x = self.decoder[f"conv{index}"](x)
            x = self.leaky(x) if index < self.depth else torch.sigmoid(x)
        return x

    def tensors(self):
        """Every trained tensor and running statistic by name."""
        return {
            name: value
            for name, value in self.state_dict().items()
            if not name.endswith("num_batches_tracked")
        }


class Twin:
    """The whole state of a trial, and its optimiser step."""

    def __init__(self, network, settings):
        self.network, self.settings = network, settings
        self.logits = torch.full(
            (network.latents,), settings.initial_gate_logit, dtype=torch.float64, requires_grad=True
        )
        self.multiplier = torch.tensor(
            settings.initial_multiplier, dtype=torch.float64, requires_grad=True
        )
        self.average = self.mse = self.first_hit = None
        self.step_count = 0
        self.optimizer = torch.optim.Adam(
            [*network.parameters(), self.logits, self.multiplier],
            lr=settings.learning_rate,
            betas=(settings.adam_beta1, settings.adam_beta2),
            eps=settings.adam_epsilon,
        )

    def error(self, images, latents):
        return ((self.network.decode(latents) - images) ** 2).sum((1, 2, 3)).mean()

    def step(self, images, uniforms, noise):
        """Takes one step of Algorithm 1 with images [B, C, H, W], u [n] and epsilon [B, n]. Every
        parameter's gradient is in its `grad` afterwards."""
        settings, network, k = self.settings, self.network, self.settings.gate_steepness
        self.step_count += 1
        network.train()

        # 1. Gates.
        had_hit = self.first_hit is not None
        first = second = torch.ones_like(self.logits)
        if had_hit:
            first = (uniforms > torch.sigmoid(-k * self.logits.detach())).to(torch.float64)
            second = (uniforms < torch.sigmoid(k * self.logits.detach())).to(torch.float64)

        # 2. Posterior and its sample.
        mean, log_variance = network.encode(images)
        half = 1 if settings.posterior == "equation-14" else 0.5
        samples = mean + torch.exp(half * log_variance) * noise

        # 3. Errors; only the pass with the second gates updates the running statistics.
        with torch.no_grad():
            kept = [value.clone() for value in network.decoder.buffers()]
            first_error = self.error(images, samples * first.to(samples.dtype)).item()
            for value, before in zip(network.decoder.buffers(), kept):
                value.copy_(before)
        error = self.error(images, samples * second.to(samples.dtype))

        # 4. Constraint.
        value = error.item()
        constraint = value - settings.tolerance
        alpha = settings.constraint_smoothing
        self.average = (
            constraint
            if self.average is None
            else alpha * self.average + (1 - alpha) * constraint
        )

        # 5. Multiplier.
        squared = F.softplus(self.multiplier) ** 2
        effective = squared.detach().clamp(
            settings.multiplier_minimum, settings.multiplier_maximum
        ).item()

        # 6. Loss. C' has the gradient of C, so C is used here.
        divergences = (-0.5 * (1 + log_variance - log_variance.exp() - mean**2)).mean(0)
        divergence = (second.to(samples.dtype) * divergences).sum()
        open_count = int(second.sum())
        if settings.kl_reduction == "mean-open":
            divergence = divergence / max(open_count, 1)
        loss = effective * error + divergence

        # 7. Penalty.
        if constraint <= 0:
            loss = loss + torch.sigmoid(k * self.logits).sum()
            if not had_hit:
                self.first_hit = self.step_count

        # 8. and 9. Gradients; the multiplier ascends.
        self.optimizer.zero_grad(set_to_none=False)
        self.logits.grad = torch.zeros_like(self.logits)
        self.multiplier.grad = torch.zeros_like(self.multiplier)
        loss.backward()
        if had_hit:
            self.logits.grad += effective * k * (first_error - value) * (uniforms - 0.5)
        outward = (squared.item() > settings.multiplier_maximum and self.average > 0) or (
            squared.item() < settings.multiplier_minimum and self.average < 0
        )
        if not outward:
            (-self.average * squared).backward()

        # 10. Adam.
        self.optimizer.step()
        smoothing = settings.mse_smoothing
        self.mse = value if self.mse is None else smoothing * self.mse + (1 - smoothing) * value
        return {
            "squared_error": value,
            "first_squared_error": first_error,
            "constraint_average": self.average,
            "multiplier": effective,
            "divergence": divergence.item(),
            "first_gates": first,
            "second_gates": second,
        }
