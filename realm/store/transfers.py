"""Transfers: copies under way from one stronghold to another. Does not know how bytes travel."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, RowMapping, func, insert, select, update

from realm.errors import ConflictError, NotFoundError
from realm.rules.states import sources
from realm.rules.stronghold import TRANSFER_TRANSITIONS, Transfer, TransferState
from realm.store.columns import to
from realm.store.database import Database
from realm.store.events import emit
from realm.store.tables import transfers

OPEN = tuple(state for state in TransferState if not state.terminal)


class TransferStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def open(self, asset_id: str, source: str, target: str, bytes_total: int, now: datetime) -> Transfer:
        """Queue a transfer. One of this asset to the same target that is not finished is that one."""
        with self._db.write() as connection:
            query = select(transfers).where(
                transfers.c.asset_id == asset_id, transfers.c.target == target, transfers.c.state.in_(OPEN)
            )
            row = connection.execute(query).mappings().first()
            if row is not None:
                return _transfer(row)
            values = {
                "asset_id": asset_id,
                "source": source,
                "target": target,
                "state": TransferState.PENDING,
                "bytes_done": 0,
                "bytes_total": bytes_total,
                "created_at": now,
                "updated_at": now,
            }
            made = connection.execute(insert(transfers).values(**values).returning(transfers.c.id)).scalar_one()
            return _get(connection, str(made))

    def get(self, transfer: str) -> Transfer:
        with self._db.read() as connection:
            return _get(connection, transfer)

    def page(self, limit: int = 50, offset: int = 0) -> tuple[tuple[Transfer, ...], int]:
        """Transfers, last asked for first, and how many there are."""
        query = select(transfers).order_by(transfers.c.id.desc()).limit(limit).offset(offset)
        with self._db.read() as connection:
            found = tuple(_transfer(row) for row in connection.execute(query).mappings())
            return found, connection.execute(select(func.count()).select_from(transfers)).scalar_one()

    def unfinished(self) -> tuple[Transfer, ...]:
        """Transfers to be done, first asked for first: those under way when a process ended are among them."""
        query = select(transfers).where(transfers.c.state.in_(OPEN)).order_by(transfers.c.id)
        with self._db.read() as connection:
            return tuple(_transfer(row) for row in connection.execute(query).mappings())

    def advance(self, transfer: str, bytes_done: int, now: datetime) -> bool:
        """Note how far a running transfer is; whether it still runs."""
        values = {"bytes_done": bytes_done, "updated_at": now}
        key = (transfers.c.id == int(transfer), transfers.c.state == TransferState.RUNNING)
        with self._db.write() as connection:
            return connection.execute(update(transfers).where(*key).values(**values)).rowcount == 1

    def set_state(
        self, transfer: str, state: TransferState, now: datetime, error: str | None = None, source: str | None = None
    ) -> Transfer:
        """Move a transfer to a state; the same again changes nothing. `source`: where it is read from now.

        Raises:
            ConflictError: the state it is in does not lead there.
        """
        with self._db.write() as connection:
            found = _get(connection, transfer)
            if found.state == state and source in (None, found.source):
                return found
            values: dict[str, object] = {"state": state, "updated_at": now, "error": error}
            values["finished_at"] = now if state.terminal else None
            if source is not None:
                values["source"] = source
            if state == TransferState.COMPLETED:
                values["bytes_done"] = found.bytes_total
            allowed = (*sources(TRANSFER_TRANSITIONS, state), state)
            guarded = update(transfers).where(transfers.c.id == int(transfer), transfers.c.state.in_(allowed))
            if connection.execute(guarded.values(**values)).rowcount == 0:
                raise ConflictError(f"Transfer {transfer} is {found.state}.", "Ask for a new one.")
            if state.terminal:
                data = {"transfer_id": transfer, "asset_id": found.asset_id, "target": found.target}
                title = f"Transfer {state}: {found.asset_id} to {found.target}"
                emit(connection, now, f"transfer.{state}", title, error or "", data)
            return _get(connection, transfer)


def _transfer(row: RowMapping) -> Transfer:
    return to(Transfer, row, id=str(row["id"]))


def _get(connection: Connection, transfer: str) -> Transfer:
    number = int(transfer) if transfer.isdigit() and len(transfer) < 19 else -1
    row = connection.execute(select(transfers).where(transfers.c.id == number)).mappings().one_or_none()
    if row is None:
        raise NotFoundError(f"There is no transfer {transfer!r}.", "`realm vault transfer --list` shows them.")
    return _transfer(row)
