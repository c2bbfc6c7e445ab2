"""The numbers that three examples translate are right in both languages, and what is held back is not learned from."""

import importlib.util
from pathlib import Path

import pytest

SPEC = importlib.util.spec_from_file_location("_numbers", Path(__file__).parents[1] / "examples" / "_numbers.py")
numbers = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(numbers)

SOME = (*range(1200), *range(9_950, 10_050), *range(1003, 100_000, 487), 99_999)


def value_of_kanji(signs):
    """Read back: a sign of a place counts what stands before it, or one."""
    total, count = 0, None
    for sign in signs:
        index = numbers.SIGNS.index(sign)
        if index < 10:
            count = index
        elif sign == "万":
            total, count = (total + (count or 0)) * 10_000, None
        else:
            total, count = total + (1 if count is None else count) * {"十": 10, "百": 100, "千": 1000}[sign], None
    return total + (count or 0)


def value_of_english(words):
    total, part = 0, 0
    for word in words:
        if word in numbers.UNITS:
            part += numbers.UNITS.index(word)
        elif word in numbers.TENS:
            part += 10 * (2 + numbers.TENS.index(word))
        elif word == "hundred":
            part *= 100
        elif word == "thousand":
            total, part = part * 1000, 0
    return total + part


@pytest.mark.parametrize(
    ("number", "english", "kanji"),
    [
        (0, "zero", "零"),
        (312, "three hundred and twelve", "三百十二"),
        (1110, "one thousand one hundred and ten", "千百十"),
        (10_000, "ten thousand", "一万"),
        (61_008, "sixty one thousand and eight", "六万千八"),
        (99_999, "ninety nine thousand nine hundred and ninety nine", "九万九千九百九十九"),
    ],
)
def test_a_number_in_both_languages(number, english, kanji):
    assert " ".join(numbers.english(number)) == english
    assert "".join(numbers.kanji(number)) == kanji


def test_numbers_are_read_back_as_they_were():
    for number in SOME:
        assert value_of_english(numbers.english(number)) == number
        assert value_of_kanji(numbers.kanji(number)) == number
        assert len(numbers.kanji(number)) < numbers.LONGEST


def test_no_held_back_number_is_drawn():
    made = numbers.Numbers(1000, 0)
    held = {tuple(row) for row in made.sources[made.held_back].tolist()}
    drawn = {tuple(row) for row in made.draw(20_000)[0].tolist()}
    assert len(held) == 50
    assert len(drawn) > 900 and not held & drawn
