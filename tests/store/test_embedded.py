"""The embedded PostgreSQL: who keeps it running, what it survives, and what it keeps to itself.

As root, every home here lies below a folder that only root may enter, as pytest makes them.
"""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from store import binaries, embedded, leftovers, supervisor
from store.binaries import Account, EmbeddedError
from store.cluster import Cluster

ROOT = Path(__file__).parents[2]
SECRET = "wang.xiaoming@example.cn"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

USER = """
import sys
from pathlib import Path
from store import embedded
print(embedded.start(Path(sys.argv[1])).port, flush=True)
sys.stdin.read()
"""

FORKER = USER.replace("sys.stdin", "__import__('os').fork() and sys.exit()\nsys.stdin")

CROWD = """
import os, signal, sys, traceback
from pathlib import Path
import psycopg
from store import embedded

def visit(turn):
    with psycopg.connect(embedded.start(Path(sys.argv[1])).url(), autocommit=True) as connection:
        connection.execute("INSERT INTO visits VALUES (%s, %s)", [int(sys.argv[2]), turn])

for turn in range(int(sys.argv[3])):
    if (child := os.fork()) == 0:
        try:
            visit(turn)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL, f"turn {turn} was not served"
"""


@pytest.fixture(autouse=True)
def _short_linger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT_LINGER", "0.2")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.Server]:
    """One server for the tests that only look."""
    home = tmp_path_factory.mktemp("running")
    yield embedded.start(home)
    embedded.stop(home)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home as it is after the first run; making one takes a second."""
    home = tmp_path_factory.mktemp("made") / "home"
    embedded.start(home)
    embedded.stop(home)
    (home / "postgres.port").unlink()
    return home


@pytest.fixture
def new_home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "home"
    embedded.stop(tmp_path / "home")


@pytest.fixture
def home(made: Path, new_home: Path) -> Path:
    subprocess.run(["cp", "-a", str(made), str(new_home)], check=True)
    return new_home


@contextmanager
def a_user(home: Path, code: str = USER) -> Iterator[subprocess.Popen[str]]:
    """Another process that uses the home's server, and leaves at the end of the block."""
    command = [sys.executable, "-c", code, str(home)]
    with subprocess.Popen(
        command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip().isdecimal()
        yield process


def connect(server: embedded.Server) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(server.url(), autocommit=True)


def value(server: embedded.Server, query: str) -> object:
    with connect(server) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def remember(server: embedded.Server) -> None:
    with connect(server) as connection:
        connection.execute("CREATE TABLE remembered AS SELECT 42 AS answer")


def until(is_so: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


def answers(server: embedded.Server) -> bool:
    try:
        return value(server, "SELECT 1") == 1
    except psycopg.OperationalError:
        return False


def is_gone(pid: int) -> bool:
    """Gone, or a zombie whose parent has not looked yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def kill(pid: int | None) -> None:
    assert pid
    os.kill(pid, signal.SIGKILL)


# What it is


def test_it_is_durable_and_in_utf8_with_a_locale_of_its_own(running: embedded.Server) -> None:
    settings = {
        name: value(running, f"SHOW {name}")
        for name in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums", "jit")
    }
    assert settings == {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "data_checksums": "on",
        "jit": "off",
    }
    about = "FROM pg_database WHERE datname = current_database()"
    assert value(running, f"SELECT pg_encoding_to_char(encoding) {about}") == "UTF8"
    assert value(running, f"SELECT datlocprovider {about}") == "b"
    assert value(running, f"SELECT datlocale {about}") == "C.UTF-8"
    assert value(running, "SHOW timezone") == "UTC"
    assert value(running, "SHOW shared_buffers") == "256MB"


def test_only_this_machine_and_only_with_the_password(running: embedded.Server) -> None:
    assert value(running, "SHOW listen_addresses") == "127.0.0.1"
    assert value(running, "SHOW unix_socket_directories") == ""
    methods = "SELECT string_agg(DISTINCT auth_method, ' ') FROM pg_hba_file_rules"
    assert value(running, methods) == "scram-sha-256"
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(running.url(), password="guess")


def test_an_operator_may_tune_it_but_not_make_it_forgetful(home: Path) -> None:
    server = embedded.start(home)
    with connect(server) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("ALTER SYSTEM SET work_mem = '8MB'")
    embedded.stop(home)
    server = embedded.start(home)
    assert value(server, "SHOW fsync") == "on"
    assert value(server, "SHOW work_mem") == "8MB"


def test_nobody_else_can_read_what_lies_in_the_home(running: embedded.Server) -> None:
    home = running.data_dir.parent
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in home.iterdir()}
    assert modes.pop("postgres") == 0o700
    assert set(modes.values()) == {0o600}, modes


def test_the_password_stays_out_of_sight(running: embedded.Server) -> None:
    assert running.password not in repr(running)
    assert running.password in running.url()
    assert running.password not in running.url("kept_reader")
    for log in running.data_dir.parent.glob("*.log"):
        assert running.password not in log.read_text()


@on_linux
def test_the_password_is_in_no_process_list(new_home: Path) -> None:
    seen: set[bytes] = set()
    with subprocess.Popen(
        [sys.executable, "-c", USER, str(new_home)], cwd=ROOT, stdin=subprocess.PIPE
    ) as process:
        while not (new_home / "postgres.port").exists():
            for place in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    seen.add(place.read_bytes())
                except OSError:
                    continue
        process.kill()
        until(lambda: embedded.status(new_home)["pid"])
    password = (new_home / "postgres.password").read_bytes()
    assert any(b"initdb" in command for command in seen)
    assert not [command for command in seen if password in command]


def test_the_log_keeps_personal_values_out(home: Path) -> None:
    server = embedded.start(home)
    with closing(connect(server)) as connection:
        with pytest.raises(psycopg.DataError):
            connection.execute(f"SELECT '{SECRET}'::date")
        with pytest.raises(psycopg.DataError):
            connection.execute("SELECT %s::text::int", [SECRET])
        connection.execute("CREATE TABLE people (email text PRIMARY KEY)")
        connection.execute("INSERT INTO people VALUES (%s)", [SECRET])
        with pytest.raises(psycopg.IntegrityError):
            connection.execute("INSERT INTO people VALUES (%s)", [SECRET])
        connection.pgconn.send_query(f"SELECT '{SECRET}', pg_sleep(600)".encode())
        kill(connection.info.backend_pid)
        log = home / "postgres.log"
        until(lambda: "terminated by signal 9" in log.read_text())
    assert SECRET not in log.read_text()


def test_logs_do_not_grow_without_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "LOG_BYTES", 100)
    log = tmp_path / "x.log"
    with log.open("ab", buffering=0) as writer:
        for _ in range(50):
            writer.write(b"a line of some length\n")
            supervisor.bound_log(log)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 300


# Who keeps it running


def test_it_runs_until_its_last_user_leaves(home: Path) -> None:
    with a_user(home) as serve:
        with a_user(home) as imports:
            pids = embedded.status(home)["user_pids"]
            assert pids == sorted([serve.pid, imports.pid])
        until(lambda: embedded.status(home)["users"] == 1)
        server = embedded.status(home)["pid"]
        time.sleep(0.4)  # twice as long as it lingers
        assert embedded.status(home)["pid"] == server
    until(lambda: embedded.status(home)["pid"] is None)
    until(lambda: not leftovers.is_held(home / "postgres.lock"))
    assert "database system is shut down" in (home / "postgres.log").read_text()


def test_a_user_who_is_killed_has_left(home: Path) -> None:
    with a_user(home) as user:
        user.kill()
    until(lambda: embedded.status(home)["pid"] is None)


def test_a_forked_worker_is_a_user_like_its_parent(home: Path) -> None:
    with a_user(home, FORKER) as parent:
        parent.wait()
        time.sleep(0.4)  # twice as long as it lingers
        assert embedded.status(home)["users"] == 1
    until(lambda: embedded.status(home)["pid"] is None)


def test_it_lingers_for_the_next_command(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT_LINGER", "60")
    with a_user(home):
        first = embedded.status(home)["pid"]
    until(lambda: embedded.status(home)["users"] == 0)
    with a_user(home):
        assert embedded.status(home)["pid"] == first


def test_stop_is_for_everybody_and_says_whether_it_ran(new_home: Path) -> None:
    assert embedded.stop(new_home) is False
    assert not new_home.exists()
    server = embedded.start(new_home)
    assert embedded.stop(new_home) is True
    assert not answers(server)
    assert embedded.stop(new_home) is False
    told = embedded.status(new_home)
    assert (told["pid"], told["users"], told["version"]) == (None, 0, "18")


def test_starting_twice_is_one_user(home: Path) -> None:
    assert embedded.start(home) == embedded.start(home)
    until(lambda: embedded.status(home)["users"] == 1)


def test_the_port_stays_while_it_is_free(home: Path) -> None:
    first = embedded.start(home)
    embedded.stop(home)
    assert embedded.start(home).port == first.port
    embedded.stop(home)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # its last clients may linger
        other.bind((first.host, first.port))
        other.listen()
        second = embedded.start(home)
        assert second.port != first.port
        assert value(second, "SELECT 1") == 1


@pytest.mark.faults
def test_a_crowd_that_comes_and_is_killed_is_always_served(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without lingering the server is nearly always just stopping when the next user comes."""
    monkeypatch.setenv("KEPT_LINGER", "0")
    with connect(embedded.start(home)) as connection:
        connection.execute("CREATE TABLE visits (visitor int, turn int)")
    embedded.stop(home)
    crowd = [
        subprocess.Popen([sys.executable, "-c", CROWD, str(home), str(n), "6"], cwd=ROOT)
        for n in range(6)
    ]
    assert [process.wait() for process in crowd] == [0] * 6
    assert value(embedded.start(home), "SELECT count(*) FROM visits") == 36


def test_many_who_start_it_at_once_get_the_same_one(new_home: Path) -> None:
    crowd = [
        subprocess.Popen(
            [sys.executable, "-c", USER, str(new_home)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(6)
    ]
    ports = {process.stdout.readline() for process in crowd if process.stdout}
    assert len(ports) == 1
    assert embedded.status(new_home)["users"] == 6
    for process in crowd:
        process.communicate()
    assert (new_home / "supervisor.log").read_text().count("listens on port") == 1


# What it survives


@pytest.mark.faults
def test_the_supervisor_is_killed(home: Path) -> None:
    server = embedded.start(home)
    remember(server)
    before = embedded.status(home)
    kill(before["supervisor_pid"])
    assert embedded.start(home) == server
    assert embedded.status(home)["pid"] != before["pid"]
    assert value(server, "SELECT answer FROM remembered") == 42


@pytest.mark.faults
def test_postgres_is_killed_and_comes_back_at_the_same_port(home: Path) -> None:
    server = embedded.start(home)
    remember(server)
    with closing(connect(server)):
        kill(embedded.status(home)["pid"])
        until(lambda: answers(server))  # a client that tries again, and nothing else
    assert value(server, "SELECT answer FROM remembered") == 42


@pytest.mark.faults
def test_a_backend_is_killed(home: Path) -> None:
    server = embedded.start(home)
    remember(server)
    with closing(connect(server)) as connection:
        kill(connection.info.backend_pid)
        again = embedded.start(home)
        assert again == server
        assert value(again, "SELECT answer FROM remembered") == 42


@on_linux
@pytest.mark.faults
@pytest.mark.parametrize("supervisor_too", [False, True])
def test_a_backend_that_computes_on_after_its_server_is_ended(
    home: Path, supervisor_too: bool
) -> None:
    server = embedded.start(home)
    remember(server)
    with closing(connect(server)) as connection:
        orphan = connection.info.backend_pid
        connection.pgconn.send_query(b"DO $$ BEGIN LOOP PERFORM 1; END LOOP; END $$")
        until(lambda: Path(f"/proc/{orphan}/stat").read_text().rpartition(")")[2].split()[0] == "R")
        pids = embedded.status(home)
        kill(pids["pid"])
        if supervisor_too:
            kill(pids["supervisor_pid"])
        assert embedded.start(home) == server
        assert is_gone(orphan)
    assert value(server, "SELECT answer FROM remembered") == 42


@on_linux
@pytest.mark.faults
def test_a_stale_pid_file_with_a_number_that_is_somebody_elses(home: Path) -> None:
    server = embedded.start(home)
    remember(server)
    pid_file = server.data_dir / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    kill(embedded.status(home)["supervisor_pid"])
    until(lambda: not leftovers.is_held(home / "postgres.lock"))
    pid_file.write_text("\n".join([str(os.getppid()), *lines[1:]]) + "\n")
    assert value(embedded.start(home), "SELECT answer FROM remembered") == 42


@pytest.mark.faults
def test_the_first_start_is_killed_in_the_middle(new_home: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", USER, str(new_home)], cwd=ROOT, stderr=subprocess.DEVNULL
    ) as first:
        until((new_home / "postgres.new" / "PG_VERSION").exists)
        first.kill()
        for process in Path("/proc").glob("[0-9]*"):
            try:
                command = (process / "cmdline").read_bytes()
            except OSError:
                continue
            if b"store.supervisor" in command and os.fsencode(new_home) in command:
                kill(int(process.name))
    assert value(embedded.start(new_home), "SELECT 1") == 1


def test_a_home_that_was_moved_without_its_password_gets_a_new_one(
    home: Path, tmp_path: Path
) -> None:
    first = embedded.start(home)
    remember(first)
    embedded.stop(home)
    moved = tmp_path / "moved"
    home.rename(moved)
    (moved / "postgres.password").unlink()
    try:
        server = embedded.start(moved)
        assert server.password != first.password
        assert value(server, "SELECT answer FROM remembered") == 42
        assert server.password not in (moved / "postgres.log").read_text()
    finally:
        embedded.stop(moved)


def test_a_home_of_any_depth(tmp_path: Path) -> None:
    """A socket's path may have 107 bytes."""
    home = tmp_path / ("一个很长的文件夹名" * 5) / ("d" * 120)
    try:
        assert value(embedded.start(home), "SELECT 1") == 1
    finally:
        embedded.stop(home)


# When it cannot run


def test_a_data_directory_of_another_version(new_home: Path) -> None:
    (new_home / "postgres").mkdir(parents=True)
    if os.geteuid() == 0:
        shutil.chown(new_home / "postgres", "nobody")
    (new_home / "postgres" / "PG_VERSION").write_text("9.6\n")
    with pytest.raises(EmbeddedError, match=r"made by PostgreSQL 9\.6.* take a backup"):
        embedded.start(new_home)
    assert "Traceback" not in (new_home / "supervisor.log").read_text()


def test_a_setting_that_is_wrong(home: Path) -> None:
    server = embedded.start(home)
    embedded.stop(home)
    with (server.data_dir / "postgresql.conf").open("a") as conf:
        conf.write("work_mem = plenty\n")
    with pytest.raises(EmbeddedError, match=r"a setting in postgresql\.conf is wrong"):
        embedded.start(home)
    assert embedded.status(home)["pid"] is None


def test_a_lingering_time_that_is_none(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT_LINGER", "a while")
    with pytest.raises(EmbeddedError, match="set it to a number of seconds"):
        embedded.start(home)


def test_a_home_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(EmbeddedError, match="set KEPT_DATABASE_URL"):
        embedded.start(tmp_path / "home")


def test_no_wheel_for_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "WHEEL", "no_such_wheel")
    with pytest.raises(
        EmbeddedError, match=r"is not installed on this machine .* KEPT_DATABASE_URL"
    ):
        Cluster(tmp_path)


def test_a_password_that_does_not_fit(home: Path) -> None:
    embedded.start(home)
    (home / "postgres.password").write_text("other")
    with pytest.raises(EmbeddedError, match="is not the password"):
        embedded.start(home)


# Who it runs as


@as_root
def test_for_root_it_runs_as_nobody_and_leaves_the_folders_above_alone(new_home: Path) -> None:
    new_home.parent.chmod(0o700)
    server = embedded.start(new_home)
    assert server.data_dir.owner() == "nobody"
    assert stat.S_IMODE(new_home.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(new_home.stat().st_mode) == 0o700


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that everybody may enter."""
    folder = Path(tempfile.mkdtemp(prefix="kept-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@as_root
def test_programs_that_nobody_can_read_are_copied(
    tmp_path: Path, public: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest, _ = binaries.choose(tmp_path, None)
    package = newest.parent
    shutil.copytree(newest, tmp_path / package.name / newest.name, copy_function=os.link)
    libraries = package.with_name(f"{package.name}.libs")
    shutil.copytree(libraries, tmp_path / libraries.name, copy_function=os.link)
    hidden = tmp_path / package.name / newest.name
    monkeypatch.setattr(binaries, "_installs", lambda: [hidden])
    monkeypatch.setattr(binaries, "CACHE", public / "cache")
    somebody = Account(65534, 65534)
    install, version = binaries.choose(tmp_path, somebody)
    assert install.is_relative_to(public)
    assert version.startswith("18")
    initdb = subprocess.run(
        [str(install / "bin" / "initdb"), "--version"], check=True, user=65534, capture_output=True
    )
    assert version.encode() in initdb.stdout
    assert binaries.choose(tmp_path, somebody) == (install, version)  # once copied, used again


def interpreter_for_everybody() -> str | None:
    """Ours may lie in root's home; the system's can read our packages if it is the same version."""
    path = os.pathsep.join(filter(None, sys.path))
    code = "import psycopg"
    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        try:
            subprocess.run([python, "-c", code], check=True, user=65534, env={"PYTHONPATH": path})
        except (OSError, subprocess.CalledProcessError):
            continue
        return python
    return None


@as_root
def test_an_ordinary_user_runs_it_as_himself(public: Path) -> None:
    python = interpreter_for_everybody()
    if python is None:
        pytest.skip("no Python here that an ordinary user can run")
    home = public / "home"
    home.mkdir()
    os.chown(home, 65534, 65534)
    path = os.pathsep.join([str(ROOT), *filter(None, sys.path)])
    for what in ("start", "stop"):
        code = "import pathlib, sys; from store import embedded; "
        code += f"embedded.{what}(pathlib.Path(sys.argv[1]))"
        subprocess.run(
            [python, "-c", code, str(home)],
            cwd="/",
            env={"PYTHONPATH": path, "KEPT_LINGER": "60"},
            check=True,
            user=65534,
            group=65534,
        )
        assert (home / "postgres").stat().st_uid == 65534
