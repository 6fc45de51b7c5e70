"""Machines of a cloud: the port that the fleet talks to, and one package for each adapter."""
