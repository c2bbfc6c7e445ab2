"""The faces of our games in other libraries' worlds. Each file needs its library and is imported when it is asked for."""
