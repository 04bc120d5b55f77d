"""Opening the page in the desktop's browser."""

import os
import sys
import webbrowser


def open_page(address: str) -> bool:
    """Open ``address`` in a window of the user's browser, if there is a desktop for it; whether that was done."""
    if not _has_desktop():
        return False
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return False
    # One of this very class reads on the terminal, which the training needs.
    return type(browser) is not webbrowser.GenericBrowser and browser.open(address)


def _has_desktop() -> bool:
    """Whether windows can be opened, and are seen by who sits at the terminal: not over a connection from elsewhere."""
    if "SSH_CONNECTION" in os.environ:
        return False
    return sys.platform in ("win32", "darwin") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))
