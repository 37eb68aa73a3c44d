"""One framework that trains Xception on noise, in a process of its own, told what to do line by line.

  training_worker.py tensorflow|torch SIZE BATCH THREADS

The network without its top, mean pooling, Dense 256 relu, 128 relu, 1; batch normalisation in training mode, binary
cross-entropy, SGD 0.005 with momentum 0.1 and Nesterov: one whole step is forward, backward, update.
On standard output one JSON line when ready, then one for every line on standard input:
  run SECONDS   one step that is not counted, then as many as fit (at least two): {"seconds": [..], "peak_rss_mb": ..}
"""

import json
import os
import resource
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
SGD = {"momentum": 0.1, "nesterov": True}
LEARNING_RATE = 1e-4  # of noise nothing can be learned


def tensorflow(size, batch, threads):
    import numpy as np
    import tensorflow as tf

    import keras

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    base = keras.applications.Xception(weights=None, include_top=False, pooling="avg", input_shape=(size, size, 3))
    head = [keras.layers.Dense(256, activation="relu"), keras.layers.Dense(128, activation="relu"),
            keras.layers.Dense(1)]
    model = keras.Sequential([base, *head])
    optimizer = keras.optimizers.SGD(LEARNING_RATE, **SGD)
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    x = tf.constant(np.random.default_rng(1).uniform(-1, 1, (batch, size, size, 3)).astype("float32"))
    y = tf.constant((np.arange(batch) % 2).astype("float32").reshape(-1, 1))
    model(x[:1])
    optimizer.build(model.trainable_variables)

    # Traced without XLA, which is far slower for these networks on a CPU.
    @tf.function
    def step():
        with tf.GradientTape() as tape:
            value = loss(y, model(x, training=True))
        optimizer.apply_gradients(zip(tape.gradient(value, model.trainable_variables), model.trainable_variables))
        return value

    return lambda: float(step())


def torch(size, batch, threads):
    import timm
    import torch as t

    t.set_num_threads(threads)
    base = timm.create_model("legacy_xception", pretrained=False, num_classes=0)
    model = t.nn.Sequential(base, t.nn.Linear(2048, 256), t.nn.ReLU(), t.nn.Linear(256, 128), t.nn.ReLU(),
                            t.nn.Linear(128, 1)).to(memory_format=t.channels_last).train()
    optimizer = t.optim.SGD(model.parameters(), lr=LEARNING_RATE, **SGD)
    x = (t.rand(batch, 3, size, size) * 2 - 1).to(memory_format=t.channels_last)
    y = (t.arange(batch) % 2).float().reshape(-1, 1)

    def step():
        optimizer.zero_grad(set_to_none=True)
        value = t.nn.functional.binary_cross_entropy_with_logits(model(x), y)
        value.backward()
        optimizer.step()
        return float(value)

    return step


def timed_steps(step, seconds):
    step()
    times, start = [], time.perf_counter()
    while len(times) < 2 or time.perf_counter() - start < seconds:
        before = time.perf_counter()
        step()
        times.append(time.perf_counter() - before)
    return times


def main():
    name, size, batch, threads = sys.argv[1], *map(int, sys.argv[2:])
    step = {"tensorflow": tensorflow, "torch": torch}[name](size, batch, threads)
    step()
    print(json.dumps({"ready": name}), flush=True)
    for line in sys.stdin:
        command, argument = line.split()
        assert command == "run", line
        times = timed_steps(step, float(argument))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"seconds": times, "peak_rss_mb": peak}), flush=True)


if __name__ == "__main__":
    main()
