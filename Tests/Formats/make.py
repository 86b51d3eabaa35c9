"""Makes the small files in published formats that DatasetsTests reads.

    python3 -m venv .venv && .venv/bin/pip install -r Tests/Formats/requirements.txt
    .venv/bin/python Tests/Formats/make.py

writes Tests/DatasetsTests/Fixtures/. Pictures are black except for a few pixels, so that files are
small: picture i has a red pixel in its top left corner (white if grey), a pixel of value i + 1 in all
channels in the top right corner, and a green pixel (128 if grey) in the bottom left corner. In images
that will be scaled, these pixels are blocks of the scale's size. No random numbers are used; running
the script again gives the same pixels.
"""

import gzip
import io
import pathlib
import pickle
import struct
import sys
import tarfile
import zipfile
import zlib

import h5py
import numpy as np
import scipy.io
from PIL import Image

FOLDER = pathlib.Path(__file__).parent.parent / "DatasetsTests" / "Fixtures"


def picture(index, side, channels, block=1):
    image = np.zeros((side, side, channels), np.uint8)
    image[:block, :block, 0] = 255
    image[:block, -block:, :] = index + 1
    image[-block:, :block, channels // 2] = 255 if channels == 3 else 128
    return image


def pictures(count, side, channels, block=1):
    return np.array([picture(i, side, channels, block) for i in range(count)])


def bits(count):
    images = np.zeros((count, 64, 64), np.uint8)
    images[:, 0, 0] = 1
    images[np.arange(count), np.arange(count) % 64, 63] = 1
    return images


def h5(name, content, **options):
    with h5py.File(FOLDER / name, "w") as file:
        for key, (values, chunk) in content.items():
            chunked = {"chunks": chunk, **options} if chunk else {}
            file.create_dataset(key, data=values, **chunked)


def shapes3d():
    images, labels = pictures(40, 64, 3), np.zeros((40, 6))
    # Chunks with the proportions of the published file; the last chunk of each axis is not full.
    h5("3dshapes.h5", {"images": (images, (15, 4, 4, 1)), "labels": (labels, (40, 6))}, compression="gzip")
    h5("3dshapes-uneven.h5", {"images": (images, (7, 5, 9, 2))}, compression="gzip")
    h5("3dshapes-plain-chunks.h5", {"images": (images, (15, 16, 16, 1))})
    h5("3dshapes-one-piece.h5", {"images": (images[:10], None)})
    h5("3dshapes-shuffled.h5", {"images": (images, (15, 4, 4, 1))}, compression="gzip", shuffle=True)
    h5("3dshapes-lzf.h5", {"images": (images, (15, 16, 16, 1))}, compression="lzf")
    with h5py.File(FOLDER / "3dshapes-unfinished.h5", "w") as file:
        file.create_dataset("images", (40, 64, 64, 3), "u1", chunks=(20, 16, 16, 1), compression="gzip")
        file["images"][:20] = images[:20]
    h5("3dshapes-floats.h5", {"images": (images[:2].astype("f4"), None)})
    h5("3dshapes-small.h5", {"images": (images[:2, :32], None)})
    h5("3dshapes-renamed.h5", {"pictures": (images[:2], None)})
    with h5py.File(FOLDER / "3dshapes-linked.h5", "w") as file:
        file["images"] = h5py.ExternalLink("3dshapes.h5", "/images")
    with h5py.File(FOLDER / "3dshapes-virtual.h5", "w") as file:
        layout = h5py.VirtualLayout((40, 64, 64, 3), "u1")
        layout[:] = h5py.VirtualSource("3dshapes.h5", "images", (40, 64, 64, 3))
        file.create_virtual_dataset("images", layout)


def dsprites():
    h5("dsprites.hdf5", {"imgs": (bits(30), (8, 16, 16)), "latents/classes": (np.zeros((30, 6), int), None)},
       compression="gzip")
    array = io.BytesIO()
    np.save(array, bits(30))
    for name, method in (("stored", zipfile.ZIP_STORED), ("deflated", zipfile.ZIP_DEFLATED)):
        with zipfile.ZipFile(FOLDER / f"dsprites-zip64-{name}.npz", "w", method) as file:
            entry = zipfile.ZipInfo("imgs.npy")
            entry.compress_type = method
            with file.open(entry, "w", force_zip64=True) as member:
                member.write(array.getvalue())


    # The same file with the flag "encrypted" in both headers of the member.
    content = bytearray((FOLDER / "dsprites-zip64-stored.npz").read_bytes())
    content[6] |= 1
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    (FOLDER / "dsprites-encrypted.npz").write_bytes(content)


def mat(values):
    """A .mat file like those of the published cars: MATLAB 5, four compressed variables."""
    file = io.BytesIO()
    variables = {
        "PITCH_LIST": np.array([[0, 6, 12, 18]], np.uint8),
        "YAW_LIST": np.arange(0, 360, 15, dtype=np.uint16)[None],
        "im": values,
        "mask": np.zeros((2, 2), bool),
    }
    scipy.io.savemat(file, variables, do_compression=True)
    return file.getvalue()


def cars3d():
    folder = FOLDER / "cars"
    folder.mkdir()
    cars = {}
    for car in (1, 3, 2):
        values = np.zeros((128, 128, 3, 24, 4), np.uint8)
        for elevation in range(4):
            for azimuth in range(24):
                index = elevation * 24 + azimuth + car
                values[..., azimuth, elevation] = picture(index, 128, 3, block=2)
        cars[f"car_{car:03}_mesh"] = mat(values)
    listed = "\n".join(sorted(cars) + ["car_004_mesh"]) + "\n"
    (folder / "list.txt").write_text(listed)
    for name, content in cars.items():
        (folder / f"{name}.mat").write_bytes(content)
    with tarfile.open(FOLDER / "nips2015-analogy-data.tar.gz", "w:gz") as archive:
        def add(name, content):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        add("data/sprites/sprites_1.mat", b"not read")
        for name, content in cars.items():
            add(f"data/cars/._{name}.mat", b"left by another system")
            add(f"data/cars/{name}.mat", content)
        add("data/cars/list.txt", listed.encode())
    one = np.zeros((128, 128, 3, 24, 4), np.uint8)
    bad = FOLDER / "mat"
    bad.mkdir()
    good = mat(one)
    (bad / "good.mat").write_bytes(good)
    (bad / "floats.mat").write_bytes(mat(np.zeros((128, 128, 3, 24, 4), np.float32)))
    (bad / "extents.mat").write_bytes(mat(one[:64]))
    (bad / "logical.mat").write_bytes(mat(one.astype(bool)))
    (bad / "no-im.mat").write_bytes(without_image())
    plain = io.BytesIO()
    scipy.io.savemat(plain, {"im": one[:2, :2]}, do_compression=False)
    (bad / "uncompressed.mat").write_bytes(plain.getvalue())
    (bad / "big-endian.mat").write_bytes(good[:124] + b"\x01\x00MI" + good[128:])
    (bad / "v73.mat").write_bytes(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM"
                                  + bytes(384) + b"\x89HDF\r\n\x1a\n")
    (bad / "cut.mat").write_bytes(good[: len(good) // 2])
    flipped = bytearray(good)
    flipped[len(good) // 2] ^= 0x10
    (bad / "flipped.mat").write_bytes(flipped)
    # A variable that claims 4 GiB of values but contains only compressed zeros.
    head = struct.pack("<IIIIII", 14, 0xFFFFFFF0, 6, 8, 9, 0) + struct.pack("<II5i4x", 5, 20, 65535, 65535, 3, 24, 4)
    head += struct.pack("<HH4s", 1, 2, b"im\0\0") + struct.pack("<II", 2, 0xFFFFFF00)
    bomb = zlib.compress(head + bytes(1 << 20))
    (bad / "bomb.mat").write_bytes(good[:128] + struct.pack("<II", 15, len(bomb)) + bomb)


def without_image():
    file = io.BytesIO()
    scipy.io.savemat(file, {"picture": np.zeros((2, 2), np.uint8)}, do_compression=True)
    return file.getvalue()


def cifar100():
    def records(count):
        out = b""
        for i in range(count):
            planes = picture(i, 32, 3).transpose(2, 0, 1)
            out += bytes([i % 20, i % 100]) + planes.tobytes()
        return out

    folder = FOLDER / "cifar-100-binary"
    folder.mkdir()
    parts = {"train.bin": records(30), "test.bin": records(6)}
    (folder / "train.bin.gz").write_bytes(gzip.compress(parts["train.bin"], mtime=0))
    (folder / "test.bin").write_bytes(parts["test.bin"])
    with tarfile.open(FOLDER / "cifar-100-binary.tar.gz", "w:gz") as archive:
        for name, content in {"fine_label_names.txt": b"apple\n", **parts}.items():
            member = tarfile.TarInfo(f"cifar-100-binary/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    python = FOLDER / "cifar-100-python"
    python.mkdir()
    (python / "train").write_bytes(pickle.dumps({b"data": [0] * 8}, protocol=2))


def own():
    folder = FOLDER / "pictures"
    (folder / "a").mkdir(parents=True)
    (folder / "test").mkdir()
    for i in range(12):
        wide = np.zeros((70, 90, 3), np.uint8)
        wide[3:67, 13:77] = picture(i, 64, 3)
        Image.fromarray(wide[3:67]).save(folder / "a" / f"{i:02}.png")
    grey = picture(0, 20, 1)[..., 0]
    Image.fromarray(grey).save(folder / "grey.png")
    Image.fromarray(picture(1, 64, 3)).quantize(8).save(folder / "palette.png")
    alpha = np.dstack([np.full((64, 64, 3), 200, np.uint8), np.zeros((64, 64), np.uint8)])
    alpha[0, 0] = 255, 0, 0, 255
    alpha[0, 1] = 255, 255, 255, 100
    Image.fromarray(alpha).save(folder / "alpha.png")
    ramp = np.linspace(0, 65535, 64 * 64).astype(np.uint16).reshape(64, 64)
    Image.fromarray(ramp).save(folder / "sixteen.png")
    slope = np.add.outer(np.arange(100), np.arange(130))[..., None] + np.array([0, 10, 20])
    Image.fromarray(slope.astype(np.uint8)).save(folder / "photo.JPG", quality=90)
    Image.fromarray(slope.astype(np.uint8)[..., 0]).save(folder / "test" / "grey.jpeg", quality=90)
    Image.fromarray(picture(2, 64, 3)).save(folder / "test" / "one.png")
    (folder / "readme.txt").write_text("passed over\n")
    bad = FOLDER / "bad-pictures"
    bad.mkdir()
    png = (folder / "a" / "00.png").read_bytes()
    jpeg = (folder / "photo.JPG").read_bytes()
    (bad / "cut.png").write_bytes(png[: len(png) // 2])
    flipped = bytearray(png)
    flipped[60] ^= 1
    (bad / "flipped.png").write_bytes(flipped)
    (bad / "cut.jpg").write_bytes(jpeg[: len(jpeg) // 2])
    (bad / "text.png").write_bytes(b"not a picture")
    (bad / "page.png").write_bytes(b"<!DOCTYPE html><html>404</html>")
    header = struct.pack(">IIBBBBB", 200_000, 200_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    (bad / "huge.png").write_bytes(
        png[:8] + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk)))
    Image.fromarray(np.zeros((8, 8, 4), np.uint8), "CMYK").save(bad / "cmyk.jpg")

    arrays = FOLDER / "arrays"
    arrays.mkdir()
    colour = pictures(12, 64, 3)
    np.save(arrays / "bytes.npy", colour)
    np.save(arrays / "grey.npy", pictures(12, 28, 1)[..., 0])
    np.save(arrays / "wide.npy", np.pad(pictures(12, 28, 1), ((0, 0), (0, 0), (3, 4), (0, 0))))
    np.save(arrays / "floats.npy", (pictures(12, 28, 1)[..., 0] / 255).astype("<f4"))
    np.save(arrays / "doubles.npy", pictures(12, 28, 1) / 255)
    np.save(arrays / "bools.npy", bits(12).astype(bool))
    np.savez_compressed(arrays / "one.npz", pictures(12, 28, 1))
    np.savez(arrays / "split.npz", train_images=colour, test_images=colour[:3], train_labels=np.zeros(12))
    np.save(arrays / "fortran.npy", np.asfortranarray(pictures(4, 28, 1)[..., 0]))
    np.save(arrays / "big-endian.npy", (pictures(4, 28, 1)[..., 0] / 255).astype(">f4"))
    np.save(arrays / "sixteen.npy", pictures(4, 28, 1)[..., 0].astype("<u2"))
    np.save(arrays / "objects.npy", np.array([{"a": 1}, None], object), allow_pickle=True)
    np.save(arrays / "flat.npy", np.zeros((4, 784), np.uint8))
    np.save(arrays / "channels.npy", np.zeros((4, 28, 28, 2), np.uint8))
    np.save(arrays / "empty.npy", np.zeros((0, 28, 28), np.uint8))
    np.save(arrays / "too-bright.npy", np.full((12, 28, 28), 1.5, np.float32))
    values = np.zeros((12, 28, 28), np.float32)
    values[1, 2, 3] = np.nan
    np.save(arrays / "nan.npy", values)
    np.savez(arrays / "several.npz", a=colour[:2], b=colour[:2])
    whole = (arrays / "grey.npy").read_bytes()
    (arrays / "cut.npy").write_bytes(whole[:-100])
    (arrays / "trailing.npy").write_bytes(whole + b"\0")
    # A header that announces 2^40 images, in a file of a few kilobytes.
    array = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        array, {"descr": "|u1", "fortran_order": False, "shape": (1 << 40, 28, 28)})
    with zipfile.ZipFile(arrays / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("arr_0.npy", array.getvalue() + bytes(1 << 22))


def main():
    if FOLDER.exists():
        sys.exit(f"{FOLDER} exists; remove it first")
    FOLDER.mkdir()
    for make in (shapes3d, dsprites, cars3d, cifar100, own):
        make()


if __name__ == "__main__":
    main()
