"""Tables, one a module."""

from storage.models.call import Call
from storage.models.change import OPEN_STATES, Change, ChangeKind, ChangeState
from storage.models.executor import Executor
from storage.models.instance import Instance, InstanceState
from storage.models.notice import Notice
from storage.models.order import Order

__all__ = [
    "OPEN_STATES",
    "Call",
    "Change",
    "ChangeKind",
    "ChangeState",
    "Executor",
    "Instance",
    "InstanceState",
    "Notice",
    "Order",
]
