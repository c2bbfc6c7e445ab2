"""docs/adding-a-game.md works as it is written: its file and its entry, in a copy of the package, make a game that is learned."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import zerodojo

ROOT = Path(zerodojo.__file__).parent
FILE, ENTRY, CHECK = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "adding-a-game.md").read_text(), re.DOTALL)
TINY = shlex.split(
    "--mode sync --workers 0 --network.channels 8 --network.blocks 1 --self-play.games 8 --self-play.first-generation 50 "
    "--search.simulations 4 --learner.batch 16 --learner.first-publish 1 --self-play.engine torch-fp32 --evaluate-steps 1000000"
)  # what is small and needs no Ray
GAMES = "GAMES: dict[str, GameEntry] = {\n"


def test_the_file_is_short():
    assert len(FILE.splitlines()) < 120


@pytest.mark.timeout(300)
def test_the_page_can_be_followed(tmp_path):
    package, registry = tmp_path / "zerodojo", ROOT / "envs" / "registry.py"
    (package / "envs").mkdir(parents=True)
    rooms = {init.parent for init in ROOT.glob("*/__init__.py")} - {ROOT / "envs"}
    for path in (*ROOT.glob("*.py"), *rooms, *set(ROOT.glob("envs/*")) - {registry}):
        (package / path.relative_to(ROOT)).symlink_to(path)
    assert GAMES in registry.read_text()
    (package / "envs" / "registry.py").write_text(registry.read_text().replace(GAMES, GAMES + ENTRY))
    (package / "envs" / "squava.py").write_text(FILE)
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "NUMBA_CACHE_DIR": str(tmp_path / "kernels")}

    def run(*words):
        return subprocess.run([sys.executable, *words], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=280)

    checked = run("-W", "error", "-c", f"import zerodojo\nassert zerodojo.__file__.startswith({str(package)!r})\n{CHECK}")
    assert checked.returncode == 0, checked.stderr
    learned = run("-m", "zerodojo.cli.main", "train", "squava", "--run", "runs/squava", "--steps", "3", *TINY)
    assert learned.returncode == 0, learned.stderr
    assert (tmp_path / "runs" / "squava" / "checkpoints").is_dir()
    met = run("-m", "zerodojo.cli.main", "evaluate", "runs/squava", "--opponent", "random", "--games", "2", "--simulations", "4")
    assert met.returncode == 0, met.stderr
    played = run(
        "-m", "zerodojo.cli.main", "play", "squava", "--opponent", "random", "--option", "size=4", "--moves", "a1 b2 a2 c3 a3"
    )
    assert "[X]" in played.stdout and "The opponent wins after 5 moves." in played.stdout, played.stderr
