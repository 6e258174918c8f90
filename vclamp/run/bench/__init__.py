"""`vclamp bench`: the engine's speed as ratios, all measured in one run."""
