"""How other programs write games down and talk about them: SGF and GTP."""
