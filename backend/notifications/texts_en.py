"""What customers are told, in English."""

SUBJECTS = {
    "wallet.topped_up": "{amount} added to your wallet",
    "order.paid": "Payment received for order {order}",
    "refund.completed": "Your refund of {amount}",
    "payment.failed": "Your payment of {amount} did not go through",
    "wallet.low_balance": "Your wallet balance is low",
    "wallet.late_payment_credited": "{amount} added to your wallet",
    "campaign.paused": "Your campaign is paused",
}

TEXTS = {
    "wallet.topped_up": (
        "Your {shop} wallet has been topped up with {amount}. You can use the money right away. Thank you."
    ),
    "order.paid": (
        "Thank you for your order. {shop} has received your payment of {amount} for order {order}. "
        "Please keep this message as your receipt."
    ),
    "refund.completed": (
        "Your refund of {amount} from {shop} is complete (reference {reference}). "
        "The money has been sent to {destination}. Banks and cards may take a few days to show it."
    ),
    "payment.failed": (
        "Your payment of {amount} to {shop} did not go through (reference {reference}). "
        "If money has left your account, your bank normally returns it within 5 to 7 working days. "
        "You can try the payment again at any time."
    ),
    "wallet.low_balance": (
        "Your {shop} wallet balance has dropped to {balance}. "
        "Please top up the wallet so that your services continue without a break."
    ),
    "wallet.late_payment_credited": (
        "Your payment of {amount} reached {shop} only after the time to pay had ended "
        "(reference {reference}). We have added the full amount to your wallet. "
        "You can use it right away."
    ),
    "campaign.paused": (
        "Your campaign {campaign} at {shop} is paused because your wallet balance has run out. "
        "Top up the wallet, and the campaign can continue from where it stopped."
    ),
}

DESTINATIONS = {"wallet": "your wallet", "source": "your original payment method"}
