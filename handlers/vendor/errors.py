"""What the vendor API refuses for reasons of its own."""


class NothingToDo(Exception):
    """The instance has no piece of work in the state that the request is about."""
