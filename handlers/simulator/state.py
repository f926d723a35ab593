"""What the simulated marketplace remembers, in one SQLite file shared by its server and its commands."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

OrderType = Literal["NEW", "TRIAL", "TRIAL_TO_FORMAL", "UNSUBSCRIBE", "RENEW", "CHANGE"]
SubscriptionState = Literal["pending", "active", "frozen", "released", "failed"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
    order_id TEXT PRIMARY KEY, order_line_id TEXT NOT NULL UNIQUE, order_type TEXT NOT NULL,
    charging_mode TEXT NOT NULL, period_type TEXT, period_number INTEGER, product_id TEXT NOT NULL,
    sku_code TEXT NOT NULL, linear_value INTEGER, product_name TEXT NOT NULL, currency TEXT NOT NULL,
    currency_after_discount TEXT NOT NULL, buyer TEXT NOT NULL, extend_params TEXT NOT NULL,
    create_time TEXT NOT NULL, expire_time TEXT);
CREATE TABLE IF NOT EXISTS subscriptions (
    position INTEGER PRIMARY KEY AUTOINCREMENT, order_line_id TEXT NOT NULL UNIQUE,
    order_id TEXT NOT NULL REFERENCES orders (order_id),
    product_order_id TEXT NOT NULL REFERENCES orders (order_id),
    instance_id TEXT, state TEXT NOT NULL, expire_time TEXT);
"""
_ADD_ORDER = """
INSERT INTO orders VALUES (:order_id, :order_line_id, :order_type, :charging_mode,
    :period_type, :period_number, :product_id, :sku_code, :linear_value, :product_name,
    :currency, :currency_after_discount, :buyer, :extend_params, :create_time, :expire_time)
"""
_ADD_SUBSCRIPTION = """
INSERT INTO subscriptions (order_line_id, order_id, product_order_id, state, expire_time)
VALUES (:order_line_id, :order_id, :order_id, 'pending', :expire_time)
"""
_SUBSCRIPTION = """
SELECT order_line_id, order_id, product_order_id, instance_id, state, expire_time FROM subscriptions
"""


class PurchaseNotFoundError(LookupError):
    """The state file holds no such purchase."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order with its one order line; the buyer is left out of the repr."""

    order_id: str
    order_line_id: str
    order_type: OrderType
    charging_mode: str
    period_type: str | None = None
    period_number: int | None = None
    product_id: str
    sku_code: str
    linear_value: int | None = None
    product_name: str
    currency: str
    currency_after_discount: str
    buyer: dict[str, Any] = field(repr=False)
    extend_params: list[dict[str, str]] = field(repr=False)
    create_time: datetime
    expire_time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """What became of a purchase; `product_order_id` names the order that describes the present product."""

    order_line_id: str
    order_id: str
    product_order_id: str
    instance_id: str | None
    state: SubscriptionState
    expire_time: datetime | None


class State:
    """The simulator's database file, made on first use; safe to share between threads and processes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._connect() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(_SCHEMA)

    @contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=10)) as connection, connection:
            connection.row_factory = sqlite3.Row
            yield connection

    def add_order(self, order: Order) -> bool:
        """Store an order; return False, changing nothing, if its id is taken."""
        with self._connect() as connection:
            try:
                connection.execute(_ADD_ORDER, _order_row(order))
            except sqlite3.IntegrityError:
                return False
        return True

    def find_order(self, order_id: str) -> Order | None:
        """Return the order, or None."""
        with self._connect() as connection:
            row = connection.execute("SELECT * FROM orders WHERE order_id = ?", (order_id,)).fetchone()
        return None if row is None else _order(row)

    def get_order(self, order_id: str) -> Order:
        """Return the order, or raise PurchaseNotFoundError."""
        if (order := self.find_order(order_id)) is None:
            raise PurchaseNotFoundError(order_id)
        return order

    def subscribe(self, order: Order) -> None:
        """Begin a subscription in state `pending` for a stored order."""
        with self._connect() as connection:
            connection.execute(_ADD_SUBSCRIPTION, _order_row(order))

    def claim_instance(self, order_line_id: str, instance_id: str) -> str:
        """Remember the first instance id answered for an order line; return the one that counts."""
        with self._connect() as connection:
            connection.execute(
                "UPDATE subscriptions SET instance_id = COALESCE(instance_id, ?) WHERE order_line_id = ?",
                (instance_id, order_line_id),
            )
            row = connection.execute(_SUBSCRIPTION + "WHERE order_line_id = ?", (order_line_id,)).fetchone()
        return _found(row, order_line_id).instance_id or instance_id

    def get_subscription(self, instance_id: str) -> Subscription:
        """Return the subscription of an instance, or raise PurchaseNotFoundError."""
        with self._connect() as connection:
            row = connection.execute(_SUBSCRIPTION + "WHERE instance_id = ?", (instance_id,)).fetchone()
        return _found(row, instance_id)

    def last_subscription(self) -> Subscription:
        """Return the newest subscription that has an instance, or raise PurchaseNotFoundError."""
        with self._connect() as connection:
            row = connection.execute(
                _SUBSCRIPTION + "WHERE instance_id IS NOT NULL ORDER BY position DESC LIMIT 1"
            ).fetchone()
        return _found(row, "no purchase yet")

    def set_state(self, order_line_id: str, state: SubscriptionState) -> None:
        """Write the state of a subscription."""
        with self._connect() as connection:
            connection.execute(
                "UPDATE subscriptions SET state = ? WHERE order_line_id = ?", (state, order_line_id)
            )

    def set_product(self, order_line_id: str, product_order: Order) -> None:
        """Say which order describes the product from now on, and, if that order has one, the new expiry."""
        row = _order_row(product_order)
        with self._connect() as connection:
            connection.execute(
                "UPDATE subscriptions SET product_order_id = ?, expire_time = COALESCE(?, expire_time)"
                " WHERE order_line_id = ?",
                (product_order.order_id, row["expire_time"], order_line_id),
            )


def _order_row(order: Order) -> dict[str, Any]:
    row = {name: getattr(order, name) for name in Order.__dataclass_fields__}
    row["buyer"] = json.dumps(order.buyer)
    row["extend_params"] = json.dumps(order.extend_params)
    row["create_time"] = order.create_time.isoformat()
    row["expire_time"] = None if order.expire_time is None else order.expire_time.isoformat()
    return row


def _order(row: sqlite3.Row) -> Order:
    values = dict(row)
    values["buyer"] = json.loads(values["buyer"])
    values["extend_params"] = json.loads(values["extend_params"])
    values["create_time"] = datetime.fromisoformat(values["create_time"])
    values["expire_time"] = _moment(values["expire_time"])
    return Order(**values)


def _found(row: sqlite3.Row | None, wanted: str) -> Subscription:
    if row is None:
        raise PurchaseNotFoundError(wanted)
    values = dict(row)
    values["expire_time"] = _moment(values["expire_time"])
    return Subscription(**values)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
