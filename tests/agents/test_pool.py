"""The pool in this process: its worker plays as many games side by side after many calls as at first."""

import itertools

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
