"""Exchange Web Services as a server on premises speaks them: accounts with passwords, SOAP."""
