"""A stateful stand-in for Azure Resource Manager and its sign-in, over TLS on loopback."""
