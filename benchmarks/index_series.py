#!/usr/bin/env python3
"""Simulated NDVI of single pixels, half of them with a step, and the score of what is found in them.

usage: index_series.py make FILE.csv TRUTH.csv [--pixels N] [--seed N] [--outliers one_value|anywhere]
       index_series.py score TRUTH.csv SUMMARY.csv COLUMN

Five years, a date each 5 days: three clean years and two watched. NDVI is a mean of 0.6 to 0.8 and a yearly harmonic of
amplitude 0.12 to 0.2 and any phase, with noise of 0.03; 30 % of the dates are missing, and of the others 20 % are outliers, of
-0.1 as thick cloud is, or anywhere in -0.1 to 0.9. Half of the pixels fall by 0.1 to 0.5 in the watched years, at the latest 90
days before their end, and stay there. A step is found where COLUMN (first_detected, confirmed_on) is within 60 days
after it; what is earlier, later or in a pixel without a step is false.
"""
import argparse
import csv
import datetime
import statistics

FIRST = datetime.date(2018, 1, 1)
STEP_DAYS = 5
CLEAN_DAYS = 3 * 365
DAYS = 5 * 365
FOUND_WITHIN_DAYS = 60


def make(arguments):
    import numpy as np

    rng = np.random.default_rng(arguments.seed)
    days = np.arange(0, DAYS, STEP_DAYS)
    rows, truth = [], []
    for pixel in range(arguments.pixels):
        phase = rng.uniform(0, 2 * np.pi)
        ndvi = rng.uniform(0.6, 0.8) + rng.uniform(0.12, 0.2) * np.cos(2 * np.pi * days / 365.25 + phase)
        step, fall = None, 0.0
        if pixel % 2:
            step, fall = int(rng.integers(CLEAN_DAYS, DAYS - 90)), rng.uniform(0.1, 0.5)
            ndvi = np.where(days >= step, ndvi - fall, ndvi)
        ndvi = ndvi + rng.normal(0, 0.03, days.size)
        values = np.full(days.size, -0.1) if arguments.outliers == "one_value" else rng.uniform(-0.1, 0.9, days.size)
        ndvi = np.where(rng.random(days.size) < 0.2, values, ndvi)
        for day in np.flatnonzero(rng.random(days.size) >= 0.3):
            rows.append((days[day], pixel, ndvi[day]))
        truth.append((pixel, "" if step is None else FIRST + datetime.timedelta(days=step), f"{fall:.3f}"))
    rows.sort()
    with open(arguments.file, "w") as file:
        file.write("id,date,ndvi\n")
        for day, pixel, value in rows:
            file.write(f"{pixel},{FIRST + datetime.timedelta(days=int(day))},{value:.4f}\n")
    with open(arguments.truth, "w") as file:
        file.write("id,step,fall\n")
        file.writelines(f"{pixel},{step},{fall}\n" for pixel, step, fall in truth)


def score(arguments):
    with open(arguments.summary) as file:
        detected = {row["id"]: row[arguments.column][:10] for row in csv.DictReader(file)}
    found, false, missed, lags = 0, 0, 0, []
    with open(arguments.truth) as file:
        for row in csv.DictReader(file):
            when = detected[row["id"]]
            lag = None
            if when and row["step"]:
                lag = (datetime.date.fromisoformat(when) - datetime.date.fromisoformat(row["step"])).days
            is_found = lag is not None and 0 <= lag <= FOUND_WITHIN_DAYS
            found += is_found
            false += bool(when) and not is_found
            missed += bool(row["step"]) and not is_found
            if is_found:
                lags.append(lag)
    f1 = 2 * found / max(1, 2 * found + false + missed)
    print(f"{arguments.column}: F1 {f1:.3f}, found {found}, false {false}, missed {missed}, "
          f"median lag {statistics.median(lags) if lags else '-'} days")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("make")
    command.add_argument("file")
    command.add_argument("truth")
    command.add_argument("--pixels", type=int, default=2000)
    command.add_argument("--seed", type=int, default=1)
    command.add_argument("--outliers", choices=("one_value", "anywhere"), default="one_value")
    command.set_defaults(run=make)
    command = commands.add_parser("score")
    command.add_argument("truth")
    command.add_argument("summary")
    command.add_argument("column")
    command.set_defaults(run=score)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
