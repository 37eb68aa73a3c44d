"""The article's first half in Keras, as the article wrote it: bottleneck features of Xception, then a small head.

  bench/lib/venv bench/keras_article.py PHOTOS WEIGHTS.h5 OUTPUT_FOLDER

PHOTOS holds train/ and validation/, a folder per class. Photos come through ImageDataGenerator.flow_from_directory
(nearest, 150x150, x/255), features are saved with numpy, the head is 256-128-1 with dropout 0.5, SGD 0.01, 50 epochs,
and the best epoch is kept. The one thing changed: weights are read from a file instead of downloaded. Prints one line
of JSON.
"""

import json
import os
import pathlib
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from keras.src.legacy.preprocessing.image import ImageDataGenerator

SIZE = (150, 150)
BATCH = 32
EPOCHS = 50
THREADS = int(os.environ.get("BENCH_THREADS", "2"))


def bottleneck_features(base, photos, output, split):
    generator = ImageDataGenerator(rescale=1 / 255).flow_from_directory(
        photos / split, target_size=SIZE, batch_size=BATCH, class_mode=None, shuffle=False)
    features = base.predict(generator, verbose=0)
    np.save(output / f"features_{split}.npy", features)
    return features, generator.classes


def head(channels):
    model = keras.Sequential([
        keras.layers.Input((channels,)),
        keras.layers.Dense(256, activation="relu"),
        keras.layers.Dropout(0.5),
        keras.layers.Dense(128, activation="relu"),
        keras.layers.Dropout(0.5),
        keras.layers.Dense(1, activation="sigmoid"),
    ])
    model.compile(optimizer=keras.optimizers.SGD(0.01), loss="binary_crossentropy", metrics=["accuracy"])
    return model


def main():
    photos, weights, output = map(pathlib.Path, sys.argv[1:4])
    output.mkdir(parents=True, exist_ok=True)
    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)
    keras.utils.set_random_seed(0)
    start = time.perf_counter()
    base = keras.applications.Xception(weights=None, include_top=False, pooling="avg", input_shape=SIZE + (3,))
    base.load_weights(weights)
    train, train_labels = bottleneck_features(base, photos, output, "train")
    validation, validation_labels = bottleneck_features(base, photos, output, "validation")
    features_s = time.perf_counter() - start
    model = head(train.shape[1])
    best = keras.callbacks.ModelCheckpoint(output / "head.keras", monitor="val_accuracy", save_best_only=True)
    history = model.fit(train, train_labels, epochs=EPOCHS, batch_size=BATCH, callbacks=[best], verbose=0,
                        validation_data=(validation, validation_labels)).history["val_accuracy"]
    print(json.dumps({"photos": len(train) + len(validation), "seconds_features": features_s,
                      "seconds_head": time.perf_counter() - start - features_s,
                      "validation_accuracy": max(history), "last_validation_accuracy": history[-1]}))


if __name__ == "__main__":
    main()
