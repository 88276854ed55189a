"""MNIST: 70,000 handwritten digits, in one file of this package. Origin and licence: `data/MNIST.md`."""

import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

__all__ = ["Mnist", "load_mnist"]

PATH = Path(__file__).parent / "data" / "mnist.npz"


class Mnist(NamedTuple):
    """What `load_mnist` returns: read-only uint8 arrays.

    Images have the shape (60000, 28, 28) for training and (10000, 28, 28) for testing, with ink from 0 (none) to 255;
    labels are the digits 0 to 9, of the same lengths.
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


def load_mnist():
    """The 60,000 training and 10,000 test images of MNIST with their labels; no network is needed.

    Returns
    -------
    Mnist
        A named tuple of read-only uint8 arrays: train_images, train_labels, test_images, test_labels, in the order of
        their files. The first 5,000 test images are cleaner and easier than the rest: for a sample take every tenth.

    Raises
    ------
    OSError
        If the file is missing, or is not what it was when the package was made; the message names the remedy.

    Source: LeCun, Bottou, Bengio & Haffner, "Gradient-Based Learning Applied to Document Recognition" (1998).

    >>> mnist = load_mnist()
    >>> mnist.train_images.shape, mnist.test_images.shape, mnist.train_labels[:4].tolist()
    ((60000, 28, 28), (10000, 28, 28), [5, 0, 4, 1])
    """
    return read_mnist(PATH)


# The digests of the four files as first published, each a short header before the bytes of the array.
DIGESTS = {
    "train_images": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train_labels": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "test_images": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "test_labels": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


def read_mnist(path):
    remedy = "Get the package again, or in a clone run: git checkout -- klcourse/data/mnist.npz"
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            mnist = Mnist(*(arrays[name] for name in Mnist._fields))
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} is missing. {remedy}") from None
    except Exception as error:  # NumPy, zipfile and zlib each raise their own
        raise OSError(f"{path} is damaged. {remedy}") from error
    for name, array in mnist._asdict().items():
        digest = hashlib.sha256(idx_header(array))
        digest.update(array)
        if digest.hexdigest() != DIGESTS[name]:
            raise OSError(f"{path} is damaged: {name} are not those of MNIST. {remedy}")
        array.setflags(write=False)
    return mnist


def idx_header(array):
    """The start of an IDX file: 0, 0, 8 for uint8, the number of axes, and their lengths as big-endian integers."""
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
