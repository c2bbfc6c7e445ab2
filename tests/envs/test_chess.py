"""Chess: perft counts, AlphaZero's actions and planes, the draw rules, Chess960, names, and what is refused."""

from __future__ import annotations

import chess
import numpy as np
import pytest

from zerodojo.envs import Game, IllegalAction, make
from zerodojo.envs.testing import check_game
from zerodojo.errors import UserError

# The usual six positions and their numbers of leaves at depth 1, 2, ...: chessprogramming.org/Perft_Results.
PERFT = {
    "initial": ("", [20, 400, 8_902, 197_281]),
    "kiwipete": ("r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1", [48, 2_039, 97_862, 4_085_603]),
    "endgame": ("8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - - 0 1", [14, 191, 2_812, 43_238]),
    "promotions": ("r3k2r/Pppp1ppp/1b3nbN/nP6/BBP1P3/q4N2/Pp1P2PP/R2Q1RK1 w kq - 0 1", [6, 264, 9_467, 422_333]),
    "talkchess": ("rnbq1k1r/pp1Pbppp/2p5/8/2B5/8/PPP1NnPP/RNBQK2R w KQ - 1 8", [44, 1_486, 62_379, 2_103_487]),
    "alternative": ("r4rk1/1pp1qppp/p1np1n2/2b1p1B1/2B1P1b1/P1NP1N2/1PP1QPPP/R4RK1 w - - 0 10", [46, 2_079, 89_890, 3_894_594]),
}
# Chess960 start positions from the same site (Chess960_Perft_Results): the first two of its list.
PERFT_960 = {
    "bqnb1rkr/pp3ppp/3ppn2/2p5/5P2/P2P4/NPP1P1PP/BQ1BNRKR w HFhf - 2 9": [21, 528, 12_189],
    "2nnrbkr/p1qppppp/8/1ppb4/6PP/3PP3/PPP2P2/BQNNRBKR w HEhe - 1 9": [21, 807, 18_002],
}


def leaves(game: Game, depth: int) -> int:
    """The lines of play of a length, through the batched contract; the last ply is counted by the legal mask."""
    states = game.new_states(1)
    for _ in range(depth - 1):
        parents, actions = np.nonzero(game.legal_mask(states))
        states = states[parents]
        game.step(states, actions.astype(np.int32))
    return sum(int(game.legal_mask(states[i : i + 1000]).sum()) for i in range(0, len(states), 1000))


@pytest.mark.parametrize("name", PERFT)
def test_perft_to_depth_2(name):
    fen, counts = PERFT[name]
    assert [leaves(make("chess", fen=fen, max_plies=8), depth) for depth in (1, 2)] == counts[:2]


@pytest.mark.full
@pytest.mark.parametrize("name", PERFT)
def test_perft_to_depth_4(name):
    fen, counts = PERFT[name]
    assert [leaves(make("chess", fen=fen, max_plies=8), depth) for depth in (3, 4)] == counts[2:]


@pytest.mark.parametrize("fen", PERFT_960)
def test_perft_of_chess960_to_depth_2(fen):
    game = make("chess", variant="960", fen=fen, max_plies=8)
    assert [leaves(game, depth) for depth in (1, 2)] == PERFT_960[fen][:2]


@pytest.mark.parametrize("options", [{"max_plies": 12}, {"variant": "960", "position": 0, "history": 1, "max_plies": 8}], ids=str)
def test_the_conformance_kit_passes(options):
    """Also beside the twin in which Black begins."""
    game = make("chess", **options)
    begun_by_black = game.board(game.start()).mirror().fen()
    check_game(game, games=2, twin=make("chess", **options | {"position": 518, "fen": begun_by_black}))


def test_shapes_are_those_of_alphazero():
    spec = make("chess").spec
    assert (spec.num_actions, spec.num_planes, spec.board) == (8 * 8 * 73, 119, (8, 8))


def line(game: Game, moves: str):
    return game.start().play([game.parse_action(move) for move in moves.split()])


def test_action_ids_are_point_and_plane():
    game = make("chess")
    point = 6 * 8 + 4  # e2
    assert game.parse_action("e2e4") == point * 73 + 1  # up the board, two steps
    assert game.parse_action("g1h3") == (7 * 8 + 6) * 73 + 56  # the first of the knight's jumps: one file right, two ranks up
    assert game.parse_action("a7b8n") == (1 * 8 + 0) * 73 + 64 + 6
    assert game.parse_action("E7E8Q") == game.parse_action("e7e8")
    names = [game.action_name(action) for action in range(4672)]
    assert sum("-" not in name for name in names) == 1792 + 2 * 66  # queens' and knights' moves; underpromotions of both sides


@pytest.mark.parametrize(
    ("moves", "text", "name"),
    [
        ("", "e4", "e2e4"),
        ("", " Nf3 ", "g1f3"),
        ("", "nf3", "g1f3"),
        ("", "E2E4", "e2e4"),  # a name, in any case
        ("", "e2-e4", "e2e4"),
        ("e2e4 d7d5", "exd5", "e4d5"),
        ("e2e4 e7e5 g1f3 b8c6 f1c4 f8c5", "O-O", "e1g1"),
        ("e2e4 e7e5 g1f3 b8c6 f1c4 f8c5", "o-o", "e1g1"),
        ("e2e4 e7e5 g1f3 b8c6 f1c4 f8c5", "0-0", "e1g1"),
        ("h2h4 g7g5 h4g5 f7f6 g5f6 a7a6 f6e7 a6a5", "exd8=N", "e7d8n"),
        ("h2h4 g7g5 h4g5 f7f6 g5f6 a7a6 f6e7 a6a5", "exd8=Q", "e7d8"),
        ("b2b4 c7c5", "bxc5", "b4c5"),  # the pawn, and
        ("e2e4 a7a6", "bc4", "f1c4"),  # where no pawn can, the bishop
        ("f2f3 e7e5 g2g4", "Qh4#", "d8h4"),
    ],
)
def test_a_move_may_be_typed_in_english_notation(moves, text, name):
    game = make("chess")
    position = line(game, moves)
    assert game.action_name(game.parse_move(text, position)) == name


@pytest.mark.parametrize(
    ("moves", "text", "words"),
    [
        ("", "Nf4", r"^Nf4 is not legal here; legal: "),
        ("", "O-O", r"^O-O is not legal here; legal: "),
        ("d2d4 a7a6 g1f3 a6a5", "Nd2", r"^Nd2 can be more than one move here; name both squares, as in e2e4$"),
        ("f2f3 e7e5 g2g4 d8h4", "Kf2", r"^the game is over; no action is legal$"),
    ],
)
def test_english_notation_that_is_no_legal_move_is_refused(moves, text, words):
    game = make("chess")
    with pytest.raises(IllegalAction, match=words):
        game.parse_move(text, line(game, moves))


@pytest.mark.parametrize("text", ["", "--", "Z0", "Sf3", "e", "Nf9", "knight f3", "\x00", "e4 e5", "N" * 10_000])
def test_what_is_neither_a_name_nor_english_notation_is_refused(text):
    game = make("chess")
    with pytest.raises(UserError, match="is no move of chess") as refusal:
        game.parse_move(text, game.start())
    assert not isinstance(refusal.value, IllegalAction) and len(str(refusal.value).splitlines()) == 1


def test_chess960_castles_in_english_notation_too():
    game = make("chess", variant="960", fen="5k2/8/8/8/8/8/8/5KR1 w G - 0 1")
    assert game.action_name(game.parse_move("O-O", game.start())) == "f1g1"


def test_a_mate_ends_the_game_and_marks_the_king():
    position = line(make("chess"), "f2f3 e7e5 g2g4 d8h4")
    assert position.terminal
    assert position.returns == (-1.0, 1.0)
    assert position.game.picture(position.row).marks == {(7, 4)}


@pytest.mark.parametrize(
    ("fen", "moves"),
    [
        ("", "g1f3 g8f6 f3g1 f6g8 g1f3 g8f6 f3g1 f6g8"),  # the third time
        ("8/8/4k3/8/8/4K3/4R3/8 w - - 98 90", "e2e1 e6d6"),  # fifty moves
        ("7k/8/8/6Q1/8/8/8/K7 w - - 0 1", "g5g6"),  # stalemate
        ("7k/8/8/8/8/8/1q6/K7 w - - 0 1", "a1b2"),  # two kings
    ],
)
def test_draws_end_the_game_at_once(fen, moves):
    game = make("chess", fen=fen)
    position = line(game, moves)
    assert position.terminal
    assert not position.previous.terminal
    assert position.returns == (0.0, 0.0)


def test_a_mate_on_the_hundredth_ply_is_a_mate():
    position = line(make("chess", fen="6k1/5ppp/8/8/8/8/8/K3R3 w - - 99 90"), "e1e8")
    assert position.returns == (1.0, -1.0)


def test_castling_and_en_passant():
    castled = line(make("chess"), "e2e4 e7e5 g1f3 g8f6 f1c4 f8c5 e1g1")
    assert str(castled).splitlines()[7] == "1 R N B Q . R K ."
    taken = line(make("chess"), "e2e4 a7a6 e4e5 d7d5 e5d6")
    assert str(taken).splitlines()[3:5] == ["5 . . . . . . . .", "4 . . . . . . . ."]
    beside = make("chess", variant="960", fen="5k2/8/8/8/8/8/8/5KR1 w G - 0 1")
    assert str(line(beside, "f1g1")).splitlines()[7] == "1 . . . . . R K ."


def test_planes_show_the_movers_view():
    """The same position with the colours exchanged and the board mirrored looks the same to its mover but for one plane."""
    game = make("chess", history=2)
    fen = "r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K1R1 w Qkq - 7 9"
    white = make("chess", history=2, fen=fen).start().observation()
    black = make("chess", history=2, fen=chess.Board(fen).mirror().fen()).start().observation()
    assert (np.delete(white, 28, axis=0) == np.delete(black, 28, axis=0)).all()
    assert (white[28] == 0).all() and (black[28] == 1).all()
    assert white[0].sum() == 8 and white[0, 3, 3] == 1  # pawns; one on d5
    assert [float(plane[0, 0]) for plane in white[29:]] == pytest.approx([0.09, 0, 1, 1, 1, 0.07])
    planes = line(game, "e2e4").observation()
    assert planes[:6].sum() == planes[6:12].sum() == 16  # now, both sides
    assert planes[14 + 6 : 14 + 12, 6, 4].sum() == 0 and planes[14 + 6, 1, 4] == 1  # before: White's pawn on e2, seen from above


@pytest.mark.parametrize("variant", ["standard", "960"])
def test_what_black_may_do_is_the_mirror_of_what_white_may(variant):
    """Every position of random games and its mirror image by python-chess: the same planes but one, and mirrored legal moves."""
    fens = [fen for fen, _ in PERFT.values()] if variant == "standard" else list(PERFT_960)
    generator = np.random.default_rng(4)
    movers = set()
    for fen in fens:
        game = make("chess", variant=variant, fen=fen, history=1)
        position = game.start()
        for _ in range(24):
            board = chess.Board(game.board(position).fen(en_passant="fen"), chess960=variant == "960")
            here, there = (
                make("chess", variant=variant, fen=side.fen(en_passant="fen"), history=1) for side in (board, board.mirror())
            )
            movers.add(here.start().to_play)
            assert here.start().to_play == 1 - there.start().to_play
            assert (np.delete(here.start().observation(), 14, axis=0) == np.delete(there.start().observation(), 14, axis=0)).all()
            mask, mirrored = (one.legal_mask(one.new_states(1))[0] for one in (here, there))
            assert (mask[game.mirror] == mirrored).all()
            position = position.after(int(generator.choice(position.legal_actions())))
            if position.terminal:
                break
    assert movers == {0, 1}


def test_the_mirror_turns_a_move_top_to_bottom():
    game = make("chess")
    pairs = [("e2e4", "e7e5"), ("g1f3", "g8f6"), ("e1g1", "e8g8"), ("a7b8n", "a2b1n"), ("b7b8r", "b2b1r"), ("a7a8", "a2a1")]
    for white, black in [*pairs, ("a1h8", "a8h1"), ("d4a4", "d5a5")]:
        assert game.action_name(int(game.mirror[game.parse_action(white)])) == black


def test_planes_count_repetitions():
    planes = line(make("chess"), "g1f3 g8f6 f3g1 f6g8").observation()
    assert (planes[12] == 1).all() and (planes[13] == 0).all()
    assert (planes[4 * 14 + 12] == 0).all()  # the start, four plies ago


def test_a_variant_may_come_as_a_number_from_a_command_line():
    assert make("chess", variant=960, position=3).spec.options["variant"] == "960"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"variant": "961"}, "unknown variant of chess '961'"),
        ({"position": 5}, "add variant=960"),
        ({"variant": "960", "position": 960}, "from 0 to 959"),
        ({"fen": "no board"}, "is no position"),
        (
            {"fen": "8/" * 51},
            r"^fen='8/8/8/8/8/8/8/8/8/8/'\.\.\. is no position: it has 102 characters, and 100 are enough for any$",
        ),
        ({"fen": "8/8/8/8/8/8/8/8 w - - 0 1"}, "cannot be"),
        ({"fen": "QQQQQQQQ/QQ6/8/8/8/8/5k2/K7 b - - 0 1"}, "cannot be"),
        ({"fen": "7k/5Q2/6K1/8/8/8/8/8 b - - 0 1"}, "the game is over"),
        ({"history": 0}, "from 1 to 16"),
        ({"max_plies": 0}, "from 1 to 10000"),
    ],
)
def test_what_cannot_be_is_refused(options, words):
    with pytest.raises(UserError, match=words) as refusal:
        make("chess", **options)
    assert "\n" not in str(refusal.value)


def compare_with_openspiel(variant: str, *, games: int, seed: int) -> None:
    """Random games to the end that the rules give them: legal moves by their names in UCI, mover, end and returns at every ply."""
    import pyspiel

    chess960 = variant == "960"
    theirs, generator = pyspiel.load_game(f"chess(chess960={str(chess960).lower()})"), np.random.default_rng(seed)
    for _ in range(games):
        start = int(generator.integers(960)) if chess960 else 518
        game = make("chess", variant=variant, position=start, max_plies=4_000)
        position = game.start()
        state = theirs.new_initial_state(game.board(position).fen(shredder=chess960))
        while not position.terminal:
            board = state.board()
            name = {action: pyspiel.chess.action_to_move(action, board).to_lan(chess960, board) for action in state.legal_actions()}
            legal = {game.parse_action(name[action]): action for action in name}
            assert list(position.legal_actions()) == sorted(legal)
            assert position.to_play == 1 - state.current_player()  # Black is their player 0
            action = int(generator.choice(position.legal_actions()))
            position = position.after(action)
            state.apply_action(legal[action])
            assert position.terminal == state.is_terminal()
            assert position.returns == tuple(state.returns()[::-1])
        assert len(position.history) < game.spec.max_plies  # none was cut


@pytest.mark.parametrize("variant", ["standard", "960"])
def test_agrees_with_openspiel(variant) -> None:
    compare_with_openspiel(variant, games=50, seed=1)


@pytest.mark.full
@pytest.mark.parametrize("variant", ["standard", "960"])
def test_agrees_with_openspiel_at_length(variant) -> None:
    compare_with_openspiel(variant, games=2_000, seed=2)
