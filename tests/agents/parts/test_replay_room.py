"""Room for what is remembered: taken when the first row comes, so that who only plays needs none."""

import numpy as np
import pytest

from zerodojo.agents.parts.replay import Replay

TOO_MANY = 1 << 50


def test_a_replay_takes_no_room_before_its_first_row():
    replay = Replay(TOO_MANY, {"reward": ((), np.float32)})
    assert len(replay) == 0
    with pytest.raises(MemoryError):
        replay.add(reward=np.ones(1, np.float32))
