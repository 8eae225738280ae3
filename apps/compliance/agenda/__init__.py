"""Agenda: what falls due when (the calendar), and what is mine to do (my work)."""
