"""Figures at the doors: asked for, named, explained and written to files."""
