"""Attune's Whisper engine: a program that reads a job file and writes JSON lines (packages/engine-protocol)."""

__version__ = "0.1.0"
PROTOCOL = 1
