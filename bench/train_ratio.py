#!/usr/bin/python3
"""Our trainer and PyTorch on the same models, in turn, so that both see the same machine.

train_ratio.py TRAIN_BENCH PEER_SCRIPT [--json] [--rounds N] [--seconds S] [--model NAME] [--threads N]

A round of a model is: ours on N threads (all processors), the peer on N, ours on one, the peer on one. Printed are medians
over the rounds. `ratio` is by the clock and means something on a quiet machine only (the peer's threads wait for one another
in a loop); `processor_ratio` is by the processor time of one thread, which a busy machine changes least. The peer runs the layout in which it is quicker.
"""
import argparse
import ast
import json
import os
import statistics
import subprocess
import sys
import time

MODELS = {  # our name: (the peer's class, shape of a sample, classes or None, batch)
    "ds_cnn": ("KWS", (1, 49, 10), 12, 100),
    "mobilenet_v1": ("VWW", (3, 96, 96), 2, 100),
    "resnet8": ("IC", (3, 32, 32), 10, 100),
    "autoencoder": ("AD", (640,), None, 512),
}


def ours(program, model, threads, seconds):
    command = [program, "--json", "--model", model, "--threads", str(threads), "--seconds", str(seconds)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return json.loads(done.stdout)[model]


class Peer:
    """The networks of the peer script, without its own loop of measurements."""

    def __init__(self, script):
        import torch

        self.torch = torch
        kept = (ast.Import, ast.ImportFrom, ast.ClassDef, ast.FunctionDef)
        tree = ast.parse(open(script).read())
        tree.body = [part for part in tree.body if isinstance(part, kept) and getattr(part, "name", "") != "bench"]
        self.names = {}
        exec(compile(tree, script, "exec"), self.names)
        self.steps = {}

    def make(self, model, channels_last):
        torch = self.torch
        kind, shape, classes, batch = MODELS[model]
        torch.manual_seed(0)
        network, x = self.names[kind](), torch.randn(batch, *shape)
        y = torch.randn(batch, *shape) if classes is None else torch.randint(0, classes, (batch,))
        loss = torch.nn.functional.mse_loss if classes is None else torch.nn.functional.cross_entropy
        if channels_last:
            network = network.to(memory_format=torch.channels_last)
            x = x.contiguous(memory_format=torch.channels_last)
        optimiser = torch.optim.Adam(network.parameters(), 1e-3)

        def step():
            optimiser.zero_grad()
            loss(network(x), y).backward()
            optimiser.step()

        return step

    def measure(self, step, batch, seconds):
        """Samples a second (of the median step) and a processor second."""
        for _ in range(2):
            step()
        times, start, processor = [], time.perf_counter(), time.process_time()
        while len(times) < 3 or time.perf_counter() - start < seconds:
            before = time.perf_counter()
            step()
            times.append(time.perf_counter() - before)
        processor = (time.process_time() - processor) / len(times)
        return batch / statistics.median(times), batch / processor

    def run(self, model, seconds):
        batch = MODELS[model][3]
        if model not in self.steps:
            layouts = [False] if model == "autoencoder" else [False, True]
            made = [self.make(model, layout) for layout in layouts]
            self.steps[model] = max(made, key=lambda step: self.measure(step, batch, 0)[1])
        return self.measure(self.steps[model], batch, seconds)


class PeerProcess:
    """The peer with its own number of threads: in one process the sleeping threads of another number cost time."""

    def __init__(self, script, threads):
        command = [sys.executable, __file__, "--serve", str(threads), "", script]
        pipe = subprocess.PIPE
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads))
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, bufsize=1, env=environment)

    def run(self, model, seconds):
        self.process.stdin.write(f"{model} {seconds}\n")
        return [float(number) for number in self.process.stdout.readline().split()]


def serve(script, threads):
    peer = Peer(script)
    peer.torch.set_num_threads(threads)
    for line in sys.stdin:
        model, seconds = line.split()
        print(*peer.run(model, float(seconds)), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("peer")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--model", choices=list(MODELS))
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        return serve(options.peer, options.serve)
    threads = options.threads
    peer = os.path.exists(options.peer)
    if peer:
        peer_all, peer_one = PeerProcess(options.peer, threads), PeerProcess(options.peer, 1)
    else:
        print(f"no peer: {options.peer} is not there.", file=sys.stderr)
    rows = {}
    for model in [options.model] if options.model else MODELS:
        all_ours, one_ours, all_peer, one_peer = [], [], [], []
        for _ in range(options.rounds):
            all_ours.append(ours(options.program, model, threads, options.seconds))
            if peer:
                all_peer.append(peer_all.run(model, options.seconds))
            one_ours.append(ours(options.program, model, 1, options.seconds))
            if peer:
                one_peer.append(peer_one.run(model, options.seconds))
        middle = lambda rounds, key: statistics.median(row[key] for row in rounds)
        row = {"samples_per_second": middle(all_ours, "samples_per_second"), "peer_samples_per_second": None, "ratio": None}
        row["share_of_limit"] = middle(one_ours, "share_of_limit")
        row["threads"] = threads
        over = row["samples_per_second"] / middle(one_ours, "samples_per_second")
        row["over_one_thread"] = round(over, 2) if threads > 1 else None
        row["samples_per_processor_second"] = middle(one_ours, "samples_per_processor_second")
        if peer:
            row["peer_samples_per_second"] = round(middle(all_peer, 0), 1)
            row["ratio"] = round(row["samples_per_second"] / row["peer_samples_per_second"], 2)
            row["peer_samples_per_processor_second"] = round(middle(one_peer, 1), 1)
            row["processor_ratio"] = round(row["samples_per_processor_second"] / middle(one_peer, 1), 2)
        rows[model] = row
        text = f"{model:13s} {row['samples_per_second']:9.1f} samples/s"
        if peer:
            text += f", peer {row['peer_samples_per_second']:9.1f}: ratio {row['ratio']:.2f}, by processor time {row['processor_ratio']:.2f}"
        if threads > 1:
            text += f"; {over:.2f} times one thread"
        text += f"; one thread reaches {100 * row['share_of_limit']:.0f} % of its limit"
        print(text, file=sys.stderr, flush=True)
    if options.json:
        print(json.dumps(rows))


main()
