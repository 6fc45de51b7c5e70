"""Charts, as Vega-Lite made SVG."""
