"""Where the data files that come with the package lie: `queries/` and `pricing/`.

A wheel carries them as `usagelake/_data/…` (see `force-include` in pyproject.toml); a checkout or an
editable install has them beside the package.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def packaged_folder(name: str) -> Path:
    """Return the folder of data files called `name`.

    Args:
        name: `queries` or `pricing`.

    Returns:
        The installed folder if there is one, else the checkout's.

    Example:
        >>> packaged_folder("queries").name
        'queries'
    """
    installed = _PACKAGE / "_data" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name
