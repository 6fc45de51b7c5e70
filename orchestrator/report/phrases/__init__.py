"""How amounts, results and foreign text are put, in any format."""
