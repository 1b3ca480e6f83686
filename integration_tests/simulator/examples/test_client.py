"""Tests of a Zendesk client against the simulator. The client here is zenpy; put your own in its place.

    pip install pytest zenpy
    cargo build --package simulator
    SIMULATOR=target/debug/zendesk-simulator pytest integration_tests/simulator/examples

SIMULATOR is the path of the program. Without it, `zendesk-simulator` from PATH is used. The tests never wait
in real time: when the client sleeps, they move the clock of the account.
"""

import datetime
import os
import subprocess

import pytest
import requests
import zenpy.lib.api
from requests.adapters import HTTPAdapter
from zenpy import Zenpy
from zenpy.lib.api_objects import Comment, Ticket, User
from zenpy.lib.exception import APIException

ACCOUNT = "https://acme.zendesk.com"
EMAIL, TOKEN = "admin@example.com", "simulated-admin-api-token"
YEARS_AGO = datetime.datetime(2015, 1, 1, tzinfo=datetime.timezone.utc)

# Exports withhold the rows of the last minute.
UNTIL_EXPORTED = 70


class Account:
    """A simulated account. It ends when this process does, however that ends."""

    def __init__(self, *options):
        self.process = subprocess.Popen(
            [os.environ.get("SIMULATOR", "zendesk-simulator"), "--until-stdin-ends", *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        self.url = self.process.stdout.readline().strip()
        assert self.url, "the simulator does not start"

    def order(self, order):
        """Sends an order, as described in the README of the simulator."""
        answer = self.direct().post(f"{self.url}/simulator", data=order)
        answer.raise_for_status()
        return answer.json()

    def client(self):
        """A client whose requests to https://acme.zendesk.com go to the simulator."""
        session = self.direct()
        session.mount(ACCOUNT, ToSimulator(self.url))
        return Zenpy(subdomain="acme", email=EMAIL, token=TOKEN, session=session)

    @staticmethod
    def direct():
        session = requests.Session()
        session.trust_env = False  # no proxy between
        return session

    def end(self):
        self.process.stdin.close()
        assert self.process.wait(30) == 0


class ToSimulator(HTTPAdapter):
    """Sends requests for the account's host to the simulator. The `Host` header keeps the account's name."""

    def __init__(self, url):
        super().__init__()
        self.simulator = url

    def send(self, request, **options):
        moved = request.copy()
        moved.url = request.url.replace(ACCOUNT, self.simulator, 1)
        moved.headers["Host"] = "acme.zendesk.com"
        answer = super().send(moved, **options)
        answer.request, answer.url = request, request.url
        return answer


@pytest.fixture
def account():
    account = Account("--size", "tiny", "--tidy-people")
    yield account
    account.end()


@pytest.fixture
def client(account):
    return account.client()


@pytest.fixture
def slept(account, monkeypatch):
    """The seconds that the client slept. The client does not wait: the clock of the account moves instead."""
    slept = []

    def sleep(seconds):
        slept.append(seconds)
        account.order(f"advance {seconds}")

    monkeypatch.setattr(zenpy.lib.api, "sleep", sleep)
    return slept


def ids_in_truth(account, resource):
    """The ids that a complete read delivers, as the account reports them."""
    return {row["row"]["id"] for row in account.order(f"truth {resource}") if not row["deleted"]}


def test_all_tickets_by_cursor(account, client):
    listed = [ticket.id for ticket in client.tickets(cursor_pagination=5)]
    assert len(listed) == len(set(listed)) > 10
    # The listing leaves out archived tickets. The exports have them.
    live = [row["row"] for row in account.order("truth tickets") if not row["deleted"]]
    assert set(listed) <= {ticket["id"] for ticket in live}
    assert set(listed) >= {ticket["id"] for ticket in live if ticket["status"] != "closed"}
    asked = [seen for seen in account.order("log") if seen["target"].startswith("/api/v2/tickets")]
    assert len(asked) > 2 and all("page%5B" in seen["target"] for seen in asked), asked


def test_an_incremental_export_and_what_changed_since(account, client):
    account.order(f"advance {UNTIL_EXPORTED}")
    first = list(client.users.incremental(start_time=YEARS_AGO))
    assert {user.id for user in first} >= ids_in_truth(account, "users")
    since = datetime.datetime.fromtimestamp(account.order("status")["now"], datetime.timezone.utc)
    changed = account.order("touch users 2")
    account.order(f"advance {UNTIL_EXPORTED}")
    again = list(client.users.incremental(start_time=since - datetime.timedelta(seconds=60)))
    assert {str(user.id) for user in again} >= set(changed)
    assert len(again) < len(first)


def test_the_last_minute_is_no_start_of_an_export(account, client):
    now = datetime.datetime.fromtimestamp(account.order("status")["now"], datetime.timezone.utc)
    with pytest.raises(APIException, match="StartTimeTooRecent"):
        list(client.users.incremental(start_time=now))


def test_a_limit_is_waited_for(account, client, slept):
    for _ in range(11):  # ten a minute are allowed
        list(client.tickets.events(start_time=YEARS_AGO))
    log = account.order("log")
    assert [seen["status"] for seen in log].count(429) == 1 and log[-1]["status"] == 200
    assert account.order("refusals") == {"incremental-exports": 1}
    # The client tried again in the next minute, not before.
    (refused,) = [seen["at"] for seen in log if seen["status"] == 429]
    back = [seen["at"] for seen in log if seen["at"] > refused]
    assert back[0] // 60 == refused // 60 + 1 and 0 < sum(slept) <= 60


def test_a_429_that_is_asked_for_is_obeyed(account, client, slept):
    refusal = '{"path": "/users/me", "at_most": 2, "fault": {"status": {"code": 429, "retry_after": 7}}}'
    account.order(f"faults [{refusal}]")
    assert client.users.me().email == EMAIL
    assert sum(slept) == 14
    times = [seen["at"] for seen in account.order("log")]
    assert [later - sooner >= 7 for sooner, later in zip(times, times[1:])] == [True, True]


def test_a_user_a_ticket_and_what_follows(account, client):
    user = client.users.create(User(name="Kim", email="kim@example.org"))
    comment = Comment(body="The printer is on fire.", public=True)
    made = client.tickets.create(Ticket(subject="Fire", comment=comment, requester_id=user.id))
    solved = client.tickets.update(Ticket(id=made.ticket.id, status="solved"))
    assert solved.ticket.status == "solved"
    (said,) = client.tickets.comments(ticket=made.ticket.id)
    assert said.body == "The printer is on fire."
    events = [event for audit in client.tickets.audits(ticket=made.ticket.id) for event in audit.events]
    kinds = [event["type"] for event in events]
    assert kinds.count("Comment") == 1 and "Change" in kinds, kinds
    # The ledger counts the mails that Zendesk would have sent: to the new address and to the requester.
    ledger = account.order("ledger")
    assert ledger["verification_mails"] == 1 and ledger["requester_mails"] >= 1, ledger
    assert ledger["users_created"] == 1 and ledger["tickets_created"] == 1, ledger


def test_an_answer_that_is_lost_after_the_write(account, client):
    account.order('faults [{"method": "POST", "path": "/users", "at_most": 1, "fault": "reset"}]')
    with pytest.raises(requests.exceptions.ConnectionError):
        client.users.create(User(name="Kim", email="kim@example.org"))
    # The user exists, so a client must look before it tries again.
    with pytest.raises(APIException, match="RecordInvalid"):
        client.users.create(User(name="Kim", email="kim@example.org"))
    assert account.order("ledger")["users_created"] == 1


def test_the_search_index_is_behind(account, client):
    account.order('knobs {"search_lag_seconds": 120}')
    user = client.users.create(User(name="Kim", email="kim@example.org"))

    def found():
        return [found.id for found in client.search(type="user", email="kim@example.org")]

    assert found() == []
    account.order("advance 121")
    assert found() == [user.id]
