"""The map in a browser: map_test.py PITWATCH [unittest options]. Exit code 77: there is no browser here."""
import functools
import http.server
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from browser import Browser, require_browser  # noqa: E402

require_browser()
import map_state  # noqa: E402
from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import Select  # noqa: E402

PROGRAM = os.path.abspath(sys.argv.pop(1)) if __name__ == "__main__" else ""
READY = "return document.documentElement.classList.contains('is-ready')"
# Relative luminance and contrast as WCAG 2.1 defines them, of texts against the first background behind them.
CONTRAST = """
const channel = (value) => value <= 10.31 ? value / 255 / 12.92 : Math.pow((value / 255 + 0.055) / 1.055, 2.4);
const luminance = (c) => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
const numbers = (text) => text.match(/[0-9.]+/g).map(Number);
const behind = (element) => {
  for (let one = element; one; one = one.parentElement) {
    const c = numbers(getComputedStyle(one).backgroundColor);
    if (c.length < 4 || c[3] > 0.7) return c;
  }
  return [255, 255, 255];
};
const bad = [];
for (const element of document.querySelectorAll('body *')) {
  const own = Array.from(element.childNodes).some((node) => node.nodeType === 3 && node.data.trim());
  if (!own || element.closest('script, noscript') || !element.getClientRects().length || element.disabled) continue;
  const style = getComputedStyle(element);
  const [a, b] = [luminance(numbers(element.closest('svg') ? style.fill : style.color)), luminance(behind(element))];
  const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (contrast < 4.5) bad.push(element.tagName + '#' + element.id + '.' + element.className + ' ' + contrast.toFixed(2) + ' ' + element.textContent.slice(0, 30));
}
return bad;
"""
NAMELESS = """
const bad = [];
for (const element of document.querySelectorAll('button, input, select, a, [role="img"], summary')) {
  const labels = element.labels ? Array.from(element.labels).map((label) => label.textContent.trim()).join('') : '';
  const isField = element.matches('input, select');
  const name = element.getAttribute('aria-label') || labels || (isField ? '' : element.textContent.trim()) || element.title;
  if (!/[\\p{L}\\p{N}]/u.test(name)) bad.push(element.outerHTML.slice(0, 120));  // a sign alone is no name
}
return bad;
"""


class MapTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="map-test-")
        cls.state = map_state.make_state(PROGRAM, cls.scratch.name)
        cls.out = f"{cls.scratch.name}/map"
        cls.alerts = map_state.published(cls.state)
        os.makedirs(f"{cls.out}/dossiers")
        for name in (f"alert-{cls.alerts[0]['id']}", "site-small"):
            with open(f"{cls.out}/dossiers/{name}.html", "w") as file:
                file.write("<!DOCTYPE html><title>A dossier</title>")
        map_state.call(PROGRAM, "map", "--state", cls.state, "--out", cls.out)
        cls.browser = Browser()

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        cls.scratch.cleanup()

    def setUp(self):
        self.browser.log()
        self.browser.requests()

    def tearDown(self):
        self.browser.look()
        self.assertEqual(self.browser.log(), [])
        self.assertIsNone(self.browser.run("return window.hit || null"))

    # ---- helpers ----

    def open(self, fragment=""):
        self.browser.driver.get("about:blank")
        self.browser.driver.get(f"file://{self.out}/index.html{fragment}")
        self.browser.wait(READY)
        self.browser.run("for (const one of document.querySelectorAll('.group')) one.open = true")

    def find(self, selector):
        return self.browser.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.browser.driver.find_elements(By.CSS_SELECTOR, selector)

    def ids(self):
        return self.browser.run("return Array.from(document.querySelectorAll('#rows tr')).map((row) => row.dataset.id)")

    def fragment(self):
        """Once it tells the view: it is written a little later."""
        import time
        time.sleep(0.4)
        return self.browser.run("return location.hash")

    def check(self, group, value):
        self.find(f"#group-{group} input[value={value}]").click()

    def open_alert(self, alert_id):
        self.browser.run("Array.from(document.querySelectorAll('#rows tr')).find((row) => row.dataset.id === arguments[0]).click()",
                         alert_id)
        self.browser.wait("return document.querySelector('#panel-body .facts')")

    def expected_ids(self, *options):
        listed = json.loads(map_state.call(PROGRAM, "alerts", "list", "--state", self.state, "--json", "--max-natural", "0.8",
                                           *options))
        return {alert["id"] for alert in (listed["alerts"] if isinstance(listed, dict) else listed)}

    OPEN = ("--status", "provisional,confirmed,recovering,not_watched")

    # ---- the page ----

    def test_first_sight(self):
        self.open()
        self.assertEqual(set(self.ids()), self.expected_ids(*self.OPEN))
        self.assertGreater(len(self.ids()), 2)
        painted = self.browser.run("""
            const canvas = document.querySelector('#map canvas');
            const bytes = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
            const colours = new Set();
            for (let i = 0; i < bytes.length; i += 4) if (bytes[i + 3] > 250) colours.add(bytes[i] + ',' + bytes[i + 1] + ',' + bytes[i + 2]);
            return Array.from(colours);""")
        classes = {alert["properties"]["class"] for alert in self.alerts if alert["id"] in self.ids()}
        self.assertGreaterEqual(len(painted), len(classes) + 1)
        for url in self.browser.requests():
            self.assertTrue(url.startswith(f"file://{self.out}/"), url)

    def test_all_requests_stay_in_the_folder_whatever_is_done(self):
        self.open("#alert=" + self.alerts[0]["id"])
        self.browser.wait("return document.querySelectorAll('.chip').length === 2")
        self.find("#tab-sites").click()
        urls = self.browser.requests()
        self.assertGreater(len(urls), 15)
        for url in urls:
            path = url.split("#")[0].replace("file://", "")
            self.assertTrue(path.startswith(self.out + "/"), url)
            self.assertTrue(os.path.isfile(path.replace("%20", " ")), url)

    def test_from_a_web_server(self):
        class Quiet(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *_):
                pass

        handler = functools.partial(Quiet, directory=self.out)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}/"
        self.browser.driver.get(f"{base}#alert={self.alerts[0]['id']}")
        self.browser.wait(READY)
        self.browser.wait("return document.querySelectorAll('.chip').length === 2")
        for url in self.browser.requests():
            self.assertTrue(url.startswith(base), url)
        server.shutdown()
        server.server_close()

    # ---- the list ----

    def test_sorts_by_click_and_keyboard(self):
        self.open()
        areas = {alert["id"]: alert["properties"]["area_ha"] for alert in self.alerts}
        self.assertEqual(self.ids(), sorted(self.ids(), key=lambda one: -areas[one]))
        self.find("#sort-area").click()
        self.assertEqual(self.ids(), sorted(self.ids(), key=lambda one: areas[one]))
        self.assertEqual(self.browser.run("return document.querySelector('#sort-area').closest('th').ariaSort"), "ascending")
        self.find("#sort-first").send_keys(Keys.ENTER)
        firsts = self.browser.run("return Array.from(document.querySelectorAll('#rows .day')).map((cell) => cell.textContent)")
        self.assertEqual(firsts, sorted(firsts, reverse=True))
        self.assertIn("sort=-first", self.fragment())

    def test_filters(self):
        self.open()
        every = self.ids()
        self.check("status", "closed")
        self.assertEqual(set(self.ids()), self.expected_ids(*(self.OPEN[0], self.OPEN[1] + ",closed")))
        self.check("status", "closed")
        self.assertEqual(self.ids(), every)
        classes = {alert["id"]: alert["properties"]["class"] for alert in self.alerts}
        common = classes[every[0]]
        self.check("class", common)
        self.assertEqual(set(self.ids()), {one for one in every if classes[one] != common})
        self.find("#reset").click()
        self.assertEqual(self.ids(), every)
        for verdict in ("none", "licensed", "natural", "false"):
            self.check("review", verdict)
        self.assertEqual(self.ids(), [self.alerts[1]["id"]])
        self.find("#reset").click()
        self.find("#least").send_keys("0.5")
        self.assertEqual(set(self.ids()), self.expected_ids(*self.OPEN, "--min-area-ha", "0.5"))
        self.find("#reset").click()
        for licence in ("outside", "straddles", "cannot_tell", "none"):
            self.check("licence", licence)
        self.assertEqual(set(self.ids()), self.expected_ids(*self.OPEN, "--licence-verdict", "inside"))
        self.find("#reset").click()
        Select(self.find("#site")).select_by_value("other")
        self.assertEqual(set(self.ids()), self.expected_ids(*self.OPEN, "--site", "other"))
        self.find("#search").send_keys("no such alert")
        self.assertEqual(self.ids(), [])
        self.assertTrue(self.find("#nothing").is_displayed())
        self.find("#reset").click()
        day = sorted(alert["properties"]["first_detected"][:10] for alert in self.alerts if alert["id"] in every)[-1]
        self.browser.run("const field = document.getElementById('from'); field.value = arguments[0];"
                         "field.dispatchEvent(new Event('change'))", day)
        self.assertEqual(set(self.ids()), {alert["id"] for alert in self.alerts
                                           if alert["id"] in every and alert["properties"]["first_detected"][:10] >= day})

    def test_keyboard_alone(self):
        self.open()
        keys = lambda *all_keys: ActionChains(self.browser.driver).send_keys(*all_keys).perform()  # noqa: E731
        keys(Keys.TAB)
        self.assertEqual(self.browser.run("return document.activeElement.id"), "skip")
        keys(Keys.ENTER)
        ids = self.ids()
        focused = "return document.activeElement.dataset.id || document.activeElement.id"
        self.assertEqual(self.browser.run(focused), ids[0])
        keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN)
        self.assertEqual(self.browser.run(focused), ids[2])
        keys(Keys.HOME, Keys.END, Keys.ARROW_UP)
        self.assertEqual(self.browser.run(focused), ids[-2])
        keys(Keys.ENTER)
        self.browser.wait("return document.activeElement.id === 'panel-title'")
        self.assertEqual(self.find("#panel-id").text, ids[-2])
        keys(Keys.ESCAPE)
        self.assertFalse(self.find("#panel").is_displayed())
        self.assertEqual(self.browser.run(focused), ids[-2])
        self.find("#tab-alerts").send_keys(Keys.ARROW_RIGHT)
        self.assertEqual(self.browser.run(focused), "tab-sites")
        self.assertTrue(self.find("#pane-sites").is_displayed())

    # ---- map and panel ----

    def test_click_on_the_map_opens_the_alert(self):
        self.open()
        wanted = self.alerts[0]
        place = self.browser.run("""
            const alert = PITWATCH.model.byId.get(arguments[0]);
            PITWATCH.alertMap.fit(alert.shape.box, {animate: false});
            const line = alert.shape.lines[0];
            const frame = document.getElementById('map').getBoundingClientRect();
            // A place inside, and not at the edge: of a lattice over its box the first that has a neighbour inside on all sides.
            const box = alert.shape.box;
            const stepX = (box[2] - box[0]) / 20, stepY = (box[3] - box[1]) / 20;
            const inside = (x, y) => PITWATCH.holds(alert.shape, x, y);
            for (let i = 1; i < 20; ++i) for (let j = 1; j < 20; ++j) {
              const x = box[0] + stepX * i, y = box[1] + stepY * j;
              if (!inside(x, y) || !inside(x - stepX, y) || !inside(x + stepX, y) || !inside(x, y - stepY) || !inside(x, y + stepY)) continue;
              const scale = 256 * Math.pow(2, PITWATCH.alertMap.leaflet.getZoom());
              const origin = PITWATCH.alertMap.leaflet.getPixelOrigin();
              const at = PITWATCH.alertMap.leaflet.layerPointToContainerPoint([x * scale - origin.x, y * scale - origin.y]);
              return [frame.left + at.x, frame.top + at.y];
            }""", wanted["id"])
        actions = ActionChains(self.browser.driver)
        actions.w3c_actions.pointer_action.move_to_location(int(place[0]), int(place[1]))
        actions.click().perform()
        self.browser.wait("return document.querySelector('#panel-body .facts')")
        self.assertEqual(self.find("#panel-id").text, wanted["id"])
        facts = self.find("#panel-body").text
        given = wanted["properties"]
        for text in (f"{given['area_ha']:.2f} ± {given['area_uncertainty_ha']:.2f} ha", given["onset_after"][:10],
                     given["onset_before"][:10], given["first_detected"][:10], "Licensed", map_state.HOSTILE, "All reviews: 2"):
            self.assertIn(text, facts)
        self.assertIn("alert=" + wanted["id"], self.fragment())
        self.assertGreaterEqual(len(self.all("#panel-body svg.plot")), 2)

    def test_dossiers_are_linked_where_they_are(self):
        self.open("#alert=" + self.alerts[0]["id"])
        self.browser.wait("return document.querySelector('#panel-body .facts')")
        link = self.find("#panel-body a.button").get_attribute("href")
        self.assertTrue(os.path.isfile(link.replace("file://", "")), link)
        self.open_alert([one for one in self.ids() if one != self.alerts[0]["id"]][0])
        self.assertEqual(self.all("#panel-body a"), [])
        self.find("#tab-sites").click()
        links = [one.get_attribute("href") for one in self.all("#sites a")]
        self.assertEqual(links, [f"file://{self.out}/dossiers/site-small.html"])

    def test_pictures_are_those_that_run_kept_or_none(self):
        kept = self.alerts[1]
        self.open("#alert=" + kept["id"])
        self.browser.wait("return Array.from(document.querySelectorAll('.chip')).filter((image) => image.naturalWidth > 40).length === 2")
        titles = [option.text for option in Select(self.find("#picture-left")).options]
        self.assertIn(f"before ({kept['properties']['onset_after'][:10]})", titles)
        self.assertIn(f"{kept['properties']['first_detected'][:10]}, first detected", titles)
        out = f"{self.scratch.name}/map-plain"
        map_state.call(PROGRAM, "map", "--state", self.state, "--out", out, "--film", "0")
        self.assertFalse(os.path.exists(f"{out}/chips"))
        self.browser.driver.get(f"file://{out}/index.html#alert={kept['id']}")
        self.browser.wait("return document.querySelector('#panel-body .facts')")
        self.assertIn("No pictures were kept", self.find("#panel-body").text)
        self.assertEqual(self.all(".chip"), [])

    def test_swipe(self):
        self.open("#alert=" + self.alerts[0]["id"])
        self.browser.wait("return Array.from(document.querySelectorAll('.chip')).filter((image) => image.naturalWidth === 64).length === 2")
        clip = "return PITWATCH.alertMap.leaflet.getPane('picture-right').style.clipPath"
        before = self.browser.run(clip)
        self.find("#swipe").send_keys(Keys.ARROW_RIGHT * 50)
        self.assertNotEqual(self.browser.run(clip), before)
        sources = "return Array.from(document.querySelectorAll('.chip')).map((image) => image.getAttribute('src'))"
        first = self.browser.run(sources)
        self.assertIn("/before-true_colour.png", first[0])
        self.find(".composites input[value=short_wave]").click()
        self.assertEqual(self.browser.run(sources), [one.replace("true_colour", "short_wave") for one in first])
        Select(self.find("#picture-right")).select_by_value("detected")
        self.assertIn("/detected-short_wave.png", self.browser.run(sources)[1])
        # The picture's corners lie where the chip's do: the square of the bare field is within the outline's box.
        distance = self.browser.run("""
            const image = document.querySelector('.leaflet-picture-left-pane img').getBoundingClientRect();
            const box = PITWATCH.model.byId.get(arguments[0]).shape.box;
            const map = PITWATCH.alertMap.leaflet, scale = 256 * Math.pow(2, map.getZoom()), origin = map.getPixelOrigin();
            const at = map.layerPointToContainerPoint([(box[0] + box[2]) / 2 * scale - origin.x, (box[1] + box[3]) / 2 * scale - origin.y]);
            const frame = map.getContainer().getBoundingClientRect();
            return Math.hypot(image.left + image.width / 2 - frame.left - at.x, image.top + image.height / 2 - frame.top - at.y) / image.width * 64;
            """, self.alerts[0]["id"])
        self.assertLess(distance, 1.5)  # pixels of the chip
        fragment = self.fragment()
        self.open(fragment)
        self.browser.wait("return document.querySelectorAll('.chip').length === 2")
        self.assertIn("/detected-short_wave.png", self.browser.run(sources)[1])
        self.find("#compare").click()
        self.assertEqual(self.browser.run(sources), [])

    # ---- time ----

    def test_slider_shows_the_alerts_of_each_day(self):
        self.open()
        days = self.browser.run("return PITWATCH.model.days")
        self.assertGreater(len(days), 4)
        asked = [days[0], days[len(days) // 3], days[2 * len(days) // 3], days[-1]]
        for day in asked:
            self.browser.run("const slider = document.getElementById('time'); slider.value = arguments[0];"
                             "slider.dispatchEvent(new Event('input'))", days.index(day))
            self.assertEqual(self.find("#time-day").text, day)
            self.assertEqual(set(self.ids()), self.expected_ids(*self.OPEN, "--as-of", day), day)
        then = json.loads(map_state.call(PROGRAM, "alerts", "export", "--state", self.state, "--as-of", asked[1], "--format",
                                         "geojson", "--status", self.OPEN[1], "--max-natural", "0.8"))
        self.open("#date=" + asked[1])
        for alert in then["features"]:
            area, vertices = self.browser.run("""
                const now = PITWATCH.model.at(PITWATCH.model.byId.get(arguments[0]), arguments[1]);
                return [now.area_ha, now.shape.lines.reduce((sum, line) => sum + line.length / 2, 0)];""", alert["id"], asked[1])
            rings = alert["geometry"]["coordinates"]
            if alert["geometry"]["type"] == "MultiPolygon":
                rings = [ring for polygon in rings for ring in polygon]
            self.assertAlmostEqual(area, alert["properties"]["area_ha"], 3)
            self.assertEqual(vertices, sum(len(ring) - 1 for ring in rings))

    def test_the_film_runs_to_the_newest_date_and_stops(self):
        self.open()
        self.find("#play").click()
        self.browser.wait("return document.getElementById('time-day').classList.contains('is-past')")
        self.assertEqual(self.find("#play").text, "Stop")
        self.browser.wait("return document.getElementById('play').textContent === 'Play'", 40)
        self.assertEqual(set(self.ids()), self.expected_ids(*self.OPEN))

    # ---- links, coverage, languages ----

    def test_a_link_brings_the_view_back(self):
        self.open()
        self.check("status", "closed")
        self.find("#least").send_keys("0.1")
        self.find("#sort-class").click()
        Select(self.find("#colour")).select_by_value("licence")
        self.open_alert(self.ids()[-1])
        self.browser.run("PITWATCH.alertMap.leaflet.setView([40.149, 46.6135], 16.5, {animate: false})")
        shown = "return [document.getElementById('panel-id').textContent, PITWATCH.alertMap.leaflet.getZoom()," \
                "document.getElementById('colour').value, document.getElementById('found').textContent]"
        before = self.ids(), self.browser.run(shown)
        fragment = self.fragment()
        self.open(fragment)
        self.browser.wait("return document.querySelector('#panel-body .facts')")
        self.assertEqual(before, (self.ids(), self.browser.run(shown)))
        centre = self.browser.run("const c = PITWATCH.alertMap.leaflet.getCenter(); return [c.lat, c.lng]")
        self.assertAlmostEqual(centre[0], 40.149, 3)
        self.assertAlmostEqual(centre[1], 46.6135, 3)
        # A fragment that somebody made up is passed over.
        self.open("#status=x,y&date=%3Cscript%3E&place=1,2,z&sort=nothing&alert=none&least=abc&hidden=%00")
        self.open("#")
        self.assertEqual(set(self.ids()), self.expected_ids(*self.OPEN))

    def test_coverage(self):
        self.open("#tab=sites")
        newest = json.loads(self.browser.run("return JSON.stringify(PITWATCH.model.coverage)"))["now"]
        done = subprocess.run([PROGRAM, "coverage", "--state", self.state, "--json", "--now", newest], capture_output=True)
        for site in json.loads(done.stdout)["sites"]:
            card = [one for one in self.all(".card") if site["site"] + " ·" in one.text][0]
            facts = dict(zip((one.text for one in card.find_elements(By.TAG_NAME, "dt")),
                             (one.text for one in card.find_elements(By.TAG_NAME, "dd"))))
            self.assertEqual(facts["Blind days"], f"{site['blind_days']} days")
            self.assertEqual(facts["Usable overpasses"],
                             f"{site['overpasses']['usable']} of {site['overpasses']['expected']} expected")
            gap = site["longest_gap"]
            self.assertEqual(facts["Longest gap"], "none" if gap is None else
                             f"{gap['days']} days, {gap['first_day'][:10]} to {gap['last_day'][:10]}: nothing was received")
        self.assertEqual({site["longest_gap"] is None for site in json.loads(done.stdout)["sites"]}, {True, False})
        self.all(".card .button")[0].click()
        self.assertIn("site=small", self.fragment())
        self.find("#tab-alerts").click()
        self.assertEqual(set(self.ids()), self.expected_ids(*self.OPEN, "--site", "small"))

    def test_every_language_is_whole(self):
        for language, word in (("en", "Alerts"), ("az", "Siqnallar"), ("ru", "Сигналы")):
            with self.subTest(language):
                out = f"{self.scratch.name}/map-{language}"
                map_state.call(PROGRAM, "map", "--state", self.state, "--out", out, "--lang", language)
                self.browser.driver.get(f"file://{out}/index.html#alert={self.alerts[0]['id']}")
                self.browser.wait(READY)
                self.browser.wait("return document.querySelector('#panel-body .facts')")
                self.find("#tab-sites").click()
                self.assertEqual(self.browser.run("return document.documentElement.lang"), language)
                text = self.browser.run("return document.body.textContent")
                self.assertIn(word, text)
                keys = re.findall(r"\b(?:class|status|review|licence|fact|list|panel|coverage|picture|plot|event|role|time|swipe|"
                                  r"unit|filter|composite|validity|risk|legend|page|link)\.[a-z_]+", text)
                self.assertEqual(keys, [])
                self.assertEqual(re.findall(r"\{[a-z]+\}", text), [])

    # ---- people ----

    def test_hostile_texts_are_texts(self):
        self.open("#alert=" + self.alerts[0]["id"])
        self.browser.wait("return document.querySelector('#panel-body .facts')")
        self.assertEqual(self.all("img[src=x]"), [])
        text = self.browser.run("return document.body.textContent")
        self.assertIn("Small " + map_state.HOSTILE, text)
        self.assertIn("licences " + map_state.HOSTILE, text)
        self.assertIn("Holder " + map_state.HOSTILE, text)
        scenes = self.browser.run("return document.getElementById('panel-body').textContent")
        self.assertIn("];window.hit=1;", scenes)
        self.assertNotIn("\u202e", scenes)
        self.assertNotIn("\u2028", scenes)
        for name in os.listdir(f"{self.out}/data"):
            with open(f"{self.out}/data/{name}", encoding="utf-8") as file:
                script = file.read()
            self.assertNotIn("<", script, name)
            self.assertNotIn("\u2028", script, name)
            self.assertEqual(script.count("\n"), 1, name)
        policy = self.browser.run("return document.querySelector('meta[http-equiv]').content")
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn("unsafe", policy)

    def test_names_and_contrast(self):
        for dark in (False, True):
            self.browser.look(dark=dark)
            for tab in ("alerts", "sites"):
                self.open(f"#tab={tab}&alert={self.alerts[0]['id']}")
                self.browser.wait("return document.querySelector('#panel-body .facts')")
                self.browser.run("for (const one of document.querySelectorAll('details')) one.open = true")
                self.assertEqual(self.browser.run(CONTRAST), [], f"dark: {dark}, {tab}")
                self.assertEqual(self.browser.run(NAMELESS), [])
                doubled = self.browser.run("const ids = Array.from(document.querySelectorAll('[id]')).map((one) => one.id);"
                                           "return ids.filter((id, i) => ids.indexOf(id) !== i)")
                self.assertEqual(doubled, [])

    def test_on_a_phone(self):
        self.browser.look(390, 800, touch=True)
        self.open()
        width = "return document.documentElement.scrollWidth"
        self.assertLessEqual(self.browser.run(width), 390)
        tops = "return arguments[0].map((id) => document.getElementById(id).getBoundingClientRect().top)"
        stage, side = self.browser.run(tops, ["stage", "side"])
        self.assertLess(stage, side)
        self.browser.run("document.querySelector('#rows tr').click()")
        self.browser.wait("return document.querySelector('#panel-body .facts')")
        self.assertLessEqual(self.browser.run(width), 390)
        map_top, panel = self.browser.run(tops, ["map", "panel"])
        self.assertGreaterEqual(map_top, 0)
        self.assertLess(panel, 800)
        small = self.browser.run("""return Array.from(document.querySelectorAll('button')).filter((one) => {
            const box = one.getBoundingClientRect();
            return box.height > 0 && one.id !== 'skip' && box.height < 40; }).map((one) => one.outerHTML)""")
        self.assertEqual(small, [])

    def test_of_a_state_without_alerts_or_sites_file(self):
        os.rename(f"{self.scratch.name}/sites.geojson", f"{self.scratch.name}/gone")
        try:
            out = f"{self.scratch.name}/map-without"
            map_state.call(PROGRAM, "map", "--state", self.state, "--out", out, "--max-natural", "0")
            self.browser.driver.get(f"file://{out}/index.html#tab=sites")
            self.browser.wait(READY)
            self.assertIn("outlines of the sites", self.find("#sites").text)
        finally:
            os.rename(f"{self.scratch.name}/gone", f"{self.scratch.name}/sites.geojson")


if __name__ == "__main__":
    unittest.main(verbosity=2)
