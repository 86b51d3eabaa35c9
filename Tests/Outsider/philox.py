"""The random numbers of a trial, written only from the documentation of Philox.swift,
RandomStream.swift, ParameterInitialiser.swift and EpochSampler.swift.

Philox4x32-10 (Salmon, Moraes, Dror, Shaw, SC 2011) with key = the trial's seed and counter =
(block low, block high, step or epoch, stream).
"""

import numpy as np

INITIALISATION, PERMUTATION, NOISE, GATES = range(4)

LOW = np.uint64(0xFFFFFFFF)
SHIFT = np.uint64(32)


def words(seed, stream, coordinate, count):
    """Blocks 0 ..< count of a stream: four arrays of 32-bit words, held as uint64."""
    blocks = np.arange(count, dtype=np.uint64)
    c0, c1 = blocks & LOW, blocks >> SHIFT
    c2 = np.full_like(blocks, coordinate)
    c3 = np.full_like(blocks, stream)
    k0, k1 = seed & 0xFFFFFFFF, seed >> 32
    for _ in range(10):
        product0 = c0 * np.uint64(0xD2511F53)
        product1 = c2 * np.uint64(0xCD9E8D57)
        c0, c1, c2, c3 = (
            (product1 >> SHIFT) ^ c1 ^ np.uint64(k0),
            product1 & LOW,
            (product0 >> SHIFT) ^ c3 ^ np.uint64(k1),
            product0 & LOW,
        )
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c0, c1, c2, c3


def uniforms(seed, stream, coordinate, count):
    """Uniform draws 0 ..< count, multiples of 2^-24 in [0, 1), in double precision."""
    draws = np.stack(words(seed, stream, coordinate, -(-count // 4)), axis=1).reshape(-1)
    return (draws[:count] >> np.uint64(8)).astype(np.float64) * 2.0**-24


def normals(seed, stream, coordinate, count):
    """Normal draws 0 ..< count (Box-Muller), in double precision, rounded once to float."""
    w = [v.astype(np.float64) for v in words(seed, stream, coordinate, -(-count // 4))]
    pairs = []
    for a, b in ((w[0], w[1]), (w[2], w[3])):
        radius = np.sqrt(-2 * np.log((a + 1) * 2.0**-32))
        angle = 2 * np.pi * (b * 2.0**-32)
        pairs += [radius * np.cos(angle), radius * np.sin(angle)]
    return np.stack(pairs, axis=1).reshape(-1)[:count].astype(np.float32)


def permutation(seed, epoch, count):
    """The order of an epoch's training images: Fisher-Yates from the last index down."""
    w = words(seed, PERMUTATION, epoch, -(-count // 2))
    bits = np.stack([w[0] << SHIFT | w[1], w[2] << SHIFT | w[3]], axis=1).reshape(-1).tolist()
    order = list(range(count))
    for i in range(count - 1, 0, -1):
        j = bits[i] * (i + 1) >> 64
        order[i], order[j] = order[j], order[i]
    return np.array(order)
