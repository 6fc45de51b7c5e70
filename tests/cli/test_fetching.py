"""Copying objects to disk: hostile names lead nowhere, and one failure keeps no other back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.store import Listed, Store, UnclearError
from orchestrator.store.fetch import GIVE_UP, fetch

if TYPE_CHECKING:
    from pathlib import Path


class Shelf:
    """Objects in memory; some cannot be read. Counts what was asked for."""

    def __init__(self, objects: dict[str, bytes], *unreadable: str) -> None:
        self._objects, self._unreadable = objects, unreadable
        self.asked = 0

    def put_new(self, path: str, data: bytes) -> None:
        self._objects[path] = data

    put = put_new

    def list(self, prefix: str) -> list[Listed]:
        texts = sorted(path for path in self._objects if path.startswith(prefix))
        return [Listed(path, 0.0, len(self._objects[path])) for path in texts]

    def get(self, path: str) -> bytes | None:
        self.asked += 1
        if path in self._unreadable:
            raise UnclearError("connection reset")
        return self._objects.get(path)


def fetched(shelf: Shelf, target: Path, *more: str) -> list[str]:
    store = Store(shelf, "az://waaruns")
    names = [entry.path for entry in store.list("evidence/")]
    return fetch(store, [*names, *more], "evidence/", target)


def test_objects_land_where_they_lie_below_the_prefix(tmp_path: Path) -> None:
    shelf = Shelf({"evidence/a/1.png": b"one", "evidence/a/b/2.txt": b"two", "plan.json": b"{}"})
    assert fetched(shelf, tmp_path) == []
    files = {
        path.relative_to(tmp_path).as_posix(): path.read_bytes()
        for path in tmp_path.rglob("*")
        if path.is_file()
    }
    assert files == {"a/1.png": b"one", "a/b/2.txt": b"two"}


def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "target"
    hostile = ["evidence/../../x", "evidence//etc/x", "evidence/a\0b", "evidence/" + "n" * 5000]
    shelf = Shelf({**dict.fromkeys(hostile, b"x"), "evidence/fine": b"y"})
    failures = fetched(shelf, target)
    assert len(failures) == len(hostile)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [target / "fine"]


def test_what_cannot_be_read_is_named_and_the_rest_is_copied(tmp_path: Path) -> None:
    shelf = Shelf({"evidence/a": b"a", "evidence/b": b"b"}, "evidence/a")
    failures = fetched(shelf, tmp_path, "evidence/gone")
    assert [failure.split(":")[0] for failure in failures] == ["evidence/a", "evidence/gone"]
    assert "connection reset" in failures[0]
    assert (tmp_path / "b").read_bytes() == b"b"


def test_a_store_that_keeps_failing_is_left_alone(tmp_path: Path) -> None:
    objects = {f"evidence/{number}": b"x" for number in range(500)}
    shelf = Shelf(objects, *objects)
    failures = fetched(shelf, tmp_path)
    assert len(failures) == 500
    assert "not tried" in failures[-1]
    assert GIVE_UP <= shelf.asked < 500
