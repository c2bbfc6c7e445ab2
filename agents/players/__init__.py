"""The players, one file each; `agents.specs` knows them by name and imports one when it is asked for."""
