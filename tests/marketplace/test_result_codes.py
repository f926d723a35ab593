"""The result codes a seller may answer."""

import json

import pytest

from handlers.marketplace.result_codes import ResultCode

CODES = "000000 000001 000002 000003 000004 000005 000100 000101 000102 000103 000104 000105 000106 000107"


def test_all_documented_codes_are_there() -> None:
    """The codes are those of the guide, no more and no fewer."""
    assert " ".join(ResultCode) == CODES


@pytest.mark.parametrize("code", ResultCode)
def test_every_code_has_a_meaning(code: ResultCode) -> None:
    """Each code is explained in both languages, within what a resultMsg may hold."""
    assert 0 < len(code.meaning.chinese) < 256
    assert code.meaning.english.isascii()
    assert 0 < len(code.meaning.english) < 256


def test_sites() -> None:
    """Europe has seven codes; what it lacks becomes 000100 there."""
    assert " ".join(code for code in ResultCode if code.available("eu")) == CODES[: 7 * 7 - 1]
    assert all(code.available("cn") and code.available("intl") for code in ResultCode)
    assert ResultCode.SOLD_OUT.fitting("newInstance", "eu") is ResultCode.NO_RESOURCE
    assert ResultCode.SOLD_OUT.fitting("newInstance", "intl") is ResultCode.SOLD_OUT
    assert ResultCode.SOLD_OUT.fitting("upgradeInstance", "cn") is ResultCode.INTERNAL_ERROR
    assert ResultCode.NO_RESOURCE.fitting("upgradeInstance", "eu") is ResultCode.NO_RESOURCE
    assert ResultCode.INTERNAL_ERROR.fitting("newInstance", "eu") is ResultCode.INTERNAL_ERROR


def test_what_the_marketplace_accepts() -> None:
    """Only 000000 is success, and 000004 for a new instance."""
    assert [code for code in ResultCode if code.accepts("newInstance")] == ["000000", "000004"]
    assert [code for code in ResultCode if code.accepts("queryInstance")] == ["000000"]


def test_a_code_is_its_digits() -> None:
    """A code is written as six digits in text and in JSON."""
    assert f"{ResultCode.INSTANCE_NOT_FOUND}" == "000003"
    assert json.dumps({"resultCode": ResultCode("000107")}) == '{"resultCode": "000107"}'
