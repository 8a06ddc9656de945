"""Nothing that is tried can reach AWS."""

from __future__ import annotations

import boto3
import pytest

from tests.try_cloud.loopback import ACCOUNT, NotLoopbackError, loopback_surroundings

ENDPOINT = "http://127.0.0.1:4566"
REAL = {
    "AWS_ACCESS_KEY_ID": "AKIAREAL",
    "AWS_SECRET_ACCESS_KEY": "real",
    "AWS_SESSION_TOKEN": "real",
    "AWS_PROFILE": "prod",
    "AWS_ENDPOINT_URL_CLOUDFORMATION": "https://cloudformation.eu-west-1.amazonaws.com",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.2/x",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/token",
    "CDK_DEFAULT_ACCOUNT": "111122223333",
    "PATH": "/usr/bin",
}


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://s3.amazonaws.com",
        "http://s3.amazonaws.com",
        "http://169.254.169.254",
        "http://10.0.0.1:4566",
        "http://0.0.0.0:4566",
        "http://localhost.example.com:4566",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@example.com:4566",
        "https://127.0.0.1:4566",
        "127.0.0.1:4566",
        "",
    ],
)
def test_an_endpoint_that_is_not_this_machine_is_refused(endpoint: str) -> None:
    with pytest.raises(NotLoopbackError):
        loopback_surroundings(endpoint, {})


def test_real_credentials_profiles_and_endpoints_are_left_out() -> None:
    found = loopback_surroundings(ENDPOINT, REAL)
    assert found["AWS_ACCESS_KEY_ID"] == ACCOUNT
    assert found["PATH"] == "/usr/bin"
    for name in REAL.keys() - {"PATH", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}:
        assert name not in found
    assert "real" not in found.values()


@pytest.mark.parametrize("service", ["cloudformation", "s3", "sts", "apigateway", "firehose", "logs", "lambda"])
def test_every_client_asks_the_loopback(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in REAL:
        monkeypatch.delenv(name, raising=False)
    for name, value in loopback_surroundings(ENDPOINT, REAL).items():
        monkeypatch.setenv(name, value)
    client = boto3.Session().client(service)
    assert client.meta.endpoint_url == ENDPOINT
