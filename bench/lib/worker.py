"""One competitor in a process of its own, told what to do line by line. engine_bench.cc speaks the same for Siskin.

  worker.py ENGINE MODEL_FOLDER BATCH THREADS     engine: tensorflow, onnxruntime, openvino, litert

On standard output one JSON line when ready, then one for every line on standard input:
  run SECONDS   one run that is not counted, then as many as fit (at least two): {"seconds": [..]}
  output FILE   the result for the fixed input as .npy: {"written": FILE}
"""

import json
import os
import pathlib
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("OPENVINO_TELEMETRY", "0")

import numpy as np


def tensorflow(folder, batch, threads):
    import tensorflow as tf

    import keras

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    model = keras.models.load_model(folder / "model.keras", compile=False)
    # No XLA: on a CPU it is ten times slower for these networks.
    run = tf.function(lambda x: model(x, training=False)).get_concrete_function(
        tf.TensorSpec((batch,) + tuple(model.input_shape[1:]), tf.float32))
    return tf.constant, lambda x: run(x).numpy()


def onnxruntime(folder, batch, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(folder / "model.onnx", options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda x: x, lambda x: session.run(None, {name: x})[0]


def openvino(folder, batch, threads):
    import openvino

    core = openvino.Core()
    model = core.read_model(folder / "model.xml")
    shape = [d.get_length() if d.is_static else 0 for d in model.input().get_partial_shape()]
    model.reshape([batch] + shape[1:])
    # Without the hint it may choose bf16 by itself.
    compiled = core.compile_model(model, "CPU", {
        "INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"})
    request = compiled.create_infer_request()

    def run(x):
        request.infer([x], share_inputs=True)
        return request.get_output_tensor().data

    return lambda x: x, run


def litert(folder, batch, threads):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(folder / "model.tflite"), num_threads=threads)
    inputs, outputs = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    interpreter.resize_tensor_input(inputs["index"], [batch] + [int(d) for d in inputs["shape"][1:]])
    interpreter.allocate_tensors()

    def run(x):
        interpreter.set_tensor(inputs["index"], x)
        interpreter.invoke()
        return interpreter.get_tensor(outputs["index"])

    return lambda x: x, run


ENGINES = {"tensorflow": tensorflow, "onnxruntime": onnxruntime, "openvino": openvino, "litert": litert}


def timed_runs(run, seconds):
    run()
    times = []
    start = time.perf_counter()
    while len(times) < 2 or time.perf_counter() - start < seconds:
        before = time.perf_counter()
        run()
        times.append(time.perf_counter() - before)
    return times


def answers():
    """A stream for the answers alone: libraries that print get standard error instead."""
    stream = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return stream


def main():
    engine, folder, batch, threads = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    replies = answers()
    pixels = np.load(folder / f"input{batch}.npy")
    to_engine, infer = ENGINES[engine](folder, batch, threads)
    given = to_engine(pixels)
    infer(given)
    print(json.dumps({"ready": engine}), file=replies)
    for line in sys.stdin:
        command, argument = line.split(maxsplit=1)
        if command == "run":
            reply = {"seconds": timed_runs(lambda: infer(given), float(argument))}
        elif command == "output":
            np.save(argument.strip(), np.asarray(infer(given), np.float32).reshape(batch, -1))
            reply = {"written": argument.strip()}
        else:
            raise SystemExit(f"worker: unknown command {command}")
        print(json.dumps(reply), file=replies)


if __name__ == "__main__":
    main()
