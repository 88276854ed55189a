"""Explorers, one module a notebook: functions that need no argument and return one widget."""
