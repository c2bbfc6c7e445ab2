"""Chess and Chess960 by python-chess, behind the Game contract through `ForeignGame`, with AlphaZero's actions and planes.

Actions are 8 x 8 x 73 (Silver et al., Science 362, 2018, supplementary table S2): `point * 73 + plane`, the point being where the
piece stands, row by row from the top left (a8 is 0, h1 is 63), on the board as White sees it, whoever moves. A network has them
in the mover's view, as AlphaZero had: `Chess.mirror`. Planes 0 to 55 are moves like a queen's, direction * 7 + distance - 1, the
directions clockwise from up the board; 56 to 63 a knight's, clockwise; 64 to 72 promotions to knight, bishop and rook, 3 for each
file step (-1, 0, 1). A pawn that arrives by a queen's move becomes a queen. Castling is the king's two steps, and in Chess960 the
king's move onto its own rook.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError, unknown
from .adapters.foreign import ForeignGame
from .game import IllegalAction, Labels, Picture, Position, States
from .grid import Grid

try:
    import chess
except ImportError as error:  # this module is imported only where chess is asked for
    raise UserError('chess needs python-chess; pip install "zerodojo[chess]"') from error

PLANES = 73
STANDARD = 518  # the usual start position by its number in Chess960 (Scharnagl)
VARIANTS = ("standard", "960")
_MAX_LEGAL = 218  # more than in any position that can be reached (N. Petrovic 1964; proven by T. Lemmel 2024)
_AROUND = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))  # (files, ranks)
_JUMPS = ((1, 2), (2, 1), (2, -1), (1, -2), (-1, -2), (-2, -1), (-2, 1), (-1, 2))
_STEPS = [(files * n, ranks * n) for files, ranks in _AROUND for n in range(1, 8)] + list(_JUMPS)  # of planes 0 to 63
_GRID = Grid(8, 8, from_bottom=True)
_LONGEST_FEN = 100  # characters; no position needs as many
_UNDERPROMOTIONS = (chess.KNIGHT, chess.BISHOP, chess.ROOK)


def _moves() -> list[chess.Move | None]:
    """The move of every action, without a promotion to queen; None where it would leave the board."""
    moves: list[chess.Move | None] = []
    for rank in reversed(range(8)):
        ahead = {6: 1, 1: -1}.get(rank, 8)  # White's pawns promote up the board, Black's down it; from elsewhere none does
        for file in range(8):
            moves += [_move(file, rank, files, ranks) for files, ranks in _STEPS]
            moves += [_move(file, rank, files, ahead, piece) for files in (-1, 0, 1) for piece in _UNDERPROMOTIONS]
    return moves


def _move(file: int, rank: int, files: int, ranks: int, promotion: chess.PieceType | None = None) -> chess.Move | None:
    if not (0 <= file + files < 8 and 0 <= rank + ranks < 8):
        return None
    return chess.Move(chess.square(file, rank), chess.square(file + files, rank + ranks), promotion)


def _mirror() -> NDArray[np.int32]:
    """Of every action, the one that does the same on the board turned top to bottom."""
    points = np.arange(64).reshape(8, 8)[::-1].reshape(64, 1)
    planes = [_STEPS.index((files, -ranks)) for files, ranks in _STEPS] + list(range(len(_STEPS), PLANES))
    return (points * PLANES + planes).astype(np.int32).ravel()


_MOVES = _moves()
_ACTIONS = {(move.from_square, move.to_square, move.promotion): action for action, move in enumerate(_MOVES) if move}
_MIRROR = _mirror()
_ACTIONS |= {(origin, to, chess.QUEEN): a for (origin, to, promotion), a in _ACTIONS.items() if promotion is None}


class ChessPosition:
    """One position and the way to it: a board that is never pushed to, and what the rules and the planes ask about it."""

    def __init__(self, board: chess.Board, before: ChessPosition | None) -> None:
        self.board = board
        self.before = before
        self.legal = [_ACTIONS[move.from_square, move.to_square, move.promotion] for move in board.generate_legal_moves()]
        self._key = (
            *(board.pawns, board.knights, board.bishops, board.rooks, board.queens, board.kings),
            *(board.occupied_co[chess.WHITE], board.turn, board.castling_rights),
            board.ep_square if board.has_legal_en_passant() else None,
        )
        self.repeats = self._repeats()  # how often this position was there before
        draw = self.repeats >= 2 or board.halfmove_clock >= 100 or board.is_insufficient_material()
        self.over = draw or not self.legal
        self._pieces: NDArray[np.uint64] | None = None

    def _repeats(self) -> int:
        """One more than the last time. Captures and pawns' moves are not taken back: nothing before them is looked at."""
        earlier: ChessPosition | None = self.before and self.before.before  # the same player moves
        for _ in range(self.board.halfmove_clock // 2):
            if earlier is None:
                break
            if earlier._key == self._key:
                return earlier.repeats + 1
            earlier = earlier.before and earlier.before.before
        return 0

    def after(self, action: int) -> ChessPosition:
        """The position after a legal action."""
        board = self.board.copy(stack=False)
        board.push(self.move(action))
        board.clear_stack()
        return ChessPosition(board, self)

    def move(self, action: int) -> chess.Move:
        """The move of a legal action."""
        move = _MOVES[action]
        assert move is not None
        to = chess.BB_SQUARES[move.to_square]
        if move.promotion is None and self.board.pawns & chess.BB_SQUARES[move.from_square] and to & chess.BB_BACKRANKS:
            return chess.Move(move.from_square, move.to_square, chess.QUEEN)
        return move

    def mated(self) -> bool:
        """Whether the player to move is checkmated."""
        return not self.legal and self.board.is_check()

    def pieces(self) -> NDArray[np.uint64]:
        """Bitboards [2, 7]: pawns, knights, bishops, rooks, queens, king of White, of Black; then ones for one, two repeats."""
        if self._pieces is None:
            board = self.board
            kinds = (board.pawns, board.knights, board.bishops, board.rooks, board.queens, board.kings)
            sides = [[kind & board.occupied_co[colour] for kind in kinds] for colour in (chess.WHITE, chess.BLACK)]
            repeated = [chess.BB_ALL if self.repeats >= times else 0 for times in (1, 2)]
            self._pieces = np.array([[*side, plane] for side, plane in zip(sides, repeated, strict=True)], np.uint64)
        return self._pieces


class Chess(ForeignGame[ChessPosition]):
    """Chess. Player 0 is White; moves are named as in UCI, "e2e4" or "a7a8n", where "a7a8" is a promotion to queen ("a7a8q", too).

    A third occurrence of a position, fifty moves of each side without a capture or a pawn's move, stalemate and insufficient
    material are draws at once, as they were for AlphaZero; so is the `max_plies`-th ply.

    Args:
        variant: "standard" or "960" (Fischer random): how castling is done and written.
        position: the start of Chess960, Scharnagl's number from 0 to 959; 518 is the usual one.
        fen: another position to start from; empty for none.
        history: positions that the planes show, from 1 to 16; AlphaZero: 8.
        max_plies: a game this long is a draw; AlphaZero: 512.

    Raises:
        UserError: an option out of range, or a position that cannot be or is at its end.
    """

    has_picture = True

    def __init__(
        self, variant: str = "standard", position: int = STANDARD, fen: str = "", history: int = 8, max_plies: int = 512
    ) -> None:
        if variant not in VARIANTS:
            raise unknown("variant of chess", variant, VARIANTS)
        if not 0 <= position < 960:
            raise UserError(f"position={position} is no start of chess; choose from 0 to 959")
        if variant == "standard" and position != STANDARD:
            raise UserError(f"position={position} is a start of Chess960; add variant=960")
        if fen and position != STANDARD:
            raise UserError("position and fen both say where the game starts; leave one out")
        if not 1 <= history <= 16:
            raise UserError(f"history={history} is out of range; choose from 1 to 16")
        if not 1 <= max_plies <= 10_000:
            raise UserError(f"max_plies={max_plies} is out of range; choose from 1 to 10000")
        self._history = history
        self._start = ChessPosition(_board(variant, position, fen), None)
        if self._start.over:
            raise UserError(f"the game is over in the position fen={fen}; take one that can be played")
        super().__init__(
            name="chess",
            options={"variant": variant, "position": position, "fen": fen, "history": history, "max_plies": max_plies},
            names=[_name(action) for action in range(64 * PLANES)],
            max_legal=_MAX_LEGAL,
            max_plies=max_plies,
            board=(8, 8),
            num_planes=14 * history + 7,
        )
        self.rules = (
            f"The usual rules{', and castling as Chess960 has it' if variant == '960' else ''}. A position that comes a third "
            f"time, fifty moves of each side without a capture or a pawn's move, and ply {max_plies} are draws at once. "
            "Moves are typed as e2e4 or Nf3."
        )

    def _begin(self) -> ChessPosition:
        return self._start

    def _after(self, position: ChessPosition, action: int) -> ChessPosition:
        return position.after(action)

    def _legal(self, position: ChessPosition) -> list[int]:
        return position.legal

    def _over(self, position: ChessPosition) -> bool:
        return position.over

    def _mover(self, position: ChessPosition) -> int:
        return 0 if position.board.turn == chess.WHITE else 1

    def _returns(self, position: ChessPosition) -> tuple[float, float]:
        if not position.mated():
            return 0.0, 0.0
        return (-1.0, 1.0) if position.board.turn == chess.WHITE else (1.0, -1.0)

    def _observe(self, position: ChessPosition, player: int, out: NDArray[np.float32]) -> None:
        """AlphaZero's planes (table S1), Black's board mirrored so that the player's pawns go up the board.

        For each position, newest first: the player's pawn, knight, bishop, rook, queen, king; the opponent's; whether the position
        was there once before, and twice. Then whole planes: the player is Black, move number / 100 (at most 1), the player's right
        to castle on the king's and on the queen's side, the opponent's, and plies without progress / 100.
        """
        board, black = position.board, player == 1
        shown: list[NDArray[np.uint64]] = []
        past: ChessPosition | None = position
        while past is not None and len(shown) < self._history:
            shown.append(past.pieces())
            past = past.before
        words = np.stack(shown)
        if black:
            words[:, :, :6] = words[:, ::-1, :6].byteswap()
        words = np.concatenate([words[:, :, :6].reshape(len(shown), 12), words[:, :, 6]], axis=1)
        bits = np.unpackbits(words.astype("<u8").view(np.uint8), bitorder="little").reshape(14 * len(shown), 8, 8)
        out[: len(bits)] = bits[:, ::-1]  # row 0 on top
        out[len(bits) :] = 0
        rights = (board.has_kingside_castling_rights, board.has_queenside_castling_rights)
        castling = [has_right(side) for side in (not black, black) for has_right in rights]
        whole = (black, min(board.fullmove_number / 100, 1.0), *castling, board.halfmove_clock / 100)
        out[14 * self._history :] = np.array(whole, np.float32)[:, None, None]

    @property
    def mirror(self) -> NDArray[np.int32]:
        """The action on the other half of the board, top to bottom: e2e4 for e7e5."""
        return _MIRROR

    def board(self, position: Position) -> chess.Board:
        """A position as python-chess has it, the moves that led to it included; a copy, for notations and other programs."""
        board, past = self._start.board.copy(), self._start
        for action in position.history:
            board.push(past.move(action))
            past = self._after(past, action)
        return board

    def action(self, move: chess.Move) -> int:
        """The action of a move of python-chess. Raises UserError for none."""
        action = _ACTIONS.get((move.from_square, move.to_square, move.promotion))
        if action is None:
            raise UserError(f"{move.uci()} is no move of chess")
        return action

    def parse_action(self, text: str) -> int:
        name = text.strip().casefold()
        return super().parse_action(name[:4] if len(name) == 5 and name[3] in "18" and name.endswith("q") else text)

    def parse_move(self, text: str, position: Position) -> int:
        """A name, or the move in English notation (SAN): Nf3, exd5, O-O, e8=Q; nf3 and o-o where they are not another move."""
        try:
            return self.parse_action(text)
        except UserError:
            action = self._san(text.strip(), position)
            if action is None:
                raise
            return action

    def _san(self, text: str, position: Position) -> int | None:
        """The action of a move in SAN; None for what is none. Raises IllegalAction where it is no legal one, or several."""
        board, is_san = self.at(position.row).board, False
        for written in (text, text[:1].upper() + text[1:], text.upper()):
            try:
                move = board.parse_san(written)
            except chess.InvalidMoveError:
                continue
            except chess.AmbiguousMoveError as error:
                raise IllegalAction(f"{text} can be more than one move here; name both squares, as in e2e4") from error
            except chess.IllegalMoveError:
                is_san = True
            else:
                return self.action(move)
        if is_san:
            raise IllegalAction(position.refusal(text))
        return None

    @property
    def labels(self) -> Labels:
        """Files and ranks."""
        return _GRID.labels

    def picture(self, row: States) -> Picture:
        """White's pieces are capitals; a king that is checkmated is marked."""
        position = self.at(row)
        glyphs, owners = [["."] * 8 for _ in range(8)], np.full((8, 8), -1, np.int8)
        for square, piece in position.board.piece_map().items():
            point = 7 - chess.square_rank(square), chess.square_file(square)
            glyphs[point[0]][point[1]], owners[point] = piece.symbol(), 0 if piece.color == chess.WHITE else 1
        king = position.board.king(position.board.turn)
        marks = {(7 - chess.square_rank(king), chess.square_file(king))} if king is not None and position.mated() else set()
        return Picture(glyphs, owners, frozenset(marks))

    def _text(self, position: ChessPosition) -> str:
        """The board with the ranks on the left and the files below."""
        ranks = str(position.board).splitlines()
        return "\n".join([*(f"{8 - i} {rank}" for i, rank in enumerate(ranks)), "  a b c d e f g h"])


def _name(action: int) -> str:
    """As UCI writes it; the actions that would leave the board are called by their square and plane."""
    move = _MOVES[action]
    point, plane = divmod(action, PLANES)
    return move.uci() if move else f"{chess.square_name(chess.square(point % 8, 7 - point // 8))}-{plane}"


def _board(variant: str, position: int, fen: str) -> chess.Board:
    """The start board. Raises UserError for a FEN that is none, or of a position that cannot be."""
    chess960 = variant == "960"
    if not fen:
        return chess.Board.from_chess960_pos(position) if chess960 else chess.Board()
    if len(fen) > _LONGEST_FEN:
        raise UserError(
            f"fen={fen[:20]!r}... is no position: it has {len(fen):,} characters, and {_LONGEST_FEN} are enough for any"
        )
    try:
        board = chess.Board(fen, chess960=chess960)
    except ValueError as error:
        raise UserError(f"fen={fen!r} is no position: {error}") from error
    if not board.is_valid() or any(_promoted(board, colour) > 8 for colour in chess.COLORS):
        raise UserError(f"fen={fen!r} is a position that cannot be in {variant} chess")
    return board


def _promoted(board: chess.Board, colour: chess.Color) -> int:
    """Pawns of a side, and pieces that must have been pawns."""
    more = ((chess.KNIGHT, 2), (chess.BISHOP, 2), (chess.ROOK, 2), (chess.QUEEN, 1))
    extra = sum(max(0, len(board.pieces(piece, colour)) - usual) for piece, usual in more)
    return extra + len(board.pieces(chess.PAWN, colour))
