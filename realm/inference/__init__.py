"""Generates with a hero and examines it. Knows no Ray, no database, no training."""
