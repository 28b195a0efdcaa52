"""``boxoffice`` with a tenth of its real timeouts, so that a test sees them all in seconds.

python -P tests/support/process/impatient.py serve
"""

from typing import Final

from boxoffice.cli.main import main
from boxoffice.vocabulary import limits

WAITS: Final = {
    "LANE_WAIT_MAX_S": 1.0,
    "WRITE_RETRY_BUDGET_S": 1.5,
    "RETRY_PAUSE_MAX_S": 0.1,
    "LOCK_TIMEOUT_MS": 200,
    "STATEMENT_TIMEOUT_MS": 500,
    "READ_STATEMENT_TIMEOUT_MS": 400,
    "IDLE_IN_TRANSACTION_TIMEOUT_MS": 500,
    "TRANSACTION_TIMEOUT_MS": 550,
    "ANSWER_TIMEOUT_S": 0.6,
    "READ_ANSWER_TIMEOUT_S": 0.5,
    "CONNECT_TIMEOUT_S": 0.5,
    "READ_WAIT_MAX_S": 0.5,
    "HEAD_WAIT_MAX_S": 2.0,
    "BODY_WAIT_MAX_S": 2.0,
    "STALLED_AT_END_MAX_S": 0.2,
    "HANG_UP_WAIT_MAX_S": 0.2,
}

if __name__ == "__main__":
    assert WAITS.keys() <= vars(limits).keys()
    vars(limits).update(WAITS)
    main()
