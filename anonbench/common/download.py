"""Downloads one file over HTTP and resumes where an earlier attempt, in this process or another, broke off.

It resumes with ``Range`` and ``If-Range`` (RFC 9110, sections 13.1.5 and 14), so that a server whose file has changed,
or that does not know ranges, sends the whole file and the download starts over.
"""

from __future__ import annotations

import logging
import re
import time
from dataclasses import dataclass
from typing import Any

from tqdm import tqdm

from anonbench.common.files import require_space
from anonbench.common.partial import Origin, Part

log = logging.getLogger(__name__)

_CHUNK = 1 << 18
_MAX_REDIRECTS = 5
# An attempt that got this many new bytes before it broke does not count as a failure: a long download may break often.
_PROGRESS = 1 << 20
# How long a server may ask to wait before the next request, in s.
_MAX_RETRY_AFTER = 120
# By how many bytes, besides twice an approximate size, a download may exceed it.
SLACK = 100_000_000


class DownloadError(Exception):
    """Why an address did not give the file, in a few words; another one may."""


@dataclass(frozen=True)
class Patience:
    """How hard an address is tried.

    Parameters
    ----------
    attempts
        Failures in a row (no connection, a broken one, status 429 or 5xx) after which it gives up.
    wait
        Seconds to wait, about, after the first failure; twice as long after each further one.
    timeout
        Seconds without a byte after which a connection counts as broken.
    """

    attempts: int = 6
    wait: float = 1.0
    timeout: float = 60.0


def download(url: str, part: Part, *, name: str, size: int, exact: bool, patience: Patience) -> None:
    """Download the whole file at ``url`` into the partial file; the caller verifies its bytes.

    Parameters
    ----------
    url
        An http or https address. At most five redirects, to such addresses, are followed.
    part
        Where the bytes go, opened. What it holds from this very address is kept.
    name
        What progress bar and messages call the file.
    size, exact
        The size in bytes, and whether it is exactly that. Another length is an error; where the size is approximate,
        more than twice as much is.
    patience
        How often to try and how long to wait.

    Raises
    ------
    DownloadError
        If the address cannot be reached, answers with an error, with a web page or with another length, or breaks off
        too often. What has arrived is kept, so that the next attempt resumes.
    UserError
        If the disk is too small.
    """
    # Slow to import, and nearly every process that imports this module never downloads.
    import requests
    import urllib3

    if not url.lower().startswith(("http://", "https://")):
        raise DownloadError("it is neither an http nor an https address")
    furthest, failures = part.size, 0
    with _session(patience) as session:
        while True:
            try:
                _attempt(session, url, part, name=name, size=size, exact=exact, timeout=patience.timeout)
                return
            except requests.exceptions.RequestException as error:
                raise DownloadError(_reason(error)) from None
            except urllib3.exceptions.HTTPError as error:
                failures = 1 if part.size >= furthest + _PROGRESS else failures + 1
                furthest = max(furthest, part.size)
                if failures >= patience.attempts:
                    raise DownloadError(f"the connection broke {failures} times, {_reason(error)}") from None
                pause = patience.wait * 2 ** (failures - 1)
                log.warning("%s broke off after %d MB; resuming in %.0f s.", url, part.size / 1e6, pause)
                time.sleep(pause)


def _session(patience: Patience) -> Any:
    """A session that tries again when an answer does not begin; :func:`download` handles broken bodies."""
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    retry = Retry(
        total=patience.attempts - 1,
        status_forcelist=(429, 500, 502, 503, 504),
        allowed_methods={"GET"},
        backoff_factor=patience.wait,
        retry_after_max=_MAX_RETRY_AFTER,
        raise_on_status=False,
    )
    session = requests.Session()
    session.max_redirects = _MAX_REDIRECTS
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    # Bytes as they are stored: a compressed transfer has other ranges and lengths.
    session.headers.update({"Accept-Encoding": "identity", "User-Agent": "anonbench"})
    return session


def _attempt(session: Any, url: str, part: Part, *, name: str, size: int, exact: bool, timeout: float) -> None:
    """One request; returns when the whole file has arrived."""
    have, origin = part.size, part.origin()
    resumable = origin is not None and origin.url == url and bool(origin.validator)
    if resumable and have == origin.total:
        return
    headers = {"Range": f"bytes={have}-", "If-Range": origin.validator} if resumable else {}
    with session.get(url, headers=headers, stream=True, timeout=timeout) as answer:
        if answer.status_code == 416 and resumable:
            # What has arrived is not the beginning of what the server has.
            part.forget()
            raise _broken("the server refuses to resume; starting over")
        if answer.status_code not in (200, 206):
            raise DownloadError(f"{answer.status_code} {answer.reason}".strip())
        if answer.headers.get("Content-Type", "").startswith("text/html") and not name.endswith(".html"):
            raise DownloadError("it answers with a web page instead of the file")
        if answer.status_code == 206:
            first, total = _content_range(answer.headers)
            if not resumable or first != have or origin.total not in (None, total):
                part.forget()
                raise _broken("the server sends a range other than the one asked for; starting over")
        else:
            have, total = 0, _content_length(answer.headers)
        limit = size if exact else 2 * size + SLACK
        if total is not None and (total != size if exact else total > limit):
            raise DownloadError(f"it has {total:,} bytes instead of {'' if exact else 'about '}{size:,}")
        require_space(part.path.parent, (size if total is None else total) - have, f"Downloading {name}")
        if have == 0:
            part.begin(Origin(url=url, validator=_validator(answer.headers), total=total))
        with tqdm(total=total, initial=have, desc=name, unit="B", unit_scale=True, mininterval=1) as bar:
            # Whatever has arrived, not only whole chunks: none of it is lost when the connection breaks.
            while chunk := answer.raw.read1(_CHUNK, decode_content=False):
                have += len(chunk)
                if have > limit:
                    raise DownloadError(f"it sends more than {limit:,} bytes")
                part.write(chunk)
                bar.update(len(chunk))
        expected = size if exact else total
        if expected is not None and have < expected:
            raise _broken(f"it ended {expected - have:,} bytes early")


def _broken(reason: str) -> Exception:
    from urllib3.exceptions import ProtocolError

    return ProtocolError(reason)


def _validator(headers: Any) -> str | None:
    """What names this version of the file: a strong ETag, else the time of its last change (RFC 9110, 13.1.5)."""
    etag = headers.get("ETag", "")
    return etag if etag.startswith('"') else headers.get("Last-Modified")


def _content_length(headers: Any) -> int | None:
    text = headers.get("Content-Length", "")
    return int(text) if text.isdecimal() else None


def _content_range(headers: Any) -> tuple[int | None, int | None]:
    """The first byte and the whole length that an answer of status 206 claims."""
    found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", headers.get("Content-Range", ""))
    if not found:
        return None, None
    return int(found[1]), int(found[2]) if found[2] != "*" else None


def _reason(error: BaseException) -> str:
    """The innermost cause in words, without the names and addresses of objects."""
    inner: Any = error
    while isinstance(inner, BaseException):
        error, inner = inner, getattr(inner, "reason", None) or next(iter(inner.args), None)
    return re.sub(r"<[^>]*>:? ?|\w+\(host=[^)]*\):? ?", "", str(error)).strip() or type(error).__name__
