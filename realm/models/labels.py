"""The label of a position that is not trained. Apart from the rest, so that counting tokens needs no torch."""

IGNORE = -100
