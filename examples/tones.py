"""WaveNet plays tones: told which note, it makes half a second of sound, sample by sample.

    python examples/tones.py

Van den Oord et al. 2016. Each note has its own 64 classes of sound (mu-law), so that every sample tells the network which note it
is; the paper adds that to every layer. Generation keeps each layer's past and computes one new column a sample. The sound becomes a
WAV file. Reached, seed 0: four notes, none more than .08 semitones off (20 s). Told the note once, before the sound, it plays
clean tones as well, and mostly those of another note.
"""

from __future__ import annotations

import math
import wave
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from zerodojo.cli.example import Example, main
from zerodojo.cli.study_picture import COLOURS
from zerodojo.models import create
from zerodojo.models.sequence.wavenet import WaveNet, mu_law_decode, mu_law_encode

RATE = 4000  # samples a second
SOUND = 64  # classes of sound that each note has
NOTES = {"C4": 261.63, "E4": 329.63, "G4": 392.0, "C5": 523.25}  # hertz
SILENCE = SOUND // 2
BATCH, LENGTH, STEP_SIZE = 8, 256, 5e-3


def tones(pitches: Tensor, length: int) -> Tensor:
    """Pitches [N] in hertz -> sound [N, length]: a note and its octave, from a phase and with a loudness drawn for each."""
    phase = torch.rand(len(pitches), 1) * 2 * math.pi
    angle = 2 * math.pi * pitches.unsqueeze(1) * torch.arange(length) / RATE + phase
    return (0.6 + 0.2 * torch.rand(len(pitches), 1)) * (0.8 * angle.sin() + 0.2 * (2 * angle).sin())


def drawn(n: int) -> Tensor:
    """Tokens to learn from [n, 1 + LENGTH]: silence of a note, then its sound."""
    notes = torch.randint(0, len(NOTES), (n,))
    sound = mu_law_encode(tones(torch.tensor(list(NOTES.values()))[notes], LENGTH), SOUND)
    return SOUND * notes.unsqueeze(1) + F.pad(sound, (1, 0), value=SILENCE)


@torch.no_grad()
def generated(network: WaveNet, length: int, generator: torch.Generator) -> Tensor:
    """A sound for each note, all at once, each sample drawn: [notes, length] in [-1, 1]."""
    notes, state, chosen = torch.arange(len(NOTES)), network.initial_state(len(NOTES)), []
    sound = torch.full_like(notes, SILENCE)
    for _ in range(length):
        log_probabilities, state = network.step(SOUND * notes + sound, state)
        own = log_probabilities.view(len(notes), len(notes), SOUND)[notes, notes]
        sound = torch.multinomial((own / 0.5).softmax(1), 1, generator=generator).squeeze(1)
        chosen.append(sound)
    return mu_law_decode(torch.stack(chosen, dim=1), SOUND)


def spectrum(sound: NDArray[np.float32]) -> tuple[NDArray[Any], NDArray[Any]]:
    """(frequencies in hertz, magnitudes) of one sound [T], through a window and filled up to four times its length."""
    return np.fft.rfftfreq(4 * len(sound), 1 / RATE), np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 4 * len(sound)))


def pitch(sound: NDArray[np.float32]) -> float:
    """The loudest frequency in hertz."""
    frequencies, magnitudes = spectrum(sound)
    return float(frequencies[magnitudes.argmax()])


def write(path: Path, sound: NDArray[np.float32]) -> None:
    """Sound [T] in [-1, 1] as WAV, 16 bits a sample."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((sound * 32767).astype("<i2").tobytes())


def run(example: Example) -> None:
    """Learns the notes, plays each, and measures their pitches."""
    torch.manual_seed(example.seed)
    blocks, doublings = example.choose((1, 7), (1, 3))
    options: dict[str, Any] = {"channels": 24, "skip": 48, "blocks": blocks, "doublings": doublings}
    network = cast(WaveNet, create("wavenet", num_classes=SOUND * len(NOTES), **options))
    steps = example.choose(500, 12)
    optimizer = torch.optim.Adam(network.parameters(), lr=STEP_SIZE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, STEP_SIZE, total_steps=steps, pct_start=0.1)
    for _ in range(steps):
        tokens = drawn(BATCH)
        loss = F.cross_entropy(network(tokens[:, :-1])[0].flatten(0, 1), tokens[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()

    example.say(f"It sees {network.stack.receptive_field} samples back, {1000 * network.stack.receptive_field / RATE:.0f} ms.")
    example.check("perplexity of a sample", float(loss.detach().exp()))
    length = example.choose(RATE // 2, RATE // 20)
    sounds = generated(network, length, torch.Generator().manual_seed(example.seed)).numpy()
    for (name, asked), sound in zip(NOTES.items(), sounds, strict=True):
        heard = pitch(sound)
        example.check(
            f"{name}, {asked:.0f} Hz: off by",
            abs(12 * math.log2(max(heard, 1) / asked)),
            at_most=0.5,
            unit=" semitones",
            learned=True,
        )
    with torch.no_grad():
        tokens = drawn(2)[:, :100]
        state, slow = network.initial_state(2), []
        for token in tokens.T:
            said, state = network.step(token, state)
            slow.append(said)
        apart = (torch.stack(slow, dim=1) - network(tokens)[0].log_softmax(2)).abs().max()
    example.check("step by step, off the whole pass by", float(apart), at_most=1e-4)
    path = example.folder / "tones.wav"
    write(path, sounds.flatten())
    example.say(f"  Sound: {path}")
    example.picture(lambda figure: draw(figure, sounds))


def draw(figure: Any, sounds: NDArray[np.float32]) -> None:
    """The beginning of each sound, and its spectrum with the pitch that was asked for."""
    waves, spectra = figure.subplots(1, 2)
    for i, (asked, sound) in enumerate(zip(NOTES.values(), sounds, strict=True)):
        part = sound[-100:]
        waves.plot(np.arange(len(part)) / RATE * 1000, part - 2 * i, color=COLOURS[i], linewidth=1)
        frequencies, magnitudes = spectrum(sound)
        spectra.plot(frequencies, magnitudes / magnitudes.max() - 1.2 * i, color=COLOURS[i], linewidth=1)
        spectra.plot([asked] * 2, [-1.2 * i, 1 - 1.2 * i], color="#555555", linewidth=0.8, linestyle=":")
    waves.set(xlabel="ms, at the sound's end", title="What it plays")
    waves.set_yticks([-2 * i for i in range(len(NOTES))], list(NOTES))
    spectra.set(xlabel="Hz (dotted: asked for)", xlim=(0, 1300), yticks=[], title="Spectrum")


if __name__ == "__main__":
    main(run, doc=__doc__, name="tones")
