"""LeNet, trained as one writes it in PyTorch: the pictures in memory as floats, a batch picked by a permutation."""
import torch
from torch import nn

from clock import Clock

state = {}


def open_training(rows, batch):
    torch.manual_seed(1)
    network = nn.Sequential(
        nn.Conv2d(1, 8, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(256, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3, eps=1e-3, amsgrad=True)
    state.update(
        network=network, optimiser=optimiser, batch=batch,
        pictures=torch.rand(rows, 1, 28, 28) * 2 - 1, labels=torch.randint(0, 10, (rows,)),
    )
    return {}


def train():
    network, optimiser, batch = state["network"], state["optimiser"], state["batch"]
    pictures, labels = state["pictures"], state["labels"]
    clock = Clock()
    order = torch.randperm(len(pictures))
    for first in range(0, len(pictures), batch):
        chosen = order[first:first + batch]
        optimiser.zero_grad()
        nn.functional.cross_entropy(network(pictures[chosen]), labels[chosen]).backward()
        optimiser.step()
    return clock.read()


answers = {"train-open": open_training, "train": train}
