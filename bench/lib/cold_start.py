"""What a person waits for and what fills the disk: start, one photo from a cold process, installed size."""

import pathlib
import statistics
import sys

import environment
import exports
import process
import sizes
import table

RUNS = 7  # the first one warms the disk cache; cold means the process, not the disk
ENOUGH_S = 30  # an engine that takes seconds to start is measured by fewer runs, but three at least

# What each engine must have installed to answer a question about a photo.
DISTRIBUTIONS = {"tensorflow": ("tensorflow-cpu", "pillow"), "onnxruntime": ("onnxruntime", "pillow"),
                 "openvino": ("openvino", "pillow"), "litert": ("ai-edge-litert", "pillow")}


def times(command):
    """Median and fastest of several runs, and the largest memory."""
    costs = []
    while len(costs) < RUNS and (len(costs) < 4 or sum(cost.wall_s for cost in costs) < ENOUGH_S):
        costs.append(process.run(command))
    del costs[0]
    walls = [cost.wall_s for cost in costs]
    return {"s": statistics.median(walls), "s_best": min(walls), "mb": max(cost.peak_mb for cost in costs),
            "said": costs[-1].stdout.strip().splitlines()[-1:]}


def measure(args):
    """By engine: seconds from nothing to the answer for one photo (MobileNet), and installed MB."""
    photo = environment.one_photo()
    folder = exports.exported("mobilenet", 224, args)
    rows = {}
    for name in args.engines:
        try:
            if name == "siskin":
                program = environment.siskin()
                rows[name] = {"start": times([program, "--version"]),
                              "photo": times([program, "predict", "mobilenet", photo]),
                              "installed_mb": sizes.stripped_mb(program)}
            else:
                cold = pathlib.Path(__file__).with_name("cold_photo.py")
                rows[name] = {"start": times([sys.executable, cold, name]),
                              "photo": times([sys.executable, cold, name, folder, photo]),
                              "installed_mb": sizes.installed_mb(DISTRIBUTIONS[name])}
        except (process.Failed, environment.NotThere) as error:
            rows[name] = {"missing": str(error)}
    return rows


def report(rows):
    header = ["engine", "start, ms", "one photo, ms", "best", "memory, MB", "installed, MB", "answer"]
    lines = []
    for name, row in rows.items():
        if "missing" in row:
            lines.append([name, "not measured", *["-"] * 5])
            print(f"{name}: {row['missing']}")
            continue
        lines.append([name, f"{row['start']['s'] * 1e3:.0f}", f"{row['photo']['s'] * 1e3:.0f}",
                      f"{row['photo']['s_best'] * 1e3:.0f}", f"{row['photo']['mb']:.0f}", f"{row['installed_mb']:.0f}",
                      " ".join(row["photo"]["said"])])
    print("\nA cold process: start (`siskin --version`, `import` of the others), then one photo with MobileNet\n")
    print(table.text(header, lines))
