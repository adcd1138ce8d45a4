"""Messages that services exchange over Kafka, and the topics that carry them.

Frozen pydantic models only; nothing here knows a vendor, a database or a broker.
"""
