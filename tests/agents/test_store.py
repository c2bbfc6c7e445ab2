"""The game store writes every game once, gives the newest back in order, and names a segment that is not as it was written."""

from __future__ import annotations

import errno
import json
import os
import shutil

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load, save

from zerodojo.agents.alphazero.records import GameRecords
from zerodojo.agents.alphazero.store import Cursor, GameStore
from zerodojo.envs import make
from zerodojo.errors import UserError

GAME = make("connect_four")


@pytest.fixture
def parts(play_games) -> list[GameRecords]:
    return [play_games(GAME, 3, first=3 * part) for part in range(5)]


@pytest.fixture
def store(tmp_path, parts) -> GameStore:
    """Four segments of three games; the fifth part is not in it."""
    store = GameStore(tmp_path / "games", GAME)
    for part in parts[:4]:
        store.append(part)
        store.flush()
    return store


def assert_same(a: GameRecords, b: GameRecords) -> None:
    for name, column in a.columns().items():
        np.testing.assert_array_equal(column, b.columns()[name], strict=True)


def test_gives_back_what_was_written(store: GameStore, parts, tmp_path) -> None:
    again = GameStore(tmp_path / "games", GAME)
    assert again.cursor == store.cursor == Cursor(4, 12, sum(part.positions for part in parts[:4]))
    back = again.tail(again.cursor, again.cursor.positions)
    assert len(back) == 4
    for part, segment in zip(parts, back, strict=False):
        assert_same(part, segment)
    assert Cursor(*json.loads(json.dumps(store.cursor))) == store.cursor


def test_games_taken_together_are_one_segment(tmp_path, parts) -> None:
    store = GameStore(tmp_path, GAME)
    assert store.flush() == Cursor(0, 0, 0)
    for part in parts:
        store.append(part)
    assert store.flush() == Cursor(1, 15, sum(part.positions for part in parts))
    assert store.flush() == store.cursor
    assert [path.name for path in tmp_path.iterdir()] == ["00000001.safetensors"]
    assert_same(next(store.read_backwards(store.cursor)), GameRecords.concatenate(parts))


def test_tail_is_the_newest_that_suffice(store: GameStore, parts) -> None:
    sizes = [part.positions for part in parts[:4]]
    for positions, segments in ((0, 0), (1, 1), (sizes[3], 1), (sizes[3] + 1, 2), (sum(sizes), 4), (10**9, 4)):
        back = store.tail(store.cursor, positions)
        assert [part.number[0] for part in back] == [3 * index for index in range(4 - segments, 4)]


def test_an_older_cursor_sees_its_own_games(store: GameStore, parts) -> None:
    older = Cursor(2, 6, parts[0].positions + parts[1].positions)
    assert [part.number[0] for part in store.read_backwards(older)] == [3, 0]


def test_cut_goes_back_to_a_cursor(store: GameStore, parts, tmp_path) -> None:
    older = Cursor(2, 6, parts[0].positions + parts[1].positions)
    store.append(parts[4])
    store.cut(older)
    assert store.cursor == older == store.flush() == GameStore(tmp_path / "games", GAME).cursor
    store.append(parts[3])  # its numbers are free again
    assert store.flush().games == 9
    store.cut(Cursor(0, 0, 0))
    assert not list((tmp_path / "games").iterdir())


def test_refuses_a_cursor_it_does_not_hold(store: GameStore) -> None:
    for cursor in (Cursor(5, 15, 300), Cursor(4, 13, store.cursor.positions), Cursor(0, 1, 0)):
        for use in (store.cut, lambda c: store.tail(c, 1)):
            with pytest.raises(UserError, match="does not hold"):
                use(cursor)
    assert store.cursor.segments == 4


def test_game_numbers_stay_unique(store: GameStore, parts, tmp_path) -> None:
    again = GameStore(tmp_path / "games", GAME)
    again.append(parts[4])
    for taken in (parts[0], parts[4], GameRecords.concatenate([parts[2], parts[4]])):
        with pytest.raises(ValueError, match="is stored already"):
            again.append(taken)
    fresh = GameStore(tmp_path / "other", GAME)
    with pytest.raises(ValueError, match="game 3 is stored already"):
        fresh.append(GameRecords.concatenate([parts[1], parts[1]]))
    assert again.flush().games == 15


@pytest.mark.parametrize("damage", ["torn", "empty", "flipped", "text"])
def test_names_a_damaged_segment(damage: str, store: GameStore, tmp_path) -> None:
    path = tmp_path / "games" / "00000003.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes({"torn": data[:-100], "empty": b"", "flipped": data, "text": b"games\n" * 99}[damage])
    with pytest.raises(UserError, match=r"00000003\.safetensors"):
        GameStore(tmp_path / "games", GAME).tail(store.cursor, 10**9)
    assert len(store.tail(store.cursor, 1)) == 1  # the ones after it are whole


def test_names_a_foreign_segment(store: GameStore, play_games, tmp_path) -> None:
    folder = tmp_path / "games"
    with pytest.raises(UserError, match=r"00000001\.safetensors holds games of connect_four"):
        GameStore(folder, make("tic_tac_toe"))
    with pytest.raises(UserError, match=r"00000001\.safetensors holds games of connect_four"):
        GameStore(folder, make("connect_four", width=8))


def test_reads_segments_from_before_the_game_had_an_option(store: GameStore, tmp_path) -> None:
    for path in (tmp_path / "games").iterdir():
        with safe_open(path, framework="np") as file:
            about = file.metadata()
        options = {name: value for name, value in json.loads(about["options"]).items() if name != "connect"}
        path.write_bytes(save(load(path.read_bytes()), {**about, "options": json.dumps(options)}))
    again = GameStore(tmp_path / "games", GAME)
    assert again.cursor == store.cursor
    assert sum(map(len, again.tail(again.cursor, 10**9))) == again.cursor.games


def test_names_a_missing_segment(store: GameStore, tmp_path) -> None:
    (tmp_path / "games" / "00000002.safetensors").unlink()
    with pytest.raises(UserError, match=r"00000002\.safetensors is missing"):
        GameStore(tmp_path / "games", GAME)


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_full_disk_keeps_the_games_for_another_try(call: str, store: GameStore, parts, tmp_path, monkeypatch) -> None:
    store.append(parts[4])
    before = sorted(path.name for path in (tmp_path / "games").iterdir())
    with monkeypatch.context() as patch:
        patch.setattr(os, call, _full)
        patch.setattr("pathlib.Path.replace", _full)
        with pytest.raises(UserError, match=r"No space left on device.*free some space, then go on with --resume"):
            store.flush()
    assert sorted(path.name for path in (tmp_path / "games").iterdir() if not path.name.startswith(".tmp")) == before
    assert store.flush().games == 15


def _full(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_copy_of_the_folder_is_the_store(store: GameStore, tmp_path) -> None:
    shutil.copytree(tmp_path / "games", tmp_path / "copy")
    assert GameStore(tmp_path / "copy", GAME).cursor == store.cursor
