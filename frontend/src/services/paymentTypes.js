/** The shapes in which /api/payments and /api/refunds speak; amounts are rupees unless a currency stands beside them. */

/** @typedef {"card" | "upi" | "netbanking" | "wallet" | "google_pay" | "apple_pay" | "paypal" | "emi"} PaymentMethod */
/** @typedef {"razorpay" | "paypal"} Gateway */
/** @typedef {"PENDING" | "INITIATED" | "AUTHORIZED" | "COMPLETED" | "FAILED" | "CANCELLED" | "EXPIRED" | "PARTIAL_REFUND" | "REFUNDED"} PaymentStatus */
/** @typedef {"PENDING" | "PROCESSING" | "COMPLETED" | "FAILED"} RefundStatus */
/** @typedef {"customer_request" | "dispute" | "damaged" | "not_delivered" | "duplicate" | "other"} RefundReason */
/** @typedef {"source" | "wallet"} RefundDestination */
/** @typedef {{amount: number, currency: string, rate: string}} Charge what the gateway charges; `rate` is what one unit of its currency costs in ours */

/**
 * @typedef {object} NewPayment
 * @property {string} order_id
 * @property {number} amount what is due of the order, in rupees
 * @property {PaymentMethod} payment_method
 * @property {Gateway} [gateway] left out, the server chooses, and tries another one when that one fails
 * @property {string} [saved_method_id]
 * @property {1 | 3 | 6 | 9 | 12} [installments] more than 1 with `emi` only
 * @property {string} [bank] a code of `Methods.banks`
 * @property {string} [notes]
 * @property {boolean} [recurring] also registers the card that pays for auto-recharge
 */

/**
 * @typedef {object} InitiatedPayment
 * @property {string} payment_id
 * @property {string} order_id
 * @property {string} gateway_order_id
 * @property {number} amount
 * @property {string} currency
 * @property {PaymentMethod} payment_method
 * @property {Gateway} gateway
 * @property {Charge} charge
 * @property {string | null} checkout_url where to send the customer: PayPal, or a page of ours that opens Checkout; with `checkout.script` your own page can open it instead
 * @property {string} key the gateway's key that a browser may see
 * @property {PaymentStatus} status
 * @property {string} expires_at ISO-8601, UTC
 * @property {Record<string, any>} checkout for the gateway's script, in its own words and units
 * @property {{link: string, qr: string} | null} upi a upi:// link for a phone, and the text of a QR code
 */

/** @typedef {{number: number, gateway: Gateway, payment_method: PaymentMethod, gateway_order_id: string | null, created_at: string, expires_at: string}} Attempt */

/**
 * @typedef {object} Payment
 * @property {string} id
 * @property {string} payment_id the same as `id`
 * @property {string} order_id
 * @property {string} customer_id
 * @property {number} amount
 * @property {string} currency
 * @property {PaymentStatus} status
 * @property {PaymentMethod} method_type
 * @property {Gateway} gateway
 * @property {string | null} gateway_order_id
 * @property {string | null} gateway_payment_id
 * @property {Charge} charge
 * @property {string | null} last4
 * @property {string | null} network
 * @property {string | null} bank
 * @property {string | null} vpa
 * @property {string | null} reference what a bank statement shows
 * @property {number} installments
 * @property {number} attempts
 * @property {Attempt[]} attempt_history
 * @property {number} refunded_amount
 * @property {number} refundable_amount what can still be given back
 * @property {boolean} disputed
 * @property {{code: string | null, message: string | null} | null} error
 * @property {string} created_at
 * @property {string} updated_at
 * @property {string | null} completed_at
 * @property {string} expires_at
 */

/** @typedef {{gateway_payment_id: string, signature: string}} CheckoutProof what Razorpay's Checkout hands to the page; PayPal hands over nothing */

/**
 * @typedef {object} NewRefund
 * @property {number} [amount] in rupees; left out, all that is left
 * @property {RefundReason} reason
 * @property {string} [notes]
 * @property {RefundDestination} [destination] `source` unless given
 * @property {number} [refundable_amount] what the admin saw as left; should it have changed, nothing happens (412)
 */

/**
 * @typedef {object} Refund
 * @property {string} refund_id
 * @property {string} payment_id
 * @property {string} order_id
 * @property {number} amount
 * @property {string} currency
 * @property {RefundStatus} status
 * @property {RefundDestination} destination
 * @property {RefundReason} reason
 * @property {Gateway} gateway
 * @property {string | null} gateway_refund_id
 * @property {string | null} reference
 * @property {string | null} error
 * @property {string} created_at
 * @property {string | null} completed_at
 */

/**
 * @typedef {object} NewSavedMethod
 * @property {PaymentMethod} type
 * @property {Gateway} gateway
 * @property {string} [token] what the gateway gave, never a card number; all that it stands for is read back from the gateway
 * @property {string} [payment_id] instead of a token: the payment at which the customer let the gateway keep the card
 * @property {boolean} [set_default]
 */

/**
 * @typedef {object} SavedMethod
 * @property {string} id
 * @property {string} method_id the same as `id`
 * @property {PaymentMethod} type
 * @property {Gateway} gateway
 * @property {string | null} last4
 * @property {string | null} brand
 * @property {string | null} expiry MM/YY
 * @property {string | null} vpa
 * @property {string | null} email
 * @property {boolean} is_default
 * @property {boolean} recurring may be charged by auto-recharge
 * @property {string} created_at
 */

/**
 * @typedef {object} EmiPlan an estimate: the customer's bank sets the real rate
 * @property {number} installments
 * @property {number} monthly_amount
 * @property {number} total_amount
 * @property {number} interest_amount
 * @property {number} annual_percent
 * @property {boolean} is_estimate
 */

/**
 * @typedef {object} Methods what can be taken now
 * @property {string} currency
 * @property {{method: PaymentMethod, gateways: Gateway[], charge: Charge | null}[]} methods `charge` where another currency is charged
 * @property {Gateway[]} gateways
 * @property {{code: string, name: string}[]} banks
 * @property {EmiPlan[]} emi_plans
 * @property {boolean} upi_collect_enabled
 * @property {boolean} apple_pay_enabled
 */

export {};
