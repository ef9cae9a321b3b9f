#!/usr/bin/env python3
"""Published rules for alerts from dense series, on the series of one site, as alerts that `pitwatch score` reads.

usage: peer_rules.py SITE_FOLDER OUT_FOLDER --watch-from DATE [--strictness F]

SITE_FOLDER holds STAC items over GeoTIFFs, as `pitwatch simulate` writes them. What was acquired before DATE is history. F (1) multiplies
what counts as an anomaly, or the sensitivity, for a curve of what the rules find against false alarms.
Writes OUT_FOLDER/RULE-any.geojson and, for rules of two stages, OUT_FOLDER/RULE-confirmed.geojson: the first from pixels of
any status, the second from confirmed ones, each dated by the observation that made them so. Needs python3-gdal, python3-numpy and python3-scipy.

The rules, with what they leave open or what these series do not have:
  dist_veg      OPERA DIST-ALERT, vegetation test (Hansen et al.; github.com/gladumd/OPERA_DIST): loss against the least
                vegetation within 15 days of this day of the year in up to three years before, of at least four observations; 10 %
                are an anomaly. Its regression trees for vegetation cover are not made for this: scaled NDVI stands in.
  dist_generic  its generic test: Mahalanobis distance of red, NIR, B11, B12 from the same windows, at least seven observations;
                15 are an anomaly, more than 100 count as 100.
  dist          either of the two.
                Confidence = mean anomaly since the first, clean observations included, x number of anomalies squared; confirmed
                from 400; over after two clean observations in a row, or one 15 days or more after the last anomaly.
  radd          Bayesian updating of Reiche et al. (2015, 2021), as in RADD, on NDVI in place of radar: stable ground is
                the pixel's season with its scatter, disturbed ground 0.15 +- 0.10; probabilities of an observation are kept within
                0.1 to 0.9; alert from 0.85, confirmed above 0.975 within 90 days, otherwise dropped, as below 0.5. On
                ground that is green in its season alone, as RADD on forest.
  ewma          nrt's EWMA (Brooks et al. 2014; github.com/ec-jrc/nrt): NDVI less its season, lambda 0.3, sensitivity 8 on
                both sides; observations beyond 10 sigma are left out. A break lasts for good and has no second stage.
Seasons of radd and ewma are harmonics of second order, by least squares without observations beyond five sigma; a trend is not
fitted to so short a history.

A pixel is clear where the SCL says 4, 5, 6 or 7 and no cloud, shadow or cirrus lies within 40 m. Pixels of a status make
8-connected components of five pixels or more; one that mostly overlaps an earlier alert carries it on, others are new.
"""

import argparse
import datetime
import glob
import json
import os

import numpy as np
from osgeo import gdal, ogr, osr
from scipy import ndimage

gdal.UseExceptions()
osr.UseExceptions()

BANDS = ("B04", "B08", "B11", "B12")
CLEAR_SCL = (4, 5, 6, 7)
CLOUD_SCL = (3, 8, 9, 10)
MARGIN_PX = 4
LEAST_PX = 5
YEAR_DAYS = 365.2425


class Series:
    """All looks at a site by date: days since 1970, reflectance[observation, band, y, x] (not a number where not clear)."""

    def __init__(self, folder):
        items = {}
        for path in sorted(glob.glob(os.path.join(folder, "**", "*.json"), recursive=True)):
            item = json.load(open(path))
            if item.get("type") != "Feature":
                continue
            acquired = item["properties"]["datetime"]
            # Of two editions of a product the later one counts.
            if acquired not in items or created(items[acquired][0]) < created(item):
                items[acquired] = (item, os.path.dirname(path))
        observations = [items[acquired] for acquired in sorted(items)]
        self.acquired = sorted(items)
        self.days = np.array([day_of(acquired) for acquired in self.acquired])
        first = gdal.Open(path_of(*observations[0], "B04"))
        self.transform, self.projection = first.GetGeoTransform(), first.GetProjection()
        self.shape = (first.RasterYSize, first.RasterXSize)
        self.reflectance = np.full((len(observations), len(BANDS)) + self.shape, np.nan, np.float32)
        for number, (item, base) in enumerate(observations):
            clear = self.clear(item, base)
            for band, name in enumerate(BANDS):
                self.reflectance[number, band] = np.where(clear, self.band(item, base, name), np.nan)
        self.is_clear = np.isfinite(self.reflectance).all(axis=1)

    def read(self, path, algorithm):
        height, width = self.shape
        return gdal.Open(path).ReadAsArray(buf_xsize=width, buf_ysize=height, resample_alg=algorithm)

    def clear(self, item, base):
        scl = self.read(path_of(item, base, "SCL"), gdal.GRIORA_NearestNeighbour)
        y, x = np.ogrid[-MARGIN_PX : MARGIN_PX + 1, -MARGIN_PX : MARGIN_PX + 1]
        disc = x * x + y * y <= MARGIN_PX * MARGIN_PX
        cloud = ndimage.binary_dilation(np.isin(scl, CLOUD_SCL), structure=disc)
        return np.isin(scl, CLEAR_SCL) & ~cloud

    def band(self, item, base, name):
        asset = asset_of(item, name)
        scaling = asset["raster:bands"][0]
        raw = self.read(os.path.join(base, asset["href"]), gdal.GRIORA_NearestNeighbour).astype(np.float32)
        return np.where(raw == scaling["nodata"], np.nan, raw * scaling["scale"] + scaling["offset"])

    def ndvi(self):
        red, nir = self.reflectance[:, 0], self.reflectance[:, 1]
        return (nir - red) / np.maximum(nir + red, 1e-3)


def created(item):
    return item["properties"].get("created", "")


def asset_of(item, name):
    if name == "SCL":
        return next(asset for key, asset in item["assets"].items() if key.lower() == "scl")
    return next(a for a in item["assets"].values() if any(b["name"] == name for b in a.get("eo:bands", ())))


def path_of(item, base, name):
    return os.path.join(base, asset_of(item, name)["href"])


def day_of(text):
    instant = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=datetime.timezone.utc)
    return instant.timestamp() / 86400


def window_observations(days, now):
    """Observations within 15 days of the day of the year of `now`, in the three years before it."""
    before = days[now] - days
    year = np.round(before / YEAR_DAYS)
    return np.flatnonzero((year >= 1) & (year <= 3) & (np.abs(before - year * YEAR_DAYS) <= 15.5))


def vegetation_anomalies(series, first):
    """Percent of vegetation lost, per observation from `first`; not a number where not judged."""
    fraction = 100 * np.clip((series.ndvi() - 0.1) / 0.75, 0, 1)
    for now in range(first, len(series.days)):
        past = fraction[window_observations(series.days, now)]
        enough = np.isfinite(past).sum(axis=0) >= 4
        least = np.min(np.where(np.isfinite(past), past, np.inf), axis=0, initial=np.inf)
        loss = np.full(series.shape, np.nan)
        np.subtract(least, fraction[now], out=loss, where=enough)
        yield np.maximum(loss, 0)


def generic_anomalies(series, first):
    """Mahalanobis distance, at most 100, per observation from `first`; not a number where not judged."""
    pixels = series.reflectance.reshape(len(series.days), len(BANDS), -1) * 1e4
    clear = series.is_clear.reshape(len(series.days), -1)
    for now in range(first, len(series.days)):
        window = window_observations(series.days, now)
        judged = np.flatnonzero(clear[now] & (clear[window].sum(axis=0) >= 7))
        distance = np.full(clear.shape[1], np.nan)
        if judged.size:
            seen = clear[np.ix_(window, judged)]
            past = np.where(seen[:, None, :], pixels[window][:, :, judged], 0).astype(np.float64)
            count = seen.sum(axis=0)
            mean = past.sum(axis=0) / count
            centred = (past - mean) * seen[:, None, :]
            covariance = np.einsum("lbp,lcp->pbc", centred, centred) / (count - 1)[:, None, None]
            regular = np.linalg.det(covariance) > 1e-3
            difference = (pixels[now][:, judged] - mean).T[regular]
            solved = np.linalg.solve(covariance[regular], difference[:, :, None])[:, :, 0]
            distance[judged[regular]] = np.sqrt(np.maximum((difference * solved).sum(axis=1), 0))
        yield np.minimum(distance, 100).reshape(series.shape)


def dist_status(series, first, anomalies, low):
    """Per observation the pixels that are open, and those that are confirmed."""
    total, observations, count, clean = (np.zeros(series.shape) for _ in range(4))
    last = np.full(series.shape, -np.inf)
    confirmed = np.zeros(series.shape, bool)
    for now, anomaly in zip(range(first, len(series.days)), anomalies):
        judged = np.isfinite(anomaly)
        anomalous = judged & (np.nan_to_num(anomaly) >= low)
        is_open = (count > 0) | anomalous
        total += np.where(is_open & judged, np.nan_to_num(anomaly), 0)
        observations += is_open & judged
        count += anomalous
        clean = np.where(anomalous, 0, clean + judged)
        last[anomalous] = series.days[now]
        confirmed |= is_open & (total * count * count >= 400 * np.maximum(observations, 1))
        over = judged & ~anomalous & ((clean >= 2) | (series.days[now] - last >= 15))
        for plane in (total, observations, count, clean, confirmed):
            plane[over] = 0
        yield count > 0, confirmed.copy()


def either(*statuses):
    for planes in zip(*statuses):
        yield tuple(np.logical_or.reduce(kind) for kind in zip(*planes))


def fit_season(series, ndvi, first):
    """Expected NDVI of every observation and the scatter of the history, per pixel."""
    angle = 2 * np.pi * series.days / YEAR_DAYS
    design = np.stack([np.ones_like(angle)] + [f(k * angle) for k in (1, 2) for f in (np.cos, np.sin)], axis=1)
    values = ndvi[:first].reshape(first, -1).astype(np.float64)
    used = np.isfinite(values)
    for _ in range(3):
        x = design[:first]
        normal = np.einsum("li,lj,lp->pij", x, x, used.astype(np.float64)) + 1e-3 * np.eye(x.shape[1])
        right = x.T @ np.where(used, values, 0)
        beta = np.linalg.solve(normal, right.T[:, :, None])[:, :, 0].T
        residual = values - x @ beta
        sigma = np.sqrt(np.where(used, residual**2, 0).sum(axis=0) / np.maximum(used.sum(axis=0) - x.shape[1], 1))
        used &= np.abs(np.nan_to_num(residual)) <= 5 * sigma
    expected = (design @ beta).reshape(ndvi.shape)
    # A history of few observations has no season.
    supported = (used.sum(axis=0) >= 10).reshape(series.shape)
    return expected, np.where(supported, np.maximum(sigma.reshape(series.shape), 0.01), np.nan)


def radd_status(series, first, strictness):
    ndvi = series.ndvi()
    expected, sigma = fit_season(series, ndvi, first)
    green = (expected.max(axis=0) >= 0.4) & np.isfinite(sigma)

    def probability_of_disturbance(observation):
        stable = np.exp(-0.5 * ((ndvi[observation] - expected[observation]) / sigma) ** 2) / sigma
        bare = np.exp(-0.5 * ((ndvi[observation] - 0.15) / 0.10) ** 2) / 0.10
        share = bare / np.maximum(stable + bare, 1e-12)
        # Greener than expected is no disturbance, however unlikely.
        return np.clip(np.where(ndvi[observation] >= expected[observation], 0, share), 0.1, 0.9)

    alert = 1 - 0.15 / strictness
    surely = 1 - 0.025 / strictness
    previous = np.full(series.shape, 0.1)
    change = np.zeros(series.shape)
    flagged, alerted, confirmed = (np.zeros(series.shape, bool) for _ in range(3))
    since = np.zeros(series.shape)
    for now in range(first, len(series.days)):
        seen = series.is_clear[now] & green
        likely = np.where(seen, probability_of_disturbance(now), 0.1)
        starts = seen & ~flagged & (likely >= 0.5)
        prior = np.where(flagged, change, previous)
        posterior = prior * likely / (prior * likely + (1 - prior) * (1 - likely))
        change = np.where(seen & (flagged | starts), posterior, change)
        since[starts] = series.days[now]
        alerted |= starts & (change >= alert)
        alerted |= seen & flagged & (change >= alert)
        confirmed |= seen & (flagged | starts) & (change > surely)
        gone = flagged & ~confirmed & ((seen & (change < 0.5)) | (series.days[now] - since > 90))
        flagged = (flagged | starts) & ~gone
        alerted &= ~gone
        previous = np.where(seen, likely, previous)
        yield alerted | confirmed, confirmed.copy()


def ewma_status(series, first, strictness):
    ndvi = series.ndvi()
    expected, sigma = fit_season(series, ndvi, first)
    boundary = 8 * strictness * sigma * np.sqrt(0.3 / (2 - 0.3))
    process = np.zeros(series.shape)
    broken = np.zeros(series.shape, bool)
    for now in range(len(series.days)):
        residual = ndvi[now] - expected[now]
        usable = series.is_clear[now] & np.isfinite(sigma) & (np.abs(residual) <= 10 * sigma)
        process = np.where(usable, 0.7 * process + 0.3 * np.nan_to_num(residual), process)
        if now < first:
            continue
        broken |= usable & (np.abs(process) > boundary)
        yield (broken.copy(),)


class Alerts:
    """Carries components of pixels from observation to observation."""

    def __init__(self, shape):
        self.owner = np.zeros(shape, np.int32)  # number of the live alert, 0 for none
        self.first = []
        self.pixels = []

    def update(self, is_open, acquired):
        self.owner[~is_open] = 0
        labels, _ = ndimage.label(is_open, structure=np.ones((3, 3)))
        sizes = np.bincount(labels.ravel())
        for label, where in enumerate(ndimage.find_objects(labels), start=1):
            if sizes[label] < LEAST_PX:
                continue
            component = labels[where] == label
            owned = np.bincount(self.owner[where][component])
            fresh = owned[0]
            if fresh == 0:
                continue
            if 2 * fresh > sizes[label]:
                self.first.append(acquired)
                self.pixels.append(set())
                number = len(self.first)
            else:
                number = int(np.argmax(owned[1:])) + 1
            gained = component & (self.owner[where] == 0)
            self.owner[where][gained] = number
            rows, columns = np.nonzero(gained)
            self.pixels[number - 1].update(zip((rows + where[0].start).tolist(), (columns + where[1].start).tolist()))

    def write(self, path, site, series, confirmed):
        to_degrees = osr.CoordinateTransformation(utm(series.projection), degrees())
        features = []
        for number, pixels in enumerate(self.pixels):
            features.append({
                "type": "Feature",
                "geometry": outline(np.array(sorted(pixels)), series, to_degrees),
                "properties": {
                    "id": f"{site}-{number}", "site": site, "status": "confirmed" if confirmed else "provisional",
                    "class": "vegetation_to_bare", "first_detected": self.first[number],
                    "confirmed_on": self.first[number] if confirmed else None, "confidence": 1 if confirmed else 0.5,
                },
            })
        with open(path, "w") as file:
            json.dump({"type": "FeatureCollection", "features": features}, file)


def degrees():
    wgs84 = osr.SpatialReference()
    wgs84.ImportFromEPSG(4326)
    wgs84.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    return wgs84


def utm(projection):
    reference = osr.SpatialReference(projection)
    reference.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    return reference


def outline(pixels, series, to_degrees):
    """Multipolygon of pixels, WGS 84. Its parts are 4-connected, so that no ring touches itself."""
    top, left = pixels.min(axis=0)
    height, width = pixels.max(axis=0) - (top, left) + 1
    raster = gdal.GetDriverByName("MEM").Create("", int(width), int(height), 1, gdal.GDT_Byte)
    x, step_x, _, y, _, step_y = series.transform
    raster.SetGeoTransform((x + int(left) * step_x, step_x, 0, y + int(top) * step_y, 0, step_y))
    plane = np.zeros((height, width), np.uint8)
    plane[pixels[:, 0] - top, pixels[:, 1] - left] = 1
    raster.GetRasterBand(1).WriteArray(plane)
    folder = ogr.GetDriverByName("Memory").CreateDataSource("")
    layer = folder.CreateLayer("parts", geom_type=ogr.wkbPolygon)
    gdal.Polygonize(raster.GetRasterBand(1), raster.GetRasterBand(1), layer, -1)
    together = ogr.Geometry(ogr.wkbMultiPolygon)
    for part in layer:
        together.AddGeometry(part.GetGeometryRef())
    together.Transform(to_degrees)
    return json.loads(together.ExportToJson(["COORDINATE_PRECISION=7"]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site_folder")
    parser.add_argument("out_folder")
    parser.add_argument("--watch-from", required=True)
    parser.add_argument("--strictness", type=float, default=1)
    parser.add_argument("--rules", default="", help="names, separated by commas; all by default")
    options = parser.parse_args()
    strict = options.strictness
    series = Series(options.site_folder)
    site = os.path.basename(os.path.normpath(options.site_folder))
    first = int(np.searchsorted(series.days, day_of(options.watch_from)))
    vegetation = lambda: dist_status(series, first, vegetation_anomalies(series, first), 10 * strict)
    generic = lambda: dist_status(series, first, generic_anomalies(series, first), 15 * strict)
    rules = {
        "dist_veg": vegetation,
        "dist_generic": generic,
        "dist": lambda: either(vegetation(), generic()),
        "radd": lambda: radd_status(series, first, strict),
        "ewma": lambda: ewma_status(series, first, strict),
    }
    if options.rules:
        rules = {name: rules[name] for name in options.rules.split(",")}
    os.makedirs(options.out_folder, exist_ok=True)
    with np.errstate(invalid="ignore"):
        for rule, statuses in rules.items():
            alerts = {}
            for now, planes in zip(range(first, len(series.days)), statuses()):
                for status, plane in zip(("any", "confirmed"), planes):
                    alerts.setdefault(status, Alerts(series.shape)).update(plane, series.acquired[now])
            for status, found in alerts.items():
                found.write(os.path.join(options.out_folder, f"{rule}-{status}.geojson"), site, series,
                            status == "confirmed")


if __name__ == "__main__":
    main()
