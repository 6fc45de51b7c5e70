from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
import requests
import responses

from orchestrator.errors import BadInputError
from orchestrator.planning.sources import PINNED, WAA_FULL_LIST, load_suite
from orchestrator.planning.suite import demo_suite

if TYPE_CHECKING:
    from pathlib import Path

URL = "https://lists.example/tasks.json"
TEXT = b'{"chrome": ["a", "b"]}'
DIGEST = hashlib.sha256(TEXT).hexdigest()


def test_the_demo_needs_nothing(tmp_path: Path) -> None:
    assert load_suite("demo", "", tmp_path) == demo_suite()


def test_a_file_is_read_byte_order_mark_or_not(tmp_path: Path) -> None:
    (tmp_path / "plain.json").write_bytes(TEXT)
    (tmp_path / "marked.json").write_bytes(b"\xef\xbb\xbf" + TEXT)
    plain = load_suite(str(tmp_path / "plain.json"), "", tmp_path)
    assert plain == load_suite(str(tmp_path / "marked.json"), "", tmp_path)


@responses.activate
def test_a_pinned_url_is_fetched_once_verified_and_kept(tmp_path: Path) -> None:
    responses.get(URL, body=TEXT)
    first = load_suite(URL, DIGEST, tmp_path)
    assert load_suite(URL, DIGEST.upper(), tmp_path) == first
    assert len(responses.calls) == 1


@responses.activate
def test_a_damaged_cache_is_fetched_again(tmp_path: Path) -> None:
    responses.get(URL, body=TEXT)
    (tmp_path / f"{DIGEST}.json").write_bytes(b"tampered with")
    assert len(load_suite(URL, DIGEST, tmp_path).tasks) == 2
    assert (tmp_path / f"{DIGEST}.json").read_bytes() == TEXT


@responses.activate
def test_another_content_is_refused_and_not_kept(tmp_path: Path) -> None:
    responses.get(URL, body=b'{"chrome": ["evil"]}')
    with pytest.raises(BadInputError, match=f"not {DIGEST}"):
        load_suite(URL, DIGEST, tmp_path)
    assert list(tmp_path.iterdir()) == []


@responses.activate
@pytest.mark.parametrize(
    ("url", "sha256", "words"),
    [
        (URL, "", "is not pinned"),
        ("http://lists.example/tasks.json", DIGEST, "is not https"),
        ("ftp://lists.example/tasks.json", "", "is not https"),
    ],
)
def test_a_url_that_may_not_be_fetched_is_not_asked(
    url: str, sha256: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(BadInputError, match=words):
        load_suite(url, sha256, tmp_path)
    assert len(responses.calls) == 0


@responses.activate
def test_a_missing_list_and_a_dead_network_are_bad_input(tmp_path: Path) -> None:
    responses.get(URL, status=404)
    with pytest.raises(BadInputError, match="could not be fetched"):
        load_suite(URL, DIGEST, tmp_path)
    responses.replace(responses.GET, URL, body=requests.ConnectionError("refused"))
    with pytest.raises(BadInputError, match="could not be fetched"):
        load_suite(URL, DIGEST, tmp_path)


@responses.activate
def test_a_text_that_is_no_list_is_not_read_to_the_end(tmp_path: Path) -> None:
    responses.get(URL, body=b" " * (17 * 1024 * 1024))
    with pytest.raises(BadInputError, match="larger than any task list"):
        load_suite(URL, DIGEST, tmp_path)


def test_a_file_with_another_digest_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_bytes(TEXT)
    with pytest.raises(BadInputError, match="has sha256"):
        load_suite(str(tmp_path / "list.json"), "0" * 64, tmp_path)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInputError, match="not UTF-8"):
        load_suite(str(tmp_path / "list.json"), "", tmp_path)


@responses.activate
def test_the_full_list_is_pinned_and_asked_for_by_its_commit(tmp_path: Path) -> None:
    responses.get(WAA_FULL_LIST, body=TEXT)
    with pytest.raises(BadInputError, match=PINNED[WAA_FULL_LIST]):
        load_suite("waa", "", tmp_path)
    assert responses.calls[0].request.url == WAA_FULL_LIST


@pytest.mark.waa
def test_the_real_list_has_the_digest_that_is_pinned(tmp_path: Path) -> None:
    from tests.tiers import waa_data

    data = waa_data()
    assert data is not None
    suite = load_suite(str(data / "test_all.json"), PINNED[WAA_FULL_LIST], tmp_path)
    assert len(suite.tasks) == 154
    assert sum(task.infeasible for task in suite.tasks) == 13
