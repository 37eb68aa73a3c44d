"""Runs model.keras of each case in Keras:  run_keras.py CASE..."""
import keras
import numpy as np

import case


def run(folder, images):
    model = keras.models.load_model(folder / "model.keras")
    scores = model(images.astype(np.float32), training=False)
    # Saving it again and loading that proves that the file is one that Keras could have written.
    model.save(folder / "again.keras")
    again = keras.models.load_model(folder / "again.keras")
    assert np.array_equal(scores, again(images.astype(np.float32), training=False))
    return {"keras": {"scores": np.asarray(scores).tolist()}}


case.main(run)
