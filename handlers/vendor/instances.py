"""Look instances up.

Contract: openapi/vendor.yaml
"""

from typing import Any

from handlers.settings import VendorKey
from handlers.turns import ref_of
from handlers.vendor.access import addresses_of
from handlers.vendor.paging import page, read_cursor
from handlers.vendor.rendering import render_change, render_instance
from storage import changes, instances
from storage.models import Instance, InstanceState
from storage.session import Session

_FROZEN = (InstanceState.PROVISIONING, InstanceState.ACTIVE)


def list_instances(arguments: dict[str, Any], *, session: Session, caller: VendorKey) -> dict[str, Any]:
    """List instances, oldest first, those that the key may see."""
    limit = arguments["limit"]
    found = instances.list_(
        session,
        addresses=addresses_of(caller),
        after=read_cursor(arguments["cursor"]) or 0,
        limit=limit + 1,
        states=_states(arguments["state"]),
        is_frozen=_is_frozen(arguments["state"]),
        address=arguments["address"],
        order_id=arguments["orderId"],
        product_id=arguments["productId"],
        customer_id=arguments["customerId"],
    )
    items = [render_instance(session, instance) for instance in found[:limit]]
    return page([*items, *found[limit:]], [instance.id for instance in found], limit)


def get_instance(arguments: dict[str, Any], *, session: Session, caller: VendorKey) -> dict[str, Any]:
    """Get an instance; raises InstanceNotFound for one that the key may not see, too."""
    return render_instance(session, find_seen(session, arguments["instanceId"], caller))


def list_changes(arguments: dict[str, Any], *, session: Session, caller: VendorKey) -> dict[str, Any]:
    """List what happened to an instance, oldest first; raises InstanceNotFound."""
    instance = find_seen(session, arguments["instanceId"], caller)
    return {"items": [render_change(change) for change in changes.list_of(session, ref_of(instance))]}


def find_seen(session: Session, instance_id: str, caller: VendorKey) -> Instance:
    """Find an instance by its id alone, if the key may see its address; raises InstanceNotFound."""
    return instances.get_seen(session, instance_id, addresses_of(caller))


def _states(state: str | None) -> list[str] | None:
    if state == "frozen":
        return [*_FROZEN]
    return None if state is None else [state]


def _is_frozen(state: str | None) -> bool | None:
    if state == "frozen":
        return True
    return False if state in _FROZEN else None
