"""Time-stamps, from an authority that OpenSSL plays."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from api.services import Services
from store.database import Database
from store.transparency import timestamps
from store.transparency.notes import parts
from store.transparency.timestamps import Authority, TimestampError, check, stamp
from store.verify import verify

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="the authority is played by the openssl program"
)
CONFIGURATION = """
[tsa]
default_tsa = ours
[ours]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
ess_cert_id_alg = sha256
ordering = yes
tsa_name = no
"""


def certificate(
    name: str,
    key: rsa.RSAPrivateKey,
    issuer: tuple[x509.Name, rsa.RSAPrivateKey] | None,
) -> x509.Certificate:
    """A root, or a certificate for time-stamping under one."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    by, signing = issuer or (subject, key)
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if issuer is not None:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        made = made.add_extension(usage, critical=True)
    return made.sign(signing, hashes.SHA256())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the authority needs."""
    folder = tmp_path_factory.mktemp("tsa")
    root_key, key = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    root = certificate("Root", root_key, None)
    tsa = certificate("Authority", key, (root.subject, root_key))
    pem = serialization.Encoding.PEM
    (folder / "root.pem").write_bytes(root.public_bytes(pem))
    (folder / "tsa.pem").write_bytes(tsa.public_bytes(pem))
    (folder / "tsa.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (folder / "serial").write_text("01\n")
    (folder / "tsa.cnf").write_text(CONFIGURATION.format(folder=folder))
    return folder


@pytest.fixture
def authority(folder: Path) -> Iterator[Authority]:
    """It listens on a port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = folder / "query.tsq"
            query.write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
            reply = subprocess.run(
                ["openssl", "ts", "-reply", "-config", folder / "tsa.cnf", "-queryfile", query],
                capture_output=True,
                check=True,
            )
            self.send_response(200)
            self.end_headers()
            self.wfile.write(reply.stdout)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    roots = timestamps.read_roots(folder / "root.pem")
    yield Authority(f"http://127.0.0.1:{server.server_port}", roots)
    server.shutdown()
    thread.join()
    server.server_close()


def held(services: Services) -> tuple[bytes, bytes]:
    """The stamp that is stored, and what it is of."""
    with services.database.borrow("writer", services.tenant.schema) as connection:
        row = connection.execute(
            "SELECT token, note FROM timestamps JOIN checkpoints USING (size)"
        ).fetchone()
    assert row is not None
    return bytes(row[0]), parts(row[1])[0].encode()


def test_a_checkpoint_is_stamped_once(services: Services, authority: Authority) -> None:
    services.integrator.catch_up()
    at = stamp(services.log, authority)
    assert at is not None
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=5)
    assert stamp(services.log, authority) is None
    token, text = held(services)
    assert check(token, text, authority.roots) == at
    assert check(token, text, ()) == at


def test_nothing_is_stamped_before_there_is_a_checkpoint(
    services: Services, authority: Authority
) -> None:
    assert stamp(services.log, authority) is None


def test_a_stamp_of_another_text_is_refused(services: Services, authority: Authority) -> None:
    services.integrator.catch_up()
    stamp(services.log, authority)
    token, text = held(services)
    with pytest.raises(TimestampError, match="of another text"):
        check(token, text + b"more", authority.roots)
    with pytest.raises(TimestampError, match="is not good"):
        check(token[:-30], text, authority.roots)


def test_a_stamp_of_another_authority_is_refused(services: Services, authority: Authority) -> None:
    stranger = certificate("Root", rsa.generate_private_key(65537, 2048), None)
    services.integrator.catch_up()
    with pytest.raises(TimestampError, match="is not good"):
        stamp(services.log, Authority(authority.url, (stranger,)))
    with services.database.borrow("writer", services.tenant.schema) as connection:
        assert connection.execute("SELECT count(*) FROM timestamps").fetchone() == (0,)


def test_verify_checks_the_stamps(
    services: Services, database: Database, authority: Authority
) -> None:
    services.integrator.catch_up()
    stamp(services.log, authority)
    assert verify(services.log).fault_count == 0
    with database.connect("owner", services.tenant.schema) as connection:
        connection.execute("ALTER TABLE timestamps DISABLE TRIGGER USER")
        connection.execute("UPDATE timestamps SET token = set_byte(token, 60, 7)")
    faults = verify(services.log).faults
    assert any("time-stamp" in str(one) for one in faults)


def test_settings_that_cannot_be(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(timestamps.URL, raising=False)
    assert Authority.configured() is None
    monkeypatch.setenv(timestamps.URL, "ftp://tsa.example.com")
    with pytest.raises(TimestampError, match="http or https"):
        Authority.configured()
    monkeypatch.setenv(timestamps.URL, "https://tsa.example.com")
    for path in (tmp_path / "none.pem", folder / "tsa.cnf"):
        monkeypatch.setenv(timestamps.ROOTS, str(path))
        with pytest.raises(TimestampError, match="holds no certificates"):
            Authority.configured()


def test_an_authority_that_is_away(services: Services, folder: Path) -> None:
    services.integrator.catch_up()
    away = Authority("http://127.0.0.1:9", timestamps.read_roots(folder / "root.pem"))
    with pytest.raises(TimestampError, match="cannot be reached"):
        stamp(services.log, away)
