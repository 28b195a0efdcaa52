"""``boxoffice`` that does not limit failed logins, for tests that send thousands of them from one address.

python -P tests/support/process/patient.py serve
"""

from boxoffice.access import identify
from boxoffice.cli.main import main

if __name__ == "__main__":
    assert hasattr(identify, "LOOK_UPS_PER_MINUTE")
    vars(identify)["LOOK_UPS_PER_MINUTE"] = 1_000_000
    main()
