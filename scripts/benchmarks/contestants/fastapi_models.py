"""The seven activities as pydantic models, with the lengths and patterns of our contract."""

# ruff: noqa: N815 - the names are the marketplace's

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f]*[^\x00-\x20][^\x00-\x1f]*$")]
OptionalId = Annotated[str | None, Field(max_length=64, pattern=r"^[^\x00-\x1f]*$")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="allow")

    testFlag: Annotated[str | None, Field(max_length=2)] = None


class NewInstance(_Body):
    """An order line was paid."""

    activity: Literal["newInstance"]
    orderId: Id
    orderLineId: Id
    businessId: Id


class QueryInstance(_Body):
    """Say how the buyer gets in."""

    activity: Literal["queryInstance"]
    instanceId: Annotated[str, Field(min_length=1, max_length=6499)]


class RefreshInstance(_Body):
    """Set the expiry."""

    activity: Literal["refreshInstance"]
    scene: Literal["TRIAL_TO_FORMAL", "RENEWAL", "UNSUBSCRIBE_RENEWAL_PERIOD", "RENEWAL_CHANGE"]
    orderId: Id
    orderLineId: Id
    instanceId: Id
    productId: OptionalId = None
    expireTime: Annotated[str, Field(min_length=14, max_length=20, pattern=r"^[0-9]{14}([0-9]{3})?$")]


class UpdateInstanceStatus(_Body):
    """Freeze or unfreeze."""

    activity: Literal["updateInstanceStatus"]
    instanceId: Id
    status: Literal["FREEZE", "UNFREEZE"]


class ReleaseInstance(_Body):
    """The order line is over."""

    activity: Literal["releaseInstance"]
    instanceId: Id
    orderId: OptionalId = None
    orderLineId: OptionalId = None


class UpgradeInstance(_Body):
    """The buyer paid for more."""

    activity: Literal["upgradeInstance"]
    instanceId: Id
    orderId: Id
    orderLineId: Id


class ProductInfo(BaseModel):
    """The specification wanted."""

    productId: OptionalId = None
    skuCode: OptionalId = None
    linearValue: int | str | None = None
    productName: Annotated[str | None, Field(max_length=1024)] = None


class ChangeInstanceCheck(_Body):
    """Say whether the buyer may have another specification."""

    activity: Literal["changeInstanceCheck"]
    instanceId: Id
    productInfo: ProductInfo | str


AnyBody = Annotated[
    NewInstance
    | QueryInstance
    | RefreshInstance
    | UpdateInstanceStatus
    | ReleaseInstance
    | UpgradeInstance
    | ChangeInstanceCheck,
    Field(discriminator="activity"),
]


class Answer(BaseModel):
    """What every activity answers."""

    resultCode: str
    resultMsg: str
    instanceId: str | None = None
