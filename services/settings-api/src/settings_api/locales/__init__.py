"""Catalogues of texts, one for each language but English, whose texts are their own keys."""
