"""``s3://BUCKET/PREFIX``: Amazon S3, or a server that speaks its protocol."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from orchestrator.errors import bad_input
from orchestrator.store.access import (
    AWS_KEY_VARIABLE,
    AWS_NO_METADATA_VARIABLE,
    AWS_SECRET_VARIABLE,
)
from orchestrator.store.client import client_options, retry_config

if TYPE_CHECKING:
    from obstore.store import ObjectStore, S3Config

    from orchestrator.store.access import AwsCredentials

SCHEME = "s3"

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z")
_SETTINGS = frozenset({"endpoint", "region"})
_WRITE = "Write s3://BUCKET/PREFIX, and where needed ?endpoint=URL&region=NAME."


@dataclass(frozen=True, slots=True)
class Place:
    """Where runs are kept: a bucket, the prefix above them, and whose bucket it is."""

    bucket: str
    prefix: str = ""
    endpoint: str = ""
    region: str = ""

    def path_of(self, run: str) -> str:
        """Return what every path of a run begins with, without a slash at its end."""
        return f"{self.prefix}/{run}" if self.prefix else run


def place_of(url: str) -> Place:
    """Return the place that an ``s3://`` URL names.

    Raises:
        BadInputError: It names none. What may be a secret in it is not repeated.
    """
    parts = urlsplit(url)
    if not _BUCKET.match(parts.netloc):
        raise bad_input("--store", "s3:// lacks a bucket's name", _WRITE)
    settings = parse_qs(parts.query, keep_blank_values=True)
    if unknown := sorted(settings.keys() - _SETTINGS):
        raise bad_input("--store", f"s3:// knows no setting {', '.join(unknown)}", _WRITE)
    if parts.fragment:
        raise bad_input("--store", "s3:// has a #", _WRITE)
    prefix = parts.path.strip("/")
    if any(name in ("", ".", "..") for name in prefix.split("/")) and prefix:
        raise bad_input("--store", f"the prefix {prefix} has an empty name or dots", _WRITE)
    first = {name: values[0] for name, values in settings.items()}
    return Place(parts.netloc, prefix, first.get("endpoint", ""), first.get("region", ""))


def s3_store(place: Place, run: str, aws: AwsCredentials, timeout_s: float) -> ObjectStore:
    """Open the objects of ``run``; nobody is asked yet, and no bucket is made.

    Raises:
        BadInputError: There is no credential, or the root certificate cannot be read.
    """
    from obstore.store import S3Store

    _check_credential(place, aws)
    endpoint = place.endpoint or aws.endpoint
    # Said each time: without a word of ours the library takes what the environment has.
    config: dict[str, Any] = {"conditional_put": "etag", **aws.role}
    if endpoint:
        config |= {"endpoint": endpoint, "aws_endpoint_url_s3": endpoint}
    if region := place.region or aws.region:
        config["region"] = region
    if aws.key_id:
        config |= {"access_key_id": aws.key_id, "secret_access_key": aws.secret}
        config |= {"session_token": aws.session_token} if aws.session_token else {}
    settings: S3Config = config  # type: ignore[assignment]
    return S3Store(
        place.bucket,
        prefix=place.path_of(run),
        config=settings,
        client_options=client_options(endpoint, aws.root_certificate, timeout_s),
        retry_config=retry_config(timeout_s),
    )


def _check_credential(place: Place, aws: AwsCredentials) -> None:
    where = f"--store s3://{place.bucket}"
    if bool(aws.key_id) != bool(aws.secret):
        absent = AWS_SECRET_VARIABLE if aws.key_id else AWS_KEY_VARIABLE
        raise bad_input(where, f"has half a key: {absent} is not set", f"Set {absent}.")
    if not aws.is_there:
        raise bad_input(
            where,
            "cannot be opened without a credential",
            f"Set {AWS_KEY_VARIABLE} and {AWS_SECRET_VARIABLE}, or give this machine a role and "
            f"leave {AWS_NO_METADATA_VARIABLE} unset.",
        )
