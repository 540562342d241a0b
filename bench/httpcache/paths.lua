-- What wrk asks for: paths drawn by Zipf's law from a list of queries, as readers do who
-- mostly look at the same pages. SEED and QUERIES come from the environment.
local queries = tonumber(os.getenv("QUERIES") or "2000")
local countries = { "ML", "NE", "BF", "NG", "TD", "SN", "MR", "DZ", "LY", "SD", "FR", "RU", "US", "CN", "TR", "CI", "GH", "BJ", "TG", "GN" }
local paths, weights, total = {}, {}, 0

function setup(thread)
  thread:set("number", setup_count or 1)
  setup_count = (setup_count or 1) + 1
end

function init()
  math.randomseed(tonumber(os.getenv("SEED") or "1") + (number or 0))
  for i = 1, queries do
    local country = countries[(i - 1) % #countries + 1]
    local year = 1960 + math.floor((i - 1) / #countries) % 64
    local limit = 10 + math.floor((i - 1) / (#countries * 64)) * 10
    paths[i] = "/v1/events?country=" .. country .. "&from=" .. year .. "&limit=" .. limit
    total = total + 1 / i
    weights[i] = total
  end
end

function request()
  local at, low, high = math.random() * total, 1, queries
  while low < high do
    local middle = math.floor((low + high) / 2)
    if weights[middle] < at then low = middle + 1 else high = middle end
  end
  return wrk.format("GET", paths[low])
end
