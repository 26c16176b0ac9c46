#!/usr/bin/env python3
"""The accuracy table of docs/results.md: each row is a public data set, a project and a way to hold data back.

accuracy.py PROGRAM DATA [--reference DIR] [--row NAME ...] [--seeds 1,2,3] [--keep DIR] [--set SECTION.KEY=VALUE ...] [--json]

PROGRAM is `tadpole`; DATA the folder of the data sets. A row imports its set with `tadpole data import`, makes a project (an
example of ours, or one written here), trains it with each seed, turns it into int8, and prints the means over seeds and folds. A
row whose data are absent is left out, and said so. Nothing but the named set is used to train, and --reference for `person`.
"""
import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
EXAMPLES = os.path.join(HERE, "..", "examples")

SIX_WORDS = ["yes", "no", "up", "down", "stop", "go"]

KEYWORDS = """format = 1
[project]
name = "{name}"
task = "keyword"
[data]
path = "data"
classes = {classes}
[features]
block = "mfcc"
high_hz = {high_hz}
[model]
arch = "ds_cnn_s"
[train]
updates = {updates}
"""

def few_shot(bench, project, source):
    """What `tadpole new --few-shot` writes."""
    made = project + "_new"
    bench.tadpole("new", made, "--data", source, "--words", ",".join(SIX_WORDS), "--few-shot")
    with open(os.path.join(made, "tadpole.toml"), encoding="utf-8") as file:
        return file.read()


def digits_config():
    """Three speakers are few: the trained network of --few-shot, and voices that are changed a lot."""
    config = KEYWORDS.format(name="digits", classes=json.dumps([str(digit) for digit in range(10)]), high_hz=7600, updates=300)
    config += "learning_rate = 0.001\nweight_decay = 0.1\n"
    config += '[transfer]\nmodel = "speech_1"\ntrain_from = "conv_5"\ndropout = 0.2\n'
    config += "[augment]\nvariants = 15\npitch_percent = 20\npitch_probability = 1.0\nroom_probability = 0.5\n"
    return config


def six_words_config():
    return KEYWORDS.format(name="six", classes=json.dumps(SIX_WORDS), high_hz=7600, updates=1500)


def files_below(folder):
    for path, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            if name.lower().endswith((".wav", ".png")):
                yield os.path.relpath(os.path.join(path, name), folder).replace(os.sep, "/")


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        return [line.strip() for line in file if line.strip()]


class Fold:
    """What is held back: paths of the test and the validation side (None: as the set says), and paths that are left out."""

    def __init__(self, name="", test=None, validation=None, left_out=()):
        self.name, self.test, self.validation, self.left_out = name, test, validation, left_out


def whole_set(folder):
    yield Fold()


def speaker_folds(folder):
    """One speaker is the test side in turn; validation, which nothing here looks at, is each tenth of the rest."""
    files = [path for path in files_below(folder) if not path.startswith("_")]
    speakers = sorted({name.split("_")[-2] for name in files})
    for speaker in speakers:
        test = [name for name in files if name.split("_")[-2] == speaker]
        rest = [name for name in files if name not in set(test)]
        yield Fold(speaker, test, rest[::10])


def photo_folds(folder, count=5):
    """Photos, with all cuts of each, are dealt into `count` hands; each hand is the test side in turn, the next one's first photos validation."""
    with open(os.path.join(folder, "groups.csv"), encoding="utf-8") as file:
        pairs = [line.strip().split(",")[:2] for line in file if line.count(",") and not line.startswith("path,")]
    photos = sorted({photo for _, photo in pairs})
    for fold in range(count):
        held, next_hand = set(photos[fold::count]), photos[(fold + 1) % count :: count]
        validation = set(next_hand[: len(next_hand) // 2])
        yield Fold(
            str(fold + 1),
            [path for path, photo in pairs if photo in held],
            [path for path, photo in pairs if photo in validation],
        )


def shots(count, draws=3):
    """`count` recordings of each of the six words to learn from and twice as many of other words, drawn anew for each fold."""

    def folds(folder):
        held = {path for name in ("testing_list.txt", "validation_list.txt") for path in lines_of(os.path.join(folder, name))}
        free = [path for path in files_below(folder) if path not in held and not path.startswith("_")]
        for draw in range(1, draws + 1):
            rng = random.Random(draw)
            kept = set()
            for word in SIX_WORDS:
                own = [path for path in free if path.startswith(word + "/")]
                kept.update(rng.sample(own, min(count, len(own))))
            kept.update(rng.sample([path for path in free if path.split("/")[0] not in SIX_WORDS], 2 * count))
            yield Fold(f"draw {draw}", left_out=[path for path in free if path not in kept])

    return folds


# name: (data set, example or text of tadpole.toml, folds, what is measured, floor, goal)
ROWS = {
    "six_words": ("speech_commands", six_words_config, whole_set, "accuracy", 0.75, 0.85),
    "yes_no": ("speech_commands", "keyword", whole_set, "accuracy", 0.85, 0.93),
    "spoken_digits": ("free-spoken-digit-dataset", digits_config, speaker_folds, "accuracy", 0.75, 0.88),
    "arabic": ("arabic_speech_commands", "keyword_arabic", whole_set, "accuracy", 0.90, 0.95),
    "mnist": ("mnist", "digits_image", whole_set, "accuracy", 0.985, 0.99),
    "person": ("person96", "person", photo_folds, "accuracy", 0.80, 0.88),
    "fan": ("ceiling_fan_vibration", "fan_anomaly", whole_set, "auc", 0.99, 0.999),
    "magic_wand": ("magic_wand_digits", "magic_wand", whole_set, "accuracy", 0.93, 0.97),
    "six_words_few_shot": ("speech_commands", few_shot, whole_set, "accuracy", 0.75, 0.85),
    **{f"nothing_{n}": ("speech_commands", six_words_config, shots(n), "accuracy", None, None) for n in (5, 10, 30)},
    **{f"few_shot_{n}": ("speech_commands", few_shot, shots(n), "accuracy", None, None) for n in (5, 10, 30)},
}


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder

    def tadpole(self, *arguments):
        done = subprocess.run([self.options.program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            sys.exit("tadpole " + " ".join(arguments) + " failed:\n" + done.stderr[-2000:])
        return done.stdout

    def step(self, command, project, *more):
        return json.loads(self.tadpole(command, "--project", project, "--json", *more).strip().split("\n")[-1])

    def project_of(self, row, source, name):
        """A new project folder beside the imported data, which it links to."""
        project = os.path.join(self.folder, name.replace(" ", "_"))
        os.makedirs(project)
        os.symlink(source, os.path.join(project, "data"))
        config = ROWS[row][1]
        if config is few_shot:
            text = few_shot(self, project, source)
        elif callable(config):
            text = config()
        else:
            with open(os.path.join(EXAMPLES, config, "tadpole.toml"), encoding="utf-8") as file:
                text = file.read()
        if row == "person":
            shutil.copy(os.path.join(self.options.reference, "vww_96_float.tflite"), project)
        for setting in self.options.set:
            text = with_setting(text, setting)
        with open(os.path.join(project, "tadpole.toml"), "w", encoding="utf-8") as file:
            file.write(text)
        return project

    def run_once(self, row, project, seed):
        trained = self.step("train", project, "--seed", str(seed))
        int8 = self.step("quantise", project)
        measure = ROWS[row][3]
        return {
            "seed": seed,
            "validation": trained.get("validation_" + measure),
            "float": trained["test_" + measure],
            "int8": int8.get("int8_" + measure),
            "same": int8.get("same_answers"),
            "count": int8.get("count"),
            "tflite_bytes": int8.get("tflite_bytes"),
            "seconds": trained["seconds"],
        }

    def held_back(self, imported, fold, name):
        """The imported data with the lists of the fold and without what it leaves out; links, not copies."""
        if fold.test is None and not fold.left_out:
            return imported
        held = os.path.join(self.folder, name.replace(" ", "_"))
        shutil.copytree(imported, held, copy_function=os.link)
        for list_name, paths in (("testing_list.txt", fold.test), ("validation_list.txt", fold.validation)):
            if paths is None:
                continue
            path = os.path.join(held, list_name)
            if os.path.exists(path):
                os.remove(path)  # a link: the imported one stays
            with open(path, "w", encoding="utf-8") as file:
                file.write("\n".join(paths) + "\n")
        for path in fold.left_out:
            os.remove(os.path.join(held, path))
        return held

    def row(self, name):
        data, _, folds, _, floor, goal = ROWS[name]
        source = os.path.join(self.options.data, data)
        if not os.path.exists(source):
            print(f"{name}: left out, needs {source}", file=sys.stderr)
            return None
        imported = os.path.join(self.folder, data)
        if not os.path.exists(imported):
            self.tadpole("data", "import", source, "--to", imported)
            if name == "spoken_digits":  # the set has no noise to mix in: synthetic noise of ours
                starter = os.path.join(self.folder, "starter")
                self.tadpole("data", "starter", starter, "--words", "yes", "--takes", "1")
                shutil.copytree(os.path.join(starter, "_background_noise_"), os.path.join(imported, "_background_noise_"))
        runs, untouched = [], []
        for fold in folds(imported):
            held = self.held_back(imported, fold, f"{name}_data_{fold.name}")
            project = self.project_of(name, held, f"{name}_{fold.name}")
            if name == "person":
                untouched.append(self.step("test", project, "--model", os.path.join(project, "vww_96_float.tflite")))
            for seed in self.options.seeds:
                runs.append(dict(self.run_once(name, project, seed), fold=fold.name))
                print(f"{name} {fold.name} {json.dumps(runs[-1])}", file=sys.stderr, flush=True)
        result = summary(runs, floor, goal)
        if untouched:
            result["untouched_model"] = statistics.mean(each["accuracy"] for each in untouched)
            print(f"{name}: the untouched model answers {result['untouched_model']:.4f}", file=sys.stderr)
        return result


def with_setting(text, setting):
    """SECTION.KEY=VALUE: as the first line of its section, an older line of that key goes."""
    path, value = setting.split("=", 1)
    section, key = path.rsplit(".", 1)
    lines, here, found = [], "", False
    for line in text.split("\n"):
        if line.startswith("["):
            here = line.strip().split("]")[0].strip("[]")
        if here == section and line.split("=")[0].strip() == key:
            continue
        lines.append(line)
        if line.startswith("[") and here == section:
            lines.append(f"{key} = {value}")
            found = True
    if not found:
        lines += [f"[{section}]", f"{key} = {value}"]
    return "\n".join(lines)


def summary(runs, floor, goal):
    means = {key: statistics.mean(run[key] for run in runs) for key in ("float", "int8")}
    seeds = sorted({run["seed"] for run in runs})
    by_seed = [statistics.mean(run["int8"] for run in runs if run["seed"] == seed) for seed in seeds]
    count = sum(run["count"] or 0 for run in runs)
    return {
        "float": means["float"],
        "int8": means["int8"],
        "int8_by_seed": by_seed,
        "same_answers": sum(run["same"] or 0 for run in runs),
        "count": count,
        "tflite_bytes": max(run["tflite_bytes"] for run in runs),
        "seconds": statistics.mean(run["seconds"] for run in runs),
        "floor": floor,
        "goal": goal,
        "runs": runs,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("data")
    parser.add_argument("--reference", default="")
    parser.add_argument("--row", action="append", choices=list(ROWS))
    parser.add_argument("--seeds", default="1,2,3", type=lambda text: [int(part) for part in text.split(",")])
    parser.add_argument("--keep", default="", help="work in this folder and leave it")
    parser.add_argument("--set", action="append", default=[], metavar="SECTION.KEY=VALUE", help="change the row's tadpole.toml")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    options.data = os.path.abspath(options.data)
    options.reference = options.reference or os.path.join(options.data, "..", "reference")

    results = {}
    folder = options.keep or tempfile.mkdtemp()
    os.makedirs(folder, exist_ok=True)
    started = time.monotonic()
    try:
        bench = Bench(options, os.path.abspath(folder))
        for name in options.row or ROWS:
            result = bench.row(name)
            if result:
                results[name] = result
    finally:
        if not options.keep:
            shutil.rmtree(folder)
    if options.json:
        print(json.dumps(results))
        return
    print("| row | float | int8 | int8 by seed | same answer | floor, goal | .tflite, bytes | training, s |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, r in results.items():
        by_seed = ", ".join(f"{value:.3f}" for value in r["int8_by_seed"])
        same = f"{r['same_answers']} / {r['count']}"
        print(f"| {name} | {r['float']:.4f} | {r['int8']:.4f} | {by_seed} | {same} | {r['floor']}, {r['goal']} | {r['tflite_bytes']:,} | {r['seconds']:.0f} |")
    print(f"{time.monotonic() - started:.0f} s in all")


if __name__ == "__main__":
    main()
