#!/usr/bin/env python3
"""Writes small PyTorch networks as ONNX with an input and the output that PyTorch gives, all as raw float32.

usage: torch_models.py FOLDER OPSET. Values with channels are written with channels last, as Tadpole keeps them.
"""
import sys
import warnings

import torch
from torch import nn
from torch.nn import functional as F

warnings.filterwarnings("ignore")


class Wrapped(nn.Module):
    """A network from layers and a function that runs them."""

    def __init__(self, run, **layers):
        super().__init__()
        self.run = run
        for name, layer in layers.items():
            setattr(self, name, layer)

    def forward(self, x):
        return self.run(self, x)


def conv_block(inputs, outputs, stride=1, groups=1):
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1, groups=groups, bias=False), nn.BatchNorm2d(outputs), nn.ReLU6())


def networks():
    image = (1, 3, 16, 12)
    yield "mobile", image, nn.Sequential(conv_block(3, 8, 2), conv_block(8, 8, groups=8), nn.Conv2d(8, 12, 1), nn.Hardswish(),
                                         nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(12, 5), nn.Softmax(1))
    yield "flatten", image, nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4 * 7 * 5, 6))
    yield "view", image, Wrapped(lambda m, x: m.f(torch.relu(m.c(x)).view(x.size(0), -1)), c=nn.Conv2d(3, 4, 3, 2), f=nn.Linear(4 * 7 * 5, 3))
    yield "residual", image, Wrapped(lambda m, x: torch.sigmoid(m.a(x) + m.b(F.leaky_relu(m.a(x), 0.1)) * 2), a=nn.Conv2d(3, 6, 1), b=conv_block(6, 6))
    yield "concat", image, Wrapped(lambda m, x: torch.cat([m.a(x), torch.tanh(m.b(x)), x], 1), a=nn.Conv2d(3, 2, 3, padding=1), b=nn.Conv2d(3, 4, 1))
    yield "up", image, Wrapped(lambda m, x: m.t(F.interpolate(m.c(x), scale_factor=2, mode="nearest")), c=nn.Conv2d(3, 4, 3), t=nn.ConvTranspose2d(4, 2, 3, 2, 1, output_padding=1))
    yield "bilinear", image, Wrapped(lambda m, x: F.interpolate(m.c(x), size=(20, 30), mode="bilinear", align_corners=False), c=nn.Conv2d(3, 4, 3))
    yield "pools", image, Wrapped(lambda m, x: F.avg_pool2d(F.pad(m.c(x), (1, 2, 0, 1)), 3, 2, 1) + F.avg_pool2d(F.pad(m.c(x), (1, 2, 0, 1)), 3, 2, 1, count_include_pad=False), c=nn.Conv2d(3, 4, 1))
    yield "ceil", image, nn.Sequential(nn.Conv2d(3, 4, 2), nn.MaxPool2d(3, 2, ceil_mode=True), nn.PReLU(4))
    yield "dilated", image, nn.Sequential(nn.Conv2d(3, 4, 3, padding=2, dilation=2), nn.Conv2d(4, 6, (5, 1), (1, 2), (2, 0), groups=2))
    yield "split", image, Wrapped(lambda m, x: (lambda a, b: a[:, :, 1:-1, ::2] - b.mean(dim=(2, 3), keepdim=True))(*torch.split(m.c(x), 4, 1)), c=nn.Conv2d(3, 8, 3))
    yield "attention", image, Wrapped(lambda m, x: x * F.hardsigmoid(m.b(F.relu(m.a(x.mean((2, 3), keepdim=True))))), a=nn.Conv2d(3, 5, 1), b=nn.Conv2d(5, 3, 1))
    yield "shuffle", (1, 4, 6, 6), Wrapped(lambda m, x: m.c(m.c(x).view(1, 2, 2, 6, 6).transpose(1, 2).reshape(1, 4, 6, 6)), c=nn.Conv2d(4, 4, 3, padding=1))
    yield "conv1d", (1, 6, 40), nn.Sequential(nn.Conv1d(6, 8, 5, 2, 2), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(8, 4, 3, groups=4), nn.Flatten(), nn.Linear(32, 3))
    yield "series", (1, 40, 6), Wrapped(lambda m, x: m.f(m.c(x.transpose(1, 2)).mean(2)), c=nn.Conv1d(6, 8, 5), f=nn.Linear(8, 2))
    yield "dense", (1, 20), nn.Sequential(nn.Linear(20, 16), nn.ReLU(), nn.Linear(16, 8, bias=False), nn.Tanh(), nn.Linear(8, 20))
    yield "rows", (1, 7, 10), Wrapped(lambda m, x: m.b(F.relu(m.a(x)))[:, -1], a=nn.Linear(10, 6), b=nn.Linear(6, 4))
    yield "self_attention", (1, 7, 8), Wrapped(lambda m, x: torch.softmax(m.q(x) @ m.k(x).transpose(1, 2) * 0.35, -1) @ m.v(x), q=nn.Linear(8, 8), k=nn.Linear(8, 8), v=nn.Linear(8, 8))
    yield "lstm", (1, 12, 10), Wrapped(lambda m, x: m.f(m.l(x)[0][:, -1]), l=nn.LSTM(10, 6, batch_first=True), f=nn.Linear(6, 3))
    yield "gru", (1, 12, 10), Wrapped(lambda m, x: m.f(m.l(x)[0]), l=nn.GRU(10, 6, batch_first=True), f=nn.Linear(6, 3))
    yield "gru_last", (12, 1, 10), Wrapped(lambda m, x: m.f(m.l(x)[1][0]), l=nn.GRU(10, 6, 2), f=nn.Linear(6, 3))
    yield "crnn", (1, 1, 20, 10), Wrapped(lambda m, x: m.f(m.l(F.relu(m.c(x)).permute(0, 2, 1, 3).flatten(2))[0][:, -1]),
                                          c=nn.Conv2d(1, 4, 3, (2, 1), 1), l=nn.LSTM(40, 6, batch_first=True), f=nn.Linear(6, 3))


def channels_last(value):
    return value.movedim(1, -1) if value.dim() >= 3 else value


def main(folder, opset):
    torch.manual_seed(1)
    for name, shape, network in networks():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.uniform_(-1, 1)
                module.running_var.uniform_(0.5, 2)
        network.eval()
        x = torch.randn(*shape)
        with torch.no_grad():
            y = network(x)
        torch.onnx.export(network, x, f"{folder}/{name}.onnx", opset_version=opset)
        turned_in = len(shape) == 4 or name == "conv1d"
        turned_out = len(shape) == 4 and y.dim() == 4
        (channels_last(x) if turned_in else x).contiguous().numpy().tofile(f"{folder}/{name}.in")
        (channels_last(y) if turned_out else y).contiguous().numpy().tofile(f"{folder}/{name}.out")
        print(name)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
