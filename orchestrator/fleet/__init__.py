"""The fleet: machines that exist only for a run. The only choreography of cloud and GitHub."""
