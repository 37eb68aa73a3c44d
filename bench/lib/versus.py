"""This build beside another one: is the engine as fast as it was, in the same memory?

    git worktree add --detach ../before COMMIT
    (cd ../before && scripts/build bench siskin-engine-bench siskin-training-bench)
    bench/versus ../before/build/bench

Every job runs in a process of each build. They take turns and are stopped while it is not their turn, so that both see
the same minutes of the machine. A ratio above 1 means that this build is faster; the peak of memory is of the whole
process, alone, with one run.
"""

import argparse
import json
import os
import pathlib
import statistics
import sys

import environment
import process
import table
from engine import Engine

# network, pixels of a side, batch size
INFERENCE = [("xception", 150, 32), ("xception", 299, 1), ("xception", 299, 8), ("mobilenet", 224, 1),
             ("resnet50", 224, 16), ("inception_resnet_v2", 299, 1)]
TRAINING = ("xception", 150, 32)


def jobs():
    for network, size, batch in INFERENCE:
        yield (f"{network} {size}/{batch}", "siskin-engine-bench",
               [network, "--size", size, "--batch", batch, "--weights", "none"])
    network, size, batch = TRAINING
    yield f"training {network} {size}/{batch}", "siskin-training-bench", [network, "--size", size, "--batch", batch]


def measure(builds, program, options, args):
    """The median times of each turn of each build, in seconds, and their peaks of memory, in MB."""
    options = [*map(str, options), "--threads", str(args.threads)]
    memory = [json.loads(process.run([build / program, *options, "--seconds", 0.01]).stdout)["peak_rss_mb"]
              for build in builds]
    engines = [Engine(str(build), [str(build / program), *options, "--worker"], environment.WORK / f"versus-{i}.log")
               for i, build in enumerate(builds)]
    turns = [[], []]
    try:
        for turn in range(args.rounds):
            for which in ((0, 1) if turn % 2 == 0 else (1, 0)):
                turns[which].append(statistics.median(engines[which].run(args.seconds)))
    finally:
        for engine in engines:
            engine.close()
    return turns, memory


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", type=pathlib.Path, help="folder with the other build's siskin-*-bench")
    parser.add_argument("--rounds", type=int, default=9, help="turns of both (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=1.5, help="length of a turn (default %(default)s)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", default="", help="only jobs whose name contains this")
    parser.add_argument("--json", type=pathlib.Path, help="writes everything measured into this file")
    args = parser.parse_args()
    environment.WORK.mkdir(parents=True, exist_ok=True)
    builds = [environment.build("siskin-engine-bench", "siskin-training-bench"), args.other.resolve()]
    rows, measured = [], {}
    for name, program, options in jobs():
        if args.only not in name:
            continue
        (ours, theirs), memory = measure(builds, program, options, args)
        measured[name] = {"seconds": {"this": ours, "other": theirs}, "peak_rss_mb": memory}
        ratios = sorted(other / this for this, other in zip(ours, theirs))
        rows.append([name, f"{1e3 * statistics.median(ours):.2f}", f"{1e3 * statistics.median(theirs):.2f}",
                     f"{statistics.median(ratios):.3f}", f"{ratios[0]:.3f} to {ratios[-1]:.3f}",
                     f"{memory[0]:.0f}", f"{memory[0] / memory[1]:.3f}"])
        print(f"{name}: {rows[-1][3]}", file=sys.stderr)
    if args.json:
        args.json.write_text(json.dumps(measured, indent=1) + "\n")
    print(f"instruction set: {os.environ.get('SISKIN_ISA', 'the best of the processor')}; {args.threads} threads; "
          f"medians of {args.rounds} turns of {args.seconds} s")
    print(table.text(["job", "this ms", "other ms", "ratio", "of the turns", "MB", "MB ratio"], rows))


if __name__ == "__main__":
    main()
