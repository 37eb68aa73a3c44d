"""One photo through MobileNet in a fresh process, as a script of a user of this engine would do it.

  cold_photo.py ENGINE [MODEL_FOLDER PHOTO]     without a photo: only the import
"""

import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def import_only(engine):
    if engine == "tensorflow":
        import keras
        import tensorflow
    elif engine == "onnxruntime":
        import onnxruntime
    elif engine == "openvino":
        import openvino
    elif engine == "litert":
        import ai_edge_litert.interpreter


def pixels(photo):
    import numpy as np
    from PIL import Image

    with Image.open(photo) as image:
        resized = image.convert("RGB").resize((224, 224), Image.Resampling.BILINEAR)
    return np.asarray(resized, np.float32)[None] / 127.5 - 1


def main():
    engine = sys.argv[1]
    if len(sys.argv) == 2:
        import_only(engine)
        return
    import worker

    to_engine, run = worker.ENGINES[engine](pathlib.Path(sys.argv[2]), 1, 2)
    logits = run(to_engine(pixels(sys.argv[3]))).reshape(-1)
    print(f"class {int(logits.argmax())}")


if __name__ == "__main__":
    main()
