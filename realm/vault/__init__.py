"""Checkpoints and other assets as files: folders, strongholds, copies, exports, imports. Knows no ledger and no Ray."""
