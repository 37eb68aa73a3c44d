#!/usr/bin/env python3
"""Saves timm's networks with random weights as safetensors, with timm's own outputs beside them, for
src/networks/timm_files_test.cc to read.

    tests/make_timm_files.py DIR                    (needs torch, timm, safetensors, numpy)
    SISKIN_TIMM_FILES=DIR build/release/networks_test --gtest_filter='TimmFiles.*'

For each network NAME: NAME.safetensors, NAME.json (Siskin's network, size, alpha, classes, what is expected) and, unless
it is to be refused, NAME.input.npy (NHWC, values as after Siskin's scaling) and NAME.output.npy (logits); for one of them NAME.onnx, too.
"""
import json
import os
import sys

import numpy as np
import torch
import torch.fx  # older versions do not bring it along, and timm wants it
import timm
from safetensors.torch import save_file

# timm's name, Siskin's, size at which both compute the same (0: refused), width
NETWORKS = [
    ("legacy_xception", "xception", 103, 1),
    ("inception_resnet_v2", "inception_resnet_v2", 96, 1),
    ("mobilenetv2_100", "mobilenet_v2", 97, 1),
    ("mobilenetv2_140", "mobilenet_v2", 97, 1.4),
    ("mobilenetv1_100", "mobilenet", 0, 1),
    ("inception_v3", "inception_v3", 0, 1),
    ("resnet50", "resnet50", 0, 1),
]


def randomize(model):
    """Statistics and scales that are not those of a fresh network: else mixed-up layers would not be noticed."""
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.8, 1.2)
            torch.nn.init.uniform_(module.bias, -0.1, 0.1)
            torch.nn.init.uniform_(module.running_mean, -0.1, 0.1)
            # Small ones show another epsilon, by 1 %; smaller ones make fp32 itself inexact.
            torch.nn.init.uniform_(module.running_var, 0.05, 1.2)
        elif isinstance(module, (torch.nn.Conv2d, torch.nn.Linear)):
            fan_in = module.weight[0].numel()
            torch.nn.init.uniform_(module.weight, -((3 / fan_in) ** 0.5), (3 / fan_in) ** 0.5)
            if module.bias is not None:
                torch.nn.init.uniform_(module.bias, -0.05, 0.05)


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    torch.manual_seed(1)
    for name, network, size, alpha in NETWORKS:
        model = timm.create_model(name, pretrained=False, num_classes=10).eval()
        randomize(model)
        path = os.path.join(folder, name)
        save_file({key: value.contiguous() for key, value in model.state_dict().items()}, path + ".safetensors")
        with open(path + ".json", "w") as f:
            json.dump({"network": network, "size": size, "alpha": alpha, "classes": 10, "refused": size == 0}, f)
        if size == 0:
            continue
        if name == "mobilenetv2_100":
            # As a graph that keeps its layers: by default PyTorch folds batch normalisation away.
            keep = {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False, "opset_version": 13}
            torch.onnx.export(model, torch.zeros(1, 3, size, size), path + ".onnx", **keep)
        images = np.random.default_rng(2).uniform(-1, 1, (2, size, size, 3)).astype("float32")
        with torch.no_grad():
            output = model.double()(torch.from_numpy(images.transpose(0, 3, 1, 2).astype("float64"))).numpy()
        np.save(path + ".input.npy", images)
        np.save(path + ".output.npy", output.astype("float32"))


if __name__ == "__main__":
    main()
