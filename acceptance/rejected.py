"""Rejected rows in a bucket of moto, a server that others wrote, behind a gate that holds each signature against
botocore's. The program is $DESTINATION, and once that of the image."""

import collections
import json
import os
import ssl
import subprocess
import threading
import urllib.parse
import uuid

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import pytest
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from rows import catalog, counts, customers, messages
from surroundings import (
    CERTIFICATES,
    DESTINATION_IMAGE,
    LONGEST_RUN,
    Output,
    Simulator,
    destination_config,
    docker_run,
    folder,
)

SCALE = "60"
REGION = "eu-west-1"
KEY, SECRET, TOKEN = "AKIAACCEPTANCE", "hush-hush-secret", "hush-hush-token"


class Gate:
    """Lets through what is signed by the keys, and answers some requests by itself. `boto3` goes around it."""

    def __init__(self):
        self.app = DomainDispatcherApplication(create_backend_app)
        self.seen, self.faults = [], []
        self.token, self.denied = None, set()

    def __call__(self, environ, start):
        if environ.get("HTTP_X_TEST") == "inside":
            return self.app(environ, start)
        self.seen.append((environ["REQUEST_METHOD"], environ["RAW_URI"], dict(environ)))
        code = self.refusal(environ)
        if code:
            words = f"<Error><Code>{code}</Code><Message>{code} of the gate</Message></Error>"
            status = {"SlowDown": "503 Slow Down"}.get(code, "403 Forbidden")
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(words)))])
            return [words.encode()]
        return self.app(environ, start)

    def refusal(self, environ):
        query = urllib.parse.parse_qs(environ["QUERY_STRING"])
        key_id = query.get("X-Amz-Credential", [""])[0].split("/")[0]
        if key_id != KEY:
            return "InvalidAccessKeyId"
        if not self.is_signed(environ):
            return "SignatureDoesNotMatch"
        if environ["REQUEST_METHOD"] in self.denied:
            return "AccessDenied"
        return self.faults.pop(0) if self.faults else None

    def is_signed(self, environ):
        path, _, query = environ["RAW_URI"].partition("?")
        pairs = [pair for pair in query.split("&") if not pair.startswith("X-Amz-Signature=")]
        (signature,) = [pair[16:] for pair in query.split("&") if pair not in pairs]
        host = environ["HTTP_HOST"]
        request = botocore.awsrequest.AWSRequest(
            method=environ["REQUEST_METHOD"], url=f"https://{host}{path}?{'&'.join(pairs)}"
        )
        request.headers["host"] = host
        given = dict(urllib.parse.parse_qsl(query))
        request.context["timestamp"] = given["X-Amz-Date"]
        keys = botocore.credentials.Credentials(KEY, SECRET)
        auth = botocore.auth.S3SigV4QueryAuth(keys, "s3", REGION)
        text = auth.string_to_sign(request, auth.canonical_request(request))
        return auth.signature(text, request) == signature and given.get("X-Amz-Security-Token") == self.token


@pytest.fixture(scope="module")
def server():
    gate = Gate()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "server.pem", CERTIFICATES / "server.key")
    server = make_server("127.0.0.1", 0, gate, threaded=True, ssl_context=context)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield gate, f"https://localhost:{server.server_port}"
    server.shutdown()
    thread.join(60)


@pytest.fixture
def gate(server):
    gate, _ = server
    gate.seen, gate.faults, gate.token, gate.denied = [], [], None, set()
    return gate


def around_the_gate(request, **_):
    request.headers["X-Test"] = "inside"


@pytest.fixture
def bucket(server):
    """A bucket that is asked around the gate."""
    _, url = server
    client = boto3.resource(
        "s3", endpoint_url=url, region_name=REGION, aws_access_key_id="inside",
        aws_secret_access_key="inside", verify=str(CERTIFICATES / "authority.pem"),
        config=botocore.config.Config(s3={"addressing_style": "path"}, retries={"max_attempts": 0}, proxies={}),
    )
    client.meta.client.meta.events.register("before-send.s3", around_the_gate)
    bucket = client.Bucket(f"rows-{uuid.uuid4()}")
    bucket.create(CreateBucketConfiguration={"LocationConstraint": REGION})
    yield bucket
    bucket.objects.delete()
    bucket.delete()


@pytest.fixture
def sim():
    with Simulator("--size", "small", "--tidy-people", "--scale", SCALE) as sim:
        yield sim


def storage(server, bucket, **changes):
    given = {
        "storage_type": "S3", "access_key_id": KEY, "secret_access_key": SECRET,
        "s3_bucket_name": bucket.name, "s3_bucket_region": REGION, "s3_endpoint": server[1],
        "bucket_path": "zendesk/rows rejected",
    }
    return {name: value for name, value in {**given, **changes}.items() if value is not None}


def surroundings(sim, **more):
    known = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "WORKER_"))}
    ours = {
        "ZENDESK_BASE_URL": sim.url, "ZENDESK_CLOCK_SCALE": SCALE,
        "SSL_CERT_FILE": str(CERTIFICATES / "authority.pem"), "NO_PROXY": "localhost,127.0.0.1",
    }
    return {**known, **ours, **more}


def run(sim, command, storage, rows=(), every=100, **more):
    """Runs a command of the program, whose output holds no secret."""
    place = folder(config=destination_config(object_storage_config=storage), catalog=catalog())
    line = [os.environ["DESTINATION"], command, "--config", place / "config.json"]
    line += ["--catalog", place / "catalog.json"] if command == "write" else []
    ran = subprocess.run(
        line, input=messages(rows, every), capture_output=True, timeout=LONGEST_RUN, env=surroundings(sim, **more)
    )
    for secret in (KEY, SECRET, TOKEN):
        assert secret.encode() not in ran.stdout + ran.stderr
    return Output(ran)


def bad_customers(count):
    """Customers of whom each tenth is rejected, and those."""
    rows = customers(count)
    rejected = rows[7::10]
    for at, row in enumerate(rejected):
        row["email"] = f"no address {at} é"
    return rows, rejected


def kept(bucket):
    """The rows in the bucket by the folder of their object, in order."""
    found = collections.defaultdict(list)
    for one in sorted(bucket.objects.all(), key=lambda one: one.key):
        place, _, name = one.key.rpartition("/")
        assert name.endswith(".jsonl"), one.key
        text = one.get()["Body"].read().decode()
        assert text.endswith("\n")
        found[place] += [json.loads(line) for line in text.splitlines()]
    return dict(found)


def assert_kept(rows, rejected):
    """Every rejected row is there once, whole and with its reason."""
    by_key = {row["key"]: row for row in rows}
    assert len(by_key) == len(rows) == len(rejected)
    for record in rejected:
        row = by_key[record["external_id"]]
        assert (row["record"], row["field"], row["reason"]) == (record, "email", "invalid_value")
        assert (row["stream"], row["namespace"]) == ("customers", "warehouse")
        assert row["message"] and row["at"] and {"http_status", "job_id", "attempt"} <= row.keys()


def test_every_rejected_row_is_in_the_bucket(sim, server, gate, bucket):
    rows, rejected = bad_customers(1_050)
    output = run(sim, "write", storage(server, bucket), rows, WORKER_JOB_ID="4711", WORKER_JOB_ATTEMPT="2")
    assert counts(output.complete()) == {"recordCount": 945, "rejectedRecordCount": 105, "created": 945}
    found = kept(bucket)
    assert list(found) == ["zendesk/rows rejected/4711/warehouse/customers"]
    (stored,) = found.values()
    assert_kept(stored, rejected)
    assert {row["attempt"] for row in stored} == {2}
    assert {method for method, _, _ in gate.seen} == {"PUT"}
    token = destination_config()["credentials"]
    for _, uri, environ in gate.seen:
        assert "HTTP_AUTHORIZATION" not in environ and SECRET not in uri
        assert not any(str(value) in f"{uri}{environ}" for value in token.values() if len(str(value)) > 8)


def test_keys_and_a_session_may_be_in_the_environment(sim, server, gate, bucket):
    rows, rejected = bad_customers(30)
    given = storage(server, bucket, access_key_id=None, secret_access_key=None, bucket_path=None)
    gate.token = TOKEN
    keys = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": TOKEN}
    output = run(sim, "write", given, rows, **keys)
    assert counts(output.complete())["rejectedRecordCount"] == 3
    assert list(kept(bucket)) == ["warehouse/customers"]
    assert_kept(kept(bucket)["warehouse/customers"], rejected)
    output = run(sim, "write", given, rows)
    assert output.code == 1 and not output.of_type("STATE")
    assert "AWS_ACCESS_KEY_ID" in output.errors()[0]["message"]


def test_an_outage_is_outlived_and_nothing_is_there_twice(sim, server, gate, bucket):
    rows, rejected = bad_customers(300)
    gate.faults = ["SlowDown"] * 4
    output = run(sim, "write", storage(server, bucket), rows)
    assert counts(output.complete())["rejectedRecordCount"] == 30
    (stored,) = kept(bucket).values()
    assert_kept(stored, rejected)


def test_a_bucket_that_stays_out_of_order_ends_the_sync_and_the_next_one_has_all(sim, server, gate, bucket):
    rows, rejected = bad_customers(300)
    gate.faults = ["SlowDown"] * 99
    output = run(sim, "write", storage(server, bucket), rows)
    assert output.code == 1 and kept(bucket) == {} and not output.of_type("STATE")
    assert output.errors()[0]["failure_type"] == "transient_error"
    gate.faults = []
    output = run(sim, "write", storage(server, bucket), rows)
    assert counts(output.complete())["rejectedRecordCount"] == 30
    (stored,) = kept(bucket).values()
    assert_kept(stored, rejected)


def test_a_large_number_of_rows_is_cut_into_objects(sim, server, gate, bucket):
    rows = [{"name": f"without a key {at}", "notes": "n" * 20_000} for at in range(1_000)]
    output = run(sim, "write", storage(server, bucket), rows, every=1_000)
    assert counts(output.complete()) == {"rejectedRecordCount": 1_000}
    (stored,) = kept(bucket).values()
    assert [row["record"] for row in stored] == rows
    sizes = [one.size for one in bucket.objects.all()]
    assert len(sizes) == 3 and max(sizes) < 9 << 20


def status(output):
    (message,) = output.of_type("CONNECTION_STATUS")
    assert output.code == 0
    return message["connectionStatus"]


def test_a_check_leaves_nothing_behind(sim, server, gate, bucket):
    assert status(run(sim, "check", storage(server, bucket))) == {"status": "SUCCEEDED"}
    assert [method for method, _, _ in gate.seen] == ["PUT", "GET", "DELETE"]
    assert kept(bucket) == {}


@pytest.mark.parametrize("method, right", [
    ("PUT", "s3:PutObject"), ("GET", "s3:ListBucket"), ("DELETE", "s3:DeleteObject"),
])
def test_a_check_names_the_right_that_is_missing(sim, server, gate, bucket, method, right):
    gate.denied = {method}
    told = status(run(sim, "check", storage(server, bucket)))
    assert told["status"] == "FAILED" and right in told["message"]


@pytest.mark.parametrize("changes, words", [
    ({"s3_bucket_name": "nobody-has-it"}, "the bucket `nobody-has-it` does not exist"),
    ({"access_key_id": "AKIANOBODY"}, "does not accept the keys"),
    ({"secret_access_key": "another-secret"}, "does not accept the keys"),
    ({"s3_endpoint": "https://localhost:1"}, "cannot be reached"),
    ({"s3_endpoint": "https://nowhere.invalid"}, "cannot be reached"),
])
def test_a_check_says_what_is_wrong(sim, server, gate, bucket, changes, words):
    told = status(run(sim, "check", storage(server, bucket, **changes)))
    assert told["status"] == "FAILED" and words in told["message"], told


def test_nobody_who_is_not_trusted_gets_rows(sim, server, gate, bucket):
    # The simulator is asked without encryption, so that only the bucket's certificate is in question.
    with Simulator("--size", "small", "--scale", SCALE, encrypted=False) as plain:
        output = run(plain, "check", storage(server, bucket), SSL_CERT_FILE="")
        told = status(output)
    assert told["status"] == "FAILED" and "SSL_CERT_FILE" in told["message"], told
    assert gate.seen == []


def test_the_image_puts_rows_there_too(sim, server, gate, bucket):
    rows, rejected = bad_customers(30)
    place = folder(config=destination_config(object_storage_config=storage(server, bucket)), catalog=catalog())
    line = docker_run(
        "--interactive", "--volume", f"{place}:/config:ro",
        command=["write", "--config", "/config/config.json", "--catalog", "/config/catalog.json"],
        url=sim.url, scale=SCALE, image=DESTINATION_IMAGE,
    )
    ran = subprocess.run(line, input=messages(rows), capture_output=True, timeout=LONGEST_RUN)
    assert counts(Output(ran).complete())["rejectedRecordCount"] == 3
    (stored,) = kept(bucket).values()
    assert_kept(stored, rejected)
