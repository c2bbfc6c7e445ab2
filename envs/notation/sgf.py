"""SGF FF[4], whatever the game: a collection of trees of nodes with properties, from bytes and to bytes. `sgf_games` plays them.

The grammar, the types of values and the escapes are those of the standard, https://www.red-bean.com/sgf/sgf4.html. Where files in
the wild differ from it and cannot be misunderstood, they are read: text before the first game, names with lower-case letters,
a property twice in one node. Values stay as they stand between the brackets, escapes included, because only the one who knows a
property's type can tell what they mean: `text`, `simple_text`, `composed` and `points` do.

A file is decoded before it is parsed, so that a bracket can be half of a character in Big5 or Shift_JIS without an escape.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from ...errors import UserError

MAX_BYTES = 32 << 20  # of a file; with the two bounds below memory stays under 1 GiB, where a file is made to need it
MAX_NODES = 500_000  # of a collection; Kogo's joseki dictionary has a fifth of that
MAX_PROPERTIES = 1_000_000  # of a collection
MAX_NESTING = 10_000  # variations within variations
DEFAULT_CHARSET = "ISO-8859-1"  # the standard's, where neither CA nor a byte order mark tells

_SPACE = " \t\n\v\f"
_RAW = r"[^\\\]]*+(?:\\.[^\\\]]*+)*+"  # possessive: what does not end is found out in one pass
_VALUE = rf"\[({_RAW})\]"
_TOKEN = re.compile(rf"[{_SPACE}]*(?:(?P<sign>[();])|(?P<name>[A-Za-z]+)|{_VALUE})", re.DOTALL)
_GAME = re.compile(rf"\([{_SPACE}]*;")
_LINE_BREAK = re.compile(r"\r\n|\n\r|\r")
_ESCAPE = re.compile(r"\\(.)|[\t\v\f]", re.DOTALL)
_COMPOSED = re.compile(r"([^\\:]*+(?:\\.[^\\:]*+)*+):(.*)", re.DOTALL)
_WELL_FORMED = re.compile(_RAW, re.DOTALL)
_ROOT_TOKENS = 10_000  # names and values of the root node among which CA is looked for; a later CA is refused when it is met
_IN_ASCII = (rb"\\ \u005d \x5d \135", bytes(range(128)), b"+AF0-", b"~{<:Ky2;S{#,~}", b"xn--bcher-kva")  # escapes to some codecs
_WIDTH = 78  # columns after which a line of ours is broken, between two nodes


class Place(NamedTuple):
    """Where something stands in a file, both counted from 1; a column is a character."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"

    def error(self, message: str) -> UserError:
        """What is wrong there."""
        return UserError(f"SGF, {self}: {message}")


_START = Place(1, 1)


class Node:
    """One node: its properties (name to raw values, at least one each), the nodes that may follow, and where it stands."""

    __slots__ = ("children", "place", "properties")

    def __init__(self, properties: dict[str, list[str]] | None = None, place: Place = _START) -> None:
        self.properties = {} if properties is None else properties
        self.children: list[Node] = []
        self.place = place

    def value(self, name: str) -> str | None:
        """The raw value of a property, the first where there are several; None without the property."""
        values = self.properties.get(name)
        return values[0] if values else None

    def text(self, name: str) -> str:
        """The value of a Text property; empty without it."""
        return text(self.value(name) or "")

    def simple_text(self, name: str) -> str:
        """The value of a SimpleText property, without spaces around it; empty without the property."""
        return simple_text(self.value(name) or "").strip()

    def main_line(self) -> Iterator[Node]:
        """This node and the first child of each, to the end."""
        node: Node | None = self
        while node is not None:
            yield node
            node = node.children[0] if node.children else None

    def __repr__(self) -> str:
        return f"Node({self.properties!r}, {len(self.children)} children)"


# The values of properties ----------------------------------------------------------------------------------------------------


def text(raw: str) -> str:
    """The meaning of a raw Text value: escaped line breaks vanish, other space than line breaks is a blank."""

    def meant(match: re.Match[str]) -> str:
        escaped: str | None = match[1]
        if escaped is None or escaped in "\t\v\f":
            return " "
        return "" if escaped == "\n" else escaped

    return _ESCAPE.sub(meant, raw)


def simple_text(raw: str) -> str:
    """The meaning of a raw SimpleText value: as `text`, and in one line."""
    return text(raw).replace("\n", " ")


def composed(raw: str) -> tuple[str, str] | None:
    """The two raw values around the colon of a composed value; None where no colon stands without an escape."""
    match = _COMPOSED.fullmatch(raw)
    return (match[1], match[2]) if match else None


def points(values: Sequence[str], point: Callable[[str], tuple[int, int]]) -> set[tuple[int, int]]:
    """The points (row, column) of a list of them, rectangles (`aa:cc`) filled; `point` reads one and raises ValueError.

    Raises ValueError for a point that is none, a corner that is not top left, and, as the standard does, for a point named twice.
    """
    found: set[tuple[int, int]] = set()
    for value in values:
        first, colon, last = value.partition(":")
        top, left = point(first)
        bottom, right = point(last) if colon else (top, left)
        if bottom < top or right < left:
            raise ValueError(f"{value} does not go from the top left to the bottom right")
        area = {(row, column) for row in range(top, bottom + 1) for column in range(left, right + 1)}
        if area & found:
            raise ValueError(f"a point of {value} is named twice")
        found |= area
    return found


def escape(value: str) -> str:
    """The raw value that means a text, in any place: also inside a composed value."""
    return re.sub(r"[\\\]:]", r"\\\g<0>", value)


# Reading -------------------------------------------------------------------------------------------------------------------


def parse(data: bytes) -> list[Node]:
    """The root nodes of the games in a file, at least one.

    Raises UserError naming line and column: no SGF, a charset unknown or broken, a mistake of grammar, too large.
    """
    if len(data) > MAX_BYTES:
        raise _START.error(f"the file has {len(data):,} bytes, and {MAX_BYTES:,} are read; split it")
    content, charset = _decode(data)
    start = _GAME.search(content)
    if start is None:
        raise _START.error("this is no SGF, in which a game begins with `(;`")
    return _Parser(content, start.start(), charset).games()


class _Parser:
    """One pass over the tokens, with the open game trees on a stack of its own."""

    def __init__(self, content: str, start: int, charset: str | None) -> None:
        self._content, self._charset = content, charset
        self._at, self._line, self._line_start, self._counted = start, 1, 0, 0
        self._nodes = self._properties = 0

    def games(self) -> list[Node]:
        roots: list[Node] = []
        tree: list[Node | None] = []  # the node before each open tree
        node: Node | None = None  # the one to add to
        opened = closed = False  # whether the last sign was a ( or a )
        while (token := self._next()) is not None:
            sign, name, place = token["sign"], token["name"], self._place(token)
            if opened and sign != ";":
                raise place.error("a game tree begins with a node: put a `;` after the `(`")
            if sign == "(":
                if len(tree) == MAX_NESTING:
                    raise place.error(f"more than {MAX_NESTING:,} variations within each other; no game has so many")
                tree.append(node)
                opened, closed = True, False
            elif sign == ")":
                if not tree:
                    raise place.error("a `)` closes nothing; remove it")
                node, closed = tree.pop(), True
            elif not tree:
                raise place.error(f"{quoted(token[0])} stands outside of a game; remove it, or begin a game with `(;`")
            elif closed:
                raise place.error("a game tree ends with its variations; move this before the first of them, or into one")
            elif sign == ";":
                child = self._node(place)
                (roots if node is None else node.children).append(child)
                node, opened = child, False
            elif name and node is not None:
                self._property(node, name, place)
            else:
                raise place.error("a value without the name of a property before it")
        if tree:
            raise self._here().error(f"the file ends inside a game: {len(tree)} `(` without a `)`; it may be cut off")
        return roots

    def _next(self) -> re.Match[str] | None:
        """The next token; None at the end of the content. What follows the last game may be NUL or ^Z, which old disks add."""
        token = _TOKEN.match(self._content, self._at)
        if token is None:
            rest = re.compile(rf"[{_SPACE}]*").match(self._content, self._at)
            self._at = rest.end() if rest else self._at
            if self._content[self._at :].strip("\0\x1a" + _SPACE):
                character = self._content[self._at]
                meant = "a value begins here and does not end; close it with `]`" if character == "[" else ""
                raise self._here().error(meant or f"{quoted(character)} is no SGF; text belongs in the brackets of a property")
            return None
        self._at = token.end()
        return token

    def _node(self, place: Place) -> Node:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise place.error(f"more than {MAX_NODES:,} nodes, which is all that is read; split the file")
        return Node({}, place)

    def _property(self, node: Node, name: str, place: Place) -> None:
        """Reads the values that follow a name."""
        self._properties += 1
        if self._properties > MAX_PROPERTIES:
            raise place.error(f"more than {MAX_PROPERTIES:,} properties, which is all that is read; split the file")
        key = name if name.isupper() else "".join(filter(str.isupper, name))
        if not key:
            raise place.error(f"{quoted(name)} is no name of a property, which has capital letters")
        values = node.properties.setdefault(key, [])
        before = len(values)
        while (token := _TOKEN.match(self._content, self._at)) is not None and token.lastindex == 3:
            values.append(token[3])
            self._at = token.end()
        if len(values) == before:
            if self._content[self._at :].lstrip(_SPACE).startswith("["):
                self._next()  # which says that it does not end
            raise place.error(f"the property {quoted(name)} has no value; write {key}[] if it needs none")
        if key == "CA" and self._charset is not None and not _same_charset(simple_text(values[0]), self._charset):
            raise place.error(f"CA[{quoted(values[0])}] in a file read as {self._charset}; a file has one charset: split it")

    def _here(self) -> Place:
        return self._place_at(self._at)

    def _place(self, token: re.Match[str]) -> Place:
        first = token.start("sign") if token["sign"] else token.start("name") if token["name"] else token.start(3) - 1
        return self._place_at(first)

    def _place_at(self, offset: int) -> Place:
        """The place of an offset that is not before the last one asked for."""
        breaks = self._content.count("\n", self._counted, offset)
        if breaks:
            self._line += breaks
            self._line_start = self._content.rindex("\n", self._counted, offset) + 1
        self._counted = offset
        return Place(self._line, offset - self._line_start + 1)


def _decode(data: bytes) -> tuple[str, str | None]:
    """The characters of a file, with line breaks as \\n, and the charset that CA is to name, if any. Raises UserError."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise _START.error("the file is UTF-16, which SGF does not know; save it as UTF-8")
    marked = data.startswith(codecs.BOM_UTF8)  # which wins over CA
    data = data.removeprefix(codecs.BOM_UTF8)
    charset = "UTF-8" if marked else _charset(_LINE_BREAK.sub("\n", data.decode("latin-1")))  # a character a byte
    try:
        content = data.decode(charset)
    except UnicodeDecodeError as error:
        before = _LINE_BREAK.sub("\n", data[: error.start].decode("latin-1"))
        place = Place(before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise place.error(f"the bytes are no {charset}; name the file's charset in CA, or save it as UTF-8") from error
    return _LINE_BREAK.sub("\n", content), None if marked else charset


def _charset(content: str) -> str:
    """The charset that the first root node names, or the standard's. Raises UserError for one that cannot be."""
    start = _GAME.search(content)
    at, name = (start.end() if start else len(content)), ""
    for _ in range(_ROOT_TOKENS):
        token = _TOKEN.match(content, at)
        if token is None or token["sign"]:
            break
        if token["name"]:
            name = "".join(filter(str.isupper, token["name"]))
        elif name == "CA":
            charset = simple_text(token[3]).strip()
            if not _is_usable(charset):
                place = Place(content.count("\n", 0, at) + 1, at - content.rfind("\n", 0, at))
                raise place.error(f"the charset {quoted(charset)} is unknown or has no ASCII; save the file as UTF-8, CA[UTF-8]")
            return charset
        at = token.end()
    return DEFAULT_CHARSET


def _is_usable(charset: str) -> bool:
    """Whether it is a charset that extends ASCII, in which alone brackets can be found, and has no escapes of its own."""
    try:
        return all(part.decode(charset) == part.decode("ascii") for part in _IN_ASCII)
    except (LookupError, ValueError):
        return False


def _same_charset(one: str, other: str) -> bool:
    try:
        return codecs.lookup(one.strip()).name == codecs.lookup(other).name
    except (LookupError, ValueError):
        return False


def quoted(words: str) -> str:
    """What a file says, short enough and printable for a line of ours."""
    words = words.strip(_SPACE)
    short = words if len(words) <= 20 else f"{words[:20]}..."
    return short if short.isprintable() else ascii(short)[1:-1]


# Writing -------------------------------------------------------------------------------------------------------------------


def write(games: Sequence[Node]) -> bytes:
    """The file of a collection, given the root nodes: UTF-8, which every root says in CA; FF[4] where it says no format.

    What is no character (half of a surrogate pair, as in a path that is no text) becomes a question mark.

    Raises ValueError for a name that is not of capital letters, a property without values, or a value that would end too early.
    """
    return "".join(map(_written, games)).encode("utf-8", "replace")


def _written(root: Node) -> str:
    properties = {"FF": ["4"], **root.properties, "CA": ["UTF-8"]}
    root_properties = {name: properties[name] for name in sorted(properties, key=lambda name: (name != "FF", name != "CA"))}
    pieces: list[str] = []
    column = 0
    stack: list[Node | str] = [")", root, "("]
    while stack:
        top = stack.pop()
        piece = top if isinstance(top, str) else ";" + _properties(root_properties if top is root else top.properties)
        if column + len(piece) > _WIDTH and column > 1:  # a `(` and its node stay together: some look for `(;`
            pieces.append("\n")
            column = 0
        pieces.append(piece)
        column += len(piece)
        if isinstance(top, Node):
            if len(top.children) == 1:
                stack.append(top.children[0])
            else:
                for child in reversed(top.children):
                    stack += (")", child, "(")
    return "".join([*pieces, "\n"])


def _properties(properties: dict[str, list[str]]) -> str:
    for name, values in properties.items():
        if not (name.isascii() and name.isalpha() and name.isupper() and values):
            raise ValueError(f"{name!r}: a property has a name of capital letters and at least one value")
        if not all(map(_WELL_FORMED.fullmatch, values)):
            raise ValueError(f"a value of {name} ends too early; `escape` it")
    return "".join(name + "".join(f"[{value}]" for value in values) for name, values in properties.items())
