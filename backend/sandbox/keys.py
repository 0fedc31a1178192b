"""The made-up keys that the sandbox accepts, which open nothing else."""

RAZORPAY_KEY_ID = "rzp_test_sandbox0000000"
RAZORPAY_KEY_SECRET = "sandbox-razorpay-key-secret"  # noqa: S105 - made up
RAZORPAY_WEBHOOK_SECRET = "sandbox-razorpay-webhook-secret"  # noqa: S105 - made up
RAZORPAY_ACCOUNT_ID = "acc_Sandbox0000000"

PAYPAL_CLIENT_ID = "sandbox-paypal-client-id"
PAYPAL_CLIENT_SECRET = "sandbox-paypal-client-secret"  # noqa: S105 - made up
PAYPAL_WEBHOOK_ID = "WH-SANDBOX-0000000000000"

WHATSAPP_PHONE_NUMBER_ID = "100000000000001"
WHATSAPP_BUSINESS_ID = "100000000000002"
WHATSAPP_ACCESS_TOKEN = "sandbox-whatsapp-access-token"  # noqa: S105 - made up
WHATSAPP_APP_SECRET = "sandbox-whatsapp-app-secret"  # noqa: S105 - made up
WHATSAPP_VERIFY_TOKEN = "sandbox-whatsapp-verify-token"  # noqa: S105 - made up

TWILIO_ACCOUNT_SID = "AC00000000000000000000000000sandbx"
TWILIO_AUTH_TOKEN = "sandbox-twilio-auth-token"  # noqa: S105 - made up
TWILIO_FROM_NUMBER = "+15005550006"
