"""How right predictions are: of classes, of every point of an image, of objects, of text; and how fast. All on plain numbers."""
