"""URLs that may be configured: plain HTTP goes to this machine only."""

import ipaddress
from urllib.parse import urlsplit


def require_safe_url(url: str) -> str:
    """Give the URL back if it is https, or http to a loopback host; raises ValueError otherwise."""
    scheme, host = _parts(url)
    if (scheme == "https" and host) or (scheme == "http" and is_loopback(host)):
        return url
    msg = "must begin with https:// (http:// is for loopback hosts only)"
    raise ValueError(msg)


def require_web_url(url: str) -> str:
    """Give the URL back if it is one of the web; raises ValueError otherwise."""
    scheme, host = _parts(url)
    if scheme in {"https", "http"} and host:
        return url
    msg = "must begin with https:// or http:// and name a host"
    raise ValueError(msg)


def _parts(url: str) -> tuple[str, str]:
    """Give scheme and host, both empty for what cannot be read: quoting it might show a password."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "", ""
    return parts.scheme, parts.hostname or ""


def is_loopback(host: str) -> bool:
    """Say whether a host name or address is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
