"""What Siskin weighs on its user, against the limits it set itself: start, one cold photo, memory, program size."""

import argparse
import json
import pathlib
import statistics
import sys

import environment
import machine
import process
import sizes
import table

STARTS = 21  # of a program that takes milliseconds; the first fills the disk cache and is not counted


def median_ms(command):
    runs = [process.run(command).wall_s for _ in range(STARTS)][1:]
    return statistics.median(runs) * 1e3


def features_mb(size, args):
    """Peak memory of the features of 6,000 photos at this size."""
    photos = environment.photos("train", "validation", limit=args.photos)
    command = [environment.siskin(), "features", "xception", photos, "-o", environment.WORK / f"features{size}.npy",
               "--size", size, "--threads", args.threads]
    if args.xception_weights:
        command += ["--weights", args.xception_weights]
    return process.run(command).peak_mb


def measurements(args):
    """(what, unit, limit, how to measure it)"""
    program = environment.siskin()
    photo = environment.one_photo()
    return [("siskin --version", "ms", 20, lambda: median_ms([program, "--version"])),
            ("one photo, MobileNet, cold process", "ms", 300,
             lambda: median_ms([program, "predict", "mobilenet", photo, "--threads", args.threads])),
            ("features of 6,000 photos, 150 px, memory", "MB", 700, lambda: features_mb(150, args)),
            ("features of 6,000 photos, 299 px, memory", "MB", 700, lambda: features_mb(299, args)),
            ("stripped program", "MB", 10, lambda: sizes.stripped_mb(program))]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, help="features of only so many photos of each class and split: a try")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--xception-weights", help="a safetensors file instead of the store's")
    parser.add_argument("--json", type=pathlib.Path, help="writes everything measured into this file")
    args = parser.parse_args()
    results = []
    for what, unit, limit, measure in measurements(args):
        value = measure()
        results.append({"what": what, "unit": unit, "limit": limit, "value": value, "passed": value < limit})
        print(f"{what}: {value:.1f} {unit}", file=sys.stderr)
    about = machine.describe()
    print(f"\n{machine.headline(about)}; {args.threads} threads" +
          (f"; ONLY {args.photos} PHOTOS OF EACH CLASS AND SPLIT" if args.photos else "") + "\n")
    print(table.text(["", "measured", "limit", "kept"],
                     [[r["what"], f"{r['value']:.1f} {r['unit']}", f"{r['limit']} {r['unit']}",
                       "yes" if r["passed"] else "NO"] for r in results]))
    if args.json:
        args.json.write_text(json.dumps({"about": about, "results": results}, indent=1))
    return 0 if all(r["passed"] for r in results) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (environment.NotThere, process.Failed) as error:
        sys.exit(f"footprint: {error}")
