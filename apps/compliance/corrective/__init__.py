"""Corrective actions: what must be put right after a failed step, reading or breach; and acknowledging what is red."""
