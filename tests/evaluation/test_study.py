"""What is computed of a study's runs, from numbers made up here."""

import numpy as np
import pytest

from zerodojo.agents.gym.presets import PRESETS, TABLES
from zerodojo.cli.study_text import text
from zerodojo.evaluation.curves import POINTS, curve
from zerodojo.evaluation.episodes import Returns
from zerodojo.evaluation.study import Studied, by_task, improvements, profiles

CONFIG = PRESETS["cartpole-ppo"]


def studied(name, *means, config=CONFIG, rows=()):
    found = [Returns(np.array([mean - 1.0, mean + 1.0]), np.array([5, 5]), 0) for mean in means]
    return Studied(name, config, found, rows)


def rows(column, *pairs):
    return [{"env_steps": step, column: value} for step, value in pairs]


def test_a_curve_is_read_between_rows_where_all_runs_have_been():
    runs = [rows("return", (0, 0.0), (100, 100.0)), rows("return", (50, 10.0), (50, 20.0), (150, 40.0), (200, 0.0))]
    found = curve(runs, "return", np.random.default_rng(0))
    assert (found.steps[0], found.steps[-1], len(found.steps)) == (50, 100, POINTS)
    assert found.middle[0] == (50 + 20) / 2  # the last row of a step counts
    assert found.middle[-1] == (100 + 30) / 2
    assert (found.low[0], found.high[0]) == (20, 50)  # of two runs, a resample may take one twice
    assert curve([*runs, rows("score", (0, 1.0))], "return", np.random.default_rng(0)) is None


def test_a_seed_counts_once():
    one = studied("a", 480.0, 500.0, 400.0, 490.0, 100.0)
    assert one.returns == [480.0, 500.0, 400.0, 490.0, 100.0]
    assert one.iqm == pytest.approx((400 + 480 + 490) / 3)
    low, high = one.interval
    assert 100 <= low < one.iqm < high <= 500
    assert (one.threshold, one.reached) == (475.0, False)
    assert studied("a", 475.0).reached is True
    assert studied("a", 475.0).interval is None
    assert studied("a", 1.0, config=PRESETS["pendulum-ppo"]).reached is None


def test_the_seconds_of_all_runs_count_to_their_last_row():
    one = studied("a", 1.0, 2.0, rows=[[{"env_steps": 1, "seconds": 3.0}, {"env_steps": 2, "seconds": 5.0}], [{"env_steps": 1}]])
    assert one.seconds == 5.0
    assert one.curves == {}


def test_presets_compare_within_one_environment():
    weak, strong = studied("weak", 1.0, 2.0), studied("strong", 2.0, 3.0)
    other = studied("other", -100.0, -90.0, config=PRESETS["acrobot-ppo"])
    (pair,) = improvements([weak, other, strong])
    assert (pair.task, pair.better, pair.worse, pair.probability) == ("CartPole-v1", "strong", "weak", 0.875)
    assert pair.interval[0] <= 0.875 <= pair.interval[1]
    assert improvements([studied("a", 1.0), studied("b", 2.0)])[0].interval is None
    assert {task: [one.name for one in group] for task, group in by_task([weak, other, strong]).items()} == {
        "CartPole-v1": ["weak", "strong"],
        "Acrobot-v1": ["other"],
    }


def test_a_profile_goes_from_all_seeds_to_none():
    found, _ = profiles([studied("a", 1.0, 3.0), studied("b", 2.0, 5.0), studied("c", 0.0, config=PRESETS["acrobot-ppo"])])
    assert set(found.shares) == {"a", "b"}
    for shares in found.shares.values():
        assert (shares[0], shares[-1]) == (1.0, 0.0)
        assert set(shares) == {1.0, 0.5, 0.0}
    assert found.shares["a"][found.thresholds > 2][0] == 0.5


def test_where_all_seeds_end_the_same_it_is_said_in_words():
    group = [studied("a", 500.0, 500.0, rows=[[]]), studied("b", 500.0, rows=[[]])]
    (found,) = profiles(group)
    assert (found.thresholds[0], found.thresholds[-1]) == (475.0, 525.0)
    told = text(group, [])
    assert "All seeds end with 500.00: a performance profile would compare nothing." in told
    assert "525" not in told
    assert "Performance profile" in text([studied("a", 500.0, 499.0, rows=[[]])], [])


def test_curves_say_whether_it_explores():
    told = text(
        [
            studied(
                "a",
                1.0,
                rows=[
                    rows("return", (0, 1.0), (9, 2.0)),
                ],
            ),
            studied("b", 1.0, rows=[rows("score", (0, 1.0), (9, 2.0))]),
        ],
        [],
    )
    assert "Learning curve, exploring: IQM of the last episodes of training, a" in told
    assert "Learning curve, likeliest actions: IQM along the way, b" in told


def test_tables_name_presets():
    assert {name for table in TABLES.values() for name in table} <= set(PRESETS)
    assert not set(TABLES) & set(PRESETS)
