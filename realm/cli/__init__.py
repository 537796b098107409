"""The `realm` command: the composition root. One module per command group."""
