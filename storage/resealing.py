"""Seal again with the first encryption key whatever is sealed, so that older keys can go."""

from sqlalchemy import Engine, Table, select, update
from sqlmodel import Session

from storage.models import Call, Instance, Order
from storage.rows import table_of
from storage.sealing import Sealer

# Every sealed column there is; a test looks for one that is missing here.
SEALED = ((table_of(Instance), "access"), (table_of(Order), "info"), (table_of(Call), "evidence"))
_AT_ONCE = 500


def reseal(engine: Engine, sealer: Sealer) -> int:
    """Seal all sealed rows again, some hundred in a transaction; gives how many.

    A server may go on working meanwhile, as long as it has the old keys too. Raises SealBroken for a row
    that no configured key opens; what was done by then stays done.
    """
    count = 0
    for table, column in SEALED:
        after = 0
        while True:
            with Session(engine) as session, session.begin():
                done, after = _reseal_some(session, sealer, table, column, after)
            count += done
            if done < _AT_ONCE:
                break
    return count


def _reseal_some(session: Session, sealer: Sealer, table: Table, column: str, after: int) -> tuple[int, int]:
    """Seal the rows after a number again; gives how many, and the number of the last one."""
    sealed = table.c[column]
    rows = session.execute(
        select(table.c.id, sealed)
        .where(table.c.id > after, sealed.is_not(None))
        .order_by(table.c.id)
        .limit(_AT_ONCE)
        .with_for_update()
    ).all()
    for row_id, token in rows:
        # SQLite locks no rows: what was written since it was read here is newer, and must stay.
        unchanged = (table.c.id == row_id, sealed == token)
        session.execute(update(table).where(*unchanged).values({column: sealer.reseal(token)}))
    return len(rows), rows[-1][0] if rows else after
