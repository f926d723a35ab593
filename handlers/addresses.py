"""Production addresses as they are at work: names, decoded keys, and how each answers."""

from dataclasses import dataclass, field

from handlers.settings import Activity, AddressSettings, Settings


@dataclass(frozen=True, slots=True)
class Address:
    """One production address. Keys are bytes that sign, by interface type, newest first."""

    name: str
    public_url: str
    settings: AddressSettings = field(repr=False)
    keys: dict[str, tuple[bytes, ...]] = field(repr=False)

    @property
    def url(self) -> str:
        """The URL that is entered in the seller centre."""
        return f"{self.public_url.rstrip('/')}/produce/{self.name}"

    def waits_for(self, activity: Activity) -> bool:
        """Whether the answer waits, within the budget, for the product."""
        return self.settings.answer_budget > 0 and self.settings.waits_for(activity)


def make_addresses(settings: Settings) -> dict[str, Address]:
    """Make the addresses of the settings, with their keys decoded."""
    return {
        name: Address(
            name,
            settings.public_url,
            address,
            {
                kind: tuple(address.decode_key(key) for key in getattr(address.keys, kind))
                for kind in type(address.keys).model_fields
            },
        )
        for name, address in settings.addresses.items()
    }
