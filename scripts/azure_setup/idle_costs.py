"""What idles, and what it costs."""

from __future__ import annotations


def idle_costs(regions: int) -> str:
    """Return what is paid for while nothing runs, with a number of regions."""
    text = """
What idles, and what it costs while nothing runs (US dollars, list prices: look yours up):
  NAT gateway and its address  36 a month and region (0.045 + 0.005 an hour): @SUM@
  gallery replicas             0.05 a GB and month, a region and version: 10 for 200 GB
  golden image in storage      0.02 a GB and month: 1
  ledgers, 90 days             0.02 a GB and month: under 1
  sweeper, identities, roles   under 1
A NAT gateway also costs 0.045 for each GB that goes through it while machines run.
To stop the dear part: az network vnet subnet update --remove natGateway, then az network nat
gateway delete and az network public-ip delete; run this again before a run.
Next: the golden image and the machine image (runner-image/README.md), the model's key as a secret
(gh secret set OPENAI_API_KEY), then: waa-matrix doctor."""
    return text.replace("@SUM@", str(36 * regions))
