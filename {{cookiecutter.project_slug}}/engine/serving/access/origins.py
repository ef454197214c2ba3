"""Which web pages may write here, where no API key is set.

A browser sends a POST of any page to any address that its user can reach: a server on the user's
own machine, or in the company's network. The page cannot read the response, but rows and labels
would be stored. So the server refuses a page that is not its own (CSRF). A page's own name is no
proof: its owner can let that name resolve to this server (DNS rebinding). An IP address or
`localhost` cannot be made to resolve elsewhere.
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

Headers = Iterable[tuple[bytes, bytes]]


def origins_of(environment: Mapping[str, str] = os.environ) -> frozenset[str]:
    """The origins whose pages may write, as browsers send them.

    Raises:
        BadInput: `SERVING_ORIGINS` has something else than origins.
    """
    found = environment.get(ORIGINS, "").lower().replace(",", " ").split()
    return frozenset(_normalised(text) for text in found)


def refuse_foreign_page(headers: Headers, listed: Collection[str]) -> None:
    """Raise a Refusal if a page wrote this that is neither this server's own nor `listed`.

    A request without a browser's headers comes from a program and passes.
    """
    sent = [header for header in headers if header[0] in _OF_BROWSERS]
    if not sent:
        return
    origins = [value.decode("latin-1").lower() for name, value in sent if name == b"origin"]
    if origins:
        passes = len(origins) == 1 and (origins[0] in listed or _is_ours(origins[0], headers))
    else:  # some proxies drop Origin
        own = all(value in (b"same-origin", b"none") for _, value in sent)
        hosts = _hosts(headers)
        passes = own and len(hosts) == 1 and _is_address(hosts[0])
    if not passes:
        raise ProblemError(
            "wrong-origin",
            "expected a program or a page of this server, opened by IP address or localhost; got "
            f"a web page of {echo(', '.join(origins) or 'another origin')}. Whoever runs this "
            f"server can list that origin in {ORIGINS}, or set API keys",
        )


def _normalised(text: str) -> str:
    try:
        valid = _ORIGIN.fullmatch(text) and urlsplit(text).port != 0
    except ValueError:  # a port above 65535, or brackets around no address
        valid = False
    if not valid:
        raise BadInput(
            f"expected origins such as https://models.example.com in {ORIGINS}, with commas "
            f"between them, got '{text}'; give scheme, host and perhaps port, without path or *"
        )
    return text.removesuffix(_DEFAULT_PORTS[text.partition(":")[0]])  # browsers leave it out


def _is_ours(origin: str, headers: Headers) -> bool:
    """Whether the page came from where the request goes, by an address that is no name."""
    _, _, host = origin.partition("://")
    is_origin = _ORIGIN.fullmatch(origin) is not None
    return is_origin and _hosts(headers) == [host] and _is_address(host)


def _hosts(headers: Headers) -> list[str]:
    return [value.decode("latin-1").lower() for name, value in headers if name == b"host"]


def _is_address(host: str) -> bool:
    """Whether a host, perhaps with a port, is an IP address or `localhost`."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or bool(ip_address(name))
    except ValueError:
        return False
