"""Assets: what the vault keeps beside the ledger's checkpoints. Does not know files."""

from __future__ import annotations

from sqlalchemy import delete, func, insert, select

from realm.errors import NotFoundError
from realm.rules.stronghold import Asset, AssetKind
from realm.store.columns import to, values_of
from realm.store.database import Database
from realm.store.tables import assets


class AssetStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def register(self, asset: Asset) -> Asset:
        """Enter an asset; an older entry under its id is replaced."""
        with self._db.write() as connection:
            connection.execute(delete(assets).where(assets.c.id == asset.id))
            connection.execute(insert(assets).values(**values_of(asset)))
        return asset

    def get(self, asset: str) -> Asset:
        """The asset of an id.

        Raises:
            NotFoundError: there is none.
        """
        with self._db.read() as connection:
            row = connection.execute(select(assets).where(assets.c.id == asset)).mappings().one_or_none()
        if row is None:
            raise NotFoundError(f"There is no asset {asset!r}.", "`GET /api/assets` lists them.")
        return to(Asset, row)

    def page(self, kind: AssetKind | None = None, limit: int = 50, offset: int = 0) -> tuple[tuple[Asset, ...], int]:
        """Assets, newest first, and how many there are."""
        query, count = select(assets), select(func.count()).select_from(assets)
        if kind is not None:
            query, count = query.where(assets.c.kind == kind), count.where(assets.c.kind == kind)
        query = query.order_by(assets.c.created_at.desc(), assets.c.id).limit(limit).offset(offset)
        with self._db.read() as connection:
            found = tuple(to(Asset, row) for row in connection.execute(query).mappings())
            return found, connection.execute(count).scalar_one()
