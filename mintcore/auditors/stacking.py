"""Train perceptrons of one design together: each operation of a step serves all of them.

Forward and gradient are written out for what perceptrons are made of. Every operation works on each network by
itself, and what is drawn by chance comes from the network's seed alone, so what else is in the stack changes nothing.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from mintcore.auditors.draws import Draws, Dropout
from mintcore.auditors.exercises import Epoch, Exercise, best_epoch, member_weight
from mintcore.auditors.parameters import Parameters
from mintcore.auditors.perceptrons import Perceptron
from mintcore.auditors.ranking import aucs
from mintcore.auditors.settings import FitSettings
from mintcore.auditors.stacked_data import load

VALIDATION_BATCH = 1024
BLOCK_STEPS = 8
"""Steps whose dropout and labels are made ready at a time: few enough to lie in the cache."""

LANES = 16
"""Numbers that a processor takes at once, at most: what is left over at the end of an array it rounds otherwise."""

_slope_of_relu = (
    torch.ops.aten.threshold_backward.default
)  # without looking for the overload each time

Told = list[tuple[int, Epoch]]
"""Position of the exercise and epoch, of each network that had one."""


@dataclass(frozen=True)
class Place:
    """One network of a stack.

    Attributes:
        position: Position of its exercise among all that are fitted together.
        seed: Its seed.
        perceptron: The network, standardised, on the CPU.
    """

    position: int
    seed: int
    perceptron: Perceptron


def train_stack(
    places: Sequence[Place],
    exercises: Sequence[Exercise],
    settings: FitSettings,
    device: torch.device,
) -> Iterator[Told]:
    """Train networks together; each has its best weights once it is done.

    Args:
        places: The networks, of one design.
        exercises: All exercises; those of the places have as many images each.
        settings: How to fit.
        device: Where.

    Yields:
        What to tell after each epoch.
    """
    stack = _Stack(places, exercises, settings, device)
    for number in range(1, settings.epochs + 1):
        yield stack.epoch(number)
        if not stack.places:
            return


class _Stack:
    """Networks in training, with their data."""

    def __init__(
        self,
        places: Sequence[Place],
        exercises: Sequence[Exercise],
        settings: FitSettings,
        device: torch.device,
    ) -> None:
        self.places = sorted(places, key=lambda place: place.seed)
        self._settings, self._device = settings, device
        inputs = max(place.perceptron.inputs for place in places)
        preparations = {place.position: place.perceptron.preparation for place in places}
        chosen = [(preparation, exercises[p]) for p, preparation in preparations.items()]
        self._rows = {position: row for row, position in enumerate(preparations)}
        self._train = load([(p, exercise.train) for p, exercise in chosen], inputs, device)
        self._validation = load(
            [(p, exercise.validation) for p, exercise in chosen], inputs, device
        )
        weights = [member_weight(exercise.train.is_member) for _, exercise in chosen]
        self._member_weights = torch.tensor(weights, dtype=torch.float32, device=device)
        steps = settings.epochs * -(-self._train.targets.shape[1] // settings.batch_size)
        perceptrons = [place.perceptron for place in self.places]
        self._parameters = Parameters(perceptrons, inputs, settings, steps, device)
        self._draws = {place.seed: Draws(place.seed) for place in self.places}
        self._histories: list[list[Epoch]] = [[] for _ in self.places]
        self._arrange()

    @torch.no_grad()
    def epoch(self, number: int) -> Told:
        """Train for one epoch, validate, and let go of the networks that are done."""
        train_losses = self._train_epoch().tolist()
        validation_losses, validation_aucs = self._validate()
        told = [
            (place.position, Epoch(number, train_loss, loss, area, place.seed))
            for place, train_loss, loss, area in zip(
                self.places, train_losses, validation_losses, validation_aucs, strict=True
            )
        ]
        for history, (_, epoch) in zip(self._histories, told, strict=True):
            history.append(epoch)
        self._remember_best(number)
        self._let_go(number)
        return told

    def _train_epoch(self) -> torch.Tensor:
        """Train, and give the mean loss (K,) of the images."""
        images = self._train.targets.shape[1]
        order = torch.from_numpy(np.stack([draws.order(images) for draws in self._draws.values()]))
        losses = torch.zeros(len(self.places), device=self._device)
        for block in order.to(self._device).split(BLOCK_STEPS * self._settings.batch_size, dim=1):
            picked = block[self._seed_of] + self._row_of[:, None] * images
            targets = self._train.targets.flatten()[picked]
            weights = 1 + (self._weight_of - 1) * targets
            logits = self._learn(picked, targets, weights)
            losses += _loss(logits, targets, weights)
        return losses / images

    def _learn(
        self, picked: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor
    ) -> torch.Tensor:
        """Take some steps on picked rows (K, n) of the data; gives the logits (K, n) that each met."""
        images = picked.shape[1]
        met = torch.empty_like(targets)
        self._dropout.draw(images)
        for start in range(0, images, self._settings.batch_size):
            step = slice(start, min(start + self._settings.batch_size, images))
            rows = picked[:, step]
            values = self._train.values.flatten(0, 1).index_select(0, rows.flatten())
            hidden = self._forward(values.view(*rows.shape, -1), step)
            logits = hidden.pop().squeeze(2)
            met[:, step] = logits
            slope = _chance(logits).sub_(targets[:, step]).mul_(weights[:, step])
            self._backward(hidden, slope.div_(rows.shape[1]).unsqueeze(2))
            self._parameters.step()
        return met

    def _forward(self, values: torch.Tensor, dropped: slice | None) -> list[torch.Tensor]:
        """Give the input (K, B, width) of each layer, and what the last one gives.

        Args:
            values: (K, B, F).
            dropped: Which images these are of those that dropout was drawn for; None for no dropout.
        """
        passed = [values]
        weights, biases = self._parameters.weights, self._parameters.biases
        for layer, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
            given = _through(passed[-1], weight, bias)
            if layer < len(weights) - 1:
                given.relu_()
                if dropped is not None:
                    self._dropout.apply(layer, given, dropped)
            passed.append(given)
        return passed

    def _backward(self, inputs: list[torch.Tensor], slope: torch.Tensor) -> None:
        """Write the gradients, from the slope (K, B, 1) of the loss along the logits."""
        parameters = self._parameters
        for layer in reversed(range(len(inputs))):
            _slope_of_weight(inputs[layer], slope, parameters.weight_gradients[layer])
            torch.sum(slope, 1, keepdim=True, out=parameters.bias_gradients[layer])
            if layer:
                slope = _slope_of_input(slope, parameters.weights[layer])
                # what was negative or dropped is zero in the input, and what was kept was scaled
                slope = _slope_of_relu(slope, inputs[layer], 0)
                if self._scales[layer - 1] != 1:
                    slope.mul_(self._scales[layer - 1])

    def _validate(self) -> tuple[list[float], list[float]]:
        """Give the loss and the AUC of each network on the validation part."""
        logits = torch.cat(
            [
                self._forward(values[self._row_of], None)[-1].squeeze(2)
                for values in self._validation.values.split(VALIDATION_BATCH, dim=1)
            ],
            dim=1,
        )
        targets = self._validation.targets[self._row_of]
        weights = 1 + (self._weight_of - 1) * targets
        losses = _loss(logits, targets, weights) / targets.shape[1]
        areas = aucs(logits.double().cpu().numpy(), targets.cpu().numpy() > 0)
        return losses.tolist(), areas.tolist()

    def _remember_best(self, number: int) -> None:
        best = [at for at, told in enumerate(self._histories) if best_epoch(told) == number]
        if best:
            self._parameters.remember(torch.tensor(best, device=self._device))

    def _let_go(self, number: int) -> None:
        """Write the weights of the networks that are done into their modules, and go on without them."""
        kept = []
        for at, (place, history) in enumerate(zip(self.places, self._histories, strict=True)):
            patience_left = number - best_epoch(history) < self._settings.patience
            if patience_left and number < self._settings.epochs:
                kept.append(at)
            else:
                self._parameters.write_best(at, place.perceptron)
        if len(kept) < len(self.places):
            self._parameters.keep(torch.tensor(kept, dtype=torch.long, device=self._device))
            self.places = [self.places[at] for at in kept]
            self._histories = [self._histories[at] for at in kept]
            self._arrange()

    def _arrange(self) -> None:
        """Say of each network where its draws, its data and its weight of a member are."""
        counts = Counter(place.seed for place in self.places)
        self._draws = {seed: self._draws[seed] for seed in counts}
        seeds = list(self._draws)
        if not self.places:
            return
        perceptron = self.places[0].perceptron
        self._scales = [1 / (1 - share) for share in perceptron.dropouts]
        self._dropout = Dropout(
            list(self._draws.values()),
            list(counts.values()),
            perceptron.widths,
            perceptron.dropouts,
            self._device,
        )
        self._seed_of = self._tensor([seeds.index(place.seed) for place in self.places])
        self._row_of = self._tensor([self._rows[place.position] for place in self.places])
        self._weight_of = self._member_weights[self._row_of][:, None]

    def _tensor(self, values: list[int]) -> torch.Tensor:
        return torch.tensor(values, device=self._device)


def _loss(logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Give the weighted binary cross-entropy (K,) of each network, summed over the images (K, n)."""
    short = -logits.shape[1] % LANES
    logits, targets, weights = (
        functional.pad(values, (0, short)) for values in (logits, targets, weights)
    )
    return (weights * (functional.softplus(logits) - targets * logits)).sum(dim=1)


def _chance(logits: torch.Tensor) -> torch.Tensor:
    """Turn logits (K, B) into probabilities, which do not hang on what else is in the stack."""
    images = logits.shape[1]
    if images % LANES == 0:
        return logits.sigmoid_()
    return functional.pad(logits, (0, -images % LANES)).sigmoid_()[:, :images]


# A product with a single column is several times faster as a sum.


def _through(values: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """Give values (K, B, in) times weight (K, in, out) plus bias (K, 1, out)."""
    if weight.shape[2] == 1:
        return (values * weight.mT).sum(2, keepdim=True).add_(bias)
    return torch.baddbmm(bias, values, weight)


def _slope_of_input(slope: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Give the slope (K, B, in) along the input of a layer, from that (K, B, out) along what it gives."""
    return slope * weight.mT if weight.shape[2] == 1 else torch.bmm(slope, weight.mT)


def _slope_of_weight(values: torch.Tensor, slope: torch.Tensor, out: torch.Tensor) -> None:
    """Write the slope (K, in, out) along the weight of a layer."""
    if slope.shape[2] == 1:
        torch.sum(values * slope, 1, out=out.squeeze(2))
    else:
        torch.bmm(values.mT, slope, out=out)
