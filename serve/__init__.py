"""What answers HTTP: thin apps over the actors."""
