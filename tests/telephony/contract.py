"""What every provider of telephone calls must do, whatever it speaks.

A test class per provider inherits `TelephonyContract` and gives an `exchange`: the adapter, the look-alike of
the provider behind it, and the shop's own server, which hears the reports.
"""

from tests.telephony.contract_calls import CallsContract
from tests.telephony.contract_faults import FaultsContract
from tests.telephony.contract_reports import ReportsContract


class TelephonyContract(CallsContract, FaultsContract, ReportsContract):
    """All that holds for a provider."""
