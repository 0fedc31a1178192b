"""A server that looks like Razorpay, PayPal, WhatsApp and Twilio, to try everything without an account."""
