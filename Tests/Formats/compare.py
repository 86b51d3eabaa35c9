"""Compares an image archive with an independent reading of the files from which it was made.

    python3 -m venv .venv && .venv/bin/pip install -r Tests/Formats/requirements.txt
    coordinator data prepare NAME --from PATH --data DIR [--as SHAPE]
    .venv/bin/python Tests/Formats/compare.py NAME PATH DIR/NAME.images [SHAPE]

The files are read with NumPy, h5py, SciPy and Pillow. Scaling, the evaluation sample and the archive's
layout follow the documentation of ImageScaler, HeldBackSample and ImageArchiveHeader. Every pixel of
every image is compared; the exit code is 1 if one differs.
"""

import gzip
import hashlib
import io
import pathlib
import struct
import sys
import tarfile

import h5py
import numpy as np
import scipy.io
from PIL import Image


def number(index):
    """Output `index`, from 0, of SplitMix64 with seed 0."""
    mask = 2**64 - 1
    bits = (index + 1) * 0x9E3779B97F4A7C15 & mask
    bits = (bits ^ bits >> 30) * 0xBF58476D1CE4E5B9 & mask
    bits = (bits ^ bits >> 27) * 0x94D049BB133111EB & mask
    return bits ^ bits >> 31


def parts(total):
    """The indices of the training and evaluation images of a data set without a test split."""
    order = sorted(range(total), key=number)
    held_back = order[: min(1024, total // 10)]
    return sorted(set(range(total)) - set(held_back)), held_back


def matrix(source, target):
    """The integer weights of scaling along one axis, and their sum."""
    weights = np.zeros((target, source), np.int64)
    if target > source:
        for i in range(target):
            x = (2 * i + 1) * source - target
            low, rest = divmod(x, 2 * target)
            weights[i, min(max(low, 0), source - 1)] += 2 * target - rest
            weights[i, min(max(low + 1, 0), source - 1)] += rest
        return weights, 2 * target
    for i in range(target):
        for j in range(source):
            weights[i, j] = max(0, min((i + 1) * source, (j + 1) * target) - max(i * source, j * target))
    return weights, source


def scaled(image, side):
    """Scales a square image with any number of channels; returns int64."""
    if image.shape[0] == side:
        return image
    weights, total = matrix(image.shape[0], side)
    image = np.einsum("yi,ijc->yjc", weights, image.astype(np.int64))
    image = np.einsum("xj,yjc->yxc", weights, image)
    return (image + total * total // 2) // (total * total)


def idx(path):
    path = next(p for p in (path, path.with_name(path.name + ".gz")) if p.exists())
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    count, rows, columns = struct.unpack(">III", content[4:16])
    return np.frombuffer(content, np.uint8, offset=16).reshape(count, rows, columns, 1)


def mnist(path):
    return idx(path / "train-images-idx3-ubyte"), idx(path / "t10k-images-idx3-ubyte")


def dsprites(path):
    if path.suffix == ".npz":
        return np.load(path)["imgs"][..., None], None
    return h5py.File(path)["imgs"][:][..., None], None


def shapes3d(path):
    return h5py.File(path)["images"][:], None


def cars3d(path):
    files = {}
    if path.is_dir():
        files = {p.name: p.read_bytes() for p in path.glob("car_*.mat")}
    else:
        with tarfile.open(path) as archive:
            for member in archive:
                if member.name.endswith(".mat") and "/cars/car_" in "/" + member.name:
                    files[pathlib.Path(member.name).name] = archive.extractfile(member).read()
    images = []
    for name in sorted(files):
        values = scipy.io.loadmat(io.BytesIO(files[name]))["im"]
        for elevation in range(4):
            for azimuth in range(24):
                images.append(scaled(values[..., azimuth, elevation], 64))
    return np.array(images), None


def cifar100(path):
    def records(name):
        if path.is_dir():
            file = path / name
            content = file.read_bytes() if file.exists() else gzip.open(f"{file}.gz").read()
        else:
            with tarfile.open(path) as archive:
                content = archive.extractfile(f"cifar-100-binary/{name}").read()
        values = np.frombuffer(content, np.uint8).reshape(-1, 3074)[:, 2:]
        return np.array(
            [scaled(v, 64) for v in values.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)], np.uint8)

    return records("train.bin"), records("test.bin")


def fitted(image, shape):
    """Converts a user's picture, (H, W, C) uint8, to the shape of the archive."""
    side, _, channels = map(int, shape.split("x"))
    if image.shape[2] == 3 and channels == 1:
        luma = image.astype(np.int64) @ np.array([299, 587, 114])
        image = ((luma + 500) // 1000)[..., None]
    square = min(image.shape[:2])
    top, left = (image.shape[0] - square) // 2, (image.shape[1] - square) // 2
    image = scaled(image[top : top + square, left : left + square], side)
    return np.repeat(image, channels, 2) if image.shape[2] < channels else image


def pictures(folder, shape):
    def picture(path):
        image = Image.open(path)
        if image.mode in ("I;16", "I;16B", "I"):
            return ((np.array(image, np.int64) * 255 + 32767) // 65535).astype(np.uint8)
        if "A" in image.mode or "transparency" in image.info:
            values = np.array(image.convert("RGBA"), np.int64)
            values = (values[..., :3] * values[..., 3:] + 127) // 255
            return values.astype(np.uint8)
        return np.array(image.convert("L" if image.mode in ("L", "1") else "RGB"), np.uint8)

    def those(paths):
        images = [picture(p) for p in paths]
        return np.array([fitted(i if i.ndim == 3 else i[..., None], shape) for i in images])

    files = sorted(
        (p for p in folder.rglob("*") if p.suffix.lower() in (".png", ".jpg", ".jpeg")),
        key=lambda p: bytes(p.relative_to(folder)))
    test = [p for p in files if p.relative_to(folder).parts[0] == "test"]
    rest = [p for p in files if p not in test]
    return those(rest), those(test) if test else None


def array(path, shape):
    def values(a):
        if a.dtype == bool:
            a = a.astype(np.uint8) * 255
        if a.dtype != np.uint8:
            a = np.floor(a.astype(np.float64) * 255 + 0.5).astype(np.uint8)
        return np.array([fitted(i if i.ndim == 3 else i[..., None], shape) for i in a])

    content = np.load(path)
    if path.suffix == ".npy":
        return values(content), None
    names = list(content)
    if len(names) == 1:
        return values(content[names[0]]), None
    find = lambda options: next((content[n] for n in options if n in names), None)
    training = find(["train_images", "x_train", "images", "imgs"])
    test = find(["test_images", "x_test"])
    return values(training), None if test is None else values(test)


def main():
    name, source, archive = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    reader = {
        "mnist": mnist, "fashion-mnist": mnist, "dsprites": dsprites, "shapes3d": shapes3d,
        "cars3d": cars3d, "cifar100": cifar100,
    }.get(name)
    if reader:
        training, test = reader(source)
    elif source.is_dir():
        training, test = pictures(source, sys.argv[4])
    else:
        training, test = array(source, sys.argv[4])
    if test is None:
        kept, held_back = parts(len(training))
        training, test = training[kept], training[held_back]

    content = archive.read_bytes()
    encoding, channels, height, width = struct.unpack("<4I", content[12:28])
    counts = struct.unpack("<2Q", content[32:48])
    stored = np.frombuffer(content, np.uint8, offset=4096).reshape(sum(counts), -1)
    if encoding == 1:
        stored = np.unpackbits(stored, axis=1)
        if training.max() > 1:
            training, test = training // 255, test // 255
    stored = stored.reshape(-1, height, width, channels)
    expected = np.concatenate([training, test]).reshape(-1, height, width, channels)
    print(f"{name}: {counts[0]} + {counts[1]} images of {height}x{width}x{channels}")
    print(f"archive SHA-256 {hashlib.sha256(content).hexdigest()}")
    if (len(training), len(test)) != counts:
        sys.exit(f"the counts differ: the independent reading gives {len(training)} + {len(test)}")
    different = np.flatnonzero((stored != expected).any(axis=(1, 2, 3)))
    if len(different):
        index = different[0]
        distance = np.abs(stored[index].astype(int) - expected[index].astype(int))
        sys.exit(f"{len(different)} images differ; the first is {index}, by up to {distance.max()}")
    print(f"all {len(expected)} images are equal, pixel for pixel")


if __name__ == "__main__":
    main()
