"""MNIST as it was published, and what happens when its file is not."""

import os
import re
import time

import numpy as np
import pytest
from build_mnist import FILES, read_idx

from klcourse.mnist import DIGESTS, PATH, load_mnist, read_mnist


@pytest.fixture(scope="module")
def mnist():
    return load_mnist()


def test_images_and_labels(mnist):
    train_images, train_labels, test_images, test_labels = mnist
    assert train_images.shape == (60000, 28, 28)
    assert test_images.shape == (10000, 28, 28)
    assert (train_labels.shape, test_labels.shape) == ((60000,), (10000,))
    assert {array.dtype for array in mnist} == {np.dtype(np.uint8)}
    assert round(train_images.mean(), 6) == 33.318421
    assert np.bincount(train_labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert test_labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]


def test_read_only(mnist):
    for array in mnist:
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_loading_takes_well_under_a_second():
    start = time.process_time()
    load_mnist()
    assert time.process_time() - start < 0.8


def test_size_of_the_file():
    assert PATH.stat().st_size < 11.5e6


def test_the_note_names_licence_authors_and_digests():
    note = PATH.with_name("MNIST.md").read_text(encoding="utf-8")
    for text in ["https://creativecommons.org/licenses/by-sa/3.0/", "LeCun", "Cortes", "Burges", *DIGESTS.values()]:
        assert text in note


# --- a file that is not what it was -----------------------------------------------------------------------------------


def without_end(data, tmp_path):
    return data[:-1]


def half(data, tmp_path):
    return data[: len(data) // 2]


def empty(data, tmp_path):
    return b""


def one_bit_of_an_image(data, tmp_path):
    return data[:5_000_000] + bytes([data[5_000_000] ^ 1]) + data[5_000_001:]


def pointer_to_large_file_storage(data, tmp_path):
    return b"version https://git-lfs.github.com/spec/v1\n"


def saved(tmp_path, **arrays):
    np.savez(tmp_path / "other.npz", **arrays)
    return (tmp_path / "other.npz").read_bytes()


def one_pixel_saved_again(data, tmp_path):
    arrays = {name: array.copy() for name, array in load_mnist()._asdict().items()}
    arrays["test_images"][-1, -1, -1] = 1
    return saved(tmp_path, **arrays)


def other_shape(data, tmp_path):
    mnist = load_mnist()
    return saved(tmp_path, **{**mnist._asdict(), "train_images": mnist.train_images.reshape(-1, 784)})


def labels_missing(data, tmp_path):
    return saved(tmp_path, train_images=load_mnist().train_images)


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


def pickled(data, tmp_path):
    return saved(tmp_path, train_images=np.array([Trap(tmp_path / "trapped")], dtype=object))


def one_array_alone(data, tmp_path):
    np.save(tmp_path / "one.npy", np.arange(3))
    return (tmp_path / "one.npy").read_bytes()


@pytest.mark.parametrize(
    "spoil",
    [
        without_end,
        half,
        empty,
        one_bit_of_an_image,
        pointer_to_large_file_storage,
        one_pixel_saved_again,
        other_shape,
        labels_missing,
        pickled,
        one_array_alone,
    ],
)
def test_a_damaged_file_is_seen(spoil, tmp_path):
    path = tmp_path / "mnist.npz"
    path.write_bytes(spoil(PATH.read_bytes(), tmp_path))
    with pytest.raises(OSError, match=re.escape(f"{path} is damaged") + ".*Get the package again") as caught:
        read_mnist(path)
    assert "pickle" not in str(caught.value)
    assert not (tmp_path / "trapped").exists()


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"mnist\.npz is missing\. Get the package again"):
        read_mnist(tmp_path / "mnist.npz")


# --- the script that builds it ----------------------------------------------------------------------------------------


def test_the_script_reads_a_file_as_published_and_no_other(mnist, tmp_path):
    name, (file, shape) = "test_labels", FILES["test_labels"]
    path = tmp_path / file
    path.write_bytes(b"\0\0\x08\x01" + (10000).to_bytes(4, "big") + mnist.test_labels.tobytes())
    assert (read_idx(path, shape, DIGESTS[name]) == mnist.test_labels).all()
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    with pytest.raises(SystemExit, match="it is not the file of MNIST"):
        read_idx(path, shape, DIGESTS[name])
