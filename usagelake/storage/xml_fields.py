"""One field of a short XML answer: all that S3's errors and STS's credentials need of a parser."""

from __future__ import annotations

import html
import re


def xml_field(document: str, name: str) -> str:
    """Return the text of the first element of a name; empty when there is none.

    Example:
        >>> xml_field("<Error><Code>SlowDown</Code><Message>a &amp; b</Message></Error>", "Message")
        'a & b'
    """
    found = re.search(rf"<{name}>([^<]*)</{name}>", document)
    return html.unescape(found[1].strip()) if found else ""
