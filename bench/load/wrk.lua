-- Asks one thing again and again, or with LOAD_LINES the lines of a file one after the
-- other: paths, or bodies where LOAD_PATH names the path that they are posted to.
local file, path = os.getenv("LOAD_LINES"), os.getenv("LOAD_PATH")
local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

if file then
  local lines, next = {}, 0
  repeated = 0

  function init(args)
    for line in io.lines(file) do
      table.insert(lines, line)
    end
  end

  function request()
    next = next + 1
    if next > #lines then
      repeated = repeated + 1
    end
    local line = lines[(next - 1) % #lines + 1]
    if path then
      return wrk.format("POST", path, nil, line)
    end
    return wrk.format("GET", line)
  end
end

function done(summary, latency, requests)
  local again = 0
  for _, thread in ipairs(threads) do
    again = again + (thread:get("repeated") or 0)
  end
  local e = summary.errors
  io.write(string.format(
    '{"requests":%d,"micros":%d,"p50":%d,"p99":%d,"unanswered":%d,"refused":%d,"repeated":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.timeout, e.status, again))
end
