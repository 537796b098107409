"""Models that came from outside, as assets of the vault. Does not know their files."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, select

from realm.rules.stronghold import Asset
from realm.store.columns import to, values_of
from realm.store.database import Database
from realm.store.events import emit
from realm.store.tables import assets


class ImportedStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, asset: Asset, now: datetime) -> Asset:
        """Enter an imported model; one of its id that is there already stays."""
        with self._db.write() as connection:
            known = connection.execute(select(assets).where(assets.c.id == asset.id)).mappings().one_or_none()
            if known is not None:
                return to(Asset, known)
            connection.execute(insert(assets).values(**values_of(asset)))
            data = {"asset_id": asset.id, "sha256": asset.sha256, "size_bytes": asset.size_bytes}
            emit(connection, now, "asset.imported", f"Model imported: {asset.name}", str(asset.data["path"]), data)
            return asset
