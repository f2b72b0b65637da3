"""The transparency log over HTTP, as a client meets it that knows the C2SP specifications only."""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from api.tenancy import Options
from store.transparency.proofs import check_bundle
from tests.api.conftest import Api, Running, run_server
from tests.store.deciding import until
from tests.store.transparency.trees import tree_hash

HASH = 32


class TileClient:
    """Reads a log by tlog-tiles and tlog-checkpoint, and trusts one verifier key."""

    def __init__(self, get: Callable[[str], httpx2.Response], log: str, vkey: str) -> None:
        self._get, self._log = get, log
        self._name, key_id, key = vkey.split("+", 2)
        self._key_id = bytes.fromhex(key_id)
        self._public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key)[1:])

    def fetch(self, path: str) -> bytes:
        answer = self._get(f"{self._log}/{path}")
        assert answer.status_code == 200, answer.text
        return answer.content

    def checkpoint(self) -> tuple[int, bytes]:
        """Size and root, checked to be signed."""
        text, _, lines = self.fetch("checkpoint").decode().partition("\n\n")
        message = f"{text}\n".encode()
        for line in lines.splitlines():
            dash, name, encoded = line.split(" ")
            signature = base64.b64decode(encoded)
            if (dash, name, signature[:4]) == ("—", self._name, self._key_id):
                self._public.verify(signature[4:], message)
                origin, size, root = text.split("\n")[:3]
                assert origin == self._name
                return int(size), base64.b64decode(root)
        raise AssertionError("the key has not signed it")

    def row(self, level: int, count: int) -> list[bytes]:
        """The first hashes of a level, from as many tiles as it takes."""
        found: list[bytes] = []
        for number in range(-(-count // 256)):
            width = min(256, count - number * 256)
            tile = self.fetch(f"tile/{level}/{self.place(number, width)}")
            assert len(tile) == HASH * width
            found += [tile[at : at + HASH] for at in range(0, len(tile), HASH)]
        return found

    def entries(self, count: int) -> list[bytes]:
        """The first entries, out of their bundles."""
        found: list[bytes] = []
        for number in range(-(-count // 256)):
            width = min(256, count - number * 256)
            left = self.fetch(f"tile/entries/{self.place(number, width)}")
            while left:
                length = int.from_bytes(left[:2])
                found.append(left[2 : 2 + length])
                left = left[2 + length :]
        return found

    @staticmethod
    def place(number: int, width: int) -> str:
        text = f"{number % 1000:03}"
        while number := number // 1000:
            text = f"x{number % 1000:03}/{text}"
        return text if width == 256 else f"{text}.p/{width}"


@pytest.fixture(scope="module")
def position(shared: Api) -> int:
    """A position up to which everything is in the tree, in its second tile."""
    bodies = [{"name": f"Customer {number}", "kind": "person"} for number in range(270)]
    last = [shared.sales.post("/v1/customers", json=one).json()["position"] for one in bodies][-1]
    wait_for(shared, last)
    return int(last)


def wait_for(api: Api, position: int) -> None:
    until(lambda: api.admin.get(f"/v1/proofs/{position}").status_code == 200)


def log_of(api: Api) -> str:
    return f"/log/{api.services.tenant.name}"


@pytest.fixture
def client(shared: Api, position: int) -> TileClient:
    [vkey] = shared.services.transparency.vkeys()
    return TileClient(shared.analyst.get, log_of(shared), vkey)


def test_a_client_of_its_own_recomputes_the_root(client: TileClient, position: int) -> None:
    size, root = client.checkpoint()
    assert size >= position
    leaves = client.row(0, size)
    assert tree_hash(leaves) == root
    assert client.row(1, size // 256) == [tree_hash(leaves[:256])]
    entries = client.entries(size)
    assert [hashlib.sha256(b"\0" + one).digest() for one in entries] == leaves


def test_entries_are_a_time_and_a_body(client: TileClient, shared: Api, position: int) -> None:
    entries = client.entries(client.checkpoint()[0])
    proved = shared.get(f"/v1/proofs/{position}")["entries"][0]
    entry = entries[position - 1]
    assert int.from_bytes(entry[:8]) == proved["recorded_at"]
    assert entry[8:].decode() == proved["body"]
    assert json.loads(entry[8:])["type"] == "CustomerRegistered"


def test_what_is_served_is_never_kept_on_the_way(shared: Api, position: int) -> None:
    for path, media in (
        ("checkpoint", "text/plain; charset=utf-8"),
        ("tile/0/000", "application/octet-stream"),
        ("tile/entries/000", "application/octet-stream"),
    ):
        answer = shared.sales.get(f"{log_of(shared)}/{path}")
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == media
        assert answer.headers["Cache-Control"] == "no-store"
        head = shared.sales.head(f"{log_of(shared)}/{path}")
        assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("tile/0/001", 404, "not-found"),
        ("tile/0/999", 404, "not-found"),
        ("tile/1/000", 404, "not-found"),
        ("tile/7/000", 404, "not-found"),
        ("tile/63/x999/999.p/1", 404, "not-found"),
        ("tile/entries/001", 404, "not-found"),
        ("", 404, "no-such-route"),
        ("tile", 404, "no-such-route"),
        ("tile/", 404, "no-such-route"),
        ("tile/0/0", 404, "no-such-route"),
        ("tile/0/x000/001", 404, "no-such-route"),
        ("tile/0/000.p/256", 404, "no-such-route"),
        ("tile/64/000", 404, "no-such-route"),
        ("tile/0/" + "x999/" * 3_000 + "999", 404, "no-such-route"),
        ("checkpoint/", 404, "no-such-route"),
        ("checkpoint.txt", 404, "no-such-route"),
        ("nothing", 404, "no-such-route"),
    ],
)
def test_there_is_nothing_else(
    shared: Api, position: int, path: str, status: int, kind: str
) -> None:
    answer = shared.sales.get(f"{log_of(shared)}/{path}")
    Api.refused(answer, status, kind, "")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_it_is_only_read(shared: Api, position: int, method: str) -> None:
    answer = shared.admin.request(method, f"{log_of(shared)}/checkpoint")
    Api.refused(answer, 405, "method-not-allowed", "GET, HEAD")
    assert answer.headers["Allow"] == "GET, HEAD"


def test_a_key_is_needed(shared: Api, position: int, running: Running) -> None:
    with httpx2.Client(base_url=running.url) as nobody:
        for path in ("checkpoint", "tile/0/000", "tile/entries/000", "nothing", ""):
            Api.refused(nobody.get(f"{log_of(shared)}/{path}"), 401, "unauthenticated", "key")
        for path in ("/log/nobody/checkpoint", "/log/", "/log/x", "/v1/proofs/1"):
            Api.refused(nobody.get(path), 401, "unauthenticated", "key")


def test_another_tenants_key_finds_nothing(shared: Api, position: int, api: Api) -> None:
    for path in ("checkpoint", "tile/0/000", "tile/entries/000", "nothing"):
        answer = api.admin.get(f"{log_of(shared)}/{path}")
        Api.refused(answer, 404, "not-found", "no such log")
        same = api.admin.get(f"/log/nobody/{path}")
        assert same.json()["detail"] == answer.json()["detail"]
    assert api.admin.get(f"{log_of(api)}/tile/0/999").status_code == 404


def test_a_proof_is_checked_without_us(shared: Api, position: int) -> None:
    bundle = shared.get(f"/v1/proofs/{position}", role="analyst")
    checked = check_bundle(bundle, shared.services.transparency.vkeys())
    assert checked.positions == (position,)
    assert checked.is_trusted


def test_a_receipt_turns_into_a_proof_of_its_leaf(shared: Api, position: int) -> None:
    receipt = shared.customer()
    wait_for(shared, receipt["position"])
    [entry] = shared.get(f"/v1/proofs/{receipt['position']}")["entries"]
    leaf = b"\0" + entry["recorded_at"].to_bytes(8) + entry["body"].encode()
    assert hashlib.sha256(leaf).hexdigest() == receipt["leaf_hash"]


def test_a_proof_of_nothing_is_refused(shared: Api, position: int) -> None:
    Api.refused(shared.sales.get("/v1/proofs/999999"), 404, "not-found", "no entry at position")
    for wrong in ("0", "-1", "x", "1.0", str(2**63)):
        answer = shared.sales.get(f"/v1/proofs/{wrong}")
        assert answer.status_code in (404, 422), answer.text
        Api.refused(answer, answer.status_code, answer.json()["type"].split(":")[-1], "")


def test_an_entry_that_is_too_new_is_asked_for_again(api: Api) -> None:
    """Nothing runs for this tenant before its first request, so its tree is behind."""
    receipt = api.customer()
    answer = api.sales.get(f"/v1/proofs/{receipt['position']}")
    if answer.status_code != 200:
        Api.refused(answer, 503, "behind", "Ask again in a second")
        assert answer.headers["Retry-After"] == "1"
    wait_for(api, receipt["position"])


def test_that_the_log_only_grew_can_be_proved(shared: Api, position: int) -> None:
    given = shared.get("/v1/proofs/consistency?old=200&new=260", role="analyst")
    assert (given["old"]["size"], given["new"]["size"]) == (200, 260)
    assert all(len(base64.b64decode(one)) == HASH for one in given["proof"])
    newest = shared.get("/v1/proofs/consistency?old=200")
    assert newest["old"] == given["old"]
    assert newest["new"]["size"] >= position


@pytest.mark.parametrize(
    ("query", "status", "part"),
    [
        ("", 422, ""),
        ("?new=3", 422, ""),
        ("?old=x", 422, ""),
        ("?old=0", 422, ""),
        ("?old=5&new=4", 404, "cannot be proved to continue"),
        ("?old=1&new=999999", 404, "not 999,999"),
        ("?old=999999", 404, "cannot be proved"),
        ("?old=1&nwe=2", 400, "It knows: old, new."),
    ],
)
def test_trees_that_cannot_be_compared_are_refused(
    shared: Api, position: int, query: str, status: int, part: str
) -> None:
    answer = shared.sales.get(f"/v1/proofs/consistency{query}")
    assert answer.status_code == status, answer.text
    assert part in answer.json()["detail"]


@pytest.fixture(scope="module")
def opened(shared: Api) -> Iterator[httpx2.Client]:
    """A client without a key, of a server that shows its log."""
    server = run_server(shared.services.database, Options(open_log=True, run_projections=False))
    with httpx2.Client(base_url=server.url, timeout=60) as client:
        yield client
    server.stop()


def test_an_open_log_shows_hashes_to_everybody(
    opened: httpx2.Client, shared: Api, position: int
) -> None:
    [vkey] = shared.services.transparency.vkeys()
    client = TileClient(opened.get, log_of(shared), vkey)
    size, root = client.checkpoint()
    assert size >= position
    assert tree_hash(client.row(0, size)) == root


def test_an_open_log_shows_entries_to_nobody(
    opened: httpx2.Client, shared: Api, position: int
) -> None:
    log = log_of(shared)
    for path in ("tile/entries/000", "tile/entries/000.p/1", "tile/entries/nothing"):
        Api.refused(opened.get(f"{log}/{path}"), 401, "unauthenticated", "key")
    Api.refused(opened.get("/v1/proofs/1"), 401, "unauthenticated", "key")
    for path in (f"{log}//tile/entries/000", f"{log}/tile//entries/000", f"{log}/TILE/entries/000"):
        Api.refused(opened.get(path), 404, "no-such-route", "")
    assert opened.get(f"{log}/%74ile/%65ntries/000").status_code == 401
    key = {"Authorization": shared.analyst.headers["Authorization"]}
    assert opened.get(f"{log}/tile/entries/000", headers=key).status_code == 200


def test_an_open_log_still_knows_wrong_keys_and_other_tenants(
    opened: httpx2.Client, shared: Api, position: int, api: Api
) -> None:
    wrong = {"Authorization": "Bearer nonsense"}
    answer = opened.get(f"{log_of(shared)}/checkpoint", headers=wrong)
    Api.refused(answer, 401, "unauthenticated", "key")
    other = {"Authorization": api.analyst.headers["Authorization"]}
    answer = opened.get(f"{log_of(shared)}/checkpoint", headers=other)
    Api.refused(answer, 404, "not-found", "no such log")
    for name in ("nobody", "", "a/b", "x" * 500, "%00", "kept_"):
        answer = opened.get(f"/log/{name}/checkpoint")
        assert answer.status_code == 404, answer.text


def test_before_the_first_checkpoint_there_is_none(opened: httpx2.Client, api: Api) -> None:
    """Nobody keeps the tree of this tenant: the open server does not, the other was not asked."""
    for path, part in (("checkpoint", "no checkpoint yet"), ("tile/0/000.p/1", "no such tile")):
        Api.refused(opened.get(f"{log_of(api)}/{path}"), 404, "not-found", part)


def test_the_description_has_the_proofs(shared: Api) -> None:
    document: Any = shared.get("/openapi.json")
    for path in ("/v1/proofs/{position}", "/v1/proofs/consistency"):
        assert document["paths"][path]["get"]["tags"] == ["proofs"]
