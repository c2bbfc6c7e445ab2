"""Networks as players: from a run, from the zoo, bare and with search; and the evaluator they judge through."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import chess
import numpy as np
import pytest

from zerodojo.agents import model_zoo, player
from zerodojo.agents.alphazero.config import AlphaZeroConfig
from zerodojo.agents.checkpoint import Checkpoint
from zerodojo.agents.network_evaluator import NetworkEvaluator
from zerodojo.agents.players.network import network_player, observations
from zerodojo.agents.run_directory import RunDirectory
from zerodojo.agents.specs import SPECS
from zerodojo.cli.evaluate import main as evaluate
from zerodojo.envs import make
from zerodojo.envs.registry import GAMES
from zerodojo.errors import UserError
from zerodojo.models import network
from zerodojo.models.config import NetworkConfig
from zerodojo.models.engines import prepare as prepare_module
from zerodojo.models.engines.engine import Floats
from zerodojo.models.engines.prepare import REFERENCE, prepare
from zerodojo.models.engines.torch_engine import TorchEngine

SMALL = NetworkConfig(channels=8, blocks=1, value_hidden=8)


def small_network(name: str, seed: int = 0) -> network.PolicyValueNetwork:
    spec = make(name).spec
    return network.build(SMALL, planes=spec.num_planes, board=spec.board, actions=spec.num_actions, seed=seed)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "ttt"
    directory = RunDirectory.create(path, AlphaZeroConfig(game="tic_tac_toe", network=SMALL))
    with directory.locked():
        for step in (5, 10):
            weights = network.get_weights(small_network("tic_tac_toe", seed=step))
            directory.save(Checkpoint(step=step, weights=weights, learner={}, state={}))
    return path


def test_a_run_plays_its_newest_weights_or_those_of_a_step(run: Path) -> None:
    game = make("tic_tac_toe")
    priors = [player(f"{run}{at}", game, simulations=0).decide(game.start()).prior for at in ("", "@latest", "@10", "@5")]
    np.testing.assert_array_equal(priors[0], priors[1])
    np.testing.assert_array_equal(priors[0], priors[2])
    assert np.abs(priors[0] - priors[3]).max() > 1e-4


def test_a_network_plays_games_that_are_cut_at_another_length(tmp_path: Path) -> None:
    game = make("go", size=5)
    net = network.build(SMALL, planes=game.spec.num_planes, board=game.spec.board, actions=game.spec.num_actions)
    directory = RunDirectory.create(tmp_path / "go", AlphaZeroConfig(game="go", options=dict(game.spec.options), network=SMALL))
    with directory.locked():
        directory.save(Checkpoint(step=1, weights=network.get_weights(net), learner={}, state={}))
    short, long = (
        player(str(tmp_path / "go"), made, simulations=0).decide(made.start()) for made in (game, make("go", size=5, max_plies=500))
    )
    np.testing.assert_array_equal(short.prior, long.prior)
    with pytest.raises(UserError, match="not go"):
        player(str(tmp_path / "go"), make("go", size=5, komi=0.5))


def test_weights_that_do_not_fit_their_configuration_are_named(run: Path, tmp_path: Path) -> None:
    """As when config.json was put back from another run."""
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    config = json.loads((copy / "config.json").read_bytes())
    config["config"]["network"]["blocks"] = 2
    (copy / "config.json").write_text(json.dumps(config))
    line = rf"^the weights of {copy} are of another network than .*: backbone\.blocks\.1.* expected and not there; put back the "
    with pytest.raises(UserError, match=line):
        player(str(copy), make("tic_tac_toe"))
    with pytest.raises(UserError, match=line):
        evaluate(["--opponent", "random", str(copy)])


def test_without_simulations_the_bare_network_chooses(run: Path) -> None:
    game = make("tic_tac_toe")
    decision = player(str(run), game, simulations=0).decide(game.start())
    assert decision.action == decision.prior.argmax() and decision.visits.sum() == 0
    np.testing.assert_allclose(decision.policy, decision.prior)
    searched = player(str(run), game, simulations=50).decide(game.start())
    assert searched.visits.sum() == 50


def test_an_untrained_network_with_search_sees_a_win(run: Path) -> None:
    game = make("tic_tac_toe")
    position = game.start().play([game.parse_action(name) for name in ("a1", "b2", "b1", "c3")])
    decision = player(str(run), game, simulations=100).decide(position)
    assert game.action_name(decision.action) == "c1" and decision.value == 1.0


def test_what_cannot_play_is_refused(run: Path) -> None:
    with pytest.raises(UserError, match=r"plays tic_tac_toe, not connect_four; take a player"):
        player(str(run), make("connect_four"))
    with pytest.raises(UserError, match="there is no run at"):
        player(f"{run}x", make("tic_tac_toe"))
    with pytest.raises(UserError, match="no checkpoint of step 7"):
        player(f"{run}@7", make("tic_tac_toe"))


def test_the_zoo_gives_back_what_was_put_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_zoo, "ZOO", tmp_path)
    weights = network.get_weights(small_network("connect_four"))
    card = model_zoo.Card(
        game="connect_four", network=SMALL, options={"width": 7}, step=3, made="by a test", strength={"score": 0.5}
    )
    model_zoo.write("small", card, weights)
    assert model_zoo.names() == ["small"]
    read, arrays = model_zoo.read("small")
    assert read == card
    assert arrays.keys() == weights.keys() and all(np.array_equal(arrays[key], weights[key]) for key in weights)
    (tmp_path / "small.safetensors").write_bytes(b"torn")
    with pytest.raises(UserError, match="zoo:small is broken"):
        model_zoo.read("small")
    (tmp_path / "small.json").write_text('{"format": 99}')
    with pytest.raises(UserError, match="from a newer zerodojo"):
        model_zoo.read("small")


def test_the_zoo_plays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_zoo, "ZOO", tmp_path)
    model_zoo.write("c4", model_zoo.Card(game="connect_four", network=SMALL), network.get_weights(small_network("connect_four")))
    game = make("connect_four")
    assert player("zoo:c4", game, simulations=32).decide(game.start()).visits.sum() == 32
    with pytest.raises(UserError, match=r"zoo:c4 plays connect_four, not tic_tac_toe"):
        player("zoo:c4", make("tic_tac_toe"))
    with pytest.raises(UserError, match="no network ships as zoo:c5; take zoo:c4"):
        player("zoo:c5", game)


def test_every_shipped_network_plays() -> None:
    assert {"connect_four", "tic_tac_toe"} <= set(model_zoo.names()) <= set(GAMES)
    for name in model_zoo.names():
        assert name in SPECS["zoo"].summary
        card, _ = model_zoo.read(name)
        game = make(card.game, **card.options)
        assert player(f"zoo:{name}", game, simulations=8).decide(game.start()).visits.sum() == 8


def test_an_engine_that_disagrees_gives_way_with_a_warning_and_never_to_int8(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever this host has: every engine but the reference can run here, and its values are wrong."""
    made: list[str] = []

    class Wrong(TorchEngine):
        def __init__(self, name: str, *rest: Any, batch: int, threads: int, **_: str) -> None:
            made.append(name)
            super().__init__(name, *rest, batch=batch, threads=threads, dtype="float32", device="cpu")

        def evaluate(self, planes: Floats) -> tuple[Floats, Floats]:
            logits, values = super().evaluate(planes)
            return logits, values + np.float32(0.1)

    monkeypatch.setattr(prepare_module, "Wrong", Wrong, raising=False)
    for name, entry in prepare_module.ENGINES.items():
        if name != REFERENCE:
            monkeypatch.setitem(prepare_module.ENGINES, name, entry._replace(path=".prepare:Wrong"))
    game = make("connect_four")
    net = small_network("connect_four")
    network_player(game, SMALL, network.get_weights(net), simulations=0, seed=0).decide(game.start())
    assert made == ["torch-cuda-bf16", "openvino-bf16", "torch-bf16"]
    (record,) = caplog.records
    assert record.getMessage().startswith(f"the player's engine is {REFERENCE} (")
    assert "not openvino-bf16, which disagrees with fp32" in record.getMessage() and "\n" not in record.getMessage()


def test_observations_come_from_all_stages() -> None:
    game = make("connect_four")
    seen = observations(game, 300, seed=1)
    assert seen.shape == (300, 3, 6, 7)
    stones = seen[:, :2].sum(axis=(1, 2, 3))
    assert stones.min() < 4 and stones.max() > 20
    np.testing.assert_array_equal(seen, observations(game, 300, seed=1))


def test_the_evaluator_shows_the_engine_what_the_mover_sees() -> None:
    game = make("connect_four")
    net = small_network("connect_four")
    engine = prepare("torch-fp32", net, observations(game, 64, seed=0), batch=16).engine
    positions = [game.start(), game.start().play([3]), game.start().play([3, 2, 6])]
    logits, values = NetworkEvaluator(game, engine).evaluate(np.stack([p.row for p in positions]))
    expected = engine.evaluate(np.stack([p.observation() for p in positions]))
    np.testing.assert_array_equal(logits, expected[0])
    np.testing.assert_array_equal(values, expected[1])
    nothing = NetworkEvaluator(game, engine).evaluate(game.new_states(0))
    assert nothing[0].shape == (0, 7) and nothing[1].shape == (0,)


class ColourBlind:
    """An engine that looks neither at who moves nor at the move's number, and so judges a position and its mirror image alike."""

    def __init__(self, planes: int) -> None:
        self.weights = np.random.default_rng(5).standard_normal((planes, 64, 4672)).astype(np.float32)
        self.weights[[-7, -6]] = 0

    def evaluate(self, planes: Floats) -> tuple[Floats, Floats]:
        logits = np.stack([np.tensordot(one.reshape(-1, 64), self.weights, 2) for one in planes])
        return logits, logits.mean(axis=1)


@pytest.mark.parametrize("symmetrize", [False, True])
def test_the_judgement_of_a_mirror_image_is_mirrored(symmetrize: bool) -> None:
    """A position and the next, and their mirror images: in both batches White moves and Black does. Logits are by action id."""
    board = chess.Board("r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K1R1 w Qkq - 7 9")
    game, twin = (make("chess", fen=side.fen(), history=1) for side in (board, board.mirror()))
    engine, mirror, move = ColourBlind(game.spec.num_planes), game.mirror, game.parse_action("e5g6")
    assert mirror is not None
    positions = [game.start(), game.start().after(move)]
    images = [twin.start(), twin.start().after(int(mirror[move]))]
    (logits, values), (mirrored, same) = (
        NetworkEvaluator(one.game, engine, symmetrize=symmetrize).evaluate(np.stack([one.row, other.row]))  # type: ignore[arg-type]
        for one, other in (positions, images)
    )
    np.testing.assert_array_equal(logits[:, mirror], mirrored)
    np.testing.assert_array_equal(values, same)
    for white, view in ((logits[0], positions[0]), (mirrored[1], images[1])):  # as the network says where White moves
        np.testing.assert_array_equal(white, engine.evaluate(view.observation()[None])[0][0])
    assert np.abs(logits - mirrored).max() > 1


@pytest.mark.parametrize("name", ["tic_tac_toe", "connect_four"])
def test_a_symmetrized_judgement_turns_with_the_board(name: str) -> None:
    """Judged in all symmetries, an image of a position gets the image of its policy, and the same value."""
    game = make(name)
    engine = prepare("torch-fp32", small_network(name), observations(game, 64, seed=0), batch=16).engine
    evaluator = NetworkEvaluator(game, engine, symmetrize=True)
    moves = [0, 1] if name == "connect_four" else [0, 5]
    logits, values = evaluator.evaluate(game.start().play(moves).row[None])
    symmetries = game.symmetries
    for k in range(len(symmetries)):
        images = [int(np.flatnonzero(symmetries.actions[k] == action)[0]) for action in moves]
        turned, value = evaluator.evaluate(game.start().play(images).row[None])
        np.testing.assert_allclose(turned[0], logits[0][symmetries.actions[k]], atol=1e-4)
        np.testing.assert_allclose(value, values, atol=1e-5)
    plain, _ = NetworkEvaluator(game, engine).evaluate(game.start().play(moves).row[None])
    assert np.abs(plain - logits).max() > 1e-4
