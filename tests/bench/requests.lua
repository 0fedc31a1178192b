-- Sends one kind of request for wallets drawn at random: wrk … URL -- METHOD PATH WALLETS TOKEN.
-- {wallet} in PATH becomes a wallet's id. Each POST has a body and a fresh Idempotency-Key.
-- Or sends whole requests from a file, a NUL after each, over and over until so many are answered:
-- wrk … URL -- PREPARED FILE COUNT THREADS. Each thread sends its share and writes ANSWERED when it is done.

local method, path, wallets, headers, body
local stamp, sent = "", 0
local threads = {}
statuses = {}  -- How often each came, for `done`, which runs apart from the threads.

function setup(thread)
  thread:set("place", #threads)
  table.insert(threads, thread)
end

local function prepare(file, count, step)
  local prepared, share = {}, math.floor((count - place + step - 1) / step)
  local answered, is_first_look = 0, place == 0
  for request in assert(io.open(file, "rb")):read("*a"):gmatch("([^%z]+)%z") do
    table.insert(prepared, request)
  end

  function request()
    if sent == share then return "" end  -- Nothing is written, and the connection rests.
    local chosen = prepared[(place + sent * step) % #prepared + 1]
    -- wrk looks at the first thread's first request before it begins.
    if is_first_look then is_first_look = false else sent = sent + 1 end
    return chosen
  end

  function response(status)
    statuses[tostring(status)] = (statuses[tostring(status)] or 0) + 1
    answered = answered + 1
    if answered == share then
      io.write("ANSWERED\n")
      io.flush()
    end
  end
end

function init(arguments)
  if arguments[1] == "PREPARED" then
    return prepare(arguments[2], tonumber(arguments[3]), tonumber(arguments[4]))
  end
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

local function all_statuses()
  local counts, written = {}, {}
  for _, thread in ipairs(threads) do
    for status, count in pairs(thread:get("statuses")) do
      counts[status] = (counts[status] or 0) + count
    end
  end
  for status, count in pairs(counts) do
    table.insert(written, string.format('"%s": %d', status, count))
  end
  return table.concat(written, ", ")
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\nJSON {"requests": %d, "seconds": %.4f, "p50_ms": %.3f, "p99_ms": %.3f, "refused": %d, "broken": %d, '
      .. '"statuses": {%s}}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout, all_statuses()))
end
