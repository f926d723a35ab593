"""Whatever happens to an order line, in whatever order: the server is where the model says."""

import os
import secrets
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    rule,
    run_state_machine_as_test,
)

from tests.lifecycle.model import Line
from tests.world import Reply, World, new_instance

ACCESS = {"frontEndUrl": "https://app.example.com/x"}
REFUSAL = (422, {"message": "no"})
PLANS: dict[str, list[Any]] = {
    "well": [],
    "stumble": [(503, {})],
    "refuse": [REFUSAL],
    "stumble and refuse": [(503, {}), REFUSAL],
    "hold": [(202, {})],
}
BOUNDS = settings(
    max_examples=int(os.environ.get("KOOGATE_LIVES", "5")),
    stateful_step_count=25,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


class Lifecycle(RuleBasedStateMachine):
    """Sell, renew, freeze, upgrade and release a few order lines, with a product that stumbles."""

    lines = Bundle("lines")

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.sold: list[Line] = []

    def send(self, activity: str, line: Line, **members: Any) -> Reply:
        """Send an activity for a line's instance."""
        body = {"activity": activity, "instanceId": line.instance_id, **members}
        return self.world.call(body, address="hasty")

    def plan(self, line: Line, answers: list[Any]) -> None:
        """Have the product give these answers before it is well again."""
        self.world.product.answers.setdefault(line.instance_id, []).extend(answers)

    def settle(self, line: Line) -> None:
        """Wait until nothing of a line is under way; behind a held provisioning nothing is."""
        if not line.is_held:
            self.world.settled(line.instance_id)

    @rule(target=lines, plan=st.sampled_from(sorted(PLANS)))
    def new(self, plan: str) -> Line:
        """Sell an order line to a product in one of its moods."""
        order_id = self.world.gallery.place()
        body = new_instance(order_id)
        line = Line(order_id, body["businessId"], told=[("provision", "provision")])
        self.plan(line, PLANS[plan])
        self.sold.append(line)
        reply = self.world.call(body, address="hasty")
        if "refuse" in plan:
            self.settle(line)
            line.failed()
            assert reply.code in {"000004", "000005"}
        elif plan == "hold":
            line.state, line.is_held = "provisioning", True
            self.world.until(lambda: self.world.changes(line.instance_id)[0]["state"] == "waiting")
            assert reply.code == "000004"
        else:
            assert reply.code in {"000000", "000004"}
        return line

    @rule(line=lines)
    def deliver_again(self, line: Line) -> None:
        """Three more deliveries at once get the same id; one that had failed starts afresh."""
        replies = self.world.call_together([new_instance(line.order_id) for _ in range(3)], address="hasty")

        ids = {reply.json["instanceId"] for reply in replies}
        assert ids == {line.instance_id}
        assert {reply.code for reply in replies} <= {"000000", "000004"}
        if line.state == "failed":
            line.started_afresh(secrets.token_hex(4))

    @rule(line=lines, years=st.integers(31, 39), is_refund=st.booleans(), is_repeated=st.booleans())
    def renew(self, line: Line, years: int, *, is_refund: bool, is_repeated: bool) -> None:
        """A renewal never shortens, a refund sets; a repeat does nothing."""
        order_id = f"R{secrets.token_hex(6)}"
        members = {
            "scene": "UNSUBSCRIBE_RENEWAL_PERIOD" if is_refund else "RENEWAL",
            "orderId": order_id,
            "orderLineId": f"{order_id}-000001",
            "expireTime": f"20{years}1231155959",
        }
        replies = [self.send("refreshInstance", line, **members) for _ in range(1 + is_repeated)]

        assert {reply.code for reply in replies} == {self.refusal(line) or "000000"}
        if self.refusal(line) is None:
            expiry = f"20{years}-12-31T15:59:59"
            line.expiry = expiry if is_refund or line.expiry is None else max(line.expiry, expiry)
            line.work(order_id, "renew")

    @rule(line=lines)
    def freeze(self, line: Line) -> None:
        """Freeze; what is frozen or over stays so, what failed is marked."""
        assert self.send("updateInstanceStatus", line, status="FREEZE").code == "000000"

        if line.state in {"active", "provisioning"} and not line.is_frozen:
            line.work(secrets.token_hex(4), "freeze")
        line.is_frozen = line.state != "released"

    @rule(line=lines)
    def unfreeze(self, line: Line) -> None:
        """Unfreeze; what is over stays over."""
        expected = "000003" if line.state == "released" else "000000"
        assert self.send("updateInstanceStatus", line, status="UNFREEZE").code == expected

        if line.state in {"active", "provisioning"} and line.is_frozen:
            line.work(secrets.token_hex(4), "unfreeze")
        line.is_frozen = False

    @rule(line=lines, is_refused=st.booleans())
    def upgrade(self, line: Line, *, is_refused: bool) -> None:
        """Upgrade; the specification changes once the product did it."""
        sku_code = f"sku-{secrets.token_hex(3)}"
        order_id = self.world.gallery.place(order_type="CHANGE", sku_code=sku_code)
        line.upgrades[order_id] = sku_code
        is_refused = is_refused and line.state == "active"
        if is_refused:
            self.settle(line)
            self.plan(line, [REFUSAL])
        reply = self.deliver_upgrade(line, order_id)
        if self.refusal(line):
            assert reply.code == self.refusal(line)
        elif is_refused:
            self.settle(line)
            line.work(f"change {order_id}", "change")
            line.refused.append(order_id)
            assert reply.code in {"000004", "000005"}
        else:
            line.upgrade(order_id)
            assert reply.code in {"000000", "000004"}

    @rule(line=lines)
    def upgrade_again(self, line: Line) -> None:
        """The next delivery of a refused upgrade starts it afresh."""
        if line.refused and line.state == "active":
            order_id = line.refused.pop()
            assert self.deliver_upgrade(line, order_id).code in {"000000", "000004"}
            line.upgrade(order_id)

    def deliver_upgrade(self, line: Line, order_id: str) -> Reply:
        """Deliver an upgrade order."""
        return self.send("upgradeInstance", line, orderId=order_id, orderLineId=f"{order_id}-000001")

    @rule(line=lines, is_settled=st.booleans())
    def release(self, line: Line, *, is_settled: bool) -> None:
        """Release, with or without work under way; released never comes back."""
        if is_settled:
            self.settle(line)
        assert self.send("releaseInstance", line).code == "000000"

        if line.state != "released":
            line.released(certain=len(line.told) if is_settled else 0)

    @rule(line=lines)
    def stumble(self, line: Line) -> None:
        """Let the product be down for the next thing it is asked."""
        if not self.world.product.answers.get(line.instance_id):
            self.plan(line, [(503, {})])

    @rule(line=lines, is_good=st.booleans())
    def report(self, line: Line, *, is_good: bool) -> None:
        """Let the vendor report on a provisioning that the product took on."""
        verb = "complete" if is_good else "fail"
        body: dict[str, Any] = {"access": ACCESS} if is_good else {"reason": "no"}
        if line.is_held:
            path = f"/instances/{line.instance_id}/{verb}"
            assert self.world.vendor("POST", path, body).status == 200
            if is_good:
                line.provisioned()
            else:
                line.failed()

    @rule(line=lines, activity=st.sampled_from(["FREEZE", "releaseInstance", "newInstance"]))
    def probe(self, line: Line, activity: str) -> None:
        """A probe for a living instance is well answered and does nothing."""
        if activity == "newInstance":
            body = new_instance(line.order_id, testFlag="1")
            assert self.world.call(body, address="hasty").json["instanceId"] == body["businessId"]
            return
        members: dict[str, Any] = {"testFlag": "1"}
        if activity == "FREEZE":
            activity, members["status"] = "updateInstanceStatus", "FREEZE"
        assert self.send(activity, line, **members).code == "000000"

    @rule(line=lines)
    def query(self, line: Line) -> None:
        """The answer says whether the buyer can get in."""
        codes = {"active": {"000000", "000004"}, "provisioning": {"000004"}}
        assert self.send("queryInstance", line).code in codes.get(line.state, {self.refusal(line)})

    @rule(line=consumes(lines))
    def look_closely(self, line: Line) -> None:
        """Compare one line with the model, then leave it alone."""
        self.compare(line)

    def teardown(self) -> None:
        """Compare every line with the model."""
        for line in self.sold:
            self.compare(line)

    def compare(self, line: Line) -> None:
        """Compare the server with the model once nothing is under way."""
        self.settle(line)
        listed = self.world.vendor("GET", f"/instances?orderId={line.order_id}").json["items"]
        assert [item["instanceId"] for item in listed] == [line.instance_id]
        found = listed[0]
        assert found["state"] == line.stage
        # A release may overtake an upgrade, whose specification then never counted.
        assert line.state == "released" or found["skuCode"] == line.sku_code
        if line.expiry is not None:
            assert found["expiresAt"].startswith(line.expiry)
        asked = self.world.product.asked_of(line.instance_id)
        assert line.explains(asked), ([each.kind for each in asked], line.told)

    @staticmethod
    def refusal(line: Line) -> str | None:
        """Give the code that refuses what needs a product, or None."""
        return {"released": "000003", "failed": "000005"}.get(line.state)


@pytest.mark.slow
def test_the_lifecycle_is_where_the_model_says(world: World) -> None:
    """One instance for an order line, one id for ever, and the product's work in its order."""

    class Here(Lifecycle):
        def __init__(self) -> None:
            super().__init__(world)

    run_state_machine_as_test(Here, settings=BOUNDS)
