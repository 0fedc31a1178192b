// A stand-in for Razorpay's Checkout: the same constructor, methods and answers, without a bank behind it.
(() => {
  "use strict";

  const origin = new URL(document.currentScript.src).origin;
  const STYLE = `
    .rzp-sandbox { position: fixed; inset: 0; z-index: 2147483647; background: #0008; display: grid; place-items: center; font: 16px/1.5 system-ui, sans-serif }
    .rzp-sandbox form { background: #fff; color: #1b2733; width: min(23rem, 92vw); max-height: 92vh; overflow: auto; border-radius: .75rem; padding: 1.25rem; box-sizing: border-box }
    .rzp-sandbox header { display: flex; justify-content: space-between; align-items: start; gap: 1rem }
    .rzp-sandbox h2 { font-size: 1.1rem; margin: 0 } .rzp-sandbox .due { font-size: 1.5rem; font-variant-numeric: tabular-nums; margin: .25rem 0 1rem }
    .rzp-sandbox label { display: block; margin: .6rem 0 } .rzp-sandbox label.line { display: flex; gap: .5rem; align-items: center }
    .rzp-sandbox input:not([type=checkbox]), .rzp-sandbox select { display: block; width: 100%; box-sizing: border-box; font: inherit; padding: .5rem; border: 1px solid #9aa5b1; border-radius: .4rem }
    .rzp-sandbox button { font: inherit; cursor: pointer; border-radius: .4rem; border: 1px solid #0b5cd5; padding: .5rem .8rem; background: #fff; color: #0b5cd5 }
    .rzp-sandbox button[type=submit] { width: 100%; background: #0b5cd5; color: #fff; padding: .7rem; margin-top: .5rem }
    .rzp-sandbox [role=alert] { color: #b42318; min-height: 1.5em; margin: .5rem 0 0 } .rzp-sandbox small { color: #52606d }
  `;
  const METHODS = { card: "Card", upi: "UPI", netbanking: "Net banking", wallet: "Wallet", emi: "Card in instalments" };

  const make = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
  };
  const field = (text, input, className = "") => make("label", className ? { class: className } : {}, text, input);
  const choice = (name, entries) =>
    make("select", { name }, ...entries.map(([value, text]) => make("option", { value }, text)));

  const inputsOf = {
    card: (about, options) => [
      field("Card number", make("input", { name: "card_number", inputmode: "numeric", autocomplete: "off", required: "", placeholder: "4111 1111 1111 1111" })),
      field("Expiry", make("input", { name: "expiry", placeholder: "12/30", autocomplete: "off" })),
      field("CVV", make("input", { name: "cvv", type: "password", inputmode: "numeric", maxlength: "4", autocomplete: "off" })),
      field("One-time password (4 digits or more work)", make("input", { name: "otp", inputmode: "numeric", value: "1234", autocomplete: "off" })),
      ...(options.customer_id ? [field("", saveBox(), "line")] : []),
    ],
    emi: (about, options) => [
      ...inputsOf.card(about, { ...options, customer_id: null }),
      field("Months", choice("emi_duration", ["3", "6", "9", "12"].map((months) => [months, months]))),
    ],
    upi: (about, options) => [
      field("UPI id", make("input", { name: "vpa", value: "success@razorpay", autocomplete: "off", required: "" })),
      make("small", {}, "failure@razorpay fails."),
      ...(options.customer_id ? [field("", saveBox(), "line")] : []),
    ],
    netbanking: (about) => [field("Bank", choice("bank", [...Object.entries(about.banks), ["FAIL", "A bank that declines"]]))],
    wallet: (about) => [field("Wallet", choice("wallet", [...about.wallets.map((name) => [name, name]), ["FAIL", "A wallet that declines"]]))],
    saved: () => [field("One-time password", make("input", { name: "otp", inputmode: "numeric", value: "1234", autocomplete: "off" }))],
  };
  const saveBox = () => {
    const label = make("span", {});
    label.append(make("input", { type: "checkbox", name: "save" }), " Save this for the next time");
    return label;
  };

  class Razorpay {
    constructor(options) {
      if (!options || !options.key) throw new Error("No key passed");
      this.options = options;
      this.listeners = {};
    }

    on(name, listener) {
      (this.listeners[name] ||= []).push(listener);
      return this;
    }

    async open() {
      if (this.overlay) return;
      this.returnFocusTo = document.activeElement;
      this.overlay = make("div", { class: "rzp-sandbox", role: "dialog", "aria-modal": "true", "aria-label": "Pay" });
      this.overlay.append(make("style", {}, STYLE));
      document.body.append(this.overlay);
      this.onKey = (event) => event.key === "Escape" && this.dismiss();
      document.addEventListener("keydown", this.onKey);
      try {
        const query = new URLSearchParams({ key_id: this.options.key, order_id: this.options.order_id });
        if (this.options.customer_id) query.set("customer_id", this.options.customer_id);
        this.show(await this.ask(`/v1/preferences?${query}`));
      } catch (error) {
        this.show({ order: null, banks: {}, wallets: [], tokens: [] });
        this.say(error.message);
      }
    }

    close() {
      document.removeEventListener("keydown", this.onKey);
      this.overlay?.remove();
      this.overlay = null;
      this.returnFocusTo?.focus?.();
    }

    dismiss() {
      if (!this.overlay) return;
      this.close();
      this.options.modal?.ondismiss?.();
    }

    async ask(path, body) {
      const request = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
      const answer = await fetch(origin + path, request || {});
      const read = await answer.json();
      if (!answer.ok) throw new Error(read.error?.description || "The payment page does not work just now");
      return read;
    }

    say(text) {
      this.overlay.querySelector("[role=alert]").textContent = text;
    }

    show(about) {
      const due = about.order
        ? new Intl.NumberFormat("en-IN", { style: "currency", currency: about.order.currency }).format(about.order.amount_due / 100)
        : "";
      const close = make("button", { type: "button", "aria-label": "Close" }, "×");
      close.addEventListener("click", () => this.dismiss());
      const saved = about.tokens.map((token) => [
        `token:${token.id}`,
        token.card ? `${token.card.network} •••• ${token.card.last4}` : token.vpa,
      ]);
      const methods = choice("method", [...saved, ...this.offered()]);
      methods.value = this.options.prefill?.method;
      if (!methods.value) methods.selectedIndex = 0;
      const inputs = make("div", {});
      const fill = () => {
        const kind = methods.value.startsWith("token:") ? "saved" : methods.value;
        inputs.replaceChildren(...inputsOf[kind](about, this.options));
      };
      methods.addEventListener("change", fill);
      fill();
      const form = make(
        "form",
        { autocomplete: "off" },
        make("header", {}, make("h2", {}, this.options.name || "Pay"), close),
        make("p", { class: "due" }, due),
        field("Pay with", methods),
        inputs,
        make("p", { role: "alert" }),
        make("button", { type: "submit" }, `Pay ${due}`),
        make("small", {}, "This is the sandbox. No money moves."),
      );
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.submit(form);
      });
      this.overlay.append(form);
      methods.focus();
    }

    // A page may want some ways to pay to be shown, and no others.
    offered() {
      const { blocks = {}, preferences } = this.options.config?.display ?? {};
      if (preferences?.show_default_blocks !== false) return Object.entries(METHODS);
      const wanted = new Set(Object.values(blocks).flatMap((block) => block.instruments.map(({ method }) => method)));
      return Object.entries(METHODS).filter(([method]) => wanted.has(method));
    }

    async submit(form) {
      const button = form.querySelector("[type=submit]");
      const { expiry, cvv, ...filled } = Object.fromEntries(new FormData(form));
      const token = filled.method.startsWith("token:") ? { token_id: filled.method.slice(6), method: "card" } : {};
      const { customer_id, prefill = {}, description, recurring } = this.options;
      button.disabled = true;
      try {
        this.finish(
          await this.ask("/v1/payments/create/ajax", {
            key_id: this.options.key,
            order_id: this.options.order_id,
            ...(customer_id && { customer_id }),
            ...(description && { description }),
            ...(recurring && { recurring }),
            ...(prefill.email && { email: prefill.email }),
            ...(prefill.contact && { contact: prefill.contact }),
            ...filled,
            ...token,
            save: filled.save === "on",
          }),
        );
      } catch (error) {
        this.say(error.message);
      }
      button.disabled = false;
    }

    finish(answer) {
      if (answer.error) {
        this.say(answer.error.description);
        for (const listener of this.listeners["payment.failed"] || []) listener(answer);
        return;
      }
      this.close();
      const { callback_url: url, redirect, handler } = this.options;
      if (url && (redirect || !handler)) return this.post(url, answer);
      handler?.(answer);
    }

    post(url, answer) {
      const form = make("form", { method: "POST", action: url });
      for (const [name, value] of Object.entries(answer)) form.append(make("input", { type: "hidden", name, value }));
      document.body.append(form);
      form.submit();
    }
  }

  window.Razorpay = Razorpay;
})();
