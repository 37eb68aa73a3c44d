#!/usr/bin/env python3
"""Lets tf2onnx write a Keras network, for src/networks/onnx_files_test.cc to read.

    tests/make_onnx_files.py NETWORK DIR          (needs keras, tensorflow, tf2onnx)

Networks, weights and inputs as in make_keras_files.py. For T in (top, notop): T.onnx, T.input.json (height, width,
classes, alpha) and Keras' own output, T.output.npy, for two images. Where files are small, beside notop.onnx and with
the same weights: notop.other_size.onnx, for images 13 rows and 22 columns larger, and notop.any_size.onnx. tf2onnx folds
batch normalisation into the convolutions or leaves products and sums; this script fails if it does not.
"""
import os
import sys

import make_keras_files as keras_files
import tensorflow as tf
import tf2onnx


def export(model, path):
    signature = [tf.TensorSpec((None,) + model.input_shape[1:], tf.float32)]
    function = tf.function(lambda images: model(images, training=False))
    file, _ = tf2onnx.convert.from_function(function, signature, opset=17, output_path=path)
    assert not any(node.op_type == "BatchNormalization" for node in file.graph.node), "batch normalisation is still there"


def main():
    network, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    make, size, options = keras_files.NETWORKS[network]

    def build(top, size):
        keras_files.keras.backend.clear_session()
        ending = {"classes": keras_files.CLASSES, "classifier_activation": None} if top else {"pooling": "avg"}
        model = make(weights=None, include_top=top, input_shape=size + (3,), **ending, **options)
        keras_files.set_formula_weights(model)
        return model

    for form in ("top", "notop"):
        path = os.path.join(folder, form)
        model = build(form == "top", size)
        keras_files.write_output(model, path, options.get("alpha", 1))
        export(model, path + ".onnx")
        if form == "notop" and network in keras_files.ALL_FORMS:
            export(build(False, (size[0] + 13, size[1] + 22)), path + ".other_size.onnx")
            export(build(False, (None, None)), path + ".any_size.onnx")


if __name__ == "__main__":
    main()
