-- Sends one kind of request for wallets drawn at random: wrk … URL -- METHOD PATH WALLETS TOKEN.
-- {wallet} in PATH becomes a wallet's id. Each POST has a body and a fresh Idempotency-Key.

local method, path, wallets, headers, body
local stamp, sent = "", 0

function init(arguments)
  method, path, wallets = arguments[1], arguments[2], tonumber(arguments[3])
  headers = { ["Authorization"] = "Bearer " .. arguments[4] }
  math.randomseed(os.time() + tonumber(tostring({}):sub(-6), 16))
  if method == "POST" then
    body = '{"amount": 0.01, "reason": "Benchmark"}'
    headers["Content-Type"] = "application/json"
    stamp = string.format("%08x%08x", math.random(0, 2 ^ 31 - 1), math.random(0, 2 ^ 31 - 1))
  end
end

function request()
  sent = sent + 1
  if method == "POST" then
    headers["Idempotency-Key"] = stamp .. sent
  end
  local address = path:gsub("{wallet}", "customer_" .. math.random(0, wallets - 1))
  return wrk.format(method, address, headers, body)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\nJSON {"requests": %d, "seconds": %.4f, "p50_ms": %.3f, "p99_ms": %.3f, "refused": %d, "broken": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
