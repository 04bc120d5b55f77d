"""A real browser for tests: Chromium without a window, spoken to through chromedriver's own protocol (WebDriver)."""

import base64
import contextlib
import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

_DRIVER = shutil.which("chromedriver")
_CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

needs_browser = pytest.mark.skipif(
    not (_DRIVER and _CHROMIUM), reason="needs a browser: apt-get install chromium chromium-driver"
)

_ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server"]
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Browser:
    def __init__(self, address: str):
        self._address = address
        options = {"binary": _CHROMIUM, "args": _ARGUMENTS}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        started = self._call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self._session = f"/session/{started['sessionId']}"

    def _call(self, method: str, path: str, body: object = None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self._address + path, data, {"Content-Type": "application/json"}, method=method
        )
        try:
            with _direct.open(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from None

    def post(self, path: str, **body):
        return self._call("POST", self._session + path, body)

    def open(self, url: str) -> None:
        self.post("/url", url=url)

    def run(self, script: str):
        """What the script returns."""
        return self.post("/execute/sync", script=script, args=[])

    def wait(self, script: str, seconds: float = 10.0):
        """What the script returns as soon as that is true."""
        end = time.monotonic() + seconds
        while not (value := self.run(script)):
            assert time.monotonic() < end, f"still not: {script}"
            time.sleep(0.05)
        return value

    def devtools(self, command: str, **parameters):
        return self.post("/goog/cdp/execute", cmd=command, params=parameters)

    def resize(self, width: int, height: int = 800) -> None:
        self.devtools(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )

    def prefer(self, scheme: str, media: str = "") -> None:
        """``light`` or ``dark``; ``media`` may be print."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.devtools("Emulation.setEmulatedMedia", media=media, features=features)

    def complaints(self) -> list[str]:
        """What has come to the console as a warning or an error since somebody looked."""
        entries = self.post("/se/log", type="browser")
        return [entry["message"] for entry in entries if entry["level"] in ("WARNING", "SEVERE")]

    def screenshot(self) -> bytes:
        shot = self.devtools("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(shot["data"])

    def pdf(self) -> bytes:
        return base64.b64decode(self.post("/print"))

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._call("DELETE", self._session)


@contextlib.contextmanager
def open_browser() -> Iterator[Browser]:
    environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    assert _DRIVER is not None
    driver = subprocess.Popen(
        [_DRIVER, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    )
    assert driver.stdout is not None
    try:
        port = (
            next(line for line in driver.stdout if "successfully on port" in line).rsplit(" ", 1)[1].strip().rstrip(".")
        )
        browser = Browser(f"http://127.0.0.1:{port}")
        try:
            yield browser
        finally:
            browser.close()
    finally:
        driver.terminate()
        driver.wait()
        driver.stdout.close()
