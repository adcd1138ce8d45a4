"""Command-line client of Tandem's REST API for operators."""
