"""Checkpoints as files: folders, strongholds, copies, exports, imports. Knows no ledger, no Ray and no torch."""
