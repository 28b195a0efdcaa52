"""The commands ``boxoffice webhooks ...`` as an operator runs them."""

import json

from tests.support.process.program import Program
from tests.support.webhooks.site import KEY


def test_an_operator_makes_looks_at_and_ends_webhooks(program: Program, database: str) -> None:
    settings = {"DATABASE_URL": database, "WEBHOOK_SECRET_KEY": KEY}
    made = program.call(
        "webhooks", "create", "https://localhost/", "--name", "Shop", "--kind", "held", **settings
    )
    assert "whpk_" in made.stdout
    assert made.stdout.splitlines()[-1].startswith("whsec_")
    [told] = json.loads(program.call("webhooks", "list", "--json", **settings).stdout)
    assert (told["id"], told["name"], told["kinds"], told["state"]) == (1, "Shop", ["held"], "active")
    assert "https://localhost/" in program.call("webhooks", "list", COLUMNS="200", **settings).stdout
    tested = program.call("webhooks", "test", "1", **settings)
    assert (tested.returncode, "blocked_address" in tested.stderr) == (1, True)
    rotated = program.call("webhooks", "rotate", "1", **settings)
    assert rotated.stdout.splitlines()[-1] != made.stdout.splitlines()[-1]
    assert "is good until" in program.call("webhooks", "rotate", "1", **settings).stderr
    assert program.call("webhooks", "rotate", "1", "--at-once", **settings).returncode == 0
    assert program.call("webhooks", "pause", "1", **settings).stdout == "webhook 1 is paused\n"
    resumed = program.call("webhooks", "resume", "1", "--backlog", "skip", **settings)
    assert resumed.stdout == "webhook 1 is active\n"
    replay = ("webhooks", "replay", "1", "--show", "1", "--from", "1", "--to", "2")
    assert "none of these events" in program.call(*replay, **settings).stderr
    assert json.loads(program.call("webhooks", "parked", "1", "--json", **settings).stdout) == []
    assert "has no letter 7" in program.call("webhooks", "parked", "1", "--retry", "7", **settings).stderr
    assert program.call("verify", **settings).returncode == 0


def test_what_cannot_be_is_told_in_a_line(program: Program, database: str) -> None:
    settings = {"DATABASE_URL": database, "WEBHOOK_SECRET_KEY": KEY}
    for url in ("http://shop.example/", "https://10.0.0.1/", "nowhere"):
        refused = program.call("webhooks", "create", url, **settings)
        assert (refused.returncode, "cannot have this address" in refused.stderr) == (1, True)
    without = program.call("webhooks", "create", "https://localhost/", DATABASE_URL=database)
    assert (without.returncode, "WEBHOOK_SECRET_KEY" in without.stderr) == (1, True)
    for command in (("test", "9"), ("pause", "9"), ("resume", "9", "--backlog", "skip"), ("rotate", "9")):
        missing = program.call("webhooks", *command, **settings)
        assert (missing.returncode, "there is no webhook 9" in missing.stderr) == (1, True)
