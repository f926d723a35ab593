"""What the answer codes mean, for people who watch (调用结果码说明, zh-cn_topic_0070649421)."""

DONE = "000000"
RUNNING = "000004"

_MEANINGS = {
    DONE: ("成功", "succeeded"),
    "000001": ("鉴权失败", "authentication failed"),
    "000002": ("请求参数不合法", "invalid request parameter"),
    "000003": ("实例ID不存在", "instance does not exist"),
    RUNNING: ("请求处理中", "being processed"),
    "000005": ("其它服务内部错误", "other internal error"),
    "000100": ("无可用实例资源分配", "no instance resource left"),
    "000101": ("手机号为空或重复", "mobile number missing or taken"),
    "000102": ("邮箱号为空或重复", "e-mail address missing or taken"),
    "000103": ("该商品不可重复购买", "product already purchased"),
    "000104": ("该商品内部服务异常", "product's internal service error"),
    "000105": ("该账号已购买权益,无法再开通", "account already has these benefits"),
    "000106": ("该商品资源已售罄", "product sold out"),
    "000107": ("该SaaS邮箱域名重复", "SaaS e-mail domain taken"),
}


def meaning(code: str) -> str:
    """Return the meaning of a result code in Chinese and English."""
    chinese, english = _MEANINGS.get(code, ("未知结果码", "unknown code"))
    return f"{chinese} {english}"
