"""The engine's fixtures."""

from tests.support.fixtures import box as box
from tests.support.fixtures import clock as clock
from tests.support.fixtures import isolation as isolation
