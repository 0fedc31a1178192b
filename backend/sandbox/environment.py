"""The settings with which an application uses the sandbox, as lines for a shell or an .env file."""

import os
import sys
from pathlib import Path

from backend.sandbox import keys

DEFAULT_PORT = 8001
CA_FILE = Path(".data/sandbox/paypal-ca.pem")
RUPEES_PER_DOLLAR = "83.10"
# Who has set the second variable has an account of their own for all that begin with the first.
OWN_ACCOUNTS = {"WHATSAPP_": "WHATSAPP_PHONE_NUMBER_ID", "TELEPHONY_": "TELEPHONY_ACCOUNT_SID"}


def settings(port: int, ca_file: Path) -> dict[str, str]:
    """Give every variable that points an application at a sandbox on this machine."""
    url = f"http://127.0.0.1:{port}"
    return {
        "RAZORPAY_KEY_ID": keys.RAZORPAY_KEY_ID,
        "RAZORPAY_KEY_SECRET": keys.RAZORPAY_KEY_SECRET,
        "RAZORPAY_WEBHOOK_SECRET": keys.RAZORPAY_WEBHOOK_SECRET,
        "RAZORPAY_API_URL": url,
        "PAYPAL_CLIENT_ID": keys.PAYPAL_CLIENT_ID,
        "PAYPAL_CLIENT_SECRET": keys.PAYPAL_CLIENT_SECRET,
        "PAYPAL_API_URL": url,
        "PAYPAL_WEBHOOK_ID": keys.PAYPAL_WEBHOOK_ID,
        "PAYPAL_WEBHOOK_CERT_CA": str(ca_file.resolve()),
        "WHATSAPP_API_URL": f"{url}/v23.0",
        "WHATSAPP_PHONE_NUMBER_ID": keys.WHATSAPP_PHONE_NUMBER_ID,
        "WHATSAPP_ACCESS_TOKEN": keys.WHATSAPP_ACCESS_TOKEN,
        "WHATSAPP_APP_SECRET": keys.WHATSAPP_APP_SECRET,
        "WHATSAPP_VERIFY_TOKEN": keys.WHATSAPP_VERIFY_TOKEN,
        "TELEPHONY_API_URL": url,
        "TELEPHONY_ACCOUNT_SID": keys.TWILIO_ACCOUNT_SID,
        "TELEPHONY_AUTH_TOKEN": keys.TWILIO_AUTH_TOKEN,
        "TELEPHONY_FROM_NUMBER": keys.TWILIO_FROM_NUMBER,
        "FX_RATES": f"USD:{RUPEES_PER_DOLLAR}",
    }


def main() -> int:
    """Write the lines for the port in SANDBOX_PORT; accounts at WhatsApp and Twilio that are there stay."""
    port = int(os.environ.get("SANDBOX_PORT", DEFAULT_PORT))
    theirs = tuple(prefix for prefix, name in OWN_ACCOUNTS.items() if os.environ.get(name))
    for name, value in settings(port, CA_FILE).items():
        if not name.startswith(theirs):
            sys.stdout.write(f"{name}={value}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
