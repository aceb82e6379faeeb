"""Margin-softmax losses for CPUs."""
