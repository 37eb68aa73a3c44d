"""The networks of the benchmarks in Keras, with the weights that Siskin's store holds, and their exports.

The peers get the very tensors Siskin runs: they are read from the store's safetensors file, put into Keras' own
implementation by layer name, and exported from there. Run as a program it exports one network at one size.
"""

import argparse
import json
import os
import pathlib
import shutil
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from safetensors.numpy import load_file

SHORTCUTS = ("block2_shortcut", "block3_shortcut", "block4_shortcut", "block13_shortcut")


def build(network, size):
    """Xception: mean-pooled features [2048]. MobileNet: logits of its 1001 published classes."""
    shape = (size, size, 3)
    if network == "xception":
        return keras.applications.Xception(weights=None, include_top=False, pooling="avg", input_shape=shape)
    if network == "mobilenet":
        return keras.applications.MobileNet(
            weights=None, classes=1001, classifier_activation=None, input_shape=shape)
    raise SystemExit(f"no network called {network} here: xception or mobilenet")


def siskin_names(model):
    """Keras layer -> the name of its tensors in Siskin's file. Only Xception's shortcuts lack a name in Keras."""
    names = {layer: layer.name for layer in model.layers}
    for keras_class, ending in ((keras.layers.Conv2D, ""), (keras.layers.BatchNormalization, "_bn")):
        unnamed = [layer for layer in model.layers
                   if type(layer) is keras_class and layer.name.startswith(("conv2d", "batch_normalization"))]
        for layer, shortcut in zip(unnamed, SHORTCUTS):
            names[layer] = shortcut + ending
    return names


def tensor_name(layer, variable):
    """Keras 3 calls a depthwise kernel just `kernel`; Siskin's files keep the older name."""
    return "depthwise_kernel" if isinstance(layer, keras.layers.DepthwiseConv2D) else variable.name


def load(model, weights_file):
    """Fills every variable of the model; a tensor that is missing, left over or misshapen ends the program."""
    tensors = load_file(weights_file)
    for layer, name in siskin_names(model).items():
        for variable in layer.weights:
            path = f"{name}/{tensor_name(layer, variable)}"
            if path not in tensors:
                raise SystemExit(f"{weights_file}: no tensor {path}")
            variable.assign(tensors.pop(path).reshape(variable.shape))
    if tensors:
        raise SystemExit(f"{weights_file}: {len(tensors)} tensors that {model.name} does not have, as {min(tensors)}")
    return model


def multiply_adds(model):
    """Of one image, in convolutions and dense layers: what GFLOP/s are counted with (two operations each)."""
    total = 0
    for layer in model.layers:
        kernels = [np.prod(v.shape) for v in layer.weights if v.name.endswith("kernel")]
        if kernels:
            pixels = np.prod(layer.output.shape[1:-1], dtype=np.int64)
            total += int(pixels * sum(kernels))
    return total


def write_input(model, batch, path):
    """The pixels every engine is given: noise in the range of preprocessed photos, from a fixed seed."""
    shape = (batch,) + tuple(model.input_shape[1:])
    np.save(path, np.random.default_rng(7).uniform(-1, 1, shape).astype(np.float32))


def export(network, size, weights_file, folder):
    """Writes model.{keras,onnx,xml,tflite} and model.json into the folder, which appears only when complete."""
    model = load(build(network, size), weights_file)
    model(np.zeros((1, size, size, 3), np.float32))  # the ONNX exporter wants a model that was called once
    unfinished = folder.with_name(folder.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    model.save(unfinished / "model.keras")
    model.save_weights(unfinished / "model.weights.h5")
    failed = {}
    for name, file in (("onnx", "model.onnx"), ("openvino", "model.xml"), ("litert", "model.tflite")):
        try:
            model.export(str(unfinished / file), format=name, verbose=False)
        except Exception as error:  # the exporter of one peer may be broken or missing: the others can be measured
            failed[name] = f"{type(error).__name__}: {error}".splitlines()[0]
    for batch in (1, 8, 32):
        write_input(model, batch, unfinished / f"input{batch}.npy")
    (unfinished / "model.json").write_text(json.dumps({"multiply_adds": multiply_adds(model), "failed": failed}))
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", choices=("xception", "mobilenet"))
    parser.add_argument("size", type=int)
    parser.add_argument("weights_file", help="safetensors from Siskin's store")
    parser.add_argument("folder", type=pathlib.Path)
    args = parser.parse_args()
    export(args.network, args.size, args.weights_file, args.folder)


if __name__ == "__main__":
    sys.exit(main())
