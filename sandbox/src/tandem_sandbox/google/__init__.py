"""Google as its documents and its observed behaviour describe it: Calendar API v3, push, OAuth."""
