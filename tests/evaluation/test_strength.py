import pytest

from zerodojo.envs import make
from zerodojo.evaluation.strength import measure
from zerodojo.search.evaluator import RolloutEvaluator, UniformEvaluator


def test_strength_where_answers_are_stored():
    game = make("connect_four")
    weak = measure(game, UniformEvaluator(game))
    assert weak == measure(game, UniformEvaluator(game))
    strong = measure(game, RolloutEvaluator(game, rollouts=8))
    assert weak.score < strong.score
    assert weak.critical < strong.critical
    assert set(weak.metrics()) == {"strength_score", "strength_policy", "strength_search"}
    assert strong.sentence == (
        f"scores {strong.score:.0%} against plain tree search with 200 random playouts; "
        f"keeps the best outcome in {strong.critical:.0%} of critical positions"
    )


@pytest.mark.parametrize(("name", "options"), [("tic_tac_toe", {}), ("connect_four", {"width": 5, "height": 4})])
def test_strength_where_none_are(name, options):
    game = make(name, **options)
    strength = measure(game, UniformEvaluator(game))
    assert strength.critical is strength.critical_policy is None
    assert list(strength.metrics()) == ["strength_score"]
    assert strength.sentence.startswith("scores ")
