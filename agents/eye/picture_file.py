"""Pictures from files, as arrays."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ...errors import UserError
from .sight import Image


def read_picture(path: str | Path) -> Image:
    """A PNG, JPEG or other picture that pygame reads, [H, W, 3]; transparent is white. Raises UserError for anything else."""
    path = Path(path)
    if path.is_dir():
        raise UserError(f"{path} is a folder; name a picture in it")
    if not path.is_file():
        raise UserError(f"there is no picture {path}")
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    import pygame

    try:
        surface = pygame.image.load(path)
    except (pygame.error, OSError) as error:
        raise UserError(f"{path} cannot be read as a picture ({error}); save it as PNG or JPEG") from error
    white = pygame.Surface(surface.get_size(), depth=32)
    white.fill((255, 255, 255))
    white.blit(surface, (0, 0))
    return np.ascontiguousarray(pygame.surfarray.array3d(white).transpose(1, 0, 2))
