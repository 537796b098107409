"""Trains a hero on quests: data, optimizers, the step loop, checkpoints. Knows no Ray and no database."""
