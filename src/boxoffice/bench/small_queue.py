"""``boxoffice`` with queues of BENCH_QUEUE_MAX commands, to measure what a full queue does.

To fill the real queue takes a crowd that one machine cannot make and serve at the same time.
"""

import os

from boxoffice.cli.main import main
from boxoffice.vocabulary import limits

if __name__ == "__main__":
    assert isinstance(limits.LANE_QUEUE_MAX, int)
    vars(limits)["LANE_QUEUE_MAX"] = int(os.environ["BENCH_QUEUE_MAX"])
    main()
