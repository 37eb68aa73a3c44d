"""The head alone with few photos of dogs-vs-cats: which epoch it takes, and what the 10,000 test photos say.

N training photos and N / 2 validation photos, half of them cats, drawn anew for each seed, which is the training's seed,
too.
`--program NAME=FILE` (repeatable) compares programs on the same photos, such as those before and after a change.

Features of all 16,000 photos are computed once (minutes). Those of a subset are cut out of them, in the form of the
cache in the run folder (src/train/feature_cache.cc), so that every training takes seconds.
"""

import argparse
import dataclasses
import hashlib
import json
import pathlib
import random
import statistics
import struct
import sys

import environment
import machine
import process
import table


@dataclasses.dataclass(frozen=True)
class Features:
    """One split of the cache: the rows of a .npy file by the photo's path, and the whole .json file."""
    state: dict
    rows: dict
    row_bytes: int

    @staticmethod
    def read(state_file):
        npy = state_file.with_suffix(".npy").read_bytes()
        begin = 10 + struct.unpack("<H", npy[8:10])[0]
        paths = [line.rsplit(",", 1)[0] for line in state_file.with_suffix(".csv").read_text().splitlines()[1:]]
        size = (len(npy) - begin) // len(paths)
        rows = {path: npy[begin + i * size:begin + (i + 1) * size] for i, path in enumerate(paths)}
        return Features(json.loads(state_file.read_text()), rows, size)

    def write(self, state_file, photos, paths):
        """Features of these photos only, as if they had been computed."""
        header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({len(paths)}, {self.row_bytes // 4}), }}"
        header = header.ljust(117) + "\n"
        npy = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode()
        npy += b"".join(self.rows[path] for path in paths)
        state_file.with_suffix(".npy").write_bytes(npy)
        state = {**self.state, "photos": digest(photos, paths), "done": len(paths), "of": len(paths),
                 "sha256": hashlib.sha256(npy).hexdigest(), "skipped": [], "damaged": []}
        state_file.write_text(json.dumps(state))


def class_of(path):
    return path.split("/")[1]


def digest(photos, paths):
    """As DigestOf in src/train/feature_cache.cc."""
    classes = sorted({class_of(path) for path in paths})
    sha = hashlib.sha256()
    for path in paths:
        stat = (photos / path).stat()
        sha.update(f"{len(path)}:{path}:{classes.index(class_of(path))}:{stat.st_size}:{stat.st_mtime_ns};".encode())
    return sha.hexdigest()


def draw(features, count, seed):
    """Paths of `count` photos, each class alike, sorted."""
    chosen = []
    for kind in sorted({class_of(path) for path in features.rows}):
        of_class = sorted(path for path in features.rows if class_of(path) == kind)
        chosen += random.Random(f"{kind} {count} {seed}").sample(of_class, count // 2)
    return sorted(chosen)


def train(program, photos, run, args, *more):
    command = [program, "train", photos, "-o", run / "model.safetensors", "--run-dir", run, "--finetune", "off",
               "--network", args.network, "--size", args.size, "--format", "json", *more]
    return json.loads(process.run(command).stdout)


def prepare(features, photos, run, count, seed):
    """The split file of a subset, and its features in the run folder's cache."""
    lines = [f"{path},{class_of(path)},test" for path in features["test"][1].rows]
    for split, part in (("train", count), ("validation", count // 2)):
        state_file, all_features = features[split]
        paths = draw(all_features, part, seed)
        all_features.write(run / "features" / state_file.name, photos, paths)
        lines += [f"{path},{class_of(path)},{split}" for path in paths]
    split_file = run.parent / "subset.csv"
    split_file.write_text("path,class,split\n" + "\n".join(lines) + "\n")
    return split_file


def measure(programs, photos, args):
    work = environment.WORK / f"few-photos-{args.network}-{args.size}"
    everything, run = work / "all", work / "run"
    (run / "features").mkdir(parents=True, exist_ok=True)
    # One epoch: only the features are of use.
    train(next(iter(programs.values())), photos, everything, args, "--epochs", 1)
    features = {}
    for split in ("train", "validation", "test"):
        state_file, = (everything / "features").glob(f"{split}-*.json")
        features[split] = (state_file, Features.read(state_file))
    test_file, test_features = features["test"]
    test_features.write(run / "features" / test_file.name, photos, list(test_features.rows))
    results = []
    for count in args.photos:
        for seed in range(args.seeds):
            split_file = prepare(features, photos, run, count, seed)
            for name, program in programs.items():
                trained = train(program, photos, run, args, "--split-file", split_file, "--seed", seed)
                if not trained["features_from_cache"]:
                    raise process.Failed("the features were computed again: by now the cache has another form")
                test = trained["test"]
                results.append({"photos": count, "seed": seed, "program": name, "epoch": trained["best_epoch"],
                                "accuracy": 100 * test["accuracy"], "wrong": test["photos"] - test["correct"],
                                "log_loss": test["log_loss"], "seconds": trained["seconds_head"]})
                print(results[-1], file=sys.stderr)
    return results


def seed_table(results, programs):
    rows = []
    for count, seed in dict.fromkeys((r["photos"], r["seed"]) for r in results):
        row = [str(count), str(seed)]
        for name in programs:
            r, = (r for r in results if (r["photos"], r["seed"], r["program"]) == (count, seed, name))
            row += [str(r["epoch"]), f"{r['accuracy']:.2f}", f"{r['log_loss']:.4f}"]
        rows.append(row)
    return table.text(["photos", "seed"] + [f"{name}: {what}" for name in programs
                                            for what in ("epoch", "accuracy, %", "log loss")], rows)


def mean_table(results, programs):
    rows = []
    for count in dict.fromkeys(r["photos"] for r in results):
        row = [str(count)]
        for name in programs:
            of_program = [r for r in results if (r["photos"], r["program"]) == (count, name)]
            row += [f"{statistics.mean(r['accuracy'] for r in of_program):.2f}",
                    f"{min(r['accuracy'] for r in of_program):.2f}",
                    f"{statistics.mean(r['log_loss'] for r in of_program):.4f}",
                    f"{statistics.mean(r['seconds'] for r in of_program):.2f}"]
        rows.append(row)
    return table.text(["photos"] + [f"{name}: {what}" for name in programs
                                    for what in ("mean accuracy, %", "worst", "mean log loss", "seconds")], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=lambda text: [int(n) for n in text.split(",")], default=[40, 400, 1000, 4000],
                        metavar="N,N,...", help="so many for training (%(default)s)")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--network", default="xception")
    parser.add_argument("--size", type=int, default=299)
    parser.add_argument("--program", action="append", default=[], metavar="NAME=FILE",
                        help="a siskin to measure; without it, the one built from this source")
    parser.add_argument("--json", type=pathlib.Path, help="writes everything measured into this file")
    args = parser.parse_args()
    programs = dict(text.split("=", 1) for text in args.program) or {"siskin": environment.siskin()}
    photos = environment.photos("train", "validation", "test")
    results = measure(programs, photos, args)
    about = machine.describe()
    print(f"\n{machine.headline(about)}; {args.network}, {args.size} px\n")
    print(seed_table(results, programs) + "\n")
    print(mean_table(results, programs))
    if args.json:
        args.json.write_text(json.dumps({"about": about, "results": results}, indent=1))


if __name__ == "__main__":
    try:
        main()
    except (environment.NotThere, process.Failed) as error:
        sys.exit(f"few-photos: {error}")
