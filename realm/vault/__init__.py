"""The vault's files: strongholds, copies, exports and imports. Knows no database and no Ray."""
