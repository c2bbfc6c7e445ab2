"""A variational autoencoder beside a plain one, on handwritten digits, with two latent numbers each.

    python examples/digits_vae.py

Kingma and Welling 2014, "Auto-Encoding Variational Bayes"; the networks are those of Ha and Schmidhuber's world model, narrower, on
scikit-learn's digits made 64x64. Both make a digit again from two numbers. Only of the variational one it is known how those are
spread, so that numbers drawn afresh become digits too, and it bounds the likelihood of a digit that it has not seen.

Reached with seed 0, in 95 seconds of one core: a bound of -24.8 nats (points by themselves: -27.1); digits drawn afresh are .15
from the nearest true one, those of the plain autoencoder .25.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from _digits import Digits, load
from torch import Tensor, nn
from torch.nn import functional as F

from zerodojo.cli.example import Example, main
from zerodojo.models.vision.vae import VAE, Autoencoder, autoencoder, draw, elbo, kl_from_prior, log_likelihood, vae

BATCH = 64
SCALE = 8  # from a digit to an image of the networks
RADIUS = 2.2  # of the part of the latent plane that is drawn, in standard deviations of the prior


def run(example: Example) -> None:
    """Trains both, compares them on digits held back, and draws the plane."""
    training, held_back = load(seed=example.seed)
    torch.manual_seed(example.seed)
    variational, plain = vae(latent=2, channels=1, width=4), autoencoder(latent=2, channels=1, width=4)
    steps = example.choose(1500, 5)
    example.say(f"Learning from {len(training.images)} digits, {steps:,} batches of {BATCH}")
    train(variational, training.images, steps, variational_loss)
    train(plain, training.images, steps, plain_loss)
    with torch.no_grad():
        compare(example, variational.eval(), plain.eval(), training, held_back)
        example.picture(lambda figure: picture(figure, variational, plain, held_back), size=(12, 3.9))


def train(network: nn.Module, images: Tensor, steps: int, loss: Any) -> None:
    """Adam on random batches, its step falling to nothing."""
    optimizer = torch.optim.Adam(network.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=steps)
    for _ in range(steps):
        batch = images[torch.randint(len(images), (BATCH,))]
        optimizer.zero_grad()
        loss(network, batch).backward()
        optimizer.step()
        schedule.step()


def variational_loss(network: nn.Module, x: Tensor) -> Tensor:
    """The bound with its sign changed (equation 10)."""
    made, mean, log_variance = network(large(x))
    return -elbo(x, small(made), mean, log_variance, likelihood="bernoulli").mean()


def plain_loss(network: nn.Module, x: Tensor) -> Tensor:
    """The same without the divergence."""
    return -log_likelihood(x, small(network(large(x))), "bernoulli").mean()


def compare(example: Example, variational: VAE, plain: Autoencoder, training: Digits, held_back: Digits) -> None:
    """Prints what both reach on digits held back."""
    x = held_back.images
    mean, log_variance = variational.encode(large(x))
    bound, likelihood = bound_and_likelihood(variational, x, mean, log_variance, draws=example.choose(50, 2))
    mean_digit = training.images.mean(0, keepdim=True)
    blind = float(log_likelihood(x, mean_digit.clamp(1e-3, 1 - 1e-3).expand_as(x), "bernoulli").mean())
    example.say("Of a digit held back, in nats, each of its 64 points a share of ink:")
    example.check("log-likelihood of points by themselves", blind)
    example.check("the bound (ELBO)", bound, at_least=blind + 1.5, learned=True)
    example.check("log-likelihood, by importance sampling", likelihood)
    example.check("divergence from the prior", float(kl_from_prior(mean, log_variance).mean()))

    nothing = error(x, mean_digit)
    example.say("Error of a point when the digit is made again (root mean square):")
    example.check("the mean digit for all", nothing)
    example.check("variational", error(x, small(variational.decoder(mean))), at_most=0.85 * nothing, learned=True)
    example.check("plain", error(x, small(plain(large(x)))), at_most=0.85 * nothing, learned=True)

    example.say("Digits made of numbers drawn from the prior: distance of a point to the nearest digit's (root mean square):")
    latent = torch.randn(500, 2)
    fresh, chance = (distance(small(network.decoder(latent)), training.images) for network in (variational, plain))
    example.check("variational", fresh, at_most=chance, learned=True)
    example.check("plain", chance)

    example.say("Held-back digits whose 5 nearest in the plane say what they are:")
    for name, encode in (("variational", lambda image: variational.encode(image)[0]), ("plain", plain.encode)):
        right = neighbours_right(encode(large(training.images)), training.labels, encode(large(x)), held_back.labels)
        example.check(name, right, at_least=0.6, learned=True)


def large(x: Tensor) -> Tensor:
    """Digits [N, 1, 8, 8] -> images [N, 1, 64, 64] as the networks read them."""
    return F.interpolate(x, scale_factor=SCALE)


def small(x: Tensor) -> Tensor:
    """Images -> digits. The likelihood is that of a digit's 64 points, not of their copies."""
    return F.avg_pool2d(x, SCALE)


def bound_and_likelihood(network: VAE, x: Tensor, mean: Tensor, log_variance: Tensor, *, draws: int) -> tuple[float, float]:
    """The mean bound on log p(x), and log p(x) itself from draws of q(z | x), each weighted by p(z) / q(z | x)."""
    bounds, weights = [], []
    for _ in range(draws):
        z = draw(mean, log_variance)
        made = small(network.decoder(z))
        bounds.append(elbo(x, made, mean, log_variance, likelihood="bernoulli"))
        density = normal(z, torch.zeros(()), torch.zeros(())) - normal(z, mean, log_variance)
        weights.append(log_likelihood(x, made, "bernoulli") + density)
    return float(torch.stack(bounds).mean()), float((torch.stack(weights).logsumexp(0) - math.log(draws)).mean())


def normal(z: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """The logarithm of a Gaussian's density, [N, latent] -> [N]."""
    return -0.5 * (log_variance + (z - mean).square() / log_variance.exp() + math.log(2 * math.pi)).sum(1)


def error(x: Tensor, made: Tensor) -> float:
    """Root mean square over all points."""
    return float((x - made).square().mean().sqrt())


def distance(made: Tensor, digits: Tensor) -> float:
    """From each digit that was made to the nearest there is: root mean square of a point."""
    nearest = torch.cdist(made.flatten(1), digits.flatten(1)).amin(1)
    return float((nearest.square() / made[0].numel()).mean().sqrt())


def neighbours_right(codes: Tensor, labels: Tensor, asked: Tensor, truth: Tensor) -> float:
    """The share of `asked` that most of their five nearest codes name rightly."""
    nearest = torch.cdist(asked, codes).topk(5, largest=False).indices
    return float((labels[nearest].mode(1).values == truth).float().mean())


def picture(figure: Any, variational: VAE, plain: Autoencoder, held_back: Digits) -> None:
    """Both planes with the digits that were held back, what lies in the variational one, and digits made again."""
    codes_axis, plane_axis, plain_axis, again_axis = figure.subplots(1, 4, width_ratios=(1, 1, 1, 0.32))
    images = large(held_back.images)
    for axis, codes, title in (
        (codes_axis, variational.encode(images)[0], "variational: where held-back digits lie"),
        (plain_axis, plain.encode(images), "plain: where they lie"),
    ):
        for digit in range(10):
            x, y = codes[held_back.labels == digit].T
            axis.plot(x, y, ".", color=f"C{digit}", markersize=3)
            axis.text(x.median(), y.median(), str(digit), color=f"C{digit}", fontsize=13, fontweight="bold", ha="center")
        axis.set_title(title, loc="left", fontsize=9)
    edge = torch.linspace(-RADIUS, RADIUS, 12)
    latent = torch.cartesian_prod(edge.flip(0), edge).flip(1)  # rows from the top, x before y
    made = sheet(small(variational.decoder(latent)), columns=12)
    plane_axis.imshow(made, cmap="gray_r", extent=(-RADIUS, RADIUS, -RADIUS, RADIUS), vmin=0, vmax=1)
    plane_axis.set_title("variational: what lies there", loc="left", fontsize=9)
    again = torch.stack([held_back.images, small(variational(images)[0]), small(plain(images))], 1)[:10]
    again_axis.imshow(sheet(again.flatten(0, 1), columns=3), cmap="gray_r", vmin=0, vmax=1)
    again_axis.set_title("true, both", loc="left", fontsize=9)
    again_axis.set_axis_off()
    plane_axis.grid(False)
    for axis in (codes_axis, plane_axis, plain_axis):
        axis.set_box_aspect(1)


def sheet(digits: Tensor, *, columns: int) -> Any:
    """Digits [N, 1, 8, 8] side by side, row by row, with space around each."""
    apart = F.pad(digits, (1, 1, 1, 1)).reshape(-1, columns, 10, 10)
    return apart.transpose(1, 2).reshape(-1, 10 * columns).numpy()


if __name__ == "__main__":
    main(run, doc=__doc__, name="digits_vae")
