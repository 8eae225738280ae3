"""Closures: stretches in which nothing is asked for, and closed days that move or drop due days."""
