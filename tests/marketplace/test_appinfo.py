"""The access data of an instance."""

import pytest

from handlers.marketplace.appinfo import LIMITS, app_info

URL = "https://app.example.com"
ARGUMENTS = {
    "frontEndUrl": "front_end_url",
    "adminUrl": "admin_url",
    "userName": "user_name",
    "password": "password",
    "memo": "memo",
}


def test_what_is_none_is_left_out() -> None:
    """Only what is given is in the object."""
    assert app_info(front_end_url=URL) == {"frontEndUrl": URL}
    assert app_info(front_end_url=URL, memo="", user_name="admin") == {
        "frontEndUrl": URL,
        "memo": "",
        "userName": "admin",
    }


def test_each_argument_has_its_member() -> None:
    """Every argument arrives under the marketplace's name for it."""
    assert app_info(front_end_url="f", admin_url="a", user_name="u", password="p", memo="m") == {
        "frontEndUrl": "f",
        "adminUrl": "a",
        "userName": "u",
        "password": "p",
        "memo": "m",
    }


def test_the_limits_are_the_guide_s() -> None:
    """The lengths are those of the guide's table."""
    assert dict(LIMITS) == {
        "frontEndUrl": 512,
        "adminUrl": 512,
        "userName": 128,
        "password": 128,
        "memo": 1024,
    }


@pytest.mark.parametrize("member", LIMITS)
def test_too_long_names_the_member_and_not_its_value(member: str) -> None:
    """The longest value passes; one character more is refused by the member's name alone."""
    longest = "密" * LIMITS[member]
    assert app_info(**{"front_end_url": URL} | {ARGUMENTS[member]: longest})[member] == longest
    with pytest.raises(ValueError, match=f"^{member} ") as refusal:
        app_info(**{"front_end_url": URL} | {ARGUMENTS[member]: longest + "x"})
    assert "密" not in str(refusal.value)


def test_the_front_end_is_needed() -> None:
    """An empty frontEndUrl is refused."""
    with pytest.raises(ValueError, match="frontEndUrl"):
        app_info(front_end_url="")
