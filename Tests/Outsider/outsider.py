"""Recomputes the first steps of a trial without the product's code, and compares.

    python3 -m venv .venv && .venv/bin/pip install -r Tests/Outsider/requirements.txt
    worker trial Tests/Outsider/mnist.json --checkpoint-at $(seq -s, 0 20) \\
        --images mnist.images --out DIR
    .venv/bin/python Tests/Outsider/outsider.py DIR mnist.images

It starts from the image archive and the checkpoint of step 0, and computes in double precision.
Philox gives the initial parameters, the order of the images, u and epsilon; PyTorch computes the
network, Algorithm 1 and Adam. There are three comparisons:

- Free run: it computes all steps from step 0 on, and compares every step with its row of
  trajectory.csv, and the state with each checkpoint.
- Single steps: from every checkpoint it computes one step, and compares it with the next checkpoint,
  if there is one. Here rounding errors of earlier steps do not hide an error.
- Digests: for every checkpoint it computes the state digest and the digest of the trajectory up to
  its step, and compares them with the metadata and the reports.

Exit code 1 if a difference exceeds the bounds below, or if a digest differs.
The trial must have run to its end with `sample_every: 1`, for some tens of steps.
"""

import csv
import hashlib
import json
import pathlib
import sys

import numpy as np
import torch
from safetensors import safe_open
from torch import nn

import philox
from twin import Network, Settings, Twin

# Bounds of the relative differences after one step from a checkpoint; of a tensor, the relative
# difference in norm. In a small tensor, such as a bias before a batch norm, the terms of a gradient
# nearly cancel, so its moments have large relative errors, and Adam moves the parameter by the sign
# of that gradient.
STEP_BOUNDS = {
    "errors": 1e-6,
    "divergence": 1e-5,
    "gates and multiplier": 1e-5,
    "parameters": 5e-3,
    "running statistics": 1e-4,
    "moments": 5e-3,
}

# The same bounds for the free run, in which every step amplifies the rounding errors of earlier ones.
FREE_BOUNDS = {
    "errors": 1e-2,
    "divergence": 1e-1,
    "gates and multiplier": 1e-2,
    "parameters": 5e-1,
    "running statistics": 1e-1,
    "moments": 1.0,
}


class Archive:
    """The training images of an archive; the layout is documented in ImageArchiveHeader.swift."""

    def __init__(self, path):
        data = np.fromfile(path, np.uint8)
        self.digest = hashlib.sha256(data).hexdigest()
        field = lambda offset, kind: int(data[offset : offset + kind().nbytes].view(kind)[0])
        assert data[:8].tobytes() == b"BSIMAGES" and field(8, np.uint32) == 1, "not an archive"
        bits = field(12, np.uint32) == 1
        channels, height, width, stored = (field(16 + 4 * i, np.uint32) for i in range(4))
        self.count, start = field(32, np.uint64), field(48, np.uint64)
        self.shape, self.levels = (height, width, channels), 1 if bits else 255
        images = data[start : start + self.count * stored].reshape(self.count, stored)
        self.images = images if not bits else np.unpackbits(images, axis=1)

    def batch(self, places):
        """Images [B, C, H, W]: values in 0...1, rounded to float, stored in double precision."""
        size = int(np.prod(self.shape))
        pixels = self.images[places, :size].reshape(-1, *self.shape).astype(np.float64)
        values = (pixels / self.levels).astype(np.float32).astype(np.float64)
        return torch.tensor(np.ascontiguousarray(values.transpose(0, 3, 1, 2)))


class Checkpoint:
    """A checkpoint's tensors, metadata and reports. Verifies the digest of its data."""

    def __init__(self, path):
        with safe_open(path, "np") as file:
            self.metadata = file.metadata()
            self.tensors = {name: file.get_tensor(name) for name in file.keys()}
        content = path.read_bytes()
        start = 8 + int.from_bytes(content[:8], "little")
        data = content[start:]
        assert self.metadata["checkpoint_version"] == "2", path
        assert hashlib.sha256(data).hexdigest() == self.metadata["data_sha256"], path
        self.reports = json.loads(self.tensors.pop("reports.milestones").tobytes())
        self.state_digest = self.digest_of_state(json.loads(content[8:start]), data)

    def __getitem__(self, name):
        return self.tensors.get(name)

    @staticmethod
    def digest_of_state(header, data):
        """SHA-256 over all tensors but the reports, sorted by name: of each a text line, then its bytes."""
        digest = hashlib.sha256()
        for name in sorted(header, key=str.encode):
            if name == "__metadata__" or name.startswith("reports."):
                continue
            dimensions = ",".join(map(str, header[name]["shape"]))
            digest.update(f"{name} {header[name]['dtype']} {dimensions}\n".encode())
            digest.update(data[slice(*header[name]["data_offsets"])])
        return digest.hexdigest()


class Differences:
    """Collects the largest relative differences, and those that exceed their bounds."""

    def __init__(self, bounds):
        self.bounds, self.failed, self.steps, self.worst = bounds, [], {}, {}

    def note(self, kind, name, found, expected):
        found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
        norm = np.linalg.norm(expected)
        value = float(np.linalg.norm(found - expected) / (norm if norm > 0 else 1))
        for worst in (self.steps, self.worst):
            if value >= worst.get(kind, (-1,))[0]:
                worst[kind] = value, name
        if not value <= self.bounds[kind]:
            self.failed.append(f"{name}: {value:.1e}, expected at most {self.bounds[kind]:.0e}")

    def same(self, name, found, expected):
        if found != expected:
            self.failed.append(f"{name}: found {found}, expected {expected}")

    def show(self, title):
        print(f"{title}: {self.text(self.steps)}")
        self.steps = {}

    def show_worst(self, title):
        print(f"worst {title}: {self.text(self.worst)}")

    @staticmethod
    def text(worst):
        return "; ".join(f"{kind} {value:.1e} ({name})" for kind, (value, name) in worst.items())


def initial_parameters(network, seed):
    """Every trained tensor by name: uniform in +-1/sqrt(fan-in); draw i gives element i of the flat
    parameters."""
    parameters = ordered(network)
    draws = philox.uniforms(
        seed, philox.INITIALISATION, 0, sum(p.numel() for p in parameters.values())
    )
    values, place = {}, 0
    for name, parameter in parameters.items():
        layer = network.get_submodule(name.rpartition(".")[0])
        if isinstance(layer, nn.BatchNorm2d):
            value = np.full(parameter.shape, float(name.endswith("weight")))
        else:
            bound = 1 / np.sqrt(layer.weight[0].numel())
            value = (2 * draws[place : place + parameter.numel()] - 1) * bound
        values[name] = value.astype(np.float32).reshape(parameter.shape)
        place += parameter.numel()
    return values


def ordered(network):
    """The trained tensors in the order of the forward pass, which is the order of the flat parameters."""

    def place(name):
        part, layer, _ = name.split(".")
        kind, number = layer.rstrip("0123456789"), int(layer.lstrip("abcdefghijklmnopqrstuvwxyz"))
        if kind == "linear":
            return part == "decoder", 10 if part == "encoder" else 0, number, 0
        second = "norm" if part == "encoder" else "conv"
        return part == "decoder", 5, number, kind == second

    return dict(sorted(network.named_parameters(), key=lambda item: place(item[0])))


def moments(twin):
    """Every parameter with the names of its moments in Adam."""
    for name, parameter in twin.network.named_parameters():
        yield parameter, f"first_moment.{name}", f"second_moment.{name}"
    for name, parameter in (("gates", twin.logits), ("multiplier", twin.multiplier)):
        yield parameter, f"{name}.first_moment", f"{name}.second_moment"


def compare_row(differences, row, report, twin):
    probabilities = torch.sigmoid(twin.settings.gate_steepness * twin.logits.detach()).numpy()
    differences.note("errors", "E2", float(row["squared_error"]), report["squared_error"])
    differences.note("errors", "mse", float(row["mse"]), twin.mse)
    differences.note("errors", "C_ma", float(row["constraint_average"]), twin.average)
    differences.note("divergence", "kl", float(row["kl"]), report["divergence"])
    effective = torch.nn.functional.softplus(twin.multiplier.detach()) ** 2
    effective = effective.clamp(twin.settings.multiplier_minimum, twin.settings.multiplier_maximum)
    differences.note("gates and multiplier", "multiplier", float(row["multiplier"]), effective)
    found = [float(row[f"gate_{j}"]) for j in range(len(probabilities))]
    differences.note("gates and multiplier", "gates", found, probabilities)
    differences.same("gates_open", int(row["gates_open"]), int((probabilities > 0.5).sum()))
    differences.same("step", int(row["step"]), twin.step_count)


def compare_checkpoint(differences, checkpoint, twin):
    tensors = twin.network.tensors()
    for name, value in tensors.items():
        kind = "running statistics" if "running" in name else "parameters"
        differences.note(kind, name, checkpoint[name], value.detach().numpy())
    for parameter, first, second in moments(twin):
        state = twin.optimizer.state[parameter]
        differences.note("moments", first, checkpoint[first], state["exp_avg"])
        differences.note("moments", second, checkpoint[second], state["exp_avg_sq"])
    differences.note(
        "gates and multiplier", "gates.logit", checkpoint["gates.logit"], twin.logits.detach()
    )
    differences.note(
        "gates and multiplier", "multiplier.raw", checkpoint["multiplier.raw"],
        twin.multiplier.detach(),
    )
    for name, value in (("constraint.average", twin.average), ("mse", twin.mse)):
        differences.same(f"presence of {name}", checkpoint[name] is None, value is None)
        if value is not None:
            differences.note("errors", name, checkpoint[name], value)
    hit = checkpoint["first_hit_step"]
    differences.same("first_hit_step", None if hit is None else int(hit), twin.first_hit)
    differences.same("step", int(checkpoint["step"]), twin.step_count)


def compare_digests(differences, checkpoint, trajectory):
    """Compares the digests of a checkpoint's state and of the trajectory up to its step."""
    step = int(checkpoint["step"])
    differences.same(
        f"state_sha256 of step {step}", checkpoint.metadata["state_sha256"],
        checkpoint.state_digest)
    rows = trajectory[: int(checkpoint.metadata["trajectory_bytes"])]
    differences.same(f"rows before step {step}", rows.count(b"\n"), 1 + step)
    differences.same(
        f"trajectory_sha256 of step {step}", checkpoint.metadata["trajectory_sha256"],
        hashlib.sha256(rows).hexdigest())
    for report in checkpoint.reports:
        if report["step"] == step:
            differences.same(
                f"state_sha256 of the report of step {step}", report["state_sha256"],
                checkpoint.state_digest)


class Trial:
    """The inputs of a trial: its configuration, images and random numbers."""

    def __init__(self, configuration, archive):
        self.archive, self.settings = archive, Settings.of(configuration)
        self.seed = int(configuration["seed"], 16)
        self.batch_size = configuration["trainer"]["batch_size"]
        self.channels, self.latents = (configuration["model"][k] for k in ("channels", "latents"))
        self.epoch = self.order = None

    def twin(self, checkpoint):
        """A twin in the state of a checkpoint."""
        height, _, image_channels = self.archive.shape
        network = Network(image_channels, height, self.channels, self.latents, self.settings)
        double = lambda name: torch.tensor(np.float64(checkpoint[name]))
        for name, value in network.tensors().items():
            value.copy_(double(name))
        twin = Twin(network, self.settings)
        twin.logits.data.copy_(double("gates.logit"))
        twin.multiplier.data.copy_(double("multiplier.raw"))
        twin.step_count = int(checkpoint["step"])
        numbers = {"average": "constraint.average", "mse": "mse"}
        for field, name in numbers.items():
            setattr(twin, field, None if checkpoint[name] is None else float(checkpoint[name]))
        hit = checkpoint["first_hit_step"]
        twin.first_hit = None if hit is None else int(hit)
        if twin.step_count > 0:
            for parameter, first, second in moments(twin):
                twin.optimizer.state[parameter] = {
                    "step": torch.tensor(float(twin.step_count)),
                    "exp_avg": double(first),
                    "exp_avg_sq": double(second),
                }
        return twin

    def step(self, twin):
        """Makes a twin take its next step, and returns the step's report."""
        step = twin.step_count + 1
        epoch, place = divmod(step - 1, self.archive.count // self.batch_size)
        if epoch != self.epoch:
            self.epoch = epoch
            self.order = philox.permutation(self.seed, epoch, self.archive.count)
        batch = self.order[place * self.batch_size : (place + 1) * self.batch_size]
        count = self.batch_size * self.latents
        noise = philox.normals(self.seed, philox.NOISE, step, count).astype(np.float64)
        return twin.step(
            self.archive.batch(batch),
            torch.tensor(philox.uniforms(self.seed, philox.GATES, step, self.latents)),
            torch.tensor(noise.reshape(self.batch_size, self.latents)),
        )


def compare_start(differences, start, archive, trial):
    """Compares the checkpoint of step 0: its trial, its images, and its initial parameters bit for bit."""
    differences.same("images_sha256", start.metadata["images_sha256"], archive.digest)
    digest = hashlib.sha256(start.metadata["configuration"].encode()).hexdigest()
    differences.same("trial", start.metadata["trial"], digest[:16])
    network = trial.twin(start).network
    for name, value in initial_parameters(network, trial.seed).items():
        differences.same(f"bits of {name}", bool((start[name] == value).all()), True)
    for name in network.tensors():
        if "running" in name:
            differences.same(name, bool((start[name] == name.endswith("var")).all()), True)


def main(folder, images):
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    folder, archive = pathlib.Path(folder), Archive(images)

    trajectory = (folder / "trajectory.csv").read_bytes()
    free, single = Differences(FREE_BOUNDS), Differences(STEP_BOUNDS)
    digests = []

    def checkpoint(step):
        path = folder / f"checkpoint-{step}.safetensors"
        if not path.exists():
            return None
        found = Checkpoint(path)
        compare_digests(free, found, trajectory)
        digests.append(found.state_digest)
        return found

    start = checkpoint(0)
    trial = Trial(json.loads(start.metadata["configuration"]), archive)
    compare_start(free, start, archive, trial)

    twin = trial.twin(start)
    before = start
    with open(folder / "trajectory.csv", newline="") as file:
        for row in csv.DictReader(file):
            report = trial.step(twin)
            compare_row(free, row, report, twin)
            after = checkpoint(twin.step_count)
            if after is not None:
                compare_checkpoint(free, after, twin)
            same = bool((report["first_gates"] == report["second_gates"]).all())
            print(
                f"step {twin.step_count}: E1 {report['first_squared_error']:.6f},"
                f" E2 {report['squared_error']:.6f}, first hit {twin.first_hit},"
                f" gates {'agree' if same else 'differ'}"
            )
            free.show("  running free")
            if before is not None and after is not None:
                restarted = trial.twin(before)
                compare_row(single, row, trial.step(restarted), restarted)
                compare_checkpoint(single, after, restarted)
                single.show("  from the checkpoint before")
            before = after

    free.show_worst("running free")
    single.show_worst("from the checkpoint before")
    failed = free.failed + single.failed
    for failure in failed:
        print("FAILED", failure)
    print(f"{len(digests)} state digests computed, {len(set(digests))} distinct")
    print(f"{twin.step_count} steps, {len(failed)} differences out of bounds")
    return 1 if failed or twin.step_count == 0 else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
