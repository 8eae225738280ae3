"""Trends: how much of what fell due was done in time, counted per facility and day."""
