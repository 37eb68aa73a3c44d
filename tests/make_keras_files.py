#!/usr/bin/env python3
"""Lets Keras write a network in every form that it can, for src/networks/keras_files_test.cc to read.

    tests/make_keras_files.py NETWORK DIR          (needs keras, tensorflow, h5py)

NETWORK is a name of Siskin's catalogue. Weights and inputs come from the formula of the golden files (seed 21), so that
the test knows every number without having been told. For T in (top, notop): files T.*.keras and T.*.h5 that all hold
the same weights, and T.input.json (height, width, classes, alpha) with Keras' own output, T.output.npy, for two images. Files
called *.refused.* are to be refused. Older ways of naming groups are made from the new ones.
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

SEED = 21
CLASSES = 10

apps = keras.applications
# By catalogue name: how to build it, a small legal size (not square, so that axes cannot be mixed up), options. Where
# files are small (all_forms), the older ways of naming groups are written, too.
NETWORKS = {
    "xception": (apps.Xception, (71, 80), {}),
    "mobilenet": (apps.MobileNet, (64, 96), {"alpha": 0.25}),
    "mobilenet_v2": (apps.MobileNetV2, (64, 96), {"alpha": 0.35}),
    "resnet50": (apps.ResNet50, (64, 96), {}),
    "inception_v3": (apps.InceptionV3, (75, 80), {}),
    "inception_resnet_v2": (apps.InceptionResNetV2, (75, 80), {}),
}
ALL_FORMS = ("xception", "mobilenet", "mobilenet_v2")


def uniform(stream, count):
    """u(stream, 0 .. count - 1): golden/README.md."""
    golden = 0x9E3779B97F4A7C15
    z = np.arange(count, dtype=np.uint64) + np.uint64((stream + 2) * golden % 2**64)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return (z >> np.uint64(40)).astype(np.float64) / 2**24


def bounds(layer, role, shape):
    if role in ("gamma", "moving_variance"):
        return 0.8, 1.2
    if role in ("beta", "moving_mean"):
        return -0.1, 0.1
    if role == "bias":
        return -0.05, 0.05
    if role == "pointwise_kernel":
        bound = np.sqrt(6 / shape[2])
    elif role == "depthwise_kernel" or type(layer).__name__ == "DepthwiseConv2D":
        bound = np.sqrt(3 / (shape[0] * shape[1]))
    else:
        bound = np.sqrt(6 / np.prod(shape[:-1]))
    return -bound, bound


def set_formula_weights(model):
    stream = SEED * 100000
    for layer in model.layers:
        values = []
        for weight in layer.weights:
            shape = tuple(weight.shape)
            low, high = bounds(layer, weight.path.split("/")[-1], shape)
            values.append((low + (high - low) * uniform(stream, np.prod(shape))).astype("float32").reshape(shape))
            stream += 1
        layer.set_weights(values)


def write_output(model, path, alpha):
    height, width = model.input_shape[1:3]
    images = 2 * uniform(SEED * 100000 + 99999, 2 * height * width * 3) - 1
    output = model.predict(images.astype("float32").reshape(2, height, width, 3), verbose=0)
    np.save(path + ".output.npy", output.reshape(2, -1))
    with open(path + ".input.json", "w") as f:
        json.dump({"height": height, "width": width, "classes": CLASSES, "alpha": alpha}, f)


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


def save_older_forms(model, path):
    model.save(path + ".whole.h5")
    for scheme in ("numbered", "named"):
        weights = f"{path}.{scheme}.weights.h5"
        rename_groups(path + ".weights.h5", weights, scheme == "named")
        with zipfile.ZipFile(path + ".keras") as whole, zipfile.ZipFile(f"{path}.{scheme}.keras", "w") as archive:
            archive.writestr("config.json", whole.read("config.json"))
            archive.write(weights, "model.weights.h5")


def save_all(model, path, all_forms):
    model.save(path + ".keras")
    model.save_weights(path + ".weights.h5")
    write_keras2(model, path + ".keras2.h5")
    if all_forms:
        save_older_forms(model, path)


def classifier_on(model):
    image = keras.layers.Input(model.input_shape[1:])
    scores = keras.layers.Dense(4)(keras.layers.GlobalAveragePooling2D()(model(image)))
    return keras.Model(image, scores)


def save_inside_others(model, path, all_forms):
    """The network inside somebody's classifier: frozen or not, Functional and Sequential."""
    for frozen in (False, True):
        model.trainable = not frozen
        save_all(classifier_on(model), f"{path}.inner{int(frozen)}", all_forms)
    model.trainable = True
    stack = keras.Sequential([model, keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(4)])
    stack.build((None,) + model.input_shape[1:])
    stack.save(path + ".sequential.keras")


def save_partly_frozen(model, path):
    """Keras 2 lists the trainable weights first: where layers have no names, their order is lost."""
    for layer in model.layers[: len(model.layers) // 2]:
        layer.trainable = False
    unnamed = any(layer.name.startswith("batch_normalization") for layer in model.layers)
    write_keras2(classifier_on(model), path + (".partly.refused.h5" if unnamed else ".partly.h5"))
    classifier_on(model).save(path + ".partly.keras")


def main():
    network, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    make, size, options = NETWORKS[network]
    for top in (True, False):
        ending = {"classes": CLASSES, "classifier_activation": None} if top else {"pooling": "avg"}
        model = make(weights=None, include_top=top, input_shape=size + (3,), **ending, **options)
        set_formula_weights(model)
        path = os.path.join(folder, "top" if top else "notop")
        write_output(model, path, options.get("alpha", 1))
        save_all(model, path, network in ALL_FORMS)
        if not top:
            # As people use it: without the pooling, which has no weights.
            base = keras.Model(model.input, model.layers[-2].output, name=model.name)
            save_inside_others(base, path, network in ALL_FORMS)
            save_partly_frozen(base, path)


if __name__ == "__main__":
    main()
