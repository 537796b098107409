"""Copies in strongholds, and what each zone holds. Does not know files: a copy is entered when it was verified."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import case, delete, func, insert, literal, select, union_all, update

from realm.rules.retention import Held
from realm.rules.stronghold import HOME, Location
from realm.store.checkpoint_rows import AWAY
from realm.store.columns import to, values_of
from realm.store.database import Database
from realm.store.tables import assets, checkpoints, locations


class LocationStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, location: Location) -> Location:
        """Enter a verified copy; an older entry of the same asset and stronghold is replaced."""
        key = (locations.c.asset_id == location.asset_id, locations.c.stronghold == location.stronghold)
        with self._db.write() as connection:
            connection.execute(delete(locations).where(*key))
            connection.execute(insert(locations).values(**values_of(location)))
        return location

    def verified(self, asset_id: str, stronghold: str, now: datetime) -> None:
        """Note that a copy was found whole again."""
        key = (locations.c.asset_id == asset_id, locations.c.stronghold == stronghold)
        with self._db.write() as connection:
            connection.execute(update(locations).where(*key).values(verified_at=now))

    def remove(self, asset_id: str, stronghold: str) -> None:
        """Forget a copy; one that is not there changes nothing."""
        key = (locations.c.asset_id == asset_id, locations.c.stronghold == stronghold)
        with self._db.write() as connection:
            connection.execute(delete(locations).where(*key))

    def of(self, asset_id: str) -> tuple[Location, ...]:
        """The copies of one asset or checkpoint outside home, by stronghold."""
        return self.of_all([asset_id]).get(asset_id, ())

    def of_all(self, asset_ids: Sequence[str]) -> dict[str, tuple[Location, ...]]:
        """The copies of each of these that has any."""
        query = select(locations).where(locations.c.asset_id.in_(asset_ids)).order_by(locations.c.stronghold)
        found: dict[str, list[Location]] = defaultdict(list)
        with self._db.read() as connection:
            for row in connection.execute(query).mappings():
                found[row["asset_id"]].append(to(Location, row))
        return {asset_id: tuple(copies) for asset_id, copies in found.items()}

    def held(self, strongholds: Collection[str]) -> tuple[Held, ...]:
        """The live checkpoints with a copy in any of these strongholds, `home` among them, and the copies' bytes."""
        copies = [
            select(locations.c.asset_id.label("id"), locations.c.size_bytes.label("size")).where(
                locations.c.stronghold.in_([each for each in strongholds if each != HOME])
            )
        ]
        if HOME in strongholds:
            at_home = select(checkpoints.c.id.label("id"), checkpoints.c.size_bytes.label("size"))
            copies.append(at_home.where(checkpoints.c.trashed_at.is_(None), ~AWAY))
        each = union_all(*copies).subquery()
        total = select(each.c.id, func.sum(each.c.size).label("size_bytes")).group_by(each.c.id).subquery()
        query = select(
            checkpoints.c.id, checkpoints.c.campaign_id, checkpoints.c.step, checkpoints.c.saved_at, total.c.size_bytes
        ).join(total, total.c.id == checkpoints.c.id)
        with self._db.read() as connection:
            rows = connection.execute(query.where(checkpoints.c.trashed_at.is_(None))).mappings()
            return tuple(to(Held, row, size_bytes=int(row["size_bytes"])) for row in rows)

    def count_at_home(self, campaign_id: str) -> int:
        """Live checkpoints of a campaign whose folder is at home."""
        live = (checkpoints.c.campaign_id == campaign_id, checkpoints.c.trashed_at.is_(None))
        query = select(func.count()).select_from(checkpoints).where(*live)
        with self._db.read() as connection:
            away = connection.execute(query.where(AWAY)).scalar_one()
            return connection.execute(query).scalar_one() - away

    def page(
        self, strongholds: Mapping[str, str], limit: int = 50, offset: int = 0
    ) -> tuple[tuple[dict[str, object], ...], int]:
        """Copies in these strongholds, last stored first, as rows {asset_id, kind, name, stronghold, size_bytes,
        stored_at}, and how many there are. `strongholds`: by id the zone it is in; at home are the checkpoints."""
        elsewhere = [each for each in strongholds if each != HOME]
        names = func.coalesce(assets.c.name, checkpoints.c.canonical_name, locations.c.asset_id)
        joined = locations.outerjoin(assets, assets.c.id == locations.c.asset_id).outerjoin(
            checkpoints, checkpoints.c.id == locations.c.asset_id
        )
        parts = [
            select(
                locations.c.asset_id.label("asset_id"),
                case((assets.c.kind.is_(None), literal("checkpoint")), else_=assets.c.kind).label("kind"),
                names.label("name"),
                locations.c.stronghold.label("stronghold"),
                locations.c.size_bytes.label("size_bytes"),
                locations.c.stored_at.label("stored_at"),
            )
            .select_from(joined)
            .where(locations.c.stronghold.in_(elsewhere))
        ]
        if HOME in strongholds:
            parts.append(
                select(
                    checkpoints.c.id,
                    literal("checkpoint"),
                    checkpoints.c.canonical_name,
                    literal(HOME),
                    checkpoints.c.size_bytes,
                    checkpoints.c.saved_at,
                ).where(checkpoints.c.trashed_at.is_(None), ~AWAY)
            )
        every = union_all(*parts).subquery()
        query = select(every).order_by(every.c.stored_at.desc(), every.c.asset_id).limit(limit).offset(offset)
        with self._db.read() as connection:
            rows = tuple(dict(row) for row in connection.execute(query).mappings())
            return rows, connection.execute(select(func.count()).select_from(every)).scalar_one()
