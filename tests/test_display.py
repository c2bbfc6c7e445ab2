"""How training is shown: the panel holds its size whatever it shows, plain lines come in time and without control codes."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from zerodojo.agents.alphazero.learner import Losses
from zerodojo.agents.alphazero.training import Progress
from zerodojo.agents.registry import preset_for
from zerodojo.cli.display import ECHO, NEWS, STOPPING, WIDTH, PanelDisplay, PlainDisplay, duration, open_display, size, summary

CONFIG = preset_for("connect_four")
START = Progress(
    phase="starting self-play; the first start on a machine compiles the rules and the search",
    seconds=0.0,
    seconds_left=600.0,
    step=0,
    steps_left=None,
    games=0,
    positions=0,
    under_way=0,
    positions_per_second=None,
    uses=0.0,
    losses=None,
    version=0,
    lag=(0.0, 0.0),
    engine="uniform",
    disk=0,
    strength="",
    notices=(),
)
LATER = replace(
    START,
    phase="learning",
    seconds=3700.0,
    seconds_left=100.0,
    step=123_456,
    games=1_234_567,
    positions=56_789_012,
    under_way=12_288,
    positions_per_second=12_345.6,
    uses=3.94,
    losses=Losses(policy_loss=0.412, value_loss=0.312, policy_entropy=1.23, gradient_norm=1.0, learning_rate=0.00123),
    version=123_400,
    lag=(55.0, 102.0),
    engine="torch-cuda-bf16",
    disk=12_345_678_901,
    strength="scores 95% against plain tree search with 200 random playouts; keeps the best outcome in 91% of critical positions",
)


def panel(*reports, width=80, seconds=0.0, stopping=False):
    """What the panel shows some seconds after the last report, line by line."""
    now = [0.0]
    display = PanelDisplay(CONFIG, "runs/connect_four", clock=lambda: now[0])
    for report in reports:
        display.report(report)
    if stopping:
        display.stopping()
    now[0] = seconds
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None, legacy_windows=False)
    console.print(display.render())
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize(
    "reports",
    [
        [START],
        [LATER],
        [replace(LATER, notices=("self-play worker 0 (process 1234) died; process 2345 takes its place",) * 9)],
        [replace(LATER, notices=("a notice that is far longer than the line it is given, " * 3,))],
        [replace(LATER, strength="word " * 100, phase="doing " * 50)],
    ],
)
@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_the_panel_always_has_the_same_size(reports, width):
    lines = panel(*reports, width=width)
    assert len(lines) == len(panel(START)) <= 22
    assert {len(line) for line in lines} == {min(width - ECHO, WIDTH)}


def test_the_panel_says_what_a_newcomer_wants_to_know():
    shown = " ".join(word for line in panel(LATER) for word in line.strip("│ ").split())
    for words in (
        "Connect Four",
        "learning",
        "1:01:40 of 1:03:20",
        "1,234,567 games, 56,789,012 positions, 12,346 positions/s",
        "12,288 positions, in games that have not ended",
        "version 123,400 on torch-cuda-bf16; 55 steps old (95%: 102)",
        "step 123,456, 3.9 uses a position, learning rate 0.0012",
        "moves 0.412, outcome 0.312",
        "as if between 3.4 moves (policy entropy 1.23)",
        "runs/connect_four, 12.3 GB on disk",
        LATER.strength,
        "Ctrl-C saves and leaves",
    ):
        assert words in shown
    assert "compiles" in "".join(panel(START))
    assert f"is measured every {CONFIG.run.evaluate_steps:,} steps" in "".join(panel(START))
    assert "nothing saved yet" in "".join(panel(START))


def test_the_clock_goes_on_between_reports_and_stands_at_the_end():
    assert "0:07 of 10:00" in "".join(panel(START, seconds=7.5))
    assert "1:01:40 of" in "".join(panel(replace(LATER, phase="done"), seconds=7.5))


def test_a_run_of_steps_and_one_without_end():
    steps = replace(LATER, seconds_left=None, steps_left=44)
    assert "step 123,456 of 123,500, 1:01:40" in "".join(panel(steps))
    assert "until Ctrl-C" in "".join(panel(replace(LATER, seconds_left=None)))


def test_where_the_terminal_writes_ctrl_c_the_panel_is_still_drawn_over_itself():
    """A full line would wrap, and the panel be drawn again one line below."""
    assert max(map(len, panel(LATER, width=80))) + len("^C") <= 80


def test_ctrl_c_is_answered_in_the_panel():
    assert STOPPING in "".join(panel(LATER, stopping=True))
    assert STOPPING not in "".join(panel(replace(LATER, phase="done"), stopping=True))


def test_the_newest_notices_are_shown():
    lines = "\n".join(panel(replace(LATER, notices=tuple(f"news {i}" for i in range(5)))))
    assert [i for i in range(5) if f"news {i}" in lines] == list(range(5 - NEWS, 5))


def test_a_notice_is_whole_though_it_takes_several_lines():
    long = "self-play engine: openvino-int8, which agrees with fp32 on 99.1% of 1,024 positions, its values differ by 0.004"
    shown = panel(replace(LATER, notices=(*(f"news {i}" for i in range(9)), long)), width=60)
    words = " ".join(" ".join(line.strip("│ ") for line in shown).split())
    assert long in words and "news 8" in words and "news 4" not in words


def test_before_the_first_game_ends_there_is_something_to_see():
    lines = "".join(panel(replace(START, under_way=3_412, positions_per_second=850.0)))
    assert "0 games, 0 positions, 850 positions/s" in lines and "3,412 positions, in games" in lines
    assert "positions/s" not in "".join(panel(START))  # none were made: there is no rate yet
    assert "0 games, 0 positions (850/s), 3,412 under way" in summary(replace(START, under_way=3_412, positions_per_second=850.0))


def test_plain_lines_come_now_and_then(capsys):
    now = [0.0]
    display = PlainDisplay(CONFIG, "runs/x", clock=lambda: now[0])
    for second in range(181):
        now[0] = float(second)
        display.report(replace(LATER, seconds=now[0], seconds_left=600 - now[0], notices=("a worker died",) * (second == 33)))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Connect Four, in runs/x: learning"
    assert [line.partition(" ")[0] for line in lines[1:] if "positions" in line] == [
        *("0:10", "0:20", "0:30", "0:40", "0:50"),
        *("1:20", "1:50", "2:20", "2:50"),
    ]
    assert [line for line in lines if "worker" in line] == ["0:33  a worker died"]
    assert not any("\x1b" in line for line in lines)


def test_plain_lines_tell_a_new_strength_at_once(capsys):
    display = PlainDisplay(CONFIG, "runs/x", clock=lambda: 0.0)
    for strength in ("", "scores 50%", "scores 50%", "scores 60%"):
        display.report(replace(LATER, seconds=5.0, strength=strength))
    assert capsys.readouterr().out.splitlines()[1:] == ["0:05  strength: scores 50%", "0:05  strength: scores 60%"]


def test_without_a_terminal_the_lines_are_plain(capsys):
    with open_display(CONFIG, "runs/x") as display:
        assert isinstance(display, PlainDisplay)


def test_times_and_sizes_for_people():
    assert [duration(seconds) for seconds in (0, 7.9, 67, 3723)] == ["0:00", "0:07", "1:07", "1:02:03"]
    assert [size(count) for count in (0, 1500, 2_340_000, 5.6e9)] == ["0 bytes", "2 kB", "2.3 MB", "5.6 GB"]
