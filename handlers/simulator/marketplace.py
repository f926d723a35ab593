"""KooGallery as a seller meets it: it sells, renews, freezes, upgrades, releases, and tries again."""

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import Any, Literal, Self

from handlers.simulator import bodies, catalogue, periods
from handlers.simulator.catalogue import PeriodType, Terms
from handlers.simulator.codes import RUNNING
from handlers.simulator.delivery import DONE_OR_RUNNING, ONLY_DONE, Delivery, Exchange, Fields, Options
from handlers.simulator.exchange import Line, Reply
from handlers.simulator.judgement import INSTANCE_CHANGED, Finding
from handlers.simulator.state import Order, OrderType, State, Subscription, SubscriptionState

Scene = Literal["TRIAL_TO_FORMAL", "RENEWAL", "UNSUBSCRIBE_RENEWAL_PERIOD", "RENEWAL_CHANGE"]

_SCENE_ORDERS: dict[Scene, OrderType] = {
    "TRIAL_TO_FORMAL": "TRIAL_TO_FORMAL",
    "RENEWAL": "RENEW",
    "UNSUBSCRIBE_RENEWAL_PERIOD": "UNSUBSCRIBE",
    "RENEWAL_CHANGE": "RENEW",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """How a purchase went; the instance is None if no attempt was answered as it must be."""

    order: Order
    instance_id: str | None = None
    access: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def completed(self) -> bool:
        """Say whether the buyer has an instance."""
        return self.instance_id is not None


class Marketplace:
    """Drives one production address; what it complains of gathers in `findings`."""

    def __init__(
        self,
        address: str,
        key: str,
        state: State,
        *,
        now: Callable[[], datetime],
        options: Options | None = None,
        watch: Callable[[Exchange], None] = lambda _: None,
    ) -> None:
        self.state = state
        self._now = now
        patience = options or Options()
        self._line = Line(address, key, now=now, timeout=patience.timeout)
        self._delivery = Delivery(self._line, patience, watch)

    def __enter__(self) -> Self:
        """Return the marketplace; leaving closes its connections."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self._line.close()

    @property
    def findings(self) -> list[Finding]:
        """Return every complaint so far."""
        return self._delivery.findings

    def call(self, fields: Fields, *, accept: Collection[str] = ONLY_DONE) -> Reply:
        """Send one call and judge its answer; any resultCode but the accepted ones is a finding."""
        return self._delivery.once(fields, accept).reply

    def purchase(self, terms: Terms | None = None) -> Purchase:
        """Sell an instance: newInstance, then queryInstance until it names the instance; retry what fails."""
        order = catalogue.buy(self.state, terms or Terms(), at=self._now())
        for attempt in range(self._delivery.options.attempts):
            if attempt:
                self._delivery.pause()
            created, instance_id = self._create(order)
            if created.findings or instance_id is None:
                continue
            info = self._delivery.until_done(partial(self._ask, instance_id))
            if info.done:
                self.state.set_state(order.order_line_id, "active")
                return Purchase(
                    order=order, instance_id=instance_id, access=access_data(info.reply, instance_id)
                )
            if info.reply.code == RUNNING:
                break
        self.state.set_state(order.order_line_id, "failed")
        return Purchase(order=order)

    def redeliver(self, order: Order, times: int, *, parallel: bool = False) -> list[Reply]:
        """Send newInstance of an order again, `times` times; each must name the first instance."""
        with ThreadPoolExecutor(max_workers=max(1, min(times, 32)) if parallel else 1) as pool:
            return list(pool.map(lambda _: self._create(order)[0].reply, range(times)))

    def query(self, instance_id: str) -> Reply:
        """Ask for the access data of an instance, as when the buyer opens its page."""
        return self._ask(instance_id).reply

    def renew(
        self,
        instance_id: str,
        *,
        scene: Scene = "RENEWAL",
        period_type: PeriodType = "month",
        period_number: int = 1,
    ) -> Reply:
        """Move the expiry: forward, or with UNSUBSCRIBE_RENEWAL_PERIOD back; RENEWAL_CHANGE also upgrades."""
        subscription, bought = self._bought(instance_id)
        number = -period_number if scene == "UNSUBSCRIBE_RENEWAL_PERIOD" else period_number
        expires = periods.after(subscription.expire_time or self._now(), period_type, number)
        target = catalogue.larger(bought) if scene == "RENEWAL_CHANGE" else bought
        target = catalogue.for_period(target, period_type, period_number, expires)
        order = self._order(target, _SCENE_ORDERS[scene])
        fields = bodies.refresh_instance(
            instance_id,
            order,
            scene=scene,
            expire_time=periods.digits17(expires),
            product_id=order.product_id if order.product_id != bought.product_id else None,
        )
        exchange = self._delivery.retried(fields)
        if exchange.done:
            self.state.set_product(subscription.order_line_id, order)
        return exchange.reply

    def freeze(self, instance_id: str) -> Reply:
        """Stop the instance: expired, in arrears or in violation."""
        return self._set_status(instance_id, "FREEZE", "frozen")

    def unfreeze(self, instance_id: str) -> Reply:
        """Let the instance go on."""
        return self._set_status(instance_id, "UNFREEZE", "active")

    def upgrade(self, instance_id: str, *, linear_value: int | None = None) -> Reply:
        """Sell the larger edition; while the seller works (000004) the call is delivered again."""
        subscription, bought = self._bought(instance_id)
        order = self._order(catalogue.larger(bought, linear_value), "CHANGE")
        fields = bodies.upgrade_instance(instance_id, order)
        exchange = self._delivery.until_done(lambda: self._delivery.retried(fields, DONE_OR_RUNNING))
        if exchange.done:
            self.state.set_product(subscription.order_line_id, order)
        return exchange.reply

    def check_change(self, instance_id: str, *, linear_value: int | None = None) -> Reply:
        """Ask whether the larger edition would be possible at the next renewal."""
        _, bought = self._bought(instance_id)
        return self.call(bodies.change_instance_check(instance_id, catalogue.larger(bought, linear_value)))

    def release(self, instance_id: str, *, unsubscribe: bool = True) -> Reply:
        """End the instance: by an unsubscription with its order, or because the freeze period is over."""
        subscription, bought = self._bought(instance_id)
        order = self._order(bought, "UNSUBSCRIBE") if unsubscribe else None
        exchange = self._delivery.retried(bodies.release_instance(instance_id, order))
        if exchange.done:
            self.state.set_state(subscription.order_line_id, "released")
        return exchange.reply

    def probe(self) -> list[Reply]:
        """Replay debug cases for all seven activities, with ids that nobody knows, as happens twice a day."""
        return [self.call(case) for case in bodies.debug_cases(periods.digits17(self._now()))]

    def _create(self, order: Order) -> tuple[Exchange, str | None]:
        exchange = self._delivery.once(bodies.new_instance(order), DONE_OR_RUNNING)
        answered = (exchange.reply.body or {}).get("instanceId")
        if not isinstance(answered, str) or not answered:
            return exchange, None
        first = self.state.claim_instance(order.order_line_id, answered)
        if answered != first:
            self._delivery.complain(exchange, INSTANCE_CHANGED, "an order line keeps its first instance")
        return exchange, first

    def _ask(self, instance_id: str) -> Exchange:
        return self._delivery.once(bodies.query_instance(instance_id), DONE_OR_RUNNING)

    def _bought(self, instance_id: str) -> tuple[Subscription, Order]:
        subscription = self.state.get_subscription(instance_id)
        return subscription, self.state.get_order(subscription.product_order_id)

    def _order(self, target: Order, order_type: OrderType) -> Order:
        order = replace(target, order_type=order_type, create_time=self._now())
        return catalogue.place(self.state, order)

    def _set_status(self, instance_id: str, status: str, then: SubscriptionState) -> Reply:
        subscription = self.state.get_subscription(instance_id)
        exchange = self._delivery.retried(bodies.update_instance_status(instance_id, status))
        if exchange.done:
            self.state.set_state(subscription.order_line_id, then)
        return exchange.reply


def access_data(reply: Reply, instance_id: str) -> dict[str, Any]:
    """Return the appInfo that a queryInstance answer gives for the instance, {} if none."""
    info = (reply.body or {}).get("info")
    entries = [entry for entry in info if isinstance(entry, dict)] if isinstance(info, list) else []
    found = [entry.get("appInfo") for entry in entries if entry.get("instanceId") == instance_id]
    return found[0] if found and isinstance(found[0], dict) else {}
