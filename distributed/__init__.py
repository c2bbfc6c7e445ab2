"""The loops of `agents` placed on Ray: self-play workers as actors, with recovery. `zerodojo.train` stands in `training`,
`zerodojo.train_agent` in `gym_training`."""
