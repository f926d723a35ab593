"""What storage raises: what happened, without HTTP."""


class StorageError(Exception):
    """Any refusal of the storage layer."""


class InstanceNotFound(StorageError):
    """No instance of this address has that id."""

    def __init__(self, instance_id: str) -> None:
        super().__init__(f"no instance {instance_id!r}")
        self.instance_id = instance_id


class ChangeNotFound(StorageError):
    """No change has that id."""


class NoticeNotFound(StorageError):
    """No notice has that id."""


class CallNotFound(StorageError):
    """No call has that id."""


class Replayed(StorageError):
    """A call with this nonce was recorded before."""


class SealBroken(StorageError):
    """Sealed data cannot be opened with any of the configured encryption keys."""


class SchemaOutOfDate(StorageError):
    """The database was made by another version; `koogate migrate` brings it up to date."""


class DatabaseClosed(StorageError):
    """This process is ending and takes no more jobs."""


class DatabaseInUse(StorageError):
    """Another process serves this SQLite file."""
