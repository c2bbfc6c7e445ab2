import pytest

from zerodojo.evaluation.intervals import paired, student, wilson


def test_wilson_by_hand():
    # 8 of 10 (z = 1.96): centre (0.8 + 0.1921) / 1.3842 = 0.7167, half 1.96 sqrt(0.016 + 0.0096) / 1.3842 = 0.2266
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=2e-4)


def test_wilson_at_the_ends():
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(10, 10) == (pytest.approx(1 / (1 + 1.959964**2 / 10)), 1.0)
    assert wilson(0, 10) == (0.0, pytest.approx(1 - wilson(10, 10)[0]))


@pytest.mark.parametrize(("freedom", "point"), [(2, 4.303), (3, 3.182), (5, 2.571), (10, 2.228), (30, 2.042), (1000, 1.962)])
def test_student_against_the_tables(freedom, point):
    assert student(freedom) == pytest.approx(point, rel=0.01)


def test_paired_by_hand():
    # 1, 1, 0.5 and the pairs 0 and 1: mean 0.7, squares 0.09 * 3 + 0.04 + 0.49 = 0.8, deviation sqrt(0.8 / 4), half 2.776 * 0.2
    assert paired([1.0, 1.0, 0.5]) == (pytest.approx(0.7 - 0.5552, abs=2e-3), 1.0)


def test_paired_is_never_of_no_width_and_narrows():
    assert paired([]) == (0.0, 1.0)
    for score in (0.0, 0.5, 1.0):
        widths = [high - low for low, high in (paired([score] * n) for n in (5, 50, 500))]
        assert widths[0] > widths[1] > widths[2] > 0
        assert all(low <= score <= high for low, high in (paired([score] * n) for n in (1, 5, 50, 500)))


def test_paired_knows_that_colours_decide():
    """Ten games won by whoever is first: the pairs are all even, and that says more than twenty independent halves."""
    low, high = paired([0.5] * 50)
    assert high - low < wilson(50, 100)[1] - wilson(50, 100)[0]
