"""The stand-ins of the artifact actions refuse what the real ones are published to refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.act.artifacts import MOST_OF_A_JOB, Artifacts, RefusedError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def run(tmp_path: Path) -> Artifacts:
    (tmp_path / "500").mkdir()
    return Artifacts(tmp_path / "500")


def tree(place: Path, **files: str) -> str:
    for name, text in files.items():
        path = place / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return str(place)


def names(place: Path) -> set[str]:
    return {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()}


def test_a_lone_match_is_unpacked_straight_into_the_path(run: Artifacts, tmp_path: Path) -> None:
    run.upload("ledger-1-0", tree(tmp_path / "a", run__plan="0"), job="1")
    run.download(str(tmp_path / "one"), pattern="ledger-*")
    assert names(tmp_path / "one") == {"run/plan"}
    run.upload("ledger-1-1", tree(tmp_path / "a", run__plan="1"), job="2")
    run.download(str(tmp_path / "two"), pattern="ledger-*")
    assert names(tmp_path / "two") == {"ledger-1-0/run/plan", "ledger-1-1/run/plan"}
    run.download(str(tmp_path / "named"), name="ledger-1-1")
    assert names(tmp_path / "named") == {"run/plan"}


def test_a_pattern_that_fits_nothing_makes_no_directory(run: Artifacts, tmp_path: Path) -> None:
    run.download(str(tmp_path / "none"), pattern="ledger-*")
    assert not (tmp_path / "none").exists()
    with pytest.raises(RefusedError, match="Artifact not found for name: ledger-1-0"):
        run.download(str(tmp_path / "none"), name="ledger-1-0")


def test_a_name_is_used_once(run: Artifacts, tmp_path: Path) -> None:
    source = tree(tmp_path / "a", old="0")
    run.upload("report-1", source, job="1")
    with pytest.raises(RefusedError, match=r"\(409\) Conflict"):
        run.upload("report-1", source, job="1")


def test_overwriting_deletes_first(run: Artifacts, tmp_path: Path) -> None:
    run.upload("report-1", tree(tmp_path / "a", old="0"), job="1")
    bad = tree(tmp_path / "b", **{"new:er": "1"})
    with pytest.raises(RefusedError, match="path for one of the files is not valid"):
        run.upload("report-1", bad, job="1", overwrite=True)
    assert names(run.place) == set(), "what was kept is gone"


def test_overwriting_with_nothing_deletes_nothing(run: Artifacts, tmp_path: Path) -> None:
    run.upload("report-1", tree(tmp_path / "a", old="0"), job="1")
    missing = str(tmp_path / "nowhere")
    run.upload("report-1", missing, job="1", overwrite=True, without_files="ignore")
    assert names(run.place) == {"report-1/old"}


def test_a_single_file_goes_up_by_its_last_name(run: Artifacts, tmp_path: Path) -> None:
    source = tree(tmp_path / "report", deep__results="{}")
    run.upload("results-1", f"{source}/deep/results", job="1")
    assert names(run.place / "results-1") == {"results"}


def test_hidden_files_and_empty_directories_stay(run: Artifacts, tmp_path: Path) -> None:
    source = tree(tmp_path / "a", seen="0", _dot_hidden="1", _dot_git__config="2")
    (tmp_path / "a" / "empty").mkdir()
    run.upload("all", source, job="1")
    assert {path.name for path in (run.place / "all").rglob("*")} == {"seen"}
    hidden = tree(tmp_path / "b", _dot_only="0")
    with pytest.raises(RefusedError, match="No files were found"):
        run.upload("hidden", hidden, job="1", without_files="error")
    assert run.upload("hidden", hidden, job="1").startswith("::warning::No files were found")
    run.upload("hidden", hidden, job="1", hidden=True)
    assert names(run.place / "hidden") == {".only"}


@pytest.mark.parametrize(
    "name", ["a/b", "a\\b", "a:b", "a*", "a?", 'a"', "a<", "a>", "a|", "a\n", ""]
)
def test_a_name_has_no_character_that_some_file_system_refuses(
    run: Artifacts, tmp_path: Path, name: str
) -> None:
    with pytest.raises(RefusedError):
        run.upload(name, tree(tmp_path / "a", one="0"), job="1")


def test_a_job_creates_500_artifacts_and_no_more(run: Artifacts, tmp_path: Path) -> None:
    source = tree(tmp_path / "a", one="0")
    for number in range(MOST_OF_A_JOB):
        run.upload(f"a-{number}", source, job="1")
    with pytest.raises(RefusedError, match="500"):
        run.upload("one-more", source, job="1")
    run.upload("another-jobs", source, job="2")


def test_modes_and_links_do_not_survive(run: Artifacts, tmp_path: Path) -> None:
    source = tree(tmp_path / "a", script="0")
    (tmp_path / "a" / "script").chmod(0o755)
    (tmp_path / "a" / "link").symlink_to("script")
    (tmp_path / "a" / "broken").symlink_to("nowhere")
    run.upload("all", source, job="1")
    there = run.place / "all"
    assert names(there) == {"script", "link"}
    assert not (there / "link").is_symlink()
    assert not (there / "script").stat().st_mode & 0o111


@pytest.mark.parametrize("path", ["a/*.json", "a\nb", "!a", "~/a"])
def test_what_is_not_modelled_is_refused(run: Artifacts, path: str) -> None:
    with pytest.raises(NotImplementedError):
        run.upload("all", path, job="1")
