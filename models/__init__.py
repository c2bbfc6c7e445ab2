"""The networks that judge, their weights, and the engines that run them fast. Nothing is imported here: torch is slow to load."""
