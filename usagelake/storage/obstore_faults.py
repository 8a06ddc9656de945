"""What obstore's errors say: the status and S3's answer stand in their text alone."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from obstore.exceptions import BaseError

from usagelake.errors import StorageDeniedError, StorageError
from usagelake.storage.s3_faults import Answer, Fault, judge, subject, unavailable
from usagelake.storage.xml_fields import xml_field

if TYPE_CHECKING:
    from usagelake.storage.s3_faults import Doing
    from usagelake.storage.s3_place import S3Place

_STATUS: Final = re.compile(r"Server returned non-2xx status code: ([0-9]{3})[^:]*: ?(.*)", re.DOTALL)
_REDIRECT: Final = re.compile(r"redirect without LOCATION|following redirect")
_CREDENTIALS: Final = "External AWS credential provider"
_DEBUG: Final = "\n\nDebug source:"


def status_of(error: Exception) -> int:
    """Return the HTTP status of an error's answer; 0 when it had none."""
    found = _STATUS.search(str(error))
    return int(found[1]) if found else 0


def judge_obstore(place: S3Place, doing: Doing, key: str, error: Exception) -> Fault | None:
    """Tell what an error means; None when it is none of obstore's.

    Args:
        place: The store's place.
        doing: What was asked.
        key: The object, relative to the place.
        error: What was raised.
    """
    if not isinstance(error, BaseError | OSError | ValueError) or isinstance(error, StorageError):
        return None
    text, _, debug = str(error).partition(_DEBUG)
    answer = _answer(text)
    if answer is not None:
        return judge(place, doing, key, answer)
    where = f"{subject(place, key)}: cannot be {doing} ({text}"
    if "UnknownIssuer" in debug or "CertificateExpired" in debug:
        return Fault(StorageDeniedError(f"{where}: its certificate is not trusted); have this machine trust it"))
    if isinstance(error, ValueError):
        return Fault(StorageError(f"{where}); give it another name"))
    return Fault(unavailable(place, doing, key, f"{text}{_cause(debug)}"), of_credentials=_CREDENTIALS in text)


def _answer(text: str) -> Answer | None:
    """Read S3's answer, if there was one."""
    found = _STATUS.search(text)
    if found:
        body = found[2]
        return Answer(int(found[1]), xml_field(body, "Code"), xml_field(body, "Message"), xml_field(body, "Region"))
    return Answer(HTTPStatus.MOVED_PERMANENTLY, "PermanentRedirect") if _REDIRECT.search(text) else None


def _cause(debug: str) -> str:
    """Find the plainest words in obstore's account of an error that was no answer."""
    found = re.search(r'message: "([^"]*)"|error: "([^"]*)"', debug)
    if found:
        return f": {found[1] or found[2]}"
    return ": timed out" if "TimedOut" in debug else ": connection lost" if "IncompleteMessage" in debug else ""
