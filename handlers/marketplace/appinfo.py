"""What the buyer needs to get into the product, as queryInstance answers it.

Source: 查询实例信息, zh-cn_topic_0070649428. V2.0 sends plain text; the encryption of V1.0 is gone.
"""

from types import MappingProxyType

LIMITS = MappingProxyType(
    {"frontEndUrl": 512, "adminUrl": 512, "userName": 128, "password": 128, "memo": 1024},
)


def app_info(
    *,
    front_end_url: str,
    admin_url: str | None = None,
    user_name: str | None = None,
    password: str | None = None,
    memo: str | None = None,
) -> dict[str, str]:
    """Build the `appInfo` object, leaving out what is None.

    Raises ValueError naming the member (never its value) that is too long, or `frontEndUrl` if it is empty.
    Write the answer as ASCII JSON: the marketplace wants a Chinese `memo` in Unicode escapes.
    """
    if not front_end_url:
        msg = "frontEndUrl must not be empty"
        raise ValueError(msg)
    members = zip(LIMITS, (front_end_url, admin_url, user_name, password, memo), strict=True)
    present = {name: value for name, value in members if value is not None}
    for name, value in present.items():
        if len(value) > LIMITS[name]:
            msg = f"{name} is longer than {LIMITS[name]} characters"
            raise ValueError(msg)
    return present
