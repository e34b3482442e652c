"""A code at pool2 of CIFAR10CNN, trained as one writes it in PyTorch: frozen head, features in memory, distillation."""
import torch
from torch import nn
from torch.nn import functional as F

from clock import Clock

state = {}


class Turned(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight):
        ctx.weight = weight
        return x

    @staticmethod
    def backward(ctx, gradient):
        return -ctx.weight * gradient, None


def conv(inputs, outputs, **more):
    return nn.Conv2d(inputs, outputs, 3, padding=1, **more)


def rounded(bounded):
    levels = (torch.floor(bounded * 2 * 0.9999) + 0.5) / 2
    return bounded + (levels - bounded).detach()


def similarity(a, b):
    taps = torch.exp(-((torch.arange(11.0) - 5) ** 2) / (2 * 1.5 ** 2))
    taps = taps / taps.sum()
    n = a.shape[0] * 3
    planes = torch.cat([a, b, a * a, b * b, a * b]).reshape(5 * n, 1, 32, 32)
    blurred = F.conv2d(F.conv2d(planes, taps.reshape(1, 1, 11, 1)), taps.reshape(1, 1, 1, 11))
    ma, mb, aa, bb, ab = blurred.reshape(5, n, -1)
    c1, c2 = 0.01 ** 2, 0.03 ** 2
    top = (2 * ma * mb + c1) * (2 * (ab - ma * mb) + c2)
    bottom = (ma * ma + mb * mb + c1) * (aa - ma * ma + bb - mb * mb + c2)
    return (top / bottom).reshape(a.shape[0], -1).mean(1)


def open_harden(rows, batch, adversary):
    torch.manual_seed(1)
    encoder = nn.Sequential(conv(128, 96, stride=2), nn.ReLU(), nn.Conv2d(96, 8, 1))
    # The linear step beside each.
    ahead, back = nn.Conv2d(128, 8, 2, stride=2, bias=False), nn.ConvTranspose2d(8, 128, 2, stride=2, bias=False)
    decoder = nn.Sequential(conv(8, 96), nn.ReLU(), nn.Upsample(scale_factor=2), conv(96, 128))
    tail = nn.Sequential(
        conv(128, 128), nn.ReLU(), conv(128, 128), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(2048, 512), nn.Sigmoid(), nn.Linear(512, 10),
    )
    follower = nn.Sequential(
        nn.Flatten(), nn.Linear(128, 32 * 64), nn.Unflatten(1, (32, 8, 8)), conv(32, 64), nn.ReLU(),
        conv(64, 128), nn.PixelShuffle(2), nn.ReLU(), conv(32, 12), nn.PixelShuffle(2), nn.Sigmoid(),
    )
    parts = [encoder, ahead, decoder, back, tail] + ([follower] if adversary else [])
    weights = [w for part in parts for w in part.parameters()]
    state.update(
        encoder=encoder, ahead=ahead, decoder=decoder, back=back, tail=tail, follower=follower, adversary=adversary, batch=batch,
        optimiser=torch.optim.Adam(weights, lr=1e-3, eps=1e-7),
        features=torch.rand(rows, 128, 8, 8), answers=torch.rand(rows, 10), pictures=torch.rand(rows, 3, 32, 32),
    )
    return {}


def harden():
    s = state
    clock = Clock()
    order = torch.randperm(len(s["features"]))
    for first in range(0, len(order), s["batch"]):
        chosen = order[first:first + s["batch"]]
        s["optimiser"].zero_grad()
        features = s["features"][chosen]
        code = rounded(torch.tanh(s["encoder"](features) + s["ahead"](features)))
        now = F.log_softmax(s["tail"](s["decoder"](code) + s["back"](code)) / 2, 1)
        loss = 4 * F.kl_div(now, F.softmax(s["answers"][chosen] / 2, 1), reduction="batchmean")
        if s["adversary"]:
            seen = s["follower"](Turned.apply(code, s["adversary"]))
            truth = s["pictures"][chosen]
            loss = loss + (1 - similarity(seen, truth)).mean() + 5 * F.mse_loss(seen, truth)
        loss.backward()
        s["optimiser"].step()
    return clock.read()


answers = {"harden-open": open_harden, "harden": harden}
