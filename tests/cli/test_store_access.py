"""The chain of credentials that opens a store for every command: a SAS file, variables, a login."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.cli.inputs.store_access import store_access
from orchestrator.errors import BadInputError
from orchestrator.store import (
    KEY_VARIABLE,
    SAS_VARIABLE,
    StoreAccess,
    StoreCredentials,
    open_run,
)
from tests.fakes.azurite import KEY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.azurite import Azurite


class Login:
    """Somebody who signs in: counts how often, and opens with what it is given."""

    def __init__(self, key: str = KEY) -> None:
        self.asked: list[tuple[str, bool]] = []
        self._key = key

    def __call__(self, url: str, run: str, *, create: bool) -> StoreCredentials:
        assert url.startswith("az://")
        self.asked.append((run, create))
        return StoreCredentials(key=self._key)


@pytest.fixture
def sas_file(tmp_path: Path) -> Path:
    file = tmp_path / "sas"
    file.write_text("?sv=2025&sig=of-the-file\n")
    file.chmod(0o400)
    return file


def test_a_sas_file_goes_before_what_the_environment_has(
    sas_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    monkeypatch.setenv(SAS_VARIABLE, "sv=2025&sig=of-the-environment")
    given = store_access("", sas_file=str(sas_file)).given
    assert (given.key, given.sas) == ("", "sv=2025&sig=of-the-file")
    assert store_access("").given.sas == "sv=2025&sig=of-the-environment"


@pytest.mark.parametrize(("mode", "words"), [(0o444, "can be read by others"), (None, "cannot be")])
def test_a_sas_file_that_others_can_read_or_that_is_not_there_is_refused(
    sas_file: Path, mode: int | None, words: str
) -> None:
    sas_file.unlink() if mode is None else sas_file.chmod(mode)
    with pytest.raises(BadInputError, match=words) as refused:
        store_access("", sas_file=str(sas_file))
    assert "of-the-file" not in str(refused.value)


@pytest.mark.azurite
def test_nobody_signs_in_where_the_environment_opens_the_store(
    azurite: Azurite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    login = Login()
    store = open_run(azurite.url, "by-variable", store_access("", login), create=True)
    assert store.create("plan.json", b"{}")
    assert login.asked == []


@pytest.mark.azurite
def test_who_has_no_key_signs_in(azurite: Azurite, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (KEY_VARIABLE, SAS_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    login = Login()
    store = open_run(azurite.url, "by-login", store_access("", login), create=True)
    assert store.create("plan.json", b"{}")
    assert login.asked == [("by-login", True)]


def test_nobody_signs_in_for_a_directory(tmp_path: Path) -> None:
    login = Login()
    access = StoreAccess(sign_in=login)
    assert open_run(tmp_path.as_uri(), "run", access, create=True).create("plan.json", b"{}")
    assert login.asked == []


def test_what_is_wrong_with_a_store_and_its_run_is_said_at_once_and_before_anybody_signs_in() -> (
    None
):
    login = Login()
    with pytest.raises(BadInputError) as refused:
        open_run("gs://bucket", "No Good", StoreAccess(sign_in=login))
    assert [problem.where for problem in refused.value.problems] == ["--store", "--run"]
    assert login.asked == []


def test_without_a_way_to_sign_in_a_missing_key_is_said() -> None:
    with pytest.raises(BadInputError, match=f"{KEY_VARIABLE} or {SAS_VARIABLE}"):
        open_run("az://account", "run", StoreAccess())
