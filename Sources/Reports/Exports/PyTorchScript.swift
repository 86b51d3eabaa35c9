/// `model.py`: reads and runs an exported network; needs only PyTorch.
///
/// It is the same for every trial: the sizes of layers are read from the tensors' shapes, the rest
/// from the metadata of `model.safetensors` (``NarrowedModel``).
enum PyTorchScript {
  /// The file's content.
  static let text = #"""
    """A trained autoencoder whose closed latent dimensions are cut out.

    import model
    network = model.load()                      # reads model.safetensors beside this file
    mean, deviation = network.encode(images)    # [B, n] each
    network.decode(mean)                        # [B, C, H, W]
    network.reconstruct(images)                 # the same in one call
    network.sample(16)                          # images of latents drawn from N(0, 1)

    Images are float32 [B, C, H, W] with values from 0 to 1, of the size that was trained on.
    `network.kept_dimensions` are the numbers that the n open dimensions had in the trained network.
    """

    import json
    import struct
    from pathlib import Path

    import torch
    from torch import nn
    from torch.nn import functional as F


    def load(path=None):
        """The network in a file, ready to be used; without a path, that beside this script."""
        path = Path(path) if path else Path(__file__).with_name("model.safetensors")
        tensors, facts = read(path)
        return Network(tensors, facts).eval()


    def read(path):
        """The tensors and the metadata of a safetensors file."""
        data = Path(path).read_bytes()
        (length,) = struct.unpack("<Q", data[:8])
        header = json.loads(data[8 : 8 + length])
        facts = header.pop("__metadata__")
        tensors = {}
        for name, entry in header.items():
            if entry["dtype"] != "F32":
                raise ValueError(f"{path}: {name}: found {entry['dtype']}, expected F32")
            begin, end = entry["data_offsets"]
            piece = bytearray(data[8 + length + begin : 8 + length + end])
            # torch.frombuffer takes no empty buffer, and a network may have no dimension left.
            values = torch.frombuffer(piece, dtype=torch.float32) if piece else torch.empty(0)
            tensors[name] = values.reshape(entry["shape"])
        return tensors, facts


    class Network(nn.Module):
        """Convolutions, leaky ReLU and batch norm down to a few latent dimensions, and back."""

        def __init__(self, tensors, facts):
            super().__init__()
            self.slope = float(facts["leaky_slope"])
            self.posterior = facts["posterior"]
            kept = facts["kept_dimensions"]
            self.kept_dimensions = [int(number) for number in kept.split(",")] if kept else []
            self.depth = sum(
                name.startswith("encoder.conv") and name.endswith(".weight") for name in tensors
            )
            self.encoder, self.decoder = nn.ModuleDict(), nn.ModuleDict()
            for part, modules in (("encoder", self.encoder), ("decoder", self.decoder)):
                for index in range(1, self.depth + 1):
                    outputs, inputs, kernel, _ = tensors[f"{part}.conv{index}.weight"].shape
                    stride = 2 if part == "encoder" else 1
                    # A decoder's 2x2 kernel makes 7x7 of 8x8.
                    padding = 0 if part == "decoder" and kernel == 2 else 1
                    modules[f"conv{index}"] = nn.Conv2d(inputs, outputs, kernel, stride, padding)
                    width = len(tensors[f"{part}.norm{index}.weight"])
                    modules[f"norm{index}"] = nn.BatchNorm2d(
                        width, eps=float(facts["batch_norm_epsilon"])
                    )
                for name in ("linear1", "linear2"):
                    outputs, inputs = tensors[f"{part}.{name}.weight"].shape
                    modules[name] = nn.Linear(inputs, outputs)
            found = self.load_state_dict(tensors, strict=False)
            missing = [name for name in found.missing_keys if "num_batches" not in name]
            if missing or found.unexpected_keys:
                raise ValueError(f"missing: {missing}, unexpected: {found.unexpected_keys}")

        def encode(self, images):
            """Mean and standard deviation of each open dimension, [B, n] each."""
            x = images
            for index in range(1, self.depth + 1):
                x = F.leaky_relu(self.encoder[f"conv{index}"](x), self.slope)
                x = self.encoder[f"norm{index}"](x)
            x = F.leaky_relu(self.encoder["linear1"](x.flatten(1)), self.slope)
            mean, spread = self.encoder["linear2"](x).chunk(2, dim=1)
            return mean, spread.exp() if self.posterior == "equation-14" else (spread / 2).exp()

        def decode(self, latents):
            """The images, [B, C, H, W], of latents [B, n]."""
            x = F.leaky_relu(self.decoder["linear1"](latents), self.slope)
            x = F.leaky_relu(self.decoder["linear2"](x), self.slope)
            x = x.view(len(latents), -1, 4, 4)
            for index in range(1, self.depth + 1):
                x = F.interpolate(self.decoder[f"norm{index}"](x), scale_factor=2)
                x = self.decoder[f"conv{index}"](x)
                x = F.leaky_relu(x, self.slope) if index < self.depth else torch.sigmoid(x)
            return x

        def reconstruct(self, images):
            """The images through the bottleneck, at the mean of each dimension."""
            return self.decode(self.encode(images)[0])

        def sample(self, count, generator=None):
            """Images of latents that are drawn from N(0, 1)."""
            device = self.decoder["linear1"].weight.device
            latents = torch.randn(count, len(self.kept_dimensions), generator=generator)
            return self.decode(latents.to(device))

    """#
}
