"""What opens a store: the values of a credential chain. The command line resolves them.

The chain, for every command: a SAS file that was named, then the environment by the names that the
field uses, then signing in. A store in a directory needs none of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY_VARIABLE = "AZURE_STORAGE_KEY"
SAS_VARIABLE = "AZURE_STORAGE_SAS_TOKEN"

AWS_KEY_VARIABLE = "AWS_ACCESS_KEY_ID"
AWS_SECRET_VARIABLE = "AWS_SECRET_ACCESS_KEY"  # noqa: S105  # a variable's name
AWS_NO_METADATA_VARIABLE = "AWS_EC2_METADATA_DISABLED"

CALL_TIMEOUT_S = 30.0
"""No call of a store takes longer, its retries included, but where a plan's heartbeat says less."""

_ROLES = {
    "AWS_ROLE_ARN": "role_arn",
    "AWS_ROLE_SESSION_NAME": "role_session_name",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "web_identity_token_file",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "container_credentials_relative_uri",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "container_credentials_full_uri",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "container_authorization_token_file",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT": "metadata_endpoint",
}
"""How a machine finds a role of its own, by the SDKs' variables, and what ``obstore`` calls it."""

_FINDS_A_ROLE = ("web_identity_token_file", *(n for n in _ROLES.values() if n.endswith("_uri")))


@dataclass(frozen=True, slots=True)
class AwsCredentials:
    """What opens an ``s3://`` store: a key, else a role of this machine's own.

    ``role`` says where a role is to be found, beside the instance metadata, which is asked unless
    ``metadata`` is false. The secrets are left out of ``repr``.
    """

    key_id: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    session_token: str = field(default="", repr=False)
    region: str = ""
    endpoint: str = ""
    root_certificate: str = ""
    role: Mapping[str, str] = field(default_factory=dict, repr=False)
    metadata: bool = True

    @property
    def is_there(self) -> bool:
        """Whether there is a key, or a place to look for a role."""
        return (
            bool(self.key_id) or self.metadata or any(name in self.role for name in _FINDS_A_ROLE)
        )


@dataclass(frozen=True, slots=True)
class StoreCredentials:
    """What opens an ``az://`` or ``s3://`` store, and a root certificate (a PEM file) if private.

    ``az://`` takes an account key or a SAS; a container is only made with a key. The secrets are
    left out of ``repr``.
    """

    key: str = field(default="", repr=False)
    sas: str = field(default="", repr=False)
    root_certificate: str = ""
    aws: AwsCredentials = AwsCredentials(metadata=False)

    @property
    def open_azure(self) -> bool:
        """Whether an ``az://`` store can be opened with them."""
        return bool(self.key or self.sas)


class SignIn(Protocol):
    """Signs in at a store's cloud, where nothing else opens it."""

    def __call__(self, url: str, run: str, *, create: bool) -> StoreCredentials:
        """Return what opens ``run`` at ``url``; with ``create`` its container is made.

        Raises:
            BadInputError: What signing in needs is not installed, or not said.
            CloudError: The login is refused.
        """
        ...


@dataclass(frozen=True, slots=True)
class StoreAccess:
    """How a command opens the stores that it is given: the chain's values and the time limit.

    ``sign_in`` is asked for an ``az://`` store that ``given`` does not open; None refuses it.
    """

    given: StoreCredentials = StoreCredentials()
    sign_in: SignIn | None = None
    timeout_s: float = CALL_TIMEOUT_S


def credentials_from(
    environment: Mapping[str, str], root_certificate: str, sas: str = ""
) -> StoreCredentials:
    """Return the credentials that the usual variable names hold; ``sas``, of a file, goes first."""
    return StoreCredentials(
        key="" if sas else environment.get(KEY_VARIABLE, ""),
        sas=sas or environment.get(SAS_VARIABLE, ""),
        root_certificate=root_certificate,
        aws=_aws_from(environment, root_certificate),
    )


def _aws_from(environment: Mapping[str, str], root_certificate: str) -> AwsCredentials:
    def first(*names: str) -> str:
        return next((environment[name] for name in names if environment.get(name)), "")

    return AwsCredentials(
        key_id=first(AWS_KEY_VARIABLE),
        secret=first(AWS_SECRET_VARIABLE),
        session_token=first("AWS_SESSION_TOKEN"),
        region=first("AWS_REGION", "AWS_DEFAULT_REGION"),
        endpoint=first("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
        root_certificate=root_certificate or first("AWS_CA_BUNDLE"),
        role={
            name: environment[variable]
            for variable, name in _ROLES.items()
            if environment.get(variable)
        },
        metadata=first(AWS_NO_METADATA_VARIABLE).lower() != "true",
    )
