"""Runs model.onnx of each case in ONNX Runtime and OpenVINO:  run_onnx.py CASE..."""
import onnx
import onnxruntime
import openvino

import case


def in_onnxruntime(file, images):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    scores, label = session.run(["scores", "label"], {"image": images})
    metadata = session.get_modelmeta().custom_metadata_map
    return {"scores": scores.tolist(), "label": label.tolist(), "metadata": metadata}


def in_openvino(file, images):
    model = openvino.compile_model(file, "CPU", {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1})
    answer = model(images)
    return {"scores": answer["scores"].tolist(), "label": answer["label"].tolist()}


def run(folder, images):
    file = str(folder / "model.onnx")
    onnx.checker.check_model(file, full_check=True)
    return {"onnxruntime": in_onnxruntime(file, images), "openvino": in_openvino(file, images)}


case.main(run)
