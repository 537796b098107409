"""`realm skill new`: its stub loads, its tests fail until everything is filled in, and pass then."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from cli_helpers import run

from realm.errors import ConflictError
from skills import SkillCatalog

ROOT = Path(__file__).parents[2]

DRAW = """
    low, high = 10 ** (content.size - 1), 10**content.size
    left, right = random.randrange(low, high), random.randrange(low, high)
    first, second = sorted((left, right))
    return Question(key=f"add {first} {second}", prompt=f"{left} + {right} =", answer=str(left + right))
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REALM_HOME", str(tmp_path / "home"))


def pytest_on(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(path.parent), str(path)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        cwd=path.parent,
    )


def fill_in(folder: Path) -> None:
    """What an author does, for sums of numbers of one to three digits."""
    provider = folder / "sums.py"
    before, head, after = provider.read_text().partition("def draw(content: Content, random: Random) -> Question:\n")
    rest = after[after.index("def compile_level") :]
    text = f'{before}{head}    """Two numbers of `size` digits to add."""{DRAW}\n\n{rest}'
    text = text.replace("FILL IN: what it asks, in one line.", "Sums.").replace(
        "FILL IN: what makes a level harder; rename it, add others.", "Digits of each number."
    )
    provider.write_text(text)
    path = folder / "sums.yaml"
    path.write_text("\n".join(line for line in path.read_text().splitlines() if not line.startswith("# FILL IN")))
    fields = yaml.safe_load(path.read_text())
    for name in ("name", "description", "category"):
        fields[name] = "sums"
    for entry, longest in zip(fields["levels"], (2, 3, 4), strict=True):
        entry.update(title="sums", memorizable=longest == 2, max_response_chars=longest)
    path.write_text(yaml.safe_dump(fields))
    tests = folder / "test_sums.py"
    tests.write_text(tests.read_text().replace("FILL IN: what rises", "What rises"))


def test_the_tests_of_a_new_skill_fail_until_it_is_filled_in_and_pass_then(tmp_path: Path) -> None:
    done = run("skill", "new", "sums", "--into", str(tmp_path))
    assert done.code == 0
    assert str(tmp_path / "test_sums.py") in done.out
    failing = pytest_on(tmp_path / "test_sums.py")
    assert failing.returncode == 1, failing.stdout + failing.stderr
    assert " passed" not in failing.stdout.splitlines()[-1]
    assert "draw in sums.py is not written yet. Let it return a Question." in failing.stdout
    assert "sums.yaml:1: # FILL IN" in failing.stdout
    fill_in(tmp_path)
    passing = pytest_on(tmp_path / "test_sums.py")
    assert passing.returncode == 0, passing.stdout


def test_the_tests_notice_what_is_filled_in_wrongly(tmp_path: Path) -> None:
    run("skill", "new", "sums", "--into", str(tmp_path))
    fill_in(tmp_path)
    path = tmp_path / "sums.yaml"
    fields = yaml.safe_load(path.read_text())
    fields["levels"][0].update(memorizable=False, max_response_chars=9)
    fields["levels"][2].update(memorizable=True, content={"size": 1})
    path.write_text(yaml.safe_dump(fields))
    failing = pytest_on(tmp_path / "test_sums.py").stdout
    assert "memorizable is False; " in failing
    assert "max_response_chars is 9, not 2" in failing
    assert "hardness by level" in failing
    assert "level 1 asks what the memorizable level 3 trains" in failing


def test_the_stub_loads_and_says_what_is_missing(tmp_path: Path) -> None:
    run("skill", "new", "sums", "--into", str(tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sums.py", "sums.yaml", "test_sums.py"]
    skill = SkillCatalog.load(tmp_path).skills["sums"]
    assert (skill.id, skill.max_level) == ("sums", 3)
    with pytest.raises(ConflictError, match=r"draw in sums\.py is not written yet"):
        skill.generate(1, 1, 0, "train")


@pytest.mark.parametrize("name", ["null", "on", "no", "true", "yes"])
def test_a_name_that_yaml_takes_for_another_value_is_an_id(tmp_path: Path, name: str) -> None:
    assert run("skill", "new", name, "--into", str(tmp_path)).code == 0
    assert list(SkillCatalog.load(tmp_path).skills) == [name]


def test_in_a_source_tree_the_tests_go_to_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "skills").mkdir()
    (tmp_path / "skills" / "catalog.py").touch()
    (tmp_path / "tests" / "unit").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert run("skill", "new", "sums").code == 0
    tests = tmp_path / "tests" / "unit" / "test_skills_sums.py"
    assert (tmp_path / "skills" / "sums.yaml").exists()
    assert 'HERE = Path(__file__).parents[2] / "skills"' in tests.read_text()
    ast.parse(tests.read_text())


@pytest.mark.parametrize("name", ["sums.yaml", "sums.py", "test_sums.py"])
def test_nothing_is_overwritten(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    done = run("skill", "new", "sums", "--into", str(tmp_path))
    assert done.code == 1
    assert f"{tmp_path / name} exists." in done.err
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [name]
    assert (tmp_path / name).read_text() == "mine"


@pytest.mark.parametrize("name", ["Sums", "1st", "a-b", "../sums", "a.b", ""])
def test_a_name_that_is_no_id_is_refused(tmp_path: Path, name: str) -> None:
    done = run("skill", "new", name, "--into", str(tmp_path / "into"))
    assert done.code == 1
    assert f"{name!r} is no id of a skill." in done.err
    assert not (tmp_path / "into").exists()


def test_a_skill_that_is_there_is_refused(tmp_path: Path) -> None:
    done = run("skill", "new", "bin", "--into", str(tmp_path / "into"))
    assert (done.code, "There is a skill 'bin' already." in done.err) == (1, True)


def test_outside_a_source_tree_a_folder_has_to_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("skill", "new", "sums")
    assert done.code == 1
    assert "--into" in done.err
    assert not (tmp_path / "skills").exists()
