"""Ports of a stack, and the variables that change them."""

import socket

import pytest

from tandem_embedded.addresses import Ports, PortTakenError


def test_without_variables_the_ports_are_the_fixed_ones():
    ports = Ports.from_environment({})
    assert (ports.settings_api, ports.sandbox, ports.kafka, ports.postgres) == (
        8080,
        8090,
        19092,
        15432,
    )


def test_a_variable_changes_one_port():
    assert Ports.from_environment({"SANDBOX_PORT": "9999"}).sandbox == 9999


@pytest.mark.parametrize("text", ["0", "65536", "http", "-1"])
def test_a_wrong_port_is_refused_by_the_name_of_its_variable(text):
    with pytest.raises(ValueError, match="KAFKA_PORT"):
        Ports.from_environment({"KAFKA_PORT": text})


def test_a_taken_port_is_told_with_its_variable():
    ports = Ports.free()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", ports.reconciler))
        listener.listen()
        with pytest.raises(PortTakenError, match="RECONCILER_PORT"):
            ports.check_free(frozenset({"reconciler"}))
    ports.check_free(frozenset({"sandbox"}))
