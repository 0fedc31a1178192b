"""A report of Twilio's as it is posted, and letters to change in it."""

from hypothesis import strategies as st

ACCOUNT, CALL = "AC" + "1" * 32, "CA" + "2" * 32
HOST = "shop.example.in"
URL = f"https://{HOST}/api/webhooks/telephony?call_id=call_1"
SAID = {
    "AccountSid": ACCOUNT,
    "CallDuration": "61",
    "CallSid": CALL,
    "CallStatus": "completed",
    "CallbackSource": "call-progress-events",
    "From": "+15005550006",
    "SequenceNumber": "3",
    "Timestamp": "Tue, 14 Nov 2023 22:13:20 +0000",
    "To": "+919876543210",
}
FIELDS = list(SAID.items())
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
