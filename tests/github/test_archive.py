from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.github.archive import ArchiveError, ArchiveLimits, unpack
from tests.fakes.github import zipped

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = [
    "../up",
    "a/../../up",
    "/etc/passwd",
    "//server/share",
    "C:/windows",
    "a\\..\\..\\up",
    "a/./b",
    "a//b",
    "a\x00b",
    "a\nb",
    "x" * 300,
    "a/" + "y" * 300 + "/b",
    "d/" * 2500 + "deep",
    "con?",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_refused_and_the_rest_is_kept(tmp_path: Path, name: str) -> None:
    target = tmp_path / "deep" / "out"

    done = unpack(io.BytesIO(zipped({name: b"x", "good/file": b"y"})), target, ArchiveLimits())

    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert set(written) <= {target / "good/file", target / "a"}  # a NUL ends a name in a zip
    assert (target / "good/file").read_bytes() == b"y"
    assert all(text.isprintable() for text in done.refused)


def test_a_member_without_a_name_is_damage(tmp_path: Path) -> None:
    nameless = zipped({"bad": b"x"}).replace(b"bad", b"\0ad")

    with pytest.raises(ArchiveError, match="damaged"):
        unpack(io.BytesIO(nameless), tmp_path, ArchiveLimits())


def test_links_are_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")

    done = unpack(buffer, tmp_path, ArchiveLimits())

    assert done.refused == ("link",)
    assert list(tmp_path.iterdir()) == []


def test_a_link_that_is_there_already_leads_nowhere(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    target = tmp_path / "out"
    target.mkdir()
    (target / "dir").symlink_to(outside)

    done = unpack(io.BytesIO(zipped({"dir/file": b"x"})), target, ArchiveLimits())

    assert done.refused == ("dir/file",)
    assert list(outside.iterdir()) == []


def test_names_equal_but_for_case_do_not_replace_each_other(tmp_path: Path) -> None:
    done = unpack(io.BytesIO(zipped({"A": b"first", "a": b"second"})), tmp_path, ArchiveLimits())

    assert (tmp_path / "A").read_bytes() == b"first"
    assert done.refused == ("a",)


def test_a_file_in_a_directorys_place_is_refused(tmp_path: Path) -> None:
    done = unpack(io.BytesIO(zipped({"a": b"1", "a/b": b"2"})), tmp_path, ArchiveLimits())

    assert done.refused == ("a/b",)


def test_existing_files_are_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"mine")

    done = unpack(io.BytesIO(zipped({"a": b"theirs"})), tmp_path, ArchiveLimits())

    assert (tmp_path / "a").read_bytes() == b"mine"
    assert done.refused == ("a",)


def test_a_bomb_is_stopped_at_the_limit(tmp_path: Path) -> None:
    bomb = zipped({f"{number}": b"\0" * 1_000_000 for number in range(5)})

    with pytest.raises(ArchiveError, match="unpacks to more"):
        unpack(io.BytesIO(bomb), tmp_path, ArchiveLimits(unpacked=2_500_000))

    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 2_500_000


def test_too_many_files_are_stopped_before_the_first(tmp_path: Path) -> None:
    many = zipped({str(number): b"" for number in range(20)})

    with pytest.raises(ArchiveError, match="20 files"):
        unpack(io.BytesIO(many), tmp_path, ArchiveLimits(files=19))

    assert list(tmp_path.iterdir()) == []


@given(st.data())
def test_a_damaged_archive_only_ever_raises_its_own_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    whole = bytearray(zipped({"a": b"some text " * 20, "b/c": b"more"}))
    for at in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=6)):
        whole[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    target = tmp_path_factory.mktemp("out")

    try:
        done = unpack(io.BytesIO(bytes(whole[:cut])), target, ArchiveLimits())
    except ArchiveError:
        done = None

    assert done is None or all(path.is_relative_to(target) for path in done.files)


def test_of_an_archive_only_the_wanted_files_are_unpacked(tmp_path: Path) -> None:
    files = {"out/results.json": b"{}", "results.json.png": b"picture", "../climbs": b"x"}

    done = unpack(
        io.BytesIO(zipped(files)), tmp_path, ArchiveLimits(unpacked=2), only="results.json"
    )

    assert done.files == (tmp_path / "out/results.json",)
    assert done.refused == ()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_wanted_file_with_a_bad_name_is_refused_all_the_same(tmp_path: Path) -> None:
    files = {"../results.json": b"{}"}

    done = unpack(io.BytesIO(zipped(files)), tmp_path / "out", ArchiveLimits(), only="results.json")

    assert done.files == ()
    assert done.refused == ("../results.json",)
