"""No message is given up, nothing fails but for bad weather, and the user is refused nothing."""

from tests.simulation.simulation import Simulation


def check(simulation: Simulation) -> list[str]:
    """What should never be logged, answered or shown."""
    return [
        *simulation.alarms,
        *(
            f"{sum(map(len, partitions))} dead letters in {topic}"
            for topic, partitions in simulation.kafka.topics.items()
            if topic.endswith(".dead-letters.v1")
        ),
    ]
