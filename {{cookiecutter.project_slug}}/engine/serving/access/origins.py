"""Which web pages may write here, where no API key is set.

A browser sends a POST of any page to any address that its user can reach. The page cannot read the
response, but the server would store its rows and labels. So the server refuses a page that is not
its own (CSRF). A page's own name is no proof: its owner can let that name resolve to this server
(DNS rebinding). An IP address or `localhost` cannot be made to resolve elsewhere.
"""

import os
import re
from collections.abc import Collection, Iterable, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from engine.problem.errors import BadInput
from engine.serving.http.errors import ProblemError, echo

ORIGINS = "SERVING_ORIGINS"
_ORIGIN = re.compile(r"https?://([a-z0-9_.-]+|\[[0-9a-f:]+\])(:[0-9]+)?")
# Browsers send at least one of them with everything but GET and HEAD; no script can change them.
_OF_BROWSERS = frozenset({b"origin", b"sec-fetch-site"})
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def origins_of(environment: Mapping[str, str] = os.environ) -> frozenset[str]:
    """The origins in `SERVING_ORIGINS` whose pages may write, or BadInput for what is none."""
    origins = set()
    for text in environment.get(ORIGINS, "").lower().replace(",", " ").split():
        try:
            valid = _ORIGIN.fullmatch(text) and urlsplit(text).port != 0
        except ValueError:  # a port above 65535, or brackets around no address
            valid = False
        if not valid:
            raise BadInput(
                f"expected origins such as https://models.example.com in {ORIGINS}, with commas "
                f"between them, got '{text}'; give scheme, host and perhaps port, without path",
                code="not-an-origin",
            )
        # As browsers send it.
        origins.add(text.removesuffix(_DEFAULT_PORTS[text.partition(":")[0]]))
    return frozenset(origins)


def refuse_foreign_page(headers: Iterable[tuple[bytes, bytes]], listed: Collection[str]) -> None:
    """Raise a ProblemError if the sender is a web page, not this server's own and not `listed`."""
    sent = [header for header in headers if header[0] in _OF_BROWSERS]
    if not sent:
        return
    origins = [value.decode("latin-1").lower() for name, value in sent if name == b"origin"]
    hosts = [value.decode("latin-1").lower() for name, value in headers if name == b"host"]
    by_address = len(hosts) == 1 and _is_address(hosts[0])
    if not origins:  # some proxies drop Origin
        passes = by_address and all(value in (b"same-origin", b"none") for _, value in sent)
    else:
        # The page of this server comes from the host that its request is for.
        is_own = _ORIGIN.fullmatch(origins[0]) and [origins[0].partition("://")[2]] == hosts
        passes = len(origins) == 1 and (origins[0] in listed or bool(is_own and by_address))
    if not passes:
        raise ProblemError(
            "wrong-origin",
            "expected a program or a page of this server, opened by IP address or localhost; got "
            f"a web page of {echo(', '.join(origins) or 'another origin')}. Whoever runs this "
            f"server can list that origin in {ORIGINS}, or set API keys",
        )


def _is_address(host: str) -> bool:
    """Whether a host, perhaps with a port, is an IP address or `localhost`."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or bool(ip_address(name))
    except ValueError:
        return False
