"""Settings for tests, read as the program reads its own."""

from boxoffice.serve.settings import ProgramSettings
from boxoffice.settings.settings import load_settings
from boxoffice.settings.table import settings_table


def settings_of(**environ: object) -> ProgramSettings:
    """The settings of a program with this environment, ``settings_of(AUTH="on")``; None is not set."""
    texts = {name: str(value) for name, value in environ.items() if value is not None}
    assert texts.keys() <= {row.name for row in settings_table(ProgramSettings)}
    return load_settings(ProgramSettings, texts)


def settings_for(dsn: str, **environ: object) -> ProgramSettings:
    """The settings of a program with this database and few connections: two write, two read."""
    return settings_of(**{"DATABASE_URL": dsn, "DB_POOL_MAX": 4} | environ)
