"""rMLE as the public code of He et al. 2019 has it, each picture its own problem: Adam with AMSGrad on the picture."""
import numpy
import torch
from torch.nn import functional as F

from clock import Clock

problems = {}


def read(path, shape):
    return torch.from_numpy(numpy.fromfile(path, dtype=numpy.float32).reshape(shape))


def layer(kind, weight=None, bias=None, **options):
    if kind == "Conv":
        return lambda x: F.conv2d(x, weight, bias, padding=options["padding"])
    if kind == "Relu":
        return F.relu
    if kind == "MaxPool":
        return lambda x: F.max_pool2d(x, options["kernel"])
    if kind == "Flatten":
        return lambda x: x.flatten(1)
    if kind == "Gemm":
        return lambda x: F.linear(x, weight, bias)
    raise ValueError(kind)


def open_problem(name, layers, pictures, shape, tv):
    built = []
    for spec in layers:
        for key in ("weight", "bias"):
            if key in spec:
                spec[key] = read(**spec[key])
        built.append(layer(**spec))
    head = torch.nn.Sequential(*(Call(f) for f in built))
    with torch.no_grad():
        observed = head(read(pictures, shape))
    problems[name] = (head, observed, shape, tv)
    return {}


class Call(torch.nn.Module):
    def __init__(self, f):
        super().__init__()
        self.f = f

    def forward(self, x):
        return self.f(x)


def run(name, iterations):
    head, observed, shape, tv = problems[name]
    x = torch.zeros(shape, requires_grad=True)
    optimiser = torch.optim.Adam([x], lr=1e-2, eps=1e-3, amsgrad=True)
    clock = Clock()
    for _ in range(iterations):
        optimiser.zero_grad()
        loss = ((head(x) - observed) ** 2).flatten(1).mean(1).sum()
        if tv:
            rows = ((x[:, :, 1:] - x[:, :, :-1]) ** 2).flatten(1).mean(1).sum()
            columns = ((x[:, :, :, 1:] - x[:, :, :, :-1]) ** 2).flatten(1).mean(1).sum()
            loss = loss + tv * (rows + columns)
        loss.backward()
        optimiser.step()
    return {**clock.read(), "loss": loss.item() / shape[0]}


answers = {"rmle-open": open_problem, "rmle": run}
