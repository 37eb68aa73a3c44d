"""Whole training steps of Xception: Siskin beside tensorflow and torch (channels_last), fp32, the same threads.

Every engine is a process of its own that builds Xception without its top and the article's head, and trains it on one
batch of noise: forward, backward, SGD. They take turns and are stopped while it is not their turn; the machine's peak of
fp32 multiply-adds is measured between them. That Siskin's steps are right is shown by the golden tests, which compare
losses, gradients and weights with Keras'.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

import environment
import machine
import table
from engine import Engine, EngineFailed

TARGET = 1.3            # of the faster framework's images/s
MEMORY_TARGET_MB = 1300
MULTIPLY_ADDS = 3       # of inference: forward, gradient of inputs, gradient of weights


def torch_python():
    """The interpreter of the environment with torch, which is made the first time."""
    folder = pathlib.Path(os.environ.get("SISKIN_BENCH_TORCH", environment.ROOT / "build" / "bench-torch"))
    if not folder.exists():
        print(f"making {folder} with torch: about 5 GB, some minutes ...", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "-r",
                        environment.ROOT / "bench" / "requirements-torch.txt"], check=True)
    return folder / "bin" / "python"


def start(args):
    worker = pathlib.Path(__file__).with_name("training_worker.py")
    about = [args.size, args.batch, args.threads]
    commands = {
        "siskin": [environment.training_bench(), "xception", "--worker", "--size", args.size, "--batch", args.batch,
                   "--threads", args.threads],
        "tensorflow": [sys.executable, worker, "tensorflow", *about],
        "torch": [torch_python(), worker, "torch", *about] if "torch" in args.engines else [],
    }
    engines, missing = {}, {}
    for name in args.engines:
        try:
            engines[name] = Engine(name, [str(c) for c in commands[name]], environment.WORK / f"training-{name}.log")
        except (EngineFailed, OSError) as error:
            missing[name] = str(error)
    return engines, missing


def measure(args):
    peak = Engine("peak", [str(environment.engine_bench()), "--worker", "--threads", str(args.threads)],
                  environment.WORK / "peak.log")
    engines, missing = start(args)
    seconds, memory, peaks = {name: [] for name in engines}, {}, []
    try:
        for turn in range(args.rounds):
            names = list(engines)
            for name in names[turn % len(names):] + names[:turn % len(names)]:
                reply = engines[name].ask(f"run {args.seconds}", args.seconds * 5 + 300)
                seconds[name].append(reply["seconds"])
                memory[name] = reply["peak_rss_mb"]
                peaks.append(peak.ask(f"peak {args.seconds / 10}", 60)["gflops"])
    finally:
        for engine in [peak, *engines.values()]:
            engine.close()
    multiply_adds = engines["siskin"].about["multiply_adds"] if "siskin" in engines else 0
    rows = {}
    for name, turns in seconds.items():
        median = statistics.median(s for turn in turns for s in turn)
        rows[name] = {"ms_per_image": 1e3 * median / args.batch,
                      "ms_per_image_best": 1e3 * min(s for turn in turns for s in turn) / args.batch,
                      "percent_of_peak": 100 * 2e-9 * MULTIPLY_ADDS * multiply_adds * args.batch / median /
                      statistics.median(peaks),
                      "peak_rss_mb": memory[name], "seconds": turns}
    return rows, missing, peaks


def ratio(rows):
    """Siskin's images/s over the faster framework's, median over the rounds."""
    others = [name for name in rows if name != "siskin"]
    if "siskin" not in rows or not others:
        return None
    rounds = zip(rows["siskin"]["seconds"], *(rows[name]["seconds"] for name in others))
    return statistics.median(min(map(statistics.median, theirs)) / statistics.median(ours) for ours, *theirs in rounds)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=6, help="turns of every engine (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=6, help="length of a turn (default %(default)s)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--size", type=int, default=150)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--engines", default="siskin,tensorflow,torch", type=lambda names: names.split(","))
    parser.add_argument("--json", type=pathlib.Path, help="writes everything measured into this file")
    args = parser.parse_args()
    environment.WORK.mkdir(parents=True, exist_ok=True)
    rows, missing, peaks = measure(args)
    about = machine.describe()
    print(f"\nOne training step of Xception, {args.size} px, batch {args.batch}, fp32, {args.threads} threads\n"
          f"{machine.headline(about)}\n")
    print(table.text(["engine", "ms an image", "best", "images/s", "of fp32 peak", "peak memory, MB"],
                     [[name, f"{row['ms_per_image']:.1f}", f"{row['ms_per_image_best']:.1f}",
                       f"{1e3 / row['ms_per_image']:.1f}", f"{row['percent_of_peak']:.0f} %",
                       f"{row['peak_rss_mb']:.0f}"] for name, row in rows.items()]) + "\n")
    for name, reason in missing.items():
        print(f"{name} was not measured: {reason}")
    print(f"fp32 peak {statistics.median(peaks):.0f} GFLOP/s (best {max(peaks):.0f})")
    found = ratio(rows)
    if found is not None:
        print(f"{found:.3f} of the faster framework, wanted {TARGET}: {'reached' if found >= TARGET else 'MISSED'}")
        used = rows["siskin"]["peak_rss_mb"]
        print(f"peak memory {used:.0f} MB, wanted below {MEMORY_TARGET_MB}: "
              f"{'reached' if used < MEMORY_TARGET_MB else 'MISSED'}")
    if args.json:
        args.json.write_text(json.dumps({"about": about, "engines": rows, "peaks": peaks, "ratio": found}, indent=1))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (environment.NotThere, EngineFailed) as error:
        sys.exit(f"training: {error}")
