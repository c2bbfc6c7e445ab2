"""Games as text that other programs read: SGF and PGN. `sgf` knows trees of properties, `sgf_games` what the games make of them."""
