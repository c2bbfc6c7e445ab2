"""The wheel holds every room under the one name, and nothing else; the pins cover everything; the public names are there."""

import importlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import zerodojo

ROOT = Path(zerodojo.__file__).parent
NOT_PACKAGED = {"benchmarks", "build", "dist", "docs", "examples", "runs", "tests"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = PROJECT["tool"]["setuptools"]["packages"]


def modules_on_disk():
    """Every Python file that belongs in the package, relative to the root."""
    found = []
    for folder, names, files in os.walk(ROOT):
        here = Path(folder).relative_to(ROOT)
        names[:] = [n for n in names if not n.startswith((".", "__")) and (here != Path() or n not in NOT_PACKAGED)]
        found += [here / name for name in files if name.endswith(".py")]
    return found


def test_package_list_is_what_is_on_disk():
    folders = {".".join(("zerodojo", *module.parent.parts)) for module in modules_on_disk()}
    assert sorted(folders) == sorted(PACKAGES)
    assert sorted(set(PACKAGES)) == PACKAGES
    for package in PACKAGES:
        assert ROOT.joinpath(*package.split(".")[1:], "__init__.py").is_file()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from a copy: setuptools writes beside its sources."""
    tmp = tmp_path_factory.mktemp("wheel")
    ignored = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist", "runs")
    shutil.copytree(ROOT, tmp / "source", ignore=ignored)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp), str(tmp / "source")]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = tmp.glob("*.whl")
    return path


def test_wheel_holds_every_module_and_no_tests(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    info = f"zerodojo-{zerodojo.__version__}.dist-info"
    assert {name.split("/")[0] for name in names} == {"zerodojo", info}
    expected = {"zerodojo/" + module.as_posix() for module in modules_on_disk()}
    for pattern in PROJECT["tool"]["setuptools"]["package-data"]["zerodojo"]:
        expected |= {"zerodojo/" + path.relative_to(ROOT).as_posix() for path in ROOT.glob(pattern) if path.is_file()}
    assert {name for name in names if name.startswith("zerodojo/")} == expected
    assert f"{info}/licenses/LICENSE" in names


def test_wheel_runs_from_anywhere(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    script = "import zerodojo.cli.main as m; print(m.__file__); raise SystemExit(m.main(['list', 'games']))"
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "site")}
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, env=environment, check=True)
    assert said.stdout.startswith(str(tmp_path / "site"))
    assert "connect_four" in said.stdout


def test_nothing_is_put_beside_what_is_installed(wheel, tmp_path):
    """Python takes a folder of the package's name that an uninstallation leaves behind for the package."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "site"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    environment.pop("NUMBA_CACHE_DIR", None)
    before = {path for path in (tmp_path / "site").rglob("*") if path.is_file()}
    script = "import numpy; from zerodojo.envs.rng import mix64; print(mix64(numpy.uint64(1)))"
    subprocess.run([sys.executable, "-B", "-c", script], cwd=tmp_path, env=environment, check=True)
    assert {path for path in (tmp_path / "site").rglob("*") if path.is_file()} == before
    assert list((tmp_path / "cache" / "zerodojo" / "kernels").rglob("*.nbc"))


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def is_installed(name):
    try:
        return bool(distribution(name))
    except PackageNotFoundError:
        return False


def is_needed_by_tests(name):
    extras = PROJECT["project"]["optional-dependencies"]
    others = ("atari", "box2d", "envpool", "minatar", "minigrid", "mujoco", "peers", "video")
    heavy = {Requirement(line).name for extra in others for line in extras[extra]}
    return name not in heavy


def pins():
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")]
    for line in lines:
        assert re.fullmatch(r"[\w.-]+==[\w.]+", line), line
    return {canonical(line.partition("==")[0]): line.partition("==")[2] for line in lines}


@pytest.mark.skipif(sys.platform != "linux", reason="the pins are those of a Linux installation")
def test_every_package_that_an_installation_brings_is_pinned():
    pinned = pins()
    seen, waiting = set(), []
    requirements = [*PROJECT["project"]["dependencies"], *chain(*PROJECT["project"]["optional-dependencies"].values())]
    waiting += [(r.name, extra) for r in map(Requirement, requirements) if r.name != "zerodojo" for extra in ("", *r.extras)]
    while waiting:
        name, extra = waiting.pop()
        if (canonical(name), extra) in seen or name.startswith(("nvidia-", "cuda-", "triton")):  # torch pins those itself
            continue
        seen.add((canonical(name), extra))
        assert canonical(name) in pinned
        try:
            installed = distribution(name)
        except PackageNotFoundError:  # of an extra that the tests do without: what it brings in turn cannot be asked
            assert not is_needed_by_tests(name), name
            continue
        assert installed.version.partition("+")[0] == pinned[canonical(name)], name
        for requirement in map(Requirement, installed.requires or []):
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                waiting += [(requirement.name, further) for further in ("", *requirement.extras)]
    unseen = set(pinned) - {name for name, _ in seen}
    assert not {name for name in unseen if is_installed(name)}  # and nothing is pinned that is not needed


def test_version_is_one():
    assert PROJECT["project"]["version"] == zerodojo.__version__ == distribution("zerodojo").version


@pytest.mark.parametrize("package", PACKAGES)
def test_exported_names_exist(package):
    module = importlib.import_module(package)
    names = getattr(module, "__all__", [])
    assert len(set(names)) == len(names)
    for name in names:
        assert getattr(module, name) is not None


def test_the_public_names():
    assert zerodojo.__all__ == ["UserError", "__version__", "agents", "envs", "register_envs", "train", "train_agent"]
    assert zerodojo.envs.make("tic_tac_toe").start().legal_actions() == tuple(range(9))
    assert set(zerodojo.__all__) <= set(dir(zerodojo))
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        zerodojo.trian  # noqa: B018


def test_importing_the_package_is_cheap():
    script = "import sys, zerodojo; print(sorted({'numba', 'torch', 'ray', 'openvino', 'numpy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_checkout_may_have_any_name(tmp_path: Path) -> None:
    """A folder called zerodojo-main is no name that Python could import."""
    checkout = tmp_path / "my-clone.1"
    (checkout / "tests").mkdir(parents=True)
    for name in ("pyproject.toml", "__init__.py"):
        shutil.copy(ROOT / name, checkout)
    (checkout / "tests" / "test_one.py").write_text("def test_one():\n    pass\n")
    done = subprocess.run([sys.executable, "-m", "pytest", "-q"], cwd=checkout, capture_output=True, text=True, timeout=60)
    assert "1 passed" in done.stdout, done.stdout
