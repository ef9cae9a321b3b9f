#!/usr/bin/env python3
"""Makes catalogue.tsv of a copy of Awesome Spectral Indices: make_catalogue.py FOLDER > catalogue.tsv

FOLDER holds spectral-indices-dict.json, constants.json and LICENSE of that catalogue. The range is what reflectances
of 0 to 1 give, found over the corners of that cube and 200,000 random points; where values near a zero of the
denominator have no bound, it is empty.
"""
import itertools
import json
import re
import sys
from pathlib import Path

import numpy as np

BANDS = "A B G R RE1 RE2 RE3 N N2 WV S1 S2".split()
SENTINEL_2A_NM = dict(lambdaG=559.8, lambdaR=664.6, lambdaN=832.8, lambdaN2=864.7, lambdaS1=1613.7, lambdaS2=2202.4)


def kernels(values):
    """Kernels of pairs of bands, radial with the length scale sigma; L is the background."""
    result = {}
    for a, b in ("NN", "NR", "NB", "NL", "GG", "GR", "GB"):
        result["k" + a + b] = np.exp(-((values[a] - values[b]) ** 2) / (2 * values["sigma"] ** 2))
    return result


def value_range(formula, constants):
    """Least and greatest value over reflectances of 0 to 1, or nothing where there is no bound."""
    needed = [b for b in BANDS if re.search(rf"(?<![A-Za-z0-9]){b}(?![A-Za-z0-9])", formula)]
    if "kN" in formula or "kG" in formula:
        needed = ["N", "R", "G", "B"]
    generator = np.random.default_rng(1)
    corners = np.array(list(itertools.product([0.0, 1.0], repeat=len(needed)))).T
    points = generator.random((len(needed), 200_000))
    near = points * 10.0 ** -generator.integers(0, 5, points.shape)
    bounds = []
    with np.errstate(all="ignore"):
        for cloud in (points, np.concatenate([points, near, corners], axis=1)):
            values = {b: np.zeros(cloud.shape[1]) for b in BANDS} | dict(zip(needed, cloud)) | constants
            found = np.asarray(eval(formula, values | kernels(values)), dtype=float) + np.zeros(cloud.shape[1])
            found = found[np.isfinite(found)]
            bounds.append((found.min(), found.max()))
    (low, high), (widest_low, widest_high) = bounds
    if max(-widest_low, widest_high) > max(4 * max(abs(low), abs(high)), 1e-9) or max(-low, high) > 1000:
        return ""
    return f"{widest_low:.4g} {widest_high:.4g}"


def main():
    folder = Path(sys.argv[1])
    indices = json.loads((folder / "spectral-indices-dict.json").read_text())["SpectralIndices"]
    constants = {name: float(entry["default"]) for name, entry in json.loads((folder / "constants.json").read_text()).items()
                 if entry.get("default") is not None} | SENTINEL_2A_NM
    print("# Spectral indices of Sentinel-2's bands. Made by make_catalogue.py from Awesome Spectral Indices")
    print("# (https://github.com/awesome-spectral-indices/awesome-spectral-indices), whose licence is:\n#")
    print("\n".join("# " + line if line else "#" for line in (folder / "LICENSE").read_text().strip().splitlines()))
    print("#\n# name, domain, range for reflectances of 0 to 1, bands that Sentinel-2 lacks, formula, meaning, source")
    for name, entry in sorted(indices.items()):
        known = set(BANDS) | set(constants) | {"PAR"}
        lacking = [b for b in entry["bands"] if b not in known and not re.fullmatch("k[A-Z]{2}", b)]
        bounds = "" if lacking or "PAR" in entry["bands"] else value_range(entry["formula"], constants)
        print("\t".join([name, entry["application_domain"], bounds, " ".join(lacking), entry["formula"],
                         entry["long_name"].strip(), entry["reference"]]))


main()
