"""The wheels: built, static, installed where there is no compiler, run, and synced by PyAirbyte into DuckDB.
The two connectors are packed in the images' builder stage, where they are compiled already."""

import gzip
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import zipfile

import pytest

from pyairbyte import two_syncs_make_the_account
from surroundings import (
    CERTIFICATES,
    DESTINATION_IMAGE,
    DOCKER,
    IMAGE,
    ROOT,
    Output,
    Simulator,
    config,
    destination_config,
    names_each_crate,
)

SOURCE, DESTINATION = "source-zendesk-support", "destination-zendesk-support"
IMAGES = {SOURCE: IMAGE, DESTINATION: DESTINATION_IMAGE}
SIMULATOR = "zendesk-simulator"
FOLDERS = {SOURCE: ".", DESTINATION: "destination", SIMULATOR: "integration_tests/simulator"}

COMPILE = ROOT / "packaging" / "wheels" / "compile"

# A first build included.
LONGEST = 1200


def run(*words, **options):
    """Runs a command, which has to succeed, with the tools of this environment."""
    path = f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"
    options["env"] = {**os.environ, "PATH": path, **options.get("env", {})}
    ended = subprocess.run(words, capture_output=True, text=True, timeout=LONGEST, **options)
    assert ended.returncode == 0, f"{words}\n{ended.stdout[-2000:]}\n{ended.stderr[-3000:]}"
    return ended.stdout


def in_builder(place):
    """A command line that runs another in the builder stage, which has the programs compiled, with what packs
    them and with a folder of this machine."""
    maturin = shutil.which("maturin", path=str(pathlib.Path(sys.executable).parent))
    line = [DOCKER, "run", "--rm", "--network", "host", "--volume", f"{place}:{place}"]
    line += ["--volume", f"{maturin}:/usr/local/bin/maturin:ro"]
    for path in ("packaging/wheels", "pyproject.toml", "destination/pyproject.toml"):
        line += ["--volume", f"{ROOT / path}:/build/{path}:ro"]
    # Here it is a link, which leads nowhere there.
    line += ["--volume", f"{ROOT / 'LICENSE'}:/build/destination/LICENSE:ro"]
    return [*line, f"{IMAGE}-builder"]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """The wheel of each program."""
    place = tmp_path_factory.mktemp("wheels")
    build = ROOT / "packaging" / "wheels" / "build"
    there = " ".join([*in_builder(place), "packaging/wheels/compile"])
    run(str(build), SOURCE, DESTINATION, env={"OUT": str(place), "COMPILE": there})
    run(str(build), SIMULATOR, env={"OUT": str(place)})
    found = {path.name.split("-")[0].replace("_", "-"): path for path in place.glob("*.whl")}
    assert found.keys() == FOLDERS.keys()
    return found


@pytest.fixture(scope="module")
def installed(wheels, tmp_path_factory):
    """Where the programs are, in an environment that was fresh and knows of no compiler."""
    place = tmp_path_factory.mktemp("fresh")
    run(sys.executable, "-m", "venv", str(place))
    path = str(place / "bin")
    for tool in ("cargo", "rustc", "cc", "gcc", "docker"):
        assert not shutil.which(tool, path=path), tool
    # Nothing is fetched: a wheel has all that its program needs.
    install = [place / "bin" / "pip", "install", "--no-index", "--disable-pip-version-check"]
    ended = subprocess.run(
        [*install, *wheels.values()], env={"PATH": path}, capture_output=True, text=True, timeout=LONGEST
    )
    assert ended.returncode == 0, ended.stderr
    return place / "bin"


@pytest.fixture(scope="module")
def sim(installed):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIMULATOR", str(installed / SIMULATOR))
        with Simulator("--size", "small", "--scale", "60") as sim:
            yield sim


@pytest.mark.parametrize("name", FOLDERS)
def test_one_wheel_is_for_every_linux_of_its_architecture(wheels, installed, name):
    machine = os.uname().machine
    *_, python, abi, platforms = wheels[name].stem.split("-")
    assert (python, abi) == ("py3", "none")
    tags = {f"manylinux2014_{machine}", f"manylinux_2_17_{machine}", f"musllinux_1_1_{machine}"}
    assert set(platforms.split(".")) == tags
    # It names no loader and no library: it runs whatever C library the machine has, or none.
    segments = run("readelf", "--wide", "--program-headers", str(installed / name))
    assert "LOAD" in segments and "INTERP" not in segments
    assert "(NEEDED)" not in run("readelf", "--wide", "--dynamic", str(installed / name))


@pytest.mark.parametrize("name", FOLDERS)
def test_a_wheel_says_what_is_inside(wheels, name):
    with zipfile.ZipFile(wheels[name]) as wheel:
        names = wheel.namelist()
        (place,) = [name for name in names if "/sboms/" in name]
        licences = {pathlib.PurePath(name).name: wheel.read(name) for name in names if "/licenses/" in name}
        raw = wheel.read(place)
    assert licences.keys() == {"LICENSE", "LICENSES.gz"}
    assert licences["LICENSE"].decode() == (ROOT / "LICENSE").read_text()
    listed = json.loads(raw)
    assert names_each_crate(gzip.decompress(licences["LICENSES.gz"]).decode(), listed)
    assert listed["metadata"]["component"]["name"] == name
    assert {"rust-std", "tokio"} <= {component["name"] for component in listed["components"]}
    if name in IMAGES:
        cat = [DOCKER, "run", "--rm", "--entrypoint", "/bin/cat", IMAGES[name]]
        assert raw == subprocess.check_output([*cat, f"/usr/share/doc/{name}/sbom.cdx.json"])


@pytest.mark.parametrize("name", [SOURCE, DESTINATION])
def test_a_program_runs_where_there_is_no_compiler(installed, sim, tmp_path, name):
    def command(*words):
        surroundings = {
            "PATH": str(installed),
            "ZENDESK_BASE_URL": sim.url,
            "ZENDESK_CLOCK_SCALE": "60",
            "SSL_CERT_FILE": str(CERTIFICATES / "authority.pem"),
        }
        ended = subprocess.run([name, *words], env=surroundings, capture_output=True, timeout=300)
        return Output(ended).complete()

    (spec,) = command("spec").of_type("SPEC")
    given = config() if name == SOURCE else destination_config()
    assert given.keys() <= spec["spec"]["connectionSpecification"]["properties"].keys()
    (tmp_path / "config.json").write_text(json.dumps(given))
    (status,) = command("check", "--config", str(tmp_path / "config.json")).of_type("CONNECTION_STATUS")
    assert status["connectionStatus"] == {"status": "SUCCEEDED"}


def test_pyairbyte_installs_the_wheel_and_two_syncs_make_the_account(wheels, installed, monkeypatch):
    monkeypatch.setenv("SIMULATOR", str(installed / SIMULATOR))
    monkeypatch.setenv("WHEEL", str(wheels[SOURCE]))
    # uv is there, which PyAirbyte asks for an environment; no compiler is.
    tools = str(pathlib.Path(sys.executable).parent)
    assert shutil.which("uv", path=tools) and not shutil.which("cargo", path=tools)
    monkeypatch.setenv("PATH", tools)
    # Otherwise it would fetch an interpreter.
    monkeypatch.setenv("UV_PYTHON", os.path.realpath(sys.executable))
    two_syncs_make_the_account("wheel")


def test_the_page_shows_how_a_wheel_is_built_and_installed(wheels, tmp_path):
    page = (ROOT / "docs" / "running.md").read_text()
    fence = "sh wheels"
    build, install = re.findall(rf"^```{fence}\n(.*?)^```$", page, flags=re.DOTALL | re.MULTILINE)
    # These two are done already, by the same versions of the same tools.
    tools, script = build.splitlines()
    wanted = (ROOT / "acceptance" / "requirements" / "pyairbyte.in").read_text().splitlines()
    assert set(shlex.split(tools)[2:]) < set(wanted) and (ROOT / script).exists()
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "wheels").symlink_to(wheels[SOURCE].parent)
    assert '"connectionSpecification"' in run("sh", "-euc", install, cwd=tmp_path)


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """The source distribution of each program, unpacked."""
    place = tmp_path_factory.mktemp("sources")
    found = {}
    for name, folder in FOLDERS.items():
        run("maturin", "sdist", "--manifest-path", f"{ROOT / folder}/Cargo.toml", "--out", str(place / name))
        (packed,) = (place / name).glob("*.tar.gz")
        with tarfile.open(packed) as archive:
            archive.extractall(place, filter="data")
        found[name] = place / packed.name.removesuffix(".tar.gz")
    return found


def locked(folder):
    """The crates of a lock file, each with its digest."""
    text = (folder / "Cargo.lock").read_text()
    crates = re.findall(r'name = "(.*)"\nversion = "(.*)"\n(?:source = .*\nchecksum = "(.*)"\n)?', text)
    assert len(crates) == text.count("[[package]]")
    return set(crates)


@pytest.mark.parametrize("name", FOLDERS)
def test_a_source_distribution_is_whole(sources, name):
    # Nothing is missed that the other members of the workspace bring, and each crate is of the version that is
    # locked. The lock file has what only others need too, so cargo makes it shorter.
    package = name.removeprefix("zendesk-") if name == SIMULATOR else name
    tree = ["cargo", "tree", "--offline", "--edges", "normal", "--package", package, "--depth", "0"]
    assert run(*tree, cwd=sources[name]).startswith(package)
    assert locked(sources[name]) <= locked(ROOT)
    assert (sources[name] / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()


def test_a_wheel_is_built_from_a_source_distribution(sources, installed):
    # That of the simulator, which is compiled soonest, by the libraries of its wheel.
    target = re.search(r"^host: (.*)$", run("rustc", "-vV"), flags=re.MULTILINE)[1]
    flags = re.search(r'^export RUSTFLAGS="(.*)"$', COMPILE.read_text(), flags=re.MULTILINE)[1]
    place = sources[SIMULATOR]
    shared = os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target"))
    options = ["--release", "--target", target, "--target-dir", shared, "--out", "."]
    run("maturin", "build", *options, cwd=place, env={"RUSTFLAGS": flags})
    (built,) = place.glob("*.whl")
    with zipfile.ZipFile(built) as wheel:
        (path,) = [name for name in wheel.namelist() if name.endswith(f"/scripts/{SIMULATOR}")]
        wheel.extract(path, place)
    (place / path).chmod(0o755)
    # It has the same rows, the samples among them.
    answers = []
    for program in (place / path, installed / SIMULATOR):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SIMULATOR", str(program))
            with Simulator("--size", "tiny") as sim:
                answers.append([sim.order("truth", stream) for stream in ("tickets", "brands", "articles")])
    assert answers[0] == answers[1] and all(answers[0])
