"""What this service keeps in its schema `crm`: a class for each noun, a query a method.

Connections are a projection of `settings.connections.v1`. Work is shared between processes by
leases: a claim runs out by itself.
"""
