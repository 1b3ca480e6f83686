"""Every line of every command through Airbyte's own models of the protocol, and by its bytes."""

import airbyte_protocol.models as protocol
import pytest

from surroundings import FULL, INCREMENTAL, Simulator, catalog, config, in_image

SCALE = "60"


@pytest.fixture(scope="module")
def sim():
    with Simulator("--size", "small", "--page-cap", "20", "--scale", SCALE) as sim:
        yield sim


def assert_protocol(output):
    """Each line is one message that the models take, and holds what its type promises."""
    assert output.raw.endswith(b"\n") and not output.raw.startswith(b"\n")
    text = output.raw.decode("utf-8")
    # What Python takes for a line and what the protocol takes for one are the same.
    assert text.splitlines() == text.split("\n")[:-1]
    for line in text.splitlines():
        message = protocol.AirbyteMessage.model_validate_json(line)
        kind = message.type.value
        body = {"CONNECTION_STATUS": "connectionStatus"}.get(kind, kind.lower())
        assert getattr(message, body) is not None, line
        unknown = [*(message.model_extra or {}), *(getattr(message, body).model_extra or {})]
        assert not unknown, f"{unknown} in {line[:300]}"
    assert output.stderr == b""
    return output


def test_spec():
    output = assert_protocol(in_image(None, "spec"))
    assert (output.code, len(output.messages)) == (0, 1)


def test_check(sim):
    output = assert_protocol(in_image(sim, "check", SCALE, config=config()))
    (status,) = output.of_type("CONNECTION_STATUS")
    assert (output.code, status["connectionStatus"]["status"]) == (0, "SUCCEEDED")


@pytest.mark.parametrize(
    "wrong", [{"credentials": {"credentials": "oauth2.0", "access_token": "x1"}}, {"start_date": 7}]
)
def test_check_that_fails(sim, wrong):
    output = assert_protocol(in_image(sim, "check", SCALE, config=config(**wrong)))
    (status,) = output.of_type("CONNECTION_STATUS")
    assert (output.code, status["connectionStatus"]["status"]) == (0, "FAILED")


def test_discover(sim):
    output = assert_protocol(in_image(sim, "discover", SCALE, config=config())).complete()
    assert len(output.streams()) == 73  # six of them are kinds of custom objects


def test_read_and_read_again(sim):
    streams = in_image(sim, "discover", SCALE, config=config()).streams()
    for mode in (FULL, INCREMENTAL):
        chosen = catalog(streams, mode)
        first = in_image(sim, "read", SCALE, config=config(), catalog=chosen)
        assert_protocol(first).complete()
        assert set(first.rows()) == {entry["stream"]["name"] for entry in chosen["streams"]}
        state = first.states()
        again = in_image(sim, "read", SCALE, config=config(), catalog=chosen, state=state)
        assert_protocol(again).complete()


def test_read_of_a_catalog_that_is_none(sim):
    wrong = {"streams": [{"stream": {"name": "nobody"}, "sync_mode": "INVALID"}]}
    output = assert_protocol(in_image(sim, "read", SCALE, config=config(), catalog=wrong))
    assert output.code == 1 and output.errors()
