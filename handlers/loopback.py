"""Where plain HTTP may go: to this machine only."""

import ipaddress
from urllib.parse import urlsplit


def require_safe_url(url: str) -> str:
    """Give the URL back if it is https, or http to a loopback host; raises ValueError otherwise."""
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return url
    if parts.scheme == "http" and is_loopback(parts.hostname or ""):
        return url
    msg = "must begin with https:// (http:// is for loopback hosts only)"
    raise ValueError(msg)


def is_loopback(host: str) -> bool:
    """Say whether a host name or address is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
