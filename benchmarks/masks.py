"""Masks against the truth of simulated skies: see masks.sh.

masks.py strip SERIES OUT      the same series without scene classifications
masks.py table SERIES... -- NAME=MASKS...   omission and commission of masks, DIR/SEED/SITE/*_mask.tif
"""
import glob
import json
import os
import sys

import numpy
from osgeo import gdal

gdal.UseExceptions()
NODATA, CLOUD, SHADOW, CIRRUS, SNOW, EDGE = 3, 4, 8, 16, 32, 128
CLASSES = ("cloud", "cirrus", "shadow", "snow", "clear", "bright bare")


def strip(series, out):
    for path in glob.glob(f"{series}/*/S2*/S2*.json"):
        item = json.load(open(path))
        folder = os.path.join(out, *path.split(os.sep)[-3:-1])
        os.makedirs(folder, exist_ok=True)
        item["assets"] = {name: asset for name, asset in item["assets"].items() if not asset["href"].endswith("SCL.tif")}
        for asset in item["assets"].values():
            asset["href"] = os.path.abspath(os.path.join(os.path.dirname(path), asset["href"]))
        json.dump(item, open(os.path.join(folder, os.path.basename(path)), "w"))


def window(path, mask):
    """The part of a raster under a mask's."""
    data = gdal.Open(path)
    here, there = data.GetGeoTransform(), mask.GetGeoTransform()
    pixel = there[1]
    by = here[1] / pixel
    return data.ReadAsArray(round((there[0] - here[0]) / here[1]), round((here[3] - there[3]) / here[1]),
                            round(mask.RasterXSize / by), round(mask.RasterYSize / by))


def reflectance(item, band, mask):
    for asset in item["assets"].values():
        if os.path.basename(asset["href"]) == band + ".tif":
            raster = asset["raster:bands"][0]
            return window(os.path.join(item["folder"], asset["href"]), mask) * raster["scale"] + raster["offset"]
    raise KeyError(band)


def observations(series, masks):
    """Mask, truth of the sky, and whether the ground is bright and bare, of each observation."""
    items = {}
    for path in sorted(glob.glob(f"{series}/*/S2*/S2*.json")):
        item = json.load(open(path))
        item["folder"] = os.path.dirname(path)
        items.setdefault((path.split(os.sep)[-3], item["id"]), item)
    for path in sorted(glob.glob(f"{masks}/*/*_mask.tif")):
        file = gdal.Open(path)
        site = path.split(os.sep)[-2]
        item = items[site, file.GetMetadataItem("SCENE")]
        day = item["properties"]["datetime"][:10].replace("-", "")
        truth = window(f"{series}/{site}/sky/{day}.tif", file)
        blue, green, red, nir = (reflectance(item, band, file) for band in ("B02", "B03", "B04", "B08"))
        bright = ((blue + green + red) / 3 > 0.15) & (nir < 1.6 * red) & (nir > red)
        yield file.ReadAsArray(), truth, bright, path


def count(pairs):
    """By class of truth: pixels, those masked at all, and those masked as that class; and by class of mask the false."""
    total, right, hidden, called, false = (dict.fromkeys(CLASSES, 0) for _ in range(5))
    for series, masks in pairs:
        for mask, truth, bright, _ in observations(series, masks):
            seen = (mask & NODATA) == 0
            alone = seen & ((truth & EDGE) == 0)
            of = {"cloud": alone & ((truth & CLOUD) != 0), "cirrus": alone & ((truth & (CLOUD | CIRRUS)) == CIRRUS),
                  "shadow": alone & ((truth & ~SNOW) == SHADOW), "snow": alone & (truth == SNOW),
                  "clear": alone & (truth == 0), "bright bare": alone & (truth == 0) & bright}
            bits = {"cloud": CLOUD, "cirrus": CIRRUS, "shadow": SHADOW, "snow": SNOW}
            for name, pixels in of.items():
                total[name] += pixels.sum()
                hidden[name] += (pixels & (mask != 0)).sum()
                if name in bits:
                    says = (mask & bits[name]) != 0
                    right[name] += (pixels & says).sum()
                    called[name] += (alone & says).sum()
                    false[name] += (says & of["clear"]).sum()
    return total, right, hidden, called, false


def table(series, named):
    print("| | | cloud | thin cloud | shadow | snow | clear | bright bare |\n|---|---|---|---|---|---|---|---|")
    for name, folders in named:
        total, right, hidden, called, false = count(list(zip(series, folders)))
        share = lambda part, whole: f"{part / whole:.3f}" if whole else "-"
        print(f"| {name} | not masked |", " | ".join(share(total[c] - hidden[c], total[c]) for c in CLASSES), "|")
        print("| | named so |", " | ".join(share(right[c], total[c]) for c in CLASSES[:4]), "| | |")
        print("| | of what is named so, clear |", " | ".join(share(false[c], called[c]) for c in CLASSES[:4]), "| | |")
    print("pixels:", ", ".join(f"{total[c] / 1e6:.2f} million {c}" for c in CLASSES))


if __name__ == "__main__":
    if sys.argv[1] == "strip":
        strip(*sys.argv[2:])
    else:
        at = sys.argv.index("--")
        series = sys.argv[2:at]
        table(series, [(name, folders.split(",")) for name, folders in (a.split("=") for a in sys.argv[at + 1:])])
