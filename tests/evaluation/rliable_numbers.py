"""Writes rliable_numbers.json: what rliable says of a few scores, for the tests of `evaluation.aggregate`.

rliable 1.2 cannot be imported beside the pins of this project (its dependency arch fails with pandas 3), so its numbers were made
once, in an environment of its own:

    python3.11 -m venv rliable && rliable/bin/pip install rliable==1.2.0 arch==7.2.0 "pandas==2.3.3" numpy==2.4.6 scipy==1.17.1
    rliable/bin/python tests/evaluation/rliable_numbers.py

Its resamples come from NumPy's global generator, whatever `random_state` says; the tests draw the same ones from the same seed.
"""

import json
from pathlib import Path

import numpy as np
from rliable import library, metrics

SEED, REPS = 7, 400


def main() -> None:
    scores = np.random.default_rng(0)
    x = np.round(scores.normal(0.6, 0.2, (5, 3)), 2)
    y = np.round(scores.normal(0.5, 0.3, (7, 3)), 2)
    y[0, 0] = x[0, 0]  # a tie
    one = np.round(scores.normal(480.0, 30.0, (5, 1)), 1)  # a task alone
    thresholds = np.round(np.linspace(0.0, 1.0, 6), 2)

    def improvement(a, b):
        return np.array([metrics.probability_of_improvement(a, b)])

    def middle(a):
        return np.array([metrics.aggregate_iqm(a)])

    def intervals(scored, function):
        np.random.seed(SEED)  # noqa: NPY002  # what rliable draws from
        return library.get_interval_estimates({"it": scored}, function, reps=REPS)

    np.random.seed(SEED)  # noqa: NPY002
    shares, bands = library.create_performance_profile({"it": x}, thresholds, reps=REPS)
    points = {name: intervals(scored, middle) for name, scored in (("x", x), ("y", y), ("one", one))}
    better = intervals([x, y], improvement)
    numbers = {
        "seed": SEED,
        "reps": REPS,
        "scores": {"x": x.tolist(), "y": y.tolist(), "one": one.tolist()},
        "iqm": {name: float(found["it"][0]) for name, (found, _) in points.items()},
        "iqm_interval": {name: ends["it"][:, 0].tolist() for name, (_, ends) in points.items()},
        "improvement": float(better[0]["it"][0]),
        "improvement_interval": better[1]["it"][:, 0].tolist(),
        "thresholds": thresholds.tolist(),
        "profile": shares["it"].tolist(),
        "profile_interval": bands["it"].tolist(),
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(numbers, indent=1) + "\n")


if __name__ == "__main__":
    main()
