"""demo and serve, as processes of their own."""

import json
import signal
import socket
import urllib.request
from typing import Any

import pytest

from store.database import Database
from store.tenants import Tenant
from tests.cli.conftest import Kept, process


def _get(url: str, key: str) -> Any:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        return json.load(answer)


def test_the_demo_is_loaded_once(kept: Kept) -> None:
    loaded = kept("demo", "--small", "--once", "--json").done().json
    assert loaded["customers"] > 50
    assert len(loaded["look_at"]) == 3
    again = kept("demo", "--small", "--once", "--json").done().json
    assert again["already_loaded"] is True
    assert kept("verify", "--json").done().json["ok"] is True
    assert "Look at" not in kept("demo", "--once").done().out


def test_the_demo_leaves_other_data_alone(kept: Kept) -> None:
    kept("keys", "create", "--role", "admin").done()
    kept("demo", "--small", "--once").failed(2, "has data of its own")


def test_the_demo_is_served_and_ends_by_ctrl_c(database: Database, tenant: Tenant) -> None:
    server = process("--tenant", tenant.name, "demo", "--small", "--port", "0", "--json")
    assert server.stdout is not None
    try:
        text = ""
        for line in server.stdout:
            text += line
            if line.startswith("}"):
                break
        shown = json.loads(text)
        customers = _wait_for(f"{shown['url']}/v1/customers?limit=5", shown["key"])
        assert len(customers["data"]) == 5
    finally:
        server.send_signal(signal.SIGINT)
        _, err = server.communicate(timeout=60)
    assert "Traceback" not in err
    assert server.returncode in (0, 130, -signal.SIGINT)


def _wait_for(url: str, key: str) -> Any:
    for _ in range(600):
        try:
            return _get(url, key)
        except OSError:
            signal.sigtimedwait([], 0.1)
    raise AssertionError(f"{url} does not answer")


def test_a_port_that_is_taken_is_told(kept: Kept) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        kept("serve", "--port", port).failed(2, f"127.0.0.1:{port} cannot be listened on")


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_port_is_a_number(kept: Kept, command: str) -> None:
    assert kept(command, "--port", "a").code == 2
