"""Durable work: what must happen after a commit, whatever happens to the process."""
