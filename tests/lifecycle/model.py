"""What must hold for an order line, in plain Python: the state machine compares the server with this."""

from dataclasses import dataclass, field
from itertools import groupby

from tests.product import Asked


@dataclass
class Line:
    """One order line as it must be once nothing is under way.

    `told` is the work that the product must have got: pairs of a name of ours and the kind, in order.
    `waiting` is what stands in line behind a provisioning that the product is to report on.
    """

    order_id: str
    instance_id: str
    state: str = "active"
    is_frozen: bool = False
    is_held: bool = False
    expiry: str | None = None
    sku_code: str = "sku-1"
    told: list[tuple[str, str]] = field(default_factory=list)
    waiting: list[tuple[str, str]] = field(default_factory=list)
    upgrades: dict[str, str] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    certain: int = 0

    @property
    def stage(self) -> str:
        """Give the stage as the vendor API names it."""
        return "frozen" if self.is_frozen and self.state in {"active", "provisioning"} else self.state

    def work(self, name: str, kind: str) -> None:
        """Give the product a piece of work, behind the held provisioning if there is one."""
        (self.waiting if self.is_held else self.told).append((name, kind))

    def upgrade(self, order_id: str) -> None:
        """Take an upgrade order on; its specification counts once the product did it."""
        self.work(f"change {order_id}", "change")
        if not self.is_held:
            self.sku_code = self.upgrades[order_id]

    def provisioned(self) -> None:
        """Let the provisioning end well: what waited behind it follows."""
        self.state, self.is_held = "active", False
        waiting, self.waiting = self.waiting, []
        for name, kind in waiting:
            self.work(name, kind)
            if kind == "change":
                self.sku_code = self.upgrades[name.split()[1]]

    def failed(self) -> None:
        """Let the provisioning fail: only changes of specification are remembered."""
        self.state, self.is_held = "failed", False
        self.waiting = [(name, kind) for name, kind in self.waiting if kind == "change"]

    def started_afresh(self, name: str) -> None:
        """Provision again: the changes that were dropped follow, and then a freeze that came meanwhile."""
        self.told.append(("provision", "provision"))
        self.provisioned()
        if self.is_frozen:
            self.work(name, "freeze")

    def released(self, *, certain: int) -> None:
        """End it: of what was told, the first `certain` pieces surely reached the product."""
        self.state, self.is_frozen, self.is_held = "released", False, False
        self.waiting.clear()
        self.certain = certain

    def explains(self, asked: list[Asked]) -> bool:
        """Say whether the product got what it must have got, each piece in its turn."""
        kinds = [kind for (_, kind), _ in groupby((each.key, each.kind) for each in asked)]
        expected = [kind for (_, kind), _ in groupby(self.told)]
        if self.state != "released":
            return kinds == expected
        if kinds[-1:] == ["deprovision"]:
            kinds.pop()
        elif kinds:
            return False
        sure = [kind for (_, kind), _ in groupby(self.told[: self.certain])]
        return kinds == expected[: len(kinds)] and len(kinds) >= len(sure)
