#!/usr/bin/env python3
"""Saves Xception and MobileNet with random weights in every form that Keras 3 can write, for import_test to read.

    tests/make_keras_files.py DIR          (needs keras, tensorflow, h5py, safetensors; 1.5 GB, two minutes)
    SISKIN_KERAS_FILES=DIR build/release/import_test --gtest_filter='KerasFiles.*'

For each network NAME: NAME.safetensors (the truth, by Siskin's names), NAME.layout.json (its layers) and the files
NAME.*.keras and NAME.*.h5 that must give just these tensors. Older ways of naming groups are made from the new ones.
"""
import json
import os
import sys
import zipfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import h5py
import keras
import numpy as np
from keras.src.legacy.saving import legacy_h5_format
from safetensors.numpy import save_file

# Xception's shortcuts, which have no names in Keras, in the order in which it makes them.
SHORTCUTS = {"Conv2D": "block{}_shortcut", "BatchNormalization": "block{}_shortcut_bn"}
SHORTCUT_BLOCKS = [2, 3, 4, 13]


def layers_with_names(model):
    """(layer, Siskin's name, whether it is Keras' own) of every layer with weights."""
    seen = {}
    for layer in model.layers:
        if not layer.weights:
            continue
        kind = type(layer).__name__
        automatic = layer.name.rstrip("0123456789").rstrip("_") in ("conv2d", "batch_normalization")
        if automatic:
            seen[kind] = seen.get(kind, -1) + 1
            yield layer, SHORTCUTS[kind].format(SHORTCUT_BLOCKS[seen[kind]]), False
        else:
            yield layer, layer.name, True


def parameter(layer, weight):
    role = weight.path.split("/")[-1]
    return "depthwise_kernel" if type(layer).__name__ == "DepthwiseConv2D" and role == "kernel" else role


def write_truth(model, path):
    tensors, layout = {}, []
    for layer, name, named in layers_with_names(model):
        parameters = [[f"{name}/{parameter(layer, w)}", list(w.shape)] for w in layer.weights]
        layout.append({"name": name, "class": type(layer).__name__, "named": named, "parameters": parameters})
        for (key, _), weight in zip(parameters, layer.weights):
            tensors[key] = np.ascontiguousarray(weight.numpy())
    save_file(tensors, path + ".safetensors")
    with open(path + ".layout.json", "w") as f:
        json.dump(layout, f)


def write_keras2(model, path):
    with h5py.File(path, "w") as f:
        legacy_h5_format.save_weights_to_hdf5_group(f, model)


def rename_groups(source, target, by_name):
    """A .weights.h5 without the names that newer versions write: as before, or with groups called like the layers."""
    with h5py.File(source) as old, h5py.File(target, "w") as new:

        def copy(path, item):
            if not isinstance(item, h5py.Dataset):
                return
            parts, names = path.split("/"), []
            for i, part in enumerate(parts):
                group = old["/".join(parts[: i + 1])]
                has_name = isinstance(group, h5py.Group) and "vars" in group and "name" in group["vars"].attrs
                names.append(group["vars"].attrs["name"] if by_name and has_name else part)
            new["/".join(names)] = item[()]

        old.visititems(copy)


def save_all(model, path):
    model.save(path + ".keras")
    model.save(path + ".whole.h5")
    model.save_weights(path + ".weights.h5")
    write_keras2(model, path + ".keras2.h5")
    for scheme in ("numbered", "named"):
        weights = f"{path}.{scheme}.weights.h5"
        rename_groups(path + ".weights.h5", weights, scheme == "named")
        with zipfile.ZipFile(path + ".keras") as whole, zipfile.ZipFile(f"{path}.{scheme}.keras", "w") as archive:
            archive.writestr("config.json", whole.read("config.json"))
            archive.write(weights, "model.weights.h5")


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    random = np.random.default_rng(1)
    apps = keras.applications
    for name, make in {
        "xception": lambda: apps.Xception(weights=None),
        "xception_notop": lambda: apps.Xception(weights=None, include_top=False, input_shape=(71, 71, 3)),
        "mobilenet": lambda: apps.MobileNet(weights=None, alpha=0.25),
        "mobilenet_notop": lambda: apps.MobileNet(weights=None, alpha=0.25, include_top=False, input_shape=(64, 64, 3)),
    }.items():
        model = make()
        model.set_weights([random.uniform(0.1, 1, w.shape).astype("float32") for w in model.get_weights()])
        path = os.path.join(folder, name)
        write_truth(model, path)
        save_all(model, path)
        if name.endswith("notop"):  # frozen or not, in a classifier of somebody's
            for frozen in (False, True):
                model.trainable = not frozen
                image = keras.layers.Input(model.input_shape[1:])
                scores = keras.layers.Dense(4)(keras.layers.GlobalAveragePooling2D()(model(image)))
                save_all(keras.Model(image, scores), f"{path}.inner{int(frozen)}")
            stack = keras.Sequential([model, keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(4)])
            stack.build((None,) + model.input_shape[1:])
            save_all(stack, path + ".sequential")


if __name__ == "__main__":
    main()
