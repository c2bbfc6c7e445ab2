"""Games that live in other libraries, each behind the Game contract by one file. `envs.make` finds them by their prefix."""
