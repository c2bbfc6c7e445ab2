"""The pool in this process: its worker plays as many games side by side after many calls as at first."""

import itertools

import pytest

from zerodojo.agents.alphazero.pool import LocalPool, chunk

from .training_runs import changed


def test_every_slot_stays_in_play() -> None:
    config = changed(self_play__games=16, search__simulations=2)
    numbers = itertools.count()
    pool = LocalPool(config, numbers)
    played = [pool.poll(wait=True)[0] for _ in range(60)]
    ended = sum(len(one.records) for one in played)
    assert ended > 60 * chunk(config)  # some calls end more than they must
    begun = next(numbers)
    assert begun - ended == 16 - len(played[-1].records)  # as many begin with the next call
    assert pool.poll(wait=False) == []


def test_a_call_ends_before_its_games_where_those_take_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zerodojo.agents.alphazero.pool.CALL_SECONDS", 1e-9)
    config = changed(self_play__games=16, self_play__opening_plies=0, search__simulations=2)
    pool = LocalPool(config, itertools.count())
    played, begun = [pool.poll(wait=True)[0]], [pool.under_way()]
    while not len(played[-1].records):
        played += pool.poll(wait=True)
        begun.append(pool.under_way())
    rounds = len(played) - 1
    assert rounds > 5 and begun[:-1] == sorted(begun[:-1]) and begun[-2] > begun[0]
    assert begun[-1] == played[-1].under_way and begun[-1] + played[-1].records.positions <= begun[-2] + 16
