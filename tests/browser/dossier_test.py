"""Dossiers in a browser: dossier_test.py PITWATCH [unittest options]. Exit code 77: there is no browser here."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

missing = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
try:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
except ImportError:
    missing.append("python3-selenium")
if missing:
    print(f"skipped: {', '.join(missing)} not installed; tools/setup.sh installs what is needed")
    sys.exit(77)

PROGRAM = os.path.abspath(sys.argv.pop(1))
HOSTILE = '"><img src=x onerror="document.title=1"><script>document.title=2</script> \u202e'
SITES = {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"id": "small", "name": "Small"},
         "geometry": {"type": "Polygon", "coordinates": [[[46.610, 40.146], [46.617, 40.146], [46.617, 40.152],
                                                          [46.610, 40.152], [46.610, 40.146]]]}}]}
# Relative luminance and contrast as WCAG 2.1 defines them.
FAINT_TEXTS = """
const channel = v => v <= 10.31 ? v / 255 / 12.92 : Math.pow((v / 255 + 0.055) / 1.055, 2.4);
const luminance = c => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
const numbers = text => text.match(/[0-9.]+/g).map(Number);
const behind = e => { for (; e; e = e.parentElement) { const c = numbers(getComputedStyle(e).backgroundColor);
  if (c.length < 4 || c[3] > 0.7) return c; } return [255, 255, 255]; };
return [...document.querySelectorAll('main *, header *, footer *')].filter(e =>
  [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) && e.getClientRects().length && !e.closest('svg'))
  .filter(e => { const [a, b] = [luminance(numbers(getComputedStyle(e).color)), luminance(behind(e))];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5; }).map(e => e.outerHTML.slice(0, 100));
"""


def call(*words):
    done = subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, words))}: {done.returncode}\n{done.stderr}")
    return done.stdout


class DossierTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        root = pathlib.Path(cls.folder.name)
        (root / "sites.geojson").write_text(json.dumps(SITES))
        call("simulate", "--sites", root / "sites.geojson", "--from", "2021-07-01", "--until", "2022-12-31", "--every-days", 10,
             "--history-days", 150, "--size-km", 1.5, "--clear-sky", "--bands", "B02,B03,B04,B08,B11,B12", "--seed", 7,
             "--out", root / "series")
        call("run", "--sites", root / "sites.geojson", "--source", root / "series", "--state", root / "state",
             "--history-days", 150, "--quiet")
        alerts = json.loads(call("alerts", "list", "--state", root / "state", "--json"))
        cls.id = max(alerts, key=lambda alert: alert["area_ha"])["id"]
        call("alerts", "review", cls.id, "--state", root / "state", "--verdict", "licensed", "--reviewer", HOSTILE,
             "--reason", HOSTILE)
        for language in ("en", "az", "ru"):
            call("report", "--state", root / "state", "--out", root / language, "--lang", language, "--quiet")
        cls.root = root
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                         f"--user-data-dir={root}/profile"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        cls.driver = webdriver.Chrome(service=Service(shutil.which("chromedriver"), log_path=os.devnull), options=options)

    @classmethod
    def tearDownClass(cls):
        cls.driver.quit()
        cls.folder.cleanup()

    def open(self, path, width=1280):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                    {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600})
        self.driver.get_log("performance")
        self.driver.get(path.as_uri())

    def pages(self, language="en"):
        return sorted((self.root / language).glob("*.html"))

    def test_nothing_is_logged_and_nothing_is_asked_for(self):
        for page in self.pages():
            self.open(page)
            self.assertEqual([entry for entry in self.driver.get_log("browser")], [], page)
            for entry in self.driver.get_log("performance"):
                message = json.loads(entry["message"])["message"]
                if message["method"] == "Network.requestWillBeSent":
                    self.assertRegex(message["params"]["request"]["url"], r"^(file://|data:image/png)")

    def test_texts_of_others_run_nothing(self):
        page = self.root / "en" / f"alert-{self.id}.html"
        self.open(page)
        self.assertIn(self.id, self.driver.title)
        self.assertEqual(self.driver.execute_script("return document.querySelectorAll('img, script').length"), 0)
        self.assertIn("\\u202e", self.driver.find_element("tag name", "body").text)

    def test_pages_fit_a_phone_and_can_be_read(self):
        for language in ("en", "az", "ru"):
            for page in (self.root / language / f"alert-{self.id}.html", self.root / language / "site-small.html"):
                for width in (1280, 390):
                    self.open(page, width)
                    wide = self.driver.execute_script("return document.documentElement.scrollWidth")
                    self.assertLessEqual(wide, width, f"{page} scrolls sideways at {width}")
                    self.assertEqual(self.driver.execute_script(FAINT_TEXTS), [], page)

    def test_readers_that_do_not_see_have_names(self):
        for page in self.pages():
            self.open(page)
            self.assertEqual(self.driver.execute_script(
                "return [...document.querySelectorAll('svg, img')].filter(e => !e.closest('svg svg')"
                " && !(e.getAttribute('aria-label') || e.alt)).length"), 0, page)
            self.assertEqual(self.driver.execute_script(
                "return [...document.querySelectorAll('th')].filter(e => !e.scope).length"), 0, page)
            self.assertEqual(self.driver.execute_script(
                "return [...document.querySelectorAll('table')].filter(e => !e.caption).length"), 0, page)
            self.assertEqual(self.driver.execute_script("return document.querySelectorAll('h1').length"), 1, page)
            self.assertEqual(self.driver.execute_script("return document.documentElement.lang"), "en")

    def test_links_lead_somewhere(self):
        for page in self.pages():
            self.open(page)
            for link in self.driver.execute_script("return [...document.querySelectorAll('a')].map(e => e.getAttribute('href'))"):
                if link.startswith("#"):
                    self.assertTrue(self.driver.execute_script("return !!document.getElementById(arguments[0])", link[1:]))
                else:
                    self.assertTrue((page.parent / link).exists(), f"{page}: {link}")


if __name__ == "__main__":
    unittest.main()
