"""No message is given up, and no loop or work fails for another reason than bad weather."""

from tests.simulation.simulation import Simulation


def check(simulation: Simulation) -> list[str]:
    """What should never be logged."""
    return [
        *simulation.alarms,
        *(
            f"{sum(map(len, partitions))} dead letters in {topic}"
            for topic, partitions in simulation.kafka.topics.items()
            if topic.endswith(".dead-letters.v1")
        ),
    ]
