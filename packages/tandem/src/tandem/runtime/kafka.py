"""Says to each kind of Kafka client how the cluster is reached and as whom.

Certificates are always checked, host names included.
"""

import ssl
from typing import Any, Final

from faststream.security import (
    BaseSecurity,
    SASLPlaintext,
    SASLScram256,
    SASLScram512,
)

from tandem.runtime.settings import KafkaSettings

_MECHANISMS: Final = {
    "PLAIN": SASLPlaintext,
    "SCRAM-SHA-256": SASLScram256,
    "SCRAM-SHA-512": SASLScram512,
}


def client_security(settings: KafkaSettings) -> dict[str, Any]:
    """What every client of aiokafka is made with besides its addresses."""
    options: dict[str, Any] = {"security_protocol": settings.kafka_security_protocol}
    if settings.kafka_tls:
        options["ssl_context"] = _tls(settings)
    if settings.kafka_sasl:
        options |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism,
            "sasl_plain_username": settings.kafka_username,
            "sasl_plain_password": _password(settings),
        }
    return options


def broker_security(settings: KafkaSettings) -> BaseSecurity:
    """The same for a broker of FastStream."""
    context = _tls(settings) if settings.kafka_tls else None
    if not settings.kafka_sasl:
        return BaseSecurity(ssl_context=context, use_ssl=settings.kafka_tls)
    return _MECHANISMS[settings.kafka_sasl_mechanism](
        username=settings.kafka_username,
        password=_password(settings),
        ssl_context=context,
        use_ssl=settings.kafka_tls,
    )


def _tls(settings: KafkaSettings) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=settings.kafka_ca_file)


def _password(settings: KafkaSettings) -> str:
    if settings.kafka_password_file is None:
        return settings.kafka_password.get_secret_value()
    return settings.kafka_password_file.read_text("utf-8").strip()
