"""SGF as trees of properties: every clause of the standard by hand, round trips, sgfmill as a peer, and junk."""

from __future__ import annotations

import encodings
import pkgutil
import random
import string
import time
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sgfmill import sgf as sgfmill
from sgfmill import sgf_grammar

from zerodojo.envs.notation import sgf
from zerodojo.envs.notation.sgf import Node, Place, parse
from zerodojo.errors import UserError

IN_BOUNDED_TIME = 20  # seconds; it takes well under one


def flat(root: Node) -> list:
    """The tree as nested lists without recursion: properties and number of children of every node, in depth-first order."""
    found, stack = [], [root]
    while stack:
        node = stack.pop()
        found.append((node.properties, len(node.children)))
        stack += reversed(node.children)
    return found


def refusal(data: bytes) -> str:
    with pytest.raises(UserError, match=r"^SGF, line \d+, column \d+: ") as refused:
        parse(data)
    assert len(str(refused.value).splitlines()) == 1
    return str(refused.value)


def attempt(data: bytes) -> tuple[list[Node] | None, str]:
    """What is read, or None and why not."""
    try:
        return parse(data), ""
    except UserError as error:
        return None, str(error)


# The grammar ---------------------------------------------------------------------------------------------------------------


def test_a_tree_with_variations():
    (root,) = parse(b"(;FF[4]C[root](;C[a];C[b](;C[c])(;C[d];C[e]))(;C[f](;C[g];C[h])))")
    assert [node.text("C") for node in root.main_line()] == ["root", "a", "b", "c"]
    assert flat(root) == [
        *(({"FF": ["4"], "C": ["root"]}, 2), ({"C": ["a"]}, 1), ({"C": ["b"]}, 2), ({"C": ["c"]}, 0)),
        *(({"C": ["d"]}, 1), ({"C": ["e"]}, 0), ({"C": ["f"]}, 1), ({"C": ["g"]}, 1), ({"C": ["h"]}, 0)),
    ]


def test_a_collection():
    assert [root.text("C") for root in parse(b"(;C[1])\n\n(;C[2](;B[])(;B[]))(;C[3])")] == ["1", "2", "3"]


@pytest.mark.parametrize("space", [" ", "\n", "\r\n", "\t", "\v\f", "\n\r"])
def test_space_is_allowed_between_all_tokens(space):
    words = ["(", ";", "AB", "[aa]", "[bb]", ";", ";", "B", "[cc]", "(", ";", "C", "[x]", ")", "(", ";", ")", ")"]
    assert [flat(root) for root in parse(space.join(["", *words, ""]).encode())] == [
        [({"AB": ["aa", "bb"]}, 1), ({}, 1), ({"B": ["cc"]}, 2), ({"C": ["x"]}, 0), ({}, 0)]
    ]


def test_what_is_not_in_the_standard_and_cannot_be_misunderstood():
    (root,) = parse(b"From: me\nSubject: (a game)\n\n(;GaMe[1]AddBlack[aa]AB[bb];Black[cc])\n\x1a\0")
    assert flat(root) == [({"GM": ["1"], "AB": ["aa", "bb"]}, 1), ({"B": ["cc"]}, 0)]


def test_nodes_know_their_places():
    (root,) = parse(b"junk (;C[two\r\nlines]\r\n ;B[aa]\r;W[bb]\n\r (;B[cc])\n(;B[d\xe9]))")
    line = list(root.main_line())
    assert [node.place for node in line] == [Place(1, 7), Place(3, 2), Place(4, 1), Place(5, 3)]
    assert line[2].children[1].place == Place(6, 2)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "line 1, column 1: this is no SGF"),
        (b"hello ( there", "line 1, column 1: this is no SGF"),
        (b"(;B[aa", "line 1, column 4: a value begins here and does not end"),
        (b"(;C[a\\]", "line 1, column 4: a value begins here and does not end"),
        (b"(;\n;B[aa]", "line 2, column 7: the file ends inside a game: 1 `(`"),
        (b"(;(;B[]", "line 1, column 8: the file ends inside a game: 2 `(`"),
        (b"(;B[])\n)", "line 2, column 1: a `)` closes nothing"),
        (b"(;B)", "line 1, column 3: the property B has no value"),
        (b"(;[aa])", "line 1, column 3: a value without the name"),
        (b"(;b[aa])", "line 1, column 3: b is no name of a property"),
        (b"(;(B[aa]))", "line 1, column 4: a game tree begins with a node"),
        (b"(;())", "line 1, column 4: a game tree begins with a node"),
        (b"(;(;B[aa]);W[bb])", "line 1, column 11: a game tree ends with its variations"),
        (b"(;(;B[aa])W[bb])", "line 1, column 11: a game tree ends with its variations"),
        (b"(;)\n more", "line 2, column 2: more stands outside of a game"),
        (b"(;B[aa]\n  -- )", "line 2, column 3: - is no SGF"),
        (b"(;CA[klingon])", "line 1, column 5: the charset klingon is unknown"),
        (b"(;CA[UTF-16])", "line 1, column 5: the charset UTF-16 is unknown or has no ASCII"),
        (b"(;CA[rot13])", "line 1, column 5: the charset rot13 is unknown or has no ASCII"),
        (b"(;CA[unicode_escape]C[\\x])", "line 1, column 5: the charset unicode_escape is unknown or has no ASCII"),
        (b"(;CA[raw_unicode_escape]C[\\u005d])", "line 1, column 5: the charset raw_unicode_escape is unknown or has no ASCII"),
        (b"(;CA[UTF-7]C[+AF0-])", "line 1, column 5: the charset UTF-7 is unknown or has no ASCII"),
        (b"(;CA[UTF-8]\nC[caf\xe9])", "line 2, column 6: the bytes are no UTF-8"),
        ("(;)".encode("utf-16"), "line 1, column 1: the file is UTF-16"),
        (b"(;AB" + b"[aa]" * 10_000 + b"\nCA[UTF-8])", "line 2, column 1: CA[UTF-8] in a file read as ISO-8859-1"),
        (b"(;CA[UTF-8])\n(;CA[latin1])", "line 2, column 3: CA[latin1] in a file read as UTF-8"),
    ],
)
def test_mistakes_are_named_with_their_place(data, said):
    assert said in refusal(data)


# Values --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "text", "simple"),
    [
        ("plain", "plain", "plain"),
        (r"a\]b\\c\:d\xe", r"a]b\c:dxe", r"a]b\c:dxe"),
        ("soft\\\nbreak", "softbreak", "softbreak"),
        ("hard\nbreak", "hard\nbreak", "hard break"),
        ("a\tb\vc\fd\\\te", "a b c d e", "a b c d e"),
        ("(;[not)", "(;[not)", "(;[not)"),
        ("\\\\\n", "\\\n", "\\ "),
    ],
)
def test_text_and_simple_text(raw, text, simple):
    (root,) = parse(f"(;C[{raw}])".encode())
    assert (sgf.text(root.value("C")), sgf.simple_text(root.value("C"))) == (text, simple)


@pytest.mark.parametrize("line_break", ["\n", "\r", "\r\n", "\n\r"])
def test_any_line_break_is_one(line_break):
    (root,) = parse(f"(;C[hard{line_break}{line_break}break, soft\\{line_break}break])".encode())
    assert root.text("C") == "hard\n\nbreak, softbreak"


def test_composed_values():
    assert sgf.composed("dd:label") == ("dd", "label")
    assert sgf.composed(r"a\:b:c:d") == (r"a\:b", "c:d")
    assert sgf.composed(r"a\\:b") == (r"a\\", "b")
    assert sgf.composed(":") == ("", "")
    assert sgf.composed(r"none\:") is None


def point(value: str) -> tuple[int, int]:
    column, row = value
    return ord(row) - ord("a"), ord(column) - ord("a")


def test_compressed_points():
    assert sgf.points(["aa:cb", "ee"], point) == {(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (4, 4)}
    assert sgf.points(["bb:bb"], point) == {(1, 1)}
    assert sgf.points([], point) == set()


@pytest.mark.parametrize("values", [["bb:aa"], ["ba:ab"], ["aa", "aa"], ["aa:cc", "bb"], ["a"], ["aa:"], ["aa:bb:cc"]])
def test_points_that_are_none(values):
    with pytest.raises(ValueError, match=r"top left|named twice|expected 2"):
        sgf.points(values, point)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("(;C[café])".encode("latin-1"), "café"),
        ("(;CA[UTF-8]C[本因坊 №1])".encode(), "本因坊 №1"),
        ("(;C[before]CA[ utf8 ]N[é])".encode(), "before"),
        ("\ufeff(;C[本因坊])".encode(), "本因坊"),
        ("\ufeff(;CA[ISO-8859-1]C[é])".encode(), "é"),  # a byte order mark wins
        ("\ufeff(;CA[GB2312]C[围棋])(;CA[UTF-8])".encode(), "围棋"),
        ("(;CA[koi8-r]C[шах])".encode("koi8-r"), "шах"),
        ("(;CA[Big5]C[本因坊])".encode("big5"), "本因坊"),  # the second byte of 因 is a ]
        ("(;CA[Shift_JIS]C[表示])".encode("shift_jis"), "表示"),  # the second byte of 表 is a backslash
        ("(;CA[GB18030]C[围棋])".encode("gb18030"), "围棋"),
    ],
)
def test_charsets(data, text):
    assert parse(data)[0].text("C") == text


CODECS = sorted({module.name for module in pkgutil.iter_modules(encodings.__path__)})


def test_whatever_python_can_decode_ascii_stays_what_it_is():
    """A charset is taken only where no bytes of ASCII mean anything else: a hidden bracket would make another game."""
    generator = random.Random(3)
    letters = [*"\\ux5d135+AF0-~{}<:Ky", "\\u005d", "\\x5d", "\\N{NUL}", "xn--", "+AF0-"]
    taken = set()
    for codec in CODECS:
        for _ in range(100):
            words = "".join(generator.choices(letters, k=8)) + "."
            roots, _ = attempt(f"(;CA[{codec}]C[{words}])".encode())
            if roots is not None:
                taken.add(codec)
                assert roots[0].value("C") == words, codec
    assert {"utf_8", "latin_1", "big5", "shift_jis", "gb18030", "koi8_r", "cp1252", "euc_kr"} <= taken


# Round trips ---------------------------------------------------------------------------------------------------------------

names = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=3).filter(lambda name: name != "CA")
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\t\v\f"), max_size=12)
nodes = st.builds(Node, st.dictionaries(names, st.lists(texts.map(sgf.escape), min_size=1, max_size=3), max_size=3))


@st.composite
def trees(draw) -> Node:
    root, *others = draw(st.lists(nodes, min_size=1, max_size=12))
    placed = [root]
    for node in others:
        placed[draw(st.integers(0, len(placed) - 1))].children.append(node)
        placed.append(node)
    return root


def written_root(root: Node) -> list:
    """What a tree is after `write`: its root says format and charset."""
    (properties, children), *rest = flat(root)
    return [({"FF": ["4"], **properties, "CA": ["UTF-8"]}, children), *rest]


@given(st.lists(trees(), min_size=1, max_size=3))
def test_any_tree_is_read_as_it_was_written(roots):
    data = sgf.write(roots)
    assert [flat(root) for root in parse(data)] == [written_root(root) for root in roots]
    assert sgf.write(parse(data)) == data


@given(texts)
def test_any_text_is_read_as_it_was_escaped(words):
    assert sgf.text(sgf.escape(words)) == words
    assert sgf.composed(f"{sgf.escape(words)}:{sgf.escape(words)}") == (sgf.escape(words),) * 2
    assert parse(sgf.write([Node({"C": [sgf.escape(words)]})]))[0].text("C") == words


@pytest.mark.parametrize("properties", [{"b": ["aa"]}, {"B": []}, {"": ["x"]}, {"C": ["a]b"]}, {"C": ["a\\"]}, {"É": ["x"]}])
def test_what_would_be_no_sgf_is_not_written(properties):
    with pytest.raises(ValueError, match=r"capital letters|ends too early"):
        sgf.write([Node({}), Node(properties)])


def test_what_is_no_character_is_a_question_mark():
    assert parse(sgf.write([Node({"PB": ["a\udcffb"]})]))[0].value("PB") == "a?b"


def test_lines_are_short_enough_to_read():
    root = Node({"GM": ["1"]})
    node = root
    for _ in range(100):
        node.children.append(Node({"B": ["aa"]}))
        node = node.children[0]
    assert max(map(len, sgf.write([root]).splitlines())) < 90


# sgfmill, another program that knows the format ----------------------------------------------------------------------------


def sgfmills(game: sgfmill.Sgf_game) -> list:
    """`flat` of a tree of sgfmill's."""
    found, stack = [], [game.get_root()]
    while stack:
        node = stack.pop()
        raw = {name: [value.decode() for value in node.get_raw_list(name)] for name in node.properties()}
        found.append((raw, len(node)))
        stack += reversed(list(node))
    return found


@given(trees())
def test_sgfmill_reads_what_we_write(root):
    root.properties.pop("SZ", None)  # which sgfmill wants to understand
    data = sgf.write([root])
    assert sgfmills(sgfmill.Sgf_game.from_bytes(data)) == flat(parse(data)[0])


@given(trees())
def test_we_read_what_sgfmill_writes(root):
    game = sgfmill.Sgf_game(9, encoding="UTF-8")
    stack = [(root, game.get_root())]
    while stack:
        node, theirs = stack.pop()
        for name, values in node.properties.items():
            if name not in ("CA", "SZ", "GM", "FF"):
                theirs.set_raw_list(name, [value.encode() for value in values])
        stack += [(child, theirs.new_child()) for child in node.children]
    for data in (game.serialise(), game.serialise(wrap=None)):
        assert flat(parse(data)[0]) == sgfmills(game)


@given(texts)
def test_sgfmill_means_the_same_by_a_value(words):
    raw = sgf.escape(words)
    assert sgf_grammar.text_value(raw.encode()).decode() == sgf.text(raw)
    assert sgf_grammar.simpletext_value(raw.encode()).decode() == sgf.simple_text(raw)


@given(st.text("a\\]:\n\t[(;", max_size=12).filter(lambda raw: sgf_grammar.is_valid_property_value(raw.encode())))
def test_sgfmill_means_the_same_by_any_raw_value(raw):
    assert sgf_grammar.text_value(raw.encode()).decode() == sgf.text(raw)
    assert sgf_grammar.simpletext_value(raw.encode()).decode() == sgf.simple_text(raw)
    first, second = sgf_grammar.parse_compose(raw.encode())
    assert sgf.composed(raw) == (None if second is None else (first.decode(), second.decode()))


# Junk ----------------------------------------------------------------------------------------------------------------------

junk = random.Random(0).randbytes(1_000_000)


@pytest.mark.parametrize(
    "data",
    [
        junk,
        b"(;" + junk,
        b"(;C[" + junk.replace(b"]", b""),
        b"(;CA[UTF-8]C[" + junk + b"])",
        b"(;CA[GB18030]C[" + junk + b"])",
        b"(" * 100_000,
        b"(;" * 100_000,
        b"(;" * 100_000 + b")" * 100_000,
        b"(;" + b")" * 100_000,
        b"(;C[" + b"\\" * 999_999,
        b"(;C" + b"[]" * 500_000,
        b"(" + b" " * 1_000_000,
        b"(;" + b"A" * 1_000_000,
        b"(;" + b"a" * 1_000_000,
        b"(;" + b"[" * 1_000_000,
        b"(" + b";" * 1_000_000,
        b"(;)" * 400_000 + b"(",
        b"\n" * 1_000_000 + b"(;",
        b" " * (sgf.MAX_BYTES + 1),
    ],
    ids=lambda data: repr(data[:6]),
)
def test_junk_is_refused_in_bounded_time(data):
    begin = time.perf_counter()
    refusal(data)
    assert time.perf_counter() - begin < IN_BOUNDED_TIME


@pytest.mark.parametrize("between", ["", ";", ")(;"])
def test_properties_are_bounded_like_nodes(between, monkeypatch):
    """In one node, in many nodes, in many games: those of the whole file are counted."""
    monkeypatch.setattr(sgf, "MAX_PROPERTIES", 300)
    names = [first + second for first in "KLMNOPQRSTUVW" for second in string.ascii_uppercase][:300]
    most = between.join(f"{name}[]" for name in names)
    assert sum(len(properties) for root in parse(f"(;{most})".encode()) for properties, _ in flat(root)) == 300
    assert "line 2, column 3: more than 300 properties" in refusal(f"(;{most})\n(;B[])".encode())


def test_deep_trees_are_no_matter_of_recursion():
    deep = b"(;" * sgf.MAX_NESTING + b")" * sgf.MAX_NESTING
    assert parse(sgf.write(parse(deep)))[0].properties == {"FF": ["4"], "CA": ["UTF-8"]}
    long = parse(b"(" + b";B[aa]" * 100_000 + b")")
    assert sum(1 for _ in long[0].main_line()) == 100_000
    assert sgf.write(long).count(b";") == 100_000


WHOLE = (
    "(;FF[4]CA[UTF-8]GM[1]SZ[9]KM[6.5]PB[schwarz \\] \\\\]C[本因坊\nand more](;B[ee];W[cc](;B[gc])(;B[cg]))(;B[ed]LB[aa:x\\:y]))"
).encode()


def test_truncated_files_are_refused_wherever_they_end():
    parse(WHOLE)
    for end in range(len(WHOLE)):
        refusal(WHOLE[:end])


@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=8))
def test_mutations_are_read_or_refused(changes):
    data = bytearray(WHOLE)
    for index, byte in changes:
        data[index] = byte
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        roots, said = attempt(bytes(data))
        if roots is None:
            assert said.startswith("SGF, line ")
        else:
            assert [flat(root) for root in parse(sgf.write(roots))] == [written_root(root) for root in roots]
