"""What came of asking the product, in a form that a checkpoint can hold."""

from dataclasses import asdict, dataclass
from typing import Any, Literal, Self


@dataclass(frozen=True, slots=True)
class Outcome:
    """The product's answer to one attempt. `access` is sealed; `retry_after` in seconds."""

    kind: Literal["done", "later", "refused", "unavailable", "dropped"]
    reason: str = ""
    result_code: str = "000005"
    retry_after: float | None = None
    access: str | None = None

    @classmethod
    def done(cls, access: str | None = None) -> Self:
        """It is so now."""
        return cls("done", access=access)

    @classmethod
    def later(cls) -> Self:
        """The product took it on and will report."""
        return cls("later")

    @classmethod
    def dropped(cls) -> Self:
        """The work is not wanted any more: the instance is over, or another one serves its order line."""
        return cls("dropped")

    @classmethod
    def refused(cls, reason: str, result_code: str = "000005") -> Self:
        """It will never be so; asking again changes nothing."""
        return cls("refused", reason, result_code)

    @classmethod
    def unavailable(cls, reason: str, retry_after: float | None = None) -> Self:
        """Nobody can say; asking again may help."""
        return cls("unavailable", reason, retry_after=retry_after)

    def as_json(self) -> dict[str, Any]:
        """Give plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Read them back."""
        return cls(**values)
