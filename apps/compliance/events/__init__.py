"""Events that make a duty due (a discharge, a use), and duties that need another one done first."""
