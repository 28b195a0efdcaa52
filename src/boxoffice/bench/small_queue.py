"""``boxoffice`` with queues of BENCH_QUEUE_MAX commands, for seeing what a full one does.

The real bound is for crowds that one machine cannot make and serve at the same time.
"""

import os

from boxoffice.cli.main import main
from boxoffice.vocabulary import limits

if __name__ == "__main__":
    assert isinstance(limits.LANE_QUEUE_MAX, int)
    vars(limits)["LANE_QUEUE_MAX"] = int(os.environ["BENCH_QUEUE_MAX"])
    main()
