"""The servers that are measured: ours, and peers that do the same work."""
