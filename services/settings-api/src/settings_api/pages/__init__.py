"""The pages that people see: HTML that works without scripts, made livelier by them."""
