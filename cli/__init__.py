"""The front door: what people type. `main` finds the command, every command parses with `arguments` and calls the rooms below."""
