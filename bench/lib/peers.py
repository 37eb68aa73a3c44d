"""Siskin against tensorflow, onnxruntime, openvino and LiteRT: one table.

Every engine is a process of its own with the same weights, the same pixels and the same number of threads. They take
turns in many short runs, in another order every round, and are stopped while it is not their turn; the machine's peak
of fp32 multiply-adds is measured between them, because shared machines change from minute to minute. Outputs are
compared: an engine whose sum of outputs is off by more than 1e-5 did not compute the same thing and is not counted.
"""

import argparse
import dataclasses
import json
import pathlib
import statistics
import sys

import numpy as np

import cold_start
import environment
import exports
import machine
import table
from engine import Engine, EngineFailed

ENGINES = ("tensorflow", "onnxruntime", "openvino", "litert")
SUM_TOLERANCE = 1e-5      # of the sum of absolute outputs: fp32 in another order of summation stays below it
ELEMENT_TOLERANCE = 1e-4  # of the largest output: as the golden files ask
QUIET = 0.9               # median peak / best peak; on a quiet machine it is above 0.97
TARGET = 0.85             # of the fastest peer's images/s


@dataclasses.dataclass(frozen=True)
class Job:
    network: str
    size: int
    batch: int

    @property
    def name(self):
        what = {"xception": "Xception features", "mobilenet": "MobileNet"}[self.network]
        return f"{what} {self.size} px, batch {self.batch}"


JOBS = (Job("xception", 150, 32), Job("xception", 299, 1), Job("xception", 299, 8), Job("mobilenet", 224, 1))


def start_engines(job, folder, args):
    """The engines that start, by name, and why the others do not."""
    engines, missing = {}, {}
    commands = {name: [sys.executable, pathlib.Path(__file__).with_name("worker.py"), name, folder, job.batch,
                       args.threads] for name in ENGINES if name in args.engines}
    if "siskin" in args.engines:
        commands["siskin"] = [environment.engine_bench(), job.network, "--worker", "--size", job.size, "--batch",
                              job.batch, "--threads", args.threads, "--weights",
                              exports.weights_file(job.network, args), "--input", folder / f"input{job.batch}.npy"]
    for name, command in commands.items():
        try:
            engines[name] = Engine(name, [str(c) for c in command], environment.WORK / f"{name}.log")
        except (EngineFailed, OSError) as error:
            missing[name] = str(error)
    return engines, missing


def take_turns(engines, missing, peak, args):
    """Every engine's seconds by round, and the peak measured beside them (GFLOP/s). An engine that fails is missing
    from then on."""
    seconds = {name: [] for name in engines}
    peaks = []
    names = list(engines)
    for turn in range(args.rounds):
        for name in names[turn % len(names):] + names[:turn % len(names)]:
            if name in missing:
                continue
            try:
                seconds[name].append(engines[name].run(args.seconds))
            except EngineFailed as error:
                missing[name] = str(error)
            peaks.append(peak.ask(f"peak {args.seconds / 10}", 60)["gflops"])
    return seconds, peaks


def outputs(engines, missing):
    """Result of every engine for the same pixels."""
    found = {}
    for name, engine in engines.items():
        file = environment.WORK / f"output-{name}.npy"
        try:
            engine.write_output(file)
            found[name] = np.load(file).astype(np.float64)
        except EngineFailed as error:
            missing[name] = str(error)
    return found


def disagreement(found, reference):
    """(difference of the sums, largest difference of an element), relative; of an engine to the reference."""
    if found.shape != reference.shape or not np.isfinite(found).all():
        return float("inf"), float("inf")
    return (float(abs(found.sum() - reference.sum()) / np.abs(reference).sum()),
            float(np.abs(found - reference).max() / np.abs(reference).max()))


def measure(job, peak, args):
    folder = exports.exported(job.network, job.size, args)
    engines, missing = start_engines(job, folder, args)
    try:
        found = outputs(engines, missing)
        seconds, peaks = take_turns(engines, missing, peak, args)
    finally:
        for engine in engines.values():
            engine.close()
    reference = found.get("tensorflow", next(iter(found.values()), None))
    multiply_adds = exports.about(folder)["multiply_adds"]
    rows = {}
    for name in engines.keys() - missing.keys():
        runs = [s for turn in seconds[name] for s in turn]
        sum_off, element_off = disagreement(found[name], reference)
        rows[name] = {
            "images_per_s": job.batch / statistics.median(runs),
            "images_per_s_best": job.batch / min(runs),
            "ms": statistics.median(runs) * 1e3,
            "gflops": 2e-9 * multiply_adds * job.batch / statistics.median(runs),
            "output_sum": float(found[name].sum()),
            "sum_off": sum_off,
            "element_off": element_off,
            "same": sum_off <= SUM_TOLERANCE and element_off <= ELEMENT_TOLERANCE,
            "seconds": seconds[name],
        }
    return {"job": dataclasses.asdict(job), "name": job.name, "multiply_adds": multiply_adds, "engines": rows,
            "missing": missing, "peak_gflops": statistics.median(peaks), "peak_gflops_best": max(peaks),
            **compare(rows)}


def compare(rows):
    """Siskin's speed as a multiple of the fastest peer's: median over the rounds, each of which is one minute of the
    machine for both; and of the best runs of all."""
    peers = {name: row for name, row in rows.items() if name != "siskin" and row["same"]}
    if not peers or "siskin" not in rows or not rows["siskin"]["same"]:
        return {"ratio": None, "ratio_best": None}
    siskin = rows["siskin"]
    fastest = max(peers.values(), key=lambda row: row["images_per_s"])
    rounds = [statistics.median(theirs) / statistics.median(ours)
              for ours, theirs in zip(siskin["seconds"], fastest["seconds"])]
    best = max(row["images_per_s_best"] for row in peers.values())
    return {"ratio": statistics.median(rounds), "ratio_best": siskin["images_per_s_best"] / best}


def job_rows(result):
    """Lines of the table, fastest first."""
    rows = []
    fastest = max((row["images_per_s"] for name, row in result["engines"].items() if name != "siskin" and row["same"]),
                  default=None)
    for name, row in sorted(result["engines"].items(), key=lambda item: -item[1]["images_per_s"]):
        rows.append([result["name"], name, f"{row['images_per_s']:.2f}", f"{row['images_per_s_best']:.2f}",
                     f"{row['ms']:.1f}", f"{row['gflops']:.0f}", f"{100 * row['gflops'] / result['peak_gflops']:.0f} %",
                     f"{row['images_per_s'] / fastest:.2f}" if fastest else "-",
                     f"{row['output_sum']:.4f}", f"{row['sum_off']:.0e}" + ("" if row["same"] else " DIFFERS")])
    rows += [[result["name"], name, *["not measured"] + ["-"] * 7] for name in result["missing"]]
    return rows


def report(about, results):
    print(f"\nSiskin against others, fp32, {about['threads']} threads, {about['rounds']} rounds of "
          f"{about['seconds']} s in turns")
    print(machine.headline(about))
    print(", ".join(f"{name} {version or 'missing'}" for name, version in about["versions"].items()) + "\n")
    header = ["job", "engine", "images/s median", "best", "ms", "GFLOP/s", "of fp32 peak", "of fastest peer",
              "sum of outputs", "off"]
    print(table.text(header, [row for result in results for row in job_rows(result)]) + "\n")
    for result in results:
        ratio = result["ratio"]
        verdict = "not compared" if ratio is None else (
            f"{ratio:.3f} of the fastest peer (best runs {result['ratio_best']:.3f}), wanted {TARGET}: "
            f"{'reached' if ratio >= TARGET else 'MISSED'}")
        print(f"{result['name']}: {verdict}; fp32 peak {result['peak_gflops']:.0f} GFLOP/s "
              f"(best {result['peak_gflops_best']:.0f})")
        if result["peak_gflops"] < QUIET * result["peak_gflops_best"]:
            print("  the machine was busy with something else: measure again when it is quiet")
        for name, reason in result["missing"].items():
            print(f"  {name} was not measured: {reason}")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15, help="turns of every engine (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=2, help="length of a turn (default %(default)s)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--jobs", default="", help="only jobs whose name contains this, as '150 px'")
    parser.add_argument("--engines", default=",".join(("siskin", *ENGINES)), type=lambda names: names.split(","))
    parser.add_argument("--xception-weights", help="a safetensors file instead of the store's")
    parser.add_argument("--mobilenet-weights", help="a safetensors file instead of the store's")
    parser.add_argument("--json", type=pathlib.Path, help="writes everything measured into this file")
    parser.add_argument("--no-cold", action="store_true", help="leaves out the table of cold starts and sizes")
    return parser.parse_args()


def main():
    args = parse_arguments()
    environment.WORK.mkdir(parents=True, exist_ok=True)
    about = {**machine.describe(), "versions": machine.versions(), "threads": args.threads, "rounds": args.rounds,
             "seconds": args.seconds}
    peak = Engine("peak", [str(environment.engine_bench()), "--worker", "--threads", str(args.threads)],
                  environment.WORK / "peak.log")
    results = []
    try:
        for job in JOBS:
            if args.jobs in job.name:
                print(f"{job.name} ...", file=sys.stderr)
                results.append(measure(job, peak, args))
    finally:
        peak.close()
    report(about, results)
    cold = {} if args.no_cold else cold_start.measure(args)
    if cold:
        cold_start.report(cold)
    if args.json:
        args.json.write_text(json.dumps({"about": about, "results": results, "cold": cold}, indent=1))
    return 0 if results else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (environment.NotThere, EngineFailed) as error:
        sys.exit(f"peers: {error}")
