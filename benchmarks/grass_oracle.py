"""Runs inside a GRASS session: see grass_oracle.sh."""

import os
import subprocess
import sys
import time

import numpy as np

FLOW_TABLES = os.environ["FLOW_TABLES"]


def fractal(side, seed, roughness):
    """Mountains by octaves of smooth noise, `roughness` metres of noise of single cells on top; whole millimetres."""
    random = np.random.default_rng(seed)
    ground = np.zeros((side, side))
    height, step = 400.0, 512
    at = np.arange(side)
    while step >= 2:
        nodes = random.random((side // step + 2, side // step + 2))
        i, f = at // step, at / step - at // step
        f = f * f * (3 - 2 * f)
        rows = nodes[i] * (1 - f)[:, None] + nodes[i + 1] * f[:, None]
        ground += height * (rows[:, i] * (1 - f) + rows[:, i + 1] * f)
        height, step = height / 2, step // 2
    return np.round(1000 * (ground + roughness * random.standard_normal((side, side)))).astype(np.int32)


def tilted(side, seed):
    """Falls to the south everywhere, so that nothing is a depression; hardly two falls are alike. Millimetres."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:side, 0:side]
    ground = 5000 - 3.0 * y + 40 * np.sin(x / 17.0) + 1.3 * np.abs(x - side * 0.43) + 0.9 * random.random((side, side))
    # Nothing comes in from the edge, which GRASS lets drain over it.
    ground[[0, -1]] -= 500
    ground[1:-1, [0, -1]] -= 500
    return np.round(1000 * ground).astype(np.int32)


def grass(*arguments):
    subprocess.run([*arguments, "--quiet", "--overwrite"], check=True)


def out(name, kind, dtype, side, folder, missing):
    path = f"{folder}/{name}.bin"
    grass("r.out.bin", f"input={name}", f"output={path}", f"bytes={np.dtype(dtype).itemsize}", f"null={missing}",
          *(["-f"] if kind == "f" else ["-i"]))
    return np.fromfile(path, dtype).reshape(side, side)


def by_grass(ground, outlet, folder):
    """Directions, accumulation and the catchment of a cell, and the seconds of r.watershed alone."""
    side = ground.shape[0]
    ground.tofile(f"{folder}/ground.raw")  # whole numbers: r.watershed rounds others
    grass("r.in.bin", f"input={folder}/ground.raw", "output=ground", "bytes=4", f"north={side}", "south=0",
          f"east={side}", "west=0", f"rows={side}", f"cols={side}")
    grass("g.region", "raster=ground")
    start = time.time()
    grass("r.watershed", "-s", "elevation=ground", "accumulation=accumulation", "drainage=drainage")
    seconds = time.time() - start
    column, row = outlet
    grass("r.water.outlet", "input=drainage", "output=basin", f"coordinates={column + 0.5},{side - row - 0.5}")
    directions = out("drainage", "i", np.int32, side, folder, -999)
    cells = out("accumulation", "f", np.float32, side, folder, "nan")
    basin = out("basin", "i", np.int32, side, folder, 0) > 0
    return directions, cells, basin, seconds


def by_us(ground, outlet, folder, rule="fill"):
    side = ground.shape[0]
    assert np.abs(ground).max() < 2 ** 24
    ground.astype(np.float32).tofile(f"{folder}/ground.raw")
    answer = subprocess.run([FLOW_TABLES, str(side), str(side), f"{folder}/ground.raw", rule, *map(str, outlet),
                             f"{folder}/own"], check=True, capture_output=True, text=True)
    directions = np.fromfile(f"{folder}/own.dir", np.uint8).reshape(side, side)
    cells = np.fromfile(f"{folder}/own.acc", np.uint32).reshape(side, side)
    basin = np.fromfile(f"{folder}/own.basin", np.uint8).reshape(side, side) > 0
    path = [tuple(map(int, line.split())) for line in open(f"{folder}/own.path")]
    return directions, cells, basin, path, float(answer.stdout)


def drain_by_grass(start, side, folder):
    """The cells of r.drain's path from a cell, on the elevations that by_grass() left."""
    column, row = start
    grass("r.drain", "input=ground", "output=way", f"start_coordinates={column + 0.5},{side - row - 0.5}")
    cells = out("way", "i", np.int32, side, folder, 0)
    return {(int(x), int(y)) for y, x in np.argwhere(cells != 0)}


def walk(directions, start):
    """The path of a cell along GRASS's directions, until it leaves the grid."""
    steps = [(0, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0)]
    path, (x, y) = [], start
    while 0 <= x < directions.shape[1] and 0 <= y < directions.shape[0] and len(path) < directions.size:
        path.append((x, y))
        if directions[y, x] <= 0:
            break
        dx, dy = steps[directions[y, x]]
        x, y = x + dx, y + dy
    return path


def largest_inside(cells, margin):
    """The cell, away from the edge, that most drains through."""
    inner = cells[margin:-margin, margin:-margin]
    y, x = np.unravel_index(np.argmax(inner), inner.shape)
    return int(x) + margin, int(y) + margin


def main():
    side, folder = int(sys.argv[1]), sys.argv[2]
    failed = False

    ground = tilted(400, 1)
    _, cells, *_ = by_us(ground, (200, 200), folder)
    outlet = largest_inside(cells, 40)
    own = by_us(ground, outlet, folder)
    other = by_grass(ground, outlet, folder)
    # GRASS counts what leaves its region as negative, and cells at the edge drain over it.
    inner = np.s_[1:-1, 1:-1]
    same_directions = np.mean(own[0][inner] == np.abs(other[0][inner]))
    same_cells = np.mean(own[1][inner] == np.abs(other[1][inner]))
    same_basin = np.mean(own[2][inner] == other[2][inner])
    path = [cell for cell in own[3] if 0 < cell[0] < 399 and 0 < cell[1] < 399]
    other_path = [cell for cell in walk(other[0], outlet) if 0 < cell[0] < 399 and 0 < cell[1] < 399]
    if os.environ.get("SHOW"):
        print(np.argwhere(own[0][inner] != np.abs(other[0][inner])).tolist()[:60])
        print(np.argwhere(own[1][inner] != np.abs(other[1][inner])).tolist()[:20])
    print(f"without depressions, 400 x 400: same directions {same_directions:.6f}, accumulation {same_cells:.6f}, "
          f"catchment {same_basin:.6f} ({own[2].sum()} cells), path {path == other_path} ({len(path)} cells)")
    failed |= not (same_directions == same_cells == same_basin == 1 and path == other_path)

    random = np.random.default_rng(11)
    same = 0
    for start in random.integers(20, 380, (ways := 20, 2)).tolist():
        inside = lambda cells: {(x, y) for x, y in cells if 0 < x < 399 and 0 < y < 399}
        same += inside(by_us(ground, start, folder)[3]) == inside(drain_by_grass(start, 400, folder))
    print(f"without depressions, 400 x 400: {same} of {ways} flow paths are those of r.drain")
    failed |= same != ways

    overlaps = {"fill": [], "breach": []}
    for seed in range(2, 7):
        ground = fractal(600, seed, 2.0)
        for rule, shares in overlaps.items():
            _, cells, *_ = by_us(ground, (300, 300), folder, rule)
            outlet = largest_inside(cells, 60)
            own = by_us(ground, outlet, folder, rule)
            # The other flow may run beside, across a filled lake: its outlet is the one within ten cells whose
            # accumulation is nearest.
            cells = np.abs(by_grass(ground, outlet, folder)[1])
            x, y = outlet
            reach = np.s_[y - 10:y + 11, x - 10:x + 11]
            dy, dx = np.unravel_index(np.argmin(np.abs(cells[reach] - own[1][y, x])), (21, 21))
            other = by_grass(ground, (x - 10 + int(dx), y - 10 + int(dy)), folder)
            shares.append((own[2] & other[2]).sum() / (own[2] | other[2]).sum())
    for rule, shares in overlaps.items():
        print(f"rough, 600 x 600: overlap of catchments, {rule} " + " ".join(f"{o:.3f}" for o in shares) +
              f", mean {np.mean(shares):.3f}")
        failed |= not np.mean(shares) >= 0.95

    ground = fractal(side, 9, 0.5)
    outlet = (side // 2, side // 2)
    by_us(ground, outlet, folder)
    seconds = [(by_us(ground, outlet, folder)[4], by_grass(ground, outlet, folder)[3]) for _ in range(2)]
    own, other = (min(s) for s in zip(*seconds))
    print(f"{side} x {side}: {own:.2f} s, r.watershed {other:.2f} s, {other / own:.1f} times as long")
    sys.exit(1 if failed else 0)


main()
