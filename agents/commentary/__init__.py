"""Comments on games: what a search thought of a move, and a network that puts it into a sentence."""
