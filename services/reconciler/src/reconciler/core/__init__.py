"""The decisions, pure: no input or output, clock, randomness, logging or framework.

Its one door is `reconciler.core.plan.plan`.
"""
