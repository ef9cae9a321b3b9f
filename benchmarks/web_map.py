"""A register of thousands of alerts, and how fast the page of its map is in a browser. See web_map.sh.

web_map.py fill REGISTER --alerts N     copies of its alerts with their histories, side by side, until there are so many
web_map.py measure MAP [--runs N]       milliseconds of the page of a map
"""
import argparse
import os
import statistics
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tests/browser"))
from browser import Browser, require_browser  # noqa: E402

# Milliseconds that a change takes until its page is laid out and the next frame begins.
CHANGE = """
const done = arguments[arguments.length - 1];
const begin = performance.now();
(%s)();
document.body.getBoundingClientRect();
requestAnimationFrame(() => done(performance.now() - begin));
"""
CHANGES = {
    "filter: a class off": "() => document.querySelector('#group-class input:checked').click()",
    "filter: closed ones on": "() => document.querySelector('#group-status input[value=closed]').click()",
    "filter: a text": "() => { const field = document.getElementById('search'); field.value = 'a';"
                      "field.dispatchEvent(new Event('input')); }",
    "filters cleared": "() => document.getElementById('reset').click()",
    "sorted by class": "() => document.getElementById('sort-class').click()",
    "a date back": "() => document.getElementById('day-before').click()",
    "the middle of the slider": "() => { const slider = document.getElementById('time'); slider.value = slider.max / 2;"
                                "slider.dispatchEvent(new Event('input')); }",
    "zoomed in": "() => PITWATCH.alertMap.leaflet.zoomIn(1, {animate: false})",
    "panned": "() => PITWATCH.alertMap.leaflet.panBy([200, 0], {animate: false})",
}
TIMES = """
const paint = performance.getEntriesByName('first-contentful-paint')[0];
const mark = (name) => performance.getEntriesByName(name)[0].startTime;
return {'first paint': paint ? paint.startTime : null, 'list and map shown': mark('pitwatch-shown'),
        'time slider ready': mark('pitwatch-ready')};
"""


def measure(folder, runs):
    times = {}
    browser = Browser(1440, 900)
    try:
        for _ in range(runs):
            browser.driver.get("about:blank")
            browser.driver.get(f"file://{os.path.abspath(folder)}/index.html")
            browser.wait("return document.documentElement.classList.contains('is-ready')", 120)
            for name, value in browser.run(TIMES).items():
                times.setdefault(name, []).append(value)
            for name, change in CHANGES.items():
                times.setdefault(name, []).append(browser.driver.execute_async_script(CHANGE % change))
        return browser.run("return PITWATCH.model.alerts.length"), browser.log(), times
    finally:
        browser.close()


def shifted(geometry, by_lon, by_lat):
    if geometry is None:
        return None
    copy = geometry.Clone()
    rings = [copy] if copy.GetGeometryCount() == 0 else []
    stack = [copy]
    while stack:
        one = stack.pop()
        inner = [one.GetGeometryRef(i) for i in range(one.GetGeometryCount())]
        stack += inner
        rings += [ring for ring in inner if ring.GetGeometryCount() == 0]
    for ring in rings:
        for i in range(ring.GetPointCount()):
            ring.SetPoint_2D(i, ring.GetX(i) + by_lon, ring.GetY(i) + by_lat)
    return copy


def fill(register, wanted):
    """Through OGR, for the program itself publishes no alert that it did not find. Alerts lie in a lattice of copies."""
    from osgeo import gdal, ogr
    gdal.UseExceptions()
    data = gdal.OpenEx(register, gdal.OF_VECTOR | gdal.OF_UPDATE)
    layers = {name: list(data.GetLayerByName(name)) for name in ("alerts", "alert_history")}
    known = len(layers["alerts"])
    side = max(1, round((wanted / known) ** 0.5))
    copies = -(-(wanted - known) // known)
    data.StartTransaction()
    for copy in range(1, copies + 1):
        by = 0.25 * (copy % side), 0.08 * (copy // side)
        for name, key in (("alerts", "id"), ("alert_history", "alert_id")):
            layer = data.GetLayerByName(name)
            for feature in layers[name]:
                added = ogr.Feature(layer.GetLayerDefn())
                added.SetFrom(feature)
                added.SetFID(-1)
                added.SetField(key, f"{feature.GetField(key)}-{copy}")
                added.SetGeometry(shifted(feature.GetGeometryRef(), *by))
                layer.CreateFeature(added)
    data.CommitTransaction()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("action", choices=("fill", "measure"))
    parser.add_argument("path")
    parser.add_argument("--alerts", type=int, default=5000)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    if given.action == "fill":
        fill(given.path, given.alerts)
        return
    require_browser()
    alerts, complaints, times = measure(given.path, given.runs)
    if complaints:
        sys.exit(f"the page complains: {complaints}")
    print(f"{alerts} alerts, milliseconds: least and median of {given.runs}")
    for name, values in times.items():
        known = [value for value in values if value is not None]
        print(f"{name:28} {min(known):8.0f} {statistics.median(known):8.0f}")


main()
