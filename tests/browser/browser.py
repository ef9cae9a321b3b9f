"""Debian's chromium without a window, for tests of pages: what it logs, and what it asks for.

browser.py URL FILE [WIDTH HEIGHT]: a picture (PNG) of a map that is ready.

A test that needs it ends with exit code 77 and the reason where chromium, its driver or python3-selenium is missing; ctest
then counts it as skipped.
"""
import json
import os
import shutil
import sys
import tempfile
import time

SKIPPED = 77


def require_browser():
    missing = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    try:
        import selenium  # noqa: F401
    except ImportError:
        missing.append("python3-selenium")
    if missing:
        print(f"skipped: {', '.join(missing)} not installed; tools/setup.sh installs what is needed")
        sys.exit(SKIPPED)


class Browser:
    """One window. `log()` and `requests()` give what came since they were last called."""

    def __init__(self, width=1280, height=800):
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service
        self.profile = tempfile.mkdtemp(prefix="browser-")
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                         "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
                         f"--window-size={width},{height}", f"--user-data-dir={self.profile}"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(service=Service(shutil.which("chromedriver"), log_path=os.devnull), options=options)
        self.look(width, height)

    def look(self, width=1280, height=800, dark=False, touch=False):
        """From now on the window is of that size, its system dark or light, and its reader has a mouse or fingers."""
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": touch})
        self.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": touch})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})

    def close(self):
        self.driver.quit()
        shutil.rmtree(self.profile, ignore_errors=True)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def wait(self, script, seconds=20):
        """Until a script gives something true; what it gives."""
        end = time.monotonic() + seconds
        while True:
            value = self.run(script)
            if value:
                return value
            if time.monotonic() > end:
                raise AssertionError(f"did not come to be: {script}\n{self.log()}")
            time.sleep(0.03)

    def log(self):
        """What the page complained of: errors of scripts, refusals of the policy, files that are not there."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]

    def requests(self):
        """All URLs that the page asked for, but data: URLs."""
        urls = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                urls.append(message["params"]["request"]["url"])
        return [url for url in urls if not url.startswith("data:")]

    def picture(self, path):
        self.driver.save_screenshot(path)


def main():
    url, path, *size = sys.argv[1:]
    browser = Browser(*(int(number) for number in size))
    try:
        browser.driver.get(url)
        browser.wait("return document.documentElement.classList.contains('is-ready')")
        time.sleep(1)  # pictures of chips come later than the list
        browser.picture(path)
    finally:
        browser.close()


if __name__ == "__main__":
    main()
