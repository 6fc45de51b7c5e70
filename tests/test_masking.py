"""No secret leaves by any door: not whole, not in part, however it is written or cut."""

from __future__ import annotations

import ast
import base64
import json
import string
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.report.phrases.escapes import markdown_text
from orchestrator.store.answers import first_line
from orchestrator.text import MASK, clean, clean_lines, masked
from orchestrator.worker.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCE = Path(__file__).parents[1] / "orchestrator"
SHORTEST = 8
"""Characters of a secret that may not be seen together."""

WORDS = string.ascii_letters + string.digits
URL64 = WORDS + "-_"
BASE64 = WORDS + "+/"


def of(alphabet: str, least: int, most: int) -> st.SearchStrategy[str]:
    return st.text(alphabet, min_size=least, max_size=most)


JWT = st.builds(
    lambda head, body, sign: f"eyJ{head}.eyJ{body}.{sign}",
    *(of(URL64, 20, 60), of(URL64, 20, 200), of(URL64, 43, 86)),
)
JIT = of(WORDS, 60, 400).map(
    lambda text: base64.b64encode(json.dumps({".runner": text}).encode()).decode()
)
ACCOUNT_KEY = of(BASE64, 86, 86).map(lambda text: f"{text}==")
SECRETS = st.one_of(
    st.builds(lambda kind, text: f"gh{kind}_{text}", st.sampled_from("psour"), of(WORDS, 36, 36)),
    st.builds(lambda app, jwt: f"ghs_{app}_{jwt}", of(string.digits, 6, 8), JWT),
    of(WORDS + "_", 82, 82).map(lambda text: f"github_pat_{text}"),
    of(URL64, 40, 160).map(lambda text: f"sk-proj-{text}"),
    of(URL64, 80, 110).map(lambda text: f"sk-ant-api03-{text}"),
    of(WORDS, 52, 52).map(lambda text: f"{text}JQQJ99{text[:26]}"),
    of(WORDS, 31, 34).map(lambda text: f"abc8Q~{text}"),
    *(JWT, JIT, ACCOUNT_KEY),
)
ESCAPED = SECRETS.map(lambda secret: (secret, json.dumps({"log": f"line\n{secret}\n"})))
IN_PLACE = st.one_of(
    SECRETS.map(lambda secret: (secret, secret)),
    SECRETS.map(lambda secret: (secret, f"Authorization: Bearer {secret}")),
    of(URL64, 20, 60).map(lambda secret: (secret, f"authorization: bearer {secret}")),
    of(WORDS, 32, 32).map(lambda secret: (secret, f'"api-key": "{secret}"')),
    of(WORDS, 32, 32).map(lambda secret: (secret, f"OPENAI_API_KEY={secret}")),
    of(BASE64, 43, 43).map(
        lambda s: (f"{s}=", f"https://x/y?sp=r&sig={quote(s, safe='')}%3D&se=1")
    ),
    of(BASE64, 43, 43).map(lambda s: (s, quote(f"https://x/y?sp=r&sig={s}", safe=""))),
    ACCOUNT_KEY.map(lambda key: (key, f"AccountName=a;AccountKey={key};EndpointSuffix=x")),
    ACCOUNT_KEY.map(lambda key: (key, quote(f"AccountKey={key}", safe=""))),
    of(WORDS, 12, 30).map(lambda secret: (secret, f"https://user:{secret}@proxy.test/")),
    ESCAPED,
    JWT.map(lambda jwt: (jwt, quote(f"token={jwt}", safe="").replace(".", "%2E"))),
)
# Nothing in them is part of a secret by chance.
AROUND = st.text("é ü\nß", max_size=60)
FEWER = settings(max_examples=40)

DOORS: list[Callable[[str], str]] = [
    masked,
    lambda text: clean(text, 200),
    lambda text: clean_lines(text, 200),
    lambda text: clean_lines(text, 200, end=True),
    lambda text: markdown_text(text, 200),
    lambda text: clean(text, payloads=False),
    lambda text: first_line(ValueError(text)),
    Redactor().text,
    lambda text: Redactor().data(text.encode()).decode(),
]


def survivors(secret: str, shown: str) -> list[str]:
    parts = (secret[at : at + SHORTEST] for at in range(len(secret) - SHORTEST + 1))
    return [part for part in parts if part in shown]


@pytest.mark.parametrize("door", range(len(DOORS)))
@FEWER
@given(placed=IN_PLACE, before=AROUND, after=AROUND, fill=st.integers(0, 900))
def test_no_part_of_a_secret_leaves(
    door: int, placed: tuple[str, str], before: str, after: str, fill: int
) -> None:
    """Wherever in the text it stands, so that any cut may fall into it."""
    secret, written = placed
    shown = DOORS[door](f"{'é ' * fill}{before} {written} {after}{' é' * fill}")
    assert survivors(secret, shown) == []


@pytest.mark.parametrize("door", range(len(DOORS)))
@FEWER
@given(secrets=st.lists(SECRETS, min_size=10, max_size=30))
def test_masks_that_shorten_a_text_bring_no_cut_secret_into_view(
    door: int, secrets: list[str]
) -> None:
    shown = DOORS[door](" ".join(secrets))
    assert [part for secret in secrets for part in survivors(secret, shown)] == []


@pytest.mark.parametrize(
    "text",
    [
        "commit 9e44b4f0a1b2c3d4e5f60718293a4b5c6d7e8f90 of main",
        "sha256:4f3c0a1b2c3d4e5f60718293a4b5c6d7e8f904f3c0a1b2c3d4e5f60718293a4b",
        "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/waa-matrix",
        "used 1,500 tokens; max_tokens=1500, completion_tokens: 88",
        "chrome/35253b65-1c19-4304-8aa4-6884b8218fc0: score 0.5 in 300 s",
        "a skill of the ghost in the machine",
        "design=flat, signal=15, basic understanding",
        "https://example.test/a/b?sp=r&se=2026-01-01",
    ],
)
def test_what_is_no_secret_is_left(text: str) -> None:
    assert masked(text) == text


def test_what_a_secret_is_called_is_kept() -> None:
    text = "AccountKey=abcdefghijkl; https://x/?sig=abc%2Bdef&se=1 Bearer abcdefgh"
    assert masked(text) == f"AccountKey={MASK}; https://x/?sig={MASK}&se=1 Bearer {MASK}"


def test_a_private_key_goes_with_all_its_lines() -> None:
    body = "\n".join(["MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7"] * 5)
    key = f"-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----"
    for text in (key, json.dumps(key), key[:200]):
        shown = masked(f"before {text} after")
        assert survivors(body, shown) == []
        assert shown.startswith("before ")
    assert masked(f"{key} after").endswith(" after")


@given(
    secret=of(WORDS + "+/=._-", 12, 80),
    at=st.integers(1, 11),
    break_=st.sampled_from(["\n", "\r\n", "\n    "]),
)
def test_a_known_value_is_found_however_it_is_written(secret: str, at: int, break_: str) -> None:
    redactor = Redactor({"KEY": secret})
    wrapped = secret[:at] + break_ + secret[at:]
    forms = (
        secret,
        wrapped,
        quote(secret, safe=""),
        json.dumps(secret),
        base64.b64encode(secret.encode()).decode(),
    )
    for form in forms:
        shown = redactor.text(f"é {form} é")
        assert survivors(form, shown) == []
        assert survivors(secret, "".join(shown.split())) == []
        assert redactor.data(f"é {form} é".encode()).decode() == shown


def test_pictures_are_left_as_they_are() -> None:
    data = b"\x89PNG\r\n\x1a\n\0\0 sig=abcdefghijkl Bearer abcdefghijkl"
    assert Redactor().data(data) == data


@pytest.mark.parametrize("length", [199, 201, 4000, 5000, 100_000])
def test_a_long_text_without_a_space_is_not_lost(length: int) -> None:
    for door in DOORS[1:6]:
        assert len(door("é" * length)) >= min(length, 190)


def own_words() -> list[str]:
    """Return every text of the product that somebody may read: no docstring, no lone word."""
    texts = []
    for path in sorted(set(SOURCE.rglob("*.py")) - {SOURCE / "text.py"}):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        texts += [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and " " in node.value
            and id(node) not in alone
        ]
    return texts


def test_the_products_own_words_are_not_masked() -> None:
    words = own_words()
    assert any("id-token: write" in text for text in words)
    assert [text for text in words if masked(text) != text] == []


@pytest.mark.parametrize("value", ["writer-7f3a", "write/7f3a", "none=7f3a", "read7f3a"])
def test_a_token_that_begins_like_a_permission_is_masked(value: str) -> None:
    assert masked(f"id-token: {value}") == f"id-token: {MASK}"
    assert masked("id-token: write, then") == "id-token: write, then"
