"""The stored table of maps: it is whole, and one map drawn again is as it says."""

import numpy as np
import pytest
from map_digits import PATH, PLANS, measure


@pytest.fixture(scope="module")
def runs():
    return np.genfromtxt(PATH, delimiter=",", names=True, dtype=None, encoding="utf-8")


def test_every_map_is_there_once(runs):
    assert [tuple(row)[:5] for row in runs.tolist()] == PLANS


@pytest.mark.parametrize("plan", [(250, 3, 1, 500, "t-SNE"), (500, 4, 1, 500, "reverse"), (0, 2, 1, 500, "SNE")])
def test_a_map_drawn_again(runs, plan):
    stored = runs[PLANS.index(plan)]
    assert measure(*plan) == pytest.approx([stored["precision"], stored["recall"]], abs=0.012)  # machines round anew


def test_what_section_8_7_says_of_the_maps(runs):
    def more(share, factor, way):
        ours, theirs = (runs[share][(runs["factor"] == factor) & (runs["way"] == each)] for each in (way, "t-SNE"))
        return 100 * (ours - theirs)

    gain, loss = more("precision", 1, "reverse"), more("recall", 1, "reverse")
    assert ((gain > 0).sum(), (loss < 0).sum(), (more("recall", 4, "reverse") < 0).sum()) == (15, 20, 20)
    assert [gain.mean(), loss.mean()] == pytest.approx([0.67, -2.56], abs=0.005)
    assert (more("precision", 4, "reverse") > 0).sum() == (more("precision", 4, "reverse") < 0).sum() == 10
    below = more("precision", 1, "SNE")
    assert (below > -17.1).all()
    assert (below < -8.8).all()
