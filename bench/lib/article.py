"""The article's job in Siskin and in Keras: 4,000 + 2,000 photos, features of Xception at 150 px, a trained head.

Both start from nothing (no cached features) and run one after the other, in pairs; the order changes from pair to
pair. Wall time, processor time, peak memory and the accuracy on the validation photos are printed, and the ratio of
the pairs.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import sys

import environment
import exports
import machine
import process
import table

TARGET = 1.5  # Keras' wall time as a multiple of Siskin's


def run_siskin(photos, args):
    folder = environment.WORK / "article-siskin"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    command = [environment.siskin(), "train", photos, "-o", folder / "model.safetensors", "--recipe", "article", "--finetune", "off",
               "--run-dir", folder / "run", "--threads", args.threads, "--seed", 0, "--format", "json",
               "--test", 0]  # without it a part of train/ would be the test
    if args.xception_weights:
        command += ["--weights", args.xception_weights]
    cost = process.run(command)
    return cost, json.loads(cost.stdout)["validation"]["accuracy"]


def run_keras(photos, args):
    weights = exports.exported("xception", 150, args) / "model.weights.h5"
    script = environment.ROOT / "bench" / "keras_article.py"
    cost = process.run([sys.executable, script, photos, weights, environment.WORK / "article-keras"],
                       env={**os.environ, "BENCH_THREADS": str(args.threads), "CUDA_VISIBLE_DEVICES": ""})
    return cost, json.loads(cost.stdout.splitlines()[-1])["validation_accuracy"]


def measure(args):
    photos = environment.photos("train", "validation", limit=args.photos)
    exports.exported("xception", 150, args)  # not a part of the job
    runs = {"siskin": [], "keras": []}
    jobs = {"siskin": run_siskin, "keras": run_keras}
    for pair in range(args.pairs):
        for name in ("siskin", "keras") if pair % 2 == 0 else ("keras", "siskin"):
            cost, accuracy = jobs[name](photos, args)
            print(f"pair {pair + 1}: {name} {cost.wall_s:.1f} s, accuracy {100 * accuracy:.2f} %", file=sys.stderr)
            runs[name].append({"wall_s": cost.wall_s, "cpu_s": cost.cpu_s, "peak_mb": cost.peak_mb,
                               "accuracy": accuracy})
    ratios = [keras["wall_s"] / siskin["wall_s"] for siskin, keras in zip(runs["siskin"], runs["keras"])]
    return {"runs": runs, "ratios": ratios, "ratio": statistics.median(ratios)}


def report(about, result, args):
    count = f"{args.photos} photos of each class in train and in validation" if args.photos else "6,000 photos"
    print(f"\n{count} to a trained head, Xception 150 px, {args.threads} threads; median of {args.pairs} pairs")
    print(f"{machine.headline(about)}; tensorflow-cpu {about['versions']['tensorflow-cpu']}, "
          f"keras {about['versions']['keras']}\n")
    header = ["", "wall, s", "fastest", "processor, s", "peak memory, MB", "validation accuracy"]
    rows = []
    for name, runs in result["runs"].items():
        def median(key):
            return statistics.median(run[key] for run in runs)
        rows.append([name, f"{median('wall_s'):.1f}", f"{min(run['wall_s'] for run in runs):.1f}",
                     f"{median('cpu_s'):.1f}", f"{max(run['peak_mb'] for run in runs):.0f}",
                     f"{100 * median('accuracy'):.2f} %"])
    print(table.text(header, rows))
    print(f"\nKeras takes {result['ratio']:.2f} times as long (pairs: "
          f"{', '.join(f'{ratio:.2f}' for ratio in result['ratios'])}), wanted {TARGET}: "
          f"{'reached' if result['ratio'] >= TARGET else 'MISSED'}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--photos", type=int, help="only so many of each class and split, for a first try")
    parser.add_argument("--xception-weights", help="a safetensors file instead of the store's")
    parser.add_argument("--json", type=pathlib.Path, help="writes everything measured into this file")
    args = parser.parse_args()
    about = {**machine.describe(), "versions": machine.versions()}
    result = measure(args)
    report(about, result, args)
    if args.json:
        args.json.write_text(json.dumps({"about": about, **result}, indent=1))


if __name__ == "__main__":
    try:
        main()
    except (environment.NotThere, process.Failed) as error:
        sys.exit(f"article: {error}")
