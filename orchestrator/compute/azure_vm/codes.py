"""Azure's error codes: how far each reaches, what follows, and where that is known from.

A code is in this table only where a public source says what it means; any other is one machine's
(``refusals``). The scope is the narrowest that the source supports: a size that is full in one zone
may be had in the next. Nothing here goes by an HTTP status, and ``SAYS_MANY`` are codes that mean
several things.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.compute.failures import Action, FailureKind, Scope, action_for

if TYPE_CHECKING:
    from collections.abc import Mapping

_ARM = "learn.microsoft.com: Troubleshoot common Azure deployment errors"
_COMPUTE = "learn.microsoft.com: Common VM error codes in Azure"
_SPOT = "learn.microsoft.com: Error messages for Azure Spot Virtual Machines and scale sets"
_ALLOCATION = "learn.microsoft.com: Troubleshoot allocation failures"
_QUOTA = "learn.microsoft.com: Resolve errors for resource quotas"
_THROTTLE = "learn.microsoft.com: Understand how Azure Resource Manager throttles requests"
_STORAGE = "learn.microsoft.com: Common REST API error codes of Azure Storage"
_LOCKS = "learn.microsoft.com: Lock your resources to protect your infrastructure"
_STATES = "learn.microsoft.com: States and billing status of Azure Virtual Machines"
_OAUTH = "RFC 6749, section 5.2"
_AKS = "learn.microsoft.com: Troubleshoot AKS, error codes"
_REPORTED = "users' reports; on no page of Microsoft's that was looked through"
_REGISTER = "learn.microsoft.com: Resolve errors for resource provider registration"


@dataclass(frozen=True, slots=True)
class Code:
    """One code as Azure spells it (compared without case)."""

    code: str
    kind: FailureKind
    scope: Scope
    source: str

    @property
    def action(self) -> Action:
        """What a launcher does about it."""
        return action_for(self.kind)


_FULL = (
    # A create names its zone: the zone first, its size once two zones were full.
    ("AllocationFailed", Scope.ZONE, _ALLOCATION),
    ("ZonalAllocationFailed", Scope.ZONE, _ALLOCATION),
    ("OverconstrainedAllocationRequest", Scope.ZONE, _ALLOCATION),
    ("OverconstrainedZonalAllocationRequest", Scope.ZONE, _ALLOCATION),
    ("SkuNotAvailable", Scope.ZONE, f"{_ARM}; karpenter-provider-azure#43"),
    ("SubnetIsFull", Scope.REGION, f"{_ARM}; azure-docs#88211"),
    ("StorageAccountTooBusy", Scope.REGION, _COMPUTE),
)
_LIMITS = (
    ("QuotaExceeded", Scope.FAMILY, _QUOTA),
    ("ResourceQuotaExceeded", Scope.FAMILY, _ARM),
    ("PublicIPCountLimitReached", Scope.REGION, _ARM),
    ("StandardSkuPublicIPCountLimitReached", Scope.REGION, _AKS),
    ("IPv4StandardSkuPublicIpCountLimitReached", Scope.REGION, _AKS),
    ("StorageAccountLimitation", Scope.REGION, _COMPUTE),
)
_NOT_HERE = (
    ("AzureSpotIsNotSupportedForThisVMSize", Scope.SIZE, _SPOT),
    ("SpotPriceGreaterThanProvidedMaxPrice", Scope.SIZE, _SPOT),
    ("VMSizeNotSupported", Scope.SIZE, _AKS),
    ("NotSupported", Scope.SIZE, _COMPUTE),  # of an ephemeral disk, a controller, an image
    ("AvailabilityZoneNotSupported", Scope.SIZE, _REPORTED),
    ("AzureSpotFeatureNotEnabledForSubscription", Scope.SPOT, _SPOT),
    ("RequestDisallowedByPolicy", Scope.REGION, f"{_ARM}; azure-cli#32913"),
    ("RequestDisallowedByAzure", Scope.REGION, f"{_ARM}; azure-cli#32913"),
    ("RegionDoesNotAllowProvisioning", Scope.REGION, _ARM),
    ("MissingRegistrationForLocation", Scope.REGION, _ARM),
    ("LocationNotAvailableForResourceType", Scope.REGION, _REGISTER),
    # What a create refers to: its subnet and its image's replica are the region's own.
    ("LinkedAuthorizationFailed", Scope.REGION, _ARM),
    ("LinkedInvalidPropertyId", Scope.REGION, _ARM),
    ("InvalidResourceReference", Scope.REGION, f"{_ARM}; azure-cli#8569"),
    ("ReferencedResourceNotProvisioned", Scope.REGION, _AKS),
    ("NotFound", Scope.REGION, _ARM),
    ("ResourceNotFound", Scope.REGION, _ARM),
    ("ParentResourceNotFound", Scope.REGION, _ARM),
    ("SubnetNotFound", Scope.REGION, _REPORTED),
    ("SubnetsNotInSameVnet", Scope.REGION, _ARM),
    ("ResourceNotPermittedOnDelegatedSubnet", Scope.REGION, _AKS),
    ("SubnetWithExternalResourcesCannotBeUsedByOtherResources", Scope.REGION, _AKS),
    ("PrivateIPAddressNotInSubnet", Scope.REGION, _ARM),
    ("ImageNotFound", Scope.REGION, _ARM),
    ("PlatformImageNotFound", Scope.REGION, _REPORTED),
    ("GalleryImageNotFound", Scope.REGION, "terraform-provider-azurerm#25012"),
    ("ImageVersionNotReplicated", Scope.REGION, _REPORTED),
    ("ImageBlobNotFound", Scope.REGION, _COMPUTE),
    ("DiskImageNotReady", Scope.REGION, _COMPUTE),
)
_LIMITED = (
    ("TooManyRequests", Scope.SUBSCRIPTION, _THROTTLE),
    ("SubscriptionRequestsThrottled", Scope.SUBSCRIPTION, _ARM),
    ("ResourceRequestsThrottled", Scope.SUBSCRIPTION, _THROTTLE),
    ("RequestsThrottled", Scope.SUBSCRIPTION, _THROTTLE),
    ("Throttled", Scope.SUBSCRIPTION, _AKS),
    ("TooManyVMRedeploymentRequests", Scope.MACHINE, _COMPUTE),
)
_PASSING = (
    ("Conflict", "bosh-azure-cpi-release#173"),
    ("InternalServerError", _ARM),
    ("InternalOperationError", _COMPUTE),
    ("InternalExecutionError", _REPORTED),
    ("InternalError", _REPORTED),
    ("NetworkingInternalOperationError", _COMPUTE),
    ("DiskServiceInternalError", _REPORTED),
    ("InternalDiskManagementError", _COMPUTE),
    ("AcquireDiskLeaseFailed", _COMPUTE),
    ("AttachDiskWhileBeingDetached", _COMPUTE),
    ("DiagnosticsOperationInternalError", _COMPUTE),
    ("StorageAccountOperationInternalError", _COMPUTE),
    ("ResourceUpdateBlockedOnPlatformUpdate", _COMPUTE),
    ("RetryableError", _REPORTED),
    ("RetryableErrorDueToAnotherOperation", _REPORTED),
    ("AnotherOperationInProgress", _ARM),
    ("CanceledAndSupersededDueToAnotherOperation", _AKS),
    ("OperationPreempted", _AKS),
    ("OSProvisioningTimedOut", f"{_COMPUTE}; aks-engine#3694"),
    ("OSProvisioningInternalError", _COMPUTE),
    ("VMStartTimedOut", _COMPUTE),
    ("NetworkError", _REPORTED),
    ("ServerTimeout", _REPORTED),
    ("GatewayTimeout", _REPORTED),
    ("BadGateway", _REPORTED),
    ("ServiceUnavailable", _REPORTED),
    ("ServerBusy", _STORAGE),
    ("OperationTimedOut", _STORAGE),
    ("temporarily_unavailable", _OAUTH),
    ("server_error", _OAUTH),
    # A part is held by its machine for a while: 180 seconds after a failed create.
    ("NicReservedForAnotherVm", "karpenter-provider-azure; aka.ms/deletenic"),
    ("NicInUse", _REPORTED),
    ("PublicIPAddressCannotBeDeleted", _AKS),
    ("ContainerBeingDeleted", _STORAGE),
    ("ObjectIsBeingDeleted", _AKS),
)
_ONE_MACHINE = (
    ("OSProvisioningClientError", _COMPUTE),
    ("VMExtensionProvisioningError", _COMPUTE),
    ("VMExtensionProvisioningTimeout", _COMPUTE),
    ("VMExtensionHandlerNonTransientError", _COMPUTE),
    ("VMExtensionManagementInternalError", _COMPUTE),
    ("VMAgentStatusCommunicationError", _COMPUTE),
    ("VMArtifactRepositoryInternalError", _COMPUTE),
    ("DiskPreparationError", _COMPUTE),
    ("DiskProcessingError", _COMPUTE),
    ("DiskBlobAlreadyInUseByAnotherDisk", _COMPUTE),
    ("TargetDiskBlobAlreadyExists", _COMPUTE),
    ("ConflictingUserInput", _COMPUTE),
    ("PropertyChangeNotAllowed", _ARM),
    ("Canceled", _STATES),
    ("OperationCanceled", _STATES),
)
_WRONG = (
    ("InvalidParameter", Scope.RUN, _ARM),
    ("InvalidRequestContent", Scope.RUN, _ARM),
    ("InvalidRequestFormat", Scope.RUN, _ARM),
    ("InvalidResourceType", Scope.RUN, _ARM),
    ("InvalidResourceNamespace", Scope.RUN, _ARM),
    ("InvalidApiVersionParameter", Scope.RUN, _REPORTED),
    ("MissingApiVersionParameter", Scope.RUN, _REPORTED),
    ("NoRegisteredProviderFound", Scope.RUN, _ARM),
    ("LocationRequired", Scope.RUN, _ARM),
    ("ReservedResourceName", Scope.RUN, _ARM),
    ("MaxPriceValueInvalid", Scope.RUN, _SPOT),
    ("AzureSpotIsNotSupportedForThisAPIVersion", Scope.RUN, _SPOT),
    ("VMMarketplaceInvalidInput", Scope.RUN, _COMPUTE),
    ("ResourcePurchaseValidationFailed", Scope.RUN, _AKS),
    ("MarketplacePurchaseEligibilityFailed", Scope.RUN, _AKS),
    ("SubscriptionNotAuthorizedForImage", Scope.RUN, _COMPUTE),
    ("ResourceGroupNotFound", Scope.RUN, _ARM),
    ("ResourceGroupBeingDeleted", Scope.RUN, _ARM),
    ("ResourceGroupQuotaExceeded", Scope.RUN, _AKS),
    ("ScopeLocked", Scope.RUN, _LOCKS),
    ("SubscriptionNotFound", Scope.SUBSCRIPTION, _ARM),
    ("SubscriptionNotRegistered", Scope.SUBSCRIPTION, _ARM),
    ("MissingSubscriptionRegistration", Scope.SUBSCRIPTION, _ARM),
    ("InvalidSubscriptionRegistrationState", Scope.SUBSCRIPTION, _ARM),
    ("MissingRegistrationForType", Scope.SUBSCRIPTION, _AKS),
    ("DisallowedProvider", Scope.SUBSCRIPTION, _REPORTED),
)
_REFUSED = (
    ("AuthorizationFailed", _ARM),
    ("AuthenticationFailed", _ARM),
    ("InvalidAuthenticationInfo", _STORAGE),
    ("InvalidAuthenticationToken", _ARM),
    ("InvalidAuthenticationTokenTenant", _ARM),
    ("ExpiredAuthenticationToken", _ARM),
    ("ReadOnlyDisabledSubscription", _AKS),
    ("AuthorizationPermissionMismatch", _STORAGE),
    ("AuthorizationFailure", _STORAGE),
    ("AuthorizationProtocolMismatch", _STORAGE),
    ("AuthorizationResourceTypeMismatch", _STORAGE),
    ("AuthorizationServiceMismatch", _STORAGE),
    ("AuthorizationSourceIPMismatch", _STORAGE),
    ("InsufficientAccountPermissions", _STORAGE),
    ("AccountIsDisabled", _STORAGE),
    ("NoAuthenticationInformation", _STORAGE),
    ("KeyBasedAuthenticationNotPermitted", _STORAGE),
    ("invalid_client", _OAUTH),
    ("invalid_grant", _OAUTH),
    ("unauthorized_client", _OAUTH),
)


def _of(kind: FailureKind, *rows: tuple[str, Scope, str]) -> tuple[Code, ...]:
    return tuple(Code(code, kind, scope, source) for code, scope, source in rows)


CODES: tuple[Code, ...] = (
    *_of(FailureKind.CAPACITY, *_FULL),
    *_of(FailureKind.QUOTA, *_LIMITS),
    *_of(FailureKind.UNSUITABLE, *_NOT_HERE),
    *_of(FailureKind.THROTTLED, *_LIMITED),
    *_of(FailureKind.TRANSIENT, *((code, Scope.MACHINE, source) for code, source in _PASSING)),
    *_of(FailureKind.BROKEN, *((code, Scope.MACHINE, source) for code, source in _ONE_MACHINE)),
    *_of(FailureKind.CONFIGURATION, *_WRONG),
    *_of(FailureKind.CREDENTIALS, *((code, Scope.SUBSCRIPTION, src) for code, src in _REFUSED)),
)

SAYS_MANY: Mapping[str, str] = {
    "OperationNotAllowed": f"{_ARM}; {_COMPUTE}: over thirty sentences, a quota's among them",
    "BadRequest": f"{_ARM}; {_COMPUTE}: an envelope, or a sentence",
    "DeploymentFailed": f"{_ARM}: an envelope",
    "InvalidTemplateDeployment": f"{_ARM}: an envelope",
    "ResourceDeploymentFailure": f"{_AKS}: an envelope",
    "Forbidden": f"{_STORAGE}: a firewall, a policy or a role",
}
"""Codes that decide nothing by themselves: one within them does, or they are one machine's."""


BY_CODE: Mapping[str, Code] = {row.code.lower(): row for row in CODES}
