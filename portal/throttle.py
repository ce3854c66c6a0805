"""Limits per client for public POSTs, counted in the cache; nothing is stored in the database.

If the cache is out of reach, citizens pass (architecture.md: „limits let citizens pass").
"""

import hashlib
import ipaddress
import logging
from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponseBase
from redis.exceptions import RedisError

from portal import errors

log = logging.getLogger(__name__)
View = Callable[..., HttpResponseBase]


def client(request: HttpRequest) -> str:
    """The client's address: the one that the last trusted proxy saw, never a forged header.

    With TRUSTED_PROXIES = n the n-th entry from the right of X-Forwarded-For is taken.
    """
    hops = settings.TRUSTED_PROXIES
    if hops:
        seen = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
        if len(seen) >= hops:
            return seen[-hops]
    return str(request.META.get("REMOTE_ADDR", ""))


def _household(address: str) -> str:
    """Who shares a limit: one IPv4 address, or the /64 of IPv6 addresses that one connection may use."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return address
    return str(ip.ipv4_mapped or ipaddress.ip_network((ip, 64), strict=False))


def _over(key: str, *, limit: int, seconds: int) -> bool:
    """Count one more under `key`; True when that is more than `limit` within the window."""
    try:
        return _counted(key, seconds) > limit
    except (RedisError, OSError) as error:
        log.warning("limits not counted: %s", type(error).__name__)
        return False


def _counted(key: str, seconds: int) -> int:
    if count := getattr(cache, "count", None):  # on a server: Redis, `redis_cache.py`
        return int(count(key, seconds))
    try:
        return 1 if cache.add(key, 1, seconds) else cache.incr(key)
    except ValueError:  # expired between the two calls
        return 1


def _key(name: str, whom: str) -> str:
    return f"limit:{name}:{hashlib.sha256(whom.encode()).hexdigest()[:24]}"


def over(request: HttpRequest, name: str, *, limit: int, seconds: int) -> bool:
    """Count one more for this client; True when that is more than `limit` in `seconds`."""
    return _over(_key(name, _household(client(request))), limit=limit, seconds=seconds)


def over_for(whom: str, name: str, *, limit: int, seconds: int) -> bool:
    """The same for an address or a secret instead of a client; where it guards a login, which waits for the cache.

    Raises RedisError, OSError.
    """
    return _counted(_key(name, whom), seconds) > limit


def limited(name: str, *, limit: int, seconds: int) -> Callable[[View], View]:
    """Decorator: a client may POST here `limit` times in `seconds`, then 429 with Retry-After."""

    def decorate(view: View) -> View:
        @wraps(view)
        def inner(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
            if request.method == "POST" and over(request, name, limit=limit, seconds=seconds):
                return errors.too_many(request, retry_after=seconds)
            return view(request, *args, **kwargs)

        return inner

    return decorate
