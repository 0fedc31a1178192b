"""What every gateway's adapter must do, whatever its API looks like.

A test class per adapter inherits `GatewayContract` and fills in the hooks: how its customers pay, and what
its messages look like.
"""

from tests.gateways.contract_faults import FaultsContract
from tests.gateways.contract_lists import ListsContract
from tests.gateways.contract_messages import MessagesContract
from tests.gateways.contract_money import MoneyContract


class GatewayContract(MoneyContract, ListsContract, MessagesContract, FaultsContract):
    """All of it."""
