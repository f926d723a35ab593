"""The result codes a seller may answer, what they mean, and where they exist.

Source: 调用结果码说明, zh-cn_topic_0070649421; international topic_0070649099; Europe en-us_topic_000015.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Site = Literal["cn", "intl", "eu"]

RESULT_MSG_MAX = 255

_EVERYWHERE: frozenset[Site] = frozenset({"cn", "intl", "eu"})
_NOT_IN_EUROPE: frozenset[Site] = frozenset({"cn", "intl"})


class ResultCode(StrEnum):
    """A `resultCode`: six digits, always a string."""

    SUCCESS = "000000"
    AUTHENTICATION_FAILED = "000001"
    INVALID_PARAMETER = "000002"
    INSTANCE_NOT_FOUND = "000003"
    IN_PROGRESS = "000004"
    INTERNAL_ERROR = "000005"
    NO_RESOURCE = "000100"
    MOBILE_REJECTED = "000101"
    EMAIL_REJECTED = "000102"
    ALREADY_PURCHASED = "000103"
    PRODUCT_ERROR = "000104"
    ALREADY_SUBSCRIBED = "000105"
    SOLD_OUT = "000106"
    EMAIL_DOMAIN_TAKEN = "000107"

    @property
    def meaning(self) -> "Meaning":
        """What the guide says of this code."""
        return _MEANINGS[self]

    def available(self, site: Site) -> bool:
        """Tell whether the site's guide has this code."""
        return site in self.meaning.sites

    def fitting(self, activity: str, site: Site) -> "ResultCode":
        """Return this code if the guide gives it to the activity on the site, else the general one there.

        A product may give any reason; the marketplace must get a code that it knows.
        """
        meant_for = self.meaning.activities
        if self.available(site) and (not meant_for or activity in meant_for):
            return self
        return ResultCode.NO_RESOURCE if activity == "newInstance" else ResultCode.INTERNAL_ERROR

    def accepts(self, activity: str) -> bool:
        """Tell whether the marketplace takes this answer to the activity for anything but a failure."""
        return self is ResultCode.SUCCESS or (self is ResultCode.IN_PROGRESS and activity == "newInstance")


@dataclass(frozen=True, slots=True)
class Meaning:
    """The meaning of one result code; no `activities` means that every interface may answer it."""

    chinese: str
    english: str
    sites: frozenset[Site] = _EVERYWHERE
    activities: tuple[str, ...] = ()


def _new_only(chinese: str, english: str) -> Meaning:
    return Meaning(chinese, english, _NOT_IN_EUROPE, ("newInstance",))


_MEANINGS = {
    ResultCode.SUCCESS: Meaning("成功", "Succeeded"),
    ResultCode.AUTHENTICATION_FAILED: Meaning("鉴权失败", "Authentication failed"),
    ResultCode.INVALID_PARAMETER: Meaning("请求参数不合法", "Invalid request parameter"),
    ResultCode.INSTANCE_NOT_FOUND: Meaning(
        "实例ID不存在",
        "The instance ID does not exist",
        activities=("refreshInstance", "updateInstanceStatus", "releaseInstance", "upgradeInstance"),
    ),
    # The guide means it for newInstance; elsewhere the marketplace counts it as a failure and calls again.
    ResultCode.IN_PROGRESS: Meaning("请求处理中", "The request is being processed"),
    ResultCode.INTERNAL_ERROR: Meaning("其它服务内部错误", "Other internal error"),
    ResultCode.NO_RESOURCE: Meaning(
        "无可用实例资源分配",
        "No instance resource can be allocated",
        activities=("newInstance", "upgradeInstance"),
    ),
    ResultCode.MOBILE_REJECTED: _new_only(
        "手机号为空或重复", "Mobile number not specified or already exists"
    ),
    ResultCode.EMAIL_REJECTED: _new_only("邮箱号为空或重复", "Email address not specified or already exists"),
    ResultCode.ALREADY_PURCHASED: _new_only("该商品不可重复购买", "Product already purchased"),
    ResultCode.PRODUCT_ERROR: _new_only("该商品内部服务异常", "Internal service error of the product"),
    ResultCode.ALREADY_SUBSCRIBED: _new_only(
        "该账号已购买权益,无法再开通",
        "Account has already subscribed to the benefits",
    ),
    ResultCode.SOLD_OUT: _new_only("该商品资源已售罄", "Product resources sold out"),
    ResultCode.EMAIL_DOMAIN_TAKEN: _new_only("该SaaS邮箱域名重复", "SaaS email domain already exists"),
}
