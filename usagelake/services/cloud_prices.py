"""The cloud's prices: the file that comes with the package, or one of the user's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usagelake.domain.estimate.price_list_file import load_price_list
from usagelake.engines.packaged import packaged_folder
from usagelake.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from usagelake.domain.estimate.price_list import PriceList

CLOUD_PRICES = "aws-us-east-1.toml"


def load_cloud_prices(path: Path | None = None) -> PriceList:
    """Read what a cloud asks.

    Args:
        path: A file of the user's; None for the packaged one.

    Raises:
        ConfigurationError: It cannot be read, or anything in it is wrong.
    """
    file = packaged_folder("pricing") / CLOUD_PRICES if path is None else path
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        message = f"{file}: cannot be read ({error.strerror}); --prices names a TOML file like pricing/{CLOUD_PRICES}"
        raise ConfigurationError(message) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file}: not UTF-8 at byte {error.start}; save the file as UTF-8") from error
    return load_price_list(text, where=str(file))
