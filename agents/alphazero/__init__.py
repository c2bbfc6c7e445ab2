"""AlphaZero: self-play, replay, learner, and the loop that joins them. One description; `distributed` places it on Ray."""
