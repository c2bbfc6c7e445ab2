"""What agents of environments share: returns, distributions, replay, schedules, exploration. Each part is small and exact."""
