"""Checkpoints and other assets as files: folders, strongholds, copies. Knows no ledger, no Ray and no torch."""
